//! Whether the world has come to rest, and what keeps it from that.

use payment::State;
use sync::delivery::DeliveryState;

use super::Found;
use crate::world::World;

impl World {
    /// Whether nothing is left to do.
    pub(crate) fn is_settled(&self) -> bool {
        self.what_is_left().is_none()
    }

    pub(crate) fn unsettled(&self) -> (u8, String) {
        self.what_is_left().unwrap_or((13, "nothing".to_owned()))
    }

    fn what_is_left(&self) -> Found {
        let reader = self.disk.reader();
        if self.life.is_none() {
            return Some((13, "the daemon does not come back".to_owned()));
        }
        if let Some(open) = reader.unfinished().unwrap().first() {
            let (id, state) = (open.intent.id, open.state.as_str());
            return Some((13, format!("{id} stays {state}")));
        }
        if let Some(open) = reader.unfinished_closings().unwrap().first() {
            return Some((13, format!("the day end {} never ends", open.intent.id)));
        }
        for payment in self.payments() {
            let id = payment.intent.id;
            for row in reader.deliveries_of(id).unwrap() {
                let ended = row.state.next_at().is_none();
                if payment.state == State::Approved
                    && (!ended || matches!(row.state, DeliveryState::NeedsOperator { .. }))
                {
                    return Some((7, format!("the delivery of {id} stays {:?}", row.state)));
                }
            }
            for job in reader.jobs_of(id).unwrap() {
                let open = !job.state.is_final();
                if payment.state == State::Approved && open {
                    return Some((8, format!("job {} of {id} stays {:?}", job.id, job.state)));
                }
            }
        }
        None
    }
}
