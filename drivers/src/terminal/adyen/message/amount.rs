//! Amounts in JSON: decimal numbers, read and written as their text. No float ever sees them.

use payment::{Currency, Money};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::value::RawValue;

/// An exact amount of money without its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount(Decimal);

impl Amount {
    /// As money in a currency; none when it is zero, negative, too large or finer than the
    /// currency.
    pub fn money(self, currency: Currency) -> Option<Money> {
        Money::from_decimal(self.0, currency).ok()
    }
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self(money.amount())
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = RawValue::from_string(self.0.to_string()).map_err(ser::Error::custom)?;
        number.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        Decimal::from_str_exact(text)
            .or_else(|_| Decimal::from_scientific(text))
            .map(Self)
            .map_err(|_| de::Error::custom("not an amount"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(json: &str) -> Option<Money> {
        let amount: Amount = serde_json::from_str(json).ok()?;
        amount.money(Currency::EUR)
    }

    #[test]
    fn amounts_are_read_as_they_are_written() {
        for (json, minor) in [
            ("10.1", Some(1010)),
            ("10.10", Some(1010)),
            ("10", Some(1000)),
            ("1.01e1", Some(1010)),
            ("0.07", Some(7)),
            ("90071992.55", Some(9_007_199_255)),
            ("10.101", None),
            ("0", None),
            ("-1.00", None),
            ("\"10.10\"", None),
            ("null", None),
            ("1e999999", None),
            ("123456789012345678901234567890123", None),
        ] {
            assert_eq!(read(json).map(Money::minor), minor, "{json}");
        }
    }

    proptest! {
        #[test]
        fn every_amount_comes_back(minor in 1..=payment::limits::MINOR_UNITS, which in 0..4_usize) {
            let currency = [Currency::EUR, Currency::JPY, Currency::KWD, Currency::CHF][which];
            let money = Money::from_minor(minor, currency).unwrap();
            let json = serde_json::to_string(&Amount::from(money)).unwrap();
            prop_assert_eq!(&json, &money.amount().to_string());
            let amount: Amount = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(amount.money(currency), Some(money));
        }
    }
}
