//! Several payments with faults, cuts and second thoughts in any order.

use proptest::prelude::*;
use simulator::terminal::zvt::Transaction;

use super::*;

/// One payment of a bad day: what goes wrong, when somebody pulls the cable and when somebody
/// changes his mind, in tenths of a second.
#[derive(Debug, Clone)]
struct Sale {
    fault: Option<&'static str>,
    cut: Option<u64>,
    abort: Option<u64>,
    durable: bool,
}

fn sale() -> impl Strategy<Value = Sale> {
    let names: Vec<&str> = FAULTS.iter().map(|(name, _)| *name).collect();
    let moment = || prop::option::of(0..60_u64);
    let fault = prop::option::of(prop::sample::select(names));
    let sale = (fault, moment(), moment(), any::<bool>());
    sale.prop_map(|(fault, cut, abort, durable)| Sale {
        fault,
        cut,
        abort,
        durable,
    })
}

/// Lets a sale take its course.
fn suffer(world: &mut World<Zvt, Terminal>, n: u8, sale: &Sale) {
    world.durable = sale.durable;
    world.device.clear();
    if let Some(fault) = sale.fault {
        world.device.arm(fault.parse().unwrap());
    }
    world.command(Command::Pay {
        payment: payment(n),
        money: euros(amount(n)),
    });
    for tenth in 0..60 {
        if sale.cut == Some(tenth) {
            world.cut();
        }
        if sale.abort == Some(tenth) {
            world.command(Command::Abort {
                payment: payment(n),
            });
        }
        world.run(Duration::from_millis(100), |_| false);
    }
    world.run(HOUR, |world| !endings(world, n).is_empty());
    world.run(Duration::from_mins(8), |_| false);
    world.run(HOUR, is_ready);
}

/// Another amount for each, so that the books tell them apart; far enough from the next one for
/// a terminal that charges one unit less.
fn amount(n: u8) -> i64 {
    1000 + 10 * i64::from(n)
}

proptest! {
    #[test]
    fn a_bad_day_costs_nobody_money_that_is_not_known(
        sales in prop::collection::vec(sale(), 1..6),
        serial in any::<bool>(),
        print_here in any::<bool>(),
    ) {
        let framing = if serial { Framing::Serial } else { Framing::Tcp };
        let mut world = world(framing, "", print_here);
        for (n, sale) in (1..).zip(&sales) {
            suffer(&mut world, n, sale);
        }
        let charged = world.device.books().charged();
        prop_assert!(usize::try_from(world.device.authorisations_seen()).unwrap() <= sales.len());
        for (n, sale) in (1..).zip(&sales) {
            let near = |t: &&Transaction| {
                let difference = i64::try_from(t.amount).unwrap() - amount(n);
                (-5..5).contains(&difference)
            };
            let times = charged.iter().filter(near).count();
            prop_assert!(times <= 1, "charged twice: {:?}", sale);
            let ended = endings(&world, n);
            prop_assert_eq!(ended.len(), 1, "{:?}", sale);
            match ended[0] {
                Ending::Completed => prop_assert_eq!(times, 1, "{:?}", sale),
                Ending::Declined(_) | Ending::Cancelled(_) => prop_assert_eq!(times, 0, "{:?}", sale),
                Ending::Doubted(_) => {}
            }
        }
        prop_assert!(is_ready(&world));
    }
}
