//! Asks a system for its list, page by page, at its own pace.
//!
//! Only what changes nothing is asked for, so an unclear answer is simply asked for again.

use std::{collections::HashSet, future::Future, time::Duration};

use jiff::SignedDuration;
use payment::{Payment, Text};

use super::Period;
use crate::{
    delivery::{Clock, Http},
    upstream::{Booked, Class, Found, HttpAnswer, HttpRequest, Unsendable, Upstream},
};

/// Most pages: a system that always has one more is not waited for.
const PAGES: u32 = 2_000;
/// Most payments of one list.
const BOOKED: usize = 500_000;
/// How often one question is asked.
const TRIES: u32 = 4;
/// Before it is asked again.
const PAUSE: Duration = Duration::from_secs(2);
/// Longest wish of a server that is granted.
const LONGEST: Duration = Duration::from_mins(2);

/// Lets time pass.
pub trait Pause: Send + Sync {
    /// Waits at least this long, and until nobody else has asked the system for as long: a delivery
    /// goes first.
    fn pause(&self, at_least: Duration) -> impl Future<Output = ()> + Send;
}

/// The payments that a system holds of these days, and perhaps some of other days.
///
/// # Errors
/// Why they cannot be had, as a sentence: a part of a list proves nothing.
pub async fn fetch(
    upstream: &dyn Upstream,
    period: &Period,
    (http, clock, pause): (&impl Http, &impl Clock, &impl Pause),
) -> Result<Vec<Booked>, Text> {
    let (from, to) = period.asked();
    let mut asking = Asking {
        upstream,
        http,
        clock,
        pause,
        skew: SignedDuration::ZERO,
    };
    let mut booked: Vec<Booked> = Vec::new();
    let mut known = HashSet::new();
    for page in 0..PAGES {
        let request = |now| upstream.list(now, from, to, page);
        let read = |answer: &HttpAnswer| upstream.read_list(answer);
        let page = asking.ask(request, read).await?;
        // What changes while the pages are read may come twice.
        let new = page.payments.into_iter().filter(|one| {
            let name = one
                .remote_id
                .clone()
                .map(|id| (id, one.back, one.receipt.clone()));
            name.is_none_or(|name| known.insert(name))
        });
        let before = booked.len();
        booked.extend(new);
        if page.more && booked.len() == before {
            return Err(Text::from("It shows the same page again and again."));
        }
        if !page.more {
            return Ok(booked);
        }
        if booked.len() > BOOKED {
            break;
        }
    }
    Err(Text::from(
        "Its list is too long to be read at once. Compare fewer, or later, days.",
    ))
}

/// Whether the system shows one payment that its list does not.
///
/// # Errors
/// Why it does not tell, as a sentence.
pub async fn look_up(
    upstream: &dyn Upstream,
    payment: &Payment,
    (http, clock, pause): (&impl Http, &impl Clock, &impl Pause),
) -> Result<bool, Text> {
    let mut asking = Asking {
        upstream,
        http,
        clock,
        pause,
        skew: SignedDuration::ZERO,
    };
    let request = |now| {
        upstream
            .look_up(now, payment)
            .map_err(|Unsendable(why)| why)
            .ok()
    };
    let read = |answer: &HttpAnswer| match upstream.find(payment, answer) {
        Found::Present { .. } => Ok(true),
        Found::Absent { .. } | Found::Conflict { .. } | Found::Begun { .. } => Ok(false),
        Found::Unreadable { reason } => Err(reason),
    };
    asking.ask(request, read).await
}

struct Asking<'a, H, C, P> {
    upstream: &'a dyn Upstream,
    http: &'a H,
    clock: &'a C,
    pause: &'a P,
    /// The server's clock less ours.
    skew: SignedDuration,
}

impl<H: Http, C: Clock, P: Pause> Asking<'_, H, C, P> {
    async fn ask<T>(
        &mut self,
        request: impl Fn(jiff::Timestamp) -> Option<HttpRequest>,
        read: impl Fn(&HttpAnswer) -> Result<T, Text>,
    ) -> Result<T, Text> {
        let mut wait = self.upstream.pace().unwrap_or_default();
        let mut why = Text::from("It was not asked.");
        for _ in 0..TRIES {
            self.pause.pause(wait).await;
            let wall = self.clock.now().wall;
            let now = wall.saturating_add(self.skew).unwrap_or(wall);
            let Some(request) = request(now) else {
                return Err(Text::from("It cannot be asked for its payments."));
            };
            let answer = self.http.send(request).await;
            let wall = self.clock.now().wall;
            wait = PAUSE;
            match self.upstream.classify(wall, &answer) {
                Class::Parked { reason } | Class::Misconfigured { reason } => return Err(reason),
                Class::NotExecuted {
                    reason,
                    retry_after,
                } => {
                    wait = retry_after.unwrap_or(PAUSE).clamp(PAUSE, LONGEST);
                    why = reason;
                    continue;
                }
                Class::ClockSkew { skew } => {
                    self.skew = skew.unwrap_or_default();
                    why = Text::from("It does not like this machine's clock. Set the clock.");
                    continue;
                }
                Class::Confirmed { .. }
                | Class::Begun { .. }
                | Class::Blocked { .. }
                | Class::Refused { .. }
                | Class::NeedsOperator { .. }
                | Class::Ambiguous { .. }
                | Class::NotSent { .. } => {}
            }
            match read(&answer) {
                Ok(value) => return Ok(value),
                Err(reason) => why = reason,
            }
        }
        Err(why)
    }
}
