//! What people decide about payments that do not reach the invoicing system by themselves. Whoever sends
//! one elsewhere, keeps it or enters it by hand has looked there first, as they are asked to.

use std::{collections::HashMap, time::Duration};

use drivers::Mono;
use payment::{DeliveryAction, DeliveryDecision, PaymentId, Text};
use sync::{
    delivery::{Delivery, DeliveryState, actions},
    queue::{OpenFilter, Urgency, Write},
    upstream,
};

use crate::{till::Origin, world::World};

/// A person decides only when all that was under way must have arrived.
const IT_IS_OLD: Duration = Duration::from_mins(8);
/// How many a person goes through at once.
const A_LIST: u16 = 100;

/// Why a person has said that a delivery is done, or is to be left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// The invoicing system has it already.
    Seen,
    /// It had not, and has it now, by hand: the product must not book it as well.
    Entered,
    /// It is not to be told.
    Kept,
}

/// What people have said about deliveries.
#[derive(Default)]
pub(crate) struct Words {
    /// The last that was said of each payment.
    pub(crate) of: HashMap<PaymentId, Word>,
    /// When anything was said of each: nobody speaks twice before it can have been heard.
    last: HashMap<PaymentId, Mono>,
}

impl World {
    /// Somebody goes through the list of what is not delivered. In the evening nothing stays on it.
    pub(crate) fn look_at_deliveries(&mut self, evening: bool) {
        if self.life.is_none() {
            return;
        }
        let filter = OpenFilter {
            limit: A_LIST,
            ..OpenFilter::default()
        };
        let now = self.agenda.wall();
        for open in self.disk.reader().open_deliveries(&filter).unwrap() {
            let row = open.delivery;
            let asked = matches!(row.state, DeliveryState::NeedsOperator { .. });
            let since = now.duration_since(row.changed_at).unsigned_abs();
            let random = &mut self.agenda.random;
            let cares = match (asked, evening) {
                (true, true) => true,
                (true, false) => random.once_in(2),
                (false, true) => false,
                (false, false) => random.once_in(6),
            };
            let said = self.people.words.last.get(&row.payment.intent.id);
            let heard = said.is_none_or(|said| self.agenda.now.since(*said) > IT_IS_OLD);
            if cares && heard && since > IT_IS_OLD {
                self.decide(&row, evening);
            }
        }
    }

    fn decide(&mut self, row: &Delivery, evening: bool) {
        let id = row.payment.intent.id;
        let can = upstream::from_config(&self.clinic.config.upstreams[0]).abilities();
        let offered = actions(&row.state, row.attempts, can);
        let receipt = row.payment.receipt.to_string();
        self.books.arrive(self.true_time());
        let seen = self.books.booked().iter().any(|b| b.receipt == receipt);
        let said = self.people.words.of.get(&id).copied();
        let sensible: &[&str] = match said {
            Some(Word::Entered) => &["entered"],
            _ if seen => &["retry", "entered"],
            // People want to go home.
            _ if evening && !self.agenda.random.once_in(4) => &["unallocate", "keep", "entered"],
            _ if matches!(row.state, DeliveryState::NeedsOperator { .. }) => {
                &["retry", "send_to", "unallocate", "keep", "entered"]
            }
            // It may be sent while somebody types it in.
            _ => &["retry", "send_to", "unallocate", "keep"],
        };
        let offered: Vec<&str> = offered
            .into_iter()
            .filter(|word| sensible.contains(word))
            .collect();
        if offered.is_empty() {
            return;
        }
        let action = match self.agenda.random.pick(&offered) {
            "send_to" => {
                let invoice = self.real_invoice();
                let invoice = invoice.to_string().parse().unwrap();
                DeliveryAction::SendTo { invoice }
            }
            "unallocate" => DeliveryAction::Unallocate,
            "keep" => DeliveryAction::Keep,
            "entered" => DeliveryAction::Entered,
            _ => DeliveryAction::Retry,
        };
        self.people.words.last.insert(id, self.agenda.now);
        let word = match action {
            DeliveryAction::Entered if seen => Some(Word::Seen),
            DeliveryAction::Entered => Some(Word::Entered),
            DeliveryAction::Keep => Some(Word::Kept),
            DeliveryAction::Retry | DeliveryAction::SendTo { .. } | DeliveryAction::Unallocate => {
                None
            }
        };
        match word {
            Some(word) => drop(self.people.words.of.insert(id, word)),
            None => drop(self.people.words.of.remove(&id)),
        }
        self.agenda.tell(|| {
            format!("people: the delivery of {id}, booked: {seen}, is decided: {action:?}")
        });
        if let (DeliveryAction::Retry, Some(life)) = (&action, &mut self.life) {
            life.office.hurry();
        }
        let decision = DeliveryDecision {
            upstream: row.upstream.clone(),
            action,
            name: Text::from("Ada"),
            reason: Text::from("I looked in the invoicing system."),
        };
        let write = Write::Decide {
            payment: id,
            decision,
            at: self.agenda.wall(),
        };
        self.write(Origin::Person, write, Urgency::Now);
    }
}
