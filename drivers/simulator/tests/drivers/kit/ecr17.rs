//! ECR17, with each habit of hanging up, with and without receipts at our printer.

use std::time::Duration;

use drivers::terminal::{
    Family,
    ecr17::{Ecr17, Ecr17Settings, FAMILY, request::Address},
};
use payment::Currency;
use simulator::terminal::ecr17::{Check, Habit, Options, Terminal};

use super::{Driver, Subject, Trouble, conformance};
use crate::desk::origin;

struct Subjected;

#[derive(Debug, Clone, Copy)]
struct Wire {
    habit: Habit,
    check: Check,
    print_here: bool,
}

impl Subject for Subjected {
    type Device = Terminal;
    type Wire = Wire;

    const FAMILY: &'static Family = &FAMILY;
    const WIRES: &'static [Wire] = &[
        Wire {
            habit: Habit::HangsUp,
            check: Check::ALL[0],
            print_here: true,
        },
        Wire {
            habit: Habit::Keeps,
            check: Check::ALL[1],
            print_here: false,
        },
        Wire {
            habit: Habit::HangsUpAlways,
            check: Check::ALL[3],
            print_here: true,
        },
    ];
    // What the host approved stands, whatever is acknowledged.
    const WAITS_FOR_US: bool = false;
    const PER_JOB: bool = false;
    const ON_DEMAND: bool = true;

    fn driver(wire: Wire) -> Driver {
        let settings = Ecr17Settings {
            currency: Currency::EUR,
            address: Address {
                terminal: "00000000".into(),
                register: "00000001".into(),
            },
            lrc: None,
            extended: true,
            answer_timeout: Duration::from_secs(5),
            completion_timeout: Duration::from_mins(3),
            print_here: wire.print_here,
        };
        Box::new(Ecr17::new(settings).with_clock(origin()))
    }

    fn device(wire: Wire) -> Terminal {
        Terminal::new(Options {
            habit: wire.habit,
            check: wire.check,
            ..Options::default()
        })
    }

    fn fault(trouble: Trouble) -> Result<&'static str, &'static str> {
        Ok(match trouble {
            Trouble::Decline => "decline",
            Trouble::CustomerStops => "abort-by-customer",
            Trouble::Refuse => "refuse",
            Trouble::LostBeforeCard => "lose-answer-before-card",
            Trouble::LostAfterApproval => "lose-answer-after-approval",
            Trouble::HangsUp => "hang-up-after-approval",
            Trouble::Silence => "silent",
            Trouble::Garbage => "garbage",
            Trouble::LateAnswer => "late-approval",
            Trouble::DuplicateAnswer => "duplicate-answer",
            Trouble::OtherAmount => "other-amount",
            Trouble::OtherDevice => "other-device",
            Trouble::UnknownFields => "unknown-fields",
            Trouble::OverLong => "over-long",
            Trouble::CardNumber => "unmasked-pan",
        })
    }
}

conformance!(Subjected);
