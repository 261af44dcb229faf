//! A system that books in steps, as Tryton does: a draft, which holds no money yet, is finished by a
//! second request, or dropped. Twice begun is two drafts.

use jiff::Timestamp;
use payment::{Payment, Text};
use proptest::prelude::*;

use super::super::*;
use super::{
    server::{Fate, Model, ask},
    world::{Shared, settle_with, world},
};
use crate::upstream::{
    Abilities, Booking, Class, Found, HttpAnswer, HttpRequest, Plan, Unsendable, Upstream,
};

/// What the system holds.
#[derive(Default)]
pub(super) struct Steps {
    last: u64,
    /// Name, receipt number, and whether it is finished.
    held: Vec<(u64, String, bool)>,
}

impl Steps {
    /// Carries out `begin`, `finish`, `drop` or `read`.
    pub(super) fn carry_out(&mut self, request: &HttpRequest, receipt: &str) -> (u16, Vec<u8>) {
        let name = request.headers.first().and_then(|(_, id)| id.parse().ok());
        let mut named = self.held.iter_mut().find(|(id, ..)| Some(*id) == name);
        match (request.url.as_str(), &mut named) {
            ("begin", _) => {
                self.last += 1;
                self.held.push((self.last, receipt.to_owned(), false));
                (202, self.last.to_string().into_bytes())
            }
            // Once is enough: a second time is refused.
            ("finish", Some((id, _, finished @ false))) => {
                *finished = true;
                (202, id.to_string().into_bytes())
            }
            ("drop", Some((id, _, false))) => {
                let id = *id;
                self.held.retain(|(other, ..)| *other != id);
                (202, id.to_string().into_bytes())
            }
            ("read", _) => {
                let ours = self.held.iter().filter(|(_, of, _)| of == receipt);
                let line = |(id, _, finished): &(u64, String, bool)| format!("{id}:{finished} ");
                (200, ours.map(line).collect::<String>().into_bytes())
            }
            _ => (404, Vec::new()),
        }
    }

    fn finished(&self, receipt: &str) -> usize {
        let ours = self.held.iter().filter(|(_, of, _)| of == receipt);
        ours.filter(|(.., finished)| *finished).count()
    }

    fn drafts(&self) -> usize {
        self.held.iter().filter(|(.., finished)| !finished).count()
    }
}

/// How it is spoken to.
struct Stepped;

/// The drafts and the finished ones with our receipt number.
fn held(answer: &HttpAnswer) -> Option<(Vec<String>, Vec<String>)> {
    let HttpAnswer::Response {
        status: 200, body, ..
    } = answer
    else {
        return None;
    };
    let text = std::str::from_utf8(body).ok()?;
    let (mut drafts, mut finished) = (vec![], vec![]);
    for one in text.split_whitespace() {
        match one.split_once(':')? {
            (id, "true") => finished.push(id.to_owned()),
            (id, _) => drafts.push(id.to_owned()),
        }
    }
    Some((drafts, finished))
}

fn named(word: &str, id: &str, payment: &Payment) -> Plan {
    let mut request = ask(word, payment);
    request.headers.push(("name".into(), id.to_owned()));
    Plan::GoOn {
        remote_id: Text::new(id),
        step: Text::new(word),
        request,
    }
}

impl Upstream for Stepped {
    fn abilities(&self) -> Abilities {
        Abilities::default()
    }

    fn create(&self, _: Timestamp, booking: &Booking<'_>) -> Result<HttpRequest, Unsendable> {
        Ok(ask("begin", booking.payment))
    }

    fn plan(
        &self,
        now: Timestamp,
        booking: &Booking<'_>,
        heard: &[HttpAnswer],
    ) -> Result<Plan, Unsendable> {
        let Some(answer) = heard.first() else {
            return Ok(Plan::Ask(ask("read", booking.payment)));
        };
        let Some((drafts, finished)) = held(answer) else {
            return Ok(Plan::Stop(self.classify(now, answer)));
        };
        Ok(match (drafts.as_slice(), finished.as_slice()) {
            ([], []) => Plan::Book(self.create(now, booking)?),
            // The surplus first.
            ([id, ..], [_]) | ([_, .., id], []) => named("drop", id, booking.payment),
            ([id], []) => named("finish", id, booking.payment),
            ([], [_]) => Plan::Stop(Class::Confirmed { remote_id: None }),
            (_, _) => Plan::Stop(Class::NeedsOperator {
                reason: Text::from("It is there twice."),
            }),
        })
    }

    fn withdraw(
        &self,
        now: Timestamp,
        booking: &Booking<'_>,
        heard: &[HttpAnswer],
    ) -> Result<Plan, Unsendable> {
        let Some(answer) = heard.first() else {
            return Ok(Plan::Ask(ask("read", booking.payment)));
        };
        Ok(match held(answer) {
            None => Plan::Stop(self.classify(now, answer)),
            Some((_, finished)) if !finished.is_empty() => {
                Plan::Stop(Class::Confirmed { remote_id: None })
            }
            Some((drafts, _)) => match drafts.first() {
                Some(id) => named("drop", id, booking.payment),
                None => Plan::Gone,
            },
        })
    }

    fn look_up(&self, _: Timestamp, payment: &Payment) -> Result<HttpRequest, Unsendable> {
        Ok(ask("read", payment))
    }

    fn classify(&self, now: Timestamp, answer: &HttpAnswer) -> Class {
        let reason = Text::from("because");
        match answer {
            HttpAnswer::Response {
                status: 202, body, ..
            } => Class::Begun {
                remote_id: Text::new(&String::from_utf8_lossy(body)),
                step: Text::from("draft"),
            },
            HttpAnswer::Response { status: 409, .. } => Class::Blocked { reason },
            // What was named is not there as it was: read again.
            HttpAnswer::Response { status: 404, .. } => Class::Ambiguous { reason },
            other => Model.classify(now, other),
        }
    }

    fn find(&self, _: &Payment, answer: &HttpAnswer) -> Found {
        let step = Text::from("draft");
        match held(answer) {
            None => Found::Unreadable {
                reason: Text::from("cannot be read"),
            },
            Some((drafts, finished)) => match (drafts.first(), finished.first()) {
                (Some(id), _) => Found::Begun {
                    remote_id: Text::new(id),
                    step,
                },
                (None, Some(_)) => Found::Present { remote_id: None },
                (None, None) => Found::Absent { obstacle: None },
            },
        }
    }
}

/// The faults that such a system meets.
fn fates() -> Vec<Fate> {
    let more = [Fate::Twice, Fate::Blocked];
    Fate::ALL.into_iter().chain(more).collect()
}

fn end_of(payments: u64, fates: &[Fate]) -> Shared {
    let shared = world(payments, fates);
    settle_with(&shared, || Box::new(Stepped));
    shared
}

/// Each fate at each of the requests of one payment: read, begin, read, finish, read.
#[test]
fn every_fate_at_every_step_ends_well() {
    for fate in fates() {
        for step in 0..5 {
            let mut all = vec![Fate::Well; step];
            all.push(fate);
            let shared = end_of(1, &all);
            let what = format!("{fate:?} at request {step}");
            shared.with(|w| {
                let row = w.rows.values().next().unwrap();
                let finished = w.steps.finished(&row.payment.receipt.to_string());
                let given_up = matches!(fate, Fate::RefusedAnyway);
                match row.state {
                    DeliveryState::Confirmed { .. } => assert_eq!(finished, 1, "{what}"),
                    DeliveryState::NeedsOperator { .. } if given_up => {
                        assert_eq!(finished, 0, "{what}");
                    }
                    ref other => panic!("{what}: {other:?} is no end"),
                }
                assert_eq!(w.steps.drafts(), 0, "{what}: a draft was left behind");
            });
        }
    }
}

/// Which request finishes: read, begin, read, read again once it is durable that it was begun, finish.
const FINISH: usize = 4;

/// How long the booking of one payment took, in seconds.
fn took(fates: &[Fate]) -> i64 {
    end_of(1, fates).with(|w| w.now.unwrap().as_second() - 1_795_219_200)
}

/// Two of the same step at once could both be carried out, so what may be at work is waited out; an
/// answer of the system itself says that it is over.
#[test]
fn a_step_without_an_answer_has_its_fence() {
    let at = |step: usize, fate| {
        let mut fates = vec![Fate::Well; step];
        fates.push(fate);
        took(&fates)
    };
    for fate in [
        Fate::LostAfter,
        Fate::LostBefore,
        Fate::Late,
        Fate::CrashAfter,
    ] {
        let (first, later) = (at(1, fate), at(FINISH, fate));
        assert!(first > 660, "{fate:?}, the first step: {first} s");
        assert!(later > 660, "{fate:?}, a later step: {later} s");
    }
    let heard = at(FINISH, Fate::Status500After);
    assert!(heard < 60, "it was answered: {heard} s");
}

proptest! {
    #[test]
    fn in_steps_never_twice_and_never_lost(
        payments in 1..4_u64,
        picks in prop::collection::vec(0..16_usize, 0..60),
    ) {
        let known = fates();
        let fates: Vec<Fate> = picks.iter().map(|i| known[*i]).collect();
        let shared = end_of(payments, &fates);
        shared.with(|w| {
            for row in w.rows.values() {
                let finished = w.steps.finished(&row.payment.receipt.to_string());
                match row.state {
                    DeliveryState::Confirmed { .. } => prop_assert_eq!(finished, 1),
                    DeliveryState::NeedsOperator { .. } => prop_assert_eq!(finished, 0),
                    _ => prop_assert!(false, "{:?} is no end", row.state),
                }
            }
            prop_assert_eq!(w.steps.drafts(), 0, "a draft was left behind");
            Ok(())
        })?;
    }
}
