//! What stands on a receipt.
//!
//! [`Receipt`] is all that may be said of a payment on paper, as data. A template lays it out as
//! [`Block`]s, and [`Receipt::sheet`] adds what no template may leave out: COPY, the terminal's own
//! lines, the line for a signature, the number with the device, and the amount.
//!
//! A card's expiry date can stand on none: nothing here holds it (law 10).

mod line;
mod sheet;
mod slip;
mod words;

use std::sync::Arc;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

pub use line::{Align, Line, Picture, Style};
pub use sheet::Block;
pub use slip::{Slip, SlipCopy, SlipLine};
pub use words::{InvalidLanguage, Language, Words};

use crate::{
    CardRef, DeviceId, EntryMode, InvoiceRef, Method, Money, Payment, Purpose, ReceiptNumber,
    Services, Text,
};

/// Who gets a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The patient.
    Customer,
    /// The clinic, for its files.
    Merchant,
}

/// A receipt that was printed before (law 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reprint {
    /// The first copy is number 1.
    pub number: u32,
    /// When it is printed.
    pub at: DateTime,
}

/// What the clinic writes on each receipt.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Letterhead {
    /// Its name and address.
    pub merchant: Vec<Text>,
    /// What stands at the end.
    pub footer: Vec<Text>,
    /// Its sign.
    pub logo: Option<Arc<Picture>>,
}

/// Why and when a receipt is printed.
#[derive(Debug, Clone)]
pub struct Occasion {
    /// For whom.
    pub reader: Reader,
    /// Which copy it is, if it is one.
    pub copy: Option<u32>,
    /// When it is printed.
    pub at: Timestamp,
    /// The clinic's time zone.
    pub zone: TimeZone,
}

/// All that may be said of a payment on paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// For whom it is.
    pub reader: Reader,
    /// Whether it was printed before.
    pub reprint: Option<Reprint>,
    /// What the clinic writes on each.
    pub letterhead: Letterhead,
    /// Its number.
    pub number: ReceiptNumber,
    /// The group (law 9).
    pub device: DeviceId,
    /// Money in, or back.
    pub purpose: Purpose,
    /// The number of the payment that a cancel or refund names.
    pub original: Option<ReceiptNumber>,
    /// For which invoice.
    pub invoice: Option<InvoiceRef>,
    /// What it is paid for, and when that was done.
    pub services: Services,
    /// When it was paid, by the clinic's clocks.
    pub paid_at: DateTime,
    /// How much.
    pub money: Money,
    /// How.
    pub method: Method,
    /// The card.
    pub card: CardRef,
    /// How the card was read.
    pub entry: EntryMode,
    /// The authorisation code.
    pub authorisation: Option<Text>,
    /// The terminal's ID.
    pub terminal_id: Option<Text>,
    /// The terminal's own lines for this reader; card schemes want them verbatim.
    pub terminal_lines: Vec<SlipLine>,
    /// Whether the cardholder signs it: only on the merchant's, only when the terminal asks for it.
    pub signature: bool,
    /// What a QR code on it says.
    pub qr: Option<String>,
}

impl Receipt {
    /// The receipt of a payment. `original` is the number of the payment that it takes back, `slips`
    /// are what the terminal sent for it.
    pub fn of(
        payment: &Payment,
        original: Option<ReceiptNumber>,
        slips: &[Slip],
        letterhead: Letterhead,
        occasion: &Occasion,
    ) -> Self {
        let intent = &payment.intent;
        let here = |at: Timestamp| at.to_zoned(occasion.zone.clone()).datetime();
        let wanted = match occasion.reader {
            Reader::Customer => SlipCopy::Customer,
            Reader::Merchant => SlipCopy::Merchant,
        };
        let slips = || slips.iter().filter(|slip| slip.copy == wanted);
        let approval = payment.approval.clone().unwrap_or_default();
        let signature = slips().any(|slip| slip.signature);
        Self {
            reader: occasion.reader,
            reprint: occasion.copy.map(|number| Reprint {
                number,
                at: here(occasion.at),
            }),
            letterhead,
            number: payment.receipt.clone(),
            device: intent.device.clone(),
            purpose: intent.purpose,
            original,
            invoice: intent.invoice.clone(),
            services: intent.services.clone(),
            paid_at: here(intent.at),
            money: intent.money,
            method: intent.method,
            card: approval.card,
            entry: approval.entry,
            authorisation: approval.authorisation,
            terminal_id: approval.terminal_id,
            terminal_lines: slips().flat_map(|slip| slip.lines.clone()).collect(),
            signature: signature && occasion.reader == Reader::Merchant,
            qr: None,
        }
    }
}

#[cfg(test)]
mod tests;
