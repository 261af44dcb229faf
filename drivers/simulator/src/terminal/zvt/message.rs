//! What the terminal says.

use std::time::Duration;

use config::ZvtCharset;
use drivers::terminal::{
    SlipCopy,
    zvt::{
        apdu::{Apdu, code},
        bcd,
        bmp::{self, Builder},
        message::{IntermediateStatus, PrintBlock, PrintLine},
        text,
        tlv::Tlv,
    },
};
use jiff::civil::DateTime;

use super::books::{Kind, Totals, Transaction};

/// A transaction as it shows itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Face {
    pub(super) transaction: Transaction,
    pub(super) time: DateTime,
    pub(super) terminal_id: u32,
    pub(super) currency: u16,
    pub(super) with_amount: bool,
    pub(super) with_receipt: bool,
    /// With the test card's whole number.
    pub(super) unmasked: bool,
    /// With fields that nobody knows.
    pub(super) unknown: bool,
    /// Of the transaction that it reverses.
    pub(super) original_trace: Option<u32>,
}

/// A number that every card scheme's documentation uses for tests; it belongs to nobody.
const TEST_PAN: &str = "4111111111111111";
/// Its digits as BMP 22 holds them, whole and masked.
const PAN: [u8; 8] = [0x41, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11];
const MASKED: [u8; 8] = [0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0x11, 0x11];
/// Number, separator, expiry, service code.
const TRACK_2: [u8; 13] = [
    0x41, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0xd3, 0x01, 0x22, 0x01, 0x0f,
];
const VISA: u8 = 0x0a;

/// A message of fields. That they fit is checked by the tests.
fn apdu(code: u16, fields: Builder) -> Apdu {
    Apdu::new(code, fields.finish().unwrap_or_default())
}

fn clock(fields: Builder, time: DateTime) -> Builder {
    let part = |n: i8| u64::from(n.unsigned_abs());
    let clock = part(time.hour()) * 10_000 + part(time.minute()) * 100 + part(time.second());
    let date = part(time.month()) * 100 + part(time.day());
    fields.number::<3>(0x0c, clock).number::<2>(0x0d, date)
}

/// The protocol's own character set.
const CHARSET: ZvtCharset = ZvtCharset::Cp437;
/// What a customer may take for a step, as 04 FF tells the till.
const STEP: Duration = Duration::from_mins(3);

/// 04 FF: what the terminal is doing, with the text on its display.
pub(super) fn intermediate(status: u8, text: &str) -> Apdu {
    let status = IntermediateStatus {
        status,
        timeout: Some(STEP),
        lines: vec![text.into()],
    };
    status.encode(CHARSET)
}

/// 06 0F of a registration.
pub(super) fn registered(terminal_id: u32, currency: u16, needs: u8) -> Apdu {
    let fields = Builder::new()
        .field(0x19, &[needs])
        .number::<4>(0x29, terminal_id.into())
        .number::<2>(0x49, currency.into());
    apdu(code::COMPLETION, fields)
}

/// 04 0F of a transaction. Result 0 is an approval.
pub(super) fn status(face: &Face, result: u8) -> Apdu {
    let t = &face.transaction;
    let mut fields = Builder::new().field(0x27, &[result]);
    if face.with_amount {
        fields = fields.number::<6>(0x04, t.amount);
    }
    fields = clock(fields.number::<3>(0x0b, t.trace.into()), face.time)
        .field(0x0e, &[0x30, 0x12])
        .field(0x17, &[0x00, 0x01])
        .field(0x19, &[0x70])
        .field(0x22, if face.unmasked { &PAN } else { &MASKED })
        .number::<4>(0x29, face.terminal_id.into())
        .field(0x2a, b"100461763      ");
    if face.unmasked {
        fields = fields
            .field(0x23, &TRACK_2)
            .field(0x24, &TRACK_2)
            .field(0x2d, format!("B{TEST_PAN}^TEST/CARD^3012201").as_bytes());
    }
    if let Some(trace) = face.original_trace {
        fields = fields.number::<3>(0x37, trace.into());
    }
    if result == 0 {
        fields = fields.field(0x3b, &attribute(t));
    }
    let text = if result == 0 {
        format!("GEN.NR.:{:06}", t.trace)
    } else if face.unmasked {
        format!("Abgelehnt {TEST_PAN}")
    } else {
        "Abgelehnt".to_owned()
    };
    let mut fields = fields
        .field(0x3c, text.as_bytes())
        .number::<2>(0x49, face.currency.into());
    if face.with_receipt {
        fields = fields.number::<2>(0x87, t.receipt.into());
    }
    let fields = fields
        .number::<3>(0x88, t.trace.into())
        .field(0x8a, &[VISA])
        .field(0x8b, b"VISA\0")
        .tlv(&details(face));
    // Whoever does not know a bitmap does not know its length: nothing can follow.
    let fields = if face.unknown {
        fields.raw(&[0x9f, 0x01, 0x02, 0x03])
    } else {
        fields
    };
    apdu(code::STATUS_INFORMATION, fields)
}

/// The authorisation attribute: six digits, padded with NUL.
fn attribute(transaction: &Transaction) -> [u8; 8] {
    let mut attribute = [0; 8];
    let digits = format!("{:06}", transaction.trace);
    for (place, digit) in attribute.iter_mut().zip(digits.bytes()) {
        *place = digit;
    }
    attribute
}

fn details(face: &Face) -> Vec<Tlv> {
    let mut fields = vec![
        // Online PIN, chip.
        Tlv::fields(
            0x2f,
            vec![Tlv::bytes(0x1f10, [0x02]), Tlv::bytes(0x1f12, [0x01])],
        ),
        Tlv::fields(
            0x60,
            vec![
                Tlv::bytes(0x43, [0xa0, 0x00, 0x00, 0x00, 0x03, 0x10, 0x10]),
                Tlv::bytes(0x44, "VISA CREDIT"),
            ],
        ),
    ];
    if face.unknown {
        fields.push(Tlv::bytes(0x1f7e, "?"));
        fields.push(Tlv::fields(0x3e, vec![Tlv::bytes(0x1f7d, "?")]));
    }
    if face.unmasked {
        fields.push(Tlv::bytes(0x1f08, format!("B{TEST_PAN}")));
        fields.push(Tlv::bytes(0x1f09, TRACK_2));
        fields.push(Tlv::bytes(0x1f0a, TRACK_2));
        fields.push(Tlv::bytes(0x1f1a, PAN));
        fields.push(Tlv::bytes(0x46, format!("{TEST_PAN} 3012")));
        fields.push(Tlv::fields(
            0x24,
            vec![Tlv::bytes(0x07, format!("Karte {TEST_PAN}"))],
        ));
    }
    fields
}

/// 04 0F of an end of day. Some terminals give it a trace number.
pub(super) fn totals(totals: &Totals, time: DateTime, trace: Option<u32>) -> Apdu {
    let sum_of = |number: u64| bcd::encode::<6>(number).unwrap_or_default();
    let receipt = |number: u16| bcd::encode::<2>(number.into()).unwrap_or_default();
    let mut groups = [receipt(totals.first), receipt(totals.last)].concat();
    // girocard, JCB, Mastercard, Amex, VISA, Diners, others: every card here is a VISA.
    for group in 0..7 {
        let (count, sum) = if group == 4 {
            (totals.count, totals.sum)
        } else {
            (0, 0)
        };
        groups.push(count);
        groups.extend(sum_of(sum));
    }
    let mut fields = Builder::new()
        .field(0x27, &[0])
        .number::<6>(0x04, totals.sum);
    if let Some(trace) = trace {
        fields = fields.number::<3>(0x0b, trace.into());
    }
    apdu(
        code::STATUS_INFORMATION,
        clock(fields, time).field(0x60, &groups),
    )
}

/// An amount with two decimals.
pub(super) fn decimal(minor: u64) -> String {
    format!("{},{:02}", minor / 100, minor % 100)
}

/// A receipt's lines, and whether each is in the middle.
pub(super) fn receipt(face: &Face, copy: SlipCopy) -> Vec<(bool, String)> {
    let t = &face.transaction;
    let head = match copy {
        SlipCopy::Merchant => "** HÄNDLERBELEG **",
        SlipCopy::Customer | SlipCopy::Administration => "** KUNDENBELEG **",
    };
    let what = match t.kind {
        Kind::Payment => "Zahlung",
        Kind::Refund => "Gutschrift",
        Kind::Reversal { .. } => "Storno",
    };
    let pan = if face.unmasked {
        TEST_PAN
    } else {
        "************1111"
    };
    let time = face.time.strftime("%d.%m.%Y %H:%M");
    vec![
        (true, head.to_owned()),
        (false, format!("Terminal-ID {:08}", face.terminal_id)),
        (
            false,
            format!("Beleg {:04}  Trace {:06}", t.receipt, t.trace),
        ),
        (false, time.to_string()),
        (false, format!("VISA CREDIT {pan}")),
        (false, format!("{what} EUR {}", decimal(t.amount))),
        (true, "Zahlung erfolgt".to_owned()),
    ]
}

/// The lines of 06 E0.
pub(super) fn displayed(data: &[u8]) -> Vec<String> {
    let fields = bmp::decode(data);
    let lines = (0xf1..=0xf8).filter_map(|tag| fields.get(tag));
    lines.map(|line| text::decode(line, CHARSET)).collect()
}

/// The last line of a receipt.
const END: u8 = 0x81;
const CENTRED: u8 = 0x40;

/// Lines as they are sent: attribute and text.
fn sent(lines: &[(bool, String)]) -> Vec<(u8, Vec<u8>)> {
    let line = |(centred, line): &(bool, String)| {
        let attribute = if *centred { CENTRED } else { 0 };
        (attribute, text::encode(line, CHARSET))
    };
    lines.iter().map(line).chain([(END, Vec::new())]).collect()
}

/// A receipt in one 06 D3.
pub(super) fn block(copy: SlipCopy, lines: &[(bool, String)]) -> Apdu {
    let block = PrintBlock {
        copy: Some(copy),
        lines: sent(lines),
    };
    block.encode()
}

/// A receipt as one 06 D1 for each line.
pub(super) fn lines(lines: &[(bool, String)]) -> Vec<Apdu> {
    let line = |(attribute, text)| PrintLine {
        attribute,
        text,
        copy: None,
    };
    let lines = sent(lines).into_iter().map(line);
    lines.map(|line| line.encode()).collect()
}
