//! One device: what it can do, whether its terminal is there, and what holds it.

use std::time::Duration;

use drivers::terminal::{Abilities, LineStatistics, Recovery};
use jiff::tz::TimeZone;
use payment::{
    ClosingId, Currency, DeviceId, Intent, Mark, Method, Payment, PaymentId, PrinterId, State,
    Stored, StoredKind, Text,
};

use super::{chores::Chores, service::Serving};
use crate::problem::Problem;

/// What the configuration says of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// Its name.
    pub id: DeviceId,
    /// The one currency it takes.
    pub currency: Currency,
    /// Where its receipts come out.
    pub printer: Option<PrinterId>,
    /// Whether each payment has a receipt for the clinic's files too.
    pub merchant_copy: bool,
    /// Whether a cash drawer hangs on that printer.
    pub drawer: bool,
    /// What its card terminal can do, if it has one.
    pub terminal: Option<Abilities>,
    /// How long the terminal may work on one payment (ZVT: T4).
    pub patience: Duration,
    /// The time zone of the clocks at the desk.
    pub zone: TimeZone,
}

/// A device as the engine sees it.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) setup: Setup,
    pub(super) link: Link,
    pub(super) terminal_id: Option<Text>,
    /// What the terminal shows.
    pub(super) progress: Option<(Text, Text)>,
    /// The payment that keeps the terminal from taking another.
    pub(super) hold: Option<Hold>,
    /// The payment that a running cancel or refund names.
    pub(super) original: Option<Box<Payment>>,
    /// What the terminal holds as its last transaction, as far as is known.
    pub(super) mark: Option<Mark>,
    /// Whether the terminal was asked for it since it last may have changed unseen.
    pub(super) inquired: bool,
    /// Whether the terminal is being asked for it now.
    pub(super) asking: bool,
    /// The last payment that the terminal can no longer be working on, because its time is over.
    pub(super) waited_out: Option<PaymentId>,
    /// Why the terminal's answer did not settle the doubt.
    pub(super) evidence: Option<Text>,
    /// What the terminal wants done.
    pub(super) chores: Chores,
    /// How well its line works, if it has one. In memory only.
    pub(super) line: Option<LineStatistics>,
}

/// Whether the terminal could be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Link {
    Ready,
    NotReady(Text),
}

/// What holds a terminal: one thing at a time.
#[derive(Debug)]
pub(super) enum Hold {
    /// Its intent is being written.
    Beginning(Box<Intent>),
    /// The terminal was asked.
    Running(Box<Payment>),
    /// The terminal's operation is over; its outcome is being written.
    Ending(Box<Payment>),
    /// Its outcome is unknown.
    Doubt(Box<Payment>),
    /// Its day is being closed.
    Closing(ClosingId),
    /// It was asked for a service.
    Serving(Serving),
}

impl Device {
    pub(super) fn new(setup: Setup) -> Self {
        let link = Link::NotReady("The terminal has not answered yet. Check that it is on.".into());
        Self {
            setup,
            link,
            terminal_id: None,
            progress: None,
            hold: None,
            original: None,
            mark: None,
            inquired: false,
            asking: false,
            waited_out: None,
            evidence: None,
            chores: Chores::default(),
            line: None,
        }
    }

    /// The printer that opens the drawer for cash.
    pub(super) fn drawer_for(&self, method: Method) -> Option<&PrinterId> {
        let opens = self.setup.drawer && method == Method::Cash;
        self.setup.printer.as_ref().filter(|_| opens)
    }

    /// What keeps the terminal from being asked for anything else.
    pub(super) fn occupied(&self) -> Option<Problem> {
        let device = self.setup.id.clone();
        Some(match self.hold.as_ref()? {
            Hold::Beginning(intent) => Problem::DeviceBusy {
                device,
                payment: intent.id,
            },
            Hold::Running(payment) | Hold::Ending(payment) => Problem::DeviceBusy {
                device,
                payment: payment.intent.id,
            },
            Hold::Doubt(payment) => Problem::DeviceInDoubt {
                device,
                payment: payment.intent.id,
            },
            Hold::Closing(_) => Problem::Closing(device),
            Hold::Serving(_) => Problem::Serving(device),
        })
    }

    pub(super) fn holds(&self, payment: PaymentId) -> bool {
        self.holder() == Some(payment)
    }

    pub(super) fn holder(&self) -> Option<PaymentId> {
        self.intent().map(|intent| intent.id)
    }

    pub(super) fn in_doubt(&self) -> Option<PaymentId> {
        match &self.hold {
            Some(Hold::Doubt(payment)) => Some(payment.intent.id),
            Some(
                Hold::Beginning(_)
                | Hold::Running(_)
                | Hold::Ending(_)
                | Hold::Closing(_)
                | Hold::Serving(_),
            )
            | None => None,
        }
    }

    pub(super) fn is_running(&self) -> bool {
        match &self.hold {
            Some(
                Hold::Beginning(_)
                | Hold::Running(_)
                | Hold::Ending(_)
                | Hold::Closing(_)
                | Hold::Serving(_),
            ) => true,
            Some(Hold::Doubt(_)) | None => false,
        }
    }

    /// How doubt about its payments is settled.
    pub(super) fn recovery(&self) -> Option<Recovery> {
        self.setup.terminal.map(|abilities| abilities.recovery)
    }

    /// Nothing holds the terminal any more.
    pub(super) fn free(&mut self) {
        self.hold = None;
        self.original = None;
        self.evidence = None;
        self.progress = None;
    }

    /// What the terminal holds after this payment, if the payment says it.
    pub(super) fn remember(&mut self, payment: &Payment) {
        if !matches!(self.recovery(), Some(Recovery::LastTransaction(_))) {
            return;
        }
        let approval = payment.approval.as_ref().filter(|approval| {
            payment.intent.purpose.is_sale()
                && (approval.terminal_receipt.is_some() || approval.trace.is_some())
        });
        self.inquired = approval.is_some();
        self.mark = approval.map(|approval| {
            let approval = approval.clone();
            Stored {
                kind: StoredKind::Payment,
                approval,
            }
            .mark()
        });
    }

    /// Whether the terminal works on this payment and has not ended it yet.
    pub(super) fn is_working_on(&self, payment: PaymentId) -> bool {
        matches!(&self.hold, Some(Hold::Running(running)) if running.intent.id == payment)
    }

    /// The payment as everybody sees it: `at_terminal` from the moment the terminal is asked.
    pub(super) fn payment(&self) -> Option<Payment> {
        match &self.hold {
            Some(Hold::Running(payment) | Hold::Ending(payment)) => {
                let mut payment = payment.as_ref().clone();
                payment.state = State::AtTerminal;
                Some(payment)
            }
            Some(Hold::Doubt(payment)) => Some(payment.as_ref().clone()),
            Some(Hold::Beginning(_) | Hold::Closing(_) | Hold::Serving(_)) | None => None,
        }
    }

    /// What was wanted by the payment that holds the device.
    pub(super) fn intent(&self) -> Option<&Intent> {
        match self.hold.as_ref()? {
            Hold::Beginning(intent) => Some(intent.as_ref()),
            Hold::Running(payment) | Hold::Ending(payment) | Hold::Doubt(payment) => {
                Some(&payment.intent)
            }
            Hold::Closing(_) | Hold::Serving(_) => None,
        }
    }
}
