//! Single payments: what is asked of the terminal, answered and written, and what is refused.

use super::*;

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
    let unknown = "outcome-not-recorded";
    for (ending, state, told) in [
        (Ending::Completed, State::Approved, "ended approved"),
        (refusal(), State::Declined, unknown),
        (silence(), State::InDoubt, unknown),
    ] {
        let mut world = World::new();
        let waits = world.card("k1", 1010);
        world.sync();
        if ending == Ending::Completed {
            world.approve();
            world.sync();
        }
        world.stuck = true;
        world.end(ending);
        world.sync_one();
        assert_ne!(world.rows.values().next().unwrap().state, state);
        assert_eq!(world.answer(waits), told, "law 3");
        world.stuck = false;
        world.sync();
        assert_eq!(world.rows.values().next().unwrap().state, state);
        let repeat = world.card("k1", 1010);
        world.sync();
        assert_eq!(world.answer(repeat), format!("repeat {}", state.shown()));
        assert_eq!(world.asked.len(), 1);
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

/// "Nothing was taken" is not known of a key that cannot be looked up.
#[test]
fn a_repeat_that_cannot_be_looked_up_is_not_refused_as_if_it_were_new() {
    let mut world = World::new();
    world.card("k1", 1010);
    world.sync();
    world.end(refusal());
    world.sync();
    world.feed(Event::LinkLost {
        device: "desk1".parse().unwrap(),
        reason: "Unplugged".into(),
    });
    world.unreadable = true;
    let repeat = world.card("k1", 1010);
    world.sync();
    assert_eq!(world.answer(repeat), "storage-unreadable");
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
