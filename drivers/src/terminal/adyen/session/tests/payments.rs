use payment::{Doubt, DoubtReason};

use super::*;

#[test]
fn a_payment_is_stored_and_then_completed() {
    let mut table = Table::ready();
    table.command(pay(1));
    let asked = table.last();
    assert_eq!(asked.category(), "Payment");
    assert_eq!(asked.service_id(), of_payment(payment(1)));
    assert_eq!(
        (
            asked.header["SaleID"].as_str(),
            asked.header["POIID"].as_str()
        ),
        (Some(SALE), Some(POI))
    );
    let body = format!(
        r#""PaymentRequest":{{"SaleData":{{"SaleTransactionID":{{"TransactionID":"{}","TimeStamp":"2026-01-02T10:00:00Z"}}}},"PaymentTransaction":{{"AmountsReq":{{"Currency":"EUR","RequestedAmount":10.10}}}}}}}}}}"#,
        payment(1)
    );
    assert!(asked.plain.ends_with(&body), "{}", asked.plain);
    table.reply(APPROVED);
    assert_eq!(table.events, [], "nothing is said before it is stored");
    let [Fact::Approved(approved)] = &table.facts[..] else {
        panic!("{:?}", table.facts);
    };
    let approval = &approved.approval;
    assert_eq!(approved.payment, payment(1));
    assert_eq!(approval.money, Some(euros(1010)));
    assert_eq!(approval.terminal_id, Some(Text::new(POI)));
    assert_eq!(approval.authorisation, Some("123456".into()));
    assert_eq!(approval.card.last4.unwrap().to_string(), "1111");
    assert_eq!(approval.entry, payment::EntryMode::Contactless);
    assert!(approval.reference.is_some());
    let shown = format!("{approved:?}");
    for secret in ["411111", "1230", "secret"] {
        assert!(!shown.contains(secret), "{secret}");
    }
    table.input(Input::Stored(true));
    assert!(matches!(
        &table.events[..],
        [
            Event::Receipt { .. },
            Event::Ended {
                ending: Ending::Completed,
                ..
            }
        ]
    ));
}

#[test]
fn an_approval_that_is_not_stored_is_in_doubt() {
    let mut table = Table::ready();
    table.command(pay(1));
    table.reply(APPROVED);
    table.input(Input::Stored(false));
    let [Ending::Doubted(doubt)] = table.endings()[..] else {
        panic!("{:?}", table.events);
    };
    assert_eq!(doubt.reason, DoubtReason::NotStored);
    assert!(doubt.approval.is_some());
}

#[test]
fn a_link_that_breaks_while_the_disk_works_changes_nothing() {
    let mut table = Table::ready();
    table.command(pay(1));
    table.reply(APPROVED);
    table.input(Input::LinkDown);
    table.input(Input::LinkUp);
    table.input(Input::Stored(true));
    assert_eq!(table.endings(), [&Ending::Completed]);
}

#[test]
fn other_amounts_are_doubt_with_both() {
    for (amount, currency, other) in [
        ("9.10", "EUR", Some(euros(910))),
        (
            "10.10",
            "CHF",
            Some(Money::from_minor(1010, Currency::CHF).unwrap()),
        ),
        ("10.10", "XXX", None),
        ("-10.10", "EUR", None),
        ("10.101", "EUR", None),
    ] {
        let mut table = Table::ready();
        table.command(pay(1));
        let body = APPROVED.replace(
            "10.10,\"Currency\":\"EUR\"",
            &format!("{amount},\"Currency\":\"{currency}\""),
        );
        table.reply(&body);
        let [
            Ending::Doubted(Doubt {
                reason: DoubtReason::OtherAmount,
                other_amount,
                ..
            }),
        ] = table.endings()[..]
        else {
            panic!("{amount} {currency}: {:?}", table.events);
        };
        assert_eq!(*other_amount, other, "{amount} {currency}");
        assert_eq!(table.facts, []);
    }
}

#[test]
fn less_than_was_asked_is_another_amount() {
    let mut table = Table::ready();
    table.command(pay(1));
    table.reply(
        &APPROVED
            .replace("Success", "Partial")
            .replace("10.10,", "5.00,"),
    );
    assert!(matches!(
        table.endings()[..],
        [Ending::Doubted(Doubt {
            reason: DoubtReason::OtherAmount,
            ..
        })]
    ));
}

#[test]
fn refusals_end_it() {
    for (condition, declined) in [("Refusal", true), ("Aborted", false), ("Busy", false)] {
        let mut table = Table::ready();
        table.command(pay(1));
        table.reply(&failure("PaymentResponse", condition));
        match table.endings()[..] {
            [Ending::Declined(refusal)] if declined => {
                assert_eq!(refusal.code, Some(Text::new(&format!("adyen:{condition}"))));
            }
            [Ending::Cancelled(_)] if !declined => {}
            _ => panic!("{condition}: {:?}", table.events),
        }
        table.command(pay(2));
        assert_eq!(table.asked_for("Payment"), 2, "the next one goes on");
    }
}

#[test]
fn an_abort_goes_beside_the_payment_once() {
    let mut table = Table::ready();
    table.command(pay(1));
    let asked = table.last();
    for _ in 0..2 {
        table.command(Command::Abort {
            payment: payment(1),
        });
    }
    let abort = table.last();
    assert_eq!(table.asked_for("Abort"), 1);
    let about = &abort.body["AbortRequest"]["MessageReference"];
    assert_eq!(about["ServiceID"].as_str(), Some(asked.service_id()));
    assert_ne!(abort.service_id(), asked.service_id());
    let ended = asked.answer(&failure("PaymentResponse", "Aborted"));
    table.input(Input::Bytes(&ended));
    assert!(matches!(table.endings()[..], [Ending::Cancelled(_)]));
    // The abort's own exchange is still open: the next payment waits for its end.
    table.command(pay(2));
    assert_eq!(table.asked_for("Payment"), 1);
    table.input(Input::Bytes(&[0, 0, 0, 0]));
    assert_eq!(table.asked_for("Payment"), 2);
}

#[test]
fn an_abort_without_an_answer_costs_the_link_and_not_the_next_payment() {
    let mut table = Table::ready();
    table.command(pay(1));
    let asked = table.last();
    table.command(Command::Abort {
        payment: payment(1),
    });
    table.input(Input::Bytes(
        &asked.answer(&failure("PaymentResponse", "Aborted")),
    ));
    table.command(pay(2));
    table.pass();
    assert_eq!(table.closed, 1);
    assert!(matches!(
        table.endings()[..],
        [Ending::Cancelled(_), Ending::Cancelled(_)]
    ));
    assert_eq!(table.asked_for("Payment"), 1);
}

#[test]
fn a_terminal_that_is_silent_is_told_to_end_and_then_given_up() {
    let mut table = Table::ready();
    table.command(pay(1));
    table.pass();
    assert_eq!(table.now.elapsed(), Duration::from_secs(150));
    assert_eq!((table.asked_for("Abort"), table.closed), (1, 0));
    table.pass();
    assert_eq!(table.closed, 1);
    assert!(matches!(
        table.endings()[..],
        [Ending::Doubted(Doubt {
            reason: DoubtReason::Silence,
            ..
        })]
    ));
}

#[test]
fn money_goes_back_by_the_terminals_own_name() {
    let mut table = Table::ready();
    table.command(pay(1));
    table.reply(APPROVED);
    table.input(Input::Stored(true));
    let Fact::Approved(approved) = table.facts.remove(0) else {
        panic!("{:?}", table.facts);
    };
    let original = Box::new(approved.approval);
    table.command(Command::Reverse {
        payment: payment(2),
        money: euros(1010),
        original: original.clone(),
    });
    let asked = &table.last().body["ReversalRequest"];
    let name = &asked["OriginalPOITransaction"]["POITransactionID"];
    assert_eq!(
        name["TransactionID"],
        "BV0q001643892070000.VK9DRSLLRCQ2WN82"
    );
    assert_eq!(name["TimeStamp"], "2026-01-02T10:00:10.000Z");
    assert_eq!(asked["ReversedAmount"], Value::Null, "all of it");
    let done = r#""ReversalResponse":{"Response":{"Result":"Success"},"POIData":{"POITransactionID":{"TransactionID":"R.1","TimeStamp":"2026-01-02T10:01:00Z"}}}"#;
    table.reply(done);
    table.input(Input::Stored(true));
    table.command(Command::Refund {
        payment: payment(3),
        money: euros(250),
        original: Some(original),
    });
    let asked = &table.last().body["ReversalRequest"];
    let plain = &table.last().plain;
    assert!(plain.contains(r#""ReversedAmount":2.50"#), "{plain}");
    assert_eq!(asked["SaleData"]["SaleToAcquirerData"], "currency=EUR");
    table.reply(&done.replace("\"POIData\"", "\"ReversedAmount\":2.50,\"POIData\""));
    table.input(Input::Stored(true));
    assert_eq!(table.endings(), [&Ending::Completed; 3]);
    // Without its name nothing is sent.
    let sent = table.sent.len();
    table.command(Command::Refund {
        payment: payment(4),
        money: euros(250),
        original: Some(Box::new(Approval::default())),
    });
    assert!(matches!(table.endings()[3], Ending::Cancelled(_)));
    assert_eq!(table.sent.len(), sent);
}
