//! What a terminal answers: fixed fields of ASCII (Application messages). Card data ends here.

use std::ops::Range;

use jiff::{Timestamp, civil, tz::TimeZone};
use payment::{
    Approval, CardRef, Currency, EntryMode, Last4, Money, Stored, StoredKind, Text,
    limits::MINOR_UNITS,
};

use super::request::MAX_STAN;

/// The code of a message: what it is.
pub fn code(payload: &[u8]) -> Option<u8> {
    payload.get(9).copied()
}

/// The answer to `s`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The terminal's ID, if it has one.
    pub terminal_id: Option<Text>,
    /// A digit; 2 is operative. Others depend on the maker.
    pub status: char,
}

impl Status {
    /// Reads one; none when it is none.
    pub fn decode(payload: &[u8]) -> Option<Self> {
        let status = char::from(*payload.get(30)?);
        (code(payload) == Some(b's') && status.is_ascii_digit()).then(|| Self {
            terminal_id: terminal_id(payload),
            status,
        })
    }

    /// Why a terminal with this status takes no payment; none when it does (Terminal status, place 31).
    pub fn not_operative(&self) -> Option<String> {
        let why = match self.status {
            '2' => return None,
            '0' => "The terminal is not configured. Call its provider.",
            '1' => {
                "The terminal has not been set up by its host. Start a DLL (a download of its \
                 parameters) on it, or call its provider."
            }
            '3' => {
                "The terminal is not aligned with its host. Start a DLL (a download of its \
                 parameters) on it."
            }
            '4' => "The terminal's keys are damaged. Call its provider.",
            '5' => {
                "The terminal's host wants a DLL (a download of its parameters). Start it on the \
                 terminal, and wait."
            }
            '6' => "The terminal wants to update its software. Let it, and wait.",
            other => {
                return Some(format!(
                    "The terminal is in a state ({other}) that is not known. Look at its display."
                ));
            }
        };
        Some(why.to_owned())
    }
}

/// What a result says of the money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// `00`
    Approved,
    /// `01`, or `05` for a missing card; with the terminal's words.
    Refused {
        /// The code of the result.
        code: &'static str,
        /// Why.
        text: Text,
    },
    /// Anything else, as `09` for an answer of the host that was not understood: it says neither.
    Unclear(Text),
}

/// The result of a payment or a reversal: `E`, or `V` where the customer paid in another currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What became of it.
    pub verdict: Verdict,
    /// Whether it can only be a reversal's: [`Outcome::decode`] says how that is told.
    pub reversal: bool,
    terminal_id: Option<Text>,
    last4: Option<Last4>,
    entry: EntryMode,
    authorisation: Option<Text>,
    day_and_time: Option<(i16, i8, i8)>,
    /// The number of the transaction; none for zero, which names none.
    pub stan: Option<u32>,
    /// The amount in cents, where the result tells it.
    minor: Option<i64>,
}

/// A result of `P` ends here, and nothing shorter is one.
const SHORTEST: usize = 71;
/// A reversal's result ends here; that of `X` is longer.
const REVERSAL: Range<usize> = 84..92;

impl Outcome {
    /// Reads one; none when it is none.
    ///
    /// A result does not say of what it is. A reversal's is longer than that of `P` and shorter than
    /// that of `X`, and has zeros where these have an authorisation code and an amount: all of that
    /// together is no payment.
    pub fn decode(payload: &[u8]) -> Option<Self> {
        let exchanged = match code(payload)? {
            b'E' => false,
            b'V' => true,
            _ => return None,
        };
        if payload.len() < SHORTEST || !payload.is_ascii() {
            return None;
        }
        let word = |from, length| field(payload, from, length).unwrap_or_default();
        let verdict = match word(11, 2) {
            "00" => Verdict::Approved,
            "01" => refused("01", word(13, 24), "The payment was refused"),
            "05" => refused("05", "", "No card was there"),
            other => Verdict::Unclear(Text::new(other)),
        };
        let approved = verdict == Verdict::Approved;
        let authorisation = word(35, 6);
        let amount = number(word(75, 8));
        let unauthorised = authorisation == "000000" && amount == Some(0);
        Some(Self {
            reversal: approved && !exchanged && unauthorised && REVERSAL.contains(&payload.len()),
            terminal_id: terminal_id(payload),
            last4: approved.then(|| last4(word(13, 19))).flatten(),
            entry: if approved {
                entry(word(32, 3))
            } else {
                EntryMode::Unknown
            },
            authorisation: Some(authorisation.trim())
                .filter(|code| approved && !code.bytes().all(|byte| byte == b'0'))
                .map(Text::new),
            day_and_time: approved.then(|| day_and_time(word(41, 7))).flatten(),
            stan: number(word(60, 6))
                .and_then(|number| u32::try_from(number).ok())
                .filter(|number| (1..=MAX_STAN).contains(number)),
            minor: amount.filter(|minor| *minor > 0),
            verdict,
        })
    }

    /// The amount; none when the result tells none.
    pub fn money(&self, currency: Currency) -> Option<Money> {
        Money::from_minor(self.minor?, currency).ok()
    }

    /// The terminal's ID, if it names one.
    pub fn terminal_id(&self) -> Option<&Text> {
        self.terminal_id.as_ref()
    }

    /// What is kept of it. The year is not told: it is the one nearest to `now`.
    pub fn approval(&self, currency: Currency, now: Option<Timestamp>) -> Approval {
        let time = self.day_and_time.zip(now);
        Approval {
            money: self.money(currency),
            card: CardRef {
                brand: None,
                last4: self.last4,
            },
            entry: self.entry,
            authorisation: self.authorisation.clone(),
            terminal_id: self.terminal_id.clone(),
            trace: self.stan,
            terminal_receipt: None,
            reference: None,
            terminal_time: time.and_then(|(told, now)| nearest(told, now)),
        }
    }

    /// As what the terminal stored last; none when it says neither yes nor no.
    pub fn stored(&self, currency: Currency, now: Option<Timestamp>) -> Option<Stored> {
        let kind = match self.verdict {
            Verdict::Approved if self.reversal => StoredKind::Reversal {
                original_trace: None,
            },
            Verdict::Approved => StoredKind::Payment,
            Verdict::Refused { .. } => StoredKind::Refused,
            Verdict::Unclear(_) => return None,
        };
        let approval = self.approval(currency, now);
        Some(Stored { kind, approval })
    }
}

/// The answer to `C` or `T`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Totals {
    /// `00`, with the terminal's total and its host's in cents, as far as they are told.
    Told {
        /// The terminal's.
        terminal: Option<i64>,
        /// Its host's.
        host: Option<i64>,
    },
    /// `01`, with the terminal's words.
    Refused(Text),
    /// Anything else.
    Unclear,
}

impl Totals {
    /// Reads an answer with this code; none when it is none.
    pub fn decode(payload: &[u8], expected: u8) -> Option<Self> {
        if code(payload) != Some(expected) || !payload.is_ascii() {
            return None;
        }
        let word = |from, length| field(payload, from, length).unwrap_or_default();
        Some(match field(payload, 11, 2)? {
            "00" => Self::Told {
                terminal: total(word(13, 16)),
                // The answer to `T` has zeros there.
                host: total(word(29, 16)),
            },
            "01" => Self::Refused(sentence(word(13, 19), "It gives no reason")),
            _ => Self::Unclear,
        })
    }
}

fn refused(code: &'static str, words: &str, without: &str) -> Verdict {
    let text = sentence(words, without);
    Verdict::Refused { code, text }
}

/// The terminal's words, or ours where it has none, without a full stop.
fn sentence(words: &str, without: &str) -> Text {
    let words = words.trim();
    Text::new(if words.is_empty() { without } else { words })
}

/// A field by the places of the specification, which counts from one.
fn field(payload: &[u8], from: usize, length: usize) -> Option<&str> {
    let start = from.checked_sub(1)?;
    std::str::from_utf8(payload.get(start..start.checked_add(length)?)?).ok()
}

fn number(digits: &str) -> Option<i64> {
    let all = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| all)
}

/// A total. Sixteen digits are room for a card number: what no day comes to is not taken over.
fn total(digits: &str) -> Option<i64> {
    number(digits).filter(|minor| *minor <= MINOR_UNITS)
}

/// Zeros are no ID.
fn terminal_id(payload: &[u8]) -> Option<Text> {
    let id = field(payload, 1, 8)?;
    let some = id.bytes().all(|byte| byte.is_ascii_digit()) && id.bytes().any(|byte| byte != b'0');
    some.then(|| Text::new(id))
}

/// The last four digits: all that is ever taken of the field.
fn last4(pan: &str) -> Option<Last4> {
    if pan.bytes().all(|byte| byte == b'0') {
        return None;
    }
    let digits: [u8; 4] = pan.as_bytes().last_chunk::<4>().copied()?;
    Last4::new(digits.map(|byte| byte.wrapping_sub(b'0'))).ok()
}

fn entry(word: &str) -> EntryMode {
    match word {
        "ICC" => EntryMode::Chip,
        "MAG" => EntryMode::Stripe,
        "CLI" | "CLM" => EntryMode::Contactless,
        _ => EntryMode::Unknown,
    }
}

/// `DDDHHMM`: the day of the year from 1, hours and minutes.
fn day_and_time(field: &str) -> Option<(i16, i8, i8)> {
    let day = number(field.get(..3)?)?;
    let (hour, minute) = (number(field.get(3..5)?)?, number(field.get(5..7)?)?);
    Some((
        i16::try_from(day).ok()?,
        i8::try_from(hour).ok()?,
        i8::try_from(minute).ok()?,
    ))
}

/// The moment in the year that brings it nearest to now.
fn nearest((day, hour, minute): (i16, i8, i8), now: Timestamp) -> Option<civil::DateTime> {
    let now = now.to_zoned(TimeZone::UTC).datetime();
    let time = civil::Time::new(hour, minute, 0, 0).ok()?;
    let in_year = |year: i16| {
        let first = civil::Date::new(year, 1, 1).ok()?;
        let date = first.with().day_of_year(day).build().ok()?;
        Some(date.to_datetime(time))
    };
    let years = [
        now.year().checked_sub(1)?,
        now.year(),
        now.year().checked_add(1)?,
    ];
    let moments = years.into_iter().filter_map(in_year);
    moments.min_by_key(|moment| moment.duration_since(now).abs())
}

#[cfg(test)]
mod tests;
