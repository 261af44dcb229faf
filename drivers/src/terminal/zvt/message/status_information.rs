//! 04 0F: the result of a payment (PA00P015, 3.1).

use config::ZvtCharset;
use jiff::{Timestamp, civil};
use payment::{Approval, CardRef, Currency, EntryMode, Money, Stored, StoredKind, Text};

use super::Totals;
use crate::terminal::zvt::{bcd, bmp, text, tlv};

/// The result of a payment, or of another operation. Of the card only what may be kept is here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatusInformation {
    /// BMP 27: 0 is an approval.
    pub result: Option<u8>,
    /// BMP 04, in the currency's smallest unit. Some terminals leave it out.
    pub amount: Option<u64>,
    /// BMP 49; only when the till named one.
    pub currency: Option<u16>,
    /// BMP 0B, or TLV 1F2B where that is too short.
    pub trace: Option<u32>,
    /// BMP 87.
    pub receipt: Option<u32>,
    /// BMP 88.
    pub turnover: Option<u32>,
    /// BMP 29.
    pub terminal_id: Option<Text>,
    /// Whether it is the record of a reversal: BMP 37 is there.
    pub reversal: bool,
    /// BMP 37: the trace number of the payment that was reversed. A payment has none.
    pub original_trace: Option<u32>,
    /// BMP 22, last digits only, and 8B, 8A or TLV 41.
    pub card: CardRef,
    /// TLV 1F12. BMP 19 says here how was paid, not how the card was read.
    pub entry: EntryMode,
    /// BMP 3B.
    pub authorisation: Option<Text>,
    /// BMP AA: year, month and day.
    pub date: Option<civil::Date>,
    /// BMP 0D: month and day, without a year.
    pub month_day: Option<(i8, i8)>,
    /// BMP 0C.
    pub time: Option<civil::Time>,
    /// BMP 3C, or TLV 24: what the terminal says of it.
    pub text: Option<Text>,
    /// Whether it is the record of an end of day: BMP 60 is there.
    pub has_totals: bool,
    /// BMP 60: the totals of an end of day, when they can be read. A payment has none.
    pub totals: Option<Totals>,
    /// How many bytes at the end could not be read.
    pub unread: usize,
}

impl StatusInformation {
    /// Reads the data of 04 0F.
    pub fn decode(data: &[u8], charset: ZvtCharset) -> Self {
        let fields = bmp::decode(data);
        let small = |tag| fields.number(tag).and_then(|n| u32::try_from(n).ok());
        let words = |bytes: &[u8]| plain(&text::decode(bytes, charset));
        let display = tlv::find_fields(fields.tlv(), 0x24);
        let shown = display.and_then(|display| tlv::find(display, 0x07));
        Self {
            result: fields.byte(0x27),
            amount: fields.number(0x04),
            currency: fields.number(0x49).and_then(|n| u16::try_from(n).ok()),
            trace: trace(&fields),
            receipt: small(0x87),
            turnover: small(0x88),
            terminal_id: fields
                .get(0x29)
                .and_then(bcd::digits)
                .map(|d| Text::new(&d)),
            reversal: fields.get(0x37).is_some(),
            original_trace: small(0x37),
            card: CardRef {
                brand: brand(&fields, charset),
                last4: fields.last4,
            },
            entry: entry(&fields),
            authorisation: fields.get(0x3b).and_then(words),
            date: fields.get(0xaa).and_then(date),
            month_day: fields.get(0x0d).and_then(month_day),
            time: fields.get(0x0c).and_then(time),
            text: fields
                .get(0x3c)
                .and_then(words)
                .or_else(|| shown.and_then(words)),
            has_totals: fields.get(0x60).is_some(),
            totals: fields.get(0x60).and_then(Totals::decode),
            unread: fields.unread,
        }
    }

    /// Whether the terminal says that money was taken.
    pub fn is_approval(&self) -> bool {
        self.result == Some(0)
    }

    /// The amount, in the currency that it names or else in the one that was asked for.
    pub fn money(&self, asked: Currency) -> Option<Money> {
        let currency = match self.currency {
            Some(code) => Currency::from_numeric(code)?,
            None => asked,
        };
        Money::from_minor(i64::try_from(self.amount?).ok()?, currency).ok()
    }

    /// What is kept of an approval to a request for `asked`, made at `at`, if that is known.
    pub fn approval(&self, asked: Currency, at: Option<Timestamp>) -> Approval {
        Approval {
            money: self.money(asked),
            card: self.card.clone(),
            entry: self.entry,
            authorisation: self.authorisation.clone(),
            terminal_id: self.terminal_id.clone(),
            trace: self.trace,
            terminal_receipt: self.receipt,
            reference: None,
            terminal_time: self.moment(at),
        }
    }

    /// What it says of a transaction that the terminal has stored. BMP 37 is only in the record of
    /// a reversal, and BMP 60 only in that of an end of day (PA00P015, 2.10).
    pub fn stored(&self, currency: Currency, at: Option<Timestamp>) -> Stored {
        let kind = match (self.has_totals, self.reversal) {
            (true, _) => StoredKind::EndOfDay,
            (false, true) => StoredKind::Reversal {
                original_trace: self.original_trace,
            },
            (false, false) => StoredKind::Payment,
        };
        Stored {
            kind,
            approval: self.approval(currency, at),
        }
    }

    /// The terminal's date and time. A year that it does not name is the one nearest to `at`;
    /// without that nobody knows it.
    fn moment(&self, at: Option<Timestamp>) -> Option<civil::DateTime> {
        let time = self.time?;
        if let Some(date) = self.date {
            return Some(date.to_datetime(time));
        }
        let (month, day) = self.month_day?;
        let at = at?.to_zoned(jiff::tz::TimeZone::UTC).datetime();
        (-1..=1)
            .filter_map(|years| {
                let date = civil::Date::new(at.year().checked_add(years)?, month, day).ok()?;
                Some(date.to_datetime(time))
            })
            .min_by_key(|moment| at.duration_since(*moment).unsigned_abs())
    }
}

fn trace(fields: &bmp::Fields<'_>) -> Option<u32> {
    let short = fields.number(0x0b).filter(|trace| *trace > 0);
    let long = || tlv::find(fields.tlv(), 0x1f2b).and_then(bcd::decode);
    short.or_else(long).and_then(|n| u32::try_from(n).ok())
}

fn brand(fields: &bmp::Fields<'_>, charset: ZvtCharset) -> Option<Text> {
    let named = fields
        .get(0x8b)
        .and_then(|name| plain(&text::decode(name, charset)));
    named.or_else(|| {
        let id = match fields.byte(0x8a) {
            Some(0xff) | None => {
                let id = tlv::find(fields.tlv(), 0x41)?;
                id.iter()
                    .take(4)
                    .fold(0, |id, byte| id << 8 | u32::from(*byte))
            }
            Some(id) => u32::from(id),
        };
        brand_of(id).map(Text::new)
    })
}

/// The card types that are met (PA00P015, 12: ZVT card type IDs).
fn brand_of(id: u32) -> Option<&'static str> {
    Some(match id {
        2 => "ec",
        5 => "girocard",
        6 => "Mastercard",
        7 => "EAPS",
        8 => "American Express",
        9 => "ELV",
        10 => "Visa",
        11 => "Visa Electron",
        12 => "Diners Club",
        13 => "V PAY",
        14 => "JCB",
        46 => "Maestro",
        69 => "PostFinance",
        196 => "Dankort",
        198 => "UnionPay",
        232 => "Discover",
        259 => "AVIA",
        260 => "BLUECODE",
        _ => return None,
    })
}

fn entry(fields: &bmp::Fields<'_>) -> EntryMode {
    match tlv::find(fields.tlv(), 0x1f12) {
        Some([0]) => EntryMode::Stripe,
        Some([1]) => EntryMode::Chip,
        Some([2]) => EntryMode::Contactless,
        _ => EntryMode::Unknown,
    }
}

/// Without what follows a NUL, and without outer spaces; none when nothing is left.
fn plain(text: &str) -> Option<Text> {
    let text = text.split('\0').next().unwrap_or_default().trim();
    (!text.is_empty()).then(|| Text::new(text))
}

fn pair(byte: u8) -> Option<i8> {
    bcd::decode(&[byte]).and_then(|n| i8::try_from(n).ok())
}

fn date(value: &[u8]) -> Option<civil::Date> {
    let [year, month, day] = value else {
        return None;
    };
    let year = 2000 + i16::from(pair(*year)?);
    civil::Date::new(year, pair(*month)?, pair(*day)?).ok()
}

fn month_day(value: &[u8]) -> Option<(i8, i8)> {
    let [month, day] = value else {
        return None;
    };
    // A leap year has every day.
    let date = civil::Date::new(2000, pair(*month)?, pair(*day)?).ok()?;
    Some((date.month(), date.day()))
}

fn time(value: &[u8]) -> Option<civil::Time> {
    let [hour, minute, second] = value else {
        return None;
    };
    civil::Time::new(pair(*hour)?, pair(*minute)?, pair(*second)?, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_without_a_year_lies_near_the_moment_of_asking() {
        let check = |asked: &str, (month, day): (i8, i8), expected: &str| {
            let status = StatusInformation {
                month_day: Some((month, day)),
                time: Some(civil::time(23, 59, 58, 0)),
                ..StatusInformation::default()
            };
            let moment = status.moment(asked.parse().ok()).unwrap();
            assert_eq!(moment.to_string(), expected);
        };
        check("2026-01-01T00:00:01Z", (12, 31), "2025-12-31T23:59:58");
        check("2026-12-31T23:00:00Z", (12, 31), "2026-12-31T23:59:58");
        check("2026-12-31T23:59:59Z", (1, 1), "2027-01-01T23:59:58");
        check("2028-02-29T12:00:00Z", (2, 29), "2028-02-29T23:59:58");
    }

    #[test]
    fn a_brand_comes_by_name_or_by_number() {
        let check = |data: &[u8], brand: Option<&str>| {
            let read = StatusInformation::decode(data, ZvtCharset::Cp437);
            assert_eq!(read.card.brand, brand.map(Text::new), "{data:02X?}");
        };
        check(b"\x8a\x06\x8b\xf0\xf8MAESTRO\0", Some("MAESTRO"));
        check(b"\x8a\x06", Some("Mastercard"));
        check(b"\x8a\xff\x06\x04\x41\x02\x01\x04", Some("BLUECODE"));
        check(b"\x8a\x00", None);
        check(b"", None);
    }
}
