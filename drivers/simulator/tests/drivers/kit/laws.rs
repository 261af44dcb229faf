//! The laws, one function each.

use std::time::Duration;

use drivers::{
    Input, Machine as _, Mono, Output,
    terminal::{Abilities, Command, DayEnd, Ending, Event, Fact, Recovery, Refunds, Reversals},
};
use proptest::prelude::*;
use simulator::terminal::SimulatedTerminal;

use super::{
    Bench, CANARY, Subject, Trouble,
    bench::{EARLIER, Verdict},
};
use crate::{
    desk::{self, HOUR, euros, is_ready, payment},
    world::{Chunks, Direction},
};

const ALL_CHUNKS: [Chunks; 3] = [Chunks::Whole, Chunks::Bytes, Chunks::Coalesced];
const MINUTE: Duration = Duration::from_mins(1);

pub(crate) fn a_sale_goes_well_however_the_bytes_are_cut<S: Subject>() {
    for wire in S::WIRES {
        for chunks in ALL_CHUNKS {
            let context = format!("{wire:?} {chunks:?}");
            let mut bench = Bench::<S>::new(*wire);
            bench.world.wire.chunks = chunks;
            bench.pay(1);
            assert_eq!(bench.ending(1, &context), &Ending::Completed, "{context}");
            assert_eq!(bench.agrees(1, &context), Verdict::Charged);
            let approval = bench.approval(1).unwrap();
            assert_eq!(approval.money, Some(euros(1010)), "{context}");
            bench.goes_on(&context);
        }
    }
}

/// Laws 1 and 2. Where the terminal waits for us, it takes back what cannot be stored.
pub(crate) fn nothing_is_acknowledged_before_it_is_durable<S: Subject>() {
    for wire in S::WIRES {
        let context = format!("{wire:?}, nothing can be stored");
        let mut bench = Bench::<S>::new(*wire);
        bench.world.durable = false;
        bench.pay(1);
        let asked = |fact: &Fact| matches!(fact, Fact::Approved(a) if a.payment == payment(1));
        assert!(
            bench.world.facts.iter().any(asked),
            "{context}: it was asked to"
        );
        let ending = bench.ending(1, &context);
        assert!(
            matches!(ending, Ending::Doubted(_)),
            "{context}: {ending:?}"
        );
        if S::WAITS_FOR_US {
            let charged = bench.charged();
            assert_eq!(charged, [0_u64; 0], "{context}: acknowledged all the same");
        }
        bench.agrees(1, &context);
    }
}

/// The wire breaks after each byte of a sale, in both directions. What recovery can be asked, it
/// answers: only terminals that cannot be asked leave the doubt to a person.
pub(crate) fn a_cut_at_any_byte_never_charges_twice_and_never_lies<S: Subject>() {
    for wire in S::WIRES {
        for way in [Direction::ToDriver, Direction::ToDevice] {
            for byte in 1.. {
                let context = format!("{wire:?}, cut after byte {byte} {way:?}");
                let mut bench = Bench::<S>::new(*wire);
                bench.world.wire.cut_after = Some((way, byte));
                bench.pay(1);
                if bench.world.wire.cut_after.is_some() {
                    // The whole sale went through before.
                    break;
                }
                let verdict = bench.agrees(1, &context);
                if S::FAMILY.abilities.recovery != Recovery::Person {
                    let settled = !matches!(verdict, Verdict::ForAPerson(_));
                    assert!(settled, "{context}: {verdict:?}");
                }
            }
        }
    }
}

/// Every fault that the simulator knows, whatever it is.
pub(crate) fn every_fault_of_the_simulator_ends_in_the_truth<S: Subject>() {
    for wire in S::WIRES {
        for (fault, _) in S::Device::FAULTS {
            for chunks in ALL_CHUNKS {
                let context = format!("{fault}, {wire:?} {chunks:?}");
                let mut bench = Bench::<S>::new(*wire);
                bench.world.wire.chunks = chunks;
                bench.arm(fault);
                bench.pay(1);
                if bench.charged().iter().all(|amount| *amount == 1010) {
                    bench.agrees(1, &context);
                } else {
                    // What was charged is not what was asked: nobody may call that paid as asked.
                    let ending = bench.ending(1, &context);
                    assert!(
                        matches!(ending, Ending::Doubted(_)),
                        "{context}: {ending:?}"
                    );
                }
                assert!(is_ready(&bench.world), "{context}: it comes back");
            }
        }
    }
}

/// What each trouble must come to, by whatever name the simulator knows it.
pub(crate) fn every_trouble_ends_as_it_must<S: Subject>() {
    let mut impossible = Vec::new();
    for trouble in Trouble::ALL {
        let fault = match S::fault(trouble) {
            Ok(fault) => fault,
            Err(why) => {
                assert!(
                    why.ends_with('.'),
                    "{trouble:?} needs a reason as a sentence"
                );
                impossible.push(trouble);
                continue;
            }
        };
        for wire in S::WIRES {
            let context = format!("{trouble:?} ({fault}), {wire:?}");
            let mut bench = Bench::<S>::new(*wire);
            bench.arm(fault);
            bench.pay(1);
            let ending = bench.ending(1, &context).clone();
            ends_as_it_must(trouble, &ending, &context);
            if trouble != Trouble::OtherAmount {
                let verdict = bench.agrees(1, &context);
                if let Some(charged) = must_be_charged(trouble) {
                    assert_eq!(bench.charged().len(), usize::from(charged), "{context}");
                }
                if !matches!(verdict, Verdict::ForAPerson(_)) {
                    bench.goes_on(&context);
                }
            }
        }
    }
    // Most of life happens in every protocol.
    assert!(impossible.len() <= 3, "impossible: {impossible:?}");
}

fn ends_as_it_must(trouble: Trouble, ending: &Ending, context: &str) {
    let fits = match trouble {
        Trouble::Decline => matches!(ending, Ending::Declined(_)),
        Trouble::CustomerStops | Trouble::Refuse => {
            matches!(ending, Ending::Declined(_) | Ending::Cancelled(_))
        }
        Trouble::LostBeforeCard | Trouble::LostAfterApproval | Trouble::Silence => {
            matches!(ending, Ending::Doubted(_))
        }
        Trouble::OtherAmount => {
            matches!(ending, Ending::Doubted(doubt) if doubt.other_amount.is_some_and(|m| m != euros(1010)))
        }
        Trouble::OtherDevice => !matches!(ending, Ending::Declined(_) | Ending::Cancelled(_)),
        Trouble::DuplicateAnswer | Trouble::UnknownFields | Trouble::CardNumber => {
            matches!(ending, Ending::Completed)
        }
        Trouble::HangsUp | Trouble::Garbage | Trouble::LateAnswer | Trouble::OverLong => true,
    };
    assert!(fits, "{context}: {ending:?}");
}

fn must_be_charged(trouble: Trouble) -> Option<bool> {
    match trouble {
        Trouble::Decline | Trouble::CustomerStops | Trouble::Refuse | Trouble::LostBeforeCard => {
            Some(false)
        }
        Trouble::LostAfterApproval
        | Trouble::DuplicateAnswer
        | Trouble::UnknownFields
        | Trouble::CardNumber => Some(true),
        Trouble::HangsUp
        | Trouble::Silence
        | Trouble::Garbage
        | Trouble::LateAnswer
        | Trouble::OtherAmount
        | Trouble::OtherDevice
        | Trouble::OverLong => None,
    }
}

/// Law 4: whatever is repeated at the driver, the terminal hears of it once.
pub(crate) fn money_is_asked_for_once<S: Subject>() {
    for wire in S::WIRES {
        for cut in [
            None,
            Some(Duration::ZERO),
            Some(Duration::from_millis(1500)),
        ] {
            let context = format!("{wire:?}, cut after {cut:?}");
            let mut bench = Bench::<S>::new(*wire);
            let pay = || Command::Pay {
                payment: payment(1),
                money: euros(1010),
            };
            bench.began(1);
            bench.world.command(pay());
            bench.world.command(pay());
            if let Some(after) = cut {
                bench.world.run(after, |_| false);
                bench.world.cut();
            }
            for _ in 0..3 {
                bench.world.run(MINUTE, |_| false);
                bench.world.command(pay());
            }
            bench.world.run(10 * MINUTE, |_| false);
            bench.world.run(HOUR, is_ready);
            // However long ago it was.
            bench.world.command(Command::Pay {
                payment: payment(EARLIER),
                money: euros(1010),
            });
            bench.world.run(10 * MINUTE, |_| false);
            bench.agrees(1, &context);
        }
    }
}

/// A command that comes while there is no link is refused, and nothing is asked later either.
pub(crate) fn without_a_link_nothing_is_asked<S: Subject>() {
    for wire in S::WIRES {
        let mut driver = S::driver(*wire);
        let now = Mono::default();
        while !matches!(driver.poll(), Output::Wait(_)) {}
        let command = Command::Pay {
            payment: payment(1),
            money: euros(1010),
        };
        driver.handle(now, Input::Command(command));
        let mut endings = Vec::new();
        loop {
            match driver.poll() {
                Output::Event(Event::Ended { ending, .. }) => endings.push(ending),
                Output::Send(bytes) => panic!("{wire:?}: {} bytes to no link", bytes.len()),
                Output::Wait(_) => break,
                Output::Event(_) | Output::Store(_) | Output::Open | Output::Close => {}
            }
        }
        let [Ending::Cancelled(cancellation)] = &endings[..] else {
            panic!("{wire:?}: {endings:?}");
        };
        let text = cancellation.text.as_str();
        assert!(text.contains("not asked"), "{wire:?}: {text}");
    }
}

/// Abilities are promises: what is declared works, what is not is refused without asking.
pub(crate) fn what_is_declared_is_done<S: Subject>() {
    for wire in S::WIRES {
        let Abilities {
            reversals,
            refunds,
            end_of_day,
            abort,
            ..
        } = S::FAMILY.abilities;
        let context = format!("{wire:?}");
        let paid = || {
            let mut bench = Bench::<S>::new(*wire);
            bench.pay(1);
            let original = Box::new(bench.approval(1).unwrap());
            (bench, original)
        };
        let done = |ending: &Ending| *ending == Ending::Completed;

        let (mut bench, original) = paid();
        let can = reversals != Reversals::None;
        assert!(
            !can || reversals.can_name(&original),
            "{context}: not named"
        );
        let (payment, money) = (payment(2), euros(1010));
        bench.operate(
            2,
            Command::Reverse {
                payment,
                money,
                original,
            },
        );
        assert_eq!(done(bench.ending(2, &context)), can, "{context}: reversal");
        assert_eq!(bench.charged().is_empty(), can, "{context}: reversal");

        let (mut bench, original) = paid();
        let can = refunds != Refunds::None;
        let original = Some(original);
        let money = euros(250);
        bench.operate(
            2,
            Command::Refund {
                payment,
                money,
                original,
            },
        );
        assert_eq!(done(bench.ending(2, &context)), can, "{context}: refund");

        let (mut bench, _) = paid();
        let ended = bench.ask(Command::EndOfDay, |event| match event {
            Event::DayEnded(end) => Some(end.clone()),
            _ => None,
        });
        let closed = matches!(ended, DayEnd::Done(_));
        assert_eq!(closed, end_of_day, "{context}: {ended:?}");

        let mut bench = Bench::<S>::new(*wire);
        bench.began(1);
        let payment = desk::payment(1);
        let money = euros(1010);
        bench.world.command(Command::Pay { payment, money });
        bench.world.run(Duration::from_millis(500), |_| false);
        bench.world.command(Command::Abort { payment });
        bench.world.run(10 * MINUTE, |_| false);
        let ending = bench.ending(1, &context).clone();
        let stopped = matches!(ending, Ending::Cancelled(_) | Ending::Declined(_));
        assert_eq!(stopped, abort, "{context}: stopped {ending:?}");
        bench.agrees(1, &context);
    }
}

/// Law 10.
pub(crate) fn no_card_number_gets_through<S: Subject>() {
    let Ok(fault) = S::fault(Trouble::CardNumber) else {
        return;
    };
    for wire in S::WIRES {
        let mut bench = Bench::<S>::new(*wire);
        bench.arm(fault);
        bench.pay(1);
        let all = format!("{:?} {:?}", bench.world.events, bench.world.facts);
        for digits in 9..=CANARY.len() {
            let part = &CANARY[..digits];
            assert!(
                !all.contains(part),
                "{wire:?}: {digits} digits of a card number"
            );
        }
        let card = bench.approval(1).unwrap().card;
        assert_eq!(
            card.last4.as_ref().map(ToString::to_string).as_deref(),
            Some("1111")
        );
    }
}

/// A till that starts anew finds a terminal in the middle of a sale. Only a line without a
/// connection hides from the terminal that it is another till.
pub(crate) fn a_new_till_is_ready_wherever_the_last_one_died<S: Subject>() {
    for wire in S::WIRES {
        for deliveries in 1..60 {
            let context = format!("{wire:?}, died after {deliveries} deliveries");
            let mut bench = Bench::<S>::new(*wire);
            bench.world.dies_after = Some(deliveries);
            bench.began(1);
            bench.world.command(Command::Pay {
                payment: payment(1),
                money: euros(1010),
            });
            bench.world.run(10 * MINUTE, crate::world::World::is_dead);
            if !bench.world.is_dead() {
                break;
            }
            bench.world.run(Duration::from_millis(40), |_| false);
            bench.world.succeed(S::driver(*wire));
            bench.world.run(HOUR, is_ready);
            assert!(is_ready(&bench.world), "{context}");
            assert!(bench.payments_asked() <= 1, "{context}: law 4");
            bench.world.run(10 * MINUTE, |_| false);
            assert!(bench.charged().len() <= 1, "{context}");
        }
    }
}

/// Noise, in any amount, before, in the middle and after.
pub(crate) fn any_bytes_at_any_time_are_survived<S: Subject>() {
    let noise = || prop::collection::vec(any::<u8>(), 0..300);
    let config = ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let strategy = (
        prop::collection::vec((0..4000_u64, noise()), 1..6),
        0..S::WIRES.len(),
    );
    let result = proptest::test_runner::TestRunner::new(config).run(&strategy, |(noises, wire)| {
        let mut bench = Bench::<S>::new(S::WIRES[wire]);
        bench.began(1);
        bench.world.command(Command::Pay {
            payment: payment(1),
            money: euros(1010),
        });
        for (after, bytes) in &noises {
            bench.world.run(Duration::from_millis(*after), |_| false);
            bench.world.say_to_driver(bytes);
        }
        bench.world.run(HOUR, |_| false);
        bench.world.run(HOUR, is_ready);
        bench.agrees(1, &format!("{:?}", S::WIRES[wire]));
        Ok(())
    });
    result.unwrap();
}
