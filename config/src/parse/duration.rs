//! Times as people write them: `90s`, `11m`, `2h`.

use std::{ops::RangeInclusive, time::Duration};

/// Why a text is not a time that is allowed here.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidDuration {
    #[error("“{0}” is not a time; write a whole number with s, m or h, for example “90s”")]
    NotATime(String),
    #[error("“{text}” is out of range; write a time from {min} to {max}")]
    OutOfRange {
        text: String,
        min: String,
        max: String,
    },
}

/// Reads a time and checks that it is in the range.
pub(super) fn parse(
    text: &str,
    allowed: &RangeInclusive<Duration>,
) -> Result<Duration, InvalidDuration> {
    let time = seconds(text).ok_or_else(|| InvalidDuration::NotATime(text.to_owned()))?;
    if allowed.contains(&time) {
        return Ok(time);
    }
    Err(InvalidDuration::OutOfRange {
        text: text.to_owned(),
        min: shown(*allowed.start()),
        max: shown(*allowed.end()),
    })
}

fn seconds(text: &str) -> Option<Duration> {
    let split = text.len().checked_sub(1)?;
    let (digits, unit) = text.split_at_checked(split)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    number.checked_mul(unit).map(Duration::from_secs)
}

fn shown(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        s if s % 3600 == 0 => format!("{}h", s / 3600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_all_forms() {
        let day = Duration::from_secs(1)..=Duration::from_hours(24);
        for (text, expected) in [
            ("1s", Some(1)),
            ("180s", Some(180)),
            ("11m", Some(660)),
            ("24h", Some(86_400)),
            ("25h", None),
            ("0s", None),
            ("", None),
            ("s", None),
            ("5", None),
            ("-5s", None),
            ("+5s", None),
            ("1.5s", None),
            ("5 s", None),
            ("5µ", None),
            ("99999999999999999999h", None),
            ("18446744073709551615h", None),
        ] {
            let seconds = parse(text, &day).ok().map(|d| d.as_secs());
            assert_eq!(seconds, expected, "{text}");
        }
    }

    #[test]
    fn a_range_is_told_in_its_own_units() {
        let range = Duration::from_secs(30)..=Duration::from_mins(90);
        let problem = parse("1s", &range).unwrap_err().to_string();
        assert_eq!(
            problem,
            "“1s” is out of range; write a time from 30s to 90m"
        );
    }
}
