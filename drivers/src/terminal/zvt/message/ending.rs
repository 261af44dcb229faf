//! 06 0F and 06 1E: an operation is over (PA00P015, 3.2 and 3.3).

use payment::Text;

use crate::terminal::zvt::{bcd, bmp, tlv};

/// 06 0F: the operation ended well. It alone is no approval.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completion {
    /// BMP 19: what the terminal needs, after a registration.
    pub status: Option<u8>,
    /// BMP 29.
    pub terminal_id: Option<Text>,
    /// BMP 49: the terminal's currency.
    pub currency: Option<u16>,
    /// BMP 27: what it does next, such as `E0` for an update of its software.
    pub result: Option<u8>,
}

impl Completion {
    /// Reads the data of 06 0F, but not of one that ends a status enquiry: that has no tags.
    pub fn decode(data: &[u8]) -> Self {
        let fields = bmp::decode(data);
        let digits = fields.get(0x29).and_then(bcd::digits);
        Self {
            status: fields.byte(0x19),
            terminal_id: digits.map(|digits| Text::new(&digits)),
            currency: fields.number(0x49).and_then(|c| u16::try_from(c).ok()),
            result: fields.byte(0x27),
        }
    }
}

/// 06 1E: the operation ended badly.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Abort {
    /// The result code; some terminals leave it out.
    pub result: Option<u8>,
    /// BMP 87, when an enquiry for open pre-authorisations ended.
    pub receipt: Option<u16>,
    /// The extended error of a system error (TLV 1F16, 1F17).
    pub extended: Option<Text>,
}

impl Abort {
    /// Reads the data of 06 1E.
    pub fn decode(data: &[u8]) -> Self {
        let (result, rest) = match data {
            [result, rest @ ..] => (Some(*result), rest),
            [] => (None, data),
        };
        let fields = bmp::decode(rest);
        let receipt: Option<[u8; 2]> = fields.get(0x87).and_then(|r| r.try_into().ok());
        let extended = tlv::find(fields.tlv(), 0x1f17);
        Self {
            result,
            receipt: receipt.map(u16::from_be_bytes),
            extended: extended.map(|text| Text::new(&String::from_utf8_lossy(text))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings() {
        let registered = Completion::decode(b"\x19\0\x29\x29\0\x10\x06\x49\x09\x78");
        assert_eq!(registered.terminal_id, Some(Text::new("29001006")));
        assert_eq!(
            (registered.status, registered.currency),
            (Some(0), Some(978))
        );
        assert_eq!(Completion::decode(b"\x27\xe0").result, Some(0xe0));
        assert_eq!(Completion::decode(b""), Completion::default());

        let check = |data: &[u8], result, receipt| {
            let abort = Abort::decode(data);
            assert_eq!(
                (abort.result, abort.receipt),
                (result, receipt),
                "{data:02X?}"
            );
        };
        check(b"\x6c", Some(0x6c), None);
        check(b"", None, None);
        check(b"\xb8\x87\xff\xff", Some(0xb8), Some(0xffff));
    }
}
