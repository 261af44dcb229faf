//! Messages and frames of other implementations and of the specification, read and written here.

use config::ZvtCharset;
use payment::{EntryMode, Text};

use super::{
    apdu::{Apdu, Malformed},
    message::{
        Abort, Authorisation, Completion, IntermediateStatus, PrintLine, Registration, Reversal,
        StatusInformation, StatusReport, end_of_day,
    },
    rs232::{self, Deframer, Found},
};

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn apdu(text: &str) -> Apdu {
    Apdu::decode(&hex(text)).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn result(text: &str) -> StatusInformation {
    let status = StatusInformation::decode(apdu(text).data(), ZvtCharset::Latin1);
    assert_eq!(status.unread, 0, "{text}");
    status
}

/// Captured on serial lines, or accepted there by another implementation.
const FRAMES: &[&str] = &[
    "10 02 06 0F 0B F0 F0 F7 32 2E 31 34 2E 31 35 00 10 03 B1 11",
    "10 02 06 D1 17 00 20 20 20 20 20 20 20 20 20 4B 61 73 73 65 6E 73 63 68 6E 69 74 74 10 03 2F 07",
    "10 02 04 0F 37 27 00 04 00 00 00 00 40 00 49 09 78 0C 09 38 48 0D 04 25 22 F1 F1 59 66 66 66 66 D2 00 21 22 01 00 17 00 01 87 01 75 0B 61 39 95 19 40 29 60 09 99 14 0E 05 12 8A 02 10 03 90 8C",
    "10 02 80 00 00 10 03 F5 1F",
    "10 02 06 0F 00 10 03 C6 33",
    "10 02 04 FF 01 0A 10 03 F5 7D",
    "10 02 06 00 04 12 34 56 8E 10 03 B6 E0",
    "10 02 06 01 0C 04 00 00 00 00 10 10 10 10 49 09 78 06 00 10 03 BF BD",
    "10 02 06 0F 0A 19 00 29 29 00 10 10 06 49 09 78 10 03 EF 72",
    "10 02 04 0F 17 27 00 04 00 00 00 00 10 10 10 10 0B 00 00 10 10 87 10 10 10 10 29 29 00 10 10 06 19 60 10 03 64 9D",
    "10 02 06 B0 00 10 03 43 F3",
    "10 02 05 01 00 10 03 10 06",
    "10 02 06 50 03 00 00 00 10 03 FB 37",
    "10 02 06 20 03 00 00 00 10 03 FA F2",
    "10 02 06 01 07 04 00 00 00 00 01 00 10 03 2B 4E",
    "10 02 06 00 0E 12 34 56 8E 09 78 06 06 26 04 0A 02 06 D3 10 03 05 82",
    "10 02 06 30 06 12 34 56 87 00 10 10 10 03 7F 3B",
];

#[test]
fn frames_are_read_and_written_alike() {
    for frame in FRAMES {
        let wire = hex(frame);
        let mut deframer = Deframer::default();
        let found: Vec<Found> = wire.iter().filter_map(|b| deframer.push(*b)).collect();
        let [Found::Message(apdu)] = &found[..] else {
            panic!("{frame}: {found:?}");
        };
        assert_eq!(rs232::frame(apdu), wire, "{frame}");
    }
}

#[test]
fn lengths_that_lie_are_refused() {
    // Declared 44, of which 37 bytes are here; and the specification's own slip.
    let short = "04 0F 44 27 6C 04 00 00 00 00 10 00";
    assert_eq!(Apdu::decode(&hex(short)), Err(Malformed::Short));
    let long = "06 01 0C 04 00 00 00 00 01 00 49 09 78 19 44 06 06 1F 73 03 00 00 01";
    assert_eq!(Apdu::decode(&hex(long)), Err(Malformed::Long));
}

#[test]
fn declined_and_aborted_payments() {
    let check = |wire: &str, code: u8, terminal: &str, text: Option<&str>| {
        let status = result(wire);
        assert_eq!(status.result, Some(code), "{wire}");
        assert_eq!(status.terminal_id, Some(Text::new(terminal)));
        assert_eq!(status.text, text.map(Text::new));
    };
    check(
        "04 0F 1E 27 6C 29 28 00 48 69 3C F0 F1 F9 41 62 62 72 75 63 68 20 64 75 72 63 68 20 4B 75 6E 64 65",
        0x6c,
        "28004869",
        Some("Abbruch durch Kunde"),
    );
    check(
        "04 0F 18 27 FF 29 28 00 48 69 3C F0 F1 F3 42 65 74 72 61 67 20 66 61 6C 73 63 68",
        0xff,
        "28004869",
        Some("Betrag falsch"),
    );
    check(
        "04 0F 25 27 05 29 29 00 02 74 3C F0 F0 F9 41 62 67 65 6C 65 68 6E 74 8A 06 06 0D 24 0B 07 09 41 62 67 65 6C 65 68 6E 74",
        0x05,
        "29000274",
        Some("Abgelehnt"),
    );
    check("04 0F 07 27 6C 29 29 00 10 06", 0x6c, "29001006", None);
    let end_of_day = result("04 0F 09 27 77 0C 13 27 29 0D 05 13");
    assert_eq!(
        (end_of_day.result, end_of_day.month_day),
        (Some(0x77), Some((5, 13)))
    );
    assert_eq!(Abort::decode(apdu("06 1E 01 05").data()).result, Some(0x05));
    assert_eq!(Abort::decode(apdu("06 1E 00").data()).result, None);
    let none = Abort::decode(apdu("06 1E 04 B8 87 FF FF").data());
    assert_eq!((none.result, none.receipt), (Some(0xb8), Some(0xffff)));
}

#[test]
fn an_approved_payment_with_a_chip_card() {
    let status = result(
        "04 0F 77 27 00 04 00 00 00 00 20 40 0B 00 04 70 0C 22 39 53 0D 10 06 0E 25 12 17 00 01 19 70 22 F0 F8 EE EE EE EE EE EE 47 71 29 28 00 48 69 2A 31 30 30 34 36 31 37 36 33 20 20 20 20 20 20 3B 36 31 31 38 30 34 00 00 3C F0 F1 F4 47 45 4E 2E 4E 52 2E 3A 36 31 31 38 30 34 49 09 78 87 04 70 88 00 04 70 8A 2E 8B F1 F7 44 65 62 69 74 20 4D 61 73 74 65 72 63 61 72 64 00",
    );
    assert!(status.is_approval());
    assert_eq!((status.amount, status.currency), (Some(2040), Some(978)));
    assert_eq!(
        (status.trace, status.receipt, status.turnover),
        (Some(470), Some(470), Some(470))
    );
    assert_eq!(
        status.card.last4.map(|l| l.to_string()).as_deref(),
        Some("4771")
    );
    assert_eq!(status.card.brand, Some(Text::new("Debit Mastercard")));
    assert_eq!(status.authorisation, Some(Text::new("611804")));
    assert_eq!(status.month_day, Some((10, 6)));
    assert_eq!(
        status.time.map(|t| t.to_string()).as_deref(),
        Some("22:39:53")
    );
    assert_eq!(status.original_trace, None);
    assert!(
        !format!("{status:?}").contains("2512"),
        "the expiry is gone"
    );
}

#[test]
fn an_approved_payment_without_an_amount_held_to_the_reader() {
    let status = result(
        "04 0F 65 27 00 0C 23 13 55 0D 10 29 0E 99 99 22 F0 F8 EE EE EE EE EE EE 47 71 A0 01 29 00 00 00 06 87 00 08 0B 00 00 00 8A 06 8B F1 F1 4D 41 53 54 45 52 43 41 52 44 00 06 2E 2F 08 1F 12 01 02 1F 10 01 00 60 1B 43 07 A0 00 00 00 04 10 10 44 10 44 65 62 69 74 20 4D 61 73 74 65 72 63 61 72 64 1F 2B 04 10 01 50 08",
    );
    assert!(status.is_approval(), "BMP A0 is no failure");
    assert_eq!(
        (status.amount, status.trace, status.receipt),
        (None, Some(10_015_008), Some(8))
    );
    assert_eq!(status.entry, EntryMode::Contactless);
    assert_eq!(status.card.brand, Some(Text::new("MASTERCARD")));
}

#[test]
fn an_old_girocard_whose_number_is_not_masked() {
    let status = result(
        "04 0F 37 27 00 04 00 00 00 00 40 00 49 09 78 0C 09 38 48 0D 04 25 22 F1 F1 59 66 66 66 66 D2 00 21 22 01 00 17 00 01 87 01 75 0B 61 39 95 19 40 29 60 09 99 14 0E 05 12 8A 02",
    );
    assert_eq!(status.amount, Some(4000));
    assert_eq!(
        status.card.last4.map(|l| l.to_string()).as_deref(),
        Some("6666")
    );
    assert!(!format!("{status:?}").contains("59666666"));
}

#[test]
fn what_the_terminal_does() {
    let check = |wire: &str, status: u8, seconds: Option<u64>, line: Option<&str>| {
        let read = IntermediateStatus::decode(apdu(wire).data(), ZvtCharset::Latin1).unwrap();
        assert_eq!(
            (read.status, read.timeout.map(|t| t.as_secs())),
            (status, seconds),
            "{wire}"
        );
        assert_eq!(read.lines.first().map(Text::as_str), line);
    };
    check("04 FF 01 0E", 0x0e, None, None);
    check("04 FF 09 17 06 06 1F 73 03 00 00 02", 0x17, None, None);
    check(
        "04 FF 16 01 01 06 12 24 10 07 0E 45 4E 54 45 52 20 50 49 4E 20 26 20 4F 4B",
        0x01,
        Some(60),
        Some("ENTER PIN & OK"),
    );
    check(
        "04 FF 2E 0A 01 06 2A 24 28 07 26 4B 61 72 74 65 20 76 6F 72 68 61 6C 74 65 6E 0A 65 69 6E 73 74 65 63 6B 65 6E 2F 64 75 72 63 68 7A 69 65 68 65 6E",
        0x0a,
        Some(60),
        Some("Karte vorhalten einstecken/durchziehen"),
    );
}

#[test]
fn registrations_and_their_ends() {
    for (wire, config, blocks) in [
        (
            "06 00 0E 12 34 56 8E 09 78 06 06 26 04 0A 02 06 D3",
            0x8e,
            true,
        ),
        ("06 00 0A 12 34 56 3E 09 78 03 01 06 00", 0x3e, false),
        ("06 00 06 12 34 56 08 09 78", 0x08, false),
        (
            "06 00 10 12 34 56 BE 09 78 03 01 06 06 26 04 0A 02 06 D3",
            0xbe,
            true,
        ),
        ("06 00 04 12 34 56 8E", 0x8e, false),
        ("06 00 06 12 34 56 DE 09 78", 0xde, false),
        (
            "06 00 14 00 00 00 9E 09 78 06 0C 26 04 0A 02 06 D3 1F 73 03 00 00 00",
            0x9e,
            true,
        ),
    ] {
        let registration = Registration::decode(apdu(wire).data()).unwrap();
        assert_eq!(registration.config, config, "{wire}");
        assert_eq!(registration.allowed.contains(&0x06d3), blocks, "{wire}");
    }
    let completed = |wire: &str| Completion::decode(apdu(wire).data());
    let supported =
        "06 0F 18 19 00 29 65 00 00 28 49 09 78 06 0C 26 04 0A 02 06 D3 1F 73 03 00 00 00";
    assert_eq!(
        completed(supported).terminal_id,
        Some(Text::new("65000028"))
    );
    assert_eq!(completed("06 0F 02 27 E0").result, Some(0xe0));
}

#[test]
fn printed_lines_with_and_without_a_tail() {
    let plain = apdu("06 D1 14 40 2A 2A 20 4B 41 53 53 45 4E 53 43 48 4E 49 54 54 20 2A 2A");
    let plain = PrintLine::decode(plain.data()).unwrap();
    assert_eq!(
        (plain.attribute, &plain.text[..]),
        (0x40, &b"** KASSENSCHNITT **"[..])
    );
    let tail =
        apdu("06 D1 19 40 2A 2A 20 48 C4 4E 44 4C 45 52 42 45 4C 45 47 20 2A 2A 06 04 1F 07 01 01");
    let tail = PrintLine::decode(tail.data()).unwrap();
    assert_eq!(
        super::text::decode(&tail.text, ZvtCharset::Latin1),
        "** HÄNDLERBELEG **"
    );
    assert_eq!(tail.copy, Some(crate::terminal::SlipCopy::Merchant));
}

#[test]
fn ends_of_day() {
    let good = format!(
        "04 0F 49 27 00 04 00 00 00 00 60 00 0C 13 20 57 0D 05 13 60 F0 F5 F3 01 99 02 03 05 00 00 00 00 60 00{}",
        " 00".repeat(42)
    );
    let status = result(&good);
    let totals = status.totals.unwrap();
    assert_eq!((status.amount, status.result), (Some(6000), Some(0)));
    assert_eq!((totals.first_receipt, totals.last_receipt), (199, 203));
    let told: Vec<_> = totals.schemes.iter().filter(|s| s.count > 0).collect();
    assert_eq!(
        told.iter()
            .map(|s| (s.scheme, s.count, s.sum))
            .collect::<Vec<_>>(),
        [("girocard", 5, 6000)]
    );
    assert_eq!(
        end_of_day([0x12, 0x34, 0x56]).encode(),
        hex("06 50 03 12 34 56")
    );

    let due = result(
        "04 0F 45 27 F0 29 29 00 10 06 3C F0 F2 F5 4B 61 73 73 65 6E 73 63 68 6E 69 74 74 0A 64 75 72 63 68 66 FC 68 72 65 6E 8A 2E 06 1D 24 1B 07 19 4B 61 73 73 65 6E 73 63 68 6E 69 74 74 0A 64 75 72 63 68 66 FC 68 72 65 6E",
    );
    assert_eq!(due.result, Some(0xf0));
    assert_eq!(due.text, Some(Text::new("Kassenschnitt durchführen")));
    assert_eq!(Abort::decode(apdu("06 1E 01 F0").data()).result, Some(0xf0));
    assert_eq!(Abort::decode(apdu("06 1E 01 77").data()).result, Some(0x77));
}

#[test]
fn a_card_that_is_declined_by_name() {
    let status = result(
        "04 0F 31 27 05 29 29 00 10 06 3C F0 F1 F5 4B 61 72 74 65 20 61 62 67 65 6C 65 68 6E 74 8A 0D 06 13 24 11 07 0F 4B 61 72 74 65 20 61 62 67 65 6C 65 68 6E 74",
    );
    assert_eq!(status.result, Some(0x05));
    assert_eq!(status.text, Some(Text::new("Karte abgelehnt")));
    assert_eq!(status.card.brand, Some(Text::new("V PAY")));
}

#[test]
fn answers_to_status_enquiries() {
    let told = |wire: &str| StatusReport::decode(apdu(wire).data()).status;
    assert_eq!(told("06 0F 01 9C"), Some(0x9c));
    assert_eq!(told("06 0F 01 DC"), Some(0xdc));
    let version = "06 0F 0B F0 F0 F7 32 2E 31 34 2E 31 35 00";
    assert_eq!(told(version), Some(0));
}

#[test]
fn requests_and_answers_of_other_tills() {
    let asked = |wire: &str| Authorisation::decode(apdu(wire).data()).map(|a| a.amount);
    assert_eq!(asked("06 01 07 04 00 00 00 00 10 00"), Some(1000));
    assert_eq!(asked("06 01 09 04 00 00 00 00 33 00 02 0A"), Some(3300));
    let reversal = Reversal::decode(apdu("06 30 06 12 34 56 87 00 10").data()).unwrap();
    assert_eq!((reversal.receipt, reversal.amount), (10, None));
    for (wire, refusal) in [
        ("80 00 00", None),
        ("84 00 00", None),
        ("84 66 00", Some(0x66)),
        ("84 9C 00", Some(0x9c)),
        ("84 9D 07 04 00 00 00 00 22 00", Some(0x9d)),
        ("84 1E 01 6F", Some(0x1e)),
        ("84 83 00", Some(0x83)),
        ("80 00 08 06 06 1F 73 03 00 00 01", None),
    ] {
        assert!(apdu(wire).is_answer(), "{wire}");
        assert_eq!(apdu(wire).refusal(), refusal, "{wire}");
    }
    assert_eq!(Abort::decode(apdu("06 1E 01 64").data()).result, Some(0x64));
    // Lengths in the long form, little endian.
    let mut long = hex("06 D3 FF 2D 04");
    long.resize(5 + 0x042d, 0);
    assert_eq!(Apdu::decode(&long).unwrap().data().len(), 0x042d);
}
