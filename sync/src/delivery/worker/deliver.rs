//! One delivery, one step on: ask what must be known, send or read back, keep what came of it. What it
//! must not know: which delivery's turn it is.

use std::time::Duration;

use jiff::Timestamp;
use payment::Text;

use super::{
    super::{
        Action, Change, Clock, Delivery, DeliveryState, Http, Now, Outbox, Reply, Settings,
        after_go_on, after_plan, after_read, after_send, health::later, next, sending, withdrawn,
    },
    Worker,
};
use crate::upstream::{Class, HttpAnswer, HttpRequest};

/// Most questions before a request that changes something.
const QUESTIONS: usize = 12;
/// How much later than the pace allows what was asked still counts.
const STILL_NEW: Duration = Duration::from_secs(5);
/// Spared beyond the date at which an upstream refuses a request.
const SPARE: Duration = Duration::from_mins(1);

/// What became of a delivery in a round.
pub(super) enum Step {
    Moved,
    /// Nothing is to be done about it now.
    Stays,
    /// Its next request may not leave before.
    Paced(Timestamp),
}

/// The answers to what had to be known about a delivery.
pub(super) struct Heard {
    /// The delivery as it was.
    delivery: Delivery,
    answers: Vec<HttpAnswer>,
    /// Until when they are new enough.
    until: Timestamp,
}

impl<O: Outbox, H: Http, C: Clock> Worker<O, H, C> {
    /// Takes one delivery one step on.
    pub(super) async fn deliver(&mut self, delivery: &Delivery) -> Result<Step, O::Error> {
        let action = match self.next(delivery).await {
            Ok(action) => action,
            Err(until) => return Ok(Step::Paced(until)),
        };
        match action {
            Action::Send(request) => self.send(delivery, request).await?,
            Action::GoOn {
                remote_id,
                step,
                request,
            } => self.go_on(delivery, (remote_id, step), request).await?,
            Action::Stop(class) => self.stop(delivery, class).await?,
            Action::Gone => {
                let state = withdrawn(&delivery.state, self.clock.now(), &mut self.health);
                self.commit(delivery, state, delivery.attempts).await?;
            }
            Action::Ask(_) => {
                let reason = Text::from("The invoicing system had to be asked too much.");
                self.stop(delivery, Class::Ambiguous { reason }).await?;
            }
            Action::ReadBack(request) => self.read_back(delivery, request).await?,
            Action::Become(state) => {
                self.commit(delivery, state, delivery.attempts).await?;
            }
            Action::Wait(at) => {
                self.put_off.insert(delivery.payment.intent.id, at);
                return Ok(Step::Stays);
            }
            Action::Nothing => return Ok(Step::Stays),
        }
        Ok(Step::Moved)
    }

    /// What to do next, with the answers to all that had to be asked for it; or until when the pace
    /// holds the next request back.
    async fn next(&mut self, delivery: &Delivery) -> Result<Action, Timestamp> {
        let now = self.clock.now().steady;
        let heard = self.heard.take();
        let heard = heard.filter(|heard| heard.delivery == *delivery && now <= heard.until);
        let mut answers = heard.map_or_else(Vec::new, |heard| heard.answers);
        loop {
            let action = next(
                delivery,
                self.clock.now(),
                &self.health,
                self.settings,
                self.upstream.as_ref(),
                &answers,
            );
            let leaves = match &action {
                Action::Ask(_) => answers.len() < QUESTIONS,
                Action::Send(_) | Action::GoOn { .. } | Action::ReadBack(_) => true,
                Action::Stop(_)
                | Action::Gone
                | Action::Become(_)
                | Action::Wait(_)
                | Action::Nothing => false,
            };
            if leaves && let Some(until) = self.paced(self.clock.now().steady) {
                self.heard = Some(Heard {
                    delivery: delivery.clone(),
                    answers,
                    until: later(until, STILL_NEW),
                });
                return Err(until);
            }
            match action {
                Action::Ask(request) if leaves => {
                    let answer = self.http.send(request).await;
                    self.asked_at = Some(self.clock.now().steady);
                    answers.push(answer);
                }
                action => return Ok(action),
            }
        }
    }

    async fn stop(&mut self, delivery: &Delivery, class: Class) -> Result<(), O::Error> {
        let now = self.clock.now();
        let random = self.random();
        let state = after_plan(delivery, class, now, &mut self.health, random);
        self.commit(delivery, state, delivery.attempts).await?;
        Ok(())
    }

    async fn go_on(
        &mut self,
        delivery: &Delivery,
        (remote_id, step): (Text, Text),
        request: HttpRequest,
    ) -> Result<(), O::Error> {
        let known = match &delivery.state {
            DeliveryState::Withdrawing { .. } => true,
            DeliveryState::Begun {
                remote_id: id,
                step: at,
                ..
            } => *id == remote_id && *at == step,
            _ => false,
        };
        if !known {
            // What a crash would find again is durable before the request leaves.
            let next_at = self.clock.now().steady;
            let state = DeliveryState::Begun {
                remote_id,
                step,
                next_at,
                reason: None,
            };
            self.commit(delivery, state, delivery.attempts).await?;
            return Ok(());
        }
        let fence = self.fence(self.clock.now());
        let answer = self.http.send(request).await;
        let now = self.clock.now();
        self.asked_at = Some(now.steady);
        let class = self.upstream.classify(now.wall, &answer);
        let random = self.random();
        let reply = reply(&answer, fence);
        let state = after_go_on(
            &delivery.state,
            (class, reply),
            now,
            &mut self.health,
            random,
        );
        self.commit(delivery, state, delivery.attempts).await?;
        Ok(())
    }

    async fn send(&mut self, delivery: &Delivery, request: HttpRequest) -> Result<(), O::Error> {
        let attempts = delivery.attempts.saturating_add(1);
        let now = self.clock.now();
        let fence = self.fence(now);
        let state = sending(now);
        if !self.commit(delivery, state, attempts).await? {
            return Ok(());
        }
        let answer = self.http.send(request).await;
        let now = self.clock.now();
        let class = self.upstream.classify(now.wall, &answer);
        let random = self.random();
        let doubt = self.upstream.doubt(now.wall, &delivery.payment);
        let heard = is_its_own(&class);
        let state = after_send(
            delivery,
            doubt,
            class,
            now,
            &mut self.health,
            Settings { fence },
            random,
        );
        self.heed(&answer, heard, now);
        // What never left is no attempt.
        let attempts = match answer {
            HttpAnswer::NotSent { .. } | HttpAnswer::Unable { .. } => delivery.attempts,
            HttpAnswer::Response { .. } | HttpAnswer::Lost { .. } => attempts,
        };
        self.commit(delivery, state, attempts).await?;
        Ok(())
    }

    async fn read_back(
        &mut self,
        delivery: &Delivery,
        request: HttpRequest,
    ) -> Result<(), O::Error> {
        let answer = self.http.send(request).await;
        let now = self.clock.now();
        let found = self.upstream.find(&delivery.payment, &answer);
        let class = self.upstream.classify(now.wall, &answer);
        let random = self.random();
        let state = after_read(
            &delivery.state,
            found,
            &class,
            now,
            &mut self.health,
            random,
        );
        self.heed(&answer, is_its_own(&class), now);
        self.commit(delivery, state, delivery.attempts).await?;
        Ok(())
    }

    /// How long a request that leaves now may still be carried out.
    fn fence(&self, now: Now) -> Duration {
        let stale = self.upstream.stale_after();
        let stale = stale.filter(|_| self.health.has_measured(now));
        let fence = self.settings.fence;
        stale.map_or(fence, |stale| fence.min(stale.saturating_add(SPARE)))
    }

    /// What an answer says beside its class: the server's time, where it is its own, and whether it
    /// wants to be left alone.
    fn heed(&mut self, answer: &HttpAnswer, own: bool, now: Now) {
        self.asked_at = Some(now.steady);
        let HttpAnswer::Response { date, .. } = answer else {
            return;
        };
        if let Some(date) = date.filter(|_| own) {
            self.health.measure(now, date);
        }
        if let Some(wish) = answer.wish() {
            self.health.leave_alone(now.steady, wish);
        }
    }

    /// Keeps a state, and when it is due again.
    pub(super) async fn commit(
        &mut self,
        delivery: &Delivery,
        state: DeliveryState,
        attempts: u32,
    ) -> Result<bool, O::Error> {
        let payment = delivery.payment.intent.id;
        if let Some(at) = state.next_at() {
            self.put_off.insert(payment, at);
        } else {
            self.put_off.remove(&payment);
        }
        let at = self.clock.now().wall;
        tracing::info!(%payment, upstream = %self.id, state = state.as_str(), attempts, "delivery");
        let change = Change {
            upstream: self.id.clone(),
            payment,
            state,
            attempts,
            redirects: delivery.redirects,
            at,
        };
        self.outbox.commit(change).await
    }
}

/// What came back, beside what it means.
fn reply(answer: &HttpAnswer, fence: Duration) -> Reply {
    match answer {
        HttpAnswer::Response { status: ..500, .. } => Reply::Heard,
        // Something on the way gave up waiting; the system may be at it still.
        HttpAnswer::Response {
            status: 502..=504, ..
        }
        | HttpAnswer::Lost { .. } => Reply::Lost { fence },
        // It is in trouble and wants to be left alone.
        HttpAnswer::Response { .. } | HttpAnswer::NotSent { .. } | HttpAnswer::Unable { .. } => {
            Reply::Over
        }
    }
}

/// Whether an answer is the upstream's own for certain: anybody on the way may have given another.
fn is_its_own(class: &Class) -> bool {
    !matches!(
        class,
        Class::Ambiguous { .. } | Class::NotSent { .. } | Class::ClockSkew { .. }
    )
}
