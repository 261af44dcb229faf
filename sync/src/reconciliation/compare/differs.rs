//! A payment that the system shows otherwise than the journal has it.

use payment::{InvoiceRef, Text};

use super::{Given, Ours, said};
use crate::upstream::Booked;

/// In what a payment differs from what the system shows of it: a sentence, and what to do.
pub(super) fn differs(
    given: &Given<'_>,
    Ours { taken, due }: Ours<'_>,
    found: &[&Booked],
    there: i64,
) -> Option<(String, String)> {
    let (up, receipt, currency) = (given.upstream, &taken.receipt, taken.currency);
    let [booked] = found else {
        return Some((
            format!("{up} shows {receipt} {} times.", found.len()),
            format!("Remove the surplus in {up}."),
        ));
    };
    if let Some(other) = booked.currency.filter(|other| *other != currency) {
        return Some((
            format!(
                "{up} shows {receipt} in {} instead of {}.",
                other.code(),
                currency.code()
            ),
            format!(
                "Correct it in {up}: {} was paid.",
                said(taken.minor, currency)
            ),
        ));
    }
    if taken.purpose.is_sale() == booked.back {
        let (is, should) = if booked.back {
            ("as money back", "a payment")
        } else {
            ("as a payment", "money back")
        };
        return Some((
            format!("{up} shows {receipt} {is}, and it is {should}."),
            format!("Correct it in {up}."),
        ));
    }
    if there != taken.signed() {
        let (is, should) = (said(there, currency), said(taken.minor, currency));
        return Some((
            format!("{up} shows {receipt} with {is} instead of {should}."),
            format!("Correct the amount in {up}: the receipt says {should}."),
        ));
    }
    let bears_other = |seal| booked.seal.is_some_and(|there| there != seal);
    if taken.seal.is_some_and(bears_other) {
        return Some((
            format!(
                "{up} shows {receipt} with the seal of another journal: this desk's journal was set \
                 back, or changed."
            ),
            "Run till verify, and call support. It may be another payment with the same number."
                .to_owned(),
        ));
    }
    let at = booked.invoice.as_ref().map(Text::as_str);
    let ours = due.invoice.as_ref().map(InvoiceRef::as_str);
    if let (Some(at), Some(ours)) = (at, ours)
        && at != ours
    {
        return Some((
            format!("{up} shows {receipt} on invoice {at} instead of {ours}."),
            format!("Ask which is right, and correct it in {up} if need be."),
        ));
    }
    given.period.is_far(taken.at, booked.at).then(|| {
        (
            format!("{up} shows {receipt} on another day than it was taken."),
            format!("Correct its date in {up}, or leave it if the clinic wants it so."),
        )
    })
}
