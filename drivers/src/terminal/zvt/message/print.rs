//! 06 D1 and 06 D3: receipts of the terminal (PA00P015, 3.5 and 3.6).

use config::ZvtCharset;
use payment::Text;

use crate::terminal::{
    Slip, SlipCopy, SlipLine,
    zvt::{
        apdu::{Apdu, code},
        text,
        tlv::{self, Tlv, Value},
    },
};

const PLAIN_END: u8 = 0x80;
const LINE_FEEDS: u8 = 0xff;
const CENTRED: u8 = 0x40;
const WIDE: u8 = 0x20;
const HIGH: u8 = 0x10;
const INDENT: u8 = 0x0f;
/// More lines than any receipt has.
const MAX_LINES: usize = 2000;
/// Longer than any container that follows a line.
const MAX_TAIL: usize = 256;

/// A line as the terminal sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintLine {
    /// How to print it; `FF` means line feeds, and bit 8 the end of a receipt.
    pub attribute: u8,
    /// The bytes of the text.
    pub text: Vec<u8>,
    /// For whom, when a TLV tail says so.
    pub copy: Option<SlipCopy>,
}

impl PrintLine {
    /// Reads the data of 06 D1; none when it is empty.
    ///
    /// Some terminals add a TLV container to the text. As a text may hold a byte 06 too, only a tail
    /// that is exactly a container is one.
    pub fn decode(data: &[u8]) -> Option<Self> {
        let (attribute, text) = data.split_first()?;
        let first = text.len().saturating_sub(MAX_TAIL);
        let tail = (first..text.len()).find_map(|start| {
            let (line, tail) = text.split_at_checked(start)?;
            match tlv::decode_container(tail.strip_prefix(&[0x06])?)? {
                (fields, []) if !fields.is_empty() => Some((line, fields)),
                _ => None,
            }
        });
        let (line, fields) = tail.unwrap_or((text, Vec::new()));
        Some(Self {
            attribute: *attribute,
            text: line.to_vec(),
            copy: copy(&fields),
        })
    }

    /// The message, without a tail.
    pub fn encode(&self) -> Apdu {
        let mut data = vec![self.attribute];
        data.extend(&self.text);
        Apdu::new(code::PRINT_LINE, data)
    }
}

/// Lines as the terminal sends them at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintBlock {
    /// For whom, when it says so.
    pub copy: Option<SlipCopy>,
    /// Attributes and texts, in their order.
    pub lines: Vec<(u8, Vec<u8>)>,
}

impl PrintBlock {
    /// Reads the data of 06 D3; none when it is no container.
    pub fn decode(data: &[u8]) -> Option<Self> {
        let (fields, _) = tlv::decode_container(data.strip_prefix(&[0x06])?)?;
        let mut attribute = 0;
        let mut lines: Vec<(u8, Vec<u8>)> = Vec::new();
        // An attribute that ends a receipt may come without a text.
        for field in tlv::find_fields(&fields, 0x25).unwrap_or_default() {
            match (&field.value, field.tag) {
                (Value::Bytes(bytes), 0x09) => {
                    attribute = bytes.first().copied().unwrap_or(0);
                    if attribute > PLAIN_END {
                        lines.push((attribute, Vec::new()));
                    }
                }
                (Value::Bytes(bytes), 0x07) => match lines.last_mut() {
                    Some((last, text)) if *last > PLAIN_END && text.is_empty() => {
                        text.clone_from(bytes);
                    }
                    _ => lines.push((attribute, bytes.clone())),
                },
                _ => {}
            }
        }
        Some(Self {
            copy: copy(&fields),
            lines,
        })
    }

    /// The message.
    pub fn encode(&self) -> Apdu {
        let mut fields = Vec::new();
        if let Some(copy) = self.copy {
            let kind = match copy {
                SlipCopy::Merchant => 1,
                SlipCopy::Customer => 2,
                SlipCopy::Administration => 3,
            };
            fields.push(Tlv::bytes(0x1f07, [kind]));
        }
        let mut current = None;
        let mut lines = Vec::new();
        for (attribute, text) in &self.lines {
            if current != Some(*attribute) {
                current = Some(*attribute);
                lines.push(Tlv::bytes(0x09, [*attribute]));
            }
            if !(*attribute > PLAIN_END && text.is_empty()) {
                lines.push(Tlv::bytes(0x07, text.clone()));
            }
        }
        fields.push(Tlv::fields(0x25, lines));
        let mut data = vec![0x06];
        data.extend(tlv::encode_container(&fields));
        Apdu::new(code::PRINT_BLOCK, data)
    }
}

/// Puts lines and blocks together until a receipt is whole.
#[derive(Debug, Default)]
pub struct SlipCollector {
    copy: Option<SlipCopy>,
    lines: Vec<SlipLine>,
}

impl SlipCollector {
    /// Adds a line; gives the receipt that it ends.
    pub fn line(&mut self, line: &PrintLine, charset: ZvtCharset) -> Option<Slip> {
        self.copy = line.copy.or(self.copy);
        self.add(line.attribute, &line.text, charset);
        if ends_receipt(line.attribute) {
            self.finish()
        } else {
            None
        }
    }

    /// Adds a block; gives the receipts that it ends.
    pub fn block(&mut self, block: &PrintBlock, charset: ZvtCharset) -> Vec<Slip> {
        if block.copy.is_some() && self.copy.is_some() && block.copy != self.copy {
            let slip = self.finish();
            self.copy = block.copy;
            return slip.into_iter().chain(self.block(block, charset)).collect();
        }
        self.copy = block.copy.or(self.copy);
        let mut slips = Vec::new();
        for (attribute, text) in &block.lines {
            let ends = ends_receipt(*attribute) || *attribute == LINE_FEEDS && text.is_empty();
            if !(ends && text.is_empty()) {
                self.add(*attribute, text, charset);
            }
            if ends {
                slips.extend(self.finish());
                self.copy = block.copy;
            }
        }
        slips
    }

    /// What was collected, though no end was seen; none when there is nothing.
    pub fn finish(&mut self) -> Option<Slip> {
        let copy = self.copy.take().unwrap_or(SlipCopy::Customer);
        let lines = std::mem::take(&mut self.lines);
        // Where a signature is needed, the lines have a field for it (tag 1F37).
        (!lines.is_empty()).then_some(Slip {
            copy,
            lines,
            signature: false,
        })
    }

    fn add(&mut self, attribute: u8, bytes: &[u8], charset: ZvtCharset) {
        if self.lines.len() >= MAX_LINES {
            return;
        }
        if attribute == LINE_FEEDS {
            let feeds = usize::from(bytes.first().copied().unwrap_or(1));
            let room = MAX_LINES - self.lines.len();
            let empty = std::iter::repeat_n(SlipLine::default(), feeds.min(room));
            self.lines.extend(empty);
            return;
        }
        if bytes.is_empty() && ends_receipt(attribute) {
            return;
        }
        let centred = attribute & CENTRED != 0;
        let indent = if centred || ends_receipt(attribute) {
            0
        } else {
            usize::from(attribute & INDENT)
        };
        let indent = " ".repeat(indent);
        self.lines.push(SlipLine {
            text: Text::new(&(indent + &text::decode(bytes, charset))),
            centred,
            wide: attribute & WIDE != 0,
            high: attribute & HIGH != 0,
        });
    }
}

/// Bit 8 ends a receipt; 80 alone is reserved. FF means line feeds; in 06 D3, without a text, an
/// end too.
fn ends_receipt(attribute: u8) -> bool {
    attribute > PLAIN_END && attribute != LINE_FEEDS
}

/// TLV 1F07.
fn copy(fields: &[Tlv]) -> Option<SlipCopy> {
    match tlv::find(fields, 0x1f07) {
        Some([1]) => Some(SlipCopy::Merchant),
        Some([2]) => Some(SlipCopy::Customer),
        Some([3]) => Some(SlipCopy::Administration),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(slips: &[Slip]) -> Vec<(SlipCopy, Vec<&str>)> {
        let lines = |slip: &'_ Slip| slip.lines.len();
        assert!(slips.iter().all(|slip| lines(slip) > 0));
        slips
            .iter()
            .map(|s| (s.copy, s.lines.iter().map(|l| l.text.as_str()).collect()))
            .collect()
    }

    #[test]
    fn only_an_exact_tail_is_no_text() {
        let check = |data: &[u8], text: &[u8], copy| {
            let line = PrintLine::decode(data).unwrap();
            assert_eq!((&line.text[..], line.copy), (text, copy), "{data:02X?}");
        };
        check(
            b"\x40abc\x06\x04\x1f\x07\x01\x01",
            b"abc",
            Some(SlipCopy::Merchant),
        );
        check(
            b"\x40a\x06bc\x06\x04\x1f\x07\x01\x02",
            b"a\x06bc",
            Some(SlipCopy::Customer),
        );
        check(
            b"\x40abc\x06\x04\x1f\x07\x01",
            b"abc\x06\x04\x1f\x07\x01",
            None,
        );
        check(b"\x40abc\x06", b"abc\x06", None);
        check(b"\x40", b"", None);
        assert_eq!(PrintLine::decode(b""), None);
    }

    #[test]
    fn lines_become_a_receipt_at_its_end() {
        let mut collector = SlipCollector::default();
        let mut line = |attribute, text: &[u8]| {
            let line = PrintLine {
                attribute,
                text: text.to_vec(),
                copy: None,
            };
            collector.line(&line, ZvtCharset::Cp437)
        };
        assert_eq!(line(0x70, b"title"), None);
        assert_eq!(line(0xff, &[2]), None);
        assert_eq!(line(0x02, b"indented"), None);
        assert_eq!(line(0x00, b"PAN 4111111111111111"), None);
        let slip = line(0x81, b"bye").unwrap();
        let lines = vec!["title", "", "", "  indented", "PAN ************1111", "bye"];
        assert!(slip.lines[0].centred && slip.lines[0].wide && slip.lines[0].high);
        assert_eq!(shown(&[slip]), [(SlipCopy::Customer, lines)]);
        assert_eq!(collector.finish(), None);
    }

    #[test]
    fn blocks_are_joined_until_the_end() {
        let block = |copy, lines: &[(u8, &[u8])]| PrintBlock {
            copy: Some(copy),
            lines: lines.iter().map(|(a, t)| (*a, t.to_vec())).collect(),
        };
        let mut collector = SlipCollector::default();
        let mut add = |block: &PrintBlock| {
            let wire = block.encode();
            let read = PrintBlock::decode(wire.data()).unwrap();
            assert_eq!(&read, block);
            collector.block(&read, ZvtCharset::Cp437)
        };
        let merchant = block(
            SlipCopy::Merchant,
            &[(0x40, b"one"), (0, b"two"), (0, b"three")],
        );
        assert_eq!(add(&merchant), []);
        let slips = add(&block(SlipCopy::Merchant, &[(0, b"four"), (0x81, b"")]));
        let lines = vec!["one", "two", "three", "four"];
        assert_eq!(shown(&slips), [(SlipCopy::Merchant, lines)]);
        // Another copy begins another receipt, though no end was seen.
        assert_eq!(add(&merchant), []);
        let slips = add(&block(SlipCopy::Customer, &[(0, b"five"), (0xff, b"")]));
        assert_eq!(
            shown(&slips),
            [
                (SlipCopy::Merchant, vec!["one", "two", "three"]),
                (SlipCopy::Customer, vec!["five"])
            ]
        );
    }
}
