//! The Concert driver against the simulated terminal: see [`crate::unasked`].

use std::time::Duration;

use drivers::terminal::{
    Fact,
    concert::{Concert, ConcertSettings},
};
use payment::Currency;
use proptest::prelude::*;
use simulator::terminal::concert::{Options, Terminal};

use crate::{
    desk::{operate, sale, word},
    unasked::{self, Pair},
};

struct Desk;

impl Pair for Desk {
    type Driver = Concert;
    type Terminal = Terminal;
    const TELLS_LATER: bool = true;

    fn driver() -> Concert {
        Concert::new(ConcertSettings {
            position: 1,
            currency: Currency::EUR,
            patience: Duration::from_mins(3),
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
        "decline" | "abort-by-customer" => Some("declined"),
        "busy" | "refuse" | "silent" => Some("cancelled"),
        "not-verified"
        | "unknown-status"
        | "mute"
        | "lose-answer-before-card"
        | "lose-answer-after-approval"
        | "power-loss-after-approval"
        | "hang-up-after-approval"
        | "hang-up-after-ack"
        | "late-approval"
        | "garbage"
        | "strange-answer"
        | "over-long"
        | "other-amount"
        | "other-currency"
        | "other-device" => Some("doubted"),
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
fn of_a_card_number_that_comes_unasked_the_end_is_kept() {
    let mut desk = Desk::desk("unmasked-pan");
    operate(&mut desk, 1, sale(1, 1010));
    assert_eq!(word(&desk, 1), "completed");
    let said = format!("{:?} {:?}", desk.events, desk.facts);
    assert!(said.contains("1111") && !said.contains("11111"), "{said}");
}

#[test]
fn a_late_approval_is_acknowledged_only_where_it_is_kept() {
    for durable in [true, false] {
        let mut desk = Desk::desk("late-approval");
        desk.durable = durable;
        operate(&mut desk, 1, sale(1, 1010));
        assert!(matches!(desk.facts[..], [Fact::LeftOver(_)]));
    }
}

proptest! {
    #[test]
    fn a_bad_day_costs_nobody_money_that_is_not_known(sales in unasked::bad_days::<Terminal>()) {
        unasked::a_bad_day_costs_nobody_money_that_is_not_known::<Desk>(&sales)?;
    }
}
