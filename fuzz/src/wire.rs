//! ZVT, layer by layer.

use std::time::Duration;

use config::ZvtCharset;
use drivers::{
    Mono,
    terminal::zvt::{
        apdu::{Apdu, MAX_DATA, Reader, code},
        bmp, codes,
        line::{Line, LineOutput, Repeat},
        message::{
            Abort, Authorisation, Completion, IntermediateStatus, PrintBlock, PrintLine,
            Registration, SlipCollector, StatusInformation, Totals,
        },
        rs232::{self, Deframer, Found},
        text, tlv,
    },
};
use jiff::Timestamp;
use payment::parse_currency;

const CHARSETS: [ZvtCharset; 3] = [ZvtCharset::Cp437, ZvtCharset::Latin1, ZvtCharset::SevenBit];

/// A stream of APDUs, cut as its first byte says: the cuts change nothing.
pub fn zvt_apdu(data: &[u8]) {
    let Some((size, stream)) = data.split_first() else {
        return;
    };
    let read = |size: usize| {
        let mut reader = Reader::default();
        let mut found = Vec::new();
        for part in stream.chunks(size) {
            reader.push(part);
            found.extend(std::iter::from_fn(|| reader.next()));
            assert!(
                reader.pending() < MAX_DATA + 5,
                "one message is held at most"
            );
        }
        found
    };
    let found = read(usize::from(*size).max(1));
    assert_eq!(found, read(stream.len().max(1)));
    for apdu in found {
        assert_eq!(Apdu::decode(&apdu.encode()).as_ref(), Ok(&apdu));
    }
}

/// A serial line's bytes; what is found goes into a frame and out of it again.
pub fn zvt_rs232(data: &[u8]) {
    let mut deframer = Deframer::default();
    for byte in data {
        if let Some(Found::Message(apdu)) = deframer.push(*byte) {
            let mut again = Deframer::default();
            let found: Vec<_> = rs232::frame(&apdu)
                .into_iter()
                .filter_map(|byte| again.push(byte))
                .collect();
            assert_eq!(found, [Found::Message(apdu)]);
        }
    }
}

/// A serial line with timeouts: pairs of a pause and a byte.
pub fn zvt_line(data: &[u8]) {
    let mut line = Line::default();
    let mut now = Mono::default();
    line.send(
        now,
        Apdu::new(code::REGISTRATION, vec![0x10; 4]),
        Repeat::Freely,
    );
    line.send(
        now,
        Apdu::new(code::AUTHORISATION, vec![0x10; 4]),
        Repeat::AfterNak,
    );
    let mut sent = 0_usize;
    let mut asked = 0_usize;
    for pair in data.chunks(2) {
        now = now + Duration::from_millis(u64::from(pair[0]).pow(2));
        line.timeout(now);
        line.bytes(now, pair.get(1..).unwrap_or_default());
        while let Some(output) = line.poll() {
            if let LineOutput::Send(bytes) = output {
                sent += 1;
                asked += usize::from(bytes.starts_with(&[0x10, 0x02, 0x06, 0x01]));
            }
        }
        assert!(
            line.deadline().is_none_or(|at| at > now),
            "it looked at the time"
        );
    }
    assert!(asked <= 3, "a frame is sent three times at most");
    assert!(sent <= 6 + 2 * data.len(), "one answer to a byte at most");
}

/// The fields of a message.
pub fn zvt_bmp(data: &[u8]) {
    let fields = bmp::decode(data);
    assert!(fields.unread <= data.len());
    for tag in 0..=u8::MAX {
        if let Some(value) = fields.get(tag) {
            assert!(value.len() <= data.len());
            assert!(
                !matches!(tag, 0x22..=0x24 | 0x2d | 0x0e),
                "card data are dropped"
            );
        }
        let (_, _) = (fields.byte(tag), fields.number(tag));
    }
    tree_is_clean(fields.tlv());
}

/// The fields inside BMP 06: what is read, is written and read the same.
pub fn zvt_tlv(data: &[u8]) {
    if let Some((fields, rest)) = tlv::decode_container(data) {
        assert!(rest.len() < data.len());
        tree_is_clean(&fields);
    }
    if let Some(fields) = tlv::decode(data) {
        tree_is_clean(&fields);
        let again = tlv::decode(&tlv::encode(&fields));
        assert_eq!(again.as_deref(), Some(fields.as_slice()));
    }
}

fn tree_is_clean(fields: &[tlv::Tlv]) {
    for field in fields {
        assert!(
            !matches!(field.tag, 0x1f08..=0x1f0a | 0x1f31),
            "card data are dropped"
        );
        if let tlv::Value::Fields(inner) = &field.value {
            tree_is_clean(inner);
        }
    }
}

/// The data of every typed message. The first byte chooses the character set.
pub fn zvt_message(data: &[u8]) {
    let Some((first, data)) = data.split_first() else {
        return;
    };
    let charset = CHARSETS[usize::from(*first) % CHARSETS.len()];
    let text = text::decode(data, charset);
    assert_eq!(text.chars().count(), data.len());
    assert_eq!(text::encode(&text, charset).len(), data.len());
    let status = StatusInformation::decode(data, charset);
    if let Ok(euro) = parse_currency("EUR") {
        let _: Option<_> = status.money(euro);
        let shown = format!("{:?}", status.approval(euro, Some(Timestamp::UNIX_EPOCH)));
        assert_eq!(
            payment::mask_card_numbers(&shown),
            shown,
            "no card number is taken over"
        );
    }
    if let Some(status) = IntermediateStatus::decode(data, charset) {
        let again = status.encode(charset);
        assert!(IntermediateStatus::decode(again.data(), charset).is_some());
    }
    if let Some(registration) = Registration::decode(data) {
        assert!(Registration::decode(registration.encode().data()).is_some());
    }
    let _: Option<_> = Authorisation::decode(data).and_then(|asked| asked.encode());
    let _: Option<_> = Totals::decode(data);
    let (_, _) = (Completion::decode(data), Abort::decode(data));
    let _: String = codes::result::meaning(*first).sentence();
    slips(data, charset);
}

fn slips(data: &[u8], charset: ZvtCharset) {
    let mut collector = SlipCollector::default();
    let mut lines = 0;
    if let Some(line) = PrintLine::decode(data) {
        assert!(PrintLine::decode(line.encode().data()).is_some());
        for _ in 0..3 {
            lines += collector
                .line(&line, charset)
                .map_or(0, |slip| slip.lines.len());
        }
    }
    if let Some(block) = PrintBlock::decode(data) {
        let slips = collector.block(&block, charset);
        lines += slips.iter().map(|slip| slip.lines.len()).sum::<usize>();
    }
    lines += collector.finish().map_or(0, |slip| slip.lines.len());
    assert!(
        lines <= 3 * 256 + data.len(),
        "a line of paper for a byte at most"
    );
}
