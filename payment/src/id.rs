//! Names: of devices, printers, upstreams, payments, invoices and intentions.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::limits;

/// Why a text is not such a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// Not of the form of a device, printer or upstream ID.
    #[error(
        "“{0}” is not an ID: use 1 to {max} small letters, digits, “-” or “_”, beginning with a letter",
        max = limits::ID_BYTES
    )]
    NotAnId(String),
    /// Empty, too long or with control characters.
    #[error("{what} must be 1 to {max} printable characters")]
    NotPlain {
        /// What it was to name.
        what: &'static str,
        /// Most bytes.
        max: usize,
    },
    /// Not a UUID.
    #[error("“{0}” is not the id of a payment or a day end (a UUID)")]
    NotAUuid(String),
    /// Not `<device>-<number>`.
    #[error("“{0}” is not a receipt number such as desk1-000123")]
    NotAReceiptNumber(String),
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(48).collect()
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                $check(text).map(|()| Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                $check(&text).map(|()| Self(text))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// A device: a terminal with its desk, or a till without one. It is the group of every payment
    /// taken there (law 9), and begins with a letter so that no receipt number is a bare number.
    DeviceId,
    check_id
);
text_id!(
    /// A receipt printer.
    PrinterId,
    check_id
);
text_id!(
    /// An invoicing system.
    UpstreamId,
    check_id
);
text_id!(
    /// What a person wanted, named by the client (law 5). Opaque.
    IdempotencyKey,
    |text: &str| check_plain("an idempotency key", text, limits::KEY_BYTES)
);
text_id!(
    /// An invoice, in the words of the invoicing system. Opaque.
    InvoiceRef,
    |text: &str| check_plain("an invoice", text, limits::INVOICE_BYTES)
);

fn check_id(text: &str) -> Result<(), InvalidId> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    let ok = text.len() <= limits::ID_BYTES
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(allowed);
    if ok {
        Ok(())
    } else {
        Err(InvalidId::NotAnId(shown(text)))
    }
}

fn check_plain(what: &'static str, text: &str, max: usize) -> Result<(), InvalidId> {
    let ok = !text.is_empty() && text.len() <= max && !text.chars().any(char::is_control);
    if ok {
        Ok(())
    } else {
        Err(InvalidId::NotPlain { what, max })
    }
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// RFC 9562, 5.7: milliseconds since 1970, then random bits.
            pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
                let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }

            /// The sixteen bytes, as stored.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// From the sixteen bytes, as stored.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text)
                    .map(Self)
                    .map_err(|_| InvalidId::NotAUuid(shown(text)))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

uuid_id!(
    /// A payment's own name, for ever: a UUID of version 7, so that names sort by time.
    PaymentId
);
uuid_id!(
    /// A day end's own name, for ever: a UUID of version 7.
    ClosingId
);
uuid_id!(
    /// The name of one return to a copy of the journal, for ever: a UUID of version 7.
    RestorationId
);
uuid_id!(
    /// The name of one opening of a cash drawer, for ever: a UUID of version 7. What a payment opens
    /// has the payment's own.
    KickId
);

impl From<PaymentId> for KickId {
    fn from(PaymentId(id): PaymentId) -> Self {
        Self(id)
    }
}

/// The number on the receipt: the device and its own count, without gaps: `desk1-000123`.
///
/// It always holds a letter: systems that re-type a bare number (iVvy) would lose its zeros.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReceiptNumber {
    device: DeviceId,
    seq: u64,
}

impl ReceiptNumber {
    /// The `seq`th payment of `device`, counted from one.
    pub fn new(device: DeviceId, seq: u64) -> Self {
        Self { device, seq }
    }

    /// The device.
    pub fn device(&self) -> &DeviceId {
        &self.device
    }

    /// The count.
    pub fn seq(&self) -> u64 {
        self.seq
    }
}

impl fmt::Display for ReceiptNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:06}", self.device, self.seq)
    }
}

impl fmt::Debug for ReceiptNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ReceiptNumber {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let wrong = || InvalidId::NotAReceiptNumber(shown(text));
        let (device, seq) = text.rsplit_once('-').ok_or_else(wrong)?;
        if seq.len() < 6 || !seq.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong());
        }
        let number = Self {
            device: device.parse()?,
            seq: seq.parse().map_err(|_| wrong())?,
        };
        // One number has one spelling.
        if number.to_string() == text {
            Ok(number)
        } else {
            Err(wrong())
        }
    }
}

impl TryFrom<String> for ReceiptNumber {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<ReceiptNumber> for String {
    fn from(number: ReceiptNumber) -> Self {
        number.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_are_small_plain_and_begin_with_a_letter() {
        for good in ["desk1", "a", "front-desk_2", &"x".repeat(32)] {
            assert!(good.parse::<DeviceId>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "1desk",
            "Desk1",
            "desk 1",
            "desk/1",
            "-a",
            "dësk",
            &"x".repeat(33),
        ] {
            assert!(bad.parse::<DeviceId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn receipt_numbers_have_one_spelling() {
        let number: ReceiptNumber = "desk1-000123".parse().unwrap();
        assert_eq!((number.device().as_str(), number.seq()), ("desk1", 123));
        assert_eq!(
            ReceiptNumber::new("desk1".parse().unwrap(), 1_234_567).to_string(),
            "desk1-1234567"
        );
        for bad in [
            "123",
            "desk1",
            "desk1-123",
            "desk1-0000123",
            "-000123",
            "1-000123",
            "desk1-00012x",
        ] {
            assert!(bad.parse::<ReceiptNumber>().is_err(), "{bad}");
        }
    }

    #[test]
    fn payment_ids_are_uuids_of_version_7_that_sort_by_time() {
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        let early = PaymentId::new(at(1_700_000_000_000), [0xff; 10]);
        let late = PaymentId::new(at(1_700_000_000_001), [0; 10]);
        assert!(early < late);
        assert_eq!(early.to_string().chars().nth(14), Some('7'));
        assert_eq!(early.to_string().parse::<PaymentId>().unwrap(), early);
    }

    proptest! {
        #[test]
        fn every_receipt_number_holds_a_letter_and_reads_back(device in "[a-z][a-z0-9_-]{0,31}", seq in 1..u64::MAX) {
            let number = ReceiptNumber::new(device.parse().unwrap(), seq);
            prop_assert!(number.to_string().chars().any(|c| c.is_ascii_alphabetic()));
            prop_assert_eq!(number.to_string().parse::<ReceiptNumber>().unwrap(), number);
        }
    }
}
