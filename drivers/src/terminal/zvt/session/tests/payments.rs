//! Payments, step by step.

use super::*;

const BOTH: [Framing; 2] = [Framing::Serial, Framing::Tcp];

#[test]
fn a_payment_from_registration_to_completion() {
    for framing in BOTH {
        let mut desk = Desk::paying(framing, true);
        desk.says("04 FF 0E");
        desk.says("04 FF 16 01 06 06 24 04 07 02 50 49");
        desk.takes(&["progress zvt:0E", "> 80 00", "progress zvt:16", "> 80 00"]);
        desk.says(GOOD);
        desk.takes(&["store", "> 80 00"]);
        desk.says(SLIP);
        desk.takes(&["receipt Customer", "> 80 00"]);
        desk.says("06 0F");
        desk.takes(&["completed", "> 80 00"]);
        let approval = &desk.stored[0];
        assert_eq!(approval.money, Some(euros(1010)));
        assert_eq!(
            (approval.trace, approval.terminal_receipt),
            (Some(10), Some(1010))
        );
        // The payment is never asked for again; the next one is.
        desk.pay(1, 1010);
        desk.takes(&[]);
        desk.pay(2, 500);
        desk.takes(&["> 06 01"]);
    }
}

/// What the terminal says after it took the request, what comes of it, and how it ends.
fn check(says: &[&str], disk: bool, expected: &[&str]) {
    for framing in BOTH {
        let mut desk = Desk::paying(framing, true);
        desk.disk = Some(disk);
        for message in says {
            desk.says(message);
        }
        desk.takes(expected);
    }
}

#[test]
fn endings() {
    check(
        &["04 0F 27 05", "06 1E 05"],
        true,
        &["> 80 00", "declined zvt:05", "> 80 00"],
    );
    check(
        &["04 0F 27 6C", "06 1E 6C"],
        true,
        &["> 80 00", "cancelled zvt:6C", "> 80 00"],
    );
    check(
        &["06 1E F0"],
        true,
        &["wants EndOfDay", "declined zvt:F0", "> 80 00"],
    );
    check(
        &["04 0F 27 05", "06 1E"],
        true,
        &["> 80 00", "declined zvt:05", "> 80 00"],
    );
    // The PIN was wrong at first.
    check(
        &["04 0F 27 37", GOOD, "06 0F"],
        true,
        &["> 80 00", "store", "> 80 00", "completed", "> 80 00"],
    );
    // A repeated result is answered again and not stored again.
    check(
        &[GOOD, GOOD, "06 0F", GOOD],
        true,
        &[
            "store",
            "> 80 00",
            "> 80 00",
            "completed",
            "> 80 00",
            "> 80 00",
        ],
    );
    check(
        &[GOOD, "06 1E 6C"],
        true,
        &[
            "store",
            "> 80 00",
            "doubted Contradiction",
            "not ready",
            "> 80 00",
        ],
    );
    check(
        &["06 0F"],
        true,
        &["doubted Contradiction", "not ready", "> 80 00"],
    );
    // The same answer again when it comes again: it must not become an acknowledgement.
    check(
        &[GOOD, GOOD],
        false,
        &[
            "store",
            "doubted NotStored",
            "not ready",
            "> 84 FF",
            "> 84 FF",
        ],
    );
    check(
        &[OTHER, OTHER, "06 1E 05"],
        true,
        &[
            "doubted OtherAmount",
            "not ready",
            "> 84 66",
            "> 84 66",
            "> 80 00",
        ],
    );
}

#[test]
fn what_is_no_result_of_a_payment() {
    // A result without a result code.
    check(
        &["04 0F 04 00"],
        true,
        &["doubted Garbage", "not ready", "> 84 66"],
    );
    // Menus and other commands that we do not know.
    check(&["04 0D 00"], true, &["> 84 83"]);
    // Reversal records are no approval.
    check(
        &["04 0F 27 00 37 00 00 09", "06 0F"],
        true,
        &["> 80 00", "doubted Contradiction", "not ready", "> 80 00"],
    );
}

#[test]
fn the_terminal_refuses_at_once() {
    for framing in BOTH {
        for (error, ending) in [("84 6C", "cancelled zvt:6C"), ("84 05", "declined zvt:05")] {
            let mut desk = Desk::ready(framing, true);
            desk.pay(1, 1010);
            desk.says(error);
            desk.takes(&["> 06 01", ending]);
        }
    }
}

#[test]
fn other_amounts_are_named() {
    let mut desk = Desk::paying(Framing::Tcp, true);
    desk.says(OTHER);
    let doubt = desk.doubt();
    assert_eq!(doubt.other_amount, Some(euros(2020)));
    let text = doubt.text.as_str();
    assert!(
        text.contains("EUR 20.20") && text.contains("EUR 10.10"),
        "{text}"
    );
}

#[test]
fn a_link_that_breaks_leaves_doubt() {
    for framing in BOTH {
        let mut desk = Desk::ready(framing, true);
        desk.input(Input::LinkDown);
        desk.takes(&["not ready"]);
        desk.pay(1, 1010);
        desk.takes(&["cancelled "]);

        for said in [
            &[][..],
            &["80 00"],
            &["80 00", "04 FF 0E"],
            &["80 00", GOOD],
        ] {
            let mut desk = Desk::ready(framing, true);
            desk.pay(1, 1010);
            for message in said {
                desk.says(message);
            }
            desk.log.clear();
            desk.input(Input::LinkDown);
            desk.takes(&["doubted LinkLost", "not ready"]);
            assert_eq!(desk.doubt().approval.is_some(), said.contains(&GOOD));
        }
        // Not stored yet, and stored too late.
        let mut desk = Desk::paying(framing, false);
        desk.disk = None;
        desk.says(GOOD);
        desk.input(Input::LinkDown);
        desk.input(Input::Stored(true));
        desk.takes(&["store", "doubted LinkLost", "not ready"]);
    }
}

#[test]
fn an_acknowledged_approval_stands_when_the_terminal_prints() {
    // A serial terminal confirmed our acknowledgement.
    let mut desk = Desk::paying(Framing::Serial, false);
    desk.says(GOOD);
    desk.input(Input::LinkDown);
    desk.takes(&["store", "> 80 00", "completed", "not ready"]);
    // Over TCP nobody knows, until the terminal goes on.
    let mut desk = Desk::paying(Framing::Tcp, false);
    desk.says(GOOD);
    desk.input(Input::LinkDown);
    desk.takes(&["store", "> 80 00", "doubted LinkLost", "not ready"]);
    let mut desk = Desk::paying(Framing::Tcp, false);
    desk.says(GOOD);
    desk.says("04 FF 0B");
    desk.input(Input::LinkDown);
    desk.takes(&[
        "store",
        "> 80 00",
        "progress zvt:0B",
        "> 80 00",
        "completed",
        "not ready",
    ]);
}

#[test]
fn silence() {
    // T3.
    let mut desk = Desk::ready(Framing::Tcp, true);
    desk.pay(1, 1010);
    desk.passes(4999);
    desk.takes(&["> 06 01"]);
    desk.passes(1);
    desk.takes(&["doubted Silence", "not ready", "close"]);
    for framing in BOTH {
        // T4, restarted by 04 FF; then one request to stop.
        let mut desk = Desk::paying(framing, true);
        desk.passes(179_999);
        desk.says("04 FF 0A");
        desk.passes(179_999);
        desk.takes(&["progress zvt:0A", "> 80 00"]);
        desk.passes(1);
        desk.takes(&["> 06 B0"]);
        desk.passes(9_999);
        desk.takes(&[]);
        desk.passes(1);
        assert_eq!(desk.log[0], "doubted Silence");
        // The terminal's own timeout replaces T4.
        let mut desk = Desk::paying(framing, true);
        desk.says("04 FF 0A 04");
        desk.passes(239_999);
        desk.takes(&["progress zvt:0A", "> 80 00"]);
    }
}

#[test]
fn the_desk_wants_to_stop() {
    for framing in BOTH {
        let mut desk = Desk::ready(framing, true);
        desk.pay(1, 1010);
        let abort = || {
            Input::Command(Command::Abort {
                payment: payment(1),
            })
        };
        desk.input(abort());
        desk.takes(&["> 06 01"]);
        desk.says("80 00");
        desk.takes(&["> 06 B0"]);
        desk.input(abort());
        // A refused wish is no end.
        desk.says("84 83");
        desk.takes(&[]);
        desk.says("06 1E 6C");
        desk.takes(&["cancelled zvt:6C", "> 80 00"]);
    }
}

#[test]
fn money_back_obeys_the_laws_of_a_payment() {
    const REVERSED: &str = "04 0F 27 00 04 00 00 00 00 10 10 0B 00 00 11 37 00 00 10 87 00 11";
    for framing in BOTH {
        let reverse = |desk: &mut Desk, n| {
            desk.command(Command::Reverse {
                payment: payment(n),
                money: euros(1010),
                original: receipt(1010),
            });
        };
        let mut desk = Desk::ready(framing, true);
        reverse(&mut desk, 1);
        desk.says("80 00");
        desk.says(REVERSED);
        desk.says("06 0F");
        desk.takes(&["> 06 30", "store", "> 80 00", "completed", "> 80 00"]);
        // Never again.
        reverse(&mut desk, 1);
        desk.takes(&[]);
        // Silence is doubt, and nothing is sent again.
        reverse(&mut desk, 2);
        desk.passes(5_000);
        assert_eq!(desk.log[..2], ["> 06 30", "doubted Silence"]);

        let mut desk = Desk::ready(framing, true);
        desk.command(Command::Refund {
            payment: payment(3),
            money: euros(1010),
            original: None,
        });
        desk.says("80 00");
        // The record of a reversal is no refund.
        desk.says(REVERSED);
        desk.says(GOOD);
        desk.says("06 0F");
        desk.takes(&[
            "> 06 31",
            "> 80 00",
            "store",
            "> 80 00",
            "completed",
            "> 80 00",
        ]);
        reverse(&mut desk, 4);
        desk.says("84 B4");
        desk.takes(&["> 06 30", "declined zvt:B4"]);
    }
    // A receipt number with five digits does not fit.
    let mut desk = Desk::ready(Framing::Tcp, true);
    desk.command(Command::Reverse {
        payment: payment(1),
        money: euros(1010),
        original: receipt(10_000),
    });
    desk.takes(&["cancelled "]);
}

#[test]
fn a_registration_that_fails_is_tried_again() {
    for framing in BOTH {
        for refusal in ["84 1E 6F", "84 37", "84 83"] {
            let mut desk = Desk::new(framing, false);
            desk.says(refusal);
            desk.takes(&["> 06 00", "not ready"]);
            desk.passes(2_000);
            desk.says("80 00");
            desk.says("06 0F 49 07 56");
            desk.takes(&["> 06 00", "not ready", "> 80 00"]);
        }
    }
    let mut desk = Desk::new(Framing::Tcp, false);
    desk.passes(5_000);
    desk.takes(&["> 06 00", "not ready", "close"]);
    desk.input(Input::LinkDown);
    desk.input(Input::LinkUp);
    desk.takes(&["> 06 00"]);
}
