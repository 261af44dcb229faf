//! Payments and cancels.

use super::*;

const TICKET: &str = "123456780SNEXI}TOTALE EURO 10,10}}}}}}}\x1b";

#[test]
fn a_payment_is_stored_before_its_result_is_acknowledged() {
    let mut desk = Desk::paying(false);
    desk.input(Input::Bytes(b"\x01ATTENDERE PREGO     \x04"));
    desk.disk = None;
    desk.says(&approved(1010, 7));
    desk.takes(&["progress ATTENDERE PREGO", "store"]);
    // It comes again while the disk is awaited.
    desk.says(&approved(1010, 7));
    desk.takes(&[]);
    desk.input(Input::Stored(true));
    desk.takes(&["ack", "completed"]);
    assert_eq!(desk.stored[0].money, Some(euros(1010)));
    assert_eq!(desk.stored[0].trace, Some(7));
    // And once more, because our answer was lost.
    desk.says(&approved(1010, 7));
    desk.takes(&["ack"]);
    desk.passes(1000);
    desk.takes(&["close"]);
}

#[test]
fn the_receipt_comes_behind_the_result_and_is_taken_over() {
    let mut desk = Desk::paying(true);
    desk.says(&approved(1010, 7));
    desk.takes(&["store", "ack"]);
    desk.says("123456780SNEXI}COPIA CLIENTE}");
    desk.takes(&["ack"]);
    desk.says(TICKET);
    desk.takes(&["ack", "receipt Customer", "completed"]);
}

#[test]
fn a_missing_receipt_changes_no_payment() {
    for hangs_up in [true, false] {
        let mut desk = Desk::paying(true);
        desk.says(&approved(1010, 7));
        desk.says("123456780SNEXI}");
        desk.takes(&["store", "ack", "ack"]);
        if hangs_up {
            desk.down();
        } else {
            desk.passes(3000);
        }
        desk.takes(&["receipt Customer", "completed"]);
    }
}

#[test]
fn a_refusal_is_no_payment() {
    let mut desk = Desk::paying(true);
    desk.says(&refused(7));
    desk.takes(&["ack", "declined ecr17:01"]);
    let text = desk.events.iter().find_map(|event| match event {
        Event::Ended {
            ending: Ending::Declined(refusal),
            ..
        } => Some(refusal.text.clone()),
        _ => None,
    });
    assert!(text.unwrap().as_str().starts_with("CARTA SCADUTA. "));
}

/// Over TCP a NAK is no noise on a line: the terminal does not want the message.
#[test]
fn money_is_not_asked_for_again_after_a_nak() {
    let mut desk = Desk::ready(false);
    desk.pay(1, 1010);
    desk.up();
    desk.naks();
    desk.takes(&["open", "> X", "declined ecr17:NAK"]);
    assert_eq!(desk.money_requests, 1);
}

#[test]
fn a_nak_that_may_be_for_something_else_leaves_doubt() {
    let mut desk = Desk::ready(true);
    desk.pay(1, 1010);
    desk.up();
    desk.naks();
    desk.acks();
    desk.passes(200);
    desk.naks();
    desk.takes(&[
        "open",
        "> E",
        "> E",
        "> X",
        "close",
        "doubted Garbage",
        "not ready",
    ]);
}

#[test]
fn a_terminal_without_receipts_for_us_prints_by_itself() {
    let mut desk = Desk::ready(true);
    desk.pay(1, 1010);
    desk.up();
    desk.naks();
    desk.naks();
    desk.naks();
    desk.takes(&["open", "> E", "> E", "> E", "close"]);
    desk.down();
    desk.up();
    desk.acks();
    desk.says(&approved(1010, 7));
    desk.takes(&["open", "> X", "store", "ack", "completed"]);
}

#[test]
fn a_terminal_that_hangs_up_behind_the_receipt_command_is_called_again() {
    let mut desk = Desk::ready(true);
    desk.pay(1, 1010);
    desk.up();
    desk.acks();
    desk.down();
    desk.up();
    desk.acks();
    desk.says(&approved(1010, 7));
    desk.says(TICKET);
    desk.takes(&[
        "open",
        "> E",
        "open",
        "> X",
        "store",
        "ack",
        "ack",
        "receipt Customer",
        "completed",
    ]);
}

#[test]
fn a_link_that_breaks_or_falls_silent_leaves_doubt() {
    for acknowledged in [true, false] {
        for breaks in [true, false] {
            let mut desk = Desk::ready(false);
            desk.pay(1, 1010);
            desk.up();
            if acknowledged {
                desk.acks();
            }
            desk.takes(&["open", "> X"]);
            if breaks {
                desk.down();
                desk.takes(&["doubted LinkLost", "not ready"]);
            } else {
                desk.passes(if acknowledged { 180_000 } else { 5_000 });
                desk.takes(&["close", "doubted Silence", "not ready"]);
                desk.down();
            }
            // It comes back by itself.
            desk.passes(1000);
            desk.up();
            desk.acks();
            desk.says(OPERATIVE);
            desk.takes(&["open", "> s", "ack", "ready 12345678"]);
            assert_eq!(desk.money_requests, 1);
        }
    }
}

#[test]
fn a_link_that_breaks_while_the_disk_is_awaited_leaves_doubt_with_the_approval() {
    let mut desk = Desk::paying(false);
    desk.disk = None;
    desk.says(&approved(1010, 7));
    desk.down();
    desk.takes(&["store", "doubted LinkLost", "not ready"]);
    assert_eq!(desk.doubt().approval.as_ref().unwrap().trace, Some(7));
    desk.input(Input::Stored(true));
    desk.takes(&[]);
}

#[test]
fn what_cannot_be_stored_is_not_acknowledged() {
    let mut desk = Desk::paying(false);
    desk.disk = Some(false);
    desk.says(&approved(1010, 7));
    desk.takes(&["store", "close", "doubted NotStored", "not ready"]);
}

#[test]
fn another_amount_terminal_or_number_is_never_ours() {
    let mut desk = Desk::paying(false);
    desk.says(&approved(2020, 7));
    desk.takes(&["close", "doubted OtherAmount", "not ready"]);
    assert_eq!(desk.doubt().other_amount, Some(euros(2020)));

    let mut desk = Desk::paying(false);
    desk.says(&approved(1010, 7).replace("12345678", "87654321"));
    desk.takes(&["close", "doubted Contradiction", "not ready"]);

    let mut desk = Desk::paying(false);
    desk.says(&approved(1010, 7).replacen("E00", "E09", 1));
    desk.takes(&["close", "doubted Contradiction", "not ready"]);

    let mut desk = Desk::paying(false);
    desk.says(&reversed(7));
    desk.takes(&["close", "doubted Contradiction", "not ready"]);
}

/// The answer to an earlier payment, for the same amount.
#[test]
fn an_earlier_result_is_not_taken_for_this_one() {
    let mut desk = Desk::paying(false);
    desk.says(&approved(1010, 7));
    desk.down();
    desk.pay(2, 1010);
    desk.up();
    desk.acks();
    desk.log.clear();
    desk.says(&approved(1010, 7));
    desk.takes(&["ack"]);
    let other_code = approved(1010, 7).replace("A1B2C3", "A1B2C4");
    desk.says(&other_code);
    desk.takes(&["close", "doubted Contradiction", "not ready"]);
}

/// Some terminals answer without having acknowledged the request.
#[test]
fn a_result_without_an_acknowledgement_is_a_result() {
    let mut desk = Desk::ready(false);
    desk.pay(1, 1010);
    desk.up();
    desk.says(&approved(1010, 7));
    desk.takes(&["open", "> X", "store", "ack", "completed"]);
}

#[test]
fn a_result_with_a_wrong_check_byte_is_asked_for_again() {
    let mut desk = Desk::paying(false);
    desk.lrc = Lrc::StxPayload;
    desk.says(&approved(1010, 7));
    desk.lrc = Lrc::Payload;
    desk.takes(&["nak"]);
    desk.says(&approved(1010, 7));
    desk.takes(&["store", "ack", "completed"]);
}

#[test]
fn the_short_payment_names_no_amount() {
    let mut desk = Desk::ready(false);
    desk.ecr17.settings.extended = false;
    desk.pay(1, 1010);
    desk.up();
    desk.acks();
    desk.says(&approved(1010, 7)[..71]);
    desk.takes(&["open", "> P", "store", "ack", "completed"]);
    assert_eq!(desk.stored[0].money, None);
}

#[test]
fn a_payment_goes_back_by_its_number_and_never_without_one() {
    let mut desk = Desk::ready(false);
    for trace in [None, Some(0), Some(1_000_000)] {
        desk.reverse(1, trace);
        desk.takes(&["cancelled"]);
    }
    desk.reverse(1, Some(7));
    desk.up();
    desk.acks();
    desk.says(&reversed(8));
    desk.takes(&["open", "> S", "store", "ack", "completed"]);
    assert_eq!(
        (desk.stored[0].money, desk.stored[0].trace),
        (None, Some(8))
    );
}

#[test]
fn what_cannot_be_asked_is_not_asked() {
    let mut desk = Desk::ready(false);
    desk.pay(1, 100_000_000);
    desk.takes(&["cancelled"]);
    let money = Money::from_minor(1010, payment::parse_currency("CHF").unwrap()).unwrap();
    desk.command(Command::Pay {
        payment: payment(2),
        money,
    });
    desk.takes(&["cancelled"]);
    let original = None;
    desk.command(Command::Refund {
        payment: payment(3),
        money: euros(1),
        original,
    });
    desk.takes(&["cancelled"]);
    // Nobody answers the call: not a byte left.
    desk.pay(4, 1010);
    for _ in 0..2 {
        desk.down();
        desk.passes(1000);
    }
    desk.takes(&["open", "open", "open"]);
    desk.down();
    desk.takes(&["cancelled", "not ready"]);
    assert_eq!(desk.money_requests, 0);
}

#[test]
fn a_payment_is_asked_for_once_however_often_it_is_wanted() {
    let mut desk = Desk::paying(false);
    desk.pay(1, 1010);
    desk.takes(&[]);
    desk.pay(2, 1010);
    desk.takes(&["cancelled"]);
    desk.says(&approved(1010, 7));
    desk.pay(1, 1010);
    desk.takes(&["store", "ack", "completed"]);
    assert_eq!(desk.money_requests, 1);
}
