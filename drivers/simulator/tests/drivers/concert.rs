//! The Concert driver against the simulated terminal: what the driver says of money is what the
//! terminal's books say, or it says that it does not know.

use std::time::Duration;

use drivers::terminal::{
    Command, Ending, Fact,
    concert::{Concert, ConcertSettings},
};
use payment::{Approval, Currency};
use proptest::prelude::*;
use simulator::terminal::{
    SimulatedTerminal as _,
    concert::{FAULTS, Options, Terminal},
};

use crate::{
    desk::{HOUR, endings, euros, is_ready, operate, payment, sale, word},
    world::World,
};

type Desk = World<Concert, Terminal>;

fn driver() -> Concert {
    Concert::new(ConcertSettings {
        position: 1,
        currency: Currency::EUR,
        patience: Duration::from_mins(3),
    })
}

fn desk(faults: &str) -> Desk {
    let mut terminal = Terminal::new(Options::default());
    terminal.arm_by_name(faults).unwrap();
    World::new(driver(), terminal)
}

/// What the driver may say of a payment.
fn check(desk: &Desk, n: u8, amount: u64, context: &str) {
    let charged = desk.device.charged();
    let times = charged
        .iter()
        .filter(|charged| amount.abs_diff(**charged) < 5)
        .count();
    assert!(times <= 1, "{context}: charged twice");
    match word(desk, n) {
        "completed" => {
            assert!(charged.contains(&amount), "{context}");
            let stored = |fact: &Fact| matches!(fact, Fact::Approved(a) if a.payment == payment(n));
            assert!(desk.facts.iter().any(stored), "{context}: law 2");
        }
        "declined" | "cancelled" => {
            assert_eq!(times, 0, "{context}: a lost answer is not a decline");
        }
        "doubted" => {}
        other => panic!("{context}: {other}"),
    }
}

#[test]
fn each_fault_ends_as_it_should() {
    for (fault, what) in FAULTS {
        for durable in [true, false] {
            let mut desk = desk(fault);
            desk.durable = durable;
            operate(&mut desk, 1, sale(1, 1010));
            let context = format!("{fault} {durable}");
            check(&desk, 1, 1010, &context);
            assert!(is_ready(&desk), "{context}");
            assert!(desk.device.payments_asked() <= 1, "{context}: law 4");
            assert_eq!(
                !what.starts_with("Not") && !what.contains("Not charged"),
                desk.device.charged().len() == 1,
                "{context}"
            );
            let expected = match *fault {
                "decline" | "abort-by-customer" => "declined",
                "busy" | "refuse" | "silent" => "cancelled",
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
                | "other-device" => "doubted",
                _ if durable => "completed",
                _ => "doubted",
            };
            assert_eq!(word(&desk, 1), expected, "{context}");
        }
    }
}

#[test]
fn after_every_fault_the_next_payment_goes_through() {
    for (fault, _) in FAULTS {
        let mut desk = desk(fault);
        operate(&mut desk, 1, sale(1, 1010));
        operate(&mut desk, 2, sale(2, 2020));
        assert_eq!(word(&desk, 2), "completed", "{fault}");
        assert_eq!(desk.device.charged().last(), Some(&2020), "{fault}");
    }
}

/// Wherever the cable is pulled, and whatever goes wrong besides.
#[test]
fn a_cable_that_is_pulled_never_declines_and_never_charges_twice() {
    for (fault, _) in FAULTS {
        for tenth in 0..80 {
            let mut desk = desk(fault);
            desk.command(sale(1, 1010));
            desk.run(Duration::from_millis(100 * tenth), |_| false);
            desk.cut();
            desk.run(Duration::from_mins(10), |_| false);
            // Somebody asks for the same again: it is the same payment.
            desk.command(sale(1, 1010));
            desk.run(Duration::from_mins(10), |_| false);
            let asked = desk.device.payments_asked();
            assert!(asked <= 1, "{fault} after {tenth}: law 4");
            let first = endings(&desk, 1);
            let unsure = matches!(first[0], Ending::Declined(_) | Ending::Cancelled(_));
            let again = first.len() == 2 && matches!(first[0], Ending::Cancelled(_));
            if unsure && !again {
                assert_eq!(desk.device.charged().len(), 0, "{fault} after {tenth}");
            }
            assert!(is_ready(&desk), "{fault} after {tenth}");
        }
    }
}

/// A till that starts anew never asks again, and takes nothing for its own.
#[test]
fn a_till_that_dies_is_followed_by_one_that_asks_nothing() {
    for deliveries in 1..20 {
        let mut desk = desk("");
        desk.dies_after = Some(deliveries);
        desk.command(sale(1, 1010));
        desk.run(Duration::from_mins(1), World::is_dead);
        if !desk.is_dead() {
            break;
        }
        desk.succeed(driver());
        desk.run(HOUR, |_| false);
        assert!(endings(&desk, 1).is_empty());
        assert!(
            desk.facts
                .iter()
                .all(|fact| matches!(fact, Fact::LeftOver(_)))
        );
        assert!(desk.device.payments_asked() <= 1, "law 4");
        assert!(is_ready(&desk));
        operate(&mut desk, 2, sale(2, 2020));
        assert_eq!(word(&desk, 2), "completed", "after {deliveries}");
    }
}

#[test]
fn money_goes_back() {
    let mut desk = desk("");
    operate(&mut desk, 1, sale(1, 1010));
    let reverse = |n| Command::Reverse {
        payment: payment(n),
        money: euros(1010),
        original: Box::new(Approval::default()),
    };
    operate(&mut desk, 2, reverse(2));
    assert_eq!(word(&desk, 2), "completed");
    assert_eq!(desk.device.charged(), [0; 0]);
    // It is taken back already.
    operate(&mut desk, 3, reverse(3));
    assert_eq!(word(&desk, 3), "declined");
    let refund = Command::Refund {
        payment: payment(4),
        money: euros(250),
        original: None,
    };
    operate(&mut desk, 4, refund);
    assert_eq!(word(&desk, 4), "completed");
    assert_eq!(desk.device.ledger().returns_asked(), 3);
}

#[test]
fn of_a_card_number_that_comes_unasked_the_end_is_kept() {
    let mut desk = desk("unmasked-pan");
    operate(&mut desk, 1, sale(1, 1010));
    assert_eq!(word(&desk, 1), "completed");
    let said = format!("{:?} {:?}", desk.events, desk.facts);
    assert!(said.contains("1111") && !said.contains("11111"), "{said}");
}

#[test]
fn a_late_approval_is_acknowledged_only_where_it_is_kept() {
    for durable in [true, false] {
        let mut desk = desk("late-approval");
        desk.durable = durable;
        operate(&mut desk, 1, sale(1, 1010));
        assert!(matches!(desk.facts[..], [Fact::LeftOver(_)]));
    }
}

proptest! {
    #[test]
    fn a_bad_day_costs_nobody_money_that_is_not_known(
        sales in prop::collection::vec(
            (prop::option::of(prop::sample::select(FAULTS)), prop::option::of(0..80_u64), any::<bool>()),
            1..6,
        ),
    ) {
        let mut desk = desk("");
        for (n, (fault, cut, durable)) in (1..).zip(&sales) {
            desk.durable = *durable;
            desk.device.mend();
            if let Some((name, _)) = fault {
                desk.device.arm_by_name(name).unwrap();
            }
            desk.command(sale(n, 1000 + 10 * i64::from(n)));
            if let Some(tenth) = cut {
                desk.run(Duration::from_millis(100 * tenth), |_| false);
                desk.cut();
            }
            desk.run(HOUR, |desk| !endings(desk, n).is_empty());
            desk.run(Duration::from_mins(8), |_| false);
        }
        for n in 1..=u8::try_from(sales.len()).unwrap() {
            check(&desk, n, 1000 + 10 * u64::from(n), &format!("{n}: {sales:?}"));
        }
        prop_assert!(usize::try_from(desk.device.payments_asked()).unwrap() <= sales.len());
        prop_assert!(is_ready(&desk));
    }
}
