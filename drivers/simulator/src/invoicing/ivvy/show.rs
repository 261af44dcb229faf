//! What iVvy's answers look like: its own keys, numbers that were texts, times in UTC.

use jiff::{Timestamp, tz::TimeZone};
use rust_decimal::Decimal;

use super::book::{Invoice, METHODS, Payment, Refund};

impl Invoice {
    pub(super) fn to_json(&self, with_payments: bool) -> String {
        let status = if self.open().is_zero() { 2 } else { 0 };
        let payments: Vec<String> = self.payments.iter().map(Payment::to_json).collect();
        let refunds: Vec<String> = self.refunds.iter().map(Refund::to_json).collect();
        let (payments, refunds) = if with_payments {
            (list(&payments), list(&refunds))
        } else {
            ("null".to_owned(), "null".to_owned())
        };
        let (ref_type, venue, booking) = match self.booking {
            Some((venue, booking)) => (4, venue.to_string(), booking.to_string()),
            None => (0, "null".to_owned(), "null".to_owned()),
        };
        format!(
            r#"{{"id":{},"reference":{},"title":"Consultation","currency":"{}","totalCost":{},"amountPaid":{},"currentStatus":{status},"modifiedDate":"{} UTC","refType":{ref_type},"venueId":{venue},"bookingId":{booking},"payments":{payments},"refunds":{refunds}}}"#,
            self.id,
            self.id,
            self.total.currency().code(),
            self.cost().normalize(),
            self.paid().normalize(),
            utc(self.modified),
        )
    }
}

impl Payment {
    fn to_json(&self) -> String {
        let custom = self.custom.map_or("null".to_owned(), |id| id.to_string());
        format!(
            r#"{{"id":{},"paymentId":0,"receiptNum":{},"amountPaid":{},"feeAmount":{},"notes":{},"paymentMethod":{},"customPaymentMethodId":{custom},"paidDate":{}}}"#,
            self.id,
            retyped(&self.receipt),
            self.amount.normalize(),
            self.fee.normalize(),
            quoted(&self.notes),
            self.method,
            quoted(&self.paid_date),
        )
    }
}

impl Refund {
    fn to_json(&self) -> String {
        format!(
            r#"{{"id":{},"refundId":{},"refundDate":{},"notes":{},"amountRefunded":{}}}"#,
            self.id,
            self.id,
            quoted(&self.date),
            quoted(&self.notes),
            self.amount.normalize(),
        )
    }
}

/// What looks like a number becomes one: `0012` is 12, `1E5` is 100000.
fn retyped(receipt: &str) -> String {
    let plain = receipt.parse().ok();
    let number: Option<Decimal> = plain.or_else(|| Decimal::from_scientific(receipt).ok());
    number.map_or_else(|| quoted(receipt), |n| n.normalize().to_string())
}

pub(super) fn options(custom: &[(u32, String)]) -> String {
    let methods: Vec<String> = METHODS
        .iter()
        .map(|id| format!(r#"{{"id":{id},"name":"Method {id}"}}"#))
        .collect();
    let custom: Vec<String> = custom
        .iter()
        .map(|(id, name)| format!(r#"{{"id":{id},"name":{}}}"#, quoted(name)))
        .collect();
    format!(
        r#"{{"invoiceRefTypes":[],"invoiceLineRefTypes":[],"paymentMethods":{},"customPaymentMethods":{}}}"#,
        list(&methods),
        list(&custom)
    )
}

fn list(items: &[String]) -> String {
    format!("[{}]", items.join(","))
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "null".to_owned())
}

/// `yyyy-mm-dd HH:mm:ss`
pub(super) fn utc(at: Timestamp) -> String {
    let civil = at.to_zoned(TimeZone::UTC).datetime();
    civil.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lose_their_form_and_texts_keep_it() {
        for (receipt, shown) in [
            ("0012", "12"),
            ("1E5", "100000"),
            ("729424", "729424"),
            ("desk1-000001", "\"desk1-000001\""),
            ("e1-000001", "\"e1-000001\""),
            ("", "\"\""),
        ] {
            assert_eq!(retyped(receipt), shown);
        }
    }
}
