//! What an answer means, and when it is acknowledged.

use payment::{Approval, CardRef, Doubt, DoubtReason, Refusal, Stored, StoredKind, Text};

use super::{
    super::message::{Answer, Status},
    Concert, Phase, SIGNAL,
};
use crate::{
    Mono, Output,
    terminal::{Approved, Ending, Fact, request::Request},
};

impl Concert {
    pub(super) fn answer(&mut self, answer: Answer) {
        if answer.position != self.settings.position {
            // For another till: not ours to acknowledge.
            return tracing::warn!("an answer for another till is left alone");
        }
        match self.phase {
            Phase::Sent { request, .. } | Phase::Working { request, .. } => {
                self.judge(request, answer);
            }
            Phase::Idle | Phase::Pausing { .. } | Phase::Closing { .. } => self.late(answer),
            Phase::Down | Phase::Ringing { .. } | Phase::Storing { .. } => {}
        }
    }

    /// The answer to what is running.
    fn judge(&mut self, request: Request, answer: Answer) {
        let asked = request.money;
        let same = answer.minor == asked.minor() && answer.currency == asked.currency().numeric();
        let approval = approval(answer);
        match answer.status {
            Status::Done if same => {
                self.outputs
                    .push_back(Output::Store(Fact::Approved(Approved {
                        payment: request.payment,
                        approval: approval.clone(),
                    })));
                self.phase = Phase::Storing {
                    request,
                    approval,
                    answer,
                };
            }
            Status::Done => {
                // Not acknowledged: it is not kept as paid.
                self.answered = Some((answer, false));
                self.phase = Phase::Idle;
                let named = answer.money().map_or_else(
                    || "an amount that cannot be read".to_owned(),
                    |money| money.to_string(),
                );
                let text = format!("The terminal approved {named} instead of {asked}.");
                let doubt = Doubt {
                    reason: DoubtReason::OtherAmount,
                    text: Text::new(&text),
                    other_amount: answer.money(),
                    approval: Some(approval),
                };
                self.ended(request.payment, Ending::Doubted(doubt));
            }
            Status::NotDone if same => {
                self.acknowledge();
                self.answered = Some((answer, true));
                self.phase = Phase::Idle;
                let text = "The terminal did not do it: the card was refused, or somebody stopped \
                            it. Its display or its receipt says which.";
                let code = Some(Text::new("concert:7"));
                let refusal = Refusal {
                    code,
                    text: Text::new(text),
                };
                self.ended(request.payment, Ending::Declined(refusal));
            }
            Status::NotDone => {
                self.acknowledge();
                self.answered = Some((answer, true));
                let text =
                    "The terminal says that it did not do something, but names another amount.";
                self.doubted(request.payment, DoubtReason::Garbage, text, None);
            }
            Status::NotVerified => {
                self.acknowledge();
                self.answered = Some((answer, true));
                let text = "The terminal says that it could not verify the payment (9): neither \
                            that it was taken nor that it was not.";
                self.doubted(request.payment, DoubtReason::Garbage, text, None);
            }
            Status::Unknown => {
                self.answered = Some((answer, false));
                let text = "The terminal ended with a status that is in no list.";
                self.doubted(request.payment, DoubtReason::Garbage, text, None);
            }
        }
    }

    /// An answer to nothing that is running: said again, or left over from an earlier payment.
    fn late(&mut self, answer: Answer) {
        match (self.answered, answer.status) {
            (Some((before, acknowledged)), _) if before == answer => {
                if acknowledged {
                    self.acknowledge();
                }
            }
            (_, Status::NotDone | Status::NotVerified) => self.acknowledge(),
            (_, Status::Unknown) => {}
            // Whether it settles a doubt is not for us to say; until it is kept, it is not
            // acknowledged (law 2).
            (_, Status::Done) if matches!(self.phase, Phase::Closing { .. }) => {}
            (_, Status::Done) if self.left_over.is_none() => {
                self.left_over = Some(answer);
                let approval = approval(answer);
                let kind = StoredKind::Payment;
                let left_over = Fact::LeftOver(Stored { kind, approval });
                self.outputs.push_back(Output::Store(left_over));
            }
            (_, Status::Done) => {}
        }
    }

    pub(super) fn stored(&mut self, now: Mono, durable: bool) {
        if self.abandoned > 0 {
            self.abandoned -= 1;
            return;
        }
        if let Some(answer) = self.left_over.take() {
            self.answered = Some((answer, durable));
            if durable {
                self.acknowledge();
            }
            return;
        }
        let phase = std::mem::replace(&mut self.phase, Phase::Idle);
        let Phase::Storing {
            request,
            approval,
            answer,
        } = phase
        else {
            self.phase = phase;
            return;
        };
        self.answered = Some((answer, durable));
        if durable {
            self.acknowledge();
            self.phase = Phase::Closing {
                request,
                approval,
                deadline: now + SIGNAL,
                repeats: 0,
            };
        } else {
            let text = "The terminal approved, but that could not be written to the disk.";
            let reason = DoubtReason::NotStored;
            self.doubted(request.payment, reason, text, Some(approval));
        }
    }
}

/// All that the answer says; no number to find it again.
fn approval(answer: Answer) -> Approval {
    Approval {
        money: answer.money(),
        card: CardRef {
            brand: None,
            last4: answer.last4,
        },
        ..Approval::default()
    }
}
