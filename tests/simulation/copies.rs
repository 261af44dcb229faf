//! The return to an older copy, as `till backup` makes it and `till restore` puts it in the database's
//! place. Terminals, paper and the invoicing system remember what the journal then does not.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::PathBuf,
};

use payment::{InvoiceRef, Payment, PaymentId, RestorationId, State};
use sync::{
    delivery::{Delivery, DeliveryState},
    queue::{Copied, Happened, Wish},
};

use crate::{people::Word, world::World};

/// The copy, and what the returns to it have cost.
#[derive(Default)]
pub(crate) struct Copies {
    last: Option<Copied>,
    /// Payments that happened, and that no journal knows any more.
    pub(crate) lost: Vec<Payment>,
    /// How often each receipt was on paper, and what had printed it may be lost.
    pub(crate) printed: HashMap<String, usize>,
    /// Payments that were entered by hand, and of which the journal does not know it any more.
    pub(crate) forgotten: HashSet<PaymentId>,
    /// Payments that were sent to another invoice, and of which the journal does not know it any more: they
    /// are looked for on the invoice of the copy, and may be booked there too.
    pub(crate) moved: HashSet<PaymentId>,
    /// Openings of the drawer that no journal knows any more, at the most.
    pub(crate) lost_kicks: usize,
}

impl Copies {
    /// What took money back or gave money back, or may have, of this payment, and is lost.
    pub(crate) fn returns_of(&self, of: PaymentId) -> impl Iterator<Item = &Payment> {
        let of = Some(of);
        self.lost
            .iter()
            .filter(|p| !matches!(p.state, State::Declined | State::Cancelled))
            .filter(move |p| p.intent.purpose.of() == of)
    }

    /// Whether a receipt's number was given to a payment that is lost.
    pub(crate) fn has_lost(&self, receipt: &str) -> bool {
        self.lost.iter().any(|p| p.receipt.to_string() == receipt)
    }
}

impl World {
    pub(crate) fn make_a_copy(&mut self) {
        self.copies.last = Some(self.disk.copy().unwrap());
    }

    /// The disk breaks, and somebody returns to the copy.
    pub(crate) fn return_to_the_copy(&mut self) {
        let Some(copy) = self.copies.last.take() else {
            return;
        };
        self.crash("its disk breaks");
        let (before, kicks) = (self.payments(), self.kicks());
        let invoices = self.invoices();
        let at = self.agenda.wall();
        let wish = Wish {
            copy: PathBuf::new(),
            devices: self
                .clinic
                .devices()
                .iter()
                .map(|id| id.parse().unwrap())
                .collect(),
            last: BTreeMap::new(),
            even_if_older: true,
            id: RestorationId::new(at, self.agenda.random.bytes()),
            at,
        };
        let opened = self.disk.restore(copy, &wish).unwrap();
        self.agenda.tell(|| format!("restored: {opened:?}"));
        let now = self.payments();
        let gone = |p: &Payment| now.iter().all(|known| known.intent.id != p.intent.id);
        let lost: Vec<Payment> = before.into_iter().filter(gone).collect();
        self.agenda
            .tell(|| format!("the journal has lost {} payments", lost.len()));
        self.copies.lost.extend(lost);
        let now = self.invoices();
        let moved = invoices.into_iter().filter(|(id, invoice)| {
            let known = now.get(id);
            known.is_some_and(|known| known != invoice)
        });
        self.copies.moved.extend(moved.map(|(id, _)| id));
        self.copies.printed = self.receipts_on_paper();
        self.copies.lost_kicks += kicks - self.kicks();
        self.forget_words();
        self.people_hear_of_the_copy();
    }

    /// What people said after the copy was made, the journal does not know.
    fn forget_words(&mut self) {
        let entered = self.people.words.of.iter();
        let entered = entered.filter(|(_, word)| **word == Word::Entered);
        let forgotten = entered.map(|(id, _)| *id).filter(|id| {
            let rows = self.disk.reader().deliveries_of(*id).unwrap();
            let handled = |row: &Delivery| matches!(row.state, DeliveryState::Handled { .. });
            !rows.iter().any(handled)
        });
        let forgotten: Vec<PaymentId> = forgotten.collect();
        self.copies.forgotten.extend(forgotten);
    }

    /// To which invoice each payment goes.
    fn invoices(&self) -> HashMap<PaymentId, Option<InvoiceRef>> {
        let reader = self.disk.reader();
        let ids = self.payments().into_iter().map(|payment| payment.intent.id);
        let rows = ids.flat_map(|id| reader.deliveries_of(id).unwrap());
        rows.map(|row| (row.payment.intent.id, row.payment.intent.invoice))
            .collect()
    }

    /// How often the journal says that the drawer was to be opened.
    pub(crate) fn kicks(&self) -> usize {
        let entries = self.disk.reader().events_after(0, u16::MAX).unwrap();
        let kicks = entries.iter();
        let kicks = kicks.filter(|entry| matches!(entry.happened, Happened::Drawer { .. }));
        kicks.count()
    }
}
