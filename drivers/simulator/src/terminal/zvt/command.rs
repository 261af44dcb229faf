//! What the till's commands mean.

use std::collections::VecDeque;

use drivers::{
    Mono,
    terminal::{
        SlipCopy,
        zvt::{
            apdu::{Apdu, code},
            message::{Registration, RepeatReceipt, SetTime},
        },
    },
};
use jiff::SignedDuration;

use super::{
    Act, Fault,
    books::{Kind, Stored},
    fault::Occasion,
    machine::{Running, Terminal},
    message,
    request::{self, Registered},
    script::{self, Operation, Step, error},
};

impl Terminal {
    /// A command in the middle of an operation.
    pub(super) fn interrupt(&mut self, now: Mono, apdu: &Apdu) {
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

    pub(super) fn hear_command(&mut self, now: Mono, apdu: &Apdu) {
        let data = apdu.data();
        if self.stale {
            return self.clear_stale(now, apdu);
        }
        let steps = match apdu.code {
            code::REGISTRATION => self.register(data),
            code::AUTHORISATION => {
                self.authorisations = self.authorisations.saturating_add(1);
                return self.take_money(now, request::payment(data));
            }
            code::REFUND => return self.take_money(now, request::refund(data)),
            code::REVERSAL => return self.take_money(now, request::reversal(data)),
            code::REPEAT_RECEIPT => self.repeat_receipt(data),
            code::END_OF_DAY => self.end_of_day(now, data),
            code::STATUS_ENQUIRY => accepted([Step::Say(Apdu::new(code::COMPLETION, vec![0]))]),
            code::LOG_OFF => {
                self.registration = None;
                accepted([])
            }
            code::DIAGNOSIS if self.faults.take_if(Occasion::Diagnosis.goes()).is_some() => {
                accepted([Step::HangUp])
            }
            code::DIAGNOSIS => self.upkeep("** DIAGNOSE **", 0x02),
            code::INITIALISATION => self.upkeep("** INITIALISIERUNG **", 0x01),
            code::SET_TIME => match SetTime::decode(data) {
                Some(SetTime { time, .. }) => {
                    let elapsed = SignedDuration::try_from(now.elapsed()).unwrap_or_default();
                    self.options.clock = Some(time.saturating_sub(elapsed));
                    accepted([completion()])
                }
                None => refused(error::PROTOCOL),
            },
            code::DISPLAY_TEXT => {
                self.displayed = message::displayed(data);
                accepted([])
            }
            code::ABORT_REQUEST => accepted([]),
            _ => refused(error::NOT_POSSIBLE),
        };
        self.start(Kind::Payment, 0, None, steps);
    }

    /// The display waits for a card that nobody will hold to it.
    fn clear_stale(&mut self, now: Mono, apdu: &Apdu) {
        match apdu.code {
            code::ABORT_REQUEST => {
                self.stale = false;
                self.wire.send(now, &Apdu::accepted());
            }
            code::STATUS_ENQUIRY => {
                let busy = Apdu::new(code::COMPLETION, vec![error::BUSY]);
                let steps = accepted([Step::Say(busy)]);
                self.start(Kind::Payment, 0, None, steps);
            }
            _ => self.wire.send(now, &Apdu::refused(error::BUSY)),
        }
    }

    fn register(&mut self, data: &[u8]) -> VecDeque<Step> {
        let Some(registration) = Registration::decode(data) else {
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
        self.registration = Some(Registered::new(&registration));
        accepted([Step::Say(message::registered(
            self.options.terminal_id,
            self.options.currency,
            self.options.needs,
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
        let mut fault = self.faults.take_if(Occasion::Money.goes());
        if fault == Some(Fault::LastIsReversal) && asked.kind != Kind::Payment {
            // Only a payment can be taken back with a record of its own.
            fault = Some(Fault::AutoReversal);
        }
        self.stale = fault == Some(Fault::StaleAmount);
        if fault == Some(Fault::OtherAmount) {
            amount = amount.saturating_sub(1).max(1);
        }
        self.wire.misbehave(fault);
        let steps = script::money(fault, registration.intermediate(), &self.options);
        self.start(asked.kind, amount, fault, steps);
    }

    fn repeat_receipt(&mut self, data: &[u8]) -> VecDeque<Step> {
        let Some(asked) = RepeatReceipt::decode(data) else {
            return refused(error::PROTOCOL);
        };
        if asked.password != self.options.password {
            return refused(error::PIN_WRONG);
        }
        match self.faults.take_if(Occasion::Repeat.goes()) {
            Some(Fault::RepeatBusy) => return refused(error::BUSY),
            Some(Fault::RepeatHangsUp) => return [Step::HangUp].into(),
            Some(_) => return refused(error::NOT_POSSIBLE),
            None => {}
        }
        let mut steps = accepted([]);
        match self.books.last() {
            None => {
                steps.push_back(Step::Fail(error::NOT_POSSIBLE));
                return steps;
            }
            Some(Stored::Transaction(transaction)) => {
                if asked.status {
                    let face = self.face(&transaction, None);
                    steps.push_back(Step::Say(message::status(&face, 0)));
                }
                if asked.print {
                    steps.extend(self.prints(&transaction, None));
                }
            }
            Some(Stored::EndOfDay { totals, at, trace }) if asked.status => {
                steps.push_back(Step::Say(message::totals(&totals, at, trace)));
            }
            Some(Stored::EndOfDay { .. }) => {}
        }
        steps.push_back(completion());
        steps
    }

    fn end_of_day(&mut self, now: Mono, data: &[u8]) -> VecDeque<Step> {
        if request::password(data) != Some(self.options.password) {
            return refused(error::PIN_WRONG);
        }
        let totals = self.books.totals();
        let mut steps = accepted([Step::Say(message::totals(&totals, self.time(now), None))]);
        let lines = vec![
            (true, "** KASSENSCHNITT **".to_owned()),
            (false, format!("Anzahl {}", totals.count)),
            (false, format!("Summe  {}", message::decimal(totals.sum))),
        ];
        steps.extend(self.printed(SlipCopy::Administration, &lines));
        steps.push_back(Step::Happen(Act::EndOfDay));
        if self.faults.take_if(Occasion::EndOfDay.goes()).is_some() {
            let updates = Apdu::new(code::COMPLETION, vec![0x27, error::UPDATES]);
            steps.extend([Step::Say(updates), Step::Dead(script::UPDATE)]);
        } else {
            steps.push_back(completion());
        }
        self.faults.disarm(Fault::EndOfDayRequired);
        steps
    }

    /// The host was called, and a slip says how that went. What was needed is done.
    fn upkeep(&mut self, title: &str, need: u8) -> VecDeque<Step> {
        self.options.needs &= !need;
        let terminal_id = format!("Terminal-ID {:08}", self.options.terminal_id);
        let lines = [(true, title.to_owned()), (false, terminal_id)];
        let mut steps = accepted([Step::Pause {
            length: self.options.delay,
            cancellable: false,
        }]);
        steps.extend(self.printed(SlipCopy::Administration, &lines));
        steps.push_back(completion());
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
