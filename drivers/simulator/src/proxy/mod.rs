//! A bad network between a client and an HTTP server: it loses, delays, cuts and repeats requests,
//! reproducibly by a seed.
//!
//! One connection carries one request, so that a share of the requests is a share of the connections. It
//! understands no more of HTTP than where a request ends.

mod exchange;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::net::TcpListener;

/// What a proxy does.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The server.
    pub to: SocketAddr,
    /// How many of a hundred connections something happens to.
    pub percent: u64,
    /// Where the dice begin.
    pub seed: u64,
    /// What may be sent twice.
    pub twice: Twice,
}

/// Which requests a proxy repeats by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twice {
    /// Only those that HTTP lets it repeat: GET, HEAD, PUT and DELETE (RFC 9110, 9.2.2).
    Idempotent,
    /// Any, against the rules: also POST. A server that does not know it again books it twice.
    Any,
}

/// What can happen to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// It never arrives.
    Lost,
    /// Its first half arrives, and the connection is cut.
    CutInRequest,
    /// It is carried out, and its answer never arrives.
    CutBeforeAnswer,
    /// It is carried out, and half of its answer arrives.
    CutInAnswer,
    /// The client hears that the connection broke; the request arrives a moment later.
    Late,
    /// It takes a moment.
    Delayed,
    /// It arrives twice, one after the other, and the first answer is heard.
    Twice,
    /// It arrives twice, and the second answer is heard.
    TwiceSecondAnswer,
}

impl Trouble {
    /// All of it.
    pub const ALL: [Self; 8] = [
        Self::Lost,
        Self::CutInRequest,
        Self::CutBeforeAnswer,
        Self::CutInAnswer,
        Self::Late,
        Self::Delayed,
        Self::Twice,
        Self::TwiceSecondAnswer,
    ];

    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::CutInRequest => "cut in the request",
            Self::CutBeforeAnswer => "cut before the answer",
            Self::CutInAnswer => "cut in the answer",
            Self::Late => "carried out late",
            Self::Delayed => "delayed",
            Self::Twice => "sent twice",
            Self::TwiceSecondAnswer => "sent twice, second answer",
        }
    }

    fn repeats(self) -> bool {
        matches!(self, Self::Twice | Self::TwiceSecondAnswer)
    }
}

/// How long a late request is under way after the client heard that its connection broke.
const LATE: Duration = Duration::from_millis(400);

/// How often what happened.
#[derive(Debug, Clone, Default)]
pub struct Counts(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    connections: u64,
    troubles: [u64; Trouble::ALL.len()],
}

impl Counts {
    /// All connections.
    pub fn connections(&self) -> u64 {
        self.with(|state| state.connections)
    }

    /// How often this happened.
    pub fn of(&self, trouble: Trouble) -> u64 {
        let place = Trouble::ALL.iter().position(|one| *one == trouble);
        self.with(|state| place.and_then(|n| state.troubles.get(n).copied()))
            .unwrap_or_default()
    }

    /// The number of this connection, counted from 1.
    fn begin(&self) -> u64 {
        self.with(|state| {
            state.connections += 1;
            state.connections
        })
    }

    fn add(&self, trouble: Trouble) {
        let place = Trouble::ALL.iter().position(|one| *one == trouble);
        self.with(|state| {
            if let Some(count) = place.and_then(|n| state.troubles.get_mut(n)) {
                *count += 1;
            }
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Stands between client and server until the listener fails.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve(listener: TcpListener, options: Options, counts: Counts) -> io::Result<()> {
    loop {
        let (client, _) = listener.accept().await?;
        let counts = counts.clone();
        tokio::spawn(async move {
            // A connection that breaks is what this is for.
            exchange::carry(client, options, &counts)
                .await
                .unwrap_or_default();
        });
    }
}

/// What happens to a connection, by its number and the request's method.
fn trouble(options: Options, number: u64, method: &str) -> Option<Trouble> {
    let dice = mixed(options.seed.wrapping_add(number));
    if dice % 100 >= options.percent {
        return None;
    }
    let all = Trouble::ALL.len() as u64;
    let place = usize::try_from((dice / 100) % all).unwrap_or_default();
    let trouble = Trouble::ALL.get(place).copied()?;
    let may_repeat =
        options.twice == Twice::Any || matches!(method, "GET" | "HEAD" | "PUT" | "DELETE");
    if trouble.repeats() && !may_repeat {
        return Some(Trouble::Delayed);
    }
    Some(trouble)
}

/// Between half a tenth and half a second.
fn delay(options: Options, number: u64) -> Duration {
    Duration::from_millis(50 + mixed(options.seed ^ number) % 450)
}

/// SplitMix64.
fn mixed(n: u64) -> u64 {
    let z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn options(twice: Twice) -> Options {
        Options {
            to: ([127, 0, 0, 1], 1).into(),
            percent: 20,
            seed: 7,
            twice,
        }
    }

    #[test]
    fn the_dice_are_fair_and_fall_the_same_way_again() {
        for method in ["GET", "POST"] {
            let fall = |_| -> Vec<Option<Trouble>> {
                (0..10_000)
                    .map(|n| trouble(options(Twice::Any), n, method))
                    .collect()
            };
            let fallen = fall(1);
            assert_eq!(fallen, fall(2));
            let mut counts = BTreeMap::new();
            for one in fallen.into_iter().flatten() {
                *counts.entry(one).or_insert(0) += 1;
            }
            assert_eq!(counts.len(), Trouble::ALL.len());
            assert!(
                counts.values().all(|n| (190..310).contains(n)),
                "{counts:?}"
            );
        }
    }

    #[test]
    fn a_proxy_that_keeps_to_the_rules_never_repeats_a_post() {
        let mut repeated = (0..10_000)
            .filter_map(|n| trouble(options(Twice::Idempotent), n, "POST"))
            .filter(|one| one.repeats());
        assert_eq!(repeated.next(), None);
    }
}
