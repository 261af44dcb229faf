//! Whole card numbers, which must be nowhere.

use super::Found;
use crate::world::World;

/// The number that a terminal shows bare when its fault wants it so.
pub(super) const CARD: &str = "4111111111111111";

impl World {
    /// Law 10: no card number on paper or on disk.
    pub(super) fn judge_cards(&self) -> Found {
        if !self.bare_cards {
            return None;
        }
        if self.paper.iter().any(|page| page.contains(CARD)) {
            return Some((10, "a card number is on paper".to_owned()));
        }
        let reader = self.disk.reader();
        let entries = reader.events_after(0, u16::MAX).unwrap();
        if format!("{entries:?}").contains(CARD) {
            return Some((10, "a card number is in the journal".to_owned()));
        }
        for payment in self.payments() {
            let slips = reader.slips_of(payment.intent.id).unwrap();
            if slips.iter().any(|slip| slip.contains(CARD)) {
                return Some((10, "a card number is in a slip".to_owned()));
            }
        }
        None
    }
}
