//! Doubt finds its own way home: the terminal is asked what it knows, and its answer is compared
//! with what was wanted ([`payment::recovery`]). What cannot be decided so is for a person, with
//! the evidence. What is asked depends on what the terminal can do ([`Recovery`]): what became of
//! our own reference, what it stored last, or nothing.
//!
//! What it stored last is asked before the first payment after every start too, so that "nothing
//! newer" is evidence later.

use std::time::Duration;

use drivers::terminal::{Command, LastTransaction, Queried, Recovery};
use jiff::Timestamp;
use payment::{
    DeviceId, Doubt, DoubtReason, Fact, Mark, Payment, PaymentId, Settlement, Stored, Text,
    Verdict,
    recovery::{Answer, Case, Counting, Decision, Row, decide, row},
};

use super::{
    Engine, FactKind,
    device::{Device, Hold, Link},
    effect::Effect,
};

/// How long an answer waits for doubt to settle by itself.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Before a busy terminal is asked again, or a full disk.
pub(super) const ASK_AGAIN: Duration = Duration::from_secs(5);

impl Engine {
    /// Asks a terminal that is there what it knows, when that is wanted.
    pub(super) fn inquire(&mut self, id: &DeviceId) {
        let Some(device) = self.devices.get_mut(id) else {
            return;
        };
        let Some(recovery) = device.recovery() else {
            return;
        };
        if device.link != Link::Ready || device.asking {
            return;
        }
        let doubt = match &device.hold {
            None => None,
            Some(Hold::Doubt(payment)) => Some(payment.intent.clone()),
            Some(
                Hold::Beginning(_)
                | Hold::Running(_)
                | Hold::Ending(_)
                | Hold::Closing(_)
                | Hold::Serving(_),
            ) => return,
        };
        let command = match (recovery, doubt) {
            (Recovery::LastTransaction(_), None) if device.inquired => return,
            (Recovery::LastTransaction(_), _) => Command::LastTransaction,
            (Recovery::ByReference, Some(intent)) => Command::Query {
                payment: intent.id,
                purpose: intent.purpose,
                money: intent.money,
            },
            // Only which terminal it is will matter.
            (Recovery::ByReference, None) => {
                let terminal_id = device.terminal_id.clone();
                device.mark = Some(Mark::Terminal { terminal_id });
                device.inquired = true;
                return;
            }
            (Recovery::Person, None) => {
                device.inquired = true;
                return;
            }
            (Recovery::Person, Some(_)) => return self.ask_a_person(id),
        };
        device.asking = true;
        let device = id.clone();
        self.effects.push(Effect::Command { device, command });
    }

    /// Nobody else can tell.
    fn ask_a_person(&mut self, id: &DeviceId) {
        if let Some(device) = self.devices.get_mut(id) {
            device.inquired = true;
            device.evidence = Some(
                "This terminal cannot be asked about a payment. Look at its receipt, or let it print \
                 the last one again, to see whether the payment was taken."
                    .into(),
            );
        }
        self.answer_doubt(id);
        self.publish_device(id);
    }

    /// The terminal's answer.
    pub(super) fn last_transaction(
        &mut self,
        now: Timestamp,
        id: &DeviceId,
        answer: LastTransaction,
    ) {
        let Some(device) = self.devices.get_mut(id) else {
            return;
        };
        device.asking = false;
        let (answer, mark) = match answer {
            LastTransaction::Stored(stored) => {
                let mark = stored.mark();
                (Answer::Stored(stored), Some(mark))
            }
            LastTransaction::Nothing => (Answer::Nothing, Some(Mark::Nothing)),
            LastTransaction::Busy(_) => (Answer::Busy, None),
            LastTransaction::NoAnswer(_) => (Answer::NoAnswer, None),
            LastTransaction::Unsupported(_) => (Answer::Unsupported, None),
        };
        let again = matches!(answer, Answer::Busy | Answer::NoAnswer);
        if !again {
            device.inquired = true;
            device.mark = mark;
        }
        if let Some(Hold::Doubt(payment)) = &device.hold {
            let payment = payment.clone();
            self.decide(now, id, &payment, &answer);
        }
        if again {
            let device = id.clone();
            self.effects.push(Effect::Wake {
                device,
                after: ASK_AGAIN,
            });
        }
        self.publish_device(id);
    }

    /// The terminal's answer about the payment that our reference names.
    pub(super) fn queried(
        &mut self,
        now: Timestamp,
        id: &DeviceId,
        payment: PaymentId,
        answer: Queried,
    ) {
        let Some(device) = self.devices.get_mut(id) else {
            return;
        };
        device.asking = false;
        let answer = match answer {
            Queried::Approved(approval) => Answer::Found(approval),
            Queried::Refused(refusal) => Answer::Refused(refusal),
            Queried::Running(_) => Answer::Busy,
            Queried::Unknown { terminal_id } => Answer::NotFound { terminal_id },
            Queried::NoAnswer(_) => Answer::NoAnswer,
        };
        if matches!(answer, Answer::Busy | Answer::NoAnswer) {
            let device = id.clone();
            self.effects.push(Effect::Wake {
                device,
                after: ASK_AGAIN,
            });
        }
        if let Some(device) = self.devices.get(id)
            && let Some(Hold::Doubt(doubted)) = &device.hold
            && doubted.intent.id == payment
        {
            let doubted = doubted.clone();
            self.decide(now, id, &doubted, &answer);
        }
        self.publish_device(id);
    }

    fn decide(&mut self, now: Timestamp, id: &DeviceId, payment: &Payment, answer: &Answer) {
        let Some(device) = self.devices.get_mut(id) else {
            return;
        };
        let case = case(device, payment);
        let works = may_still_work(device, &case, payment.intent.id, answer);
        let answer = if works { &Answer::Busy } else { answer };
        let decision = decide(&case, answer);
        tracing::info!(
            payment = %payment.intent.id,
            row = ?row(&case, answer),
            decision = decision_word(&decision),
            "doubt"
        );
        let by = |evidence| Verdict::Terminal { evidence };
        let settlement = match decision {
            Decision::Approved { approval, evidence } => Settlement::Approved {
                by: by(evidence),
                approval: Some(*approval),
            },
            Decision::Declined { evidence } => Settlement::Declined { by: by(evidence) },
            Decision::InDoubt { evidence } => {
                device.evidence = Some(evidence);
                return self.answer_doubt(id);
            }
            Decision::AskAgain { why } => {
                device.evidence = Some(why);
                if works {
                    let device = id.clone();
                    self.effects.push(Effect::Wake {
                        device,
                        after: ASK_AGAIN,
                    });
                }
                return;
            }
        };
        let fact = Fact::Settled(settlement);
        self.add(now, payment.intent.id, fact, FactKind::Outcome, None);
    }

    /// An approval that belongs to no running operation. It is acknowledged only where it is the payment
    /// that is in doubt, and after it is durable (law 2); else the terminal takes it back. It settles
    /// nothing: if the acknowledgement does not arrive, the terminal takes it back too. What it holds then,
    /// it is asked.
    pub(super) fn left_over(&mut self, now: Timestamp, id: &DeviceId, stored: Stored) {
        let Some(device) = self.devices.get_mut(id) else {
            return;
        };
        if let Some(Hold::Doubt(payment)) = &device.hold {
            let payment = payment.clone();
            let answer = Answer::Stored(Box::new(stored));
            if let Decision::Approved { approval, evidence } =
                decide(&case(device, &payment), &answer)
            {
                let reason = payment.doubt.as_ref().map(|doubt| doubt.reason);
                let heard = Doubt {
                    reason: reason.unwrap_or(DoubtReason::Restart),
                    text: "The terminal said its approval again. It is asked whether it stands."
                        .into(),
                    approval: Some(*approval),
                    other_amount: None,
                };
                let fact = if payment::planted(19) {
                    let (by, approval) = (Verdict::Terminal { evidence }, heard.approval);
                    Fact::Settled(Settlement::Approved { by, approval })
                } else {
                    Fact::Doubted(heard)
                };
                return self.add(now, payment.intent.id, fact, FactKind::LeftOver, None);
            }
        }
        tracing::warn!(device = %id, "an approval that nobody waits for is refused");
        let device = id.clone();
        self.effects.push(Effect::Stored {
            device,
            kept: false,
        });
    }

    /// A while has passed: whoever waits hears of the doubt, and the terminal is asked again.
    pub(super) fn wake(&mut self, id: &DeviceId) {
        if payment::planted(4)
            && let Some(Hold::Doubt(doubted)) = self.devices.get(id).and_then(|d| d.hold.as_ref())
        {
            let (payment, money) = (doubted.intent.id, doubted.intent.money);
            let (device, command) = (id.clone(), Command::Pay { payment, money });
            self.effects.push(Effect::Command { device, command });
        }
        self.answer_doubt(id);
        self.inquire(id);
    }

    /// From now on the time runs in which the terminal may work on the payment. After a restart it runs
    /// anew: nobody knows how long the daemon was away, since clocks are set while it is.
    pub(super) fn wait_out(&mut self, id: &DeviceId, payment: PaymentId) {
        let device = self.devices.get(id).filter(|d| counts_by_traces(d));
        if let Some(device) = device {
            let after = device.setup.patience;
            let device = id.clone();
            self.effects.push(Effect::WaitOut {
                device,
                payment,
                after,
            });
        }
    }

    pub(super) fn waited_out(&mut self, id: &DeviceId, payment: PaymentId) {
        if let Some(device) = self.devices.get_mut(id)
            && device.intent().is_some_and(|held| held.id == payment)
        {
            device.waited_out = Some(payment);
            self.inquire(id);
        }
    }

    fn answer_doubt(&mut self, id: &DeviceId) {
        let hold = self.devices.get(id).and_then(|d| d.hold.as_ref());
        if let Some(Hold::Doubt(payment)) = hold {
            let payment = payment.as_ref().clone();
            self.outcome(&payment, None);
        }
    }
}

fn case(device: &Device, payment: &Payment) -> Case {
    let original = device.original.as_deref();
    let counting = match device.recovery() {
        Some(Recovery::LastTransaction(counting)) => counting,
        Some(Recovery::ByReference | Recovery::Person) | None => Counting::default(),
    };
    let (zone, patience) = (&device.setup.zone, device.setup.patience);
    Case::of(payment, original, zone, patience, counting)
}

/// Whether the terminal may still be working on the payment, although its memory is as before.
///
/// A ZVT terminal says that it is busy. One that counts by traces answers from its memory at any time,
/// also while a customer looks for a card: until it must have ended, "nothing newer" proves nothing.
fn may_still_work(device: &Device, case: &Case, payment: PaymentId, answer: &Answer) -> bool {
    let Answer::Stored(stored) = answer else {
        return false;
    };
    let as_before = case.before == Some(stored.mark()) || row(case, answer) == Row::OriginalStands;
    counts_by_traces(device) && as_before && device.waited_out != Some(payment)
}

fn counts_by_traces(device: &Device) -> bool {
    device.recovery() == Some(Recovery::LastTransaction(Counting::Traces))
}

fn decision_word(decision: &Decision) -> &'static str {
    match decision {
        Decision::Approved { .. } => "approved",
        Decision::Declined { .. } => "declined",
        Decision::InDoubt { .. } => "still in doubt",
        Decision::AskAgain { .. } => "ask again",
    }
}

/// What a person sees who has to decide.
pub(super) fn evidence_of(device: &Device) -> Option<Text> {
    device.in_doubt().and(device.evidence.clone())
}
