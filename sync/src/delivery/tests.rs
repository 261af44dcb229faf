//! Law 7, over any sequence of answers and crashes: a server that books on arrival, as iVvy does,
//! never holds a payment twice, and every payment ends once the server is well.

use std::{
    cell::Cell,
    collections::{BTreeMap, VecDeque},
    future::Future,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    time::Duration,
};

use jiff::Timestamp;
use payment::{
    Intent, Method, Money, Payment, PaymentId, Purpose, ReceiptNumber, Text, UpstreamId,
};
use proptest::prelude::*;

use super::*;
use crate::upstream::{Class, Found, HttpAnswer, HttpRequest, Unsendable, Upstream};

/// What happens to one request.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Well,
    NotSent,
    LostBefore,
    LostAfter,
    /// It arrives when the sender has given up: a minute later.
    Late,
    Status500After,
    TooMany,
    Stale,
    BadKey,
    Portal,
    RefusedAnyway,
    CrashBefore,
    CrashAfter,
    DiskFull,
}

impl Fate {
    const ALL: [Self; 14] = [
        Self::Well,
        Self::NotSent,
        Self::LostBefore,
        Self::LostAfter,
        Self::Late,
        Self::Status500After,
        Self::TooMany,
        Self::Stale,
        Self::BadKey,
        Self::Portal,
        Self::RefusedAnyway,
        Self::CrashBefore,
        Self::CrashAfter,
        Self::DiskFull,
    ];
}

/// The world outside the worker. Survives its crashes.
#[derive(Default)]
struct World {
    now: Option<Timestamp>,
    rows: BTreeMap<PaymentId, Delivery>,
    fates: VecDeque<Fate>,
    /// What the server holds, by receipt number.
    booked: Vec<String>,
    /// Requests that are still under way, with the moment they arrive.
    late: Vec<(Timestamp, String)>,
    crashed: bool,
    disk_full: bool,
    creates: usize,
}

#[derive(Clone)]
struct Shared(Arc<Mutex<World>>);

impl Shared {
    fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        act(&mut self.0.lock().unwrap())
    }

    fn pass(&self, time: Duration) {
        self.with(|w| {
            let now = w.now.unwrap() + time;
            w.now = Some(now);
            let (due, late) = w.late.drain(..).partition(|(at, _)| *at <= now);
            w.late = late;
            let due: Vec<(Timestamp, String)> = due;
            w.booked.extend(due.into_iter().map(|(_, receipt)| receipt));
        });
    }
}

/// A system whose requests are a word and a receipt number.
struct Model;

fn ask(word: &str, payment: &Payment) -> HttpRequest {
    HttpRequest {
        method: "POST",
        url: word.into(),
        headers: vec![],
        body: payment.receipt.to_string().into_bytes(),
    }
}

impl Upstream for Model {
    fn create(&self, _: Timestamp, payment: &Payment) -> Result<HttpRequest, Unsendable> {
        Ok(ask("create", payment))
    }

    fn look_up(&self, _: Timestamp, payment: &Payment) -> Result<HttpRequest, Unsendable> {
        Ok(ask("look_up", payment))
    }

    fn classify(&self, _: Timestamp, answer: &HttpAnswer) -> Class {
        let reason = Text::from("because");
        let HttpAnswer::Response { status, .. } = answer else {
            return match answer {
                HttpAnswer::NotSent { .. } => Class::NotSent { reason },
                _ => Class::Ambiguous { reason },
            };
        };
        match status {
            201 => Class::Confirmed { remote_id: None },
            400 => Class::Refused { reason },
            401 => Class::ClockSkew { skew: None },
            403 => Class::Parked { reason },
            429 => Class::NotExecuted {
                reason,
                retry_after: None,
            },
            _ => Class::Ambiguous { reason },
        }
    }

    fn find(&self, _: &Payment, answer: &HttpAnswer) -> Found {
        match answer {
            HttpAnswer::Response {
                status: 200, body, ..
            } if body == b"1" => Found::Present { remote_id: None },
            HttpAnswer::Response {
                status: 200, body, ..
            } if body == b"0" => Found::Absent { obstacle: None },
            _ => Found::Unreadable {
                reason: Text::from("cannot be read"),
            },
        }
    }
}

impl Clock for Shared {
    fn now(&self) -> Now {
        let now = self.with(|w| w.now.unwrap());
        Now {
            steady: now,
            wall: now,
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the disk is full")]
struct DiskFull;

impl Outbox for Shared {
    type Error = DiskFull;

    async fn due(
        &self,
        _: &UpstreamId,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<Delivery>, DiskFull> {
        Ok(self.with(|w| {
            let due = |d: &&Delivery| d.state.next_at().is_some_and(|at| at <= now);
            w.rows
                .values()
                .filter(due)
                .take(limit.into())
                .cloned()
                .collect()
        }))
    }

    async fn commit(&self, change: Change) -> Result<(), DiskFull> {
        let crashed = self.with(|w| {
            if w.disk_full && !w.crashed {
                w.disk_full = false;
                return Err(DiskFull);
            }
            if !w.crashed {
                let row = w.rows.get_mut(&change.payment).unwrap();
                row.state = change.state;
                row.attempts = change.attempts;
            }
            Ok(w.crashed)
        })?;
        if crashed {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

impl Http for Shared {
    async fn send(&self, request: HttpRequest) -> HttpAnswer {
        let answer = self.with(|w| w.serve(&request));
        self.pass(Duration::from_secs(1));
        if self.with(|w| w.crashed) {
            std::future::pending::<()>().await;
        }
        answer
    }
}

impl World {
    fn serve(&mut self, request: &HttpRequest) -> HttpAnswer {
        let receipt = String::from_utf8(request.body.clone()).unwrap();
        let create = request.url == "create";
        self.creates += usize::from(create);
        if create {
            let durable = self.rows.values().any(|d| {
                d.payment.receipt.to_string() == receipt
                    && matches!(d.state, DeliveryState::Sending { .. })
            });
            assert!(durable, "sent before `sending` was durable");
        }
        let fate = self.fates.pop_front().unwrap_or(Fate::Well);
        let response = |status, body: &[u8]| HttpAnswer::response(status, None, None, body.into());
        let lost = HttpAnswer::Lost {
            reason: Text::from("lost"),
        };
        let books = matches!(
            fate,
            Fate::Well | Fate::LostAfter | Fate::Status500After | Fate::CrashAfter | Fate::DiskFull
        );
        if create && books {
            self.booked.push(receipt.clone());
        }
        self.crashed = matches!(fate, Fate::CrashBefore | Fate::CrashAfter);
        self.disk_full = matches!(fate, Fate::DiskFull);
        match fate {
            Fate::Well | Fate::DiskFull if create => response(201, b""),
            Fate::Well | Fate::DiskFull if self.booked.contains(&receipt) => response(200, b"1"),
            Fate::Well | Fate::DiskFull => response(200, b"0"),
            Fate::NotSent => HttpAnswer::NotSent {
                reason: Text::from("away"),
            },
            Fate::Late if create => {
                let arrives = self.now.unwrap() + Duration::from_mins(1);
                self.late.push((arrives, receipt));
                lost
            }
            Fate::LostBefore
            | Fate::LostAfter
            | Fate::Late
            | Fate::CrashBefore
            | Fate::CrashAfter => lost,
            Fate::Status500After => response(500, b""),
            Fate::TooMany => response(429, b""),
            Fate::Stale => response(401, b""),
            Fate::BadKey => response(403, b""),
            Fate::Portal => response(200, b"<html>"),
            Fate::RefusedAnyway => response(400, b""),
        }
    }
}

fn payment(seq: u64) -> Payment {
    let at = Timestamp::UNIX_EPOCH;
    let mut random = [0; 10];
    random[2..].copy_from_slice(&seq.to_be_bytes());
    let eur = payment::parse_currency("EUR").unwrap();
    let device: payment::DeviceId = "desk1".parse().unwrap();
    let intent = Intent {
        id: PaymentId::new(at, random),
        key: format!("k{seq}").parse().unwrap(),
        device: device.clone(),
        purpose: Purpose::Sale,
        money: Money::from_minor(100, eur).unwrap(),
        method: Method::Cash,
        invoice: Some("1".parse().unwrap()),
        note: None,
        at,
        before: None,
    };
    Payment::begin(intent, ReceiptNumber::new(device, seq))
}

fn config() -> config::Upstream {
    config::Upstream {
        id: "model".parse().unwrap(),
        url: String::new(),
        fence: Duration::from_secs(660),
        kind: config::UpstreamKind::Ivvy {
            api_key: String::new(),
            secret: config::Secret::new(String::new()),
            methods: BTreeMap::new(),
        },
    }
}

fn world(payments: u64, fates: &[Fate]) -> Shared {
    let rows = (1..=payments).map(payment).map(|payment| {
        let delivery = Delivery {
            upstream: "model".parse().unwrap(),
            state: DeliveryState::Queued,
            attempts: 0,
            payment,
        };
        (delivery.payment.intent.id, delivery)
    });
    Shared(Arc::new(Mutex::new(World {
        now: Some("2026-11-21T00:00:00Z".parse().unwrap()),
        rows: rows.collect(),
        fates: fates.iter().copied().collect(),
        ..World::default()
    })))
}

/// Runs a future of this world, which is ready at once or never: `None` is a crash.
fn ready<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// Lets the worker do all there is to do, through crashes. Returns the number of rounds.
fn settle(shared: &Shared) -> usize {
    let rounds = Cell::new(0);
    loop {
        shared.with(|w| w.crashed = false);
        let parts = (shared.clone(), shared.clone(), shared.clone());
        let mut worker = Worker::new(&config(), Box::new(Model), parts, 7);
        assert!(ready(worker.restart()).unwrap().is_ok());
        loop {
            rounds.set(rounds.get() + 1);
            assert!(rounds.get() < 10_000, "it never ends");
            match ready(worker.round()) {
                None => break,
                Some(Err(DiskFull)) => shared.pass(Duration::from_secs(5)),
                Some(Ok(Round::Moved)) => {}
                Some(Ok(Round::Idle(Some(until)))) => shared.pass(worker.until(until)),
                Some(Ok(Round::Idle(None))) => return rounds.get(),
            }
        }
    }
}

fn check(fates: &[Fate], expected: &str) {
    let shared = world(1, fates);
    settle(&shared);
    let end = shared.with(|w| {
        let row = w.rows.values().next().unwrap();
        let elapsed = w.now.unwrap().as_second() - 1_795_219_200;
        format!(
            "{} booked {} creates {} attempts {} after {elapsed} s",
            row.state.as_str(),
            w.booked.len(),
            w.creates,
            row.attempts
        )
    });
    assert!(end.starts_with(expected), "{fates:?}: {end}");
}

#[test]
fn every_fate_by_itself_ends_well() {
    check(
        &[Fate::Well],
        "confirmed booked 1 creates 1 attempts 1 after 1 s",
    );
    check(
        &[Fate::NotSent],
        "confirmed booked 1 creates 2 attempts 1 after 3 s",
    );
    check(
        &[Fate::LostBefore],
        "confirmed booked 1 creates 2 attempts 2 after 66",
    );
    check(
        &[Fate::LostAfter],
        "confirmed booked 1 creates 1 attempts 1 after 662 s",
    );
    check(
        &[Fate::Late],
        "confirmed booked 1 creates 1 attempts 1 after 662 s",
    );
    check(
        &[Fate::Status500After],
        "confirmed booked 1 creates 1 attempts 1 after 662 s",
    );
    check(
        &[Fate::TooMany],
        "confirmed booked 1 creates 2 attempts 2 after 8 s",
    );
    check(
        &[Fate::Stale],
        "confirmed booked 1 creates 2 attempts 2 after 7 s",
    );
    check(
        &[Fate::BadKey],
        "confirmed booked 1 creates 2 attempts 2 after 303 s",
    );
    check(
        &[Fate::Portal],
        "confirmed booked 1 creates 2 attempts 2 after 66",
    );
    check(
        &[Fate::RefusedAnyway],
        "needs_operator booked 0 creates 1 attempts 1",
    );
    check(
        &[Fate::CrashBefore],
        "confirmed booked 1 creates 2 attempts 2 after 66",
    );
    check(
        &[Fate::CrashAfter],
        "confirmed booked 1 creates 1 attempts 1 after 662 s",
    );
    check(
        &[Fate::DiskFull],
        "confirmed booked 1 creates 1 attempts 1 after 66",
    );
    // A refusal after a lost answer is a hint that the first one was booked.
    check(
        &[Fate::LostAfter, Fate::Portal, Fate::RefusedAnyway],
        "confirmed booked 1 creates 1",
    );
}

/// A crash in the middle of a fence arms it again in full.
#[test]
fn a_restart_arms_the_fence_in_full() {
    let now: Timestamp = "2026-11-21T00:10:00Z".parse().unwrap();
    let now = Now {
        steady: now,
        wall: now,
    };
    let almost_over = DeliveryState::Ambiguous {
        fenced_until: now.steady + Duration::from_secs(1),
        next_at: now.steady + Duration::from_secs(1),
        reason: Text::from("lost"),
    };
    let restarted = restarted(&almost_over, now, Settings::default()).unwrap();
    assert_eq!(
        restarted.next_at(),
        Some(now.steady + Duration::from_secs(660))
    );
}

/// One payment whose read-back never works does not hold up the others.
#[test]
fn a_doubt_that_stays_blocks_nobody_else() {
    let mut fates = vec![Fate::LostAfter];
    fates.extend([Fate::Well; 9]);
    fates.extend([Fate::Portal; 20]);
    let shared = world(10, &fates);
    settle(&shared);
    shared.with(|w| {
        assert_eq!(w.booked.len(), 10);
        assert!(w.fates.is_empty());
    });
}

proptest! {
    #[test]
    fn never_twice_and_never_lost(
        payments in 1..5_u64,
        picks in prop::collection::vec(0..Fate::ALL.len(), 0..40),
    ) {
        let fates: Vec<Fate> = picks.iter().map(|i| Fate::ALL[*i]).collect();
        let shared = world(payments, &fates);
        settle(&shared);
        shared.with(|w| {
            let mut booked = w.booked.clone();
            booked.sort();
            booked.dedup();
            prop_assert_eq!(booked.len(), w.booked.len(), "booked twice: {:?}", w.booked);
            for row in w.rows.values() {
                let receipt = row.payment.receipt.to_string();
                match row.state {
                    DeliveryState::Confirmed { .. } => prop_assert!(w.booked.contains(&receipt)),
                    DeliveryState::NeedsOperator { .. } => prop_assert!(!w.booked.contains(&receipt)),
                    _ => prop_assert!(false, "{:?} is no end", row.state),
                }
            }
            Ok(())
        })?;
    }
}
