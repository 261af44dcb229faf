//! The skeleton: what a family writes to get the kit.

use std::time::Duration;

use drivers::terminal::{
    Family,
    skeleton::{FAMILY, Skeleton},
};
use payment::Currency;
use simulator::terminal::skeleton::Terminal;

use super::{Driver, Subject, Trouble, conformance};

struct Subjected;

#[derive(Debug, Clone, Copy)]
struct Tcp;

impl Subject for Subjected {
    type Device = Terminal;
    type Wire = Tcp;

    const FAMILY: &'static Family = &FAMILY;
    const WIRES: &'static [Tcp] = &[Tcp];
    const WAITS_FOR_US: bool = true;
    const PER_JOB: bool = false;

    fn driver(Tcp: Tcp) -> Driver {
        Box::new(Skeleton::new(Currency::EUR, Duration::from_mins(3)))
    }

    fn device(Tcp: Tcp) -> Terminal {
        Terminal::default()
    }

    fn fault(trouble: Trouble) -> Result<&'static str, &'static str> {
        Ok(match trouble {
            Trouble::Decline => "decline",
            Trouble::CustomerStops => "abort-by-customer",
            Trouble::Refuse => "busy",
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
