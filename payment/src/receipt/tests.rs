//! What stands on every receipt, whatever a template says.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::{Approval, Fact, Intent, PaymentId};

const NOON: i64 = 1_795_262_400;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(NOON + second).unwrap()
}

fn payment(purpose: Purpose) -> Payment {
    let device: DeviceId = "desk1".parse().unwrap();
    let currency = crate::parse_currency("EUR").unwrap();
    let intent = Intent {
        id: PaymentId::new(at(0), [0; 10]),
        key: "k".parse().unwrap(),
        device: device.clone(),
        purpose,
        money: Money::parse("1080.10", currency).unwrap(),
        method: Method::Card,
        invoice: Some("156".parse().unwrap()),
        note: Some("for our own eyes".into()),
        services: Services::new(
            Some("2026-11-20"),
            [("Filling", "80.10")].into_iter(),
            currency,
        )
        .unwrap(),
        at: at(0),
        before: None,
    };
    let mut payment = Payment::begin(intent, ReceiptNumber::new(device, 2));
    let approval = Approval {
        card: CardRef {
            brand: Some("girocard".into()),
            last4: Some(crate::Last4::new([1, 1, 1, 1]).unwrap()),
        },
        entry: EntryMode::Chip,
        authorisation: Some("654321".into()),
        terminal_id: Some("28004869".into()),
        ..Approval::default()
    };
    payment.add(&Fact::Approved(approval), at(1)).unwrap();
    payment
}

fn slip(copy: SlipCopy, lines: &[&str], signature: bool) -> Slip {
    let line = |text: &&str| SlipLine {
        text: (*text).into(),
        ..SlipLine::default()
    };
    Slip {
        copy,
        lines: lines.iter().map(line).collect(),
        signature,
    }
}

fn receipt(reader: Reader, copy: Option<u32>, slips: &[Slip]) -> Receipt {
    let occasion = Occasion {
        reader,
        copy,
        at: at(3600),
        zone: TimeZone::fixed(jiff::tz::offset(1)),
    };
    let of = payment(Purpose::Sale);
    Receipt::of(&of, None, slips, Letterhead::default(), &occasion)
}

fn text(text: &str) -> Block {
    Block::Line(Line::Text(text.into(), Style::PLAIN))
}

/// Lines for reading.
fn shown(lines: &[Line]) -> Vec<String> {
    let shown = |line: &Line| match line {
        Line::Text(text, _) => text.to_string(),
        Line::Columns(left, right, _) => format!("{left}: {right}"),
        Line::Rule => "---".to_owned(),
        Line::Feed(lines) => format!("feed {lines}"),
        Line::Verbatim(line) => format!("> {}", line.text),
        Line::Qr(data) => format!("code {data}"),
        Line::Logo(_) => "logo".to_owned(),
        Line::Cut => "cut".to_owned(),
    };
    lines.iter().map(shown).collect()
}

#[test]
fn it_knows_all_that_may_be_said() {
    let slips = [
        slip(SlipCopy::Merchant, &["M"], true),
        slip(SlipCopy::Customer, &["C1", "C2"], false),
        slip(SlipCopy::Administration, &["A"], false),
    ];
    let receipt = receipt(Reader::Customer, None, &slips);
    assert_eq!(receipt.number.to_string(), "desk1-000002");
    assert_eq!(receipt.device.as_str(), "desk1");
    assert_eq!(receipt.paid_at, date(2026, 11, 21).at(13, 0, 0, 0));
    assert_eq!(receipt.services.date, Some(date(2026, 11, 20)));
    assert_eq!(receipt.terminal_id, Some("28004869".into()));
    let own: Vec<&str> = receipt
        .terminal_lines
        .iter()
        .map(|l| l.text.as_str())
        .collect();
    assert_eq!(own, ["C1", "C2"]);
    assert!(receipt.reprint.is_none() && !receipt.signature);
    // The note is for the clinic's own eyes.
    assert!(!format!("{receipt:?}").contains("own eyes"));
}

/// Law 8, and what card schemes want.
#[test]
fn an_empty_template_leaves_nothing_out() {
    let slips = [slip(SlipCopy::Customer, &["one", "two"], false)];
    let lines = receipt(Reader::Customer, Some(2), &slips).sheet(Vec::new(), Language::English);
    assert_eq!(
        shown(&lines),
        [
            "COPY 2",
            "Receipt no.: desk1-000002",
            "Amount: EUR 1,080.10",
            "---",
            "> one",
            "> two",
            "---",
            "Original of 2026-11-21 13:00",
            "Reprinted 2026-11-21 14:00",
            "COPY 2",
            "feed 1",
            "cut",
        ]
    );
    let german = receipt(Reader::Customer, Some(2), &slips).sheet(Vec::new(), Language::German);
    assert_eq!(shown(&german)[0], "KOPIE / COPY 2");
}

#[test]
fn a_template_says_where_and_not_how_often() {
    let slips = [slip(SlipCopy::Merchant, &["one"], true)];
    let layout = vec![
        Block::Signature,
        Block::Terminal,
        text("No. desk1-000002 1.080,10 EUR"),
        Block::Terminal,
        Block::Signature,
    ];
    let lines = receipt(Reader::Merchant, None, &slips).sheet(layout, Language::German);
    assert_eq!(
        shown(&lines),
        [
            "feed 3",
            "---",
            "Unterschrift",
            "> one",
            "No. desk1-000002 1.080,10 EUR",
            "feed 1",
            "cut"
        ]
    );
}

/// Only on the merchant's receipt, only when the terminal asks for it.
#[test]
fn who_signs_and_when() {
    for (reader, copy, asked, expected) in [
        (Reader::Merchant, SlipCopy::Merchant, true, true),
        (Reader::Merchant, SlipCopy::Merchant, false, false),
        (Reader::Customer, SlipCopy::Customer, true, false),
        (Reader::Customer, SlipCopy::Merchant, true, false),
        (Reader::Merchant, SlipCopy::Customer, true, false),
    ] {
        let lines = receipt(reader, None, &[slip(copy, &["x"], asked)])
            .sheet(Vec::new(), Language::English);
        let signs = shown(&lines).contains(&"Signature".to_owned());
        assert_eq!(signs, expected, "{reader:?} {copy:?} {asked}");
    }
    let receipt = receipt(Reader::Merchant, None, &[]);
    assert!(!receipt.signature, "no slip, no signature");
}

proptest! {
    /// Whatever a template lays out, what must stand on paper does.
    #[test]
    fn no_layout_leaves_anything_out(
        layout in prop::collection::vec(0..5_u8, 0..12),
        copy in prop::option::of(1..9_u32),
        lines in prop::collection::vec("[a-z]{1,5}", 0..5),
    ) {
        let layout = layout.into_iter().map(|block| match block {
            0 => Block::Terminal,
            1 => Block::Signature,
            2 => Block::Line(Line::Cut),
            3 => text("COPY 77"),
            _ => text("words"),
        }).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let receipt = receipt(Reader::Merchant, copy, &[slip(SlipCopy::Merchant, &lines, true)]);
        let paper = shown(&receipt.sheet(layout, Language::English));
        let own: Vec<&str> = paper.iter().filter_map(|line| line.strip_prefix("> ")).collect();
        prop_assert_eq!(own, lines);
        for words in ["Receipt no.: desk1-000002", "Amount: EUR 1,080.10", "Signature"] {
            prop_assert_eq!(paper.iter().filter(|line| *line == words).count(), 1);
        }
        if let Some(number) = copy {
            let mark = format!("COPY {number}");
            prop_assert_eq!(&paper[0], &mark);
            prop_assert_eq!(&paper[paper.len() - 3], &mark);
        }
    }
}
