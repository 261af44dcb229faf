//! The engine against a queue in memory, on given time, in any order of events.

use std::collections::{HashMap, HashSet, VecDeque};

use drivers::terminal::{
    Abilities, Approved, Command, Ending, Event as TerminalEvent, Fact as TerminalFact,
    LastTransaction, zvt,
};
use jiff::Timestamp;
use payment::{
    Approval, Cancellation, Doubt, DoubtReason, Intent, Method, Money, Payment, PaymentId,
    PrinterId, ReceiptNumber, Refusal, Settlement, State, Verdict, parse_currency,
};
use proptest::prelude::*;
use sync::queue::{Write, WriteError, Written};

use super::*;

mod families;
mod services;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// The engine, a queue that answers when it is told to, and a record of all that left.
struct World {
    engine: Engine,
    abilities: Abilities,
    /// The wall clock.
    now: Timestamp,
    rows: HashMap<PaymentId, Payment>,
    /// Writes that are not durable yet.
    writes: VecDeque<(Ticket, Write)>,
    look_ups: VecDeque<(Ticket, payment::IdempotencyKey)>,
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
            writes: VecDeque::new(),
            look_ups: VecDeque::new(),
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
            let payment = self
                .rows
                .values()
                .find(|p| p.intent.key == key)
                .cloned()
                .map(Box::new);
            self.feed(Event::Found { ticket, payment });
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

/// What the terminal holds: a payment of this receipt number and amount.
fn holds(receipt: u32, minor: i64) -> LastTransaction {
    let approval = Approval {
        money: Some(Money::from_minor(minor, parse_currency("EUR").unwrap()).unwrap()),
        terminal_receipt: Some(receipt),
        trace: Some(receipt),
        ..Approval::default()
    };
    let kind = payment::StoredKind::Payment;
    LastTransaction::Stored(Box::new(payment::Stored { kind, approval }))
}

/// A world whose terminal held this before the first payment, and this after the doubt.
fn doubtful(before: LastTransaction, after: LastTransaction) -> (World, ReplyTo) {
    let mut world = World::new();
    world.memory = before;
    world.restart();
    let reply = world.card("k1", 1010);
    world.sync();
    assert_eq!(world.asked.len(), 1);
    world.memory = after;
    world.end(silence());
    world.sync();
    (world, reply)
}

#[test]
fn doubt_is_settled_by_what_the_terminal_says() {
    for (after, expected) in [
        (holds(7, 500), "ended declined"),
        (holds(8, 1010), "ended approved"),
        (holds(8, 999), "ended in_doubt"),
        (holds(9, 1010), "ended in_doubt"),
        (LastTransaction::Busy("Wait.".into()), "ended in_doubt"),
    ] {
        let (world, reply) = doubtful(holds(7, 500), after.clone());
        assert_eq!(world.answer(reply), expected, "{after:?}");
        assert_eq!(
            world.asked.len(),
            1,
            "law 4: settled by asking, not by charging again"
        );
        let held = world.engine.desk().devices[1].running.clone();
        let evidence = held.and_then(|running| running.evidence);
        assert_eq!(
            evidence.is_some(),
            expected == "ended in_doubt",
            "a person sees why"
        );
    }
}

#[test]
fn nothing_stored_before_and_after_means_nothing_was_taken() {
    let (world, reply) = doubtful(LastTransaction::Nothing, LastTransaction::Nothing);
    assert_eq!(world.answer(reply), "ended declined");
}

#[test]
fn after_a_restart_the_terminal_is_asked_before_anything_new() {
    let mut world = World::new();
    world.memory = holds(7, 500);
    world.restart();
    world.card("k1", 1010);
    world.sync();
    world.memory = holds(8, 1010);
    world.restart();
    let repeat = world.card("k1", 1010);
    world.sync();
    assert_eq!(world.answer(repeat), "repeat approved");
    assert_eq!(world.asked.len(), 1);
}

/// It is acknowledged once it is durable, and settles nothing: only what the terminal holds afterwards says
/// whether it took the approval back, as it does when the acknowledgement is lost.
#[test]
fn a_left_over_approval_is_kept_before_it_is_acknowledged_or_refused() {
    for (receipt, minor, kept, then, restarts, state) in [
        (8, 1010, true, holds(8, 1010), false, State::Approved),
        (8, 1010, true, holds(7, 500), false, State::Declined),
        (8, 1010, true, holds(8, 1010), true, State::Approved),
        (8, 1010, true, holds(7, 500), true, State::Declined),
        (8, 999, false, holds(8, 999), false, State::InDoubt),
    ] {
        let busy = LastTransaction::Busy("Wait.".into());
        let (mut world, _) = doubtful(holds(7, 500), busy);
        let LastTransaction::Stored(stored) = holds(receipt, minor) else {
            unreachable!()
        };
        let device = "desk1".parse().unwrap();
        world.feed(Event::Store {
            device,
            fact: TerminalFact::LeftOver(*stored),
        });
        world.sync();
        assert_eq!(world.stored, [kept]);
        let row = |world: &World| world.rows.values().next().unwrap().state;
        assert_eq!(row(&world), State::InDoubt, "nothing is settled yet");
        world.memory = then;
        if restarts {
            world.restart();
        } else {
            world.feed(Event::Wake("desk1".parse().unwrap()));
        }
        world.sync();
        assert_eq!(row(&world), state);
        assert_eq!(world.asked.len(), 1, "law 4");
    }
}

#[test]
fn a_cancel_names_the_receipt_of_the_first() {
    let mut world = World::new();
    world.card("k1", 1010);
    world.sync();
    let mut original = world.rows.values().next().unwrap().clone();
    original.approval = Some(Approval {
        terminal_receipt: Some(42),
        ..Approval::default()
    });
    world.approve();
    world.sync();
    world.end(Ending::Completed);
    world.sync();
    let mut intent = original.intent.clone();
    intent.id = PaymentId::new(NOW, [99; 10]);
    intent.key = "k2".parse().unwrap();
    intent.purpose = payment::Purpose::Cancel {
        of: original.intent.id,
    };
    let reply = ReplyTo(500);
    let original = Some(Box::new(original));
    world.feed(Event::Pay {
        intent: Box::new(intent.clone()),
        original,
        reply,
        wait: true,
    });
    assert!(world.commands.is_empty(), "law 1: not before it is durable");
    world.sync();
    let reverse = Command::Reverse {
        payment: intent.id,
        money: intent.money,
        original: Box::new(Approval {
            terminal_receipt: Some(42),
            ..Approval::default()
        }),
    };
    assert_eq!(world.commands, [reverse]);
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

#[test]
fn a_card_payment_is_answered_when_its_outcome_is_known() {
    let mut world = World::new();
    let reply = world.card("k1", 1010);
    assert!(
        world.asked.is_empty(),
        "law 1: not before the intent is durable"
    );
    world.sync();
    assert_eq!(world.asked.len(), 1);
    world.approve();
    assert!(
        world.stored.is_empty(),
        "law 2: not before the approval is durable"
    );
    world.sync();
    assert_eq!(world.stored, [true]);
    assert_eq!(world.answer(reply), "waits");
    world.end(Ending::Completed);
    assert_eq!(world.answer(reply), "ended approved");
    let row = world.rows.values().next().unwrap().clone();
    assert_eq!(
        row.state,
        State::Approving,
        "its completion is still on its way"
    );
    assert_eq!(
        world.engine.desk().overlay(row).state,
        State::Approved,
        "nobody sees less"
    );
    world.sync();
    let next = world.card("k2", 100);
    world.sync();
    assert_eq!(
        (world.asked.len(), world.answer(next).as_str()),
        (2, "waits")
    );
}

#[test]
fn an_approval_that_cannot_be_stored_is_not_acknowledged() {
    let mut world = World::new();
    let reply = world.card("k1", 1010);
    world.sync();
    world.full = true;
    world.approve();
    world.sync();
    assert_eq!(world.stored, [false]);
    world.end(silence());
    world.sync();
    assert_eq!(world.answer(reply), "ended in_doubt");
}

#[test]
fn a_double_click_is_one_payment_with_two_answers() {
    let mut world = World::new();
    let first = world.card("k1", 1010);
    let second = world.card("k1", 1010);
    let other = world.card("k1", 2020);
    world.sync();
    let third = world.card("k1", 1010);
    world.approve();
    world.sync();
    world.end(Ending::Completed);
    world.sync();
    let late = world.card("k1", 1010);
    world.sync();
    assert_eq!(world.asked.len(), 1);
    for reply in [first, second, third] {
        assert_eq!(world.answer(reply), "ended approved");
    }
    assert_eq!(world.answer(late), "repeat approved");
    assert_eq!(world.answer(other), "idempotency-key-reused");
}

#[test]
fn a_busy_or_doubtful_terminal_takes_nothing_new() {
    let mut world = World::new();
    world.card("k1", 1010);
    let busy = world.card("k2", 500);
    world.sync();
    assert_eq!(world.answer(busy), "device-busy");
    world.end(silence());
    world.sync();
    let held = world.card("k3", 500);
    world.sync();
    assert_eq!(world.answer(held), "device-in-doubt");
    let cash = world.pay("k4", "desk1", 500, Method::Cash, true);
    world.sync();
    assert_eq!(
        world.answer(cash),
        "ended approved",
        "cash needs no terminal"
    );
}

#[test]
fn a_person_settles_doubt_and_frees_the_terminal() {
    let mut world = World::new();
    world.card("k1", 1010);
    world.sync();
    world.end(silence());
    world.sync();
    let payment = world.asked[0];
    let by = Verdict::Person {
        name: "A".into(),
        reason: "no receipt at the terminal".into(),
    };
    let settlement = Settlement::Declined { by };
    let reply = ReplyTo(900);
    world.feed(Event::Resolve {
        payment,
        settlement: settlement.clone(),
        reply,
    });
    world.sync();
    assert_eq!(world.answer(reply), "ended declined");
    world.feed(Event::Resolve {
        payment,
        settlement,
        reply: ReplyTo(901),
    });
    assert_eq!(world.answer(ReplyTo(901)), "not-in-doubt");
    world.card("k2", 100);
    world.sync();
    assert_eq!(world.asked.len(), 2);
}

#[test]
fn doubt_at_a_device_that_was_removed_can_still_be_settled() {
    let mut world = World::new();
    world.card("k1", 1010);
    world.sync();
    let payment = world.asked[0];
    let open = world.rows[&payment].clone();
    world.engine = Engine::new(Vec::new(), Vec::new());
    let payments = vec![(open, None)];
    let closings = Vec::new();
    let effects = world.engine.start(NOW, Unfinished { payments, closings });
    world.carry_out(effects);
    world.sync();
    let by = Verdict::Person {
        name: "A".into(),
        reason: "no such record".into(),
    };
    let reply = ReplyTo(900);
    let settlement = Settlement::Declined { by };
    world.feed(Event::Resolve {
        payment,
        settlement: settlement.clone(),
        reply,
    });
    world.sync();
    assert_eq!(world.answer(reply), "ended declined");
    world.feed(Event::Resolve {
        payment,
        settlement,
        reply: ReplyTo(901),
    });
    assert_eq!(world.answer(ReplyTo(901)), "not-in-doubt");
}

#[test]
fn after_a_restart_what_may_have_been_asked_is_in_doubt() {
    for approved in [false, true] {
        let mut world = World::new();
        world.card("k1", 1010);
        world.sync();
        if approved {
            world.approve();
            world.sync();
        }
        world.restart();
        assert_eq!(world.rows.values().next().unwrap().state, State::InDoubt);
        let repeat = world.card("k1", 1010);
        let next = world.card("k2", 1010);
        world.sync();
        assert_eq!(world.answer(repeat), "repeat in_doubt");
        assert_eq!(world.answer(next), "device-in-doubt");
        assert_eq!(world.asked.len(), 1);
    }
}

#[test]
fn a_full_disk_refuses_before_the_terminal_is_asked() {
    let mut world = World::new();
    world.full = true;
    let reply = world.card("k1", 1010);
    world.sync();
    assert_eq!(
        (world.answer(reply).as_str(), world.asked.len()),
        ("storage-full", 0)
    );
    world.full = false;
    world.card("k2", 1010);
    world.sync();
    assert_eq!(world.asked.len(), 1, "the terminal is free again");
}

#[test]
fn an_outcome_that_found_no_room_is_written_later() {
    for (ending, state) in [
        (Ending::Completed, State::Approved),
        (refusal(), State::Declined),
        (silence(), State::InDoubt),
    ] {
        let mut world = World::new();
        world.card("k1", 1010);
        world.sync();
        if ending == Ending::Completed {
            world.approve();
            world.sync();
        }
        world.stuck = true;
        world.end(ending);
        world.sync_one();
        assert_ne!(world.rows.values().next().unwrap().state, state);
        world.stuck = false;
        world.sync();
        assert_eq!(world.rows.values().next().unwrap().state, state);
        let repeat = world.card("k1", 1010);
        world.sync();
        assert_eq!(world.answer(repeat), format!("repeat {}", state.shown()));
        assert_eq!(world.asked.len(), 1);
    }
}

/// The wall clock jumps while a payment is in doubt: the terminal's record is neither an older
/// one taken for ours, nor a reason to ask for money again.
#[test]
fn a_clock_that_jumps_a_year_neither_charges_twice_nor_approves_what_is_old() {
    let year = jiff::SignedDuration::from_hours(365 * 24);
    for later in [
        NOW.checked_add(year).unwrap(),
        NOW.checked_sub(year).unwrap(),
    ] {
        for (after, state) in [
            (holds(7, 1010), State::Declined),
            (holds(8, 1010), State::Approved),
            (holds(6, 1010), State::InDoubt),
        ] {
            let busy = LastTransaction::Busy("Wait.".into());
            let (mut world, _) = doubtful(holds(7, 1010), busy);
            world.now = later;
            world.memory = after;
            world.feed(Event::Wake("desk1".parse().unwrap()));
            world.sync();
            assert_eq!(world.rows.values().next().unwrap().state, state);
            let repeat = world.card("k1", 1010);
            world.sync();
            assert_eq!(world.answer(repeat), format!("repeat {}", state.shown()));
            assert_eq!(world.asked.len(), 1, "nobody is asked twice");
        }
    }
}

#[test]
fn a_terminal_that_is_not_there_is_a_clear_refusal_but_a_repeat_is_answered() {
    let mut world = World::new();
    let done = world.card("k1", 1010);
    world.sync();
    world.end(refusal());
    world.sync();
    let device = "desk1".parse().unwrap();
    world.feed(Event::LinkLost {
        device,
        reason: "Unplugged".into(),
    });
    let refused = world.card("k2", 1010);
    let repeat = world.card("k1", 1010);
    world.sync();
    assert_eq!(world.answer(done), "ended declined");
    let shown = world.engine.desk().devices[1].next_step.clone();
    assert_eq!(shown, "Unplugged.", "law 13: a whole sentence");
    assert_eq!(world.answer(refused), "terminal-unavailable");
    assert_eq!(world.answer(repeat), "repeat declined");
}

#[test]
fn what_does_not_fit_the_device_is_refused() {
    let mut world = World::new();
    let nowhere = world.pay("k1", "desk9", 100, Method::Cash, true);
    let no_terminal = world.pay("k2", "cashbox", 100, Method::Card, true);
    let cash = world.pay("k3", "cashbox", 100, Method::Cash, true);
    world.sync();
    assert_eq!(world.answer(nowhere), "unknown-device");
    assert_eq!(world.answer(no_terminal), "method-not-taken");
    assert_eq!(world.answer(cash), "ended approved");
    assert_eq!(
        world.rows.len(),
        1,
        "nothing is written for what is refused"
    );
}

/// A step of a random day at the desk.
#[derive(Debug, Clone)]
enum Step {
    Pay {
        key: u8,
        minor: i64,
        cash: bool,
        wait: bool,
    },
    Sync,
    Approve,
    End(u8),
    Resolve(bool),
    Full(bool),
    Restart,
    Link(bool),
    Serve,
    Served(bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4_u8, 1..3_i64, any::<bool>(), any::<bool>())
            .prop_map(|(key, minor, cash, wait)| Step::Pay { key, minor, cash, wait }),
        6 => Just(Step::Sync),
        3 => Just(Step::Approve),
        3 => (0..4_u8).prop_map(Step::End),
        1 => any::<bool>().prop_map(Step::Resolve),
        1 => any::<bool>().prop_map(Step::Full),
        1 => Just(Step::Restart),
        1 => any::<bool>().prop_map(Step::Link),
        2 => Just(Step::Serve),
        2 => any::<bool>().prop_map(Step::Served),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Laws 1, 2, 4 and 5, whatever happens in whatever order: the assertions are in
    /// [`World::carry_out`].
    #[test]
    fn no_day_at_the_desk_breaks_the_laws(steps in prop::collection::vec(step(), 0..60)) {
        let mut world = World::new();
        for step in steps {
            match step {
                Step::Pay { key, minor, cash, wait } => {
                    let method = if cash { Method::Cash } else { Method::Card };
                    world.pay(&format!("k{key}"), "desk1", minor, method, wait);
                }
                Step::Sync => { world.sync_one(); }
                Step::Approve if !world.asked.is_empty() => world.approve(),
                Step::End(how) if !world.asked.is_empty() => world.end(match how {
                    0 => Ending::Completed,
                    1 => refusal(),
                    2 => silence(),
                    _ => Ending::Cancelled(Cancellation { code: None, text: "c".into() }),
                }),
                Step::Resolve(approved) if !world.asked.is_empty() => {
                    let payment = *world.asked.last().unwrap();
                    let by = Verdict::Person { name: "A".into(), reason: "b".into() };
                    let settlement = if approved {
                        Settlement::Approved { by, approval: None }
                    } else {
                        Settlement::Declined { by }
                    };
                    world.next_reply += 1;
                    let reply = ReplyTo(world.next_reply);
                    world.feed(Event::Resolve { payment, settlement, reply });
                }
                Step::Full(full) => world.full = full,
                Step::Restart => world.restart(),
                Step::Link(true) => world.terminal(TerminalEvent::Ready { terminal_id: None }),
                Step::Link(false) => {
                    // A question goes with its link.
                    world.inquired = false;
                    let device = "desk1".parse().unwrap();
                    world.feed(Event::LinkLost { device, reason: "Unplugged.".into() });
                }
                Step::Serve => { world.serve(ServiceWish::Diagnosis); }
                Step::Served(true) if world.serving => world.served("Done."),
                Step::Served(false) if world.serving => world.not_served(None, "No."),
                Step::Approve | Step::End(_) | Step::Resolve(_) | Step::Served(_) => {}
            }
        }
        world.sync();
        let keys: HashSet<_> = world.rows.values().map(|p| &p.intent.key).collect();
        prop_assert_eq!(keys.len(), world.rows.len(), "law 5: one payment for each key");
    }
}

/// Only cash opens the drawer, once, and not before its record is durable.
#[test]
fn cash_opens_the_drawer_once_it_is_recorded() {
    let mut world = World::new();
    let setup = |id: &str, drawer| Setup {
        id: id.parse().unwrap(),
        currency: parse_currency("EUR").unwrap(),
        printer: Some("front".parse().unwrap()),
        drawer,
        merchant_copy: false,
        terminal: None,
        patience: std::time::Duration::ZERO,
        zone: jiff::tz::TimeZone::UTC,
    };
    let setups = vec![setup("cashbox", true), setup("without", false)];
    world.engine = Engine::new(setups, Vec::new());
    for (key, device, method, opens) in [
        ("k1", "cashbox", Method::Cash, true),
        ("k1", "cashbox", Method::Cash, false),
        ("k2", "cashbox", Method::Cheque, false),
        ("k3", "without", Method::Cash, false),
    ] {
        world.opened.clear();
        world.pay(key, device, 500, method, true);
        let front = (device == "cashbox" && method == Method::Cash)
            .then(|| "front".parse::<PrinterId>().unwrap());
        let Some((_, Write::Begin { due, .. })) = world.writes.back() else {
            panic!("nothing is written");
        };
        assert_eq!(due.drawer, front, "recorded with the payment");
        assert!(world.opened.is_empty(), "not before it is durable");
        world.sync();
        assert_eq!(world.opened.len(), usize::from(opens), "{key} at {device}");
    }
    world.full = true;
    world.opened.clear();
    world.pay("k4", "cashbox", 500, Method::Cash, true);
    world.sync();
    assert!(
        world.opened.is_empty(),
        "what is not recorded opens nothing"
    );
}
