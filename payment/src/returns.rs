//! What may be given back of a payment: the rules of cancels and refunds (law 6).
//!
//! The others are all the payments that name the first one. What runs or is in doubt counts as
//! given back, so that no order of answers can give back more than was paid.

use crate::{DeviceId, Intent, InvoiceRef, Method, Money, Payment, Purpose, ReceiptNumber, State};

/// Why a payment is not cancelled or refunded, as a sentence for the desk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotReturn {
    /// It is not approved, or not yet.
    #[error("{0} is not approved, so nothing can be given back; settle it first if it is in doubt")]
    NotApproved(ReceiptNumber),
    /// It is itself a cancel or a refund.
    #[error("{0} is a cancel or a refund; only a payment by a patient can be given back")]
    NotASale(ReceiptNumber),
    /// Another device took it.
    #[error("{receipt} was taken at {device}; give it back there")]
    OtherDevice {
        /// Which payment.
        receipt: ReceiptNumber,
        /// Where it was taken.
        device: DeviceId,
    },
    /// It is for another invoice, or for none.
    #[error("{receipt} is for {}; what is given back of it must be for the same", invoice_of(.invoice.as_ref()))]
    OtherInvoice {
        /// Which payment.
        receipt: ReceiptNumber,
        /// Its invoice.
        invoice: Option<InvoiceRef>,
    },
    /// A cancel in another way than the payment was made.
    #[error("{receipt} was paid by {method}; cancel it the same way, or refund it")]
    OtherMethod {
        /// Which payment.
        receipt: ReceiptNumber,
        /// How it was paid.
        method: Method,
    },
    /// A cancel of another amount.
    #[error(
        "a cancel takes back all of {receipt}, which is {whole}; refund it to give back a part"
    )]
    NotWhole {
        /// Which payment.
        receipt: ReceiptNumber,
        /// All of it.
        whole: Money,
    },
    /// Some of it was given back already, or may have been.
    #[error("of {0} something was given back or may have been; refund what is left instead")]
    Touched(ReceiptNumber),
    /// The terminal's day was closed since.
    #[error(
        "the terminal's day was closed after {0}, so it cannot be cancelled; refund it instead"
    )]
    DayClosed(ReceiptNumber),
    /// A refund in another currency.
    #[error("{receipt} was paid in {}; refund it in the same currency", .whole.currency().code())]
    OtherCurrency {
        /// Which payment.
        receipt: ReceiptNumber,
        /// What was paid.
        whole: Money,
    },
    /// A refund of more than is left.
    #[error("of {receipt} {left} is left; refund no more than that")]
    TooMuch {
        /// Which payment.
        receipt: ReceiptNumber,
        /// What is left.
        left: Money,
    },
    /// Nothing is left.
    #[error("all of {0} was given back or may have been; look at what was done, and settle doubt")]
    NothingLeft(ReceiptNumber),
}

fn invoice_of(invoice: Option<&InvoiceRef>) -> String {
    invoice.map_or_else(|| "no invoice".to_owned(), |i| format!("invoice {i}"))
}

/// What is left of a payment to be given back; `None` is nothing.
///
/// # Errors
/// When nothing could ever be given back: it is no sale, or not approved.
pub fn left(original: &Payment, others: &[Payment]) -> Result<Option<Money>, CannotReturn> {
    let receipt = || original.receipt.clone();
    if !original.intent.purpose.is_sale() {
        return Err(CannotReturn::NotASale(receipt()));
    }
    if original.state != State::Approved {
        return Err(CannotReturn::NotApproved(receipt()));
    }
    let whole = original.intent.money;
    let mut left = whole.minor();
    for other in others.iter().filter(|other| uses(original, other)) {
        match other.intent.purpose {
            Purpose::Cancel { .. } => return Ok(None),
            Purpose::Refund { .. } => left = left.saturating_sub(other.intent.money.minor()),
            Purpose::Sale => {}
        }
    }
    Ok(Money::from_minor(left, whole.currency()).ok())
}

/// Whether a cancel or a refund may begin. `day_closed` is whether the terminal's day was closed
/// after the payment was approved.
///
/// # Errors
/// The first rule that it breaks.
pub fn may_return(
    intent: &Intent,
    original: &Payment,
    others: &[Payment],
    day_closed: bool,
) -> Result<(), CannotReturn> {
    let left = left(original, others)?;
    let receipt = original.receipt.clone();
    let paid = &original.intent;
    if intent.device != paid.device {
        let device = paid.device.clone();
        return Err(CannotReturn::OtherDevice { receipt, device });
    }
    if intent.invoice != paid.invoice {
        let invoice = paid.invoice.clone();
        return Err(CannotReturn::OtherInvoice { receipt, invoice });
    }
    let Some(left) = left else {
        return Err(CannotReturn::NothingLeft(receipt));
    };
    let whole = paid.money;
    match intent.purpose {
        Purpose::Sale => Ok(()),
        Purpose::Cancel { .. } if left != whole => Err(CannotReturn::Touched(receipt)),
        Purpose::Cancel { .. } if intent.method != paid.method => {
            let method = paid.method;
            Err(CannotReturn::OtherMethod { receipt, method })
        }
        Purpose::Cancel { .. } if intent.money != whole => {
            Err(CannotReturn::NotWhole { receipt, whole })
        }
        Purpose::Cancel { .. } if day_closed && paid.method.asks_terminal() => {
            Err(CannotReturn::DayClosed(receipt))
        }
        Purpose::Cancel { .. } => Ok(()),
        Purpose::Refund { .. } if intent.money.currency() != whole.currency() => {
            Err(CannotReturn::OtherCurrency { receipt, whole })
        }
        Purpose::Refund { .. } if intent.money.minor() > left.minor() => {
            Err(CannotReturn::TooMuch { receipt, left })
        }
        Purpose::Refund { .. } => Ok(()),
    }
}

/// Whether the other gives back of the original, or may.
fn uses(original: &Payment, other: &Payment) -> bool {
    let names_it = other.intent.purpose.of() == Some(original.intent.id);
    names_it && !matches!(other.state, State::Declined | State::Cancelled)
}

#[cfg(test)]
mod tests;
