//! 04 FF: what the terminal is doing (PA00P015, 3.7).

use std::time::Duration;

use config::ZvtCharset;
use payment::Text;

use crate::terminal::zvt::{
    apdu::{Apdu, code},
    bcd, text,
    tlv::{self, Tlv, Value},
};

/// What the terminal is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntermediateStatus {
    /// See [`codes::intermediate`](crate::terminal::zvt::codes::intermediate).
    pub status: u8,
    /// How long the next step may take, in whole minutes; it replaces T4.
    pub timeout: Option<Duration>,
    /// The lines on the terminal's display.
    pub lines: Vec<Text>,
}

impl IntermediateStatus {
    /// Reads the data of 04 FF; none when it is empty.
    ///
    /// The container is said to follow a timeout byte only, but the specification's own example
    /// (5) leaves it out: where what begins with 06 is exactly a container, it is one.
    pub fn decode(data: &[u8], charset: ZvtCharset) -> Option<Self> {
        let (status, rest) = data.split_first()?;
        let (minutes, fields) = match (container(rest), rest) {
            (Some(fields), _) => (None, fields),
            (None, [minutes, rest @ ..]) => (Some(*minutes), container(rest).unwrap_or_default()),
            (None, []) => (None, Vec::new()),
        };
        let timeout = minutes
            .and_then(|byte| bcd::decode(&[byte]))
            .filter(|minutes| *minutes > 0)
            .map(|minutes| Duration::from_secs(minutes * 60));
        Some(Self {
            status: *status,
            timeout,
            lines: lines(&fields, charset),
        })
    }

    /// The message.
    pub fn encode(&self, charset: ZvtCharset) -> Apdu {
        let minutes = self.timeout.map(|t| t.as_secs() / 60);
        let minutes = minutes.and_then(bcd::encode::<1>).unwrap_or_default();
        let mut data = vec![self.status];
        if self.timeout.is_some() || !self.lines.is_empty() {
            data.extend(minutes);
        }
        if !self.lines.is_empty() {
            let lines = self.lines.iter();
            let lines = lines.map(|l| Tlv::bytes(0x07, text::encode(l.as_str(), charset)));
            data.push(0x06);
            data.extend(tlv::encode_container(&[Tlv::fields(0x24, lines.collect())]));
        }
        Apdu::new(code::INTERMEDIATE_STATUS, data)
    }
}

/// The fields of a container that begins with 06 and ends with the bytes.
fn container(bytes: &[u8]) -> Option<Vec<Tlv>> {
    match tlv::decode_container(bytes.strip_prefix(&[0x06])?)? {
        (fields, []) => Some(fields),
        _ => None,
    }
}

fn lines(fields: &[Tlv], charset: ZvtCharset) -> Vec<Text> {
    let display = tlv::find_fields(fields, 0x24).unwrap_or_default();
    let lines = display.iter().filter_map(|field| match &field.value {
        Value::Bytes(bytes) if field.tag == 0x07 => Some(Text::new(&text::decode(bytes, charset))),
        Value::Bytes(_) | Value::Fields(_) => None,
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(data: &[u8], status: u8, minutes: Option<u64>, lines: &[&str]) {
        let read = IntermediateStatus::decode(data, ZvtCharset::Latin1).unwrap();
        let expected = IntermediateStatus {
            status,
            timeout: minutes.map(|m| Duration::from_secs(m * 60)),
            lines: lines.iter().map(|l| Text::new(l)).collect(),
        };
        assert_eq!(read, expected, "{data:02X?}");
    }

    #[test]
    fn with_and_without_a_timeout_byte() {
        check(&[0x0a], 0x0a, None, &[]);
        check(&[0x0a, 0x02], 0x0a, Some(2), &[]);
        check(&[0x0a, 0x06], 0x0a, Some(6), &[]);
        check(&[0x0a, 0x0f], 0x0a, None, &[]);
        check(b"\x17\x06\x06\x1f\x73\x03\0\0\x02", 0x17, None, &[]);
        check(
            b"\x16\x01\x06\x06\x24\x04\x07\x02PI",
            0x16,
            Some(1),
            &["PI"],
        );
        check(b"\x16\x06\x06\x24\x04\x07\x02PI", 0x16, None, &["PI"]);
        // Six minutes, then the container.
        check(
            b"\x16\x06\x06\x06\x24\x04\x07\x02PI",
            0x16,
            Some(6),
            &["PI"],
        );
        check(b"\x16\x01\x06\x80", 0x16, Some(1), &[]);
        assert_eq!(IntermediateStatus::decode(&[], ZvtCharset::Cp437), None);
    }

    #[test]
    fn what_is_written_is_read() {
        let status = IntermediateStatus {
            status: 0x0a,
            timeout: Some(Duration::from_mins(2)),
            lines: vec![Text::new("Karte"), Text::new("einführen")],
        };
        let apdu = status.encode(ZvtCharset::Cp437);
        assert_eq!(
            IntermediateStatus::decode(apdu.data(), ZvtCharset::Cp437),
            Some(status)
        );
    }
}
