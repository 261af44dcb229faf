//! What else can be asked of a system, and what its answers show: an invoice, the payments of some
//! days, its own settings.

use jiff::{Timestamp, civil::Date};
use payment::{Currency, Payment, ReceiptNumber, Text};
use rust_decimal::Decimal;
use serde::Serialize;

/// What can be asked of a system. Nothing else is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a field of the API that stands for itself"
)]
pub struct Abilities {
    /// Show whether it holds a payment: so doubt is settled without a person.
    pub look_up: bool,
    /// Take a payment back, so that the invoice is open again.
    pub cancel: bool,
    /// Note that money went back.
    pub refund: bool,
    /// Take a payment without an invoice.
    pub unallocated: bool,
    /// Show what is open on an invoice.
    pub invoice: bool,
    /// Show all payments of some days.
    pub list: bool,
}

/// What is told to a system.
#[derive(Debug, Clone, Copy)]
pub struct Booking<'a> {
    /// The payment, with the invoice that it goes to there.
    pub payment: &'a Payment,
    /// The number of the payment that a cancel or refund names.
    pub original: Option<&'a ReceiptNumber>,
    /// Its seal, for a field for notes; the same each time that this payment is told.
    pub seal: Option<&'a Seal>,
    /// How often a person sent it to another invoice: each time it is another request, and bears
    /// another name where the system takes one name only once.
    pub redirects: u32,
}

/// The entry of the journal that made a payment final. Written down at another place, it proves that
/// nothing before it was changed or taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Seal {
    /// Its number among all entries of the journal.
    pub seq: i64,
    /// Its number among the entries of its device.
    pub device_seq: i64,
    /// Its hash, which covers all entries before it.
    #[serde(serialize_with = "hex")]
    pub hash: [u8; 32],
}

impl Seal {
    /// The seal among the words of a note, as [`Display`](std::fmt::Display) wrote it there.
    pub fn find(text: &str) -> Option<Self> {
        text.match_indices("journal ")
            .find_map(|(at, word)| Self::read(text.get(at + word.len()..)?))
    }

    fn read(text: &str) -> Option<Self> {
        let (seq, rest) = text.split_once(", ")?;
        let (device_seq, rest) = rest.split_once(" of the device, ")?;
        let mut hash = [0; 32];
        hex::decode_to_slice(rest.get(..64)?, &mut hash).ok()?;
        Some(Self {
            seq: seq.parse().ok()?,
            device_seq: device_seq.parse().ok()?,
            hash,
        })
    }
}

impl std::fmt::Display for Seal {
    /// Such as `journal 123, 45 of the device, 9f86…`, with all 64 digits.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (seq, device_seq, hash) = (self.seq, self.device_seq, hex::encode(self.hash));
        write!(f, "journal {seq}, {device_seq} of the device, {hash}")
    }
}

fn hex<S: serde::Serializer>(hash: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(hash))
}

/// What the answer to a question for an invoice shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvoiceSeen {
    /// It takes payments, up to this.
    Open {
        /// What is still to be paid.
        outstanding: Decimal,
        /// In which currency, where the system says so.
        currency: Option<Currency>,
    },
    /// It takes no payment any more.
    Closed {
        /// Why, as a sentence for the desk: it is paid, written off, cancelled.
        reason: Text,
    },
    /// There is no such invoice.
    NotFound {
        /// As a sentence for the desk.
        reason: Text,
    },
    /// The answer does not tell.
    Unreadable {
        /// Why, as a sentence.
        reason: Text,
    },
}

/// A part of the list of payments.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListPage {
    /// The payments. Some may be of other days: the comparison knows its days.
    pub payments: Vec<Booked>,
    /// Whether there is another page.
    pub more: bool,
}

/// A payment as a system lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    /// The receipt number that it bears, as text; none where it bears none.
    pub receipt: Option<Text>,
    /// How much, never less than nothing.
    pub amount: Decimal,
    /// In which currency, where the system says so.
    pub currency: Option<Currency>,
    /// Whether money went back, or a payment was taken back.
    pub back: bool,
    /// On which invoice, where the system says so.
    pub invoice: Option<Text>,
    /// The system's own name for it.
    pub remote_id: Option<Text>,
    /// When, where the system says so.
    pub at: Option<When>,
    /// The journal's seal that its notes bear.
    pub seal: Option<Seal>,
}

/// When something was booked, as exactly as a system says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At this moment.
    At(Timestamp),
    /// On this day of the system's own calendar.
    On(Date),
}

/// Something that is wrong with what the configuration says of a system, as the system shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What, and what to do, as a sentence.
    pub text: Text,
    /// Whether no payment can be told to the system until it is mended.
    pub parks: bool,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_seal_is_found_among_any_words(
            seq in 1..i64::MAX, device_seq in 1..i64::MAX, hash: [u8; 32],
            before in "[ a-zä.]{0,20}(journal )?", after in "[^0-9a-fA-F].{0,20}",
        ) {
            let seal = Seal { seq, device_seq, hash };
            prop_assert_eq!(Seal::find(&format!("{before}{seal}{after}")), Some(seal));
            prop_assert_eq!(Seal::find(&seal.to_string()), Some(seal));
        }

        #[test]
        fn no_words_break_it(text in ".{0,80}") {
            prop_assert_eq!(Seal::find(&text), None);
        }
    }
}
