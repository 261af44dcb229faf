//! The invoicing system's books beside the journal, and beside what people said of deliveries.

use payment::{Payment, State};
use simulator::invoicing::Booked;
use sync::delivery::{Delivery, DeliveryState};

use super::Found;
use crate::{clinic::DEVICES, people::Word, world::World};

impl World {
    /// Laws 7, 9 and 11: the invoicing system has each approved payment once, with its amount, on the
    /// invoice that it is due to, or a person has said that it need not.
    pub(super) fn judge_upstream(&self, payments: &[Payment]) -> Found {
        let booked = self.books.booked();
        let ours = |receipt: &str| DEVICES.iter().any(|d| receipt.starts_with(d));
        for row in booked.iter().filter(|row| ours(&row.receipt)) {
            let known = payments.iter();
            let mut known = known.filter(|p| p.receipt.to_string() == row.receipt);
            if known.next().is_none() && !self.copies.has_lost(&row.receipt) {
                return Some((
                    9,
                    format!("{} is booked and not in the journal", row.receipt),
                ));
            }
        }
        payments.iter().find_map(|payment| {
            let (id, receipt) = (payment.intent.id, payment.receipt.to_string());
            let rows: Vec<_> = booked.iter().filter(|row| row.receipt == receipt).collect();
            if payment.state != State::Approved {
                let taken_back = self.copies.returns_of(id).next().is_some();
                let stray = !rows.is_empty() && !taken_back;
                return stray.then(|| (7, format!("{receipt} is not approved, and booked")));
            }
            let deliveries = self.disk.reader().deliveries_of(id).unwrap();
            let [delivery] = deliveries.as_slice() else {
                return Some((7, format!("{receipt} is due {} times", deliveries.len())));
            };
            self.judge_times(&receipt, delivery, rows.len())
                .or_else(|| self.judge_booking(&receipt, delivery, rows.first()?))
        })
    }

    /// How often it is booked is what its delivery says.
    fn judge_times(&self, receipt: &str, delivery: &Delivery, times: usize) -> Found {
        let id = delivery.payment.intent.id;
        let word = self.people.words.of.get(&id).copied();
        let forgotten = self.copies.forgotten.contains(&id);
        let said = delivery.state.as_str();
        let most = 1 + usize::from(self.copies.moved.contains(&id));
        // Its payment's draft of a lost life is cancelled, and then nothing is left to book.
        let of = delivery.payment.intent.purpose.of();
        let least = usize::from(!of.is_some_and(|of| self.copies.moved.contains(&of)));
        let once = (least..=most).contains(&times);
        let right = match (&delivery.state, word) {
            (DeliveryState::Confirmed { .. }, Some(Word::Entered)) => forgotten && times == 1,
            (DeliveryState::Confirmed { .. }, _)
            | (DeliveryState::Handled { .. }, Some(Word::Seen)) => once,
            (DeliveryState::Handled { .. }, Some(Word::Entered)) if forgotten => times <= 1,
            (DeliveryState::Handled { .. }, Some(Word::Entered | Word::Kept))
            | (DeliveryState::Superseded, _) => times == 0,
            (DeliveryState::Handled { .. }, None) => {
                return Some((7, format!("{receipt} is handled, and nobody has said so")));
            }
            (_, _) => times <= most,
        };
        (!right).then(|| {
            let how = format!("{receipt} is {said} ({word:?}), and booked {times} times");
            (7, how)
        })
    }

    /// What is booked is what was paid, where a person wants it.
    fn judge_booking(&self, receipt: &str, delivery: &Delivery, row: &Booked) -> Found {
        let amount = delivery.payment.intent.money.amount();
        if row.amount.abs() != amount {
            let how = format!("{receipt} is {amount}, and booked as {}", row.amount);
            return Some((11, how));
        }
        let invoice = delivery.payment.intent.invoice.as_ref();
        let due = invoice.and_then(|invoice| invoice.as_str().parse().ok());
        // The journal of a copy may not know where a person sent it; and a statement may name no invoice.
        let returned = !self.disk.reader().restorations().unwrap().is_empty();
        (!returned && row.invoice != 0 && due != Some(row.invoice)).then(|| {
            let booked = row.invoice;
            let how = format!("{receipt} is due to invoice {due:?}, and booked on {booked}");
            (7, how)
        })
    }
}
