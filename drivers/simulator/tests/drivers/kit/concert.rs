//! Concert V2, on a serial line.

use std::time::Duration;

use drivers::terminal::{
    Family,
    concert::{Concert, ConcertSettings, FAMILY},
};
use payment::Currency;
use simulator::terminal::concert::{Options, Terminal};

use super::{Driver, Subject, Trouble, conformance};

struct ConcertV2;

#[derive(Debug, Clone, Copy)]
struct Serial;

impl Subject for ConcertV2 {
    type Device = Terminal;
    type Wire = Serial;

    const FAMILY: &'static Family = &FAMILY;
    const WIRES: &'static [Serial] = &[Serial];
    const WAITS_FOR_US: bool = false;
    const PER_JOB: bool = false;

    fn driver(Serial: Serial) -> Driver {
        Box::new(Concert::new(ConcertSettings {
            position: 1,
            currency: Currency::EUR,
            patience: Duration::from_mins(3),
        }))
    }

    fn device(Serial: Serial) -> Terminal {
        Terminal::new(Options::default())
    }

    fn fault(trouble: Trouble) -> Result<&'static str, &'static str> {
        Ok(match trouble {
            Trouble::Decline => "decline",
            Trouble::CustomerStops => "abort-by-customer",
            Trouble::Refuse => "refuse",
            Trouble::LostBeforeCard => "lose-answer-before-card",
            Trouble::LostAfterApproval => "lose-answer-after-approval",
            Trouble::HangsUp => "hang-up-after-approval",
            Trouble::Silence => "mute",
            Trouble::Garbage => "garbage",
            Trouble::LateAnswer => "late-approval",
            Trouble::DuplicateAnswer => "duplicate-answer",
            Trouble::OtherAmount => "other-amount",
            Trouble::OtherDevice => "other-device",
            Trouble::UnknownFields => return Err("Answers are of fixed length."),
            Trouble::OverLong => "over-long",
            Trouble::CardNumber => "unmasked-pan",
        })
    }
}

conformance!(ConcertV2);
