//! One movement of money: what was asked, and what the answer makes of it. Pure: it decides, and the
//! session does.

use jiff::Timestamp;
use payment::{Approval, Cancellation, Doubt, DoubtReason, Money, PaymentId, Text};

use super::{
    approval::{self, Named, Record},
    codes::Failure,
    message::{Body, PaymentResponse, Request, Response, ReversalResponse, TransactionId},
    text,
};
use crate::{
    Mono,
    terminal::{Command, Ending, Slip},
};

/// A running operation.
pub(super) struct Operation {
    pub(super) payment: PaymentId,
    money: Money,
    /// `MessageCategory` of the request.
    pub(super) category: &'static str,
    /// `ServiceID` of the request.
    pub(super) service_id: String,
    pub(super) deadline: Mono,
    /// Whether the terminal was asked to end it; it is asked once.
    pub(super) abort_sent: bool,
}

/// What an answer makes of an operation.
pub(super) enum Verdict {
    /// It is over.
    End(Ending),
    /// Make the approval durable first.
    Store(Approval),
}

/// What was wanted, as a request; or why it cannot be asked.
pub(super) fn request(
    command: &Command,
) -> Option<(PaymentId, Money, Result<Request, &'static str>)> {
    const NAMELESS: &str =
        "The terminal was not asked: its name for the first payment is not known.";
    match command {
        Command::Pay { payment, money } => {
            let request = Request::payment(sale(*payment), *money);
            Some((*payment, *money, Ok(request)))
        }
        Command::Reverse {
            payment,
            money,
            original,
        } => {
            let named = original.reference.as_ref().and_then(approval::transaction);
            let request = named.map(|named| Request::reversal(sale(*payment), named, None));
            Some((*payment, *money, request.ok_or(NAMELESS)))
        }
        Command::Refund {
            payment,
            money,
            original,
        } => {
            let named = original.as_ref().and_then(|first| first.reference.as_ref());
            let named = named.and_then(approval::transaction);
            let request = named.map(|named| Request::reversal(sale(*payment), named, Some(*money)));
            Some((*payment, *money, request.ok_or(NAMELESS)))
        }
        Command::Query { .. }
        | Command::LastTransaction
        | Command::EndOfDay
        | Command::Service(_)
        | Command::Abort { .. } => None,
    }
}

/// Our name for a transaction: the payment, and when it was wanted.
fn sale(payment: PaymentId) -> TransactionId {
    TransactionId {
        transaction_id: payment.to_string(),
        time_stamp: wanted_at(payment).to_string(),
    }
}

/// When a payment was wanted: its name holds the moment (RFC 9562, 5.7).
pub(super) fn wanted_at(payment: PaymentId) -> Timestamp {
    let millis = payment.as_bytes().iter().take(6);
    let millis = millis.fold(0, |sum: i64, byte| sum << 8 | i64::from(*byte));
    Timestamp::from_millisecond(millis).unwrap_or_default()
}

/// What the terminal was never asked for.
pub(super) fn not_asked(why: &str) -> Ending {
    Ending::Cancelled(Cancellation {
        code: None,
        text: Text::new(why),
    })
}

impl Operation {
    pub(super) fn new(
        payment: PaymentId,
        money: Money,
        category: &'static str,
        service_id: String,
        deadline: Mono,
    ) -> Self {
        Self {
            payment,
            money,
            category,
            service_id,
            deadline,
            abort_sent: false,
        }
    }

    /// Judges the terminal's answer; its receipts too.
    pub(super) fn judge(&self, body: &Body, poi_id: &str) -> (Verdict, Vec<Slip>) {
        let Some(answered) = Answered::new(
            self.category,
            body.payment_response.as_ref(),
            body.reversal_response.as_ref(),
        ) else {
            let text = "The terminal's answer does not say what became of it.";
            return (
                Verdict::End(Ending::Doubted(doubt(DoubtReason::Garbage, text, None))),
                Vec::new(),
            );
        };
        let slips = answered.slips();
        let verdict = match answered.response().result.as_str() {
            "Success" => self.approved(answered.record(self.money, poi_id)),
            // Less than was asked for.
            "Partial" => {
                Verdict::End(self.other_amount(answered.record(self.money, poi_id).approval))
            }
            "Failure" => Verdict::End(match Failure::of(answered.response()).ending() {
                Ok(ending) => ending,
                Err((reason, text)) => Ending::Doubted(doubt(reason, text.as_str(), None)),
            }),
            _ => {
                let text = "The terminal answered with a result that is not known.";
                Verdict::End(Ending::Doubted(doubt(DoubtReason::Garbage, text, None)))
            }
        };
        (verdict, slips)
    }

    fn approved(&self, record: Record) -> Verdict {
        match record.amount {
            Named::Money(money) if money == self.money => Verdict::Store(record.approval),
            // It answers our own request, and was not asked to say how much.
            Named::Nothing => Verdict::Store(record.approval),
            Named::Money(_) | Named::Nonsense => Verdict::End(self.other_amount(record.approval)),
        }
    }

    fn other_amount(&self, approval: Approval) -> Ending {
        let named = approval.money.map_or_else(
            || "an amount that cannot be read".to_owned(),
            |money| money.to_string(),
        );
        let text = format!(
            "The terminal approved {named} instead of {}. Compare its receipt and the provider's \
             back office.",
            self.money
        );
        Ending::Doubted(Doubt {
            reason: DoubtReason::OtherAmount,
            text: Text::new(&text),
            other_amount: approval.money,
            approval: Some(approval),
        })
    }
}

/// Doubt without another amount.
pub(super) fn doubt(reason: DoubtReason, text: &str, approval: Option<Approval>) -> Doubt {
    Doubt {
        reason,
        text: Text::new(text),
        approval,
        other_amount: None,
    }
}

/// An answer about money, now or repeated.
#[derive(Clone, Copy)]
pub(super) enum Answered<'a> {
    Payment(&'a PaymentResponse),
    Reversal(&'a ReversalResponse),
}

impl<'a> Answered<'a> {
    /// The answer of the kind that was asked for.
    pub(super) fn new(
        category: &str,
        payment: Option<&'a PaymentResponse>,
        reversal: Option<&'a ReversalResponse>,
    ) -> Option<Self> {
        match (category, payment, reversal) {
            ("Payment", Some(payment), None) => Some(Self::Payment(payment)),
            ("Reversal", None, Some(reversal)) => Some(Self::Reversal(reversal)),
            _ => None,
        }
    }

    pub(super) fn response(self) -> &'a Response {
        match self {
            Self::Payment(payment) => &payment.response,
            Self::Reversal(reversal) => &reversal.response,
        }
    }

    pub(super) fn record(self, asked: Money, poi_id: &str) -> Record {
        match self {
            Self::Payment(payment) => Record::of_payment(payment, asked.currency(), poi_id),
            Self::Reversal(reversal) => Record::of_reversal(reversal, asked.currency(), poi_id),
        }
    }

    pub(super) fn slips(self) -> Vec<Slip> {
        let receipts = match self {
            Self::Payment(payment) => &payment.payment_receipt,
            Self::Reversal(reversal) => &reversal.payment_receipt,
        };
        text::slips(receipts.0.as_deref().unwrap_or_default())
    }
}
