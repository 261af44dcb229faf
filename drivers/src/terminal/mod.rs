//! The words that all card terminals share, whatever their protocol.
//!
//! One terminal runs one operation at a time. An operation begins with a [`Command`] and ends with
//! exactly one [`Event::Ended`] that names the same payment.

use payment::{
    Approval, Cancellation, Doubt, Money, PaymentId, Purpose, Refusal, Stored, Text,
    closing::DayTotals,
};

mod abilities;
pub mod adyen;
pub mod caisse_ap;
pub mod concert;
pub mod ecr17;
mod family;
mod request;
pub mod skeleton;
mod table;
mod upkeep;
pub mod zvt;

pub use abilities::{Abilities, Named, Recovery, Refunds, Reversals};
pub use family::{Driver, Evidence, Family, Maturity, Reach};
pub use payment::receipt::{Slip, SlipCopy, SlipLine};
pub use table::{FAMILIES, driver, family};
pub use upkeep::{Chore, LineStatistics};

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
    /// Take a payment back whole. Sent at most once, ever.
    Reverse {
        /// For which payment: the new one that names the first.
        payment: PaymentId,
        /// How much.
        money: Money,
        /// The approval of the first.
        original: Box<Approval>,
    },
    /// Give this amount back. Sent at most once, ever.
    Refund {
        /// For which payment: the new one that names the first.
        payment: PaymentId,
        /// How much.
        money: Money,
        /// The approval of the first, where the terminal gave one.
        original: Option<Box<Approval>>,
    },
    /// Say what the last stored transaction is. Changes nothing, and may be asked again. For
    /// terminals that recover by [`Recovery::LastTransaction`].
    LastTransaction,
    /// Say what became of a payment that was asked for. Changes nothing, and may be asked again.
    /// For terminals that recover by [`Recovery::ByReference`].
    Query {
        /// Which payment.
        payment: PaymentId,
        /// What was asked.
        purpose: Purpose,
        /// How much.
        money: Money,
    },
    /// End the terminal's day. May be asked again: a day without payments ends empty.
    EndOfDay,
    /// Something for whoever looks after the terminal.
    Service(Service),
    /// Try to end the running payment. A wish: the terminal's own end decides.
    Abort {
        /// Which payment.
        payment: PaymentId,
    },
}

impl Command {
    /// Which payment it is about.
    fn payment(&self) -> Option<PaymentId> {
        match self {
            Self::Pay { payment, .. }
            | Self::Reverse { payment, .. }
            | Self::Refund { payment, .. }
            | Self::Query { payment, .. }
            | Self::Abort { payment } => Some(*payment),
            Self::LastTransaction | Self::EndOfDay | Self::Service(_) => None,
        }
    }
}

/// What else a terminal can do; none of it moves a patient's money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    /// Call the host and fetch what is new.
    Diagnosis,
    /// Set the terminal up anew.
    Initialisation,
    /// Show a text on the terminal.
    DisplayText(Text),
    /// Set the terminal's clock.
    SetClock(jiff::civil::DateTime),
    /// Print the last receipt again, at the terminal or here.
    RepeatReceipt,
    /// End the registration.
    LogOff,
}

/// What must be durable before a terminal hears an acknowledgement (law 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The running payment was approved.
    Approved(Approved),
    /// An approval came that belongs to no running operation: left over from an earlier one. It
    /// may settle a doubt; if it is not kept, it is refused and the terminal takes it back.
    LeftOver(Stored),
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
    /// The answer to [`Command::LastTransaction`].
    LastTransaction(LastTransaction),
    /// The answer to [`Command::Query`].
    Queried {
        /// Which payment.
        payment: PaymentId,
        /// What the terminal knows of it.
        answer: Queried,
    },
    /// The answer to [`Command::EndOfDay`].
    DayEnded(DayEnd),
    /// The answer to [`Command::Service`]: what became of it, as a sentence for the desk.
    Served(Result<Text, Refusal>),
    /// It wants something done. Until then it may refuse payments.
    Wants(Chore),
    /// How well its line works, when that has changed; at most once a second.
    Line(LineStatistics),
    /// The operation is over.
    Ended {
        /// Which payment.
        payment: PaymentId,
        /// How.
        ending: Ending,
    },
}

/// What a terminal says of its last stored transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LastTransaction {
    /// This is it.
    Stored(Box<Stored>),
    /// It has nothing stored.
    Nothing,
    /// It is busy or in maintenance: ask again later.
    Busy(Text),
    /// It did not answer, or not understandably: ask again later.
    NoAnswer(Text),
    /// It cannot tell.
    Unsupported(Text),
}

/// What a terminal says of the payment that our reference names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Queried {
    /// It was approved.
    Approved(Box<Approval>),
    /// It was refused, or ended before money could be taken.
    Refused(Refusal),
    /// It is not over yet: ask again later.
    Running(Text),
    /// The terminal knows nothing of it, and so was never asked.
    Unknown {
        /// The ID of the terminal that says so.
        terminal_id: Option<Text>,
    },
    /// It did not answer, or not understandably: ask again later.
    NoAnswer(Text),
}

/// How the end of a terminal's day went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DayEnd {
    /// It is done; the totals as far as the terminal told them.
    Done(DayTotals),
    /// The terminal refused; nothing was closed.
    Refused(Refusal),
    /// Whether it was done is not known; it may be asked again.
    Unknown(Text),
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
