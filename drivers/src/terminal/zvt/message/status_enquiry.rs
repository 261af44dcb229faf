//! 05 01: how the terminal is (PA00P015, 2.27).

use payment::Text;

use crate::terminal::zvt::apdu::{Apdu, code};

/// 05 01, without a wish: the answer is short.
pub fn status_enquiry() -> Apdu {
    Apdu::new(code::STATUS_ENQUIRY, Vec::new())
}

/// The completion of a status enquiry. Its fields have no tags.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatusReport {
    /// See [`codes::terminal_status`](crate::terminal::zvt::codes::terminal_status).
    pub status: Option<u8>,
    /// The version of the terminal's software, when it tells it.
    pub software: Option<Text>,
}

impl StatusReport {
    /// Reads the data of the 06 0F that ends a status enquiry: perhaps a version with three length
    /// bytes `Fx`, the status, perhaps a container. A status alone may look like a length byte too.
    pub fn decode(data: &[u8]) -> Self {
        let (software, rest) = match data {
            [a, b, c, rest @ ..] if [a, b, c].iter().all(|byte| *byte >> 4 == 0x0f) => {
                let digits = [a, b, c].map(|byte| usize::from(byte & 0x0f));
                let length = digits.iter().fold(0, |sum, digit| sum * 10 + digit);
                match rest.split_at_checked(length) {
                    Some((software, rest)) => (Some(software), rest),
                    None => (None, &[][..]),
                }
            }
            _ => (None, data),
        };
        Self {
            status: rest.first().copied(),
            software: software.map(|text| Text::new(&String::from_utf8_lossy(text))),
        }
    }

    /// The data of the completion, without a container.
    pub fn encode(&self) -> Vec<u8> {
        let mut data = Vec::new();
        if let Some(software) = &self.software {
            let bytes = software.as_str().as_bytes();
            let digit = |power: usize| 0xf0 | u8::try_from(bytes.len() / power % 10).unwrap_or(0);
            data.extend([digit(100), digit(10), digit(1)]);
            data.extend(bytes);
        }
        data.extend(self.status);
        data
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completions_of_real_terminals() {
        let check = |data: &[u8], status: Option<u8>, software: Option<&str>| {
            let report = StatusReport::decode(data);
            assert_eq!(report.status, status, "{data:02X?}");
            assert_eq!(report.software, software.map(Text::new), "{data:02X?}");
        };
        check(&[0x9c], Some(0x9c), None);
        check(&[0xdc], Some(0xdc), None);
        check(&[0xf0], Some(0xf0), None);
        check(b"\xf0\xf0\xf72.14.15\0", Some(0), Some("2.14.15"));
        check(
            b"\xf0\xf4\xf0GER-APP-v2.0.9;cS02.01.01-10.10-2-2;CC26\0\x06\x04\x1f\x44\x01\x52",
            Some(0),
            Some("GER-APP-v2.0.9;cS02.01.01-10.10-2-2;CC26"),
        );
        check(b"\0\x06\0", Some(0), None);
        check(b"", None, None);
        check(b"\xf9\xf9\xf9\0", None, None);
    }

    #[test]
    fn what_is_written_is_read() {
        for software in [None, Some(Text::new("2.14.15"))] {
            let report = StatusReport {
                status: Some(0xe0),
                software,
            };
            assert_eq!(StatusReport::decode(&report.encode()), report);
        }
    }
}
