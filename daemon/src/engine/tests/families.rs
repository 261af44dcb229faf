//! Terminals that can do other things than ZVT's: the same engine, by what they declare.

use drivers::terminal::{Named, Queried, Recovery, Refunds, Reversals};
use payment::{Text, recovery::Counting};

use super::*;
use crate::problem::NotOffered;

/// One that can do nothing but take a payment.
const LEAST: Abilities = Abilities {
    recovery: Recovery::Person,
    abort: false,
    reversals: Reversals::None,
    refunds: Refunds::None,
    end_of_day: false,
    receipts: false,
    keep_alive: false,
    services: false,
};

const BY_REFERENCE: Abilities = Abilities {
    recovery: Recovery::ByReference,
    reversals: Reversals::Any(Named::ByReference),
    refunds: Refunds::OfPayment,
    ..LEAST
};

fn approval(reference: Option<&str>, trace: u32) -> Approval {
    Approval {
        money: Some(Money::from_minor(1010, parse_currency("EUR").unwrap()).unwrap()),
        reference: reference.map(Text::from),
        trace: Some(trace),
        ..Approval::default()
    }
}

/// A payment that ended in doubt.
fn doubted(abilities: Abilities) -> (World, ReplyTo) {
    let mut world = World::of(abilities);
    world.ready("T1");
    let reply = world.card("k1", 1010);
    world.sync();
    world.end(silence());
    (world, reply)
}

impl World {
    fn ready(&mut self, terminal_id: &str) {
        let terminal_id = Some(terminal_id.into());
        self.terminal(TerminalEvent::Ready { terminal_id });
        self.sync();
    }

    fn queried(&mut self, answer: Queried) {
        let payment = *self.asked.last().unwrap();
        self.terminal(TerminalEvent::Queried { payment, answer });
        self.sync();
    }

    /// The terminal can no longer be working on it.
    fn waited_out(&mut self) {
        let (device, payment) = self.working.take().unwrap();
        self.feed(Event::WaitedOut { device, payment });
        self.sync();
    }

    fn state(&self) -> State {
        self.rows.values().next().unwrap().state
    }

    /// Somebody wants that payment back: all of it, or a part.
    fn give_back(&mut self, original: Payment, cancel: bool) -> ReplyTo {
        self.next_id += 1;
        self.next_reply += 1;
        let of = original.intent.id;
        let mut intent = original.intent.clone();
        intent.id = PaymentId::new(NOW, [90 + self.next_id; 10]);
        intent.key = format!("back{}", self.next_id).parse().unwrap();
        intent.purpose = if cancel {
            payment::Purpose::Cancel { of }
        } else {
            payment::Purpose::Refund { of }
        };
        let reply = ReplyTo(self.next_reply);
        self.feed(Event::Pay {
            intent: Box::new(intent),
            original: Some(Box::new(original)),
            reply,
            wait: true,
        });
        self.sync();
        reply
    }

    fn problem(&self, reply: ReplyTo) -> Option<Problem> {
        self.answers.get(&reply)?.as_ref().err().cloned()
    }

    /// A payment that was approved so.
    fn paid(&mut self, approval: Approval) -> Payment {
        self.card("k1", 1010);
        self.sync();
        let payment = *self.asked.last().unwrap();
        let fact = TerminalFact::Approved(Approved { payment, approval });
        let device = "desk1".parse().unwrap();
        self.feed(Event::Store { device, fact });
        self.sync();
        self.end(Ending::Completed);
        self.sync();
        self.rows[&payment].clone()
    }
}

#[test]
fn a_reference_settles_doubt() {
    let unknown = |id: &str| Queried::Unknown {
        terminal_id: Some(id.into()),
    };
    let refused = || Refusal {
        code: None,
        text: "The card was refused.".into(),
    };
    for (answer, expected) in [
        (
            Queried::Approved(Box::new(approval(Some("R"), 1))),
            State::Approved,
        ),
        (Queried::Refused(refused()), State::Declined),
        (unknown("T1"), State::Declined),
        (unknown("T2"), State::InDoubt),
        (Queried::Running("Wait.".into()), State::InDoubt),
        (Queried::NoAnswer("?".into()), State::InDoubt),
    ] {
        let (mut world, _) = doubted(BY_REFERENCE);
        let said = format!("{answer:?}");
        world.sync();
        let query =
            |c: &Command| matches!(c, Command::Query { payment, .. } if *payment == world.asked[0]);
        assert!(world.commands.iter().any(query), "{said}");
        world.queried(answer);
        assert_eq!(world.state(), expected, "{said}");
        assert_eq!(world.asked.len(), 1, "law 4");
    }
}

/// The answer about another payment settles nothing.
#[test]
fn an_answer_about_another_payment_settles_nothing() {
    let (mut world, _) = doubted(BY_REFERENCE);
    world.sync();
    world.terminal(TerminalEvent::Queried {
        payment: PaymentId::new(NOW, [77; 10]),
        answer: Queried::Approved(Box::new(approval(Some("R"), 1))),
    });
    world.sync();
    assert_eq!(world.state(), State::InDoubt);
}

#[test]
fn a_terminal_that_cannot_be_asked_leaves_doubt_to_a_person() {
    let (mut world, reply) = doubted(LEAST);
    world.sync();
    assert!(
        world.commands.is_empty() && !world.inquired,
        "nothing is asked"
    );
    assert_eq!(world.state(), State::InDoubt);
    assert!(
        world.answers.contains_key(&reply),
        "whoever waits hears of it"
    );
    let desk = world.engine.desk();
    let running = desk.devices.iter().find_map(|d| d.running.clone()).unwrap();
    let evidence = running.evidence.unwrap();
    assert!(
        evidence.as_str().contains("Look at its receipt"),
        "{evidence}"
    );
    let next = world.card("k2", 500);
    world.sync();
    assert!(matches!(
        world.problem(next),
        Some(Problem::DeviceInDoubt { .. })
    ));
}

#[test]
fn what_a_terminal_cannot_do_gets_a_plain_sentence() {
    let mut world = World::of(LEAST);
    world.ready("T1");
    let paid = world.paid(approval(None, 1));
    let refund_instead = false;
    for (cancel, expected) in [
        (true, NotOffered::Cancel { refund_instead }),
        (false, NotOffered::Refund),
    ] {
        let reply = world.give_back(paid.clone(), cancel);
        assert_eq!(world.problem(reply), Some(Problem::NotOffered(expected)));
    }
    world.card("k2", 500);
    world.sync();
    let payment = world.asked[1];
    let reply = ReplyTo(900);
    world.feed(Event::Abort { payment, reply });
    let expected = Problem::NotOffered(NotOffered::Abort);
    assert_eq!(world.problem(reply), Some(expected));
    assert!(world.commands.is_empty());
}

#[test]
fn a_payment_without_a_name_is_not_given_back() {
    for (reference, expected) in [(None, Some(Problem::NothingToRefund)), (Some("R"), None)] {
        let mut world = World::of(BY_REFERENCE);
        world.ready("T1");
        let paid = world.paid(approval(reference, 1));
        let reply = world.give_back(paid, false);
        assert_eq!(world.problem(reply), expected);
        assert_eq!(world.commands.len(), usize::from(reference.is_some()));
    }
}

#[test]
fn only_the_last_payment_is_cancelled_where_the_terminal_knows_no_other() {
    let last = Abilities {
        recovery: Recovery::LastTransaction(Counting::Traces),
        reversals: Reversals::Last(Named::ByTrace),
        ..LEAST
    };
    for (trace, possible) in [(7, true), (6, false)] {
        let mut world = World::of(last);
        world.ready("T1");
        world.paid(approval(None, 7));
        let mut original = world.rows.values().next().unwrap().clone();
        original.approval = Some(approval(None, trace));
        let reply = world.give_back(original, true);
        let refund_instead = false;
        let expected = Problem::NotOffered(NotOffered::CancelOfOlder { refund_instead });
        assert_eq!(world.problem(reply), (!possible).then_some(expected));
        let reversed = |c: &Command| matches!(c, Command::Reverse { .. });
        assert_eq!(world.commands.iter().any(reversed), possible);
    }
}

/// A terminal that answers from its memory also while a customer looks for a card: "nothing newer" is
/// no proof before it must have ended.
#[test]
fn an_unchanged_memory_proves_nothing_while_the_terminal_may_still_work() {
    let by_traces = Abilities {
        recovery: Recovery::LastTransaction(Counting::Traces),
        ..LEAST
    };
    let kind = payment::StoredKind::Payment;
    let holds = |trace| {
        let approval = approval(None, trace);
        LastTransaction::Stored(Box::new(payment::Stored { kind, approval }))
    };
    for (over, trace, expected) in [
        (false, 7, State::InDoubt),
        (false, 8, State::Approved),
        (true, 7, State::Declined),
        (true, 8, State::Approved),
    ] {
        let mut world = World::of(by_traces);
        world.memory = holds(7);
        world.terminal(TerminalEvent::LastTransaction(holds(7)));
        world.ready("T1");
        world.card("k1", 1010);
        world.sync();
        world.memory = holds(trace);
        // A clock that is set moves nothing.
        world.now = NOW + jiff::SignedDuration::from_hours(if over { -2 } else { 2 });
        if over {
            world.waited_out();
        }
        world.end(silence());
        world.sync();
        assert_eq!(world.state(), expected, "over: {over}, trace {trace}");
        assert_eq!(world.asked.len(), 1, "law 4");
    }
}

/// The same for a cancel: that the first payment stands does not say that it will.
#[test]
fn a_first_payment_that_still_stands_proves_nothing_while_the_terminal_may_still_work() {
    let by_traces = Abilities {
        recovery: Recovery::LastTransaction(Counting::Traces),
        reversals: Reversals::Last(Named::ByTrace),
        ..LEAST
    };
    let kind = payment::StoredKind::Payment;
    for (over, expected) in [(false, State::InDoubt), (true, State::Declined)] {
        let mut world = World::of(by_traces);
        world.ready("T1");
        let paid = world.paid(approval(None, 7));
        world.give_back(paid.clone(), true);
        let Some(Command::Reverse { payment, .. }) = world.commands.last() else {
            panic!("the cancel was not asked for");
        };
        let payment = *payment;
        let approval = approval(None, 7);
        world.memory = LastTransaction::Stored(Box::new(payment::Stored { kind, approval }));
        let ending = silence();
        world.terminal(TerminalEvent::Ended { payment, ending });
        world.sync();
        if over {
            world.waited_out();
        }
        assert_eq!(world.rows[&payment].state, expected, "over: {over}");
    }
}

/// A daemon that was away does not know for how long: clocks are set meanwhile.
#[test]
fn after_a_restart_the_terminal_has_all_its_time_again() {
    let by_traces = Abilities {
        recovery: Recovery::LastTransaction(Counting::Traces),
        ..LEAST
    };
    let mut world = World::of(by_traces);
    let kind = payment::StoredKind::Payment;
    let approval = approval(None, 7);
    world.memory = LastTransaction::Stored(Box::new(payment::Stored { kind, approval }));
    world.terminal(TerminalEvent::LastTransaction(world.memory.clone()));
    world.ready("T1");
    world.card("k1", 1010);
    world.sync();
    world.restart();
    world.now = NOW - jiff::SignedDuration::from_hours(2);
    world.sync();
    world.ready("T1");
    assert_eq!(world.state(), State::InDoubt);
    world.waited_out();
    assert_eq!(world.state(), State::Declined);
}
