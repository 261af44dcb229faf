//! What stands on a receipt. Pure: the same payment always gives the same lines.

use std::collections::BTreeMap;

use config::{Layout, Receipts, Values};
use drivers::terminal::Slip;
use jiff::{Timestamp, tz::TimeZone};
use payment::{
    Payment, ReceiptNumber,
    receipt::{Line, Occasion, Reader, Receipt},
};
use sync::queue::JobKind;

/// How and when something is printed.
#[derive(Debug)]
pub struct Desk<'a> {
    /// How receipts look.
    pub receipts: &'a Receipts,
    /// When it is printed.
    pub at: Timestamp,
    /// The clinic's time zone.
    pub zone: TimeZone,
}

/// The lines of a payment's receipt. `original` is the number of the payment that a cancel or refund
/// names.
pub fn compose(
    payment: &Payment,
    original: Option<ReceiptNumber>,
    slips: &[Slip],
    kind: JobKind,
    desk: &Desk<'_>,
) -> Vec<Line> {
    let (reader, copy) = match kind {
        JobKind::Customer | JobKind::Administration | JobKind::Repeated | JobKind::Test => {
            (Reader::Customer, None)
        }
        JobKind::Merchant => (Reader::Merchant, None),
        JobKind::Copy(number) => (Reader::Customer, Some(number)),
        JobKind::MerchantCopy(number) => (Reader::Merchant, Some(number)),
    };
    let occasion = Occasion {
        reader,
        copy,
        at: desk.at,
        zone: desk.zone.clone(),
    };
    let Receipts {
        layout,
        letterhead,
        qr,
        merchant_copy: _,
    } = desk.receipts;
    let code = qr.as_ref().and_then(|template| {
        let values = Values::new(payment, original.as_ref(), &BTreeMap::new());
        let code = template.render(&values);
        code.inspect_err(|error| tracing::error!(%error, "a receipt has no QR code"))
            .ok()
    });
    let receipt = Receipt {
        qr: code,
        ..Receipt::of(payment, original, slips, letterhead.clone(), &occasion)
    };
    let language = layout.language();
    let blocks = layout.blocks(&receipt).or_else(|error| {
        // It was tried on sample receipts; this one is another.
        tracing::error!(%error, number = %receipt.number, "the template does not fit; tilld's own is used");
        Layout::built_in(language).blocks(&receipt)
    });
    receipt.sheet(blocks.unwrap_or_default(), language)
}

#[cfg(test)]
mod tests;
