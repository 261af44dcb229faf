//! Terminals that cannot be asked what became of a payment: what their drivers say of money is what the
//! terminal's books say, or they say that they do not know.

use std::time::Duration;

use drivers::terminal::{Command, Ending, Fact};
use payment::Approval;
use proptest::prelude::*;
use simulator::terminal::SimulatedTerminal;

use crate::{
    desk::{Device, HOUR, Till, endings, euros, is_ready, operate, payment, sale, word},
    world::World,
};

/// What goes wrong with a sale: a fault, a cable that is pulled after so many tenths of a second, and
/// whether an approval can be kept.
type Bad = (Option<&'static str>, Option<u64>, bool);

pub(crate) fn bad_days<S: SimulatedTerminal>() -> impl Strategy<Value = Vec<Bad>> {
    let names: Vec<&str> = S::FAULTS.iter().map(|(name, _)| *name).collect();
    let fault = prop::option::of(prop::sample::select(names));
    let cut = prop::option::of(0..80_u64);
    prop::collection::vec((fault, cut, any::<bool>()), 1..6)
}

/// A driver and its terminal.
pub(crate) trait Pair {
    type Driver: Till;
    type Terminal: Device + SimulatedTerminal;
    /// Whether the terminal says by itself, later, what it did.
    const TELLS_LATER: bool;

    fn driver() -> Self::Driver;
    fn terminal() -> Self::Terminal;
    /// How often the terminal was asked to give money back.
    fn returns_asked(terminal: &Self::Terminal) -> u32;

    fn desk(faults: &str) -> World<Self::Driver, Self::Terminal> {
        let mut terminal = Self::terminal();
        terminal.arm_by_name(faults).unwrap();
        World::new(Self::driver(), terminal)
    }
}

/// What the driver may say of a payment.
fn check<D: Till, S: SimulatedTerminal>(desk: &World<D, S>, n: u8, amount: u64, context: &str) {
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

/// `expected` is the word for how a payment with this fault ends; none for one that completes.
pub(crate) fn each_fault_ends_as_it_should<P: Pair>(
    expected: impl Fn(&'static str) -> Option<&'static str>,
) {
    for (fault, what) in P::Terminal::FAULTS {
        for durable in [true, false] {
            let mut desk = P::desk(fault);
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
            let kept = if durable { "completed" } else { "doubted" };
            let expected = expected(fault).unwrap_or(kept);
            assert_eq!(word(&desk, 1), expected, "{context}");
        }
    }
}

pub(crate) fn after_every_fault_the_next_payment_goes_through<P: Pair>() {
    for (fault, _) in P::Terminal::FAULTS {
        let mut desk = P::desk(fault);
        operate(&mut desk, 1, sale(1, 1010));
        operate(&mut desk, 2, sale(2, 2020));
        assert_eq!(word(&desk, 2), "completed", "{fault}");
        assert_eq!(desk.device.charged().last(), Some(&2020), "{fault}");
    }
}

/// Wherever the cable is pulled, and whatever goes wrong besides.
pub(crate) fn a_cable_that_is_pulled_never_declines_and_never_charges_twice<P: Pair>() {
    for (fault, _) in P::Terminal::FAULTS {
        for tenth in 0..80 {
            let mut desk = P::desk(fault);
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
pub(crate) fn a_till_that_dies_is_followed_by_one_that_asks_nothing<P: Pair>() {
    for deliveries in 1..20 {
        let mut desk = P::desk("");
        desk.dies_after = Some(deliveries);
        desk.command(sale(1, 1010));
        desk.run(Duration::from_mins(1), World::is_dead);
        if !desk.is_dead() {
            break;
        }
        desk.succeed(P::driver());
        desk.run(HOUR, |_| false);
        assert!(endings(&desk, 1).is_empty());
        assert!(
            desk.facts
                .iter()
                .all(|fact| P::TELLS_LATER && matches!(fact, Fact::LeftOver(_)))
        );
        assert!(desk.device.payments_asked() <= 1, "law 4");
        assert!(is_ready(&desk));
        operate(&mut desk, 2, sale(2, 2020));
        assert_eq!(word(&desk, 2), "completed", "after {deliveries}");
    }
}

pub(crate) fn money_goes_back<P: Pair>() {
    let mut desk = P::desk("");
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
    assert_eq!(P::returns_asked(&desk.device), 3);
}

pub(crate) fn a_bad_day_costs_nobody_money_that_is_not_known<P: Pair>(
    sales: &[Bad],
) -> Result<(), TestCaseError> {
    let mut desk = P::desk("");
    for (n, (fault, cut, durable)) in (1..).zip(sales) {
        desk.durable = *durable;
        desk.device.mend();
        if let Some(name) = fault {
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
        check(
            &desk,
            n,
            1000 + 10 * u64::from(n),
            &format!("{n}: {sales:?}"),
        );
    }
    prop_assert!(usize::try_from(desk.device.payments_asked()).unwrap() <= sales.len());
    prop_assert!(is_ready(&desk));
    Ok(())
}
