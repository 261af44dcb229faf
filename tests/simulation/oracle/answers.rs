//! What people were told, beside the journal.

use payment::Payment;

use super::Found;
use crate::{people::euros, world::World};

impl World {
    /// Laws 5, 6 and 11: what people were told is what the journal says.
    pub(super) fn judge_answers(&self, payments: &[Payment]) -> Found {
        for intention in &self.people.intentions {
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
}
