//! The Adyen driver against the simulated terminal: what the driver says of money is what the
//! terminal's books say, or it says that it does not know, and then the terminal can be asked.

use std::{sync::OnceLock, time::Duration};

use drivers::terminal::{
    Command, Ending, Event, Fact, Queried, SlipCopy,
    adyen::{Adyen, AdyenSettings, crypto::NexoCrypto},
};
use payment::{Approval, Currency, Purpose};
use proptest::prelude::*;
use simulator::terminal::adyen::{FAULTS, Options, Terminal};

use crate::{
    desk::{HOUR, endings, euros, is_ready, operate, pay, payment},
    world::World,
};

type Desk = World<Adyen, Terminal>;

fn driver() -> Adyen {
    // Deriving keys is slow on purpose.
    static CRYPTO: OnceLock<NexoCrypto> = OnceLock::new();
    let options = Options::default();
    let crypto = CRYPTO.get_or_init(|| {
        let Options {
            passphrase,
            key_identifier,
            key_version,
            ..
        } = &options;
        NexoCrypto::new(passphrase, key_identifier, *key_version)
    });
    Adyen::new(AdyenSettings {
        currency: Currency::EUR,
        sale_id: "desk1".to_owned(),
        poi_id: options.poi_id.clone(),
        crypto: crypto.clone(),
        answer_timeout: Duration::from_secs(10),
        payment_timeout: Duration::from_secs(150),
        origin: "2026-01-02T10:00:00Z".parse().unwrap(),
        seed: [1; 16],
    })
}

fn world(faults: &str) -> Desk {
    let mut terminal = Terminal::new(Options::default());
    terminal.arm(faults.parse().unwrap());
    let mut world = World::new(driver(), terminal);
    world.run(HOUR, is_ready);
    world
}

/// Asks what became of a payment until the terminal knows, as the engine does.
fn settle(world: &mut Desk, n: u8, purpose: Purpose) -> Queried {
    for _ in 0..100 {
        world.run(HOUR, is_ready);
        let before = world.events.len();
        world.command(Command::Query {
            payment: payment(n),
            purpose,
            money: euros(1010),
        });
        let found = |world: &Desk| {
            let mut events = world.events.iter().skip(before);
            events.find_map(|event| match event {
                Event::Queried { answer, .. } => Some(answer.clone()),
                _ => None,
            })
        };
        world.run(HOUR, |world| found(world).is_some());
        match found(world) {
            Some(Queried::Running(_) | Queried::NoAnswer(_)) => {
                world.run(Duration::from_secs(5), |_| false);
            }
            Some(answer) => return answer,
            None => panic!("a question without an answer"),
        }
    }
    panic!("the terminal never knows");
}

/// What the driver may say, and what the terminal then says of it.
fn check(world: &mut Desk, n: u8, context: &str) -> &'static str {
    let endings: Vec<Ending> = endings(world, n).into_iter().cloned().collect();
    let [ending] = &endings[..] else {
        panic!("{context}: {endings:?}");
    };
    assert!(world.device.payments_asked() <= 1, "{context}: law 4");
    match ending {
        Ending::Completed => {
            assert_eq!(world.device.books().charged(), [1010], "{context}");
            let stored = |fact: &Fact| matches!(fact, Fact::Approved(a) if a.payment == payment(n));
            assert!(
                world.durable && world.facts.iter().any(stored),
                "{context}: law 2"
            );
            "completed"
        }
        Ending::Declined(_) | Ending::Cancelled(_) => {
            world.run(Duration::from_mins(10), |_| false);
            let charged = world.device.books().charged();
            assert!(
                charged.is_empty(),
                "{context}: a lost answer is not a decline"
            );
            match ending {
                Ending::Declined(_) => "declined",
                _ => "cancelled",
            }
        }
        Ending::Doubted(_) => {
            let charged = |world: &Desk| world.device.books().charged();
            match settle(world, n, Purpose::Sale) {
                Queried::Approved(approval) => {
                    if let Some(money) = approval.money {
                        let minor = u64::try_from(money.minor()).unwrap();
                        assert_eq!(charged(world), [minor], "{context}");
                    }
                    "doubted, approved"
                }
                Queried::Refused(_) => {
                    assert!(charged(world).is_empty(), "{context}");
                    "doubted, refused"
                }
                Queried::Unknown { .. } => {
                    world.run(Duration::from_mins(10), |_| false);
                    assert!(charged(world).is_empty(), "{context}: absence is proven");
                    "doubted, unknown"
                }
                other => panic!("{context}: {other:?}"),
            }
        }
    }
}

#[test]
fn each_fault_ends_as_it_should_and_doubt_settles_itself() {
    for (fault, _) in FAULTS {
        let mut world = world(fault);
        pay(&mut world, 1);
        let ended = check(&mut world, 1, fault);
        let expected = match *fault {
            "decline" | "wrong-pin" => "declined",
            "abort-by-customer" | "busy" | "logged-out" | "reject" => "cancelled",
            "lose-answer-before-card" | "silent" => "doubted, unknown",
            "lose-refusal" => "doubted, refused",
            "lose-answer-after-approval"
            | "hang-up-while-running"
            | "late-approval"
            | "garbage"
            | "half-answer"
            | "wrong-key"
            | "bad-hmac"
            | "forged-header"
            | "other-amount"
            | "partial-approval"
            | "other-currency"
            | "other-device"
            | "other-request"
            | "not-found-at-first" => "doubted, approved",
            _ => "completed",
        };
        assert_eq!(ended, expected, "{fault}");
        assert!(is_ready(&world), "{fault}: it comes back");
    }
}

#[test]
fn without_a_disk_nothing_is_completed() {
    for (fault, _) in FAULTS {
        let mut world = world(fault);
        world.durable = false;
        pay(&mut world, 1);
        let ended = check(&mut world, 1, fault);
        assert_ne!(ended, "completed", "{fault}: law 2");
    }
}

/// Whenever the cable is pulled, in tenths of a second.
#[test]
fn a_cut_at_any_moment_settles_itself() {
    for tenth in 0..30 {
        let mut world = world("");
        world.command(Command::Pay {
            payment: payment(1),
            money: euros(1010),
        });
        world.run(Duration::from_millis(100 * tenth), |_| false);
        world.cut();
        world.run(HOUR, |world| !endings(world, 1).is_empty());
        check(&mut world, 1, &format!("cut after {tenth} tenths"));
    }
}

/// A till that dies after any delivery leaves a payment that its successor can ask about.
#[test]
fn a_new_till_learns_what_became_of_the_last_ones_payment() {
    for deliveries in 1..6 {
        let mut world = world("");
        world.dies_after = Some(deliveries);
        world.command(Command::Pay {
            payment: payment(1),
            money: euros(1010),
        });
        world.run(Duration::from_mins(1), World::is_dead);
        if !world.is_dead() {
            assert!(deliveries > 2, "{deliveries}");
            break;
        }
        world.run(Duration::from_secs(30), |_| false);
        world.succeed(driver());
        world.run(HOUR, is_ready);
        let answer = settle(&mut world, 1, Purpose::Sale);
        assert!(
            matches!(answer, Queried::Approved(_)),
            "{deliveries}: {answer:?}"
        );
        assert_eq!(
            (
                world.device.payments_asked(),
                world.device.books().charged()
            ),
            (1, vec![1010])
        );
    }
}

#[test]
fn an_abort_ends_it_before_the_card() {
    let mut world = world("slow");
    world.command(Command::Pay {
        payment: payment(1),
        money: euros(1010),
    });
    world.run(Duration::from_secs(5), |_| false);
    world.command(Command::Abort {
        payment: payment(1),
    });
    assert!(matches!(endings(&world, 1)[..], [Ending::Cancelled(_)]));
    assert!(world.device.books().charged().is_empty());
    pay(&mut world, 2);
    assert_eq!(endings(&world, 2), [&Ending::Completed]);
}

fn approval(world: &Desk) -> Box<Approval> {
    let approved = world.facts.iter().find_map(|fact| match fact {
        Fact::Approved(approved) => Some(approved.approval.clone()),
        Fact::LeftOver(_) => None,
    });
    Box::new(approved.unwrap())
}

#[test]
fn money_goes_back_whole_and_in_parts() {
    let mut world = world("");
    pay(&mut world, 1);
    let original = approval(&world);
    for (n, minor, declined, left) in [
        (2, 250, false, vec![760]),
        (3, 761, true, vec![760]),
        (4, 760, false, vec![]),
    ] {
        let refund = Command::Refund {
            payment: payment(n),
            money: euros(minor),
            original: Some(original.clone()),
        };
        operate(&mut world, n, refund);
        let ended = endings(&world, n)[0].clone();
        // “NotAllowed” did not begin.
        assert_eq!(matches!(ended, Ending::Cancelled(_)), declined, "{ended:?}");
        assert_eq!(world.device.books().charged(), left);
    }
    pay(&mut world, 5);
    let original = match world.facts.last() {
        Some(Fact::Approved(approved)) => Box::new(approved.approval.clone()),
        other => panic!("{other:?}"),
    };
    world
        .device
        .arm("lose-answer-after-approval".parse().unwrap());
    let reverse = Command::Reverse {
        payment: payment(6),
        money: euros(1010),
        original,
    };
    operate(&mut world, 6, reverse);
    assert!(matches!(endings(&world, 6)[..], [Ending::Doubted(_)]));
    let purpose = Purpose::Cancel { of: payment(5) };
    let answer = settle(&mut world, 6, purpose);
    assert!(matches!(answer, Queried::Approved(_)), "{answer:?}");
    assert!(world.device.books().charged().is_empty());
}

#[test]
fn receipts_come_masked_and_the_card_is_not_kept() {
    let mut world = world("unmasked-pan");
    pay(&mut world, 1);
    let slips: Vec<_> = world
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Receipt { slip, .. } => Some(slip),
            _ => None,
        })
        .collect();
    let copies: Vec<SlipCopy> = slips.iter().map(|slip| slip.copy).collect();
    assert_eq!(copies, [SlipCopy::Merchant, SlipCopy::Customer]);
    let all = format!("{:?} {:?}", world.events, world.facts);
    for secret in ["4111111111111111", "411111", "1230"] {
        assert!(!all.contains(secret), "{secret}");
    }
    assert!(all.contains("1111"));
}

#[test]
fn a_terminal_with_another_key_is_not_ready_and_says_what_to_check() {
    for change in [
        (|options| options.passphrase.push('x')) as fn(&mut Options),
        |options| options.key_identifier.push('x'),
        |options| options.key_version = 2,
    ] {
        let mut options = Options::default();
        change(&mut options);
        let mut world = World::new(driver(), Terminal::new(options));
        world.run(Duration::from_mins(1), |_| false);
        let reasons: Vec<_> = world
            .events
            .iter()
            .map(|event| match event {
                Event::NotReady { reason } => reason.as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert!(
            !reasons.is_empty() && reasons[0].contains("key version"),
            "{reasons:?}"
        );
        pay_in_vain(&mut world);
    }
}

fn pay_in_vain(world: &mut Desk) {
    world.command(Command::Pay {
        payment: payment(1),
        money: euros(1010),
    });
    assert!(matches!(endings(world, 1)[..], [Ending::Cancelled(_)]));
    assert_eq!(world.device.payments_asked(), 0);
}

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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_bad_day_costs_nobody_money_that_is_not_known(sales in prop::collection::vec(sale(), 1..5)) {
        let mut world = world("");
        for (n, sale) in (1..).zip(&sales) {
            let before: u64 = world.device.books().charged().iter().sum();
            world.durable = sale.durable;
            world.device.clear();
            if let Some(fault) = sale.fault {
                world.device.arm(fault.parse().unwrap());
            }
            world.command(Command::Pay { payment: payment(n), money: euros(1010) });
            for tenth in 0..60 {
                if sale.cut == Some(tenth) {
                    world.cut();
                }
                if sale.abort == Some(tenth) {
                    world.command(Command::Abort { payment: payment(n) });
                }
                world.run(Duration::from_millis(100), |_| false);
            }
            world.run(HOUR, |world| !endings(world, n).is_empty());
            world.run(Duration::from_mins(8), |_| false);
            world.run(HOUR, is_ready);
            prop_assert!(is_ready(&world), "{:?}", sale);
            let ended = endings(&world, n);
            prop_assert_eq!(ended.len(), 1, "{:?}", sale);
            let ended = ended[0].clone();
            let after: u64 = world.device.books().charged().iter().sum();
            let charged = after - before;
            match ended {
                Ending::Completed => prop_assert_eq!(charged, 1010, "{:?}", sale),
                Ending::Declined(_) | Ending::Cancelled(_) => prop_assert_eq!(charged, 0, "{:?}", sale),
                Ending::Doubted(_) => {
                    let answer = settle(&mut world, n, Purpose::Sale);
                    let approved = matches!(answer, Queried::Approved(_));
                    prop_assert_eq!(approved, charged > 0, "{:?}", sale);
                }
            }
        }
        prop_assert!(usize::try_from(world.device.payments_asked()).unwrap() <= sales.len());
    }
}

/// A terminal that wants a login refuses one payment, and takes the next.
#[test]
fn a_logged_out_terminal_is_logged_in_by_the_first_refusal() {
    let mut world = world("logged-out");
    pay(&mut world, 1);
    assert!(matches!(endings(&world, 1)[..], [Ending::Cancelled(_)]));
    assert_eq!(world.device.books().charged(), [0_u64; 0]);
    pay(&mut world, 2);
    assert_eq!(endings(&world, 2), [&Ending::Completed]);
}
