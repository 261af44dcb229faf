//! What a person decides about a payment that does not reach an invoicing system by itself.

use serde::{Deserialize, Serialize};

use crate::{InvoiceRef, Text, UpstreamId};

/// A person's word about one delivery. An entry of the journal, and so for ever: the payment itself
/// stays as it is (law 6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryDecision {
    /// To which upstream the payment is due.
    pub upstream: UpstreamId,
    /// What is to become of it.
    #[serde(flatten)]
    pub action: DeliveryAction,
    /// Who decided.
    pub name: Text,
    /// Why.
    pub reason: Text,
}

/// What a person can do about a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum DeliveryAction {
    /// Try again now. What may have been booked is read back first.
    Retry,
    /// Send it to another invoice than the payment names. It is not booked yet, says the person.
    SendTo {
        /// To which.
        invoice: InvoiceRef,
    },
    /// Send it without an invoice. It is not booked yet, says the person.
    Unallocate,
    /// Keep it as unallocated at the desk: the upstream is not told of it.
    Keep,
    /// The person has entered it by hand.
    Entered,
}

impl DeliveryAction {
    /// The word used in the journal and the API.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::SendTo { .. } => "send_to",
            Self::Unallocate => "unallocate",
            Self::Keep => "keep",
            Self::Entered => "entered",
        }
    }
}
