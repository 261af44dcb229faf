//! `[terminal.adyen]`

use std::{
    fs,
    io::{self, Read as _},
    time::Duration,
};

use super::{
    super::{Names, section::Section},
    Options, suits,
};
use crate::{Link, Secret};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const ANSWER: Duration = Duration::from_secs(10);
/// Adyen asks for at least 150 seconds.
const PAYMENT: Duration = Duration::from_secs(150);

/// Longest name of a till, terminal or key, in bytes.
const NAME_BYTES: usize = 64;
/// Largest file of certificates, in bytes.
const ROOT_BYTES: u64 = 64 * 1024;

/// `[terminal.adyen]`
#[derive(Debug, Clone)]
pub struct AdyenOptions {
    /// The terminal's name: its model and serial number, such as `V400m-123456789`.
    pub poi_id: String,
    /// The till's name at the terminal; the device ID unless given.
    pub sale_id: Option<String>,
    /// The passphrase of the key that is set for local communication.
    pub passphrase: Secret,
    /// That key's name.
    pub key_identifier: String,
    /// That key's version.
    pub key_version: u32,
    /// The root certificate, as PEM, that the terminal's certificate must chain to.
    pub root: String,
    /// Which terminals may answer.
    pub environment: AdyenEnvironment,
    /// How long a question may stay unanswered.
    pub answer_timeout: Duration,
    /// How long a payment may take.
    pub payment_timeout: Duration,
}

/// Which of Adyen's terminals may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AdyenEnvironment {
    /// Those that take real money.
    #[default]
    Live,
    /// Test terminals.
    Test,
}

impl Options for AdyenOptions {
    fn read(
        terminal: &mut Section<'_, '_, '_>,
        names: &Names<'_>,
        _: bool,
    ) -> Option<Self> {
        let https = |link: &Link| matches!(link, Link::Https { .. });
        suits(terminal, https, "https:192.0.2.20:8443");
        if !terminal.has("adyen") {
            terminal.note(
                "adyen",
                "is missing; write [terminal.adyen] with poi_id, passphrase, key_identifier, \
                 key_version and root",
            );
            return None;
        }
        let known = [
            "poi_id",
            "sale_id",
            "passphrase",
            "key_identifier",
            "key_version",
            "root",
            "environment",
            "answer_timeout",
            "payment_timeout",
        ];
        let mut section = terminal.inner("adyen", &known)?;
        let poi_id = name(&mut section, "poi_id", "V400m-123456789");
        let sale_id = section
            .has("sale_id")
            .then(|| name(&mut section, "sale_id", "desk1"));
        let key_identifier = name(&mut section, "key_identifier", "clinic");
        let key_version = key_version(&mut section);
        if !section.has("passphrase") {
            let text =
                "is missing; write passphrase = { credential = \"name\" } or { file = \"/path\" }";
            section.note("passphrase", text);
        }
        let passphrase = section.secret("passphrase", names.secrets);
        // Adyen's libraries do not agree how other letters become bytes (UTF-8, ISO 8859-1).
        if passphrase.as_ref().is_some_and(|p| !p.expose().is_ascii()) {
            let text = "holds letters beyond a to z, which terminals read in different ways; choose a \
                        passphrase of plain letters, digits and signs at Adyen, and write it here";
            section.note("passphrase", text);
        }
        let root = root(&mut section);
        let environment = environment(&mut section);
        let answer = section.duration("answer_timeout", ANSWER, SECOND..=MINUTE);
        let payment = section.duration("payment_timeout", PAYMENT, MINUTE..=HOUR);
        Some(Self {
            poi_id: poi_id?,
            sale_id: match sale_id {
                None => None,
                Some(given) => Some(given?),
            },
            passphrase: passphrase?,
            key_identifier: key_identifier?,
            key_version: key_version?,
            root: root?,
            environment: environment?,
            answer_timeout: answer?,
            payment_timeout: payment?,
        })
    }

    fn patience(&self) -> Duration {
        self.payment_timeout
    }
}

fn name(section: &mut Section<'_, '_, '_>, key: &str, example: &str) -> Option<String> {
    let text = section.required_text(key, example)?;
    if text.len() > NAME_BYTES || !text.bytes().all(|b| b.is_ascii_graphic()) {
        section.note(
            key,
            format!("must be 1 to {NAME_BYTES} letters, digits and signs, such as “{example}”"),
        );
        return None;
    }
    Some(text.to_owned())
}

fn key_version(section: &mut Section<'_, '_, '_>) -> Option<u32> {
    if !section.has("key_version") {
        let text = "is missing; write the version that Adyen shows for the key, such as 1";
        section.note("key_version", text);
        return None;
    }
    section.byte("key_version").map(u32::from)
}

fn environment(section: &mut Section<'_, '_, '_>) -> Option<AdyenEnvironment> {
    if !section.has("environment") {
        return Some(AdyenEnvironment::default());
    }
    match section.text("environment")? {
        "live" => Some(AdyenEnvironment::Live),
        "test" => Some(AdyenEnvironment::Test),
        other => {
            let text = format!("“{other}” is not an environment; write live or test");
            section.note("environment", text);
            None
        }
    }
}

/// The certificates themselves: a driver reads no files.
fn root(section: &mut Section<'_, '_, '_>) -> Option<String> {
    let path = section.required_text("root", "/etc/tilld/adyen-terminal-root.pem")?;
    if !path.starts_with('/') {
        let text = format!("“{path}” is not a whole path; begin it with “/”");
        section.note("root", text);
        return None;
    }
    let pem = match read_file(path) {
        Ok(pem) => pem,
        Err(error) => {
            let text = format!(
                "cannot read {path} ({error}); fetch the terminals' root certificate from Adyen \
                 and let the user that runs tilld read it"
            );
            section.note("root", text);
            return None;
        }
    };
    if !pem.contains("-----BEGIN CERTIFICATE-----") {
        let text = format!(
            "{path} holds no certificate in PEM form; fetch the terminals' root \
                            certificate from Adyen"
        );
        section.note("root", text);
        return None;
    }
    Some(pem)
}

fn read_file(path: &str) -> io::Result<String> {
    let meta = fs::metadata(path)?;
    if !meta.is_file() || meta.len() > ROOT_BYTES {
        return Err(io::Error::other("not a file of certificates"));
    }
    let mut text = String::new();
    fs::File::open(path)?
        .take(ROOT_BYTES)
        .read_to_string(&mut text)?;
    Ok(text)
}
