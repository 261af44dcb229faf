//! What is kept of a card and of a terminal's approval, and nothing more (law 10).

use std::fmt;

use jiff::civil;
use serde::{Deserialize, Serialize};

use crate::{Money, Text};

/// The last four digits of a card number: all of the number that is ever held.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Last4([u8; 4]);

/// Not four digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the last digits of a card are exactly four digits")]
pub struct InvalidLast4;

impl Last4 {
    /// From four digits, each 0 to 9.
    ///
    /// # Errors
    /// When one is not a digit.
    pub fn new(digits: [u8; 4]) -> Result<Self, InvalidLast4> {
        if digits.iter().all(|d| *d <= 9) {
            Ok(Self(digits))
        } else {
            Err(InvalidLast4)
        }
    }
}

impl fmt::Display for Last4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|d| write!(f, "{d}"))
    }
}

impl fmt::Debug for Last4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Last4 {
    type Error = InvalidLast4;
    fn try_from(text: String) -> Result<Self, InvalidLast4> {
        let digits: [u8; 4] = text.as_bytes().try_into().map_err(|_| InvalidLast4)?;
        Self::new(digits.map(|b| b.wrapping_sub(b'0')))
    }
}

impl From<Last4> for String {
    fn from(last4: Last4) -> Self {
        last4.to_string()
    }
}

/// A card, as far as anybody may know it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CardRef {
    /// The scheme's or product's name as the terminal gives it, such as `Mastercard`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<Text>,
    /// The last four digits, when the terminal told them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last4: Option<Last4>,
}

/// How the card was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryMode {
    /// Magnetic stripe.
    Stripe,
    /// Chip in the slot.
    Chip,
    /// Held to the reader.
    Contactless,
    /// The terminal did not say.
    #[default]
    Unknown,
}

/// A terminal's word that money was taken, with what is needed to find it again at the terminal.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Approval {
    /// The amount the terminal named; some name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money: Option<Money>,
    /// The card.
    #[serde(default)]
    pub card: CardRef,
    /// How the card was read.
    #[serde(default)]
    pub entry: EntryMode,
    /// The authorisation code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorisation: Option<Text>,
    /// The terminal's ID (TID).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal_id: Option<Text>,
    /// The terminal's trace number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<u32>,
    /// The terminal's receipt number; it wraps and may start again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal_receipt: Option<u32>,
    /// The name that the terminal or its provider gave the transaction, where they give one (Adyen:
    /// POITransactionID). Opaque to all but the driver that wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Text>,
    /// The moment by the terminal's own clock. Terminals name no zone, and some no year: then the
    /// year is the one that lies nearest to the moment of asking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal_time: Option<civil::DateTime>,
}
