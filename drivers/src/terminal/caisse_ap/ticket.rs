//! Receipts that come with an answer: Latin-1 in base 64 (`AK` inside of `ZT`, version 3.2), or
//! plain text from older terminals.

use payment::Text;

use crate::terminal::{Slip, SlipCopy, SlipLine};

/// A receipt; none when it is in a form that was not asked for. `form` is the `CK` that came with
/// it: of its three characters, the second says for whom it is, the third how it is written.
pub fn slip(form: Option<&[u8]>, value: &[u8]) -> Option<Slip> {
    let copy = match form.and_then(|form| form.get(1)) {
        Some(b'1') => SlipCopy::Merchant,
        _ => SlipCopy::Customer,
    };
    // HTML
    if form.and_then(|form| form.get(2)) == Some(&b'1') {
        return None;
    }
    let bytes = decode(value).unwrap_or_else(|| value.to_vec());
    let text: String = bytes.into_iter().map(char::from).collect();
    let lines = text.lines().map(|line| SlipLine {
        text: Text::new(line.trim_end()),
        ..SlipLine::default()
    });
    let lines: Vec<SlipLine> = lines.collect();
    (!lines.is_empty()).then_some(Slip {
        copy,
        lines,
        signature: false,
    })
}

/// Base 64 (RFC 4648, 4); none for anything else.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let body = text
        .strip_suffix(b"==")
        .or(text.strip_suffix(b"="))
        .unwrap_or(text);
    if !text.len().is_multiple_of(4) || text.is_empty() {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for group in body.chunks(4) {
        let bits = group
            .iter()
            .try_fold(0_u32, |bits, c| Some(bits << 6 | sextet(*c)?))?;
        let bits = bits << (6 * (4 - group.len()));
        let [_, whole @ ..] = bits.to_be_bytes();
        bytes.extend(whole.iter().take(group.len() * 3 / 4));
    }
    Some(bytes)
}

fn sextet(c: u8) -> Option<u32> {
    let value = match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(slip: Option<Slip>) -> Vec<String> {
        let lines = slip.map(|slip| slip.lines).unwrap_or_default();
        lines.iter().map(|line| line.text.to_string()).collect()
    }

    #[test]
    fn the_vectors_of_the_standard() {
        for (text, bytes) in [
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYmFy", "foobar"),
        ] {
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(bytes.as_bytes()));
        }
        for text in ["", "Zg", "Zg=", "Z g=", "Zm9v\n"] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn receipts_are_read_and_card_numbers_masked() {
        // "CARTE BANCAIRE\n4111111111111111\nd\xe9bit\n"
        let ticket = b"Q0FSVEUgQkFOQ0FJUkUKNDExMTExMTExMTExMTExMQpk6WJpdAo=";
        let slip = slip(Some(b"100"), ticket);
        assert_eq!(
            slip.as_ref().map(|slip| slip.copy),
            Some(SlipCopy::Customer)
        );
        assert_eq!(lines(slip), ["CARTE BANCAIRE", "************1111", "débit"]);
        assert_eq!(
            lines(super::slip(None, b"MERCI\r\n12,45 EUR")),
            ["MERCI", "12,45 EUR"]
        );
        assert_eq!(
            super::slip(Some(b"110"), b"TUVSQ0k=").map(|s| s.copy),
            Some(SlipCopy::Merchant)
        );
        assert_eq!(super::slip(Some(b"101"), b"PGI+"), None);
    }
}
