//! Payments and reversals: what becomes of the money, and the words for it.

use super::{
    Fault,
    books::Kind,
    machine::Terminal,
    message::{self, decimal, failure, hundredths},
    receipt,
};

impl Terminal {
    pub(super) fn pay(
        &self,
        asked: &message::AmountsReq,
        fault: Option<Fault>,
    ) -> (Kind, u64, String) {
        let Some(wanted) = hundredths(&asked.requested_amount).filter(|amount| *amount > 0) else {
            return (
                Kind::Payment,
                0,
                failure("PaymentResponse", "MessageFormat"),
            );
        };
        let (amount, result) = match fault {
            Some(Fault::OtherAmount) => (wanted - 1, "Success"),
            Some(Fault::PartialApproval) => (wanted / 2, "Partial"),
            _ => (wanted, "Success"),
        };
        let currency = match fault {
            Some(Fault::OtherCurrency) => "CHF",
            _ => asked.currency.as_str(),
        };
        let written = match fault {
            Some(Fault::ExponentAmount) => format!("{amount}e-2"),
            _ => decimal(amount),
        };
        let amounts = match fault {
            Some(Fault::NoAmount) => String::new(),
            _ => format!(
                r#""AmountsResp":{{"AuthorizedAmount":{written},"Currency":"{currency}"}},"#
            ),
        };
        let unmasked = fault == Some(Fault::UnmaskedPan);
        let strange = match fault {
            Some(Fault::UnknownFields) => r#""New":{"A":[1.5,{"B":null}]},"#,
            _ => "",
        };
        let number = self.books.next_number();
        let body = format!(
            r#""PaymentResponse":{{{strange}"Response":{{{strange}"Result":"{result}","AdditionalResponse":"tid=1&PaymentToken=T&expiryDate=12%2F2030"}},{poi},"PaymentResult":{{{strange}{amounts}{card}}},"PaymentReceipt":[{receipts}]}}"#,
            poi = transaction(number),
            card = receipt::card(unmasked),
            receipts = receipt::both(&decimal(amount), currency, unmasked),
        );
        (Kind::Payment, amount, body)
    }

    pub(super) fn reverse(&self, asked: &message::ReversalRequest) -> (Kind, u64, String) {
        let refused = |condition| {
            let kind = Kind::Reversal { of: usize::MAX };
            (kind, 0, failure("ReversalResponse", condition))
        };
        let number = asked.original.id.transaction_id.strip_prefix("SIM.");
        let number = number.and_then(|number| number.parse::<usize>().ok());
        let found = number.and_then(|number| self.books.transactions().get(number));
        let (Some(number), Some(payment)) = (number, found) else {
            return refused("NotFound");
        };
        let left = payment.amount.saturating_sub(self.books.reversed(number));
        let amount = match &asked.reversed_amount {
            Some(part) => hundredths(part).unwrap_or(u64::MAX),
            None if self.books.reversed(number) == 0 => payment.amount,
            None => u64::MAX,
        };
        if payment.kind != Kind::Payment || amount == 0 || amount > left {
            return refused("NotAllowed");
        }
        let body = format!(
            r#""ReversalResponse":{{"Response":{{"Result":"Success"}},{},"ReversedAmount":{}}}"#,
            transaction(self.books.next_number()),
            decimal(amount)
        );
        (Kind::Reversal { of: number }, amount, body)
    }
}

/// The terminal's name for a transaction.
fn transaction(number: usize) -> String {
    format!(
        r#""POIData":{{"POITransactionID":{{"TransactionID":"SIM.{number}","TimeStamp":"2026-01-02T10:00:00.000Z"}}}}"#
    )
}
