use payment::{Doubt, DoubtReason};
use proptest::prelude::*;

use super::*;

#[test]
fn a_lost_link_is_doubt_and_the_payment_is_never_sent_again() {
    let mut table = Table::ready();
    table.command(pay(1));
    table.input(Input::LinkDown);
    assert!(matches!(
        table.endings()[..],
        [Ending::Doubted(Doubt {
            reason: DoubtReason::LinkLost,
            ..
        })]
    ));
    table.input(Input::LinkUp);
    table.reply(WELL);
    table.command(pay(1));
    assert_eq!((table.asked_for("Payment"), table.endings().len()), (1, 1));
}

#[test]
fn what_is_no_answer_is_doubt() {
    let table = Table::linked();
    let foreign = table.last();
    let wrong = NexoCrypto::new("another", "clinic", 1);
    for answer in [
        frame(b"{}"),
        frame(&[0xff; 40]),
        frame(b""),
        vec![0xff; 8],
        foreign.answer_as(APPROVED, &wrong, |_| ()),
    ] {
        let mut table = Table::ready();
        table.command(pay(1));
        table.input(Input::Bytes(&answer));
        assert!(
            matches!(
                table.endings()[..],
                [Ending::Doubted(Doubt {
                    reason: DoubtReason::Garbage,
                    ..
                })]
            ),
            "{:?}",
            table.events
        );
        assert_eq!(table.closed, 1);
    }
}

/// Sealed with our key, but not the answer to our request.
#[test]
fn answers_for_others_decide_nothing() {
    for (field, value) in [
        ("ServiceID", "ABCDEFGHIJ"),
        ("SaleID", "desk2"),
        ("POIID", "V400m-987654321"),
        ("MessageCategory", "Reversal"),
        ("MessageType", "Request"),
        ("MessageClass", "Event"),
    ] {
        let mut table = Table::ready();
        table.command(pay(1));
        let answer = table.last().answer_as(APPROVED, &crypto(), |header| {
            header[field] = value.into();
        });
        table.input(Input::Bytes(&answer));
        assert_eq!(
            (&table.events[..], &table.facts[..]),
            (&[][..], &[][..]),
            "{field}"
        );
    }
}

/// What stands outside the seal is not what stands inside.
#[test]
fn a_header_in_the_open_proves_nothing() {
    let mut table = Table::ready();
    table.command(pay(1));
    let mut answer = table.last().answer_as(APPROVED, &crypto(), |header| {
        header["ServiceID"] = "ABCDEFGHIJ".into();
    });
    let text = String::from_utf8(answer.split_off(4)).unwrap();
    let forged = text.replace("ABCDEFGHIJ", &of_payment(payment(1)));
    table.input(Input::Bytes(&frame(forged.as_bytes())));
    assert!(matches!(table.endings()[..], [Ending::Doubted(_)]));
}

#[test]
fn a_request_that_could_not_be_read_was_not_asked() {
    let mut table = Table::ready();
    table.command(pay(1));
    table.input(Input::Bytes(&frame(REJECT.as_bytes())));
    assert!(matches!(table.endings()[..], [Ending::Cancelled(_)]));
    assert!(table.reason().unwrap().contains("passphrase"));
    // Unless it may be the abort that could not be read.
    let mut table = Table::ready();
    table.command(pay(1));
    table.command(Command::Abort {
        payment: payment(1),
    });
    table.input(Input::Bytes(&frame(REJECT.as_bytes())));
    assert!(matches!(table.endings()[..], [Ending::Doubted(_)]));
}

#[test]
fn a_duplicate_answer_does_nothing() {
    let mut table = Table::ready();
    table.command(pay(1));
    let answer = table.last().answer(APPROVED);
    table.input(Input::Bytes(&[answer.clone(), answer.clone()].concat()));
    table.input(Input::Stored(true));
    table.input(Input::Bytes(&answer));
    assert_eq!((table.facts.len(), table.endings().len()), (1, 1));
}

#[test]
fn another_currency_is_not_asked_for() {
    let mut table = Table::ready();
    table.command(Command::Pay {
        payment: payment(1),
        money: Money::from_minor(1010, Currency::CHF).unwrap(),
    });
    assert!(matches!(table.endings()[..], [Ending::Cancelled(_)]));
    assert_eq!(table.asked_for("Payment"), 0);
}

#[derive(Debug, Clone)]
enum Step {
    Up,
    Down,
    Pay(u8),
    Abort(u8),
    Query(u8),
    Stored(bool),
    Pass,
    Reply(u8),
    Bytes(Vec<u8>),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::Up),
        1 => Just(Step::Down),
        3 => (1..4_u8).prop_map(Step::Pay),
        1 => (1..4_u8).prop_map(Step::Abort),
        1 => (1..4_u8).prop_map(Step::Query),
        2 => any::<bool>().prop_map(Step::Stored),
        1 => Just(Step::Pass),
        5 => (0..8_u8).prop_map(Step::Reply),
        1 => prop::collection::vec(any::<u8>(), 0..12).prop_map(Step::Bytes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// In any order of anything: each payment is asked for once at most, ends once, and never well
    /// unless its approval was stored.
    #[test]
    fn the_laws_hold_in_any_order(steps in prop::collection::vec(step(), 1..40)) {
        let mut table = Table::ready();
        let mut stored = 0;
        for step in steps {
            let facts = table.facts.len();
            match step {
                Step::Up => table.input(Input::LinkUp),
                Step::Down => table.input(Input::LinkDown),
                Step::Pay(n) => table.command(pay(n)),
                Step::Abort(n) => table.command(Command::Abort { payment: payment(n) }),
                Step::Query(n) => table.command(query(n)),
                Step::Stored(durable) => {
                    stored += usize::from(durable);
                    table.input(Input::Stored(durable));
                }
                Step::Pass if table.wait.is_some() => table.pass(),
                Step::Pass => {}
                Step::Reply(which) => {
                    let body = match which {
                        // What fits is likelier, so that a session comes somewhere.
                        0..=5 if table.last().category() == "Diagnosis" => WELL.to_owned(),
                        0..=2 => APPROVED.to_owned(),
                        3 => failure("PaymentResponse", "Refusal"),
                        4 => failure("TransactionStatusResponse", "NotFound"),
                        5 => failure("TransactionStatusResponse", "InProgress"),
                        _ => WELL.to_owned(),
                    };
                    table.reply(&body);
                }
                Step::Bytes(bytes) => table.input(Input::Bytes(&bytes)),
            }
            prop_assert!(table.facts.len() <= facts + 1);
        }
        for n in 1..4 {
            let name = of_payment(payment(n));
            let asked = table.sent.iter().filter(|asked| asked.service_id() == name).count();
            prop_assert!(asked <= 1, "law 4");
        }
        let completed = table.endings().iter().filter(|e| ***e == Ending::Completed).count();
        prop_assert!(completed <= stored, "law 2");
        prop_assert!(completed <= table.facts.len());
    }

    #[test]
    fn cuts_change_nothing(size in 1..40_usize) {
        let mut table = Table::ready();
        table.command(pay(1));
        let answer = table.last().answer(APPROVED);
        for part in answer.chunks(size) {
            table.input(Input::Bytes(part));
        }
        table.input(Input::Stored(true));
        prop_assert_eq!(table.endings(), [&Ending::Completed]);
    }
}
