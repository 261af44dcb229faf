//! Receipts that come from the terminal in pieces (Send ticket), for a printer of 24 columns.

use payment::Text;

use crate::terminal::{Slip, SlipCopy, SlipLine};

/// Longer receipts than any terminal prints; what is longer is cut.
const MAX_LINES: usize = 400;

/// Ends a line and its format; at the beginning of a line it makes an empty one.
const NEW_LINE: u8 = 0x7d;
/// Ends a receipt.
const END: u8 = 0x1b;

/// Puts receipts together from `S` messages.
#[derive(Debug, Default)]
pub struct Tickets {
    lines: Vec<SlipLine>,
    line: String,
    format: Format,
}

/// How the characters of a line are printed, and so how many of them fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Format {
    #[default]
    Normal,
    High,
    Wide,
    Compressed,
}

impl Format {
    /// The format that a byte begins.
    fn begun_by(byte: u8) -> Option<Self> {
        match byte {
            0x7e | 0x7f => Some(Self::High),
            0x7b | 0x7c => Some(Self::Wide),
            0x5e => Some(Self::Compressed),
            _ => None,
        }
    }

    fn columns(self) -> usize {
        match self {
            Self::Normal | Self::High => 24,
            Self::Wide => 12,
            Self::Compressed => 42,
        }
    }
}

impl Tickets {
    /// Takes over what an `S` message prints, and gives the lines of a receipt that it ends.
    pub fn add(&mut self, text: &[u8]) -> Option<Vec<SlipLine>> {
        let mut ended: Option<Vec<SlipLine>> = None;
        for byte in text {
            match (*byte, Format::begun_by(*byte)) {
                (END, _) => {
                    if let Some(lines) = self.finish() {
                        ended.get_or_insert_default().extend(lines);
                    }
                }
                (NEW_LINE, _) => self.end_line(),
                (_, Some(format)) if self.line.is_empty() => self.format = format,
                (byte, _) => {
                    let shown = byte.is_ascii_graphic() || byte == b' ';
                    self.line.push(if shown { char::from(byte) } else { '?' });
                    if self.line.len() >= self.format.columns() {
                        self.end_line();
                    }
                }
            }
        }
        ended
    }

    /// The lines so far, without the empty ones at the end; none when nothing is left.
    pub fn finish(&mut self) -> Option<Vec<SlipLine>> {
        if !self.line.is_empty() {
            self.end_line();
        }
        self.format = Format::Normal;
        let mut lines = std::mem::take(&mut self.lines);
        while lines.last().is_some_and(|line| line.text.is_empty()) {
            lines.pop();
        }
        (!lines.is_empty()).then_some(lines)
    }

    fn end_line(&mut self) {
        let text = std::mem::take(&mut self.line);
        let format = std::mem::take(&mut self.format);
        if self.lines.len() < MAX_LINES {
            self.lines.push(SlipLine {
                text: Text::new(text.trim_end()),
                centred: false,
                wide: format == Format::Wide,
                high: format == Format::High,
            });
        }
    }
}

/// A payment's receipt. Terminals do not say for whom it is, but print it: what is not the
/// merchant's copy is the customer's.
pub fn receipt(lines: Vec<SlipLine>) -> Slip {
    let merchants = |line: &SlipLine| {
        let text = line.text.as_str().to_ascii_uppercase();
        text.contains("COPIA") && text.contains("ESERCENTE")
    };
    let copy = if lines.iter().any(merchants) {
        SlipCopy::Merchant
    } else {
        SlipCopy::Customer
    };
    Slip {
        copy,
        lines,
        signature: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(lines: &[SlipLine]) -> Vec<&str> {
        lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn lines_end_at_their_mark_or_when_they_are_full() {
        let mut tickets = Tickets::default();
        assert_eq!(tickets.add(b"NEXI}}ABCDEFGHIJKLMNOPQRSTUVWXNEXT"), None);
        let lines = tickets.add(b"}\x7fEURO 10,10}ciao}}}}}}\x1b").unwrap();
        let expected = [
            "NEXI",
            "",
            "ABCDEFGHIJKLMNOPQRSTUVWX",
            "NEXT",
            "EURO 10,10",
            "ciao",
        ];
        assert_eq!(shown(&lines), expected);
        let high: Vec<bool> = lines.iter().map(|line| line.high).collect();
        assert_eq!(high, [false, false, false, false, true, false]);
        assert_eq!(tickets.finish(), None);
    }

    #[test]
    fn wide_and_compressed_lines_have_their_own_length() {
        let mut tickets = Tickets::default();
        let text = format!("|{}^{}end\x1b", "W".repeat(12), "c".repeat(42));
        let lines = tickets.add(text.as_bytes()).unwrap();
        let expected = ["W".repeat(12), "c".repeat(42), "end".into()];
        assert_eq!(shown(&lines), expected);
        assert!(lines[0].wide && !lines[1].wide);
    }

    #[test]
    fn card_numbers_are_masked_and_the_copy_is_known() {
        let mut tickets = Tickets::default();
        let lines = tickets
            .add(b"PAN 4111111111111111}COPIA ESERCENTE}\x1b")
            .unwrap();
        assert_eq!(lines[0].text.as_str(), "PAN ************1111");
        assert_eq!(receipt(lines).copy, SlipCopy::Merchant);
        let lines = tickets.add(b"COPIA CLIENTE}\x1b").unwrap();
        assert_eq!(receipt(lines).copy, SlipCopy::Customer);
    }

    proptest! {
        #[test]
        fn any_bytes_make_lines_that_fit(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let mut tickets = Tickets::default();
            let mut lines = tickets.add(&bytes).unwrap_or_default();
            lines.extend(tickets.finish().unwrap_or_default());
            prop_assert!(lines.len() <= 2 * MAX_LINES);
            prop_assert!(lines.iter().all(|line| line.text.as_str().len() <= 42));
        }
    }
}
