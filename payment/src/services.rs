//! What a patient pays for: the day of the treatment, and its items.

use std::fmt;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Currency, InvalidMoney, Text, limits, money};

/// What was done, as far as the desk says it. It stands on receipts, and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Services {
    /// The day of the treatment, which may be another than that of the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
    /// One by one, in the order in which they are printed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
}

/// One service with what it costs, or what is taken off: an insurance's part, a discount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What it is, such as `GOZ 1040 Zahnreinigung`.
    pub text: Text,
    /// What it costs, in the payment's currency.
    pub amount: ItemAmount,
}

/// An exact amount in the payment's currency, below zero too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ItemAmount(Decimal);

/// Why services cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidServices {
    /// Not a day.
    #[error("“{0}” is not a service date; write the day as 2026-11-20")]
    Date(String),
    /// More than [`limits::ITEMS`].
    #[error(
        "there are {0} items, but a receipt takes at most {max}; put some of them together",
        max = limits::ITEMS
    )]
    TooMany(usize),
    /// An item without a name, or with too long a one.
    #[error(
        "the text of item {0} must have 1 to {max} printable characters; shorten it, or write what it is",
        max = limits::ITEM_CHARS
    )]
    Text(usize),
    /// An item with a wrong amount.
    #[error("item {item}: {source}")]
    Amount {
        /// Which, counted from one.
        item: usize,
        /// What is wrong.
        source: InvalidMoney,
    },
}

impl Services {
    /// From a day and pairs of text and amount, as a client sends them. The items need not make up
    /// the payment's amount: a patient may pay a part.
    ///
    /// # Errors
    /// Says what is wrong, and what to write instead.
    pub fn new<'a>(
        date: Option<&str>,
        items: impl ExactSizeIterator<Item = (&'a str, &'a str)>,
        currency: Currency,
    ) -> Result<Self, InvalidServices> {
        let date = date.map(day).transpose()?;
        if items.len() > limits::ITEMS {
            return Err(InvalidServices::TooMany(items.len()));
        }
        let item = |(place, (text, amount)): (usize, (&str, &str))| {
            let number = place + 1;
            let too_long = text.chars().count() > limits::ITEM_CHARS;
            let text = Text::new(text.trim());
            if too_long || text.is_empty() {
                return Err(InvalidServices::Text(number));
            }
            let amount = ItemAmount::parse(amount, currency);
            let amount = amount.map_err(|source| InvalidServices::Amount {
                item: number,
                source,
            })?;
            Ok(Item { text, amount })
        };
        let items = items.enumerate().map(item).collect::<Result<_, _>>()?;
        Ok(Self { date, items })
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What the items make up together.
    pub fn sum(&self) -> Decimal {
        self.items.iter().map(|item| item.amount.0).sum()
    }
}

/// A day as `2026-11-20`, and nothing else that ISO 8601 allows.
fn day(text: &str) -> Result<Date, InvalidServices> {
    let invalid = || InvalidServices::Date(text.chars().take(32).collect());
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !shaped {
        return Err(invalid());
    }
    text.parse().map_err(|_| invalid())
}

impl ItemAmount {
    /// Reads `80.10`, `0` or `-12.5`.
    ///
    /// # Errors
    /// When it is no number, too large or finer than the currency.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, InvalidMoney> {
        money::exact(text, currency).map(Self)
    }

    /// The exact amount, with the currency's number of decimals.
    pub fn amount(self) -> Decimal {
        self.0
    }
}

impl fmt::Display for ItemAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for ItemAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ItemAmount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ItemAmount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_currency;

    fn read(
        date: Option<&str>,
        items: &[(&str, &str)],
        currency: &str,
    ) -> Result<Services, InvalidServices> {
        let currency = parse_currency(currency).unwrap();
        Services::new(date, items.iter().copied(), currency)
    }

    #[test]
    fn services_keep_what_was_said() {
        let items = [
            (" Füllung ", "80.1"),
            ("Versicherung", "-12.50"),
            ("-", "0"),
        ];
        let services = read(Some("2026-02-28"), &items, "EUR").unwrap();
        let json = r#"{"date":"2026-02-28","items":[{"text":"Füllung","amount":"80.10"},{"text":"Versicherung","amount":"-12.50"},{"text":"-","amount":"0.00"}]}"#;
        assert_eq!(serde_json::to_string(&services).unwrap(), json);
        assert_eq!(serde_json::from_str::<Services>(json).unwrap(), services);
        assert_eq!(services.sum().to_string(), "67.60");
        assert_eq!(
            serde_json::from_str::<Services>("{}").unwrap(),
            Services::default()
        );
        assert!(read(None, &[], "EUR").unwrap().is_empty());
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let long = "x".repeat(limits::ITEM_CHARS + 1);
        let many = vec![("a", "1"); limits::ITEMS + 1];
        for (date, items, currency, expected) in [
            (
                Some("20.11.2026"),
                &[][..],
                "EUR",
                "“20.11.2026” is not a service date",
            ),
            (
                Some("2026-02-29"),
                &[],
                "EUR",
                "“2026-02-29” is not a service date",
            ),
            (
                Some("2026-1-001"),
                &[],
                "EUR",
                "“2026-1-001” is not a service date",
            ),
            (
                None,
                &[("a", "1"), ("\u{7}", "1")],
                "EUR",
                "the text of item 2 must have 1 to 100",
            ),
            (None, &[(&long, "1")], "EUR", "the text of item 1 must have"),
            (
                None,
                &[("a", "1,5")],
                "EUR",
                "item 1: “1,5” is not an amount",
            ),
            (
                None,
                &[("a", "--1")],
                "EUR",
                "item 1: “--1” is not an amount",
            ),
            (None, &[("a", "1.555")], "EUR", "item 1: EUR has 2 decimals"),
            (None, &[("a", "1.5")], "JPY", "item 1: JPY has 0 decimals"),
            (
                None,
                &[("a", "99999999999")],
                "EUR",
                "item 1: the amount is larger than",
            ),
            (
                None,
                &[("a", "-99999999999")],
                "EUR",
                "item 1: the amount is larger than",
            ),
            (None, &many, "EUR", "there are 51 items"),
        ] {
            let error = read(date, items, currency).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
