//! A lost answer: what settles it, and what is not taken meanwhile.

use super::*;

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
