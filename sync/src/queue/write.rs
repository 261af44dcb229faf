//! What can be written, as data: each [`Write`] is one transaction.

use jiff::Timestamp;
use payment::{
    ClosingId, DeliveryDecision, DeviceId, Fact, IdempotencyKey, Intent, Payment, PaymentId,
    PrinterId, Text, UpstreamId,
    closing::{Closing, DayTotals},
};
use serde::{Deserialize, Serialize};

use crate::delivery::DeliveryState;

/// The number of a print job.
pub type JobId = i64;
/// The number of a slip.
pub type SlipId = i64;

/// One transaction.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Begins a payment, unless its key was used before: then nothing is written, and the answer
    /// is the payment of that key. A cancel or refund must keep the rules of
    /// [`payment::may_return`], which are checked in the same transaction.
    Begin {
        /// What is wanted.
        intent: Intent,
        /// Facts that are known at once; `Recorded` for methods without a terminal.
        then: Vec<Fact>,
        /// What falls due with them.
        due: Due,
    },
    /// Adds a fact to a payment.
    Add {
        /// To which.
        payment: PaymentId,
        /// What happened.
        fact: Fact,
        /// When.
        at: Timestamp,
        /// What falls due with it.
        due: Due,
    },
    /// Keeps a receipt that a terminal composed, as JSON: for the payment's print jobs, or, if it
    /// belongs to no payment, to be printed by itself.
    Slip {
        /// For which payment; none for reports.
        payment: Option<PaymentId>,
        /// Which device's terminal composed it.
        device: DeviceId,
        /// The slip, serialized.
        body: String,
        /// A job that falls due with it. Without a payment it prints just this slip.
        job: Option<(PrinterId, JobKind)>,
        /// When.
        at: Timestamp,
    },
    /// Adds a copy of an approved payment's receipt, with the next number; or nothing while one
    /// waits to be printed, so that a second press of the button prints no second copy.
    Copy {
        /// Of what.
        payment: PaymentId,
        /// Where.
        printer: PrinterId,
        /// When.
        at: Timestamp,
    },
    /// Moves a print job on.
    Job {
        /// Which.
        job: JobId,
        /// Where it stands now.
        state: JobState,
        /// When.
        at: Timestamp,
    },
    /// Moves a delivery on.
    Delivery {
        /// Which payment.
        payment: PaymentId,
        /// To whom.
        upstream: UpstreamId,
        /// Where it stands now.
        state: DeliveryState,
        /// How often the request was sent, the running one included.
        attempts: u32,
        /// How often a person had sent it elsewhere when the request was made.
        redirects: u32,
        /// When.
        at: Timestamp,
    },
    /// Keeps a person's decision about a delivery, and carries it out.
    Decide {
        /// Of which payment.
        payment: PaymentId,
        /// What, who and why.
        decision: DeliveryDecision,
        /// When.
        at: Timestamp,
    },
    /// Begins the end of a terminal's day, unless its key was used before or one is running on the
    /// device: then nothing is written, and the answer is that one.
    BeginClose {
        /// Its id.
        id: ClosingId,
        /// The name of the intention.
        key: IdempotencyKey,
        /// Which device's terminal.
        device: DeviceId,
        /// When it was wanted.
        at: Timestamp,
    },
    /// Ends it; totals are compared with the journal's in the same transaction.
    EndClose {
        /// Which.
        id: ClosingId,
        /// How.
        outcome: CloseOutcome,
        /// When.
        at: Timestamp,
    },
}

/// How the end of a terminal's day went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloseOutcome {
    /// It is done; the totals as far as the terminal told them.
    Closed(DayTotals),
    /// The terminal refused, and says why; nothing was closed.
    Refused(Text),
    /// Whether it was done is not known, and why.
    Unknown(Text),
}

/// What falls due with a fact, in the same transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// Upstreams that must get the payment.
    pub upstreams: Vec<UpstreamId>,
    /// Receipts that must be printed.
    pub jobs: Vec<(PrinterId, JobKind)>,
}

/// What a transaction came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// The payment as it stands now.
    Payment(Payment),
    /// The key was used before for the same thing: this is its payment, as it stands.
    Repeat(Payment),
    /// The key was used before for something else: this is that payment (law 5).
    OtherContent(Payment),
    /// The day end as it stands now.
    Closing(Closing),
    /// The key was used before, or a day end is running on the device: this is it, as it stands.
    ClosingRepeat(Closing),
    /// The key was used before for another device: this is that day end (law 5).
    ClosingElsewhere(Closing),
    /// A job was added, or is there already.
    Job(JobId),
    /// Done, with nothing to tell.
    Done,
}

/// How soon a write must be durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// With the next sync.
    Now,
    /// With the next sync that something else needs, or after a second: nobody waits for it.
    Lazy,
}

/// A receipt to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// What to print.
    pub what: Printed,
    /// Where.
    pub printer: PrinterId,
    /// What kind.
    pub kind: JobKind,
    /// Where it stands.
    pub state: JobState,
    /// When it fell due.
    pub at: Timestamp,
}

/// What a job prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Printed {
    /// A receipt of this payment.
    Payment(PaymentId),
    /// A terminal's slip that belongs to no payment.
    Slip(SlipId),
}

/// What kind of receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// For the patient.
    Customer,
    /// For the clinic's records.
    Merchant,
    /// A terminal's report, such as its end of day.
    Administration,
    /// A receipt that the terminal repeated because a person asked for it; says COPY.
    Repeated,
    /// A reprint, which says COPY and its number, counted from one.
    Copy(u32),
}

/// Where a print job stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum JobState {
    /// Due; no byte was sent.
    Queued,
    /// Bytes may be on their way. Durable before the first byte, so a crash here is `Unknown`.
    Sending,
    /// The printer says that all of it is on paper. Final.
    Confirmed,
    /// It was given up before a byte was taken. Final.
    Failed {
        /// Why, as a sentence.
        reason: Text,
    },
    /// Some or all may be on paper; a person looks (law 8). Final.
    Unknown {
        /// Why, as a sentence.
        reason: Text,
    },
}

impl JobState {
    /// The word used in the API and the database.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Confirmed => "confirmed",
            Self::Failed { .. } => "failed",
            Self::Unknown { .. } => "unknown",
        }
    }
}
