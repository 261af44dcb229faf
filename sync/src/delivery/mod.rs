//! What is sent to an invoicing system, and when: the rules, pure.

mod state;

pub use state::{Delivery, DeliveryState};
