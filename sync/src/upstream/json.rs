//! JSON by pointers (RFC 6901), with every number as it was written.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::value::RawValue;

/// A value that is still text, so that no number becomes a float.
#[derive(Clone, Copy)]
pub(super) struct Json<'a>(&'a RawValue);

impl<'a> Json<'a> {
    /// Reads an object or a list; nothing else is an answer of an API.
    pub(super) fn read(body: &'a [u8]) -> Option<Self> {
        let raw: &RawValue = serde_json::from_slice(body).ok()?;
        raw.get().starts_with(['{', '[']).then_some(Self(raw))
    }

    /// The value that a pointer leads to.
    pub(super) fn at(self, pointer: &str) -> Option<Self> {
        let mut here = self;
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            here = here.child(&token)?;
        }
        Some(here)
    }

    fn child(self, token: &str) -> Option<Self> {
        if self.0.get().starts_with('[') {
            let place: usize = token.parse().ok()?;
            return self.list()?.get(place).copied();
        }
        let fields: BTreeMap<String, &'a RawValue> = serde_json::from_str(self.0.get()).ok()?;
        fields.get(token).map(|raw| Self(raw))
    }

    /// The items of a list.
    pub(super) fn list(self) -> Option<Vec<Self>> {
        let items: Vec<&'a RawValue> = serde_json::from_str(self.0.get()).ok()?;
        Some(items.into_iter().map(Self).collect())
    }

    /// A text that is not empty, or a number as it was written.
    pub(super) fn name(self) -> Option<String> {
        let raw = self.0.get();
        if raw.starts_with('"') {
            let text: String = serde_json::from_str(raw).ok()?;
            return (!text.trim().is_empty()).then_some(text);
        }
        let number = raw.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        number.then(|| raw.to_owned())
    }

    /// The same, or `true`, `false` and `null`.
    pub(super) fn text(self) -> Option<String> {
        let raw = self.0.get();
        let word = matches!(raw, "true" | "false" | "null").then(|| raw.to_owned());
        word.or_else(|| self.name())
    }

    /// An exact decimal, written as a number or a text.
    pub(super) fn decimal(self) -> Option<Decimal> {
        let text = self.name()?;
        let text = text.trim();
        let plain = text.parse().ok();
        plain.or_else(|| Decimal::from_scientific(text).ok())
    }
}
