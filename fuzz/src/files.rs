//! Files that people bring: templates, pictures, traces, printers' profiles, keys, copies of the database.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use config::{Layout, Place, Secret, SecretSource, SigningKey, Template, Values};
use drivers::printer::escpos::Profiles;
use jiff::{Timestamp, tz::TimeZone};
use payment::{
    Fact, Settlement, Text, Verdict,
    receipt::{Language, Letterhead, Line, Occasion, Reader as For, Receipt},
};
use simulator::terminal::zvt::Replay;
use sync::queue::{Due, Examined, Queue, Reader, Urgency, Write};

use crate::{documents::a_payment, machines};

/// A folder of this process, in memory where that is possible.
fn folder(name: &str) -> PathBuf {
    let memory = Path::new("/dev/shm");
    let of_machine = std::env::temp_dir();
    let root = if memory.is_dir() { memory } else { &of_machine };
    let folder = root.join(format!("tilld-fuzz-{}-{name}", std::process::id()));
    assert!(fs::create_dir_all(&folder).is_ok(), "{}", folder.display());
    folder
}

/// A template of a receipt. What passes the check lays a receipt out, with the amount and the number.
pub fn receipt_template(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Some(payment) = a_payment() else { return };
    for language in [Language::English, Language::German] {
        let layout = match Layout::check(&text, language) {
            Ok(layout) => layout,
            Err(error) => {
                assert!(error.line() > 0 && !error.to_string().is_empty());
                continue;
            }
        };
        let occasion = Occasion {
            reader: For::Customer,
            copy: Some(1),
            at: payment.intent.at,
            zone: TimeZone::UTC,
        };
        let receipt = Receipt::of(&payment, None, &[], Letterhead::default(), &occasion);
        // A template may fail on a receipt that is unlike all samples; then the built-in one is used.
        let blocks = layout.blocks(&receipt).unwrap_or_default();
        let lines = receipt.sheet(blocks, language);
        let shown = format!("{lines:?}");
        assert!(shown.contains("desk1-000001"), "the number is left out");
        assert!(shown.contains("80"), "the amount is left out");
        let copy = |line: &Line| {
            format!("{line:?}").to_uppercase().contains("COPY")
                || format!("{line:?}").to_uppercase().contains("KOPIE")
        };
        assert!(lines.first().is_some_and(copy), "{lines:?}");
    }
}

/// A template of a request: its first byte says where it goes. What passes the check keeps its place: a
/// document stays a document, a header stays one line.
pub fn request_template(data: &[u8]) {
    let (Some((first, text)), Some(payment)) = (data.split_first(), a_payment()) else {
        return;
    };
    let places = [Place::Json, Place::Form, Place::Path, Place::Header];
    let place = places[usize::from(first % 4)];
    let text = String::from_utf8_lossy(text);
    let Ok(template) = Template::check(&text, place, &["token"]) else {
        return;
    };
    let secrets = [("token".to_owned(), Secret::new("s3cret".to_owned()))];
    let Ok(said) = template.render(&Values::new(&payment, None, &secrets.into())) else {
        return;
    };
    match place {
        Place::Json => {
            let read = serde_json::from_str::<serde_json::Value>(&said);
            assert!(read.is_ok(), "{said}");
        }
        // A fuzzer that sees the comparison writes the secret itself.
        Place::Path => assert!(
            text.contains("s3cret") || !said.contains("s3cret"),
            "a secret in an address"
        ),
        Place::Header | Place::Form => {}
    }
}

/// The configuration that names a logo.
const WITH_LOGO: &str =
    "[[till]]\nid = \"desk1\"\ncurrency = \"EUR\"\n[receipt]\nlogo = \"logo.png\"\n";

/// A logo. The check sums of a PNG's chunks are put right, so that what is in them is read.
pub fn receipt_logo(data: &[u8]) {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| folder("logo"));
    let mut png = data.to_vec();
    put_sums_right(&mut png);
    assert!(fs::write(folder.join("logo.png"), &png).is_ok());
    let file = folder.join("tilld.toml");
    match config::parse(WITH_LOGO, &file, &SecretSource::default(), &[]) {
        Ok(config) => {
            let logo = config.receipts.letterhead.logo;
            assert!(logo.is_some_and(|logo| logo.width() > 0 && logo.height() > 0));
        }
        Err(error) => assert!(error.to_string().contains("logo.png"), "{error}"),
    }
}

fn put_sums_right(png: &mut [u8]) {
    let mut at = 8;
    while let Some(head) = png.get(at..at + 4) {
        let length = head
            .iter()
            .fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
        let end = at + 8 + length;
        let Some(sum) = png.get(at + 4..end).map(crc) else {
            return;
        };
        let Some(place) = png.get_mut(end..end + 4) else {
            return;
        };
        place.copy_from_slice(&sum.to_be_bytes());
        at = end + 4;
    }
}

/// CRC-32 as PNG has it (RFC 2083, 15).
fn crc(bytes: &[u8]) -> u32 {
    let sum = bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 {
                0xedb8_8320 ^ sum >> 1
            } else {
                sum >> 1
            }
        })
    });
    !sum
}

/// A recorded trace, and a till that says something else than it has.
pub fn trace_file(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Replay::parse(&text) {
        Ok(mut replay) => {
            machines::run(&mut replay, data, |_| None, |_, _| {});
            let mismatch = replay.mismatch().map_or(1, |mismatch| mismatch.line);
            assert!((1..=text.lines().count() + 1).contains(&mismatch));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A file of printers' profiles.
pub fn printer_profiles(data: &[u8]) {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| folder("profiles"));
    assert!(fs::write(folder.join("own.toml"), data).is_ok());
    match Profiles::with_folder(folder) {
        Ok(profiles) => assert!(profiles.names().count() > 0),
        Err(errors) => {
            assert!(!errors.is_empty());
            assert!(
                errors
                    .iter()
                    .all(|error| error.to_string().contains("own.toml"))
            );
        }
    }
}

/// A key of Standard Webhooks, from a file or a credential. It is never shown.
pub fn signing_key(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    match SigningKey::parse(Secret::new(text.clone())) {
        Ok(key) => {
            assert!((24..=64).contains(&key.expose().len()));
            assert_eq!(format!("{key:?}"), "SigningKey(…)");
        }
        Err(error) => assert!(text.len() < 16 || !error.to_string().contains(&text)),
    }
}

/// A copy of a database, and what its examination found.
struct Copy {
    folder: PathBuf,
    bytes: Vec<u8>,
    examined: Examined,
}

/// Made once: some payments, and a doubt that a person settled.
fn copy() -> Option<Copy> {
    let folder = folder("database");
    let queue = Queue::open(&folder.join("tilld.db")).ok()?;
    let at = Timestamp::from_second(1_795_000_000).ok()?;
    let write = |write| queue.submit(write, Urgency::Now).wait().ok();
    for number in 1..=3 {
        let mut intent = a_payment()?.intent;
        intent.id = payment::PaymentId::new(at, [number; 10]);
        intent.key = format!("k{number}").parse().ok()?;
        let payment = intent.id;
        let due = Due {
            upstreams: vec!["books".parse().ok()?],
            ..Due::default()
        };
        let then = Vec::new();
        write(Write::Begin { intent, then, due })?;
        let by = Verdict::Person {
            name: Text::from("Anna"),
            reason: Text::from("the terminal's receipt shows it"),
        };
        let settled = Settlement::Declined { by };
        let doubt = payment::Doubt {
            reason: payment::DoubtReason::Silence,
            text: Text::from("why"),
            approval: None,
            other_amount: None,
        };
        for fact in [Fact::Doubted(doubt), Fact::Settled(settled)] {
            let due = Due::default();
            write(Write::Add {
                payment,
                fact,
                at,
                due,
            })?;
        }
    }
    let reader = queue.reader().ok()?;
    let path = folder.join("copy.db");
    drop(fs::remove_file(&path));
    reader.copy_to(&path).ok()?;
    let examined = reader.examine().ok()?;
    drop(reader);
    queue.close();
    let bytes = fs::read(path).ok()?;
    Some(Copy {
        folder,
        bytes,
        examined,
    })
}

/// A copy of a database with changed bytes: which page, where in it, how many, and the bytes. It is
/// refused, or it says what was written.
pub fn database_copy(data: &[u8]) {
    static COPY: OnceLock<Option<Copy>> = OnceLock::new();
    let copy = COPY.get_or_init(copy);
    let Some(copy) = copy else {
        panic!("no copy could be made");
    };
    let mut bytes = copy.bytes.clone();
    let mut rest = data;
    while let [page, high, low, length, tail @ ..] = rest {
        let at = usize::from(*page) * 4096 + (usize::from(*high) << 8 | usize::from(*low)) % 4096;
        let (new, tail) = tail.split_at(tail.len().min(usize::from(*length % 16)));
        let at = at % bytes.len();
        for (place, byte) in bytes.iter_mut().skip(at).zip(new) {
            *place = *byte;
        }
        rest = tail;
    }
    let path = copy.folder.join("changed.db");
    assert!(fs::write(&path, bytes).is_ok());
    match Reader::of_file(&path).and_then(|reader| reader.examine()) {
        Ok(examined) => assert_eq!(examined, copy.examined, "called whole, and is another"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
