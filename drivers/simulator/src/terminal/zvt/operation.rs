//! How an operation goes on, step by step.

use drivers::{
    Mono,
    terminal::{
        SlipCopy,
        zvt::apdu::{Apdu, code},
    },
};

use super::{
    Fault,
    books::{Kind, Standing, Stored, Transaction},
    machine::Terminal,
    message::{self, Face},
    script::{Step, error},
};

impl Terminal {
    /// Goes on as far as it can without waiting.
    pub(super) fn advance(&mut self, now: Mono) {
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
                if let Some(apdu) = self.status(0) {
                    self.say(now, apdu);
                }
            }
            Step::Shout => {
                if let Some(apdu) = self.status(0) {
                    self.wire.send(now, &apdu);
                }
            }
            Step::Decline(code) => {
                self.begin(Standing::Declined);
                if let Some(apdu) = self.status(code) {
                    self.say(now, apdu);
                }
            }
            Step::Prints => {
                let current = self
                    .running
                    .as_ref()
                    .map(|r| (r.transaction, r.operation.fault));
                if let Some((Some(transaction), fault)) = current {
                    let prints = self.prints(&transaction, fault);
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
            Step::Stale => {
                if let Some(Stored::Transaction(last)) = self.books.last() {
                    let face = self.face(&last, None);
                    self.say(now, message::status(&face, 0));
                }
            }
            Step::Happen(act) => self.act(act),
            Step::AutoReverse => {
                let open = self.running.as_mut().and_then(|r| r.transaction.take());
                if let Some(open) = open {
                    self.books.reverse_by_itself(&open);
                }
            }
            Step::Forget => self.books.forget_last(),
            Step::Noise => self.wire.noise(),
            Step::OverLong => self.wire.over_long(),
            Step::HangUp => {
                self.end_early();
                for act in std::mem::take(&mut self.away) {
                    self.act(act);
                }
                self.closing = true;
            }
            Step::Dead(length) => {
                self.end_early();
                self.wire.clear();
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
    pub(super) fn fail(&mut self, code: u8) {
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

    pub(super) fn end_early(&mut self) {
        self.books.reverse_open();
        self.running = None;
    }

    pub(super) fn face(&self, transaction: &Transaction, fault: Option<Fault>) -> Face {
        Face {
            transaction: *transaction,
            time: transaction.at,
            terminal_id: self.options.terminal_id,
            currency: self.options.currency,
            with_amount: self.options.names_amounts && fault != Some(Fault::NoAmount),
            with_receipt: self.options.names_receipts,
            unmasked: fault == Some(Fault::UnmaskedPan),
            unknown: fault == Some(Fault::UnknownFields),
            original_trace: match transaction.kind {
                Kind::Reversal { of } => self.books.trace_of(of),
                Kind::Payment | Kind::Refund => None,
            },
        }
    }

    fn status(&self, code: u8) -> Option<Apdu> {
        let running = self.running.as_ref()?;
        let face = self.face(&running.transaction?, running.operation.fault);
        Some(message::status(&face, code))
    }

    /// Both receipts, when the till prints for us.
    pub(super) fn prints(&self, transaction: &Transaction, fault: Option<Fault>) -> Vec<Step> {
        let face = self.face(transaction, fault);
        [SlipCopy::Merchant, SlipCopy::Customer]
            .into_iter()
            .flat_map(|copy| self.printed(copy, &message::receipt(&face, copy)))
            .collect()
    }

    pub(super) fn printed(&self, copy: SlipCopy, lines: &[(bool, String)]) -> Vec<Step> {
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
