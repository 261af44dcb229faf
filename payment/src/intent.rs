//! What a person wanted: the content that an idempotency key stands for.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{DeviceId, IdempotencyKey, InvoiceRef, Mark, Money, PaymentId, Services, Text};

/// How money changes hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// By the card terminal. The only method that asks a device.
    Card,
    /// Coins and notes.
    Cash,
    /// A cheque.
    Cheque,
    /// A transfer that the desk has seen or trusts.
    BankTransfer,
    /// Anything else; say what in the note.
    Other,
}

/// Not one of the methods.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a method; use card, cash, cheque, bank_transfer or other")]
pub struct InvalidMethod(String);

impl Method {
    /// All methods, in the order in which they are offered.
    pub const ALL: [Self; 5] = [
        Self::Card,
        Self::Cash,
        Self::Cheque,
        Self::BankTransfer,
        Self::Other,
    ];

    /// The word used in the API, the database and files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Cash => "cash",
            Self::Cheque => "cheque",
            Self::BankTransfer => "bank_transfer",
            Self::Other => "other",
        }
    }

    /// Whether a terminal takes it.
    pub fn asks_terminal(self) -> bool {
        self == Self::Card
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Method {
    type Err = InvalidMethod;
    fn from_str(text: &str) -> Result<Self, InvalidMethod> {
        Self::ALL
            .into_iter()
            .find(|m| m.as_str() == text)
            .ok_or_else(|| InvalidMethod(text.chars().take(32).collect()))
    }
}

/// What is wanted of money. A mistake is not edited: it is a new entry that names the first (law 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Purpose {
    /// The patient pays.
    #[default]
    Sale,
    /// A payment is taken back whole, before the terminal's end of day: it never happened.
    Cancel {
        /// Which payment.
        of: PaymentId,
    },
    /// Money of a payment goes back to the patient, all of it or some.
    Refund {
        /// Which payment.
        of: PaymentId,
    },
}

impl Purpose {
    /// The word used in the API and on receipts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Cancel { .. } => "cancel",
            Self::Refund { .. } => "refund",
        }
    }

    /// The payment that it names.
    pub fn of(self) -> Option<PaymentId> {
        match self {
            Self::Sale => None,
            Self::Cancel { of } | Self::Refund { of } => Some(of),
        }
    }

    /// Whether it is a payment by a patient, and names no other.
    pub fn is_sale(&self) -> bool {
        *self == Self::Sale
    }
}

/// A payment as it was wanted. Durable before any device hears of it (law 1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The payment's own name.
    pub id: PaymentId,
    /// The name of the intention, chosen by the client.
    pub key: IdempotencyKey,
    /// Where it is taken, and so its group.
    pub device: DeviceId,
    /// What is wanted of the money.
    #[serde(default, skip_serializing_if = "Purpose::is_sale")]
    pub purpose: Purpose,
    /// How much.
    pub money: Money,
    /// How.
    pub method: Method,
    /// For which invoice; without one it is unallocated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<InvoiceRef>,
    /// A word for the clinic's own eyes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
    /// What it is paid for, for the receipt.
    #[serde(default, skip_serializing_if = "Services::is_empty")]
    pub services: Services,
    /// When it was wanted.
    pub at: Timestamp,
    /// What the terminal held as its last transaction before it was asked: what is newer can only
    /// have come later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Mark>,
}

impl Intent {
    /// Whether a repeat with the same key wants the same thing (law 5): everything but the
    /// payment's id, the moment and the terminal's mark.
    pub fn wants_the_same(&self, other: &Self) -> bool {
        let Self {
            id: _,
            key,
            device,
            purpose,
            money,
            method,
            invoice,
            note,
            services,
            at: _,
            before: _,
        } = self;
        if crate::planted(5) {
            return *key == other.key;
        }
        *key == other.key
            && *device == other.device
            && *purpose == other.purpose
            && *money == other.money
            && *method == other.method
            && *invoice == other.invoice
            && *note == other.note
            && *services == other.services
    }
}
