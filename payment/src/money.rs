//! Money: an exact decimal with its ISO 4217 currency and that currency's number of decimals.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeStruct};

use crate::limits;

pub use iso_currency::Currency;

/// An amount above zero in a currency, never with more decimals than the currency has.
///
/// Serialized as `{"amount":"10.10","currency":"EUR"}`; amounts are strings, because JSON
/// numbers are floats in most readers.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Why a text is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMoney {
    /// Not digits with at most one decimal point.
    #[error("“{0}” is not an amount; write digits with a decimal point, for example “10.10”")]
    NotANumber(String),
    /// More decimals than the currency has.
    #[error("{currency} has {allowed} decimals, but “{text}” has more; round it and send it again")]
    TooManyDecimals {
        /// What was written.
        text: String,
        /// ISO 4217 code.
        currency: &'static str,
        /// Decimals the currency has.
        allowed: u32,
    },
    /// Zero or below.
    #[error("the amount must be above zero; money back is a refund of the first payment")]
    NotPositive,
    /// Above [`limits::MINOR_UNITS`].
    #[error("the amount is larger than {max}; check for a slipped decimal point")]
    TooLarge {
        /// The largest amount in this currency.
        max: Money,
    },
    /// Not a currency with a number of decimals.
    #[error("“{0}” is not an ISO 4217 currency in use; write its three letters, for example “EUR”")]
    UnknownCurrency(String),
}

/// The currency of an ISO 4217 alphabetic code; only codes that money can be counted in.
pub fn parse_currency(code: &str) -> Result<Currency, InvalidMoney> {
    let unknown = || InvalidMoney::UnknownCurrency(code.chars().take(16).collect());
    if code.len() != 3 || !code.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err(unknown());
    }
    Currency::from_code(code)
        .filter(|c| c.exponent().is_some_and(|e| e <= 4) && !c.is_special())
        .ok_or_else(unknown)
}

fn decimals(currency: Currency) -> u32 {
    currency.exponent().map_or(2, u32::from)
}

/// Reads an amount of any sign, with the currency's number of decimals.
pub(crate) fn exact(text: &str, currency: Currency) -> Result<Decimal, InvalidMoney> {
    let shown = || text.chars().take(32).collect::<String>();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || text.len() > 32 {
        return Err(InvalidMoney::NotANumber(shown()));
    }
    let mut amount: Decimal = text
        .parse()
        .map_err(|_| InvalidMoney::NotANumber(shown()))?;
    let allowed = decimals(currency);
    if digits.contains('.') && fraction.len() > allowed as usize {
        let currency = currency.code();
        return Err(InvalidMoney::TooManyDecimals {
            text: shown(),
            currency,
            allowed,
        });
    }
    if amount.abs() > Decimal::new(limits::MINOR_UNITS, allowed) {
        let max = Money {
            minor: limits::MINOR_UNITS,
            currency,
        };
        return Err(InvalidMoney::TooLarge { max });
    }
    amount.rescale(allowed);
    Ok(amount)
}

/// The same amount, written with the decimals of its currency: 69.9 as 69.90. Nothing is rounded.
pub fn with_decimals(mut amount: Decimal, currency: Currency) -> Decimal {
    let needed = amount.normalize().scale();
    amount.rescale(needed.max(decimals(currency)));
    amount
}

impl Money {
    /// Reads `10.10`, `10.1` or `10` (for a currency with two decimals).
    ///
    /// # Errors
    /// Says what is wrong with the text, and what to write instead.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, InvalidMoney> {
        Self::from_decimal(exact(text, currency)?, currency)
    }

    /// From an exact decimal.
    ///
    /// # Errors
    /// When it is zero, negative, too large or finer than the currency.
    pub fn from_decimal(amount: Decimal, currency: Currency) -> Result<Self, InvalidMoney> {
        let allowed = decimals(currency);
        let amount = amount.normalize();
        if amount.scale() > allowed {
            let text = amount.to_string();
            return Err(InvalidMoney::TooManyDecimals {
                text,
                currency: currency.code(),
                allowed,
            });
        }
        let too_large = InvalidMoney::TooLarge {
            max: Self {
                minor: limits::MINOR_UNITS,
                currency,
            },
        };
        let minor = amount
            .checked_mul(Decimal::from(10_i64.pow(allowed)))
            .and_then(|scaled| i64::try_from(scaled).ok())
            .ok_or(too_large)?;
        Self::from_minor(minor, currency)
    }

    /// From a count of the currency's smallest unit (cents for EUR, yen for JPY).
    ///
    /// # Errors
    /// When it is zero, negative or too large.
    pub fn from_minor(minor: i64, currency: Currency) -> Result<Self, InvalidMoney> {
        if minor <= 0 {
            return Err(InvalidMoney::NotPositive);
        }
        if minor > limits::MINOR_UNITS {
            let max = Self {
                minor: limits::MINOR_UNITS,
                currency,
            };
            return Err(InvalidMoney::TooLarge { max });
        }
        Ok(Self { minor, currency })
    }

    /// Count of the currency's smallest unit.
    pub fn minor(self) -> i64 {
        self.minor
    }

    /// The exact amount, always with the currency's number of decimals.
    pub fn amount(self) -> Decimal {
        Decimal::new(self.minor, decimals(self.currency))
    }

    /// The currency.
    pub fn currency(self) -> Currency {
        self.currency
    }
}

/// `EUR 10.10`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.currency.code(), self.amount())
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Money", 2)?;
        fields.serialize_field("amount", &self.amount().to_string())?;
        fields.serialize_field("currency", self.currency.code())?;
        fields.end()
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Fields {
            amount: String,
            currency: String,
        }
        let fields = Fields::deserialize(deserializer)?;
        let currency = parse_currency(&fields.currency).map_err(de::Error::custom)?;
        Self::parse(&fields.amount, currency).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, code: &str, expected: &str) {
        let shown = parse_currency(code)
            .and_then(|currency| Money::parse(text, currency))
            .map_or_else(
                |e| format!("{e:?}"),
                |m| format!("{m} = {} minor", m.minor()),
            );
        assert!(
            shown.starts_with(expected),
            "{text} {code}: {shown}, expected {expected}"
        );
    }

    #[test]
    fn amounts_follow_their_currency() {
        check("10.10", "EUR", "EUR 10.10 = 1010 minor");
        check("10.1", "EUR", "EUR 10.10 = 1010 minor");
        check("10", "EUR", "EUR 10.00 = 1000 minor");
        check("1010", "JPY", "JPY 1010 = 1010 minor");
        check("10.1", "JPY", "TooManyDecimals");
        check("1.234", "KWD", "KWD 1.234 = 1234 minor");
        check("10.101", "EUR", "TooManyDecimals");
        check("10.100", "EUR", "TooManyDecimals");
        check("0", "EUR", "NotPositive");
        check("0.00", "EUR", "NotPositive");
        check("-1", "EUR", "NotPositive");
        check("99999999.99", "EUR", "EUR 99999999.99");
        check("100000000.00", "EUR", "TooLarge");
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in [
            "", ".", "1.", ".5", "1,5", "1_000", "1e3", "+1", " 1", "0x10", "NaN", "1.2.3", "١",
        ] {
            check(text, "EUR", "NotANumber");
        }
        check(&"9".repeat(33), "EUR", "NotANumber");
    }

    #[test]
    fn currencies_are_codes_that_money_can_be_counted_in() {
        for code in ["EUR", "CHF", "JPY", "KWD", "AUD", "USD"] {
            assert_eq!(parse_currency(code).unwrap().code(), code);
        }
        for code in ["", "eur", "EURO", "XXX", "XAU", "ZZZ", "E R"] {
            assert!(parse_currency(code).is_err(), "{code}");
        }
    }

    proptest! {
        #[test]
        fn text_and_json_bring_back_the_same_money(minor in 1..=limits::MINOR_UNITS, code in "EUR|JPY|KWD|CHF") {
            let currency = parse_currency(&code).unwrap();
            let money = Money::from_minor(minor, currency).unwrap();
            prop_assert_eq!(Money::parse(&money.amount().to_string(), currency).unwrap(), money);
            let json = serde_json::to_string(&money).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
        }
    }

    #[test]
    fn an_amount_is_written_with_its_currency_s_decimals() {
        for (amount, code, written) in [
            ("69.9", "EUR", "69.90"),
            ("0", "EUR", "0.00"),
            ("69.900", "EUR", "69.90"),
            ("1.005", "EUR", "1.005"),
            ("70.0", "JPY", "70"),
        ] {
            let currency = parse_currency(code).unwrap();
            let said = with_decimals(amount.parse().unwrap(), currency).to_string();
            assert_eq!(said, written);
        }
    }
}
