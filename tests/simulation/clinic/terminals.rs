//! The card terminals of a clinic: how each family is wired and configured here, what is asked of its
//! simulated terminals, and the driver that speaks to them.

use std::sync::OnceLock;

use drivers::{
    Machine,
    terminal::{
        Driver,
        adyen::{Adyen, AdyenSettings, crypto::NexoCrypto},
    },
};
use jiff::{Timestamp, civil::DateTime};
use simulator::terminal::{
    SimulatedTerminal, adyen, caisse_ap, concert, ecr17,
    ledger::{Ledger, Movement},
    zvt,
};

use crate::{agenda::ORIGIN, random::Random, wire};

/// A card terminal, whatever it speaks.
pub(crate) trait Card: Machine<Command = Never, Fact = Never, Event = Never> {
    fn charged(&self) -> Vec<u64>;
    fn asked(&self) -> u32;
    /// What was given back by itself, where its books say it.
    fn refunded(&self) -> Option<Vec<u64>>;
    fn arm(&mut self, fault: &str);
    fn mend(&mut self);
}

type Never = std::convert::Infallible;

macro_rules! cards {
    ($($terminal:ty, $refunded:expr;)*) => {$(
        impl Card for $terminal {
            fn charged(&self) -> Vec<u64> {
                SimulatedTerminal::charged(self)
            }

            fn asked(&self) -> u32 {
                self.payments_asked()
            }

            fn refunded(&self) -> Option<Vec<u64>> {
                let refunded: fn(&Self) -> Option<Vec<u64>> = $refunded;
                refunded(self)
            }

            fn arm(&mut self, fault: &str) {
                self.arm_by_name(fault).unwrap();
            }

            fn mend(&mut self) {
                SimulatedTerminal::mend(self);
            }
        }
    )*};
}

cards! {
    zvt::Terminal, |terminal| {
        let given = |t: &&zvt::Transaction| {
            t.kind == zvt::Kind::Refund && t.standing == zvt::Standing::Committed
        };
        let refunds = terminal.books().transactions().iter().filter(given);
        Some(refunds.map(|t| t.amount).collect())
    };
    concert::Terminal, |terminal| Some(credits(terminal.ledger()));
    caisse_ap::Terminal, |terminal| Some(credits(terminal.ledger()));
    ecr17::Terminal, |_| None;
    adyen::Terminal, |terminal| {
        let back = terminal.books().transactions().iter();
        let back = back.filter(|t| matches!(t.kind, adyen::Kind::Reversal { .. }));
        Some(back.map(|t| t.amount).collect())
    };
}

fn credits(ledger: &Ledger) -> Vec<u64> {
    let credits = ledger.entries().iter();
    let credits = credits.filter(|entry| entry.movement == Movement::Credit);
    credits.map(|entry| entry.amount).collect()
}

/// A card terminal at its wire.
pub(crate) struct Station(pub(crate) Box<dyn Card>);

impl AsMut<wire::Device> for Station {
    fn as_mut(&mut self) -> &mut wire::Device {
        &mut *self.0
    }
}

/// What most terminals took before this day, with another till: what they are asked for proves more when
/// it is known what they held before. Nobody pays so little here.
pub(crate) const EARLIER: u64 = 17;

/// What the clock on a terminal shows in the beginning: mostly the time, at some another hour.
fn clock(random: &mut Random) -> Option<DateTime> {
    let right = !random.once_in(4);
    right.then(|| ORIGIN.to_zoned(jiff::tz::TimeZone::UTC).datetime())
}

/// As the simulated terminal has it. The certificates are the link's matter, which is not here.
const ADYEN: &str = r#"[terminal.adyen]
poi_id = "V400m-123456789"
passphrase = { credential = "passphrase" }
key_identifier = "clinic"
key_version = 1
root = "ROOT"
"#;

/// A family of terminals, and how it is wired here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Family {
    ZvtTcp,
    ZvtSerial,
    Concert,
    CaisseAp,
    Ecr17,
    Adyen,
}

impl Family {
    pub(super) fn section(self) -> &'static str {
        match self {
            Self::ZvtTcp => "protocol = \"zvt\"\nlink = \"tcp:192.0.2.20:20007\"",
            Self::ZvtSerial => "protocol = \"zvt\"\nlink = \"serial:/dev/ttyS1\"",
            Self::Concert => "protocol = \"concert\"\nlink = \"serial:/dev/ttyS1\"",
            Self::CaisseAp => "protocol = \"caisse-ap\"\nlink = \"tcp:192.0.2.20:8888\"",
            Self::Ecr17 => "protocol = \"ecr17\"\nlink = \"tcp:192.0.2.20:10000\"",
            Self::Adyen => "protocol = \"adyen\"\nlink = \"https:192.0.2.20:8443\"",
        }
    }

    /// What is set for it. An ECR17 terminal answers from its memory while it works, so that only time
    /// tells that it has ended: the clinic must know the longest, which here is 200 seconds.
    pub(super) fn options(self) -> &'static str {
        match self {
            Self::Ecr17 => "[terminal.ecr17]\ncompletion_timeout = \"240s\"\n",
            Self::Adyen => ADYEN,
            Self::ZvtTcp | Self::ZvtSerial | Self::Concert | Self::CaisseAp => "",
        }
    }

    /// Whether the terminal finds out that the till is gone.
    pub(crate) fn notices(self) -> bool {
        match self {
            Self::ZvtTcp | Self::CaisseAp | Self::Ecr17 | Self::Adyen => true,
            Self::ZvtSerial | Self::Concert => false,
        }
    }

    /// A terminal as it stands there in the morning.
    pub(crate) fn station(self, random: &mut Random) -> Station {
        let clock = clock(random);
        let is_new = random.once_in(4);
        let zvt = |framing| {
            let options = zvt::Options::default();
            let mut terminal = zvt::Terminal::new(zvt::Options { clock, ..options }, framing);
            if !is_new {
                terminal.act(zvt::Act::Sale(EARLIER));
            }
            terminal
        };
        Station(match self {
            Self::ZvtTcp => Box::new(zvt(zvt::Framing::Tcp)),
            Self::ZvtSerial => Box::new(zvt(zvt::Framing::Serial)),
            Self::Concert => Box::new(concert::Terminal::new(concert::Options::default())),
            Self::CaisseAp => Box::new(caisse_ap::Terminal::new(caisse_ap::Options::default())),
            Self::Ecr17 => {
                let options = ecr17::Options::default();
                Box::new(ecr17::Terminal::new(ecr17::Options { clock, ..options }))
            }
            Self::Adyen => Box::new(adyen::Terminal::new(adyen::Options::default())),
        })
    }

    /// The faults of its terminals.
    pub(crate) fn faults(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::ZvtTcp | Self::ZvtSerial => zvt::FAULTS,
            Self::Concert => concert::FAULTS,
            Self::CaisseAp => caisse_ap::FAULTS,
            Self::Ecr17 => ecr17::FAULTS,
            Self::Adyen => adyen::FAULTS,
        }
    }
}

/// The driver of a terminal, as the daemon makes it, but for what is slow on purpose or left to chance.
pub(crate) fn driver(section: &config::Terminal, wall: Timestamp, seed: u64) -> Driver {
    static KEY: OnceLock<NexoCrypto> = OnceLock::new();
    let config::Protocol::Adyen(options) = &section.protocol else {
        return drivers::terminal::driver(section, wall);
    };
    let key = KEY.get_or_init(|| {
        let (passphrase, key) = (options.passphrase.expose(), &options.key_identifier);
        NexoCrypto::new(passphrase, key, options.key_version)
    });
    let mut nonces = [0; 16];
    nonces[..8].copy_from_slice(&seed.to_be_bytes());
    Driver {
        machine: Box::new(Adyen::new(AdyenSettings {
            currency: section.currency,
            sale_id: section.id.to_string(),
            poi_id: options.poi_id.clone(),
            crypto: key.clone(),
            answer_timeout: options.answer_timeout,
            payment_timeout: options.payment_timeout,
            origin: wall,
            seed: nonces,
        })),
        defaults: drivers::link::Defaults::default(),
    }
}
