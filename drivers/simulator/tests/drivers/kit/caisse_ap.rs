//! Caisse-AP over IP (Concert V3), with receipts and without.

use std::time::Duration;

use drivers::terminal::{
    Family,
    caisse_ap::{CaisseAp, CaisseApSettings, FAMILY},
};
use payment::Currency;
use simulator::terminal::caisse_ap::{Options, Terminal};

use super::{Driver, Subject, Trouble, conformance};

struct OverIp;

#[derive(Debug, Clone, Copy)]
enum Way {
    Plain,
    Tickets,
}

impl Subject for OverIp {
    type Device = Terminal;
    type Wire = Way;

    const FAMILY: &'static Family = &FAMILY;
    const WIRES: &'static [Way] = &[Way::Plain, Way::Tickets];
    const WAITS_FOR_US: bool = false;
    const PER_JOB: bool = true;

    fn driver(way: Way) -> Driver {
        Box::new(CaisseAp::new(CaisseApSettings {
            position: 1,
            identifier: "012345678901".to_owned(),
            currency: Currency::EUR,
            patience: Duration::from_mins(3),
            tickets: matches!(way, Way::Tickets),
        }))
    }

    fn device(_: Way) -> Terminal {
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
            Trouble::Silence => "silent",
            Trouble::Garbage => "garbage",
            Trouble::LateAnswer => "late-approval",
            Trouble::DuplicateAnswer => "duplicate-answer",
            Trouble::OtherAmount => "other-amount",
            Trouble::OtherDevice => "other-device",
            Trouble::UnknownFields => "unknown-fields",
            Trouble::OverLong => "endless",
            Trouble::CardNumber => "unmasked-pan",
        })
    }
}

conformance!(OverIp);
