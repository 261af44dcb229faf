//! The Caisse-AP driver against the simulated terminal: see [`crate::unasked`].

use std::time::Duration;

use drivers::terminal::{
    Event,
    caisse_ap::{CaisseAp, CaisseApSettings},
};
use payment::Currency;
use proptest::prelude::*;
use simulator::terminal::caisse_ap::{Options, Terminal};

use crate::{
    desk::{operate, sale, word},
    unasked::{self, Pair},
};

struct Desk;

impl Pair for Desk {
    type Driver = CaisseAp;
    type Terminal = Terminal;
    const TELLS_LATER: bool = false;

    fn driver() -> CaisseAp {
        CaisseAp::new(CaisseApSettings {
            position: 1,
            identifier: "012345678901".to_owned(),
            currency: Currency::EUR,
            patience: Duration::from_mins(3),
            tickets: true,
        })
    }

    fn terminal() -> Terminal {
        Terminal::new(Options::default())
    }

    fn returns_asked(terminal: &Terminal) -> u32 {
        terminal.ledger().returns_asked()
    }
}

#[test]
fn each_fault_ends_as_it_should() {
    unasked::each_fault_ends_as_it_should::<Desk>(|fault| match fault {
        "decline" | "refuse" => Some("declined"),
        "abort-by-customer" | "time-out" | "abort-by-operator" => Some("cancelled"),
        "taken-into-account"
        | "format-quirk"
        | "refused-yet-authorised"
        | "lose-answer-before-card"
        | "lose-answer-after-approval"
        | "hang-up-after-approval"
        | "hang-up-before-status"
        | "silent"
        | "late-approval"
        | "garbage"
        | "other-amount"
        | "other-currency"
        | "other-device"
        | "other-action"
        | "no-amount"
        | "endless" => Some("doubted"),
        _ => None,
    });
}

#[test]
fn after_every_fault_the_next_payment_goes_through() {
    unasked::after_every_fault_the_next_payment_goes_through::<Desk>();
}

#[test]
fn a_cable_that_is_pulled_never_declines_and_never_charges_twice() {
    unasked::a_cable_that_is_pulled_never_declines_and_never_charges_twice::<Desk>();
}

#[test]
fn a_till_that_dies_is_followed_by_one_that_asks_nothing() {
    unasked::a_till_that_dies_is_followed_by_one_that_asks_nothing::<Desk>();
}

#[test]
fn money_goes_back() {
    unasked::money_goes_back::<Desk>();
}

#[test]
fn of_a_card_number_the_end_is_kept() {
    let mut desk = Desk::desk("unmasked-pan");
    operate(&mut desk, 1, sale(1, 1010));
    assert_eq!(word(&desk, 1), "completed");
    let said = format!("{:?} {:?}", desk.events, desk.facts);
    assert!(said.contains("1111") && !said.contains("41111"), "{said}");
    assert!(!said.contains("11111") && !said.contains("2712"), "{said}");
    let receipts = desk
        .events
        .iter()
        .filter(|e| matches!(e, Event::Receipt { .. }));
    assert_eq!(receipts.count(), 1);
}

proptest! {
    #[test]
    fn a_bad_day_costs_nobody_money_that_is_not_known(sales in unasked::bad_days::<Terminal>()) {
        unasked::a_bad_day_costs_nobody_money_that_is_not_known::<Desk>(&sales)?;
    }
}
