//! The terminal's works: commands in, an operation's steps out, and the books.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use drivers::{
    Input, Machine, Mono, Output,
    terminal::zvt::apdu::{Apdu, code},
};
use jiff::{SignedDuration, civil::DateTime};

use super::{
    Fault, Faults, Framing,
    books::{Books, Kind, Standing, Stored, Transaction},
    message::{self, Copy, Face},
    request::{self, Registration},
    script::{self, Operation, Step, error},
    wire::Wire,
};

/// After `84 9C`, the till wants to hear it again.
const AGAIN: Duration = Duration::from_secs(2);

/// What a terminal is.
#[derive(Debug, Clone)]
pub struct Options {
    /// The merchant password as it goes over the wire: six digits in three bytes.
    pub password: [u8; 3],
    /// The terminal's ID, at most eight digits.
    pub terminal_id: u32,
    /// ISO 4217 numeric code of its only currency.
    pub currency: u16,
    /// How long customer and issuer take.
    pub delay: Duration,
    /// The terminal's own clock at the origin of [`Mono`].
    pub clock: DateTime,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            password: [0, 0, 0],
            terminal_id: 28_004_869,
            currency: 978,
            delay: Duration::from_secs(2),
            clock: DateTime::constant(2026, 1, 2, 10, 0, 0, 0),
        }
    }
}

/// A card terminal that speaks ZVT, with its own books.
#[derive(Debug)]
pub struct Terminal {
    options: Options,
    wire: Wire,
    books: Books,
    faults: Faults,
    authorisations: u32,
    registration: Option<Registration>,
    running: Option<Running>,
    linked: bool,
    dead_until: Option<Mono>,
    closing: bool,
}

#[derive(Debug)]
struct Running {
    operation: Operation,
    transaction: Option<Transaction>,
    /// What was said and is not acknowledged, and until when it must be.
    awaiting: Option<(Mono, Apdu)>,
    paused: Option<(Mono, bool)>,
}

impl Terminal {
    /// A terminal in good order that nobody has registered with.
    pub fn new(options: Options, framing: Framing) -> Self {
        Self {
            options,
            wire: Wire::new(framing),
            books: Books::default(),
            faults: Faults::default(),
            authorisations: 0,
            registration: None,
            running: None,
            linked: false,
            dead_until: None,
            closing: false,
        }
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
        self.dead_until = None;
    }

    pub(super) fn set_framing(&mut self, framing: Framing) {
        self.wire = Wire::new(framing);
    }

    fn time(&self, now: Mono) -> DateTime {
        let elapsed = SignedDuration::try_from(now.elapsed()).unwrap_or_default();
        self.options.clock.saturating_add(elapsed)
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

    /// A command in the middle of an operation.
    fn interrupt(&mut self, now: Mono, apdu: &Apdu) {
        let cancellable = matches!(
            &self.running,
            Some(Running {
                paused: Some((_, true)),
                ..
            })
        );
        match apdu.code {
            code::ABORT_REQUEST if cancellable => {
                self.wire.send(now, &Apdu::accepted());
                if let Some(running) = &mut self.running {
                    running.paused = None;
                    running.operation.steps =
                        [Step::Decline(error::ABORTED), Step::Fail(error::ABORTED)].into();
                }
            }
            code::STATUS_ENQUIRY => {
                self.wire.send(now, &Apdu::accepted());
                let busy = Apdu::new(code::COMPLETION, vec![error::BUSY]);
                self.wire.send(now, &busy);
            }
            _ => self.wire.send(now, &Apdu::refused(error::BUSY)),
        }
    }

    fn hear_command(&mut self, now: Mono, apdu: &Apdu) {
        let data = apdu.data();
        let steps = match apdu.code {
            code::REGISTRATION => self.register(data),
            code::AUTHORISATION => {
                self.authorisations = self.authorisations.saturating_add(1);
                return self.take_money(now, request::payment(data));
            }
            code::REFUND => return self.take_money(now, request::refund(data)),
            code::REVERSAL => return self.take_money(now, request::reversal(data)),
            code::REPEAT_RECEIPT => self.repeat_receipt(now, data),
            code::END_OF_DAY => self.end_of_day(now, data),
            code::STATUS_ENQUIRY => accepted([Step::Say(Apdu::new(code::COMPLETION, vec![0]))]),
            code::LOG_OFF => {
                self.registration = None;
                accepted([])
            }
            request::DIAGNOSIS | request::INITIALISATION => accepted([completion()]),
            request::SET_TIME => match request::time(data) {
                Some(time) => {
                    let elapsed = SignedDuration::try_from(now.elapsed()).unwrap_or_default();
                    self.options.clock = time.saturating_sub(elapsed);
                    accepted([completion()])
                }
                None => refused(error::PROTOCOL),
            },
            request::DISPLAY_TEXT => accepted([]),
            code::ABORT_REQUEST => accepted([]),
            _ => refused(error::NOT_POSSIBLE),
        };
        self.start(Kind::Payment, 0, None, steps);
    }

    fn register(&mut self, data: &[u8]) -> VecDeque<Step> {
        let Some(registration) = request::registration(data) else {
            return refused(error::PROTOCOL);
        };
        if registration.password != self.options.password {
            return refused(error::PIN_WRONG);
        }
        let foreign = registration
            .currency
            .is_some_and(|currency| currency != self.options.currency);
        if foreign {
            return refused(error::CURRENCY);
        }
        self.registration = Some(registration);
        accepted([Step::Say(message::registered(
            self.options.terminal_id,
            self.options.currency,
        ))])
    }

    fn take_money(&mut self, now: Mono, asked: Option<request::Money>) {
        let Some(registration) = self.registration else {
            return self.wire.send(now, &Apdu::refused(error::NOT_REGISTERED));
        };
        let Some(asked) = asked else {
            return self.wire.send(now, &Apdu::refused(error::PROTOCOL));
        };
        if asked
            .password
            .is_some_and(|password| password != self.options.password)
        {
            return self.wire.send(now, &Apdu::refused(error::PIN_WRONG));
        }
        let mut amount = asked.amount;
        if let Kind::Reversal { of } = asked.kind {
            let original = self.books.reversible(of);
            let fits = original.filter(|t| amount == 0 || amount == t.amount);
            let Some(original) = fits else {
                let steps = accepted([Step::Fail(error::REVERSAL_NOT_POSSIBLE)]);
                return self.start(asked.kind, amount, None, steps);
            };
            amount = original.amount;
        }
        let fault = self.faults.take();
        if fault == Some(Fault::OtherAmount) {
            amount = amount.saturating_sub(1).max(1);
        }
        self.wire.misbehave(fault);
        let steps = script::money(fault, registration.intermediate(), self.options.delay);
        self.start(asked.kind, amount, fault, steps);
    }

    fn repeat_receipt(&mut self, now: Mono, data: &[u8]) -> VecDeque<Step> {
        let Some(asked) = request::repeat(data) else {
            return refused(error::PROTOCOL);
        };
        if asked.password != self.options.password {
            return refused(error::PIN_WRONG);
        }
        let mut steps = accepted([]);
        match self.books.last() {
            None => {
                steps.push_back(Step::Fail(error::NOT_POSSIBLE));
                return steps;
            }
            Some(Stored::Transaction(transaction)) => {
                if asked.status {
                    let face = self.face(now, &transaction, None);
                    steps.push_back(Step::Say(message::status(&face, 0)));
                }
                if asked.print {
                    steps.extend(self.prints(now, &transaction, None));
                }
            }
            Some(Stored::EndOfDay) if asked.status => {
                let totals = self.books.totals();
                steps.push_back(Step::Say(message::totals(&totals, self.time(now))));
            }
            Some(Stored::EndOfDay) => {}
        }
        steps.push_back(completion());
        steps
    }

    fn end_of_day(&mut self, now: Mono, data: &[u8]) -> VecDeque<Step> {
        if request::password(data) != Some(self.options.password) {
            return refused(error::PIN_WRONG);
        }
        let totals = self.books.totals();
        let mut steps = accepted([Step::Say(message::totals(&totals, self.time(now)))]);
        let lines = vec![
            (true, "** KASSENSCHNITT **".to_owned()),
            (false, format!("Anzahl {}", totals.count)),
            (false, format!("Summe  {}", message::decimal(totals.sum))),
        ];
        steps.extend(self.printed(Copy::Administration, &lines));
        steps.extend([Step::CloseBatch, completion()]);
        self.faults.disarm(Fault::EndOfDayRequired);
        steps
    }

    fn start(&mut self, kind: Kind, amount: u64, fault: Option<Fault>, steps: VecDeque<Step>) {
        let operation = Operation {
            kind,
            amount,
            fault,
            steps,
        };
        self.running = Some(Running {
            operation,
            transaction: None,
            awaiting: None,
            paused: None,
        });
    }

    /// Goes on as far as it can without waiting.
    fn advance(&mut self, now: Mono) {
        while let Some(running) = &mut self.running {
            if let Some((deadline, _)) = running.awaiting {
                if now < deadline {
                    return;
                }
                running.awaiting = None;
                self.fail(error::SYSTEM);
                continue;
            }
            if running.paused.is_some_and(|(until, _)| now < until) {
                return;
            }
            running.paused = None;
            if !self.linked {
                return;
            }
            match running.operation.steps.pop_front() {
                Some(step) => self.carry_out(now, step),
                None => self.running = None,
            }
            if self.closing || self.dead_until.is_some() {
                return;
            }
        }
    }

    fn carry_out(&mut self, now: Mono, step: Step) {
        match step {
            Step::Answer(apdu) => self.wire.send(now, &apdu),
            Step::Say(apdu) => self.say(now, apdu),
            Step::Pause {
                length,
                cancellable,
            } => {
                if let Some(running) = &mut self.running {
                    running.paused = Some((now + length, cancellable));
                }
            }
            Step::Approve => drop(self.begin(Standing::Open)),
            Step::Status => {
                if let Some(apdu) = self.status(now, 0) {
                    self.say(now, apdu);
                }
            }
            Step::Shout => {
                if let Some(apdu) = self.status(now, 0) {
                    self.wire.send(now, &apdu);
                }
            }
            Step::Decline(code) => {
                self.begin(Standing::Declined);
                if let Some(apdu) = self.status(now, code) {
                    self.say(now, apdu);
                }
            }
            Step::Prints => {
                let current = self
                    .running
                    .as_ref()
                    .map(|r| (r.transaction, r.operation.fault));
                if let Some((Some(transaction), fault)) = current {
                    let prints = self.prints(now, &transaction, fault);
                    self.next(prints);
                }
            }
            Step::Commit => {
                let transaction = self.running.as_mut().and_then(|r| r.transaction.take());
                if let Some(transaction) = transaction {
                    self.books.commit(&transaction);
                }
            }
            Step::Fail(code) => {
                self.books.reverse_open();
                self.say(now, Apdu::new(code::ABORT, vec![code]));
            }
            Step::CloseBatch => self.books.close_batch(),
            Step::Noise => self.wire.noise(),
            Step::HangUp => {
                self.end_early();
                self.closing = true;
            }
            Step::Dead(length) => {
                self.end_early();
                self.dead_until = Some(now + length);
            }
        }
    }

    fn say(&mut self, now: Mono, apdu: Apdu) {
        self.wire.send(now, &apdu);
        if let Some(running) = &mut self.running {
            running.awaiting = Some((now + self.wire.acknowledgement(), apdu));
        }
    }

    /// These steps come before the others.
    fn next(&mut self, steps: Vec<Step>) {
        if let Some(running) = &mut self.running {
            for step in steps.into_iter().rev() {
                running.operation.steps.push_front(step);
            }
        }
    }

    fn begin(&mut self, standing: Standing) -> Option<Transaction> {
        let running = self.running.as_mut()?;
        let operation = &running.operation;
        let transaction = self.books.begin(operation.kind, operation.amount, standing);
        running.transaction = Some(transaction);
        Some(transaction)
    }

    /// The till did not acknowledge: what is open is undone, and the till is told if it listens.
    fn fail(&mut self, code: u8) {
        let open = self
            .running
            .as_ref()
            .is_some_and(|r| r.transaction.is_some());
        self.books.reverse_open();
        if let Some(running) = &mut self.running {
            running.transaction = None;
            running.operation.steps.clear();
        }
        if open {
            self.next(vec![Step::Fail(code)]);
        }
    }

    fn end_early(&mut self) {
        self.books.reverse_open();
        self.running = None;
    }

    fn face(&self, now: Mono, transaction: &Transaction, fault: Option<Fault>) -> Face {
        Face {
            transaction: *transaction,
            time: self.time(now),
            terminal_id: self.options.terminal_id,
            currency: self.options.currency,
            with_amount: fault != Some(Fault::NoAmount),
            unmasked: fault == Some(Fault::UnmaskedPan),
        }
    }

    fn status(&self, now: Mono, code: u8) -> Option<Apdu> {
        let running = self.running.as_ref()?;
        let face = self.face(now, &running.transaction?, running.operation.fault);
        Some(message::status(&face, code))
    }

    /// Both receipts, when the till prints for us.
    fn prints(&self, now: Mono, transaction: &Transaction, fault: Option<Fault>) -> Vec<Step> {
        let face = self.face(now, transaction, fault);
        [Copy::Merchant, Copy::Customer]
            .into_iter()
            .flat_map(|copy| self.printed(copy, &message::receipt(&face, copy)))
            .collect()
    }

    fn printed(&self, copy: Copy, lines: &[(bool, String)]) -> Vec<Step> {
        let Some(registration) = self.registration.filter(|r| r.prints(copy)) else {
            return Vec::new();
        };
        let apdus = if registration.blocks {
            vec![message::block(copy, lines)]
        } else {
            message::lines(lines)
        };
        apdus.into_iter().map(Step::Say).collect()
    }
}

fn completion() -> Step {
    Step::Say(Apdu::new(code::COMPLETION, Vec::new()))
}

fn accepted<const N: usize>(then: [Step; N]) -> VecDeque<Step> {
    [Step::Answer(Apdu::accepted())]
        .into_iter()
        .chain(then)
        .collect()
}

fn refused(error: u8) -> VecDeque<Step> {
    [Step::Answer(Apdu::refused(error))].into()
}

impl Machine for Terminal {
    type Command = Infallible;
    type Fact = Infallible;
    type Event = Infallible;

    fn handle(&mut self, now: Mono, input: Input<'_, Infallible>) {
        if self.dead_until.is_some_and(|until| now >= until) {
            self.dead_until = None;
            self.wire.clear();
        }
        match input {
            Input::LinkUp => {
                self.wire.clear();
                self.linked = true;
                self.closing = false;
            }
            Input::LinkDown => {
                self.linked = false;
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
