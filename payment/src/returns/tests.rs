use jiff::Timestamp;

use super::*;
use crate::{PaymentId, parse_currency};

fn id(number: u8) -> PaymentId {
    PaymentId::from_bytes([number; 16])
}

fn eur(minor: i64) -> Money {
    Money::from_minor(minor, parse_currency("EUR").unwrap()).unwrap()
}

fn intent(number: u8, purpose: Purpose, minor: i64) -> Intent {
    Intent {
        id: id(number),
        key: format!("key {number}").parse().unwrap(),
        device: "desk1".parse().unwrap(),
        purpose,
        money: eur(minor),
        method: Method::Card,
        invoice: Some("156".parse().unwrap()),
        note: None,
        at: Timestamp::UNIX_EPOCH,
        services: crate::Services::default(),
        before: None,
    }
}

fn payment(number: u8, purpose: Purpose, minor: i64, state: State) -> Payment {
    let receipt = ReceiptNumber::new("desk1".parse().unwrap(), number.into());
    let mut payment = Payment::begin(intent(number, purpose, minor), receipt);
    payment.state = state;
    payment
}

/// EUR 10.00 by card, approved, with these refunds and cancels.
fn check(others: &[(Purpose, i64, State)], wanted: &Intent, expected: &str) {
    let original = payment(1, Purpose::Sale, 1000, State::Approved);
    let others: Vec<Payment> = (2..)
        .zip(others)
        .map(|(n, (purpose, minor, state))| payment(n, *purpose, *minor, *state))
        .collect();
    let said = may_return(wanted, &original, &others, false)
        .map_or_else(|e| e.to_string(), |()| "yes".to_owned());
    assert!(
        said.starts_with(expected),
        "{others:#?}: {said}, expected {expected}"
    );
}

const CANCEL: fn() -> Purpose = || Purpose::Cancel { of: id(1) };
const REFUND: fn() -> Purpose = || Purpose::Refund { of: id(1) };

#[test]
fn a_refund_never_exceeds_what_is_left() {
    let refund = |minor| intent(9, REFUND(), minor);
    check(&[], &refund(1000), "yes");
    check(&[], &refund(1001), "of desk1-000001 EUR 10.00 is left");
    for used in [
        State::Intended,
        State::AtTerminal,
        State::Approving,
        State::Approved,
        State::InDoubt,
    ] {
        check(&[(REFUND(), 400, used)], &refund(600), "yes");
        check(
            &[(REFUND(), 400, used)],
            &refund(601),
            "of desk1-000001 EUR 6.00 is left",
        );
        check(
            &[(CANCEL(), 1000, used)],
            &refund(1),
            "all of desk1-000001 was given back",
        );
    }
    for ended in [State::Declined, State::Cancelled] {
        check(
            &[(REFUND(), 400, ended), (CANCEL(), 1000, ended)],
            &refund(1000),
            "yes",
        );
    }
    check(
        &[
            (REFUND(), 400, State::Approved),
            (REFUND(), 600, State::InDoubt),
        ],
        &refund(1),
        "all of desk1-000001 was given back",
    );
    let other_payment = Purpose::Refund { of: id(7) };
    check(
        &[(other_payment, 1000, State::Approved)],
        &refund(1000),
        "yes",
    );
}

#[test]
fn a_cancel_takes_all_or_nothing() {
    let cancel = |minor| intent(9, CANCEL(), minor);
    check(&[], &cancel(1000), "yes");
    check(
        &[],
        &cancel(999),
        "a cancel takes back all of desk1-000001, which is EUR 10.00",
    );
    for used in [State::Intended, State::Approved, State::InDoubt] {
        check(
            &[(REFUND(), 1, used)],
            &cancel(1000),
            "of desk1-000001 something was given back",
        );
        check(
            &[(CANCEL(), 1000, used)],
            &cancel(1000),
            "all of desk1-000001",
        );
    }
    check(&[(CANCEL(), 1000, State::Declined)], &cancel(1000), "yes");
}

#[test]
fn what_is_given_back_is_of_the_same_kind() {
    type Change = fn(&mut Intent);
    let cases: [(Change, &str); 4] = [
        (
            |i| i.device = "desk2".parse().unwrap(),
            "desk1-000001 was taken at desk1",
        ),
        (|i| i.invoice = None, "desk1-000001 is for invoice 156"),
        (|i| i.method = Method::Cash, "desk1-000001 was paid by card"),
        (
            |i| {
                i.purpose = REFUND();
                i.money = Money::from_minor(1, parse_currency("CHF").unwrap()).unwrap();
            },
            "desk1-000001 was paid in EUR",
        ),
    ];
    for (change, expected) in cases {
        let mut wanted = intent(9, CANCEL(), 1000);
        change(&mut wanted);
        check(&[], &wanted, expected);
    }
}

#[test]
fn after_the_end_of_the_day_only_a_refund_is_left() {
    let check = |method: Method, purpose: Purpose, expected: bool| {
        let mut original = payment(1, Purpose::Sale, 1000, State::Approved);
        original.intent.method = method;
        let wanted = Intent {
            method,
            ..intent(9, purpose, 1000)
        };
        let said = may_return(&wanted, &original, &[], true);
        assert_eq!(said.is_ok(), expected, "{said:?}");
        let advice = said.err().map_or(String::new(), |e| e.to_string());
        assert!(
            expected || advice.ends_with("refund it instead"),
            "{advice}"
        );
    };
    check(Method::Card, CANCEL(), false);
    check(Method::Card, REFUND(), true);
    check(Method::Cash, CANCEL(), true);
}

#[test]
fn only_an_approved_sale_can_be_given_back() {
    for state in State::ALL
        .into_iter()
        .filter(|state| *state != State::Approved)
    {
        let original = payment(1, Purpose::Sale, 1000, state);
        let said = left(&original, &[]);
        assert!(
            matches!(said, Err(CannotReturn::NotApproved(_))),
            "{said:?}"
        );
    }
    for purpose in [CANCEL(), REFUND()] {
        let said = left(&payment(1, purpose, 1000, State::Approved), &[]);
        assert!(matches!(said, Err(CannotReturn::NotASale(_))), "{said:?}");
    }
}
