//! The world outside the worker: its rows, its clock and its network.

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

use super::super::*;
use super::{
    server::{Fate, Model},
    steps::Steps,
};
use crate::upstream::{HttpAnswer, HttpRequest, Upstream};

/// The world outside the worker. Survives its crashes.
#[derive(Default)]
pub(super) struct World {
    pub(super) now: Option<Timestamp>,
    pub(super) rows: BTreeMap<PaymentId, Delivery>,
    pub(super) fates: VecDeque<Fate>,
    /// What the server holds, by receipt number.
    pub(super) booked: Vec<String>,
    /// Requests that are still under way, with the moment they arrive.
    late: Vec<(Timestamp, HttpRequest)>,
    /// What is held by a system that books in steps.
    pub(super) steps: Steps,
    pub(super) crashed: bool,
    pub(super) disk_full: bool,
    pub(super) creates: usize,
    /// When each request came.
    pub(super) asked_at: Vec<Timestamp>,
}

#[derive(Clone)]
pub(super) struct Shared(pub(super) Arc<Mutex<World>>);

impl Shared {
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        act(&mut self.0.lock().unwrap())
    }

    pub(super) fn pass(&self, time: Duration) {
        self.with(|w| {
            let now = w.now.unwrap() + time;
            w.now = Some(now);
            let (due, late) = w.late.drain(..).partition(|(at, _)| *at <= now);
            w.late = late;
            let due: Vec<(Timestamp, HttpRequest)> = due;
            for (_, request) in due {
                w.carry_out(&request);
            }
        });
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
pub(super) struct DiskFull;

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

    async fn begun(
        &self,
        _: &UpstreamId,
        after: i64,
        limit: u16,
    ) -> Result<Vec<(i64, Delivery)>, DiskFull> {
        let numbered = |w: &mut World| -> Vec<(i64, Delivery)> {
            let all = (1..).zip(w.rows.values().cloned());
            all.filter(|(n, d)| *n > after && d.state.next_at() > Some(Timestamp::MIN))
                .take(limit.into())
                .collect()
        };
        Ok(self.with(numbered))
    }

    async fn commit(&self, change: Change) -> Result<bool, DiskFull> {
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
        Ok(true)
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
        self.asked_at.extend(self.now);
        let create = matches!(request.url.as_str(), "create" | "begin");
        let changes = create || matches!(request.url.as_str(), "finish" | "drop");
        self.creates += usize::from(create);
        if create {
            let durable = self.rows.values().any(|d| {
                d.payment.receipt.to_string() == receipt
                    && matches!(d.state, DeliveryState::Sending { .. })
            });
            assert!(durable, "sent before `sending` was durable");
        }
        if changes && !create {
            let durable = self.rows.values().any(|d| {
                d.payment.receipt.to_string() == receipt
                    && matches!(
                        d.state,
                        DeliveryState::Begun { .. } | DeliveryState::Withdrawing { .. }
                    )
            });
            assert!(durable, "went on before it was durable that it was begun");
        }
        let fate = self.fates.pop_front().unwrap_or(Fate::Well);
        let response = |status, body: &[u8]| HttpAnswer::response(status, None, None, body.into());
        let lost = HttpAnswer::Lost {
            reason: Text::from("lost"),
        };
        let books = matches!(
            fate,
            Fate::Well
                | Fate::LostAfter
                | Fate::Status500After
                | Fate::CrashAfter
                | Fate::DiskFull
                | Fate::Twice
        );
        let mut answer = (200, Vec::new());
        if books {
            answer = self.carry_out(request);
        }
        if changes && matches!(fate, Fate::Twice) {
            self.carry_out(request);
        }
        self.crashed = matches!(fate, Fate::CrashBefore | Fate::CrashAfter);
        self.disk_full = matches!(fate, Fate::DiskFull);
        match fate {
            Fate::Well | Fate::DiskFull | Fate::Twice => response(answer.0, &answer.1),
            Fate::NotSent => HttpAnswer::NotSent {
                reason: Text::from("away"),
            },
            Fate::Unable => HttpAnswer::Unable {
                reason: Text::from("no certificates"),
            },
            Fate::Late if changes => {
                let arrives = self.now.unwrap() + Duration::from_mins(1);
                self.late.push((arrives, request.clone()));
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
            Fate::Blocked => response(409, b""),
        }
    }

    /// What the server does with a request that reached it, and its answer.
    fn carry_out(&mut self, request: &HttpRequest) -> (u16, Vec<u8>) {
        let receipt = String::from_utf8(request.body.clone()).unwrap();
        match request.url.as_str() {
            "create" => {
                self.booked.push(receipt);
                (201, Vec::new())
            }
            "look_up" => {
                let there = self.booked.contains(&receipt);
                (200, if there { b"1".to_vec() } else { b"0".to_vec() })
            }
            _ => self.steps.carry_out(request, &receipt),
        }
    }
}

pub(super) fn payment(seq: u64) -> Payment {
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
        services: payment::Services::default(),
        before: None,
    };
    Payment::begin(intent, ReceiptNumber::new(device, seq))
}

pub(super) fn config() -> config::Upstream {
    config::Upstream {
        id: "model".parse().unwrap(),
        url: String::new(),
        fence: Duration::from_mins(11),
        kind: config::UpstreamKind::Ivvy(Box::new(config::IvvyOptions::new(
            String::new(),
            config::Secret::new(String::new()),
        ))),
    }
}

pub(super) fn world(payments: u64, fates: &[Fate]) -> Shared {
    let rows = (1..=payments).map(payment).map(|payment| {
        let delivery = Delivery {
            seal: None,
            redirects: 0,
            upstream: "model".parse().unwrap(),
            state: DeliveryState::Queued,
            attempts: 0,
            changed_at: Timestamp::UNIX_EPOCH,
            original: None,
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
pub(super) fn ready<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// Lets the worker do all there is to do, through crashes. Returns the number of rounds.
pub(super) fn settle(shared: &Shared) -> usize {
    settle_with(shared, || Box::new(Model))
}

/// The same with another system.
pub(super) fn settle_with(shared: &Shared, upstream: impl Fn() -> Box<dyn Upstream>) -> usize {
    let rounds = Cell::new(0);
    loop {
        shared.with(|w| w.crashed = false);
        let parts = (shared.clone(), shared.clone(), shared.clone());
        let mut worker = Worker::new(&config(), upstream(), parts, 7);
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
