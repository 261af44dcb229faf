//! One operation with money at the terminal: what was asked, what was heard, and how it ends. Pure: it decides,
//! and the session does.

use jiff::Timestamp;
use payment::{Approval, Cancellation, Doubt, DoubtReason, Money, PaymentId, Refusal, Text};

use super::{
    apdu::{Apdu, code},
    codes::result,
    message::{Abort, Authorisation, Refund, Reversal, StatusInformation},
};
use crate::{Mono, terminal::Ending};

/// What is asked of the terminal: sent at most once, ever (law 4).
#[derive(Debug, Clone, Copy)]
pub(super) enum Request {
    /// 06 01.
    Pay {
        /// For which payment.
        payment: PaymentId,
        /// How much.
        money: Money,
    },
    /// 06 30.
    Reverse {
        /// For which payment: not the one that is taken back.
        payment: PaymentId,
        /// How much.
        money: Money,
        /// The receipt number of the one that is taken back.
        receipt: u32,
    },
    /// 06 31.
    Refund {
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
            Self::Pay { payment, .. }
            | Self::Reverse { payment, .. }
            | Self::Refund { payment, .. } => *payment,
        }
    }

    pub(super) fn money(&self) -> Money {
        match self {
            Self::Pay { money, .. } | Self::Reverse { money, .. } | Self::Refund { money, .. } => {
                *money
            }
        }
    }

    pub(super) fn code(&self) -> u16 {
        match self {
            Self::Pay { .. } => code::AUTHORISATION,
            Self::Reverse { .. } => code::REVERSAL,
            Self::Refund { .. } => code::REFUND,
        }
    }

    /// The message; none when the terminal's fields are too short for it.
    pub(super) fn encode(&self, password: [u8; 3]) -> Option<Apdu> {
        match self {
            Self::Pay { money, .. } => Authorisation::new(*money).encode(),
            Self::Reverse { money, receipt, .. } => {
                Reversal::new(password, *receipt, *money).encode()
            }
            Self::Refund { money, .. } => Refund::new(password, *money).encode(),
        }
    }

    /// Whether a record is of another kind than what was asked for, and so approves nothing. The
    /// record of a reversal should name what it reversed, but not every terminal's does.
    fn is_foreign(&self, status: &StatusInformation) -> bool {
        match self {
            Self::Pay { .. } | Self::Refund { .. } => status.reversal || status.has_totals,
            Self::Reverse { .. } => status.has_totals,
        }
    }

    /// When it was wanted.
    pub(super) fn at(&self) -> Timestamp {
        wanted_at(self.payment())
    }
}

/// When a payment was wanted: its name holds the moment (RFC 9562, 5.7).
pub(super) fn wanted_at(payment: PaymentId) -> Timestamp {
    let millis = payment.as_bytes().iter().take(6);
    let millis = millis.fold(0, |sum: i64, byte| sum << 8 | i64::from(*byte));
    Timestamp::from_millisecond(millis).unwrap_or_default()
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
        if self.request.is_foreign(status) {
            return Verdict::Accept;
        }
        let asked = self.request.money();
        let approval = status.approval(asked.currency(), Some(self.request.at()));
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
        let said = self.refusal.as_ref().and_then(|(_, text)| text.as_ref());
        refused(self.code(abort), said)
    }

    /// Why it ended badly; zero when the terminal does not say it.
    pub(super) fn code(&self, abort: &Abort) -> u8 {
        let heard = self.refusal.as_ref().map(|(code, _)| *code);
        abort
            .result
            .filter(|code| *code != 0)
            .or(heard)
            .unwrap_or(0)
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

/// What the terminal was never asked for.
pub(super) fn not_asked(why: &str) -> Ending {
    Ending::Cancelled(Cancellation {
        code: None,
        text: Text::new(why),
    })
}
