//! A receipt that a terminal composed.

use serde::{Deserialize, Serialize};

use crate::Text;

/// For whom a terminal's receipt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlipCopy {
    /// For the merchant's records.
    Merchant,
    /// For the cardholder.
    Customer,
    /// Not about a payment: end of day, diagnosis.
    Administration,
}

/// A receipt composed by the terminal, to be printed line by line as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slip {
    /// For whom.
    pub copy: SlipCopy,
    /// Its lines.
    pub lines: Vec<SlipLine>,
    /// Whether the cardholder has to sign it, and the lines leave no room for that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub signature: bool,
}

/// A line of a terminal's receipt.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SlipLine {
    /// The text, without control characters and with card numbers masked.
    pub text: Text,
    /// In the middle of the paper.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub centred: bool,
    /// Twice as wide.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wide: bool,
    /// Twice as high.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub high: bool,
}
