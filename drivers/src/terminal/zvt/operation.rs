//! One operation at the terminal: what was asked, what was heard, and how it ends. Pure: it decides,
//! and the session does.

use jiff::Timestamp;
use payment::{Approval, Cancellation, Doubt, DoubtReason, Money, PaymentId, Refusal, Text};

use super::{
    apdu::Apdu,
    codes::result,
    message::{Abort, Authorisation, StatusInformation},
};
use crate::{Mono, terminal::Ending};

/// What is asked of the terminal. A further operation is a further variant.
#[derive(Debug, Clone, Copy)]
pub(super) enum Request {
    /// 06 01.
    Pay {
        /// For which payment.
        payment: PaymentId,
        /// How much.
        money: Money,
    },
}

/// How far the operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The request left; its answer is awaited (T3).
    Asked,
    /// The terminal took the request and works (T4).
    Running,
    /// The terminal approved; the approval is on its way to the disk.
    Storing,
}

/// A running operation.
pub(super) struct Operation {
    pub(super) request: Request,
    pub(super) stage: Stage,
    /// None while the disk is awaited.
    pub(super) deadline: Option<Mono>,
    /// The desk wants it to end.
    pub(super) abort_wanted: bool,
    /// What the terminal approved; acknowledged unless the stage is [`Stage::Storing`].
    pub(super) approval: Option<Approval>,
    /// Whether the terminal showed that it has our acknowledgement.
    pub(super) acknowledgement_seen: bool,
    refusal: Option<(u8, Option<Text>)>,
    /// What could not be understood before this operation.
    pub(super) garbage_before: u64,
    pub(super) garbage: bool,
    /// 06 B0 was sent; it is not sent again.
    pub(super) stop_sent: bool,
    /// The result that is being stored; it may come again meanwhile.
    pub(super) storing: Option<u64>,
    /// What came while the disk was awaited. It is answered afterwards: an answer now could be
    /// taken for the acknowledgement of the approval (law 2).
    pub(super) held: Vec<Apdu>,
}

/// What to do with a result of the terminal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Acknowledge it.
    Accept,
    /// Make the approval durable, then acknowledge it.
    Store(Approval),
    /// Refuse it, so that the terminal reverses, and end.
    Refuse(Doubt),
}

impl Request {
    pub(super) fn payment(&self) -> PaymentId {
        match self {
            Self::Pay { payment, .. } => *payment,
        }
    }

    pub(super) fn money(&self) -> Money {
        match self {
            Self::Pay { money, .. } => *money,
        }
    }

    pub(super) fn encode(&self) -> Option<Apdu> {
        match self {
            Self::Pay { money, .. } => Authorisation::new(*money).encode(),
        }
    }

    /// When it was wanted: the name of a payment holds the moment (RFC 9562, 5.7).
    fn at(&self) -> Timestamp {
        let bytes = self.payment();
        let millis = bytes.as_bytes().iter().take(6);
        let millis = millis.fold(0, |sum: i64, byte| sum << 8 | i64::from(*byte));
        Timestamp::from_millisecond(millis).unwrap_or_default()
    }
}

impl Operation {
    pub(super) fn new(request: Request, deadline: Mono, garbage_before: u64) -> Self {
        Self {
            request,
            stage: Stage::Asked,
            deadline: Some(deadline),
            abort_wanted: false,
            approval: None,
            acknowledgement_seen: false,
            refusal: None,
            garbage_before,
            garbage: false,
            stop_sent: false,
            storing: None,
            held: Vec::new(),
        }
    }

    /// Judges a result of the terminal (04 0F).
    pub(super) fn judge(&mut self, status: &StatusInformation) -> Verdict {
        let Some(code) = status.result else {
            return Verdict::Refuse(self.doubt(
                DoubtReason::Garbage,
                "The terminal sent a result that cannot be read.",
            ));
        };
        if !status.is_approval() {
            self.refusal = Some((code, status.text.clone()));
            return Verdict::Accept;
        }
        // The record of a reversal or of an end of day is no approval of a payment.
        if status.original_trace.is_some() || status.totals.is_some() {
            return Verdict::Accept;
        }
        let asked = self.request.money();
        let approval = status.approval(asked.currency(), self.request.at());
        let other_amount = status.amount.is_some() && approval.money != Some(asked);
        let other_currency = status
            .currency
            .is_some_and(|c| c != asked.currency().numeric());
        if other_amount || other_currency {
            return Verdict::Refuse(self.other_amount(approval));
        }
        match &self.approval {
            None => {
                self.approval = Some(approval.clone());
                self.refusal = None;
                Verdict::Store(approval)
            }
            Some(first) if *first == approval => Verdict::Accept,
            Some(_) => Verdict::Refuse(self.doubt(
                DoubtReason::Contradiction,
                "The terminal approved twice, with different records.",
            )),
        }
    }

    /// How it ends when the terminal says that it ended well (06 0F).
    pub(super) fn completed(&self) -> Ending {
        let contradiction = |text| Ending::Doubted(self.doubt(DoubtReason::Contradiction, text));
        match (&self.approval, &self.refusal) {
            (Some(_), None) => Ending::Completed,
            (Some(_), Some(_)) => {
                contradiction("The terminal approved, then declined, and ended well.")
            }
            (None, _) => contradiction("The terminal ended well without an approval."),
        }
    }

    /// How it ends when the terminal says that it ended badly (06 1E).
    pub(super) fn aborted(&self, abort: &Abort) -> Ending {
        if self.approval.is_some() {
            return Ending::Doubted(self.doubt(
                DoubtReason::Contradiction,
                "The terminal approved, and then ended the payment as failed.",
            ));
        }
        let heard = self.refusal.as_ref();
        let code = abort
            .result
            .filter(|code| *code != 0)
            .or(heard.map(|(code, _)| *code));
        refused(code.unwrap_or(0), heard.and_then(|(_, text)| text.as_ref()))
    }

    /// How it ends when nothing more can be heard of it.
    pub(super) fn lost(&self, reason: DoubtReason, delivered: bool, print_here: bool) -> Ending {
        let acknowledged = self.approval.is_some() && self.stage != Stage::Storing;
        let known = self.acknowledgement_seen || delivered;
        // Once the terminal has our acknowledgement, and prints are not ours to acknowledge, the
        // payment stands (PA00P015, 2.2.8).
        if acknowledged && known && !print_here && self.refusal.is_none() {
            return Ending::Completed;
        }
        let (reason, text) = match reason {
            _ if self.garbage => (
                DoubtReason::Garbage,
                "The terminal's answers cannot be understood.",
            ),
            DoubtReason::LinkLost => (reason, "The connection to the terminal broke."),
            _ => (reason, "The terminal stopped answering."),
        };
        Ending::Doubted(self.doubt(reason, text))
    }

    pub(super) fn doubt(&self, reason: DoubtReason, text: &str) -> Doubt {
        Doubt {
            reason,
            text: Text::new(text),
            approval: self.approval.clone(),
            other_amount: None,
        }
    }

    fn other_amount(&self, approval: Approval) -> Doubt {
        let asked = self.request.money();
        let named = approval.money.map_or_else(
            || "an amount that cannot be read".to_owned(),
            |money| money.to_string(),
        );
        Doubt {
            reason: DoubtReason::OtherAmount,
            text: Text::new(&format!(
                "The terminal approved {named} instead of {asked}; it was told to reverse."
            )),
            other_amount: approval.money,
            approval: Some(approval),
        }
    }
}

/// A refusal by the terminal, with its own words if it gave any.
pub(super) fn refused(code: u8, said: Option<&Text>) -> Ending {
    let meaning = result::meaning(code);
    let text = match said {
        Some(said) => format!("{said}. {}", meaning.next.english()),
        None => meaning.sentence(),
    };
    let text = Text::new(text.trim_end());
    let cancelled = result::is_cancellation(code);
    let code = Some(Text::new(&format!("zvt:{code:02X}")));
    if cancelled {
        Ending::Cancelled(Cancellation { code, text })
    } else {
        Ending::Declined(Refusal { code, text })
    }
}

/// A payment that the terminal was never asked for.
pub(super) fn not_asked(why: &str) -> Ending {
    Ending::Cancelled(Cancellation {
        code: None,
        text: Text::new(why),
    })
}
