//! The part of a session that moves money.

use payment::{Approval, Doubt, DoubtReason, Money, PaymentId, Text};

use super::{BUSY, CANNOT, NOT_READY, Phase, Skeleton, Stage, cancelled, refusal};
use crate::{
    Mono, Output,
    terminal::{Approved, Ending, Fact, skeleton::message::Message},
};

impl Skeleton {
    /// The only place where money is asked for.
    pub(super) fn operate(&mut self, now: Mono, payment: PaymentId, money: Money, line: &str) {
        if self.asked.contains(payment) {
            return;
        }
        match self.phase {
            Phase::Ready if money.currency() == self.currency => {
                self.asked.add(payment);
                self.send(line);
                self.phase = Phase::Operating {
                    payment,
                    money,
                    stage: Stage::Asked,
                    deadline: now + self.patience,
                };
            }
            Phase::Ready => self.not_asked(payment, CANNOT),
            Phase::Operating { .. } | Phase::Asking { .. } => self.not_asked(payment, BUSY),
            Phase::Down | Phase::Greeting(_) | Phase::Waiting(_) => {
                self.not_asked(payment, NOT_READY);
            }
        }
    }

    pub(super) fn abort(&mut self, wanted: PaymentId) {
        if let Phase::Operating {
            payment,
            stage: Stage::Asked,
            ..
        } = self.phase
            && payment == wanted
        {
            self.send(&format!("STOP {payment}\n"));
        }
    }

    pub(super) fn operating(
        &mut self,
        now: Mono,
        payment: PaymentId,
        money: Money,
        stage: Stage,
        deadline: Mono,
        message: Message,
    ) {
        let go_on = |stage, deadline| Phase::Operating {
            payment,
            money,
            stage,
            deadline,
        };
        match (message, stage) {
            (
                Message::Approved {
                    payment: of,
                    money: approved,
                    trace,
                    card,
                },
                Stage::Asked,
            ) if of == payment => {
                let approval = Approval {
                    money: Some(approved),
                    card,
                    trace: Some(trace),
                    terminal_id: self.terminal_id.clone(),
                    ..Approval::default()
                };
                if approved == money && !self.stale_store {
                    let fact = Fact::Approved(Approved {
                        payment,
                        approval: approval.clone(),
                    });
                    self.outputs.push_back(Output::Store(fact));
                    self.phase = go_on(Stage::Storing(approval), deadline);
                } else {
                    self.send(&format!("NO {payment}\n"));
                    self.doubt_amount(payment, money, approved, approval);
                }
            }
            // Again: its acknowledgement was lost.
            (Message::Approved { payment: of, .. }, stage @ Stage::Acknowledged(_))
                if of == payment =>
            {
                self.send(&format!("OK {payment}\n"));
                self.phase = go_on(stage, deadline);
            }
            (Message::Done(of), Stage::Acknowledged(_)) if of == payment => {
                self.end(payment, Ending::Completed);
            }
            (Message::Declined(of), Stage::Asked) if of == payment => {
                self.end(payment, Ending::Declined(refusal("The card was refused.")));
            }
            (Message::Stopped(of), Stage::Asked) if of == payment => {
                self.end(payment, cancelled("The payment was stopped."));
            }
            (Message::Busy(of), Stage::Asked) if of == payment => {
                self.end(payment, cancelled(BUSY));
            }
            (Message::Declined(of) | Message::Stopped(of) | Message::Busy(of), stage)
                if of == payment =>
            {
                let text = "The terminal approved, and then ended the payment as failed.";
                self.doubt(
                    now,
                    payment,
                    DoubtReason::Contradiction,
                    text,
                    stage.approval(),
                );
            }
            // Another payment's, or nothing new.
            (_, stage) => self.phase = go_on(stage, deadline),
        }
    }

    /// Law 2: only now is the approval acknowledged, or refused.
    pub(super) fn stored(&mut self, now: Mono, durable: bool) {
        if std::mem::take(&mut self.stale_store) {
            return;
        }
        match std::mem::replace(&mut self.phase, Phase::Ready) {
            Phase::Operating {
                payment,
                money,
                stage: Stage::Storing(approval),
                ..
            } if durable => {
                self.send(&format!("OK {payment}\n"));
                self.phase = Phase::Operating {
                    payment,
                    money,
                    stage: Stage::Acknowledged(approval),
                    deadline: now + self.patience,
                };
            }
            Phase::Operating {
                payment,
                stage: Stage::Storing(approval),
                ..
            } => {
                self.send(&format!("NO {payment}\n"));
                let text = "The approval could not be stored; the terminal was told to reverse.";
                self.doubt(now, payment, DoubtReason::NotStored, text, Some(approval));
            }
            phase => self.phase = phase,
        }
    }

    pub(super) fn acknowledged(&self) -> Option<Approval> {
        match &self.phase {
            Phase::Operating {
                stage: Stage::Acknowledged(approval),
                ..
            } => Some(approval.clone()),
            _ => None,
        }
    }

    pub(super) fn doubt(
        &mut self,
        now: Mono,
        payment: PaymentId,
        reason: DoubtReason,
        text: &str,
        approval: Option<Approval>,
    ) {
        let doubt = Doubt {
            reason,
            text: Text::new(text),
            approval,
            other_amount: None,
        };
        self.end(payment, Ending::Doubted(doubt));
        self.wait(now, "The outcome of the last payment is not known.");
    }

    pub(super) fn doubt_amount(
        &mut self,
        payment: PaymentId,
        asked: Money,
        approved: Money,
        approval: Approval,
    ) {
        let doubt = Doubt {
            reason: DoubtReason::OtherAmount,
            text: Text::new(&format!(
                "{asked} was asked for, but the terminal approved {approved}."
            )),
            approval: Some(approval),
            other_amount: Some(approved),
        };
        self.end(payment, Ending::Doubted(doubt));
    }
}

impl Stage {
    pub(super) fn approval(self) -> Option<Approval> {
        match self {
            Self::Asked => None,
            Self::Storing(approval) | Self::Acknowledged(approval) => Some(approval),
        }
    }
}
