//! The ECR17 driver against the simulated terminal: what the driver says of money is what the
//! terminal's books say, or it says that it does not know.

use std::time::Duration;

use drivers::terminal::{
    Command, DayEnd, Ending, Event, Fact, LastTransaction, SlipCopy,
    ecr17::{Ecr17, Ecr17Settings, lrc::Lrc, request::Address},
};
use payment::{Approval, Currency, StoredKind};
use simulator::terminal::ecr17::{Check, FAULTS, Habit, Options, Terminal};

use crate::{
    desk::{HOUR, endings, euros, is_ready, last, operate, pay, payment},
    world::World,
};

const HABITS: [Habit; 3] = [Habit::Keeps, Habit::HangsUp, Habit::HangsUpAlways];

/// How the two are joined.
#[derive(Debug, Clone, Copy)]
struct Wire {
    habit: Habit,
    /// The link is opened on demand; else it comes back by itself.
    on_demand: bool,
    print_here: bool,
}

fn wires() -> impl Iterator<Item = Wire> {
    HABITS.into_iter().flat_map(|habit| {
        [(true, true), (true, false), (false, true)].map(|(on_demand, print_here)| Wire {
            habit,
            on_demand,
            print_here,
        })
    })
}

const USUAL: Wire = Wire {
    habit: Habit::HangsUp,
    on_demand: true,
    print_here: true,
};

fn driver(lrc: Option<Lrc>, print_here: bool) -> Ecr17 {
    let settings = Ecr17Settings {
        currency: Currency::EUR,
        address: Address {
            terminal: "00000000".into(),
            register: "00000001".into(),
        },
        lrc,
        extended: true,
        answer_timeout: Duration::from_secs(5),
        completion_timeout: Duration::from_mins(3),
        print_here,
    };
    Ecr17::new(settings).with_clock("2026-01-02T09:00:00Z".parse().unwrap())
}

fn join(wire: Wire, driver: Ecr17, terminal: Terminal) -> World<Ecr17, Terminal> {
    let mut world = if wire.on_demand {
        World::on_demand(driver, terminal)
    } else {
        World::new(driver, terminal)
    };
    world.run(HOUR, is_ready);
    world
}

fn world(wire: Wire, faults: &str) -> World<Ecr17, Terminal> {
    let options = Options {
        habit: wire.habit,
        ..Options::default()
    };
    let mut terminal = Terminal::new(options);
    terminal.arm(faults.parse().unwrap());
    join(wire, driver(None, wire.print_here), terminal)
}

/// What the driver may say of a payment, by the books.
fn check(world: &World<Ecr17, Terminal>, context: &str) {
    let endings = endings(world, 1);
    let [ending] = endings[..] else {
        panic!("{context}: {endings:?}");
    };
    let charged = world.device.books().charged();
    assert!(charged.len() <= 1, "{context}: {charged:?}");
    match ending {
        Ending::Completed => {
            let amounts: Vec<u64> = charged.iter().map(|t| t.amount).collect();
            assert_eq!(amounts, [1010], "{context}");
            let stored = world.facts.iter().any(|fact| {
                matches!(fact, Fact::Approved(a) if a.payment == payment(1) && world.durable)
            });
            assert!(stored, "{context}: law 2");
        }
        Ending::Declined(_) | Ending::Cancelled(_) => {
            assert_eq!(charged, [], "{context}: a lost answer is not a decline");
        }
        Ending::Doubted(_) => {}
    }
}

fn asked(world: &World<Ecr17, Terminal>) -> u32 {
    use simulator::terminal::SimulatedTerminal as _;
    world.device.payments_asked()
}

#[test]
fn the_driver_never_says_more_than_the_books() {
    for wire in wires() {
        for (fault, _) in FAULTS {
            for durable in [true, false] {
                let context = format!("{fault} {wire:?} {durable}");
                let mut world = world(wire, fault);
                assert!(is_ready(&world), "{context}");
                world.durable = durable;
                pay(&mut world, 1);
                check(&world, &context);
                assert_eq!(asked(&world), 1, "{context}: law 4");
                assert!(is_ready(&world), "{context}: it comes back");
            }
        }
    }
}

#[test]
fn each_fault_ends_as_it_should() {
    for wire in wires() {
        for (fault, _) in FAULTS {
            let mut world = world(wire, fault);
            pay(&mut world, 1);
            let ended = match endings(&world, 1)[..] {
                [Ending::Completed] => "completed",
                [Ending::Declined(_)] => "declined",
                [Ending::Cancelled(_)] => "cancelled",
                [Ending::Doubted(_)] => "doubted",
                _ => "not once",
            };
            let expected = match *fault {
                "decline" | "abort-by-customer" | "refuse" => "declined",
                "lose-answer-before-card"
                | "lose-answer-after-approval"
                | "lose-refusal"
                | "still-working"
                | "silent"
                | "late-approval"
                | "garbage"
                | "over-long"
                | "other-amount"
                | "other-device"
                | "unknown-code"
                | "no-memory"
                | "not-aligned" => "doubted",
                _ => "completed",
            };
            assert_eq!(ended, expected, "{fault} {wire:?}");
        }
    }
}

#[test]
fn every_way_of_check_bytes_works_and_a_wrong_one_is_named() {
    for (check, way) in Check::ALL.into_iter().zip(Lrc::ALL) {
        for refuses in [true, false] {
            let terminal = || {
                Terminal::new(Options {
                    check,
                    refuses,
                    ..Options::default()
                })
            };
            for configured in [None, Some(way)] {
                let mut world = join(USUAL, driver(configured, true), terminal());
                pay(&mut world, 1);
                assert_eq!(
                    endings(&world, 1),
                    [&Ending::Completed],
                    "{way:?} {refuses}"
                );
            }
            let mut wrong = World::on_demand(driver(Some(way.next()), true), terminal());
            wrong.run(Duration::from_mins(1), |world| {
                world
                    .events
                    .iter()
                    .any(|e| matches!(e, Event::NotReady { .. }))
            });
            let Some(Event::NotReady { reason }) = wrong.events.first() else {
                panic!("{:?}", wrong.events);
            };
            let cure = if refuses {
                format!("Write lrc = \"{}\" in [terminal.ecr17].", way.as_str())
            } else {
                "The terminal does not answer. Check that it is on and connected.".to_owned()
            };
            assert!(reason.as_str().ends_with(&cure), "{reason}");
        }
    }
}

#[test]
fn doubt_is_settled_by_what_the_terminal_has_kept() {
    for wire in wires() {
        for (fault, expected) in [
            ("lose-answer-before-card", 1),
            ("lose-answer-after-approval", 2),
            ("still-working", 2),
            ("garbage", 2),
            ("late-approval", 2),
            ("silent", 1),
        ] {
            let mut world = world(wire, "");
            pay(&mut world, 1);
            world.device.arm(fault.parse().unwrap());
            pay(&mut world, 2);
            assert!(matches!(endings(&world, 2)[..], [Ending::Doubted(_)]));
            let LastTransaction::Stored(stored) = last(&mut world) else {
                panic!("{fault} {wire:?}");
            };
            assert_eq!(stored.kind, StoredKind::Payment);
            let approval = stored.approval;
            assert_eq!(approval.trace, Some(expected), "{fault} {wire:?}");
            assert_eq!(approval.terminal_receipt, None);
            assert_eq!(approval.money, Some(euros(1010)));
            let year = approval.terminal_time.map(jiff::civil::DateTime::year);
            assert_eq!(year, Some(2026));
        }
    }
}

#[test]
fn receipts_come_here_when_we_print_them() {
    for wire in wires() {
        for fault in ["", "ticket-first", "half-ticket", "no-receipts"] {
            let mut world = world(wire, fault);
            pay(&mut world, 1);
            assert_eq!(endings(&world, 1), [&Ending::Completed], "{fault} {wire:?}");
            let slips: Vec<_> = world
                .events
                .iter()
                .filter_map(|event| match event {
                    Event::Receipt { payment: id, slip } => Some((*id, slip)),
                    _ => None,
                })
                .collect();
            let here = wire.print_here && fault != "no-receipts";
            assert_eq!(slips.len(), usize::from(here), "{fault} {wire:?}");
            if let Some((id, slip)) = slips.first() {
                assert_eq!((*id, slip.copy), (Some(payment(1)), SlipCopy::Customer));
                let text: Vec<&str> = slip.lines.iter().map(|l| l.text.as_str()).collect();
                assert!(text.contains(&"TML 12345678 STAN 000001"), "{text:?}");
                assert!(text.contains(&"EUR 10,10"), "{text:?}");
            }
        }
    }
}

#[test]
fn no_card_number_comes_through() {
    let mut world = world(USUAL, "unmasked-pan");
    pay(&mut world, 1);
    let last = last(&mut world);
    let shown = format!("{:?} {:?} {last:?}", world.events, world.facts);
    assert!(
        shown.contains("1111") && !shown.contains("411111"),
        "{shown}"
    );
}

#[test]
fn the_last_payment_goes_back() {
    for wire in wires() {
        let mut world = world(wire, "");
        pay(&mut world, 1);
        pay(&mut world, 2);
        let reverse = |n, trace| Command::Reverse {
            payment: payment(n),
            money: euros(1010),
            original: Box::new(Approval {
                trace: Some(trace),
                ..Approval::default()
            }),
        };
        operate(&mut world, 3, reverse(3, 1));
        assert!(matches!(endings(&world, 3)[..], [Ending::Declined(_)]));
        operate(&mut world, 4, reverse(4, 2));
        assert_eq!(endings(&world, 4), [&Ending::Completed]);
        assert_eq!(world.device.books().charged().len(), 1);
        let LastTransaction::Stored(stored) = last(&mut world) else {
            panic!("{wire:?}");
        };
        let original_trace = None;
        assert_eq!(stored.kind, StoredKind::Reversal { original_trace });
        assert_eq!(stored.approval.money, None);
    }
}

#[test]
fn a_day_ends() {
    for wire in wires() {
        let mut world = world(wire, "");
        pay(&mut world, 1);
        pay(&mut world, 2);
        let before = world.events.len();
        world.command(Command::EndOfDay);
        let ended = |world: &World<Ecr17, Terminal>| {
            world.events.iter().find_map(|event| match event {
                Event::DayEnded(end) => Some(end.clone()),
                _ => None,
            })
        };
        world.run(HOUR, |world| ended(world).is_some());
        let Some(DayEnd::Done(totals)) = ended(&world) else {
            panic!("{:?}", ended(&world));
        };
        assert_eq!(totals.total_minor, Some(2020));
        let reports = world.events.iter().skip(before).filter(|event| {
            matches!(event, Event::Receipt { payment: None, slip } if slip.copy == SlipCopy::Administration)
        });
        assert_eq!(reports.count(), usize::from(wire.print_here), "{wire:?}");
    }
}

/// Hang-ups of an idle terminal are nobody's business; a terminal that is really gone is.
#[test]
fn the_desk_hears_of_a_dead_terminal_only() {
    for habit in HABITS {
        let mut world = world(Wire { habit, ..USUAL }, "");
        world.run(HOUR, |_| false);
        assert_eq!(world.events.len(), 1, "{:?}", world.events);
        world.reachable = false;
        world.run(Duration::from_mins(3), |_| false);
        assert!(!is_ready(&world));
        pay(&mut world, 1);
        assert!(matches!(endings(&world, 1)[..], [Ending::Cancelled(_)]));
        world.reachable = true;
        world.run(Duration::from_mins(1), is_ready);
        assert!(is_ready(&world));
        assert_eq!(asked(&world), 0);
    }
}

/// The cable is pulled after each delivery of a sale: never two charges, and never a decline of what
/// was charged.
#[test]
fn a_sale_that_is_cut_anywhere_tells_the_truth() {
    for wire in wires() {
        for deliveries in 1..40 {
            let mut world = world(wire, "");
            world.cut_after = Some(deliveries);
            pay(&mut world, 1);
            let context = format!("{wire:?} cut after {deliveries}");
            check(&world, &context);
            assert!(asked(&world) <= 1, "{context}: law 4");
            assert!(is_ready(&world), "{context}");
            world.cut_after = None;
            pay(&mut world, 2);
            assert_eq!(endings(&world, 2), [&Ending::Completed], "{context}");
        }
    }
}
