//! The invoicing system's books beside the journal.

use payment::{Payment, State};
use sync::delivery::{Delivery, DeliveryState};

use super::Found;
use crate::{clinic::DEVICES, world::World};

impl World {
    /// Laws 7, 9 and 11: the invoicing system has each approved payment once, with its amount.
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
        for payment in payments {
            let (id, receipt) = (payment.intent.id, payment.receipt.to_string());
            let rows: Vec<_> = booked.iter().filter(|row| row.receipt == receipt).collect();
            let deliveries = self.disk.reader().deliveries_of(id).unwrap();
            if payment.state != State::Approved {
                let taken_back = self.copies.returns_of(id).next().is_some();
                if !rows.is_empty() && !taken_back {
                    return Some((7, format!("{receipt} is not approved, and booked")));
                }
                continue;
            }
            let [Delivery { state, .. }] = deliveries.as_slice() else {
                return Some((7, format!("{receipt} is due {} times", deliveries.len())));
            };
            let confirmed = matches!(state, DeliveryState::Confirmed { .. });
            if rows.len() > 1 || (confirmed && rows.is_empty()) {
                let said = state.as_str();
                return Some((
                    7,
                    format!("{receipt} is {said}, and booked {} times", rows.len()),
                ));
            }
            let amount = payment.intent.money.amount();
            if let Some(row) = rows.first()
                && row.amount.abs() != amount
            {
                return Some((
                    11,
                    format!("{receipt} is {amount}, and booked as {}", row.amount),
                ));
            }
        }
        None
    }
}
