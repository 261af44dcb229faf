//! The terminal as a machine: its state, its inputs and its outputs. What commands mean is in
//! `command`, how an operation goes on in `operation`.

use std::{convert::Infallible, time::Duration};

use drivers::{Input, Machine, Mono, Output, terminal::zvt::apdu::Apdu};
use jiff::{SignedDuration, civil::DateTime};

use super::{
    Act, FAULTS, Fault, Faults, Framing,
    books::{Books, Transaction},
    request::Registered,
    script::{Operation, Step, error},
    wire::Wire,
};
use crate::{UnknownFault, terminal::SimulatedTerminal};

/// After `84 9C`, the till wants to hear it again.
const AGAIN: Duration = Duration::from_secs(2);

/// The clock of a terminal that was not told the time.
pub(super) const ORIGIN: DateTime = DateTime::constant(2026, 1, 2, 10, 0, 0, 0);

/// What a terminal is.
#[derive(Debug, Clone)]
pub struct Options {
    /// The merchant password as it goes over the wire: six digits in three bytes.
    pub password: [u8; 3],
    /// The terminal's ID, at most eight digits.
    pub terminal_id: u32,
    /// ISO 4217 numeric code of its only currency.
    pub currency: u16,
    /// The receipt number of the first transaction, from 1 to 9999.
    pub next_receipt: u16,
    /// The trace number of the first transaction, from 1 to 999999.
    pub next_trace: u32,
    /// What it needs, as it says after a registration (BMP 19): 1 an initialisation, 2 a diagnosis.
    pub needs: u8,
    /// How long customer and issuer take.
    pub delay: Duration,
    /// How long a late approval takes.
    pub late: Duration,
    /// Whether its records name the amount. A few terminals leave it out.
    pub names_amounts: bool,
    /// Whether its records name the receipt number.
    pub names_receipts: bool,
    /// Whether the record of an end of day has a trace number.
    pub numbers_days: bool,
    /// The terminal's own clock, local time, at the origin of [`Mono`]. Unless given: the system's
    /// when it is served, and ten o'clock on 2 January 2026 otherwise.
    pub clock: Option<DateTime>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            password: [0, 0, 0],
            terminal_id: 28_004_869,
            currency: 978,
            next_receipt: 1,
            next_trace: 1,
            needs: 0,
            delay: Duration::from_secs(2),
            late: Duration::from_secs(200),
            names_amounts: true,
            names_receipts: true,
            numbers_days: false,
            clock: None,
        }
    }
}

/// A card terminal that speaks ZVT, with its own books.
#[derive(Debug)]
pub struct Terminal {
    pub(super) options: Options,
    pub(super) wire: Wire,
    pub(super) books: Books,
    pub(super) faults: Faults,
    pub(super) authorisations: u32,
    pub(super) registration: Option<Registered>,
    pub(super) running: Option<Running>,
    pub(super) linked: bool,
    pub(super) dead_until: Option<Mono>,
    pub(super) closing: bool,
    /// The amount of an earlier till is still on the display.
    pub(super) stale: bool,
    /// The lines that the till had shown last (06 E0).
    pub(super) displayed: Vec<String>,
    /// What happens to it when it hangs up next.
    pub(super) away: Vec<Act>,
}

/// The operation that is under way.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) operation: Operation,
    pub(super) transaction: Option<Transaction>,
    /// What was said and is not acknowledged, and until when it must be.
    pub(super) awaiting: Option<(Mono, Apdu)>,
    pub(super) paused: Option<(Mono, bool)>,
}

impl Terminal {
    /// A terminal in good order that nobody has registered with.
    pub fn new(options: Options, framing: Framing) -> Self {
        let books = Books::starting(options.next_receipt, options.next_trace);
        Self {
            options,
            wire: Wire::new(framing),
            books,
            faults: Faults::default(),
            authorisations: 0,
            registration: None,
            running: None,
            linked: false,
            dead_until: None,
            closing: false,
            stale: false,
            displayed: Vec::new(),
            away: Vec::new(),
        }
    }

    /// The lines that the till had shown last.
    pub fn displayed(&self) -> &[String] {
        &self.displayed
    }

    /// What it did with money.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// How often it was asked to take a payment, whatever came of it.
    pub fn authorisations_seen(&self) -> u32 {
        self.authorisations
    }

    /// Makes the next payments, refunds or reversals go wrong.
    pub fn arm(&mut self, faults: Faults) {
        self.faults.append(faults);
    }

    /// Forgets all armed faults, and wakes from the dead.
    pub fn clear(&mut self) {
        self.faults.clear();
        self.stale = false;
        self.dead_until = None;
        self.away.clear();
    }

    /// Takes over what it is served with.
    pub(super) fn set_up(&mut self, framing: Framing, clock: DateTime) {
        self.wire = Wire::new(framing);
        self.options.clock.get_or_insert(clock);
    }

    pub(super) fn time(&self, now: Mono) -> DateTime {
        let elapsed = SignedDuration::try_from(now.elapsed()).unwrap_or_default();
        let origin = self.options.clock.unwrap_or(ORIGIN);
        origin.saturating_add(elapsed)
    }

    /// A message from the till.
    fn hear(&mut self, now: Mono, apdu: &Apdu) {
        if apdu.is_answer() {
            self.hear_answer(now, apdu);
        } else if self.running.is_some() {
            self.interrupt(now, apdu);
        } else {
            self.hear_command(now, apdu);
        }
    }

    fn hear_answer(&mut self, now: Mono, answer: &Apdu) {
        let Some(running) = &mut self.running else {
            return;
        };
        let Some((_, said)) = running.awaiting.take() else {
            return;
        };
        match answer.refusal() {
            None => {}
            Some(error::BUSY) => {
                running.operation.steps.push_front(Step::Say(said));
                running.paused = Some((now + AGAIN, false));
            }
            Some(_) => self.fail(error::SYSTEM),
        }
    }
}

impl SimulatedTerminal for Terminal {
    const FAULTS: &'static [(&'static str, &'static str)] = FAULTS;

    fn charged(&self) -> Vec<u64> {
        self.books.charged().iter().map(|t| t.amount).collect()
    }

    fn payments_asked(&self) -> u32 {
        self.authorisations
    }

    fn arm_by_name(&mut self, faults: &str) -> Result<(), UnknownFault> {
        self.arm(faults.parse()?);
        Ok(())
    }

    fn mend(&mut self) {
        self.clear();
    }
}

impl Machine for Terminal {
    type Command = Infallible;
    type Fact = Infallible;
    type Event = Infallible;

    fn handle(&mut self, now: Mono, input: Input<'_, Infallible>) {
        self.books.tell_time(self.time(now));
        if self.dead_until.is_some_and(|until| now >= until) {
            self.dead_until = None;
            self.wire.clear();
        }
        match input {
            Input::LinkUp => {
                self.wire.clear();
                self.linked = true;
            }
            Input::LinkDown => {
                self.linked = false;
                self.closing = false;
                self.wire.clear();
                let survives = self.running.as_ref().is_some_and(|running| {
                    running.operation.fault == Some(Fault::LateApproval) && running.paused.is_some()
                });
                if !survives {
                    self.end_early();
                }
            }
            Input::Bytes(_) if self.dead_until.is_some() || self.closing => {}
            Input::Bytes(bytes) => self.wire.receive(now, bytes),
            Input::Timeout | Input::Stored(_) => self.wire.timeout(now),
        }
        while self.dead_until.is_none()
            && !self.closing
            && let Some(apdu) = self.wire.hear()
        {
            self.hear(now, &apdu);
            self.advance(now);
        }
        if self.dead_until.is_none() && !self.closing {
            self.advance(now);
        }
    }

    fn poll(&mut self) -> Output<Infallible, Infallible> {
        if let Some(bytes) = self.wire.poll() {
            return Output::Send(bytes);
        }
        if self.closing {
            // LinkDown follows; nothing is done until then.
            return Output::Close;
        }
        let pause = self.running.as_ref().and_then(|running| {
            let awaited = running.awaiting.as_ref().map(|(deadline, _)| *deadline);
            let paused = running.paused.map(|(until, _)| until);
            awaited.or(paused.filter(|_| self.linked))
        });
        let moments = [pause, self.wire.deadline(), self.dead_until];
        Output::Wait(moments.into_iter().flatten().min())
    }
}
