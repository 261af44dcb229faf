//! The part of a session that runs an operation.

use std::time::Duration;

use payment::{DoubtReason, PaymentId, Text};

use super::{Phase, Zvt};
use crate::{
    Mono,
    terminal::{
        Approved, Command, Ending, Event, Fact,
        zvt::{
            apdu::{Apdu, code},
            codes::{intermediate, result},
            enquiry::Question,
            line::Repeat,
            message::{Abort, Completion, IntermediateStatus, SlipCollector, StatusInformation},
            operation::{Operation, Request, Stage, Verdict, not_asked, refused},
        },
    },
};

/// How long a silent terminal has to answer 06 B0 with an end.
const GRACE: Duration = Duration::from_secs(10);

impl Zvt {
    /// Asks the terminal: the only place where money is asked for.
    pub(super) fn begin(&mut self, now: Mono, request: Request) {
        let Some(apdu) = request.encode(self.settings.password) else {
            let why = "The terminal was not asked: a number is too large for it.";
            self.ended(request.payment(), not_asked(why));
            return;
        };
        self.asked.add(request.payment());
        self.slips = SlipCollector::default();
        let garbage = self.transport.garbage();
        self.command_to(now, apdu, Repeat::AfterNak);
        let deadline = now + self.settings.answer_timeout;
        self.phase = Phase::Operating(Box::new(Operation::new(request, deadline, garbage)));
    }

    /// The desk wants it to end. Sent once the terminal has taken the request, so that its answer
    /// cannot be mistaken for the one to the request.
    pub(super) fn abort(&mut self, now: Mono, payment: PaymentId) {
        if self.waiting.as_ref().and_then(Command::payment) == Some(payment) {
            self.refuse_waiting("The terminal was not asked: the payment was aborted before.");
            return;
        }
        let Phase::Operating(operation) = &mut self.phase else {
            return;
        };
        if operation.request.payment() != payment {
            return;
        }
        match operation.stage {
            Stage::Asked => operation.abort_wanted = true,
            Stage::Running if operation.approval.is_none() && !operation.stop_sent => {
                operation.stop_sent = true;
                self.send_stop(now);
            }
            Stage::Running | Stage::Storing => {}
        }
    }

    pub(super) fn operating(&mut self, now: Mono, apdu: &Apdu) {
        let Phase::Operating(operation) = &mut self.phase else {
            return;
        };
        if apdu.is_answer() {
            if operation.stage == Stage::Asked {
                self.request_answered(now, apdu);
            }
            return;
        }
        let stage = operation.stage;
        match stage {
            // The rest of an earlier operation: ours has not begun.
            Stage::Asked => self.left_over(now, apdu),
            // Such a message is held back.
            Stage::Storing => {}
            Stage::Running if self.answer_before(apdu).is_some() => self.left_over(now, apdu),
            Stage::Running => {
                let Phase::Operating(operation) = &mut self.phase else {
                    return;
                };
                operation.acknowledgement_seen = operation.approval.is_some();
                operation.deadline = Some(now + self.settings.completion_timeout);
                let payment = operation.request.payment();
                self.running(now, apdu, payment);
            }
        }
    }

    fn request_answered(&mut self, now: Mono, apdu: &Apdu) {
        let Phase::Operating(operation) = &mut self.phase else {
            return;
        };
        if let Some(error) = apdu.refusal() {
            self.wanted(error);
            self.end(now, refused(error, None));
            // Something of an earlier till may still be on its display.
            if error == result::BUSY && matches!(self.phase, Phase::Ready) {
                self.enquire(now, Question::Clear);
            }
            return;
        }
        operation.stage = Stage::Running;
        operation.deadline = Some(now + self.settings.completion_timeout);
        self.answered = None;
        if operation.abort_wanted {
            operation.stop_sent = true;
            self.send_stop(now);
        }
    }

    fn running(&mut self, now: Mono, apdu: &Apdu, payment: PaymentId) {
        match apdu.code {
            code::INTERMEDIATE_STATUS => self.progress(now, apdu, payment),
            code::STATUS_INFORMATION => self.result(now, apdu),
            code::PRINT_LINE | code::PRINT_BLOCK => self.print(now, apdu, Some(payment)),
            code::COMPLETION => {
                self.answer(now, Apdu::accepted());
                let updates = Completion::decode(apdu.data()).result;
                if let Phase::Operating(operation) = &self.phase {
                    let ending = operation.completed();
                    self.end(now, ending);
                }
                self.maintenance(now, updates);
            }
            code::ABORT => {
                self.answer(now, Apdu::accepted());
                if let Phase::Operating(operation) = &self.phase {
                    let abort = Abort::decode(apdu.data());
                    let (ending, code) = (operation.aborted(&abort), operation.code(&abort));
                    self.wanted(code);
                    self.end(now, ending);
                }
            }
            _ => self.left_over(now, apdu),
        }
    }

    fn progress(&mut self, now: Mono, apdu: &Apdu, payment: PaymentId) {
        self.answer(now, Apdu::accepted());
        let Some(status) = IntermediateStatus::decode(apdu.data(), self.settings.charset) else {
            return;
        };
        if let (Phase::Operating(operation), Some(timeout)) = (&mut self.phase, status.timeout) {
            operation.deadline = Some(now + timeout);
        }
        let lines: Vec<&str> = status.lines.iter().map(Text::as_str).collect();
        let text = if lines.is_empty() {
            intermediate::sentence(status.status)
        } else {
            lines.join(" ")
        };
        self.event(Event::Progress {
            payment,
            code: Text::new(&format!("zvt:{:02X}", status.status)),
            text: Text::new(&text),
        });
    }

    /// 04 0F. What it is answered decides whether the money moves.
    fn result(&mut self, now: Mono, apdu: &Apdu) {
        let status = StatusInformation::decode(apdu.data(), self.settings.charset);
        let heard = self.heard(apdu);
        let Phase::Operating(operation) = &mut self.phase else {
            return;
        };
        let verdict = operation.judge(&status);
        let payment = operation.request.payment();
        match verdict {
            Verdict::Accept => self.answer_result(now, heard, Apdu::accepted()),
            Verdict::Store(approval) => {
                operation.stage = Stage::Storing;
                operation.deadline = None;
                let approved = Approved { payment, approval };
                self.store(heard, Fact::Approved(approved));
            }
            Verdict::Refuse(doubt) => {
                self.answer_result(now, heard, Apdu::refused(result::NOT_ISSUED));
                self.end(now, Ending::Doubted(doubt));
            }
        }
    }

    /// T3 or T4 has passed.
    pub(super) fn operation_overdue(&mut self, now: Mono) {
        let Phase::Operating(operation) = &mut self.phase else {
            return;
        };
        let can_stop = operation.approval.is_none() && !operation.stop_sent;
        if operation.stage == Stage::Running && can_stop {
            operation.stop_sent = true;
            operation.deadline = Some(now + GRACE);
            self.send_stop(now);
            return;
        }
        self.lost(DoubtReason::Silence);
        self.silent(
            now,
            "The terminal stopped answering: check that it is on and connected.",
        );
    }

    /// The serial line failed under an operation.
    pub(super) fn operation_lost(&mut self, now: Mono) {
        self.lost(DoubtReason::LinkLost);
        self.silent(now, "The line to the terminal failed: check its cable.");
    }

    pub(super) fn link_down(&mut self, now: Mono) {
        let reason = "The terminal is not connected: check its power and its cable.";
        self.lost(DoubtReason::LinkLost);
        self.enquiry_lost(now, reason);
        self.refuse_waiting(reason);
        self.forget_held();
        self.transport.reset();
        if !matches!(self.phase, Phase::Down) {
            self.phase = Phase::Down;
            self.log_statistics();
            self.not_ready(reason);
        }
    }

    /// Ends the operation with what is known. Nothing more will be heard of it.
    fn lost(&mut self, reason: DoubtReason) {
        let Phase::Operating(operation) = &mut self.phase else {
            return;
        };
        operation.garbage |= self.transport.garbage() > operation.garbage_before;
        let payment = operation.request.payment();
        let ending = if self.transport.holds_back(operation.request.code()) {
            not_asked("The terminal was not asked: the line was not free.")
        } else {
            let delivered = self.transport.is_delivered();
            operation.lost(reason, delivered, self.settings.print_here)
        };
        self.phase = Phase::Ready;
        self.finish_slips(payment);
        self.ended(payment, ending);
    }

    /// The operation is over, and the link stands. After doubt the terminal has to show anew that it
    /// is there.
    pub(super) fn end(&mut self, now: Mono, ending: Ending) {
        let Phase::Operating(operation) = &self.phase else {
            return;
        };
        let payment = operation.request.payment();
        let doubted = matches!(ending, Ending::Doubted(_));
        self.idle(now);
        self.finish_slips(payment);
        self.ended(payment, ending);
        if doubted {
            self.wait(now, "The outcome of the last payment is not known.");
        }
    }

    fn finish_slips(&mut self, payment: PaymentId) {
        if let Some(slip) = self.slips.finish() {
            let payment = Some(payment);
            self.event(Event::Receipt { payment, slip });
        }
    }

    fn send_stop(&mut self, now: Mono) {
        let stop = Apdu::new(code::ABORT_REQUEST, Vec::new());
        self.command_to(now, stop, Repeat::Freely);
    }
}
