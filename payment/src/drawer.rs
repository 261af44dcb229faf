//! Cash drawers: which was opened, and why. There is no opening without a reason.

use serde::{Deserialize, Serialize};

use crate::{PaymentId, PrinterId, Text};

/// What happened to a cash drawer: an entry of the journal, and so for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
pub enum DrawerFact {
    /// It is about to be told to open. Written before the pulse and never repeated, so that it is
    /// told at most once; whether it opened, nobody knows.
    DrawerKicked(DrawerKick),
}

impl DrawerFact {
    /// The word used in the journal.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::DrawerKicked(_) => "drawer_kicked",
        }
    }
}

/// One opening of a cash drawer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawerKick {
    /// The printer that the drawer hangs on.
    pub printer: PrinterId,
    /// Why.
    #[serde(flatten)]
    pub cause: KickCause,
}

/// Why a cash drawer is opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum KickCause {
    /// Cash goes in, or is given back.
    Cash {
        /// By this payment.
        payment: PaymentId,
    },
    /// A person wants it open.
    Person {
        /// Who.
        name: Text,
        /// Why.
        reason: Text,
    },
}
