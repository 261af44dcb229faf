//! Whole receipts, from a payment and the configuration to dots: many scripts on printers that know
//! different ones. The fonts are those of the drivers' tests, so that the dots are the same
//! everywhere.

use config::{Receipts, SecretSource};
use drivers::printer::escpos::{Fonts, Profile, needs_fonts, render, render_with, store_logo};
use jiff::{Timestamp, tz::TimeZone};
use payment::{
    Approval, CardRef, EntryMode, Fact, Intent, Last4, Method, Money, Payment, PaymentId, Purpose,
    ReceiptNumber, Services, parse_currency,
    receipt::{Line, Occasion, Reader, Receipt, Slip, SlipCopy, SlipLine, Style},
};
use simulator::printer::{CodePages, Options};

use crate::pictures::{compare, pages};

/// Each is printed as far as can be by the printer itself, the rest is drawn.
const ITEMS: [(&str, &str); 10] = [
    ("Größe und Füllung, Straße", "12.94"),
    ("Καθαρισμός δοντιών", "90.55"),
    ("Чистка зубов", "16.82"),
    ("İstanbul’da diş dolgusu, ışık", "40.10"),
    ("Zażółć gęślą jaźń", "33.00"),
    ("בדיקה של שיניים", "1240.50"),
    ("فحص الأسنان", "77.01"),
    ("口腔检查", "3.88"),
    ("ตรวจฟัน", "5.20"),
    ("Danke 😀", "-20.00"),
];

fn payment() -> Payment {
    let at: Timestamp = "2026-11-21T09:41:00Z".parse().unwrap();
    let currency = parse_currency("EUR").unwrap();
    let intent = Intent {
        id: PaymentId::new(at, [0; 10]),
        key: "k".parse().unwrap(),
        device: "empfang-1".parse().unwrap(),
        purpose: Purpose::Sale,
        money: Money::parse("1500.00", currency).unwrap(),
        method: Method::Card,
        invoice: Some("RE-2026-1187".parse().unwrap()),
        note: None,
        services: Services::new(Some("2026-11-18"), ITEMS.into_iter(), currency).unwrap(),
        at,
        before: None,
    };
    let number = ReceiptNumber::new(intent.device.clone(), 42);
    let mut payment = Payment::begin(intent, number);
    let approval = Approval {
        card: CardRef {
            brand: Some("girocard".into()),
            last4: Some(Last4::new([1, 1, 1, 1]).unwrap()),
        },
        entry: EntryMode::Contactless,
        authorisation: Some("654321".into()),
        terminal_id: Some("28004869".into()),
        ..Approval::default()
    };
    payment.add(&Fact::Approved(approval), at).unwrap();
    payment
}

fn slip() -> Slip {
    let line = |text: &str, centred, high| SlipLine {
        text: text.into(),
        centred,
        wide: false,
        high,
    };
    Slip {
        copy: SlipCopy::Merchant,
        lines: vec![
            line("* * Händlerbeleg * *", true, true),
            line("Terminal-ID    28004869", false, false),
            line("Zahlung erfolgt", true, false),
        ],
        signature: true,
    }
}

fn receipts() -> Receipts {
    let folder = env!("CARGO_MANIFEST_DIR");
    let text = "[daemon]\nmerchant = [\"Zahnärzte am Park\", \"Parkstraße 1, 10115 Berlin\"]\n\
        [receipt]\nlanguage = \"de\"\nlogo = \"logo.png\"\n\
        footer = [\"Heilbehandlungen sind nach § 4 Nr. 14 UStG umsatzsteuerfrei.\"]\n\
        [[till]]\nid = \"a\"\ncurrency = \"EUR\"\n";
    let file = format!("{folder}/tests/paper/tilld.toml");
    config::parse(text, file.as_ref(), &SecretSource::default(), &[])
        .unwrap()
        .receipts
}

/// A copy for the merchant's files, to have all on one: nobody prints such a thing.
fn lines() -> Vec<Line> {
    let occasion = Occasion {
        reader: Reader::Merchant,
        copy: Some(2),
        at: "2026-11-21T15:30:00Z".parse().unwrap(),
        zone: TimeZone::UTC,
    };
    let receipts = receipts();
    let receipt = Receipt {
        qr: Some("https://praxis.example/beleg/empfang-1-000042".to_owned()),
        ..Receipt::of(&payment(), None, &[slip()], receipts.letterhead, &occasion)
    };
    let blocks = receipts.layout.blocks(&receipt).unwrap();
    receipt.sheet(blocks, receipts.layout.language())
}

fn fonts() -> Fonts {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../src/printer/escpos/shape/fonts"
    );
    let names = ["latin", "arabic", "hebrew", "thai", "han", "symbols"];
    Fonts::new(names.map(|name| std::fs::read(format!("{folder}/{name}.ttf")).unwrap()))
}

/// A printer as its profile says it is.
fn printer(profile: &Profile) -> Options {
    let mut pages = CodePages::epson();
    for (page, number) in &profile.pages {
        let name = page.name().to_lowercase().replace('_', "");
        pages.set(*number, name.parse().unwrap());
    }
    Options {
        code_pages: pages,
        ..Options::with_columns(profile.columns)
    }
}

fn look(name: &str) {
    let profile = Profile::find(name).unwrap();
    let lines = lines();
    assert!(needs_fonts(&lines, profile));
    // Once, as after a start.
    let mut job = store_logo_of(&lines, profile).unwrap_or_default();
    job.extend(render_with(&lines, profile, &fonts()));
    // Where there is no cutter, a hand tears.
    if !render(&[Line::Cut], profile)
        .windows(2)
        .any(|two| two == b"\x1dV")
    {
        job.extend(b"\x1dV\0");
    }
    compare(&format!("scripts-{name}"), printer(profile), &job);
}

fn store_logo_of(lines: &[Line], profile: &Profile) -> Option<Vec<u8>> {
    let logo = lines.iter().find_map(|line| match line {
        Line::Logo(logo) => Some(logo),
        _ => None,
    });
    store_logo(logo.unwrap(), profile)
}

/// With a memory for the logo, and nearly all code pages.
#[test]
fn many_scripts_on_an_epson() {
    look("epson-tm-l90");
}

/// With few code pages, no font B, and no cutter.
#[test]
fn many_scripts_on_a_clone() {
    look("generic-58mm");
}

/// With numbers of its own for its code pages.
#[test]
fn many_scripts_on_a_citizen() {
    look("citizen-ct-s651");
}

/// Whatever a receipt holds, it has its beginning and its end, and the next one is whole.
#[test]
fn what_is_too_long_is_cut_off_and_the_next_receipt_is_whole() {
    let profile = Profile::find("epson-tm-t20iii").unwrap();
    let text = |text: &str| Line::Text(text.into(), Style::default());
    let end = [text("the end"), Line::Cut];
    let many = |word: &str| -> Vec<Line> {
        let lines = (0..10_000).map(|n| text(&format!("{word} {n}")));
        lines.chain(end.clone()).collect()
    };
    let long = |word: &str| -> Vec<Line> {
        let line = text(&word.repeat(100_000));
        [text("item 0"), line]
            .into_iter()
            .chain(end.clone())
            .collect()
    };
    let next = render_with(&lines(), profile, &fonts());
    let whole = pages(printer(profile), &next);
    for (what, lines, mark) in [
        ("lines", many("item"), "[...]"),
        ("drawn lines", many("פריט"), "[...]"),
        ("characters", long("x"), "x..."),
        ("drawn characters", long("א"), "[IMAGE"),
    ] {
        let mut job = render_with(&lines, profile, &fonts());
        assert!(job.len() < 1 << 21, "{what}: {} bytes", job.len());
        job.extend(&next);
        let pages = pages(printer(profile), &job);
        assert_eq!(pages.len(), 2, "{what}");
        assert!(pages[0].contains(mark), "{what}: {}", pages[0]);
        assert!(pages[0].contains("the end"), "{what}: {}", pages[0]);
        assert!(pages[0].lines().count() < 700, "{what}");
        assert_eq!(pages[1], whole[0], "{what}");
    }
}
