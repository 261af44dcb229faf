//! The part of a session that runs an operation with money.

use payment::{Cancellation, DoubtReason, Money, PaymentId};

use super::{Abort, Adyen, GRACE, LATER, Phase, REMEMBERED, SOON, Storing, WRONG_KEY, money_of};
use crate::{
    Mono, Output,
    terminal::{
        Approved, Ending, Fact,
        adyen::{
            codes::LOGGED_OUT,
            message::{Body, Request},
            operation::{Operation, Verdict, doubt, not_asked},
            service_id,
        },
    },
};

impl Adyen {
    /// Asks the terminal: the only place where money is asked for.
    pub(super) fn begin(&mut self, now: Mono, payment: PaymentId, money: Money, request: &Request) {
        self.asked.truncate(REMEMBERED - 1);
        self.asked.push_front((payment, now));
        let service_id = service_id::of_payment(payment);
        self.send(request, &service_id);
        self.phase = Phase::Operating(Operation::new(
            payment,
            money,
            request.category(),
            service_id,
            now + self.settings.payment_timeout,
        ));
    }

    /// The desk wants it to end. The payment's own answer says whether it did.
    pub(super) fn abort(&mut self, now: Mono, payment: PaymentId) {
        if self.waiting.as_ref().and_then(money_of) == Some(payment) {
            self.refuse_waiting("The terminal was not asked: the payment was aborted before.");
            return;
        }
        if let Phase::Operating(operation) = &self.phase
            && operation.payment == payment
        {
            self.send_abort(now);
        }
    }

    fn send_abort(&mut self, now: Mono) {
        let Phase::Operating(operation) = &mut self.phase else {
            return;
        };
        if operation.abort_sent {
            return;
        }
        operation.abort_sent = true;
        let (category, running) = (operation.category, operation.service_id.clone());
        let request = Request::abort(self.reference(category, running));
        let service_id = self.names.next(now);
        self.send(&request, &service_id);
        self.abort = Some(Abort {
            service_id,
            deadline: now + GRACE,
        });
    }

    /// The terminal's answer to the running operation.
    pub(super) fn answered(&mut self, now: Mono, body: &Body) {
        let Phase::Operating(operation) = &self.phase else {
            return;
        };
        let payment = operation.payment;
        let (verdict, slips) = operation.judge(body, &self.settings.poi_id);
        if let Some(abort) = &mut self.abort {
            abort.deadline = now + GRACE;
        }
        match verdict {
            Verdict::Store(approval) => {
                let fact = Fact::Approved(Approved {
                    payment,
                    approval: approval.clone(),
                });
                self.storing = Some(Storing {
                    payment,
                    approval,
                    slips,
                });
                self.phase = Phase::Ready(now + super::LOOK);
                self.outputs.push_back(Output::Store(fact));
            }
            Verdict::End(ending) => {
                self.slips(payment, slips);
                self.end(now, payment, ending);
            }
        }
    }

    /// The approval is durable, or cannot be made so (law 2). The terminal waits for no
    /// acknowledgement: it has charged.
    pub(super) fn stored(&mut self, now: Mono, durable: bool) {
        let Some(storing) = self.storing.take() else {
            return;
        };
        let Storing {
            payment,
            approval,
            slips,
        } = storing;
        self.slips(payment, slips);
        let ending = if durable {
            Ending::Completed
        } else {
            let text = "The terminal approved, but the approval could not be stored.";
            Ending::Doubted(doubt(DoubtReason::NotStored, text, Some(approval)))
        };
        // Without a link, or with a new one, there is nothing more to do for it there.
        if matches!(self.phase, Phase::Ready(_)) {
            self.end(now, payment, ending);
        } else {
            self.ended(payment, ending);
        }
    }

    /// The operation is over, and the link stands. After doubt the terminal has to show anew that
    /// it is there.
    fn end(&mut self, now: Mono, payment: PaymentId, ending: Ending) {
        let doubted = matches!(ending, Ending::Doubted(_));
        let logged_out = match &ending {
            Ending::Cancelled(Cancellation { code, .. }) => code
                .as_ref()
                .is_some_and(|code| code.as_str() == LOGGED_OUT),
            Ending::Completed | Ending::Declined(_) | Ending::Doubted(_) => false,
        };
        self.ended(payment, ending);
        if logged_out {
            self.log_in(now);
        } else if doubted {
            self.refuse_waiting("The terminal was not asked: the last payment is in doubt.");
            self.not_ready_until(now + SOON, "The outcome of the last payment is not known.");
        } else {
            self.now_ready(now);
        }
    }

    /// The terminal could not read an envelope of ours: so it did not begin, unless it was the abort
    /// that it could not read.
    pub(super) fn request_rejected(&mut self, now: Mono) {
        if self.abort.is_some() {
            return self.garbled();
        }
        if let Phase::Operating(operation) = &self.phase {
            let payment = operation.payment;
            let why = "The terminal was not asked: it could not read the request. Check \
                       passphrase, key identifier and key version.";
            self.ended(payment, not_asked(why));
            self.not_ready_until(now + LATER, WRONG_KEY);
        }
    }

    /// Its answer was none.
    pub(super) fn garbled(&mut self) {
        let text = "The terminal's answer cannot be understood.";
        self.lost(DoubtReason::Garbage, text);
        self.give_up("The terminal's last answer could not be understood.");
    }

    /// It took too long: it is told to end, and then given up.
    pub(super) fn operation_overdue(&mut self, now: Mono) {
        let Phase::Operating(operation) = &mut self.phase else {
            return;
        };
        if !operation.abort_sent {
            operation.deadline = now + GRACE;
            return self.send_abort(now);
        }
        self.lost(DoubtReason::Silence, "The terminal stopped answering.");
        self.give_up("The terminal stopped answering: check that it is on and connected.");
    }

    /// The link broke under it.
    pub(super) fn operation_lost(&mut self) {
        let text = "The connection to the terminal broke.";
        self.lost(DoubtReason::LinkLost, text);
    }

    fn lost(&mut self, reason: DoubtReason, text: &str) {
        if let Phase::Operating(operation) = &self.phase {
            let payment = operation.payment;
            self.phase = Phase::Waiting(Mono::default());
            self.ended(payment, Ending::Doubted(doubt(reason, text, None)));
        }
    }
}
