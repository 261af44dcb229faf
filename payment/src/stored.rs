//! What a terminal says of the last transaction that it has stored: the evidence that settles doubt.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::{Approval, Money, Text};

/// The last transaction in a terminal's memory, in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// What kind of transaction.
    pub kind: StoredKind,
    /// Its data, as in the original answer.
    pub approval: Approval,
}

/// What kind of transaction a terminal has stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StoredKind {
    /// Money taken, or given back by a refund: terminals seldom tell which.
    Payment,
    /// A payment taken back.
    Reversal {
        /// The trace number of the payment that was taken back (ZVT: BMP 37).
        original_trace: Option<u32>,
    },
    /// The end of the day: everything before it is settled.
    EndOfDay,
    /// A payment that was refused: some terminals keep these as well (ECR17).
    Refused,
}

/// Where a terminal's memory stood at some moment: enough to tell whether what it holds later is
/// newer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "last", rename_all = "snake_case")]
pub enum Mark {
    /// It had nothing stored.
    Nothing,
    /// Its memory was not read: it is asked about a payment by our own reference. This is the
    /// terminal that was there.
    Terminal {
        /// The terminal's ID.
        terminal_id: Option<Text>,
    },
    /// This was its last transaction.
    Transaction {
        /// What kind.
        transaction: StoredKind,
        /// The terminal's ID (TID).
        terminal_id: Option<Text>,
        /// Its receipt number.
        terminal_receipt: Option<u32>,
        /// Its trace number.
        trace: Option<u32>,
        /// Its amount: numbers come again when a terminal is reset.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        money: Option<Money>,
        /// Its moment by the terminal's own clock.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        terminal_time: Option<DateTime>,
    },
}

impl Stored {
    /// The mark to keep of it.
    pub fn mark(&self) -> Mark {
        Mark::Transaction {
            transaction: self.kind,
            terminal_id: self.approval.terminal_id.clone(),
            terminal_receipt: self.approval.terminal_receipt,
            trace: self.approval.trace,
            money: self.approval.money,
            terminal_time: self.approval.terminal_time,
        }
    }
}
