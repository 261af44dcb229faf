//! Adyen's Terminal API, over the stream of exchanges that its link makes of HTTPS.

use std::{sync::OnceLock, time::Duration};

use drivers::terminal::{
    Family,
    adyen::{Adyen, AdyenSettings, FAMILY, crypto::NexoCrypto},
};
use payment::Currency;
use simulator::terminal::adyen::{Options, Terminal};

use super::{Driver, Subject, Trouble, conformance};
use crate::desk::origin;

struct Subjected;

#[derive(Debug, Clone, Copy)]
struct Exchanges;

impl Subject for Subjected {
    type Device = Terminal;
    type Wire = Exchanges;

    const FAMILY: &'static Family = &FAMILY;
    const WIRES: &'static [Exchanges] = &[Exchanges];
    // The answer comes once, and the payment stands.
    const WAITS_FOR_US: bool = false;
    const PER_JOB: bool = false;

    fn driver(Exchanges: Exchanges) -> Driver {
        // Deriving keys is slow on purpose.
        static CRYPTO: OnceLock<NexoCrypto> = OnceLock::new();
        let options = Options::default();
        let crypto = CRYPTO.get_or_init(|| {
            let (passphrase, key) = (&options.passphrase, &options.key_identifier);
            NexoCrypto::new(passphrase, key, options.key_version)
        });
        Box::new(Adyen::new(AdyenSettings {
            currency: Currency::EUR,
            sale_id: "desk1".to_owned(),
            poi_id: options.poi_id.clone(),
            crypto: crypto.clone(),
            answer_timeout: Duration::from_secs(10),
            payment_timeout: Duration::from_secs(150),
            origin: origin(),
            seed: [1; 16],
        }))
    }

    fn device(Exchanges: Exchanges) -> Terminal {
        Terminal::new(Options::default())
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
            Trouble::OverLong => return Err("The link cuts an answer off that is too long."),
            Trouble::CardNumber => "unmasked-pan",
        })
    }
}

conformance!(Subjected);
