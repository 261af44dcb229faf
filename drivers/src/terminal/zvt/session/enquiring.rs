//! The part of a session that asks without moving money.

use std::time::Duration;

use super::{Phase, Zvt};
use crate::{
    Mono,
    terminal::{
        Command, Event, Service,
        zvt::{
            apdu::{Apdu, code},
            codes::{result, terminal_status},
            enquiry::{Close, Enquiry, Question, is_busy},
            line::Repeat,
            message::{
                Abort, Completion, IntermediateStatus, SlipCollector, StatusInformation,
                StatusReport,
            },
            operation::Stage,
        },
    },
};

/// How often an idle terminal is asked how it is: it needs that to run what it does on time
/// (PA00P015, 2.27).
const KEEP_ALIVE: Duration = Duration::from_mins(1);
/// How often while it is not ready.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// A text is shown for a while before the answer comes (PA00P015, 2.36).
const SHOWN: Duration = Duration::from_mins(1);

impl Zvt {
    /// Asks.
    pub(super) fn enquire(&mut self, now: Mono, question: Question) {
        let (password, charset) = (self.settings.password, self.settings.charset);
        let Some(apdu) = question.encode(password, charset) else {
            let why = "The terminal was not asked: it cannot take this value.";
            let event = question.not_asked(why);
            self.outputs.extend(event.map(crate::Output::Event));
            return;
        };
        self.slips = SlipCollector::default();
        self.command_to(now, apdu, Repeat::Freely);
        let patience = match question {
            Question::Service(Service::DisplayText(_)) => SHOWN,
            _ => self.settings.answer_timeout,
        };
        self.phase = Phase::Enquiring(Box::new(Enquiry::new(question, now + patience)));
    }

    pub(super) fn enquiring(&mut self, now: Mono, apdu: &Apdu) {
        let Phase::Enquiring(enquiry) = &mut self.phase else {
            return;
        };
        match (enquiry.stage, apdu.is_answer()) {
            (Stage::Asked, true) => match apdu.refusal() {
                Some(error) => self.close(now, Close::Refused(error)),
                None if enquiry.question.ends_with_answer() => self.close(now, Close::Done),
                None => {
                    enquiry.stage = Stage::Running;
                    let patience = match enquiry.question {
                        // It has nothing to do but to say it.
                        Question::Clear | Question::Status { .. } => self.settings.answer_timeout,
                        _ => self.settings.completion_timeout,
                    };
                    enquiry.deadline = now + patience;
                }
            },
            (Stage::Running | Stage::Storing, true) => {}
            // The rest of an earlier operation: ours has not begun.
            (Stage::Asked, false) => self.left_over(now, apdu),
            (Stage::Running | Stage::Storing, false) => self.enquiry_goes_on(now, apdu),
        }
    }

    fn enquiry_goes_on(&mut self, now: Mono, apdu: &Apdu) {
        let Phase::Enquiring(enquiry) = &mut self.phase else {
            return;
        };
        if !matches!(enquiry.question, Question::Status { .. }) {
            enquiry.deadline = now + self.settings.completion_timeout;
        }
        match apdu.code {
            code::INTERMEDIATE_STATUS => {
                let status = IntermediateStatus::decode(apdu.data(), self.settings.charset);
                if let Some(timeout) = status.and_then(|status| status.timeout) {
                    enquiry.deadline = now + timeout;
                }
                self.answer(now, Apdu::accepted());
            }
            code::STATUS_INFORMATION if enquiry.question.has_results() => {
                let charset = self.settings.charset;
                enquiry.hear(StatusInformation::decode(apdu.data(), charset));
                self.answer(now, Apdu::accepted());
            }
            code::COMPLETION => self.enquiry_completed(now, apdu),
            code::ABORT => {
                self.answer(now, Apdu::accepted());
                let code = Abort::decode(apdu.data()).result;
                self.close(now, Close::Aborted(code));
            }
            _ => self.left_over(now, apdu),
        }
    }

    fn enquiry_completed(&mut self, now: Mono, apdu: &Apdu) {
        self.answer(now, Apdu::accepted());
        let Phase::Enquiring(enquiry) = &self.phase else {
            return;
        };
        if matches!(enquiry.question, Question::Status { .. }) {
            let status = StatusReport::decode(apdu.data()).status.unwrap_or(0);
            self.status_told(now, status);
            return;
        }
        let next = Completion::decode(apdu.data()).result;
        self.close(now, Close::Done);
        self.maintenance(now, next);
    }

    /// A completion may say that the terminal updates its software, or starts anew: nothing will
    /// answer for minutes.
    pub(super) fn maintenance(&mut self, now: Mono, next: Option<u8>) {
        if matches!(next, Some(result::MAINTENANCE | result::DEVICE_MISSING)) {
            let why = "The terminal updates itself or starts anew. Wait a few minutes.";
            self.refuse_waiting(why);
            self.wait(now, why);
        }
    }

    /// 05 01 was answered.
    fn status_told(&mut self, now: Mono, status: u8) {
        let Phase::Enquiring(enquiry) = &self.phase else {
            return;
        };
        let cleared = enquiry.question == Question::Status { cleared: true };
        let stale = matches!(
            status,
            terminal_status::BUSY | terminal_status::CARD_INSERTED
        );
        let money_waits = self.waiting.as_ref().is_some_and(moves_money);
        self.set_status(status);
        if stale && money_waits && !cleared {
            self.enquire(now, Question::Clear);
            return;
        }
        self.idle(now);
        if let (true, true) = (status != 0, money_waits) {
            self.refuse_waiting(&terminal_status::sentence(status));
        }
        self.take_waiting(now);
    }

    /// Says what changed.
    fn set_status(&mut self, status: u8) {
        if status == self.status {
            return;
        }
        self.status = status;
        if status == 0 {
            let terminal_id = self.terminal_id.clone();
            self.event(Event::Ready { terminal_id });
        } else {
            self.not_ready(&terminal_status::sentence(status));
        }
    }

    /// A question is over, and the link stands.
    fn close(&mut self, now: Mono, close: Close<'_>) {
        let at = self.time(now);
        let Phase::Enquiring(enquiry) = std::mem::replace(&mut self.phase, Phase::Ready) else {
            return;
        };
        if let Some(slip) = self.slips.finish() {
            let payment = None;
            self.event(Event::Receipt { payment, slip });
        }
        match (&enquiry.question, close) {
            // Whether it was heeded, the status says.
            (Question::Clear, _) => {
                self.enquire(now, Question::Status { cleared: true });
                return;
            }
            (Question::Status { .. }, Close::Refused(code) | Close::Aborted(Some(code)))
                if is_busy(code) =>
            {
                self.phase = Phase::Enquiring(enquiry);
                self.status_told(now, code);
                return;
            }
            // It does not know the question, and so is not asked again.
            (Question::Status { .. }, _) => {
                self.enquires = false;
                self.set_status(0);
            }
            _ => {
                if let Close::Refused(code) | Close::Aborted(Some(code)) = close {
                    self.wanted(code);
                }
                let event = enquiry.close(close, self.settings.currency, at);
                self.outputs.extend(event.map(crate::Output::Event));
            }
        }
        self.idle(now);
        if enquiry.question == Question::Service(Service::LogOff) && close == Close::Done {
            self.refuse_waiting("The terminal is logged off.");
            self.wait(now, "The terminal was logged off. It is registered again.");
        }
        // What was wrong with it may be over.
        if self.status != 0 {
            self.enquire_at = Some(now);
        }
        self.take_waiting(now);
    }

    /// Says what the terminal wants done when it refuses something with this code.
    pub(super) fn wanted(&mut self, code: u8) {
        if let Some(chore) = result::meaning(code).next.chore() {
            self.event(Event::Wants(chore));
        }
    }

    /// Nothing more will be heard of it. Whether there was one.
    pub(super) fn enquiry_lost(&mut self, now: Mono, why: &str) {
        let at = self.time(now);
        let Phase::Enquiring(enquiry) = &self.phase else {
            return;
        };
        let event = enquiry.close(Close::Lost(why), self.settings.currency, at);
        self.phase = Phase::Ready;
        if let Some(slip) = self.slips.finish() {
            let payment = None;
            self.event(Event::Receipt { payment, slip });
        }
        self.outputs.extend(event.map(crate::Output::Event));
        self.refuse_waiting(why);
    }

    /// Ready, with nothing to do.
    pub(super) fn idle(&mut self, now: Mono) {
        self.phase = Phase::Ready;
        let pause = if self.status == 0 {
            KEEP_ALIVE
        } else {
            LOOK_AGAIN
        };
        self.enquire_at = self.enquires.then(|| now + pause);
    }

    /// Refuses the command that waits, if there is one.
    pub(super) fn refuse_waiting(&mut self, why: &str) {
        if let Some(command) = self.waiting.take() {
            self.refuse(&command, why);
        }
    }

    /// Goes on with the command that waited, once nothing else is under way.
    pub(super) fn take_waiting(&mut self, now: Mono) {
        if matches!(self.phase, Phase::Ready)
            && !self.is_storing()
            && let Some(command) = self.waiting.take()
        {
            self.start(now, &command);
        }
    }
}

/// Whether it needs a terminal that is in order.
pub(super) fn moves_money(command: &Command) -> bool {
    match command {
        Command::Pay { .. } | Command::Reverse { .. } | Command::Refund { .. } => true,
        Command::LastTransaction
        | Command::Query { .. }
        | Command::EndOfDay
        | Command::Service(_)
        | Command::Abort { .. } => false,
    }
}
