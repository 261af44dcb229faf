//! The numbers of the receipts, as the journal has them.

use std::collections::HashMap;

use payment::Payment;

use super::Found;
use crate::world::World;

impl World {
    /// Law 9: the numbers of each device have no gaps but those that a return to a copy leaves, and none
    /// is given twice.
    pub(super) fn judge_numbers(&self, payments: &[Payment]) -> Found {
        let returns = self.disk.reader().restorations().unwrap();
        let mut last: HashMap<&str, u64> = HashMap::new();
        let mut in_order: Vec<&Payment> = payments.iter().collect();
        in_order.sort_by_key(|p| (p.receipt.device().clone(), p.receipt.seq()));
        for payment in in_order {
            let id = payment.intent.id;
            let device = payment.intent.device.as_str();
            let expected = last.entry(device).or_default();
            let skips = returns.iter().filter(|r| r.device.as_str() == device);
            for skip in skips {
                if skip.numbers.after == *expected {
                    *expected = skip.numbers.next - 1;
                }
            }
            *expected += 1;
            if self.copies.has_lost(&payment.receipt.to_string()) {
                return Some((9, format!("{} was given before", payment.receipt)));
            }
            if payment.receipt.device().as_str() != device || payment.receipt.seq() != *expected {
                return Some((
                    9,
                    format!("{id} of {device} has the number {}", payment.receipt),
                ));
            }
        }
        None
    }
}
