//! The part of a session that knows whether the terminal is there and understands us.

use payment::Text;

use super::{Adyen, LATER, LOOK, NO_ANSWER, Phase, SOON, WRONG_KEY};
use crate::{Mono, Output, terminal::Event};

impl Adyen {
    /// Something came that is not an answer: its exchange is over.
    pub(super) fn nonsense(&mut self, now: Mono, why: &str) {
        match &self.phase {
            Phase::Greeting(_) | Phase::LoggingIn(_) => self.not_ready_until(now + LATER, why),
            Phase::Querying(..) => {
                self.question_lost("The terminal's answer cannot be understood.");
                self.not_ready_until(now + SOON, why);
            }
            Phase::Operating(_) => self.garbled(),
            Phase::Down | Phase::Waiting(_) | Phase::Ready(_) => {}
        }
    }

    /// The terminal could not read our request.
    pub(super) fn rejected(&mut self, now: Mono) {
        match &self.phase {
            Phase::Operating(_) => self.request_rejected(now),
            Phase::Greeting(_) | Phase::LoggingIn(_) | Phase::Querying(..) => {
                self.nonsense(now, WRONG_KEY);
            }
            Phase::Down | Phase::Waiting(_) | Phase::Ready(_) => {}
        }
    }

    /// Nothing came in time.
    pub(super) fn overdue(&mut self, now: Mono) {
        let abort_over = self
            .abort
            .as_ref()
            .is_some_and(|abort| now >= abort.deadline);
        match &self.phase {
            Phase::Waiting(at) if now >= *at => self.greet(now),
            Phase::Ready(at) if now >= *at && self.is_free() => self.greet(now),
            Phase::Ready(_) if abort_over => self.give_up(NO_ANSWER),
            Phase::Greeting(question)
            | Phase::LoggingIn(question)
            | Phase::Querying(question, _)
                if now >= question.deadline =>
            {
                self.question_lost(NO_ANSWER);
                self.give_up(NO_ANSWER);
            }
            Phase::Operating(operation) if now >= operation.deadline => {
                self.operation_overdue(now);
            }
            _ => {}
        }
    }

    /// Drops the link, to make it anew.
    pub(super) fn give_up(&mut self, reason: &str) {
        self.refuse_waiting(reason);
        self.forget_link();
        self.not_ready(reason);
        self.outputs.push_back(Output::Close);
    }

    /// What was open on the link is lost.
    pub(super) fn forget_link(&mut self) {
        self.frames.clear();
        self.abort = None;
        self.phase = Phase::Down;
    }

    pub(super) fn link_down(&mut self) {
        let reason = "The terminal is not connected: check its power and its network.";
        self.operation_lost();
        self.question_lost(reason);
        self.refuse_waiting(reason);
        if !matches!(self.phase, Phase::Down) {
            self.not_ready(reason);
        }
        self.forget_link();
    }

    pub(super) fn now_ready(&mut self, now: Mono) {
        self.phase = Phase::Ready(now + LOOK);
        if !self.ready {
            self.ready = true;
            self.told = None;
            let terminal_id = Some(Text::new(&self.settings.poi_id));
            self.event(Event::Ready { terminal_id });
        }
        self.take_waiting(now);
    }

    pub(super) fn not_ready(&mut self, reason: &str) {
        let reason = Text::new(reason);
        self.ready = false;
        if self.told.as_ref() != Some(&reason) {
            self.told = Some(reason.clone());
            self.event(Event::NotReady { reason });
        }
    }

    pub(super) fn not_ready_until(&mut self, at: Mono, reason: &str) {
        self.refuse_waiting(reason);
        self.phase = Phase::Waiting(at);
        self.not_ready(reason);
    }
}
