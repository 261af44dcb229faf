//! ZVT, over a serial line and over TCP, with and without receipts at our printer.

use std::time::Duration;

use config::ZvtCharset;
use drivers::terminal::{
    Family,
    zvt::{self, FAMILY, Zvt, ZvtSettings},
};
use payment::Currency;
use simulator::terminal::zvt::{Framing, Options, Terminal};

use super::{Driver, Subject, Trouble, conformance};
use crate::desk::origin;

struct Subjected;

#[derive(Debug, Clone, Copy)]
struct Wire {
    framing: Framing,
    print_here: bool,
}

impl Subject for Subjected {
    type Device = Terminal;
    type Wire = Wire;

    const FAMILY: &'static Family = &FAMILY;
    const WIRES: &'static [Wire] = &[
        Wire {
            framing: Framing::Serial,
            print_here: true,
        },
        Wire {
            framing: Framing::Tcp,
            print_here: true,
        },
        Wire {
            framing: Framing::Tcp,
            print_here: false,
        },
    ];
    const WAITS_FOR_US: bool = true;
    const PER_JOB: bool = false;

    fn driver(wire: Wire) -> Driver {
        let settings = ZvtSettings {
            currency: Currency::EUR,
            password: [0; 3],
            charset: ZvtCharset::Cp437,
            answer_timeout: Duration::from_secs(5),
            completion_timeout: Duration::from_mins(3),
            print_here: wire.print_here,
            numbered: false,
            manner: zvt::message::Manner::default(),
        };
        let framing = match wire.framing {
            Framing::Serial => zvt::Framing::Serial,
            Framing::Tcp => zvt::Framing::Tcp,
        };
        Box::new(Zvt::new(settings, framing).with_clock(origin()))
    }

    fn device(wire: Wire) -> Terminal {
        Terminal::new(Options::default(), wire.framing)
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
            Trouble::DuplicateAnswer => "duplicate-status",
            Trouble::OtherAmount => "other-amount",
            Trouble::OtherDevice => "swapped",
            Trouble::UnknownFields => "unknown-fields",
            Trouble::OverLong => "over-long",
            Trouble::CardNumber => "unmasked-pan",
        })
    }
}

conformance!(Subjected);
