//! JSON as iVvy writes it: keys in any case, numbers that may be strings, amounts kept exact.

use std::collections::BTreeMap;

use payment::Text;
use rust_decimal::Decimal;
use serde_json::value::RawValue;

/// An object whose values are still text, so that no number becomes a float.
pub(super) struct Object<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Object<'a> {
    /// Reads an object; `None` for anything else.
    pub(super) fn read(json: &'a [u8]) -> Option<Self> {
        let fields: BTreeMap<String, &RawValue> = serde_json::from_slice(json).ok()?;
        let fields = fields.into_iter();
        Some(Self(
            fields.map(|(k, v)| (k.to_ascii_lowercase(), v)).collect(),
        ))
    }

    /// A field by its name in small letters, as it was written; `None` for `null` too.
    fn raw(&self, key: &str) -> Option<&'a str> {
        let raw = self.0.get(key)?.get();
        (raw != "null").then_some(raw)
    }

    /// Whether the field is `true`.
    pub(super) fn is_true(&self, key: &str) -> bool {
        self.raw(key) == Some("true")
    }

    /// A string or a number as text.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        let raw = self.raw(key)?;
        if raw.starts_with('"') {
            serde_json::from_str(raw).ok()
        } else {
            is_number(raw).then(|| raw.to_owned())
        }
    }

    /// A string or a number, made safe to show.
    pub(super) fn shown(&self, key: &str) -> Option<Text> {
        self.text(key)
            .map(|text| Text::new(&text))
            .filter(|text| !text.is_empty())
    }

    /// A whole number, written as a number or a string.
    pub(super) fn whole(&self, key: &str) -> Option<u64> {
        self.text(key)?.trim().parse().ok()
    }

    /// An exact decimal, written as a number or a string.
    pub(super) fn decimal(&self, key: &str) -> Option<Decimal> {
        let text = self.text(key)?;
        let text = text.trim();
        text.parse()
            .ok()
            .or_else(|| Decimal::from_scientific(text).ok())
    }

    /// An object inside of this one.
    pub(super) fn object(&self, key: &str) -> Option<Self> {
        Self::read(self.raw(key)?.as_bytes())
    }

    /// The names of its fields, in small letters.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The items of a list, as they were written.
    pub(super) fn list(&self, key: &str) -> Option<Vec<&'a RawValue>> {
        serde_json::from_str(self.raw(key)?).ok()
    }
}

fn is_number(raw: &str) -> bool {
    raw.starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_match_in_any_case_and_numbers_may_be_strings() {
        let json = br#"{"Success":true,"ID":5452,"errorCode":"400","x":null,
                        "amountPaid":80.10,"f":233.45000000000002,"e":8.01e1,"l":[1,{"a":2}]}"#;
        let object = Object::read(json).unwrap();
        assert!(object.is_true("success"));
        assert_eq!(object.text("id").as_deref(), Some("5452"));
        assert_eq!(object.whole("errorcode"), Some(400));
        assert_eq!(object.text("x"), None);
        assert_eq!(object.decimal("amountpaid"), Some(Decimal::new(8010, 2)));
        assert_eq!(
            object.decimal("f").unwrap().round_dp(2),
            Decimal::new(23345, 2)
        );
        assert_eq!(object.decimal("e").unwrap(), Decimal::new(801, 1));
        assert_eq!(object.list("l").unwrap().len(), 2);
        assert!(Object::read(b"[]").is_none());
        assert!(Object::read(b"<html>").is_none());
    }
}
