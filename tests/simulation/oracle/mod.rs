//! What must be true: at single steps while the world runs, and of all books when it has come to rest.
//! Each broken law is named by its number in the architecture.

mod answers;
mod cards;
mod numbers;
mod paper;
mod rest;
mod terminals;
mod upstream;
mod watch;

use payment::Payment;
use sync::queue::Filter;

use crate::world::World;

/// The number of a broken law, and how it was broken.
type Found = Option<(u8, String)>;

impl World {
    pub(crate) fn payments(&self) -> Vec<Payment> {
        let mut filter = Filter::default();
        let mut payments = Vec::new();
        loop {
            let page = self.disk.reader().payments(&filter).unwrap();
            payments.extend(page.payments);
            filter.after = page.next;
            if filter.after.is_none() {
                return payments;
            }
        }
    }

    /// The terminals' books, the journal, the paper and the invoicing system, side by side.
    pub(crate) fn judge(&mut self) {
        self.agenda.tell(|| "the books are compared".to_owned());
        let payments = self.payments();
        if let Some((law, how)) = self.judge_numbers(&payments) {
            return self.breaks(law, how);
        }
        if let Err(error) = self.disk.reader().verify() {
            return self.breaks(6, error.to_string());
        }
        let found = self
            .judge_terminals(&payments)
            .or_else(|| self.judge_answers(&payments))
            .or_else(|| self.judge_upstream(&payments))
            .or_else(|| self.judge_paper(&payments))
            .or_else(|| self.judge_cards());
        if let Some((law, how)) = found {
            self.breaks(law, how);
        }
    }
}
