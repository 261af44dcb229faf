//! What stands at the desk and behind it: terminals, a printer, an invoicing system, and the
//! configuration that names them.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    sync::{Mutex, OnceLock, PoisonError},
};

use config::Config;
use drivers::{
    Machine,
    printer::escpos::{Profile, Profiles},
    terminal::{
        Driver,
        adyen::{Adyen, AdyenSettings, crypto::NexoCrypto},
    },
};
use jiff::{Timestamp, civil::DateTime};
use simulator::{
    invoicing::{Booked, Fault, HttpApi, Ivvy, Reply, Request, Sandbox, System, Tryton},
    printer::Printer,
    terminal::{
        SimulatedTerminal, adyen, caisse_ap, concert, ecr17,
        ledger::{Ledger, Movement},
        zvt,
    },
};

use crate::{
    agenda::ORIGIN,
    random::Random,
    wire,
    world::{Day, PRINTER},
};

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

/// The printer at its wire.
pub(crate) struct Roll(pub(crate) Printer);

impl AsMut<wire::Device> for Roll {
    fn as_mut(&mut self) -> &mut wire::Device {
        &mut self.0
    }
}

/// The invoicing system, whatever its kind.
pub(crate) trait Books {
    fn handle(&mut self, now: Timestamp, request: &Request) -> Reply;
    fn arrive(&mut self, now: Timestamp);
    fn is_booking(&self, request: &Request) -> bool;
    fn booked(&self) -> Vec<Booked>;
    fn arm(&mut self, fault: Fault);
    fn disarm(&mut self);
    fn add_invoice(&mut self, id: u64, total: payment::Money);
}

impl<S: System> Books for Sandbox<S> {
    fn handle(&mut self, now: Timestamp, request: &Request) -> Reply {
        Self::handle(self, now, request)
    }

    fn arrive(&mut self, now: Timestamp) {
        Self::arrive(self, now);
    }

    fn is_booking(&self, request: &Request) -> bool {
        S::is_booking(self, request)
    }

    fn booked(&self) -> Vec<Booked> {
        S::booked(self)
    }

    fn arm(&mut self, fault: Fault) {
        Self::arm(self, fault, 1);
    }

    fn disarm(&mut self) {
        Self::disarm(self);
    }

    fn add_invoice(&mut self, id: u64, total: payment::Money) {
        S::add_invoice(self, id, total);
    }
}

/// A worklist: nothing is sent, and a person types.
struct Worklist;

impl Books for Worklist {
    fn handle(&mut self, _: Timestamp, _: &Request) -> Reply {
        Reply::Away
    }

    fn arrive(&mut self, _: Timestamp) {}

    fn is_booking(&self, _: &Request) -> bool {
        // Whatever is sent to nobody is wrong.
        true
    }

    fn booked(&self) -> Vec<Booked> {
        Vec::new()
    }

    fn arm(&mut self, _: Fault) {}

    fn disarm(&mut self) {}

    fn add_invoice(&mut self, _: u64, _: payment::Money) {}
}

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
    fn section(self) -> &'static str {
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
    fn options(self) -> &'static str {
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

/// The kind of the invoicing system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Office {
    Ivvy,
    Http,
    Tryton,
    Worklist,
}

pub(crate) const BASE: &str = "https://upstream.example";
const SECRET: &str = "my secret key";
const KEY: &str = "not-a-real-key";

/// As the simulated terminal has it. The certificates are the link's matter, which is not here.
const ADYEN: &str = r#"[terminal.adyen]
poi_id = "V400m-123456789"
passphrase = { credential = "passphrase" }
key_identifier = "clinic"
key_version = 1
root = "ROOT"
"#;

const IVVY: &str = r#"
[[upstream]]
id = "office"
kind = "ivvy"
url = "https://upstream.example"
api_key = "key"
secret = { credential = "secret" }
[upstream.methods]
card = 11
cash = 6
"#;

const TRYTON: &str = r#"
[[upstream]]
id = "office"
kind = "tryton"
url = "https://upstream.example/clinic"
key = { credential = "key" }
time_zone = "UTC"
"#;

const WORKLIST: &str = r#"
[[upstream]]
id = "office"
kind = "worklist"
form = "dentaltap"
"#;

const HTTP: &str = r#"
message = "/error/message"
[upstream.secrets]
token = { credential = "secret" }
[upstream.headers]
Authorization = "Bearer {{ secret.token }}"
[upstream.create]
path = "/v1/invoices/{{ invoice }}/payments"
body = '{"reference":{{ receipt }},"amount":{{ amount }},"group":{{ device }},"note":"{{ note }}"}'
[upstream.success]
status = "201"
remote_id = "/payment/id"
[[upstream.answer]]
status = "401"
pointer = "/error/code"
equals = "stale"
class = "clock"
[[upstream.answer]]
status = "404"
pointer = "/error/code"
equals = "no_invoice"
class = "refused"
[upstream.look_up]
path = "/v1/payments?reference={{ receipt }}"
list = "/items"
receipt = "/reference"
amount = "/amount"
remote_id = "/id"
total = "/total"
[upstream.cancel]
path = "/v1/cancels"
body = '{"invoice":{{ invoice }},"reference":{{ receipt }},"of":{{ original }},"amount":{{ amount }}}'
[upstream.refund]
path = "/v1/refunds"
body = '{"invoice":{{ invoice }},"reference":{{ receipt }},"of":{{ original }},"amount":{{ amount }}}'
"#;

impl Office {
    pub(crate) fn books(self) -> Box<dyn Books> {
        match self {
            Self::Ivvy => Box::new(Sandbox::new(Ivvy::new("key", SECRET))),
            Self::Http => Box::new(Sandbox::new(HttpApi::new(SECRET))),
            Self::Tryton => Box::new(Sandbox::new(Tryton::new(KEY, &DEVICES))),
            Self::Worklist => Box::new(Worklist),
        }
    }

    fn section(self) -> String {
        match self {
            Self::Ivvy => IVVY.to_owned(),
            Self::Tryton => TRYTON.to_owned(),
            Self::Worklist => WORKLIST.to_owned(),
            Self::Http => {
                format!(
                    "\n[[upstream]]\nid = \"office\"\nkind = \"http\"\nurl = \"{BASE}\"\n{HTTP}"
                )
            }
        }
    }
}

/// The names of the devices: those with a terminal, by the numbers of their wires, and the cash box. Not
/// every clinic has them all.
pub(crate) const DEVICES: [&str; PRINTER + 1] = ["desk1", "desk2", "desk3", CASHBOX];
pub(crate) const CASHBOX: &str = "cashbox";

/// A clinic, as a seed makes it.
pub(crate) struct Clinic {
    pub(crate) config: &'static Config,
    pub(crate) families: Vec<Family>,
    pub(crate) office: Office,
    pub(crate) profile: &'static Profile,
}

impl Clinic {
    pub(crate) fn of(random: &mut Random, day: Day) -> Self {
        // Most clinics have ZVT, which has the most ways to go wrong.
        let family = |random: &mut Random| match random.below(11) {
            0..=3 => Family::ZvtTcp,
            4..=6 => Family::ZvtSerial,
            7 => Family::Concert,
            8 => Family::CaisseAp,
            9 => Family::Ecr17,
            _ => Family::Adyen,
        };
        let desks = match day {
            Day::Usual => 2,
            Day::Crowded => PRINTER,
        };
        let families: Vec<Family> = (0..desks).map(|_| family(random)).collect();
        let office = match random.below(9) {
            0..=2 => Office::Ivvy,
            3..=5 => Office::Http,
            6 | 7 => Office::Tryton,
            _ => Office::Worklist,
        };
        let config = configuration(&families, office);
        let profile = Profile::find("epson-tm-t20iii").unwrap();
        Self {
            config,
            families,
            office,
            profile,
        }
    }

    /// The names of its devices.
    pub(crate) fn devices(&self) -> Vec<&'static str> {
        let desks = DEVICES.iter().take(self.families.len());
        desks.chain([&CASHBOX]).copied().collect()
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

/// Every configuration is read once: the same text is the same clinic.
fn configuration(families: &[Family], office: Office) -> &'static Config {
    type Known = HashMap<(Vec<Family>, Office), &'static Config>;
    static KNOWN: OnceLock<Mutex<Known>> = OnceLock::new();
    let known = KNOWN.get_or_init(Mutex::default);
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    known
        .entry((families.to_vec(), office))
        .or_insert_with(|| Box::leak(Box::new(read(families, office))))
}

fn read(families: &[Family], office: Office) -> Config {
    let secrets = tempfile::tempdir().unwrap();
    fs::write(secrets.path().join("secret"), SECRET).unwrap();
    fs::write(secrets.path().join("key"), KEY).unwrap();
    let passphrase = adyen::Options::default().passphrase;
    fs::write(secrets.path().join("passphrase"), passphrase).unwrap();
    let root = secrets.path().join("root.pem");
    fs::write(&root, "-----BEGIN CERTIFICATE-----\n").unwrap();
    let source = config::SecretSource::new(Some(secrets.path().to_owned()));
    let mut text = String::from("[daemon]\nmerchant = [\"Praxis\"]\n");
    for (name, family) in DEVICES.iter().zip(families) {
        text += &format!(
            "[[terminal]]\nid = \"{name}\"\n{}\ncurrency = \"EUR\"\nprinter = \"front\"\n{}",
            family.section(),
            family.options()
        )
        .replace("ttyS1", &format!("tty-{name}"))
        .replace("192.0.2.20", &format!("{name}.example"))
        .replace("ROOT", &root.display().to_string());
    }
    text += "[[till]]\nid = \"cashbox\"\ncurrency = \"EUR\"\nprinter = \"front\"\n";
    text += "[[printer]]\nid = \"front\"\nlink = \"tcp:192.0.2.21:9100\"\n";
    text += "profile = \"epson-tm-t20iii\"\ndrawer = \"pin2\"\n";
    text += &office.section();
    let profiles = Profiles::built_in().known();
    config::parse(&text, Path::new("tilld.toml"), &source, &profiles)
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
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
