//! What people were told, beside the journal.

use payment::Payment;

use super::Found;
use crate::{
    people::{Intention, Wish, euros},
    world::World,
};

impl World {
    /// Laws 5, 6 and 11: what people were told is what the journal says.
    pub(super) fn judge_answers(&self, payments: &[Payment]) -> Found {
        for intention in &self.people.intentions {
            if intention.wish == Wish::Close {
                let found = self.judge_a_closing(intention);
                if found.is_some() {
                    return found;
                }
                continue;
            }
            let mut of_key = payments.iter().filter(|p| p.intent.key == intention.key);
            let payment = of_key.next();
            if of_key.next().is_some() {
                return Some((5, format!("{} names two payments", intention.key)));
            }
            let Some(payment) = payment else {
                if intention.payment.is_some() {
                    return Some((
                        1,
                        format!("a payment of {} was told and is lost", intention.key),
                    ));
                }
                continue;
            };
            let id = payment.intent.id;
            if intention.payment.is_some_and(|told| told != id) {
                return Some((
                    5,
                    format!("{} was told with another payment", intention.key),
                ));
            }
            if payment.intent.money != euros(intention.minor) {
                return Some((11, format!("{id} is {}", payment.intent.money)));
            }
            if let Some(told) = intention.told.iter().find(|told| **told != payment.state) {
                let (told, is) = (told.as_str(), payment.state.as_str());
                return Some((6, format!("{id} was told {told} and is {is}")));
            }
        }
        None
    }

    /// The same of the end of a day.
    fn judge_a_closing(&self, intention: &Intention) -> Found {
        let key = &intention.key;
        let told = intention.closing?;
        let Some(closing) = self.disk.reader().closing_by_key(key).unwrap() else {
            return Some((1, format!("a day end of {key} was told and is lost")));
        };
        let (id, is) = (closing.intent.id, closing.state.as_str());
        if id != told {
            return Some((5, format!("{key} was told with another day end")));
        }
        let other = intention.ended.iter().find(|ended| **ended != is)?;
        Some((6, format!("{id} was told {other} and is {is}")))
    }
}
