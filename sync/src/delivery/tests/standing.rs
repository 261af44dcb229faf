//! The pace that a system wants, and how it stands for people.

use std::time::Duration;

use jiff::Timestamp;
use payment::{DeliveryAction, DeliveryDecision, Payment, Text};

use super::super::*;
use super::{
    server::{Fate, Model, ask},
    world::{config, ready, settle_with, world},
};
use crate::upstream::{
    Abilities, Booking, Class, Finding, Found, HttpAnswer, HttpRequest, Plan, Unsendable, Upstream,
};

const PACE: Duration = Duration::from_secs(7);

/// The model, which is looked at before each booking and before the first, and wants a pace.
struct Slow;

impl Upstream for Slow {
    fn abilities(&self) -> Abilities {
        Abilities::default()
    }

    fn create(&self, now: Timestamp, booking: &Booking<'_>) -> Result<HttpRequest, Unsendable> {
        Model.create(now, booking)
    }

    fn plan(
        &self,
        now: Timestamp,
        booking: &Booking<'_>,
        heard: &[HttpAnswer],
    ) -> Result<Plan, Unsendable> {
        match heard
            .last()
            .map(|answer| self.find(booking.payment, answer))
        {
            None => self.look_up(now, booking.payment).map(Plan::Ask),
            Some(Found::Present { remote_id }) => Ok(Plan::Stop(Class::Confirmed { remote_id })),
            Some(Found::Absent { .. }) => self.create(now, booking).map(Plan::Book),
            Some(_) => Ok(Plan::Stop(Class::NotExecuted {
                reason: Text::from("It cannot be read."),
                retry_after: None,
            })),
        }
    }

    fn look_up(&self, now: Timestamp, payment: &Payment) -> Result<HttpRequest, Unsendable> {
        Model.look_up(now, payment)
    }

    fn classify(&self, now: Timestamp, answer: &HttpAnswer) -> Class {
        Model.classify(now, answer)
    }

    fn find(&self, payment: &Payment, answer: &HttpAnswer) -> Found {
        Model.find(payment, answer)
    }

    fn check(&self, _: Timestamp) -> Option<HttpRequest> {
        Some(ask("look_up", &super::world::payment(99)))
    }

    fn read_check(&self, _: &HttpAnswer) -> Vec<Finding> {
        vec![Finding {
            text: Text::from("It has no method 9."),
            parks: false,
        }]
    }

    fn pace(&self) -> Option<Duration> {
        Some(PACE)
    }
}

/// Looks at the settings, looks before a booking, read-backs and bookings are all requests.
#[test]
fn the_pace_counts_every_request() {
    for fates in [
        &[][..],
        &[Fate::Well, Fate::Well, Fate::LostAfter],
        &[Fate::Well, Fate::Portal, Fate::Well, Fate::RefusedAnyway],
        &[Fate::NotSent, Fate::TooMany, Fate::LostBefore, Fate::Late],
        &[Fate::Well, Fate::CrashBefore, Fate::Well, Fate::CrashAfter],
    ] {
        let shared = world(3, fates);
        settle_with(&shared, || Box::new(Slow));
        shared.with(|w| {
            let crashed = fates
                .iter()
                .any(|f| matches!(f, Fate::CrashBefore | Fate::CrashAfter));
            for pair in w.asked_at.windows(2) {
                let apart = pair[1].duration_since(pair[0]);
                // Another process does not know when the one before it asked.
                assert!(
                    crashed || apart.unsigned_abs() >= PACE,
                    "{fates:?}: {:?}",
                    w.asked_at
                );
            }
            let asked = w.asked_at.len();
            assert!(asked >= 7, "a look, and two requests for each: {asked}");
            let ends = w.rows.values().filter(|d| d.state.next_at().is_none());
            assert_eq!(ends.count(), 3, "{fates:?}");
        });
    }
}

/// What a person is told, and what their wish to try again does.
#[test]
fn a_person_lifts_the_pause_of_a_parked_upstream() {
    let shared = world(2, &[Fate::Well, Fate::Well, Fate::BadKey]);
    let parts = (shared.clone(), shared.clone(), shared.clone());
    let mut worker = Worker::new(&config(), Box::new(Slow), parts, 7);
    assert!(ready(worker.restart()).unwrap().is_ok());
    assert_eq!(worker.standing(), Standing::default());
    let mut now_or_later = || loop {
        match ready(worker.round()).unwrap().unwrap() {
            Round::Moved => {}
            Round::Idle(Some(until)) if worker.until(until) <= PACE => {
                shared.pass(worker.until(until));
            }
            Round::Idle(_) => return worker.standing(),
        }
    };
    let standing = now_or_later();
    let pause = standing.pause.clone().unwrap();
    assert_eq!(
        (pause.why, pause.reason.as_str()),
        (Trouble::Parked, "because")
    );
    assert_eq!(standing.findings, [Text::from("It has no method 9.")]);
    assert!(standing.next_step(true).contains("Try again"));
    shared.with(|w| {
        assert!(w.booked.is_empty());
        let parked = w
            .rows
            .values_mut()
            .find(|d| d.state.as_str() == "parked")
            .unwrap();
        let decision = DeliveryDecision {
            upstream: parked.upstream.clone(),
            action: DeliveryAction::Retry,
            name: Text::from("Anna"),
            reason: Text::from("The key is mended."),
        };
        parked.state = decided(&parked.state, parked.attempts, &decision)
            .unwrap()
            .state;
    });
    assert!(
        now_or_later().pause.is_some(),
        "the word alone does not lift the pause"
    );
    worker.hurry();
    let mut asked = 0;
    while shared.with(|w| w.booked.len()) < 2 {
        match ready(worker.round()).unwrap().unwrap() {
            Round::Moved => asked += 1,
            Round::Idle(until) => shared.pass(worker.until(until.unwrap())),
        }
        assert!(asked < 9, "it never ends");
    }
    assert_eq!(worker.standing().pause, None);
}
