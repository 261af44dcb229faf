//! The words that all card terminals share, whatever their protocol.
//!
//! One terminal runs one operation at a time. An operation begins with a [`Command`] and ends with
//! exactly one [`Event::Ended`] that names the same payment.

use payment::{Approval, Cancellation, Doubt, Money, PaymentId, Refusal, Text};
use serde::{Deserialize, Serialize};

pub mod zvt;

/// What can be asked of a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Take this amount. Sent to the device at most once, ever (law 4).
    Pay {
        /// For which payment.
        payment: PaymentId,
        /// How much.
        money: Money,
    },
    /// Try to end the running payment. A wish: the terminal's own end decides.
    Abort {
        /// Which payment.
        payment: PaymentId,
    },
}

/// An approval that must be durable before the terminal hears an acknowledgement (law 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// Which payment.
    pub payment: PaymentId,
    /// What the terminal said of it.
    pub approval: Approval,
}

/// What a terminal tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It is there, knows us, and would take a payment.
    Ready {
        /// The terminal's ID (TID), when it told it.
        terminal_id: Option<Text>,
    },
    /// It would not take a payment now.
    NotReady {
        /// Why, and what to do, as a sentence for the desk.
        reason: Text,
    },
    /// The running payment came a step further.
    Progress {
        /// Which payment.
        payment: PaymentId,
        /// The protocol's own code, such as `zvt:0A`.
        code: Text,
        /// What the terminal shows, or the desk should know.
        text: Text,
    },
    /// A receipt that the terminal wants printed.
    Receipt {
        /// Which payment, if one is running.
        payment: Option<PaymentId>,
        /// What to print.
        slip: Slip,
    },
    /// The operation is over.
    Ended {
        /// Which payment.
        payment: PaymentId,
        /// How.
        ending: Ending,
    },
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The approval that was stored stands, and nothing can be reversed any more.
    Completed,
    /// No money was taken, says the terminal or the issuer.
    Declined(Refusal),
    /// It ended before money could be taken; also when the request never left.
    Cancelled(Cancellation),
    /// Nobody can tell whether money was taken.
    Doubted(Doubt),
}

/// For whom a terminal's receipt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlipCopy {
    /// For the merchant's records.
    Merchant,
    /// For the cardholder.
    Customer,
    /// Not about a payment: end of day, diagnosis.
    Administration,
}

/// A receipt composed by the terminal, to be printed line by line as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slip {
    /// For whom.
    pub copy: SlipCopy,
    /// Its lines.
    pub lines: Vec<SlipLine>,
}

/// A line of a terminal's receipt.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SlipLine {
    /// The text, without control characters and with card numbers masked.
    pub text: Text,
    /// In the middle of the paper.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub centred: bool,
    /// Twice as wide.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wide: bool,
    /// Twice as high.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub high: bool,
}
