//! What stands at the desk and behind it: terminals, a printer, an invoicing system, and the
//! configuration that names them.

pub(crate) mod invoicing;
pub(crate) mod terminals;

use std::{
    collections::HashMap,
    fs,
    path::Path,
    sync::{Mutex, OnceLock, PoisonError},
};

use config::Config;
use drivers::printer::escpos::{Profile, Profiles};
use simulator::{printer::Printer, terminal::adyen};

use crate::{
    random::Random,
    wire,
    world::{Day, PRINTER},
};
use invoicing::{KEY, Office, SECRET};
use terminals::Family;

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

/// The printer at its wire.
pub(crate) struct Roll(pub(crate) Printer);

impl AsMut<wire::Device> for Roll {
    fn as_mut(&mut self) -> &mut wire::Device {
        &mut self.0
    }
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
