//! One device: what it can do, whether its terminal is there, and what holds it.

use payment::{Currency, DeviceId, Intent, Payment, PaymentId, PrinterId, State, Text};

/// What the configuration says of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// Its name.
    pub id: DeviceId,
    /// The one currency it takes.
    pub currency: Currency,
    /// Where its receipts come out.
    pub printer: Option<PrinterId>,
    /// Whether it has a card terminal.
    pub terminal: bool,
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
}

/// Whether the terminal could be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Link {
    Ready,
    NotReady(Text),
}

/// What holds a terminal: at most one payment at a time.
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
        }
    }

    pub(super) fn holds(&self, payment: PaymentId) -> bool {
        self.holder() == Some(payment)
    }

    pub(super) fn holder(&self) -> Option<PaymentId> {
        self.hold.as_ref().map(|hold| match hold {
            Hold::Beginning(intent) => intent.id,
            Hold::Running(payment) | Hold::Ending(payment) | Hold::Doubt(payment) => {
                payment.intent.id
            }
        })
    }

    pub(super) fn in_doubt(&self) -> Option<PaymentId> {
        match &self.hold {
            Some(Hold::Doubt(payment)) => Some(payment.intent.id),
            Some(Hold::Beginning(_) | Hold::Running(_) | Hold::Ending(_)) | None => None,
        }
    }

    pub(super) fn is_running(&self) -> bool {
        match &self.hold {
            Some(Hold::Beginning(_) | Hold::Running(_) | Hold::Ending(_)) => true,
            Some(Hold::Doubt(_)) | None => false,
        }
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
            Some(Hold::Beginning(_)) | None => None,
        }
    }

    /// What was wanted by whatever holds the device.
    pub(super) fn intent(&self) -> Option<&Intent> {
        self.hold.as_ref().map(|hold| match hold {
            Hold::Beginning(intent) => intent.as_ref(),
            Hold::Running(payment) | Hold::Ending(payment) | Hold::Doubt(payment) => {
                &payment.intent
            }
        })
    }
}
