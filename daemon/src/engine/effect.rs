//! What comes into the engine and what goes out, as data.

use std::time::Duration;

use drivers::terminal;
use payment::{
    DeviceId, IdempotencyKey, Intent, Payment, PaymentId, PrinterId, Settlement, Text,
    closing::{Closing, ClosingIntent},
};
use sync::queue::{Urgency, Write, WriteError, Written};

use super::desk::DeviceView;
use crate::{printing::PrinterView, problem::Problem};

/// Names somebody who waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReplyTo(pub u64);

/// Names a write or a look-up whose result will come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket(pub u64);

/// What somebody gets to hear.
pub type Answer = Result<Taken, Problem>;

/// A payment that was begun, now or before.
#[derive(Debug, Clone, PartialEq)]
pub enum Taken {
    /// It goes its way; the outcome comes later.
    Accepted(Payment),
    /// This is how it ended, or that it is in doubt.
    Ended(Payment),
    /// It was begun before, by the same key: this is where it stands.
    Repeat(Payment),
    /// A terminal's day was closed, or not.
    Closing(Box<Closing>),
    /// A service was done: what became of it, as a sentence.
    Served(Text),
}

/// A service that somebody wants of a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceWish {
    /// Call the host and fetch what is new.
    Diagnosis,
    /// Set the terminal up anew.
    Initialisation,
    /// Show a text on the terminal.
    DisplayText(Text),
    /// Set the terminal's clock to the time at the desk.
    SetClock,
    /// Print the last receipt again.
    RepeatReceipt,
    /// End the registration; it is made anew.
    LogOff,
}

/// What happens.
#[derive(Debug)]
pub enum Event {
    /// Somebody wants a payment.
    Pay {
        /// What they want.
        intent: Box<Intent>,
        /// The payment that it names, for a cancel or a refund.
        original: Option<Box<Payment>>,
        /// Who they are.
        reply: ReplyTo,
        /// Whether they wait for the outcome.
        wait: bool,
    },
    /// Somebody wants the running payment to end.
    Abort {
        /// Which payment.
        payment: PaymentId,
        /// Who they are.
        reply: ReplyTo,
    },
    /// A person settles a doubt.
    Resolve {
        /// Which payment.
        payment: PaymentId,
        /// How, by whom and why.
        settlement: Settlement,
        /// Who they are.
        reply: ReplyTo,
    },
    /// Somebody wants a terminal's day to be closed.
    Close {
        /// What they want.
        intent: Box<ClosingIntent>,
        /// Who they are.
        reply: ReplyTo,
    },
    /// Somebody wants a service of a terminal.
    Serve {
        /// Which device's.
        device: DeviceId,
        /// What they want.
        wish: ServiceWish,
        /// Who they are.
        reply: ReplyTo,
    },
    /// The while of an [`Effect::Wake`] has passed.
    Wake(DeviceId),
    /// The time of an [`Effect::WaitOut`] has passed.
    WaitedOut {
        /// At which device.
        device: DeviceId,
        /// The payment that the terminal has ended, one way or the other.
        payment: PaymentId,
    },
    /// A write is durable, or failed.
    Written {
        /// Which.
        ticket: Ticket,
        /// What it came to.
        result: Box<Result<Written, WriteError>>,
    },
    /// The answer to a look-up.
    Found {
        /// Which.
        ticket: Ticket,
        /// The payment of that key, if there is one; or why nobody knows.
        found: Result<Option<Box<Payment>>, Problem>,
    },
    /// A terminal tells something.
    Terminal {
        /// Which.
        device: DeviceId,
        /// What.
        event: terminal::Event,
    },
    /// A terminal approved, and waits for the acknowledgement.
    Store {
        /// Which.
        device: DeviceId,
        /// What.
        fact: terminal::Fact,
    },
    /// A terminal's link is gone, or cannot be opened.
    LinkLost {
        /// Which.
        device: DeviceId,
        /// Why, and what to do, as a sentence for the desk.
        reason: Text,
    },
}

/// What is to be done.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Write, and say [`Event::Written`].
    Write {
        /// To be named in the answer.
        ticket: Ticket,
        /// What.
        write: Box<Write>,
        /// How soon.
        urgency: Urgency,
    },
    /// Look a key up, and say [`Event::Found`].
    LookUp {
        /// To be named in the answer.
        ticket: Ticket,
        /// Which key.
        key: IdempotencyKey,
    },
    /// Ask a terminal.
    Command {
        /// Which.
        device: DeviceId,
        /// What.
        command: terminal::Command,
    },
    /// Tell a terminal's driver what became of its approval.
    Stored {
        /// Which.
        device: DeviceId,
        /// Whether it is durable.
        kept: bool,
    },
    /// Answer somebody.
    Reply {
        /// Whom.
        to: ReplyTo,
        /// What.
        answer: Box<Answer>,
    },
    /// Say [`Event::Wake`] after a while.
    Wake {
        /// For which device.
        device: DeviceId,
        /// How long.
        after: Duration,
    },
    /// Say [`Event::WaitedOut`] after a while, by a clock that nobody sets.
    WaitOut {
        /// At which device.
        device: DeviceId,
        /// Which payment the terminal works on.
        payment: PaymentId,
        /// How long it may.
        after: Duration,
    },
    /// Tell everybody who watches.
    Publish(Notice),
    /// Receipts or deliveries may have fallen due.
    WorkDue,
    /// Open the cash drawer of this printer: why is durable.
    OpenDrawer(PrinterId),
}

/// What watchers are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The journal has grown; watchers read it from where they stand.
    Journal,
    /// A running payment came a step further. Not kept.
    Progress {
        /// Where.
        device: DeviceId,
        /// Which.
        payment: PaymentId,
        /// The protocol's own code.
        code: Text,
        /// What the terminal shows.
        text: Text,
    },
    /// A device's state changed. Not kept.
    Device(Box<DeviceView>),
    /// A printer's state changed. Not kept.
    Printer(Box<PrinterView>),
}
