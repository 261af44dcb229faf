//! The ZVT driver against the simulated terminal: what the driver says of money is what the
//! terminal's books say, or it says that it does not know.

mod bad_day;
mod comes_back;

use std::time::Duration;

use config::ZvtCharset;
use drivers::terminal::{
    Command, DayEnd, Ending, Event, Fact, LastTransaction, Service,
    zvt::{self, Zvt, ZvtSettings},
};
use payment::{Approval, Currency, StoredKind};
use simulator::terminal::zvt::{FAULTS, Framing, Kind, Options, Standing, Terminal};

use crate::{
    desk::{HOUR, endings, euros, is_ready, last, operate, pay, payment},
    world::World,
};

const BOTH: [Framing; 2] = [Framing::Serial, Framing::Tcp];

fn world(framing: Framing, faults: &str, print_here: bool) -> World<Zvt, Terminal> {
    let driver = driver(framing, print_here);
    let mut terminal = Terminal::new(Options::default(), framing);
    terminal.arm(faults.parse().unwrap());
    let mut world = World::new(driver, terminal);
    world.run(HOUR, is_ready);
    world
}

fn driver(framing: Framing, print_here: bool) -> Zvt {
    let settings = ZvtSettings {
        currency: Currency::EUR,
        password: [0; 3],
        charset: ZvtCharset::Cp437,
        answer_timeout: Duration::from_secs(5),
        completion_timeout: Duration::from_mins(3),
        print_here,
        numbered: false,
        manner: zvt::message::Manner::default(),
    };
    let driver = Zvt::new(
        settings,
        match framing {
            Framing::Serial => zvt::Framing::Serial,
            Framing::Tcp => zvt::Framing::Tcp,
        },
    );
    driver.with_clock("2026-01-02T10:00:00Z".parse().unwrap())
}

/// What the driver may say of a payment whose amount is in the books so often.
fn check(world: &World<Zvt, Terminal>, fault: &str, context: &str) {
    let endings = endings(world, 1);
    let [ending] = endings[..] else {
        panic!("{context}: {endings:?}");
    };
    let charged = world.device.books().charged();
    assert!(world.device.authorisations_seen() <= 1, "{context}: law 4");
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
    // Without an acknowledgement only a terminal that does not wait for one charges.
    let waits = ![
        "lose-answer-after-approval",
        "no-stored-transaction",
        "last-is-end-of-day",
    ]
    .contains(&fault);
    if !world.durable && waits {
        assert_eq!(charged, [], "{context}: law 2");
    }
}

#[test]
fn the_driver_never_says_more_than_the_books() {
    for framing in BOTH {
        for (fault, _) in FAULTS {
            for print_here in [true, false] {
                for durable in [true, false] {
                    let context = format!("{fault} {framing:?} {print_here} {durable}");
                    let mut world = world(framing, fault, print_here);
                    assert!(is_ready(&world), "{context}");
                    world.durable = durable;
                    pay(&mut world, 1);
                    check(&world, fault, &context);
                    assert!(is_ready(&world), "{context}: it comes back");
                }
            }
        }
    }
}

/// How each fault ends, for a terminal whose receipts we print.
#[test]
fn each_fault_ends_as_it_should() {
    for framing in BOTH {
        for (fault, _) in FAULTS {
            let mut world = world(framing, fault, true);
            pay(&mut world, 1);
            let ended = match endings(&world, 1)[..] {
                [Ending::Completed] => "completed",
                [Ending::Declined(_)] => "declined",
                [Ending::Cancelled(_)] => "cancelled",
                [Ending::Doubted(_)] => "doubted",
                _ => "not once",
            };
            let expected = match *fault {
                "decline" | "refuse" | "busy" | "stale-amount" | "end-of-day-required" => {
                    "declined"
                }
                "abort-by-customer" => "cancelled",
                "lose-answer-before-card"
                | "lose-answer-after-approval"
                | "hang-up-after-approval"
                | "hang-up-before-completion"
                | "power-loss-after-approval"
                | "abort-after-approval"
                | "silent"
                | "garbage"
                | "over-long"
                | "other-amount"
                | "swapped"
                | "no-stored-transaction"
                | "last-is-reversal"
                | "auto-reversal"
                | "stale-status"
                | "last-is-end-of-day" => "doubted",
                // 04 FF announces three minutes for the customer's step, and 06 B0 is refused.
                "late-approval" => "doubted",
                _ => "completed",
            };
            assert_eq!(ended, expected, "{fault} {framing:?}");
        }
    }
}

#[test]
fn doubt_is_settled_by_what_the_terminal_has_stored() {
    for framing in BOTH {
        for (fault, expected) in [
            ("lose-answer-before-card", Some(1)),
            ("lose-answer-after-approval", Some(2)),
            ("hang-up-after-approval", Some(1)),
            ("hang-up-before-completion", Some(2)),
            ("power-loss-after-approval", Some(2)),
            ("silent", Some(1)),
        ] {
            let mut world = world(framing, "", true);
            pay(&mut world, 1);
            world.device.arm(fault.parse().unwrap());
            pay(&mut world, 2);
            assert!(matches!(endings(&world, 2)[..], [Ending::Doubted(_)]));
            let LastTransaction::Stored(stored) = last(&mut world) else {
                panic!("{fault} {framing:?}");
            };
            assert_eq!(stored.kind, StoredKind::Payment);
            assert_eq!(
                stored.approval.terminal_receipt, expected,
                "{fault} {framing:?}"
            );
            assert_eq!(stored.approval.money, Some(euros(1010)));
            let year = stored
                .approval
                .terminal_time
                .map(jiff::civil::DateTime::year);
            assert_eq!(year, Some(2026));
        }
    }
}

#[test]
fn money_goes_back() {
    for framing in BOTH {
        let mut world = world(framing, "", true);
        pay(&mut world, 1);
        let reverse = |n| Command::Reverse {
            payment: payment(n),
            money: euros(1010),
            original: Box::new(Approval {
                terminal_receipt: Some(1),
                ..Approval::default()
            }),
        };
        operate(&mut world, 2, reverse(2));
        assert_eq!(endings(&world, 2), [&Ending::Completed]);
        assert_eq!(world.device.books().charged(), []);
        let LastTransaction::Stored(stored) = last(&mut world) else {
            panic!("{framing:?}");
        };
        let original_trace = Some(1);
        assert_eq!(stored.kind, StoredKind::Reversal { original_trace });
        // It is taken back already.
        operate(&mut world, 3, reverse(3));
        assert!(matches!(endings(&world, 3)[..], [Ending::Declined(_)]));
        let refund = Command::Refund {
            payment: payment(4),
            money: euros(250),
            original: None,
        };
        operate(&mut world, 4, refund);
        assert_eq!(endings(&world, 4), [&Ending::Completed]);
        let last = world.device.books().transactions().last().copied().unwrap();
        assert_eq!(
            (last.kind, last.amount, last.standing),
            (Kind::Refund, 250, Standing::Committed)
        );
    }
}

#[test]
fn a_day_ends() {
    for framing in BOTH {
        let mut world = world(framing, "", true);
        pay(&mut world, 1);
        world.command(Command::EndOfDay);
        let ended = |world: &World<Zvt, Terminal>| {
            world.events.iter().find_map(|event| match event {
                Event::DayEnded(end) => Some(end.clone()),
                _ => None,
            })
        };
        world.run(HOUR, |world| ended(world).is_some());
        let Some(DayEnd::Done(totals)) = ended(&world) else {
            panic!("{:?}", ended(&world));
        };
        assert_eq!(
            (totals.total_minor, totals.receipts),
            (Some(1010), Some((1, 1)))
        );
        let visa = totals.brands.iter().find(|brand| brand.count > 0).unwrap();
        assert_eq!((visa.brand.as_str(), visa.minor), ("Visa", 1010));
        world.run(Duration::from_mins(1), |_| false);
        let LastTransaction::Stored(stored) = last(&mut world) else {
            panic!("{framing:?}");
        };
        assert_eq!(stored.kind, StoredKind::EndOfDay);
    }
}

#[test]
fn services_are_served() {
    for framing in BOTH {
        let mut world = world(framing, "", true);
        pay(&mut world, 1);
        let time = jiff::civil::DateTime::constant(2026, 3, 4, 5, 6, 7, 0);
        for (n, service) in [
            Service::Diagnosis,
            Service::Initialisation,
            Service::DisplayText("Hallo Welt".into()),
            Service::SetClock(time),
            Service::RepeatReceipt,
            Service::LogOff,
        ]
        .into_iter()
        .enumerate()
        {
            world.command(Command::Service(service));
            world.run(Duration::from_mins(2), |_| false);
            let served = world
                .events
                .iter()
                .filter(|e| matches!(e, Event::Served(Ok(_))));
            assert_eq!(served.count(), n + 1, "{framing:?}");
        }
        assert!(is_ready(&world), "registered again");
        pay(&mut world, 2);
        assert_eq!(endings(&world, 2), [&Ending::Completed]);
    }
}

/// What the terminal holds after a payment that went wrong: evidence that must not be misread.
#[test]
fn what_a_terminal_holds_after_doubt() {
    for framing in BOTH {
        let after = |fault: &str| {
            let mut world = world(framing, fault, true);
            pay(&mut world, 1);
            assert!(matches!(endings(&world, 1)[..], [Ending::Doubted(_)]));
            last(&mut world)
        };
        let kind = |last| match last {
            LastTransaction::Stored(stored) => stored.kind,
            other => panic!("{other:?}"),
        };
        let original_trace = Some(1);
        let reversal = StoredKind::Reversal { original_trace };
        assert_eq!(kind(after("last-is-reversal")), reversal);
        assert_eq!(kind(after("auto-reversal")), reversal);
        assert_eq!(kind(after("last-is-end-of-day")), StoredKind::EndOfDay);
        for fault in ["no-stored-transaction", "swapped"] {
            let last = after(fault);
            assert!(matches!(last, LastTransaction::Unsupported(_)), "{last:?}");
        }
    }
}

#[test]
fn another_terminal_names_itself() {
    let mut world = world(Framing::Tcp, "swapped", true);
    pay(&mut world, 1);
    let names = world.events.iter().filter_map(|event| match event {
        Event::Ready { terminal_id } => terminal_id.as_ref().map(payment::Text::as_str),
        _ => None,
    });
    assert_eq!(names.collect::<Vec<_>>(), ["28004869", "28004870"]);
}

#[test]
fn a_late_approval_is_kept_or_taken_back() {
    for framing in BOTH {
        for durable in [true, false] {
            let mut world = world(framing, "late-approval", true);
            world.durable = durable;
            // The link breaks while the customer takes his time.
            world.command(Command::Pay {
                payment: payment(1),
                money: euros(1010),
            });
            world.run(Duration::from_mins(1), |_| false);
            world.cut();
            world.run(Duration::from_mins(10), |_| false);
            assert!(matches!(endings(&world, 1)[..], [Ending::Doubted(_)]));
            let [Fact::LeftOver(stored)] = &world.facts[..] else {
                panic!("{:?}", world.facts);
            };
            assert_eq!(stored.approval.money, Some(euros(1010)));
            let charged = world.device.books().charged().len();
            assert_eq!(charged, usize::from(durable), "{framing:?}");
        }
    }
}
