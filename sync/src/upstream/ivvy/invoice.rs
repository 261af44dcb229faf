//! An invoice as iVvy shows it, and what it tells of a payment.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use payment::{Payment, ReceiptNumber, Text, parse_currency};
use rust_decimal::{Decimal, RoundingStrategy};

use super::json::Object;
use crate::upstream::{Booked, Found, InvoiceSeen, Seal, When};

/// `refType` of an invoice that belongs to a booking of a venue.
const VENUE_BOOKING: u64 = 4;

/// An invoice of which all that matters could be read.
pub(super) struct Invoice<'a> {
    object: Object<'a>,
    payments: Vec<Row>,
    refunds: Vec<Row>,
}

/// A payment or a refund as the invoice lists it.
struct Row {
    id: Option<Text>,
    /// A payment's receipt number; of a refund, what its notes begin with.
    receipt: Option<String>,
    amount: Option<Decimal>,
    notes: String,
    at: Option<Timestamp>,
}

/// Where a refund is booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct VenueBooking {
    pub(super) venue: u64,
    pub(super) booking: u64,
}

impl<'a> Invoice<'a> {
    /// Reads it; `None` unless all its payments can be read. A missing list counts as empty only
    /// when nothing was paid.
    pub(super) fn read(object: Object<'a>) -> Option<Self> {
        let payments = match object.list("payments") {
            Some(list) => rows(&list, "id", "amountpaid", |row| row.text("receiptnum"))?,
            None if object.decimal("amountpaid") == Some(Decimal::ZERO) => Vec::new(),
            None => return None,
        };
        let refunds = object.list("refunds").unwrap_or_default();
        let refunds = rows(&refunds, "refundid", "amountrefunded", |row| {
            let notes = row.text("notes")?;
            let first = notes.split([' ', ',', ';']).next()?;
            first.parse::<ReceiptNumber>().ok().map(|r| r.to_string())
        })?;
        Some(Self {
            object,
            payments,
            refunds,
        })
    }

    pub(super) fn id(&self) -> Option<u64> {
        self.object.whole("id")
    }

    /// The booking that it belongs to, if it belongs to one.
    pub(super) fn venue_booking(&self) -> Option<VenueBooking> {
        if self.object.whole("reftype") != Some(VENUE_BOOKING) {
            return None;
        }
        Some(VenueBooking {
            venue: self.object.whole("venueid")?,
            booking: self.object.whole("bookingid")?,
        })
    }

    /// What it tells of a payment: found by receipt number as text, and amount. `fee` is what of
    /// the amount is added to the invoice.
    pub(super) fn find(&self, payment: &Payment, seal: Option<&Seal>, fee: Decimal) -> Found {
        let rows = if payment.intent.purpose.is_sale() {
            &self.payments
        } else {
            &self.refunds
        };
        let receipt = payment.receipt.to_string();
        let ours: Vec<&Row> = rows
            .iter()
            .filter(|row| row.receipt.as_deref().map(str::trim) == Some(receipt.as_str()))
            .collect();
        let wanted = payment.intent.money.currency().code();
        let currency = self.object.text("currency");
        let other = currency.filter(|code| !code.trim().eq_ignore_ascii_case(wanted));
        let amount = payment.intent.money.amount();
        match ours.as_slice() {
            [] => Found::Absent {
                obstacle: other.map_or_else(
                    || self.obstacle(payment, fee),
                    |code| {
                        Some(Text::new(&format!(
                            "The invoice is in {code}, but the payment is in {wanted}. \
                             Book it in iVvy by hand."
                        )))
                    },
                ),
            },
            [one] if one.amount.map(|a| rounded(a, payment)) != Some(amount) => conflict(&format!(
                "iVvy holds receipt {receipt} with another amount than {amount}. Correct it in iVvy."
            )),
            [_] if other.is_some() => conflict(&format!(
                "iVvy holds receipt {receipt} on an invoice in another currency than {wanted}. \
                 Correct it in iVvy."
            )),
            [one] if seal.is_some_and(|seal| one.bears_another(seal)) => conflict(&format!(
                "iVvy holds receipt {receipt} of another payment: this desk's journal was set back, \
                 perhaps from a backup. Book this payment in iVvy by hand, and call support."
            )),
            [one] => Found::Present {
                remote_id: one.id.clone(),
            },
            several => conflict(&format!(
                "iVvy holds receipt {receipt} {} times. Remove the surplus in iVvy.",
                several.len()
            )),
        }
    }

    /// Why a payment could not be booked on it now.
    fn obstacle(&self, payment: &Payment, fee: Decimal) -> Option<Text> {
        // Only money that comes in needs an open invoice.
        if !payment.intent.purpose.is_sale() {
            return None;
        }
        if let Some(closed) = self.closed() {
            return Some(Text::new(&format!(
                "The invoice is {closed}. Choose another invoice for the payment, or pay it back."
            )));
        }
        let open = rounded(self.outstanding()?.checked_add(fee)?, payment);
        (open < payment.intent.money.amount()).then(|| {
            Text::new(&format!(
                "Only {open} is open on the invoice, and iVvy takes no more than that. Book the \
                 rest on another invoice, or pay it back."
            ))
        })
    }

    fn closed(&self) -> Option<&'static str> {
        match self.object.whole("currentstatus") {
            Some(2) => Some("paid already"),
            Some(3) => Some("written off"),
            Some(4) => Some("cancelled"),
            Some(5) => Some("refunded"),
            _ => None,
        }
    }

    fn outstanding(&self) -> Option<Decimal> {
        let total = self.object.decimal("totalcost")?;
        total.checked_sub(self.object.decimal("amountpaid")?)
    }

    /// What the desk sees before a sale.
    pub(super) fn seen(&self) -> InvoiceSeen {
        if let Some(closed) = self.closed() {
            return InvoiceSeen::Closed {
                reason: Text::new(&format!(
                    "The invoice is {closed} in iVvy. Ask for another invoice."
                )),
            };
        }
        let currency = self.object.text("currency");
        let currency = currency.and_then(|code| parse_currency(code.trim()).ok());
        match self.outstanding() {
            Some(open) => InvoiceSeen::Open {
                // iVvy computes with floats.
                outstanding: currency
                    .map_or(open, |c| open.round_dp(c.exponent().map_or(2, u32::from))),
                currency,
            },
            None => InvoiceSeen::Unreadable {
                reason: Text::from("iVvy's answer does not show what is open on the invoice."),
            },
        }
    }

    /// All that is booked on it.
    pub(super) fn booked(&self) -> Option<Vec<Booked>> {
        let currency = self.object.text("currency");
        let currency = currency.and_then(|code| parse_currency(code.trim()).ok());
        let invoice = self.object.shown("id");
        let payments = self.payments.iter().map(|row| (row, false));
        let refunds = self.refunds.iter().map(|row| (row, true));
        let booked = payments.chain(refunds).map(|(row, back)| {
            Some(Booked {
                receipt: row
                    .receipt
                    .as_deref()
                    .map(str::trim)
                    .filter(|number| !number.is_empty())
                    .map(Text::new),
                amount: row.amount?.abs(),
                currency,
                back,
                invoice: invoice.clone(),
                remote_id: row.id.clone(),
                at: row.at.map(When::At),
                seal: Seal::find(&row.notes),
            })
        });
        booked.collect()
    }
}

impl Row {
    /// Whether its notes bear the seal of another payment.
    fn bears_another(&self, seal: &Seal) -> bool {
        let ours = hex::encode(seal.hash);
        let is_hash = |word: &&str| word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit());
        let mut words = self.notes.split(|c: char| !c.is_ascii_alphanumeric());
        words
            .find(is_hash)
            .is_some_and(|hash| !hash.eq_ignore_ascii_case(&ours))
    }
}

fn rows(
    list: &[&serde_json::value::RawValue],
    id: &str,
    amount: &str,
    receipt: impl Fn(&Object<'_>) -> Option<String>,
) -> Option<Vec<Row>> {
    let rows = list.iter().map(|raw| {
        let object = Object::read(raw.get().as_bytes())?;
        Some(Row {
            id: object.shown(id).or_else(|| object.shown("id")),
            receipt: receipt(&object),
            amount: object.decimal(amount),
            notes: object.text("notes").unwrap_or_default(),
            at: ["paiddate", "refunddate"]
                .iter()
                .find_map(|key| moment(&object.text(key)?)),
        })
    });
    rows.collect()
}

/// `2018-06-11 06:06:42`, with or without ` UTC`.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim().trim_end_matches("UTC").trim_end();
    let civil = DateTime::strptime("%Y-%m-%d %H:%M:%S", text).ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// iVvy computes with floats: an amount counts to the currency's smallest unit.
fn rounded(amount: Decimal, payment: &Payment) -> Decimal {
    let decimals = payment.intent.money.amount().scale();
    let mut amount =
        amount.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero);
    amount.rescale(decimals);
    amount
}

fn conflict(reason: &str) -> Found {
    Found::Conflict {
        reason: Text::new(reason),
    }
}
