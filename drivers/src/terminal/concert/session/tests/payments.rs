//! Payments, whatever the line and the terminal do.

use super::*;
use crate::terminal::Service;

#[test]
fn a_payment_is_stored_before_it_is_acknowledged() {
    let mut desk = Desk::paying();
    desk.disk = None;
    desk.says(DONE);
    desk.takes(&["> ACK", "store"]);
    desk.hears(&[ENQ]);
    desk.hears(&frame(DONE.as_bytes()));
    desk.takes(&[]);
    desk.input(Input::Stored(true));
    desk.takes(&["> ACK"]);
    desk.hears(&[EOT]);
    desk.takes(&["completed"]);
    let Fact::Approved(approved) = &desk.facts[0] else {
        panic!("{:?}", desk.facts);
    };
    assert_eq!(approved.approval.money, Some(euros(1010)));
}

#[test]
fn what_cannot_be_stored_is_not_acknowledged() {
    let mut desk = Desk::paying();
    desk.disk = Some(false);
    desk.says(DONE);
    desk.takes(&["> ACK", "store", "doubted NotStored"]);
    // Nor when the terminal says it again.
    desk.says(DONE);
    desk.takes(&["> ACK"]);
}

#[test]
fn each_status_ends_as_it_must() {
    for (data, expected) in [
        (NOT_DONE, &["> ACK", "> ACK", "declined"][..]),
        (
            "0190000101019780000000000",
            &["> ACK", "> ACK", "doubted Garbage"],
        ),
        ("0140000101019780000000000", &["> ACK", "doubted Garbage"]),
        (
            "0100000101119780000000000",
            &["> ACK", "doubted OtherAmount"],
        ),
        (
            "0100000101018400000000000",
            &["> ACK", "doubted OtherAmount"],
        ),
        (
            "0170000101119780000000000",
            &["> ACK", "> ACK", "doubted Garbage"],
        ),
        ("0200000101019780000000000", &["> ACK"]),
        ("hello", &["> ACK", "doubted Garbage"]),
    ] {
        let mut desk = Desk::paying();
        desk.says(data);
        desk.takes(expected);
    }
}

#[test]
fn another_amount_is_named_to_the_person_who_decides() {
    let mut desk = Desk::paying();
    desk.says("0100000101119780000000000");
    assert_eq!(desk.doubt().other_amount, Some(euros(1011)));
    assert!(
        desk.doubt()
            .text
            .as_str()
            .contains("EUR 10.11 instead of EUR 10.10")
    );
}

#[test]
fn a_busy_terminal_is_rung_up_again_and_then_left_alone() {
    let mut desk = Desk::new();
    desk.pay(1, 1010);
    desk.hears(&[NAK]);
    desk.takes(&["> ENQ", "concert:busy"]);
    desk.passes(2000);
    desk.takes(&["> ENQ"]);
    desk.passes(2000);
    desk.takes(&["concert:busy"]);
    desk.passes(2000);
    desk.hears(&[NAK]);
    desk.passes(2000);
    desk.takes(&["> ENQ", "concert:busy", "> ENQ"]);
    desk.passes(2000);
    desk.takes(&["> EOT", "cancelled"]);
    assert_eq!((desk.requests, desk.deadline), (0, None));
    // And it can be asked again.
    desk.pay(2, 1010);
    desk.hears(&[ACK]);
    desk.takes(&["> ENQ", "> request"]);
}

#[test]
fn only_a_nak_lets_a_request_leave_again() {
    let mut desk = Desk::new();
    desk.pay(1, 1010);
    desk.hears(&[ACK, NAK, NAK, NAK]);
    desk.takes(&[
        "> ENQ",
        "> request",
        "> request",
        "> request",
        "> EOT",
        "cancelled",
    ]);
    // Not even by a command that comes again.
    desk.pay(1, 1010);
    desk.takes(&[]);

    let mut desk = Desk::new();
    desk.pay(1, 1010);
    desk.hears(&[ACK]);
    desk.passes(2000);
    desk.takes(&["> ENQ", "> request", "> EOT", "concert:working"]);
    desk.passes(180_000);
    desk.takes(&["doubted Silence"]);
    desk.pay(1, 1010);
    desk.takes(&[]);
}

#[test]
fn an_acknowledgement_that_was_lost_does_not_lose_the_answer() {
    let mut desk = Desk::new();
    desk.pay(1, 1010);
    desk.hears(&[ACK]);
    desk.passes(2000);
    desk.says(DONE);
    desk.hears(&[EOT]);
    desk.takes(&[
        "> ENQ",
        "> request",
        "> EOT",
        "concert:working",
        "> ACK",
        "store",
        "> ACK",
        "completed",
    ]);
}

#[test]
fn a_damaged_answer_is_said_again() {
    let mut desk = Desk::paying();
    let mut damaged = frame(DONE.as_bytes());
    *damaged.last_mut().unwrap() ^= 4;
    desk.hears(&[ENQ]);
    desk.hears(&damaged);
    desk.hears(&damaged);
    desk.hears(&frame(DONE.as_bytes()));
    desk.hears(&[EOT]);
    desk.takes(&["> ACK", "> NAK", "> NAK", "store", "> ACK", "completed"]);

    let mut desk = Desk::paying();
    desk.hears(&[ENQ]);
    for _ in 0..4 {
        desk.hears(&damaged);
    }
    desk.takes(&["> ACK", "> NAK", "> NAK", "> NAK", "doubted Garbage"]);
}

#[test]
fn an_answer_that_comes_twice_is_acknowledged_twice_and_stored_once() {
    let mut desk = Desk::paying();
    desk.says(DONE);
    desk.says(DONE);
    desk.hears(&[EOT]);
    desk.says(DONE);
    desk.hears(&[EOT]);
    desk.takes(&[
        "> ACK",
        "store",
        "> ACK",
        "> ACK",
        "> ACK",
        "completed",
        "> ACK",
        "> ACK",
    ]);
    // Without an EOT it is over all the same.
    let mut desk = Desk::paying();
    desk.says(DONE);
    desk.passes(2000);
    desk.takes(&["> ACK", "store", "> ACK", "completed"]);
}

#[test]
fn a_frame_out_of_turn_is_left_alone() {
    let mut desk = Desk::paying();
    desk.hears(&frame(DONE.as_bytes()));
    desk.hears(&frame(NOT_DONE.as_bytes()));
    desk.takes(&[]);
}

#[test]
fn a_late_approval_is_acknowledged_only_where_it_is_kept() {
    for durable in [true, false] {
        let mut desk = Desk::paying();
        desk.disk = Some(durable);
        desk.passes(180_000);
        desk.says(DONE);
        let mut expected = vec!["doubted Silence", "> ACK", "store left over"];
        expected.extend(durable.then_some("> ACK"));
        desk.takes(&expected);
        assert!(matches!(desk.facts[..], [Fact::LeftOver(_)]));
    }
}

#[test]
fn a_terminal_that_rings_at_the_same_moment_goes_first() {
    let mut desk = Desk::new();
    desk.pay(1, 1010);
    desk.says(NOT_DONE);
    desk.takes(&["> ENQ", "concert:busy", "> ACK", "> ACK"]);
    desk.passes(2000);
    desk.takes(&["> ENQ"]);
    // But not for ever.
    for _ in 0..2 {
        desk.hears(&[ENQ]);
        desk.passes(2000);
    }
    desk.log.clear();
    desk.hears(&[ENQ]);
    desk.takes(&["> EOT", "cancelled", "> ACK"]);
}

#[test]
fn a_link_that_breaks_is_doubt_once_the_request_may_have_left() {
    let ended = |mut desk: Desk| {
        desk.log.clear();
        desk.input(Input::LinkDown);
        desk.log
    };
    assert_eq!(ended(Desk::new()), ["not ready"]);
    let mut desk = Desk::new();
    desk.pay(1, 1010);
    assert_eq!(ended(desk), ["cancelled", "not ready"]);
    let mut desk = Desk::new();
    desk.pay(1, 1010);
    desk.hears(&[ACK]);
    assert_eq!(ended(desk), ["doubted LinkLost", "not ready"]);
    assert_eq!(ended(Desk::paying()), ["doubted LinkLost", "not ready"]);
    for disk in [None, Some(true)] {
        let mut desk = Desk::paying();
        desk.disk = disk;
        desk.says(DONE);
        desk.log.clear();
        desk.input(Input::LinkDown);
        assert!(desk.doubt().approval.is_some());
        desk.takes(&["doubted LinkLost", "not ready"]);
        desk.input(Input::Stored(true));
        desk.takes(&[]);
        desk.input(Input::LinkUp);
        desk.takes(&["ready"]);
    }
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let mut desk = Desk::new();
    desk.pay(1, 100_000_000);
    let money = Money::from_minor(1010, Currency::CHF).unwrap();
    desk.input(Input::Command(Command::Refund {
        payment: payment(2),
        money,
        original: None,
    }));
    desk.takes(&["cancelled", "cancelled"]);
    for command in [
        Command::LastTransaction,
        Command::Query {
            payment: payment(1),
            purpose: payment::Purpose::Sale,
            money: euros(1),
        },
        Command::EndOfDay,
        Command::Service(Service::Diagnosis),
        Command::Abort {
            payment: payment(1),
        },
    ] {
        desk.input(Input::Command(command));
    }
    desk.takes(&[
        "last unsupported",
        "queried in vain",
        "day refused",
        "not served",
    ]);
    desk.pay(3, 1010);
    desk.pay(4, 1010);
    desk.takes(&["> ENQ", "cancelled"]);
    desk.input(Input::LinkDown);
    desk.pay(5, 1010);
    desk.takes(&["cancelled", "not ready", "cancelled"]);
}
