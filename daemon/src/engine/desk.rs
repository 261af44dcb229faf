//! What the devices look like: a snapshot for the API and the page.

use std::collections::BTreeSet;

use drivers::terminal::{Abilities, LineStatistics, Refunds, Reversals};
use payment::{DeviceId, Method, Payment, PaymentId, PrinterId, Text};
use serde::Serialize;

use super::device::{Device, Hold, Link};

/// All devices at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Desk {
    /// In the order of their names.
    pub devices: Vec<DeviceView>,
    /// Payments whose completion is on its way to the disk.
    completing: BTreeSet<PaymentId>,
}

/// A device at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceView {
    /// Its name.
    pub id: DeviceId,
    /// The group of its payments: its name (law 9).
    pub group: DeviceId,
    /// ISO 4217 code.
    pub currency: &'static str,
    /// Where its receipts come out.
    pub printer: Option<PrinterId>,
    /// How one can pay here.
    pub methods: Vec<Method>,
    /// Its card terminal, if it has one.
    pub terminal: Option<TerminalState>,
    /// What holds it.
    pub running: Option<Running>,
    /// What its terminal wants done, as an action for the desk.
    pub action: Option<String>,
    /// How well the terminal's serial line works; none over TCP, and before it was opened.
    pub line: Option<LineStatistics>,
    /// What the person at the desk does next (law 13).
    pub next_step: String,
}

/// A terminal at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TerminalState {
    /// Whether it would take a payment, if nothing held it.
    pub ready: bool,
    /// The terminal's ID (TID), once it told it.
    pub terminal_id: Option<Text>,
    /// What it can do.
    pub can: Can,
}

/// What can be asked of a terminal beyond payments. Nothing else is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a field of the API that stands for itself"
)]
pub struct Can {
    /// End a running payment.
    pub abort: bool,
    /// Take a payment back whole.
    pub cancel: bool,
    /// Give money back.
    pub refund: bool,
    /// End its day.
    pub close: bool,
    /// Do something that moves no money.
    pub service: bool,
}

impl Can {
    fn of(abilities: Abilities) -> Self {
        Self {
            abort: abilities.abort,
            cancel: abilities.reversals != Reversals::None,
            refund: abilities.refunds != Refunds::None,
            close: abilities.end_of_day,
            service: abilities.services,
        }
    }
}

/// The payment that holds a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Running {
    /// Which.
    pub payment: PaymentId,
    /// Whether its outcome is unknown.
    pub in_doubt: bool,
    /// What the terminal shows.
    pub progress: Option<Text>,
    /// Why the terminal's own records did not settle the doubt; for the person who decides.
    pub evidence: Option<Text>,
}

impl Desk {
    pub(super) fn of<'a>(
        devices: impl Iterator<Item = &'a Device>,
        completing: &BTreeSet<PaymentId>,
    ) -> Self {
        Self {
            devices: devices.map(DeviceView::of).collect(),
            completing: completing.clone(),
        }
    }

    /// The payment as everybody sees it, whether the journal has caught up or not: a payment that
    /// a terminal is busy with is `at_terminal`.
    pub fn overlay(&self, mut payment: Payment) -> Payment {
        let running = self.devices.iter().filter_map(|d| d.running.as_ref());
        let at_terminal = running
            .into_iter()
            .any(|r| r.payment == payment.intent.id && !r.in_doubt && !payment.state.is_final());
        if at_terminal && payment.state == payment::State::Intended {
            payment.state = payment::State::AtTerminal;
        }
        let completing = self.completing.contains(&payment.intent.id);
        if completing && payment.state == payment::State::Approving {
            payment.state = payment::State::Approved;
        }
        payment
    }
}

impl DeviceView {
    pub(super) fn of(device: &Device) -> Self {
        let setup = &device.setup;
        let methods = Method::ALL
            .into_iter()
            .filter(|m| setup.terminal.is_some() || !m.asks_terminal())
            .collect();
        let terminal = setup.terminal.map(|abilities| TerminalState {
            can: Can::of(abilities),
            ready: device.link == Link::Ready && device.inquired,
            terminal_id: device.terminal_id.clone(),
        });
        let running = device.holder().map(|payment| Running {
            payment,
            in_doubt: device.in_doubt().is_some(),
            progress: device.progress.as_ref().map(|(_, text)| text.clone()),
            evidence: super::recovery::evidence_of(device),
        });
        Self {
            id: setup.id.clone(),
            group: setup.id.clone(),
            currency: setup.currency.code(),
            printer: setup.printer.clone(),
            methods,
            terminal,
            running,
            action: device.chores.sentence(&setup.id),
            line: device.line,
            next_step: next_step(device),
        }
    }
}

fn next_step(device: &Device) -> String {
    if let Some(payment) = device.payment() {
        return payment::advice::next_step(&payment).to_owned();
    }
    match (&device.link, &device.hold) {
        (Link::NotReady(reason), _) if device.setup.terminal.is_some() => reason.to_string(),
        (_, Some(Hold::Closing(_))) => "The day is being closed. Wait.".to_owned(),
        (_, Some(Hold::Serving(_))) => "The terminal is busy with a service. Wait.".to_owned(),
        (Link::Ready, _) if device.setup.terminal.is_some() && !device.inquired => {
            "The terminal is being asked for its last payment. Wait a moment.".to_owned()
        }
        (Link::NotReady(_) | Link::Ready, _) => device
            .chores
            .sentence(&device.setup.id)
            .unwrap_or_else(|| "Ready for the next payment.".to_owned()),
    }
}
