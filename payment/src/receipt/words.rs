//! What is written otherwise in another language: dates, amounts, and the words that no template
//! may leave out.

use std::{fmt, str::FromStr};

use jiff::civil::{Date, DateTime};
use rust_decimal::Decimal;

use crate::{Currency, EntryMode, Method, Money};

/// The language of receipts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
}

/// Not a language that receipts are written in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a language of receipts; write “en” or “de”")]
pub struct InvalidLanguage(String);

impl FromStr for Language {
    type Err = InvalidLanguage;
    fn from_str(text: &str) -> Result<Self, InvalidLanguage> {
        match text {
            "en" => Ok(Self::English),
            "de" => Ok(Self::German),
            other => Err(InvalidLanguage(other.chars().take(32).collect())),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::English => "en",
            Self::German => "de",
        })
    }
}

/// The words that tilld itself puts on paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// Of a reprint, before its number (law 8).
    pub copy: &'static str,
    /// Before the moment of the payment, on a reprint.
    pub original: &'static str,
    /// Before the moment of a reprint.
    pub reprinted: &'static str,
    /// Before the receipt number.
    pub number: &'static str,
    /// Before the amount.
    pub amount: &'static str,
    /// Below the line for it.
    pub signature: &'static str,
    /// A terminal's slip that belongs to no payment.
    pub report: &'static str,
    /// A terminal's receipt that was printed once more.
    pub repeated: &'static str,
    /// Before the device.
    pub device: &'static str,
    /// Before a moment.
    pub date: &'static str,
}

const ENGLISH: Words = Words {
    copy: "COPY",
    original: "Original of",
    reprinted: "Reprinted",
    number: "Receipt no.",
    amount: "Amount",
    signature: "Signature",
    report: "Terminal report",
    repeated: "Terminal receipt",
    device: "Device",
    date: "Date",
};

const GERMAN: Words = Words {
    copy: "KOPIE / COPY",
    original: "Original vom",
    reprinted: "Nachdruck vom",
    number: "Beleg-Nr.",
    amount: "Betrag",
    signature: "Unterschrift",
    report: "Terminalbericht",
    repeated: "Terminalbeleg",
    device: "Gerät",
    date: "Datum",
};

impl Language {
    /// tilld's own words.
    pub fn words(self) -> &'static Words {
        match self {
            Self::English => &ENGLISH,
            Self::German => &GERMAN,
        }
    }

    /// `EUR 1,080.10` or `1.080,10 EUR`. The code is known everywhere, and every printer has its
    /// letters.
    pub fn money(self, money: Money) -> String {
        let number = self.number(money.amount());
        self.with_currency(&number, money.currency())
    }

    /// A number beside its currency.
    fn with_currency(self, number: &str, currency: Currency) -> String {
        let code = currency.code();
        match self {
            Self::English => format!("{code} {number}"),
            Self::German => format!("{number} {code}"),
        }
    }

    /// `1,080.10` or `1.080,10`.
    pub fn number(self, number: Decimal) -> String {
        let (thousands, point) = match self {
            Self::English => (',', '.'),
            Self::German => ('.', ','),
        };
        let text = number.abs().to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let mut out = String::new();
        if number.is_sign_negative() && !number.is_zero() {
            out.push('-');
        }
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                out.push(thousands);
            }
            out.push(digit);
        }
        if !fraction.is_empty() {
            out.push(point);
            out.push_str(fraction);
        }
        out
    }

    /// `2026-11-20` or `20.11.2026`.
    pub fn date(self, date: Date) -> String {
        match self {
            Self::English => date.strftime("%Y-%m-%d").to_string(),
            Self::German => date.strftime("%d.%m.%Y").to_string(),
        }
    }

    /// A day and its time, to the minute.
    pub fn moment(self, at: DateTime) -> String {
        format!("{} {}", self.date(at.date()), at.strftime("%H:%M"))
    }

    /// How it was paid.
    pub fn method(self, method: Method) -> &'static str {
        match (self, method) {
            (Self::English, Method::Card) => "card",
            (Self::English, Method::Cash) => "cash",
            (Self::English, Method::Cheque) => "cheque",
            (Self::English, Method::BankTransfer) => "bank transfer",
            (Self::English, Method::Other) => "other",
            (Self::German, Method::Card) => "Karte",
            (Self::German, Method::Cash) => "bar",
            (Self::German, Method::Cheque) => "Scheck",
            (Self::German, Method::BankTransfer) => "Überweisung",
            (Self::German, Method::Other) => "sonstige",
        }
    }

    /// How the card was read, if that is known.
    pub fn entry(self, entry: EntryMode) -> Option<&'static str> {
        Some(match (self, entry) {
            (_, EntryMode::Unknown) => return None,
            (Self::English, EntryMode::Stripe) => "magnetic stripe",
            (Self::English, EntryMode::Chip) => "chip",
            (Self::English, EntryMode::Contactless) => "contactless",
            (Self::German, EntryMode::Stripe) => "Magnetstreifen",
            (Self::German, EntryMode::Chip) => "Chip",
            (Self::German, EntryMode::Contactless) => "kontaktlos",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_currency;

    #[test]
    fn amounts_and_dates_are_written_by_language() {
        for (amount, currency, english, german) in [
            ("0.05", "EUR", "EUR 0.05", "0,05 EUR"),
            ("80.10", "EUR", "EUR 80.10", "80,10 EUR"),
            ("999.00", "CHF", "CHF 999.00", "999,00 CHF"),
            ("1080.10", "EUR", "EUR 1,080.10", "1.080,10 EUR"),
            ("1234567", "JPY", "JPY 1,234,567", "1.234.567 JPY"),
            ("1234.567", "KWD", "KWD 1,234.567", "1.234,567 KWD"),
        ] {
            let money = Money::parse(amount, parse_currency(currency).unwrap()).unwrap();
            assert_eq!(Language::English.money(money), english);
            assert_eq!(Language::German.money(money), german);
        }
        for (number, english, german) in [
            (Decimal::new(-123_456, 2), "-1,234.56", "-1.234,56"),
            (Decimal::new(-1, 2), "-0.01", "-0,01"),
            (Decimal::new(0, 2), "0.00", "0,00"),
        ] {
            assert_eq!(Language::English.number(number), english);
            assert_eq!(Language::German.number(number), german);
        }
        let at = jiff::civil::date(2026, 3, 4).at(5, 6, 7, 0);
        assert_eq!(Language::English.moment(at), "2026-03-04 05:06");
        assert_eq!(Language::German.moment(at), "04.03.2026 05:06");
    }
}
