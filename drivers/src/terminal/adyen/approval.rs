//! What a terminal's approval is to the rest of the house.

use payment::{Approval, CardRef, Currency, EntryMode, Money, Text, parse_currency};

use super::message::{CardData, PaymentResponse, ReversalResponse, TransactionId};

/// Between the two parts of a reference.
const BETWEEN: char = '|';
/// Put into long runs of digits, so that none can be taken for a card number and masked.
const BREAK: char = '~';
const RUN: usize = 8;

/// An approval, and whether its amount can be compared with what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) approval: Approval,
    pub(super) amount: Named,
}

/// What an answer says of the amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// Nothing.
    Nothing,
    /// This.
    Money(Money),
    /// What is no money.
    Nonsense,
}

impl Record {
    pub(super) fn of_payment(response: &PaymentResponse, asked: Currency, poi_id: &str) -> Self {
        let result = response.payment_result.as_ref();
        let card = result
            .and_then(|result| result.payment_instrument_data.0.as_ref())
            .and_then(|data| data.card_data.as_ref());
        let code = result
            .and_then(|result| result.payment_acquirer_data.0.as_ref())
            .and_then(|data| data.approval_code.as_deref());
        let amounts = result.and_then(|result| result.amounts_resp.as_ref());
        let amount = match amounts.and_then(|a| Some((a.authorized_amount?, &a.currency))) {
            None => Named::Nothing,
            Some((amount, currency)) => {
                let currency = match currency {
                    None => Some(asked),
                    Some(code) => parse_currency(code).ok(),
                };
                let money = currency.and_then(|currency| amount.money(currency));
                money.map_or(Named::Nonsense, Named::Money)
            }
        };
        let poi = response.poi_data.as_ref();
        let approval = Approval {
            card: card.map(card_ref).unwrap_or_default(),
            entry: card.map(entry).unwrap_or_default(),
            authorisation: code.map(Text::new).filter(|code| !code.is_empty()),
            ..approval(amount, poi.and_then(|poi| poi.transaction.as_ref()), poi_id)
        };
        Self { approval, amount }
    }

    pub(super) fn of_reversal(response: &ReversalResponse, asked: Currency, poi_id: &str) -> Self {
        let amount = match response.reversed_amount {
            None => Named::Nothing,
            Some(amount) => amount.money(asked).map_or(Named::Nonsense, Named::Money),
        };
        let poi = response.poi_data.as_ref();
        let approval = approval(amount, poi.and_then(|poi| poi.transaction.as_ref()), poi_id);
        Self { approval, amount }
    }
}

fn approval(amount: Named, transaction: Option<&TransactionId>, poi_id: &str) -> Approval {
    Approval {
        money: match amount {
            Named::Money(money) => Some(money),
            Named::Nothing | Named::Nonsense => None,
        },
        terminal_id: Some(Text::new(poi_id)),
        reference: transaction.and_then(reference),
        ..Approval::default()
    }
}

fn card_ref(card: &CardData) -> CardRef {
    CardRef {
        brand: card.payment_brand.as_deref().map(Text::new),
        last4: card.last.0,
    }
}

fn entry(card: &CardData) -> EntryMode {
    let modes = card.entry_mode.0.as_deref().unwrap_or_default();
    let has = |word: &str| modes.iter().any(|mode| mode == word);
    if has("Contactless") || has("Tapped") {
        EntryMode::Contactless
    } else if has("ICC") || has("SynchronousICC") {
        EntryMode::Chip
    } else if has("MagStripe") {
        EntryMode::Stripe
    } else {
        EntryMode::Unknown
    }
}

/// The transaction's name and time as one text that stays as it is wherever it is kept; none when
/// the terminal's name would not.
pub(super) fn reference(transaction: &TransactionId) -> Option<Text> {
    let parts = [&transaction.transaction_id, &transaction.time_stamp];
    let plain = |c: char| c.is_ascii_graphic() && c != BETWEEN && c != BREAK;
    if parts.iter().any(|p| p.is_empty() || !p.chars().all(plain)) {
        return None;
    }
    let mut written = String::new();
    let mut digits = 0;
    for c in format!("{}{BETWEEN}{}", parts[0], parts[1]).chars() {
        // A dash may join the digits of a card number.
        digits = if c.is_ascii_digit() || c == '-' {
            digits + 1
        } else {
            0
        };
        if digits > RUN {
            written.push(BREAK);
            digits = 1;
        }
        written.push(c);
    }
    let text = Text::new(&written);
    (text.as_str() == written).then_some(text)
}

/// The transaction that a reference names.
pub(super) fn transaction(reference: &Text) -> Option<TransactionId> {
    let written = reference.as_str().replace(BREAK, "");
    let (id, time) = written.split_once(BETWEEN)?;
    (!id.is_empty() && !time.is_empty()).then(|| TransactionId {
        transaction_id: id.to_owned(),
        time_stamp: time.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(id: &str, time: &str) -> TransactionId {
        TransactionId {
            transaction_id: id.to_owned(),
            time_stamp: time.to_owned(),
        }
    }

    #[test]
    fn references_are_never_taken_for_card_numbers() {
        let id = named(
            "4111111111111111.VK9DRSLLRCQ2WN82",
            "2026-01-02T10:00:00.000Z",
        );
        let kept = reference(&id).unwrap();
        assert_eq!(
            kept.as_str(),
            "41111111~11111111.VK9DRSLLRCQ2WN82|2026-01-~02T10:00:00.000Z"
        );
        assert_eq!(transaction(&kept), Some(id));
        for (id, time) in [
            ("", "t"),
            ("a", ""),
            ("a b", "t"),
            ("a|b", "t"),
            ("a~", "t"),
        ] {
            assert_eq!(reference(&named(id, time)), None, "{id} {time}");
        }
        assert_eq!(reference(&named(&"x".repeat(1000), "t")), None);
    }

    proptest! {
        #[test]
        fn what_is_kept_comes_back(id in "[0-9A-Z.-]{1,60}", time in "[0-9:TZ.+-]{1,30}") {
            let id = named(&id, &time);
            let kept = reference(&id).unwrap();
            prop_assert_eq!(Text::new(kept.as_str()), kept.clone());
            prop_assert_eq!(transaction(&kept), Some(id));
        }
    }
}
