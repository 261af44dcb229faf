//! What can be written, as data: each [`Write`] stands or falls as a whole.

use jiff::Timestamp;
use payment::{
    ClosingId, DeliveryDecision, DeviceId, DrawerKick, Fact, IdempotencyKey, Intent, KickId,
    Payment, PaymentId, PrinterId, Text, UpstreamId,
    closing::{Closing, DayTotals},
};
use serde::{Deserialize, Serialize};

use crate::delivery::DeliveryState;

/// The number of a print job.
pub type JobId = i64;
/// The number of a slip.
pub type SlipId = i64;

/// One change, whole or not at all. Several share a sync.
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
    /// Moves a print job on, as far as [`JobState::may_become`] allows.
    Job {
        /// Which.
        job: JobId,
        /// Where it stands now.
        state: JobState,
        /// When.
        at: Timestamp,
    },
    /// Hands a job over to another printer. Only one of which certainly nothing was printed.
    MoveJob {
        /// Which.
        job: JobId,
        /// Where it is to be printed now.
        to: PrinterId,
        /// When.
        at: Timestamp,
    },
    /// A person takes back a job. Of one that a printer has begun only the name is kept, and the
    /// printer is to be asked.
    CancelJob {
        /// Which.
        job: JobId,
        /// Who.
        name: Text,
        /// When.
        at: Timestamp,
    },
    /// A person says what became of a job that is unknown or failed.
    ResolveJob {
        /// Which.
        job: JobId,
        /// What.
        outcome: JobOutcome,
        /// Who.
        name: Text,
        /// When.
        at: Timestamp,
    },
    /// Adds a test page.
    TestPage {
        /// Where.
        printer: PrinterId,
        /// When.
        at: Timestamp,
    },
    /// Records that a person opens a cash drawer. What cash opens falls due with its payment.
    Kick {
        /// Its name.
        id: KickId,
        /// At which device.
        device: DeviceId,
        /// Which drawer, and why.
        kick: DrawerKick,
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
    /// The printer whose cash drawer is opened: recorded in the same transaction, so that the pulse
    /// may follow.
    pub drawer: Option<PrinterId>,
}

/// What a write came to.
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
    /// A printer has begun with the job: who called it back is kept, and the printer is to be asked.
    JobBegun,
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
    /// Where it was to be printed, when another printer stands in.
    pub instead_of: Option<PrinterId>,
    /// What kind.
    pub kind: JobKind,
    /// Where it stands.
    pub state: JobState,
    /// Who called it back after a printer had begun with it.
    pub cancel_asked: Option<CancelAsked>,
    /// What a person said became of it.
    pub resolved: Option<Resolved>,
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
    /// The printer's own test page.
    Test,
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
    /// The same for the clinic's records.
    MerchantCopy(u32),
    /// A test page.
    Test,
}

impl JobKind {
    /// Its reprint, which is for the same reader.
    pub(super) fn copied(self, number: u32) -> Self {
        match self {
            Self::Merchant | Self::MerchantCopy(_) => Self::MerchantCopy(number),
            Self::Customer | Self::Administration | Self::Repeated | Self::Copy(_) | Self::Test => {
                Self::Copy(number)
            }
        }
    }
}

/// Where a print job stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum JobState {
    /// Due; no byte was sent.
    Queued,
    /// The printer is asked whether it can print. Found after a crash, nothing was printed.
    Probing,
    /// Bytes may be on their way. Durable before the first byte, so a crash here is `Unknown`.
    Sending,
    /// The printer has taken all bytes, and has not yet said that they are on paper.
    Sent,
    /// The printer says that all of it is on paper. Final.
    Confirmed,
    /// A person took it back before a byte was taken. Final.
    Cancelled {
        /// Who.
        name: Text,
    },
    /// It was given up before a byte was taken; a person may print a copy. Final.
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
            Self::Probing => "probing",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Confirmed => "confirmed",
            Self::Cancelled { .. } => "cancelled",
            Self::Failed { .. } => "failed",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Whether nothing follows.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Queued | Self::Probing | Self::Sending | Self::Sent => false,
            Self::Confirmed
            | Self::Cancelled { .. }
            | Self::Failed { .. }
            | Self::Unknown { .. } => true,
        }
    }

    /// Whether the next state can follow. What was sent whole is never queued again (law 8).
    pub fn may_become(&self, next: &Self) -> bool {
        match self {
            Self::Queued | Self::Probing => !matches!(next, Self::Sent | Self::Confirmed),
            Self::Sending => !matches!(next, Self::Probing),
            Self::Sent => matches!(next, Self::Confirmed | Self::Unknown { .. }),
            Self::Confirmed
            | Self::Cancelled { .. }
            | Self::Failed { .. }
            | Self::Unknown { .. } => false,
        }
    }
}

/// What a person says became of a job that is unknown or failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobOutcome {
    /// It is on paper. Only of what is unknown.
    CameOut,
    /// It is printed once more, and says COPY.
    Copy,
    /// Nobody needs it any more.
    NotNeeded,
}

/// A person called a job back that a printer had begun. What becomes of it, its state says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelAsked {
    /// Who.
    pub name: Text,
    /// When.
    pub at: Timestamp,
}

/// A person's word on a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// What became of it.
    pub outcome: JobOutcome,
    /// Who said it.
    pub name: Text,
    /// When.
    pub at: Timestamp,
    /// The copy's job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<JobId>,
}
