//! The engine against a queue in memory, on given time, in any order of events.

use std::collections::{HashMap, HashSet, VecDeque};

use drivers::terminal::{
    Abilities, Approved, Command, Ending, Event as TerminalEvent, Fact as TerminalFact,
    LastTransaction, zvt,
};
use jiff::Timestamp;
use payment::{
    Approval, Cancellation, Doubt, DoubtReason, Intent, Method, Money, Payment, PaymentId,
    PrinterId, ReceiptNumber, Refusal, Settlement, State, Verdict,
    closing::{Closing, ClosingFact, ClosingIntent, Reason},
    parse_currency,
};
use proptest::prelude::*;
use sync::queue::{Write, WriteError, Written};

use super::*;

mod days;
mod doubt;
mod families;
mod payments;
mod services;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// The engine, a queue that answers when it is told to, and a record of all that left.
struct World {
    engine: Engine,
    abilities: Abilities,
    /// The wall clock.
    now: Timestamp,
    rows: HashMap<PaymentId, Payment>,
    /// The end of a day, once one was begun.
    closing: Option<Closing>,
    /// Writes that are not durable yet.
    writes: VecDeque<(Ticket, Write)>,
    look_ups: VecDeque<(Ticket, payment::IdempotencyKey)>,
    /// Whether the database cannot be read.
    unreadable: bool,
    asked: Vec<PaymentId>,
    stored: Vec<bool>,
    answers: HashMap<ReplyTo, Answer>,
    next_reply: u64,
    next_id: u8,
    full: bool,
    /// No fact at all finds room.
    stuck: bool,
    /// What the terminal says of its last transaction, and whether it was asked.
    memory: LastTransaction,
    inquired: bool,
    /// What the terminal was asked for, in order.
    commands: Vec<Command>,
    wakes: Vec<DeviceId>,
    /// What a terminal may still work on.
    working: Option<(DeviceId, PaymentId)>,
    /// Whether the terminal owes the word on a service.
    serving: bool,
    /// Printers whose cash drawers were opened.
    opened: Vec<PrinterId>,
}

/// An engine for a desk with a terminal that can do that, and a desk without.
fn engine(abilities: Abilities) -> Engine {
    let setup = |id: &str, terminal| Setup {
        id: id.parse().unwrap(),
        currency: parse_currency("EUR").unwrap(),
        printer: None,
        merchant_copy: false,
        drawer: false,
        terminal,
        patience: std::time::Duration::from_mins(3),
        zone: jiff::tz::TimeZone::UTC,
    };
    let devices = vec![setup("desk1", Some(abilities)), setup("cashbox", None)];
    Engine::new(devices, vec!["ivvy".parse().unwrap()])
}

impl World {
    fn new() -> Self {
        Self::of(zvt::FAMILY.abilities)
    }

    fn of(abilities: Abilities) -> Self {
        let mut world = Self {
            engine: engine(abilities),
            abilities,
            now: NOW,
            rows: HashMap::new(),
            closing: None,
            writes: VecDeque::new(),
            look_ups: VecDeque::new(),
            unreadable: false,
            asked: Vec::new(),
            stored: Vec::new(),
            answers: HashMap::new(),
            next_reply: 0,
            next_id: 0,
            full: false,
            stuck: false,
            memory: LastTransaction::Unsupported("It cannot tell.".into()),
            inquired: false,
            commands: Vec::new(),
            wakes: Vec::new(),
            working: None,
            serving: false,
            opened: Vec::new(),
        };
        world.terminal(TerminalEvent::Ready { terminal_id: None });
        world.sync();
        world
    }

    fn feed(&mut self, event: Event) {
        let effects = self.engine.handle(self.now, event);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Write { ticket, write, .. } => self.writes.push_back((ticket, *write)),
                Effect::LookUp { ticket, key } => self.look_ups.push_back((ticket, key)),
                Effect::Command {
                    command: Command::Pay { payment, .. },
                    ..
                } => {
                    let row = self
                        .rows
                        .get(&payment)
                        .expect("law 1: the intent is durable");
                    assert_eq!(row.state, State::Intended);
                    assert!(
                        !self.asked.contains(&payment),
                        "law 4: {payment} was asked twice"
                    );
                    let device = &row.intent.device;
                    let open = self
                        .asked
                        .iter()
                        .filter_map(|id| self.rows.get(id))
                        .find(|p| {
                            &p.intent.device == device
                                && p.state.holds_terminal()
                                && p.intent.id != payment
                                && !self.engine_released(p.intent.id)
                        });
                    assert_eq!(open.map(|p| p.state), None, "law 4: the terminal is held");
                    assert!(!self.serving, "a payment beside a service");
                    self.asked.push(payment);
                }
                Effect::Command {
                    command: Command::LastTransaction,
                    ..
                } => {
                    assert!(!self.inquired, "asked twice at once");
                    assert!(!self.serving, "asked beside a service");
                    self.inquired = true;
                }
                Effect::Command { command, .. } => {
                    if matches!(command, Command::Service(_)) {
                        assert!(!self.serving && !self.inquired, "a service beside another");
                        let held = self.engine.devices.values().filter_map(Device::holder);
                        assert_eq!(held.count(), 0, "a service beside a payment");
                        self.serving = true;
                    }
                    self.commands.push(command);
                }
                Effect::Wake { device, .. } => self.wakes.push(device),
                Effect::WaitOut {
                    device, payment, ..
                } => self.working = Some((device, payment)),
                Effect::Publish(_) | Effect::WorkDue => {}
                Effect::OpenDrawer(printer) => self.opened.push(printer),
                Effect::Stored { kept, .. } => {
                    let approved = self.rows.values().any(|p| p.approval.is_some());
                    assert!(!kept || approved, "law 2: the approval is durable");
                    self.stored.push(kept);
                }
                Effect::Reply { to, answer } => {
                    assert!(self.answers.insert(to, *answer).is_none(), "answered twice");
                }
            }
        }
    }

    /// A completion that is still on its way to the disk has freed its terminal already.
    fn engine_released(&self, id: PaymentId) -> bool {
        self.writes.iter().any(|(_, w)| {
            matches!(w, Write::Add { payment, fact: Fact::Completed, .. } if *payment == id)
        })
    }

    fn pay(&mut self, key: &str, device: &str, minor: i64, method: Method, wait: bool) -> ReplyTo {
        self.next_id += 1;
        self.next_reply += 1;
        let reply = ReplyTo(self.next_reply);
        let intent = Intent {
            id: PaymentId::new(self.now, [self.next_id; 10]),
            key: key.parse().unwrap(),
            device: device.parse().unwrap(),
            purpose: payment::Purpose::Sale,
            money: Money::from_minor(minor, parse_currency("EUR").unwrap()).unwrap(),
            method,
            invoice: None,
            note: None,
            at: self.now,
            services: payment::Services::default(),
            before: None,
        };
        self.feed(Event::Pay {
            intent: Box::new(intent),
            original: None,
            reply,
            wait,
        });
        reply
    }

    fn card(&mut self, key: &str, minor: i64) -> ReplyTo {
        self.pay(key, "desk1", minor, Method::Card, true)
    }

    fn terminal(&mut self, event: TerminalEvent) {
        if matches!(event, TerminalEvent::Served(_)) {
            self.serving = false;
        }
        self.feed(Event::Terminal {
            device: "desk1".parse().unwrap(),
            event,
        });
    }

    /// What the running payment's driver says.
    fn approve(&mut self) {
        let payment = *self.asked.last().unwrap();
        let approved = Approved {
            payment,
            approval: Approval::default(),
        };
        self.feed(Event::Store {
            device: "desk1".parse().unwrap(),
            fact: TerminalFact::Approved(approved),
        });
    }

    fn end(&mut self, ending: Ending) {
        let payment = *self.asked.last().unwrap();
        self.terminal(TerminalEvent::Ended { payment, ending });
    }

    /// Makes the oldest write durable, as the queue does.
    fn sync_one(&mut self) -> bool {
        if let Some((ticket, key)) = self.look_ups.pop_front() {
            let known = self.rows.values().find(|p| p.intent.key == key);
            let found = if self.unreadable {
                Err(Problem::StorageUnreadable)
            } else {
                Ok(known.cloned().map(Box::new))
            };
            self.feed(Event::Found { ticket, found });
            return true;
        }
        let Some((ticket, write)) = self.writes.pop_front() else {
            return self.device_one();
        };
        let result = Box::new(self.write(write));
        self.feed(Event::Written { ticket, result });
        true
    }

    /// The terminal answers what it was asked; else a while passes.
    fn device_one(&mut self) -> bool {
        if std::mem::take(&mut self.inquired) {
            self.terminal(TerminalEvent::LastTransaction(self.memory.clone()));
            return true;
        }
        let Some(device) = self.wakes.pop() else {
            return false;
        };
        self.feed(Event::Wake(device));
        // Whoever asks again and again would be asked for ever here.
        !self.inquired
    }

    fn sync(&mut self) {
        while self.sync_one() {}
    }

    fn write(&mut self, write: Write) -> Result<Written, WriteError> {
        match write {
            Write::Begin { intent, then, .. } => {
                if let Some(known) = self.rows.values().find(|p| p.intent.key == intent.key) {
                    return Ok(if known.intent.wants_the_same(&intent) {
                        Written::Repeat(known.clone())
                    } else {
                        Written::OtherContent(known.clone())
                    });
                }
                if self.full {
                    return Err(WriteError::DiskFull);
                }
                let seq = self.rows.len() as u64 + 1;
                let receipt = ReceiptNumber::new(intent.device.clone(), seq);
                let mut payment = Payment::begin(intent, receipt);
                for fact in &then {
                    payment.add(fact, NOW).unwrap();
                }
                self.rows.insert(payment.intent.id, payment.clone());
                Ok(Written::Payment(payment))
            }
            Write::Add {
                payment, fact, at, ..
            } => {
                if self.stuck || self.full && matches!(fact, Fact::Approved(_)) {
                    return Err(WriteError::DiskFull);
                }
                let row = self
                    .rows
                    .get_mut(&payment)
                    .ok_or(WriteError::UnknownPayment(payment))?;
                row.add(&fact, at)?;
                Ok(Written::Payment(row.clone()))
            }
            Write::BeginClose {
                id,
                key,
                device,
                at,
            } => {
                if let Some(known) = &self.closing {
                    return Ok(Written::ClosingRepeat(known.clone()));
                }
                let closing = Closing::begin(ClosingIntent {
                    id,
                    key,
                    device,
                    at,
                });
                self.closing = Some(closing.clone());
                Ok(Written::Closing(closing))
            }
            Write::EndClose { id, outcome, at } => {
                if self.stuck {
                    return Err(WriteError::DiskFull);
                }
                let closing = self.closing.as_mut().filter(|c| c.intent.id == id);
                let closing = closing.ok_or(WriteError::UnknownClosing(id))?;
                let text = format!("{outcome:?}").as_str().into();
                assert!(closing.add(&ClosingFact::DayUnknown(Reason { text }), at));
                Ok(Written::Closing(closing.clone()))
            }
            _ => Ok(Written::Done),
        }
    }

    /// The power fails: what is not durable is gone, and a new engine starts.
    fn restart(&mut self) {
        self.writes.clear();
        self.look_ups.clear();
        self.wakes.clear();
        self.working = None;
        self.inquired = false;
        self.serving = false;
        self.engine = engine(self.abilities);
        let open = self.rows.values().filter(|p| !p.state.is_final()).cloned();
        let mut payments: Vec<_> = open.map(|payment| (payment, None)).collect();
        payments.sort_by_key(|(payment, _)| payment.receipt.seq());
        let effects = self.engine.start(
            NOW,
            Unfinished {
                payments,
                closings: Vec::new(),
            },
        );
        self.carry_out(effects);
        self.sync();
        self.terminal(TerminalEvent::Ready { terminal_id: None });
        self.sync();
    }

    fn answer(&self, reply: ReplyTo) -> String {
        match self.answers.get(&reply) {
            None => "waits".to_owned(),
            Some(Ok(Taken::Accepted(p))) => format!("accepted {}", p.state.shown()),
            Some(Ok(Taken::Ended(p))) => format!("ended {}", p.state.shown()),
            Some(Ok(Taken::Closing(c))) => format!("closing {}", c.state.as_str()),
            Some(Ok(Taken::Served(text))) => format!("served: {text}"),
            Some(Ok(Taken::Repeat(p))) => format!("repeat {}", p.state.shown()),
            Some(Err(problem)) => problem.kind().0.to_owned(),
        }
    }
}

fn refusal() -> Ending {
    Ending::Declined(Refusal {
        code: None,
        text: "no".into(),
    })
}

fn silence() -> Ending {
    let reason = DoubtReason::Silence;
    Ending::Doubted(Doubt {
        reason,
        text: "?".into(),
        approval: None,
        other_amount: None,
    })
}
