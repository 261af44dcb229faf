//! What is sent to an invoicing system, and when.
//!
//! [`next`], [`after_send`] and [`after_read`] are the rules, pure. [`Worker`] applies them, one
//! request at a time; [`run`] gives it the real world. Read [`DeliveryState`] first.

mod advice;
mod answers;
mod decide;
mod health;
mod http;
mod outbox;
mod outside;
mod rules;
mod run;
mod standing;
mod state;
mod steps;
#[cfg(test)]
mod tests;
mod worker;

pub use advice::next_step;
pub use answers::{after_read, after_send};
pub use decide::{Decided, Undecidable, actions, decided, never_left};
pub use health::{Health, Pause, Trouble};
pub use http::{Client, LONGEST_REQUEST};
pub use outbox::{OutboxError, QueueOutbox};
pub use outside::{Change, Clock, Http, Outbox};
pub use rules::{Action, Now, Settings, next, restarted, retried, sending};
pub use run::{SystemClock, run, step};
pub use standing::{Contact, Standing};
pub use state::{Delivery, DeliveryState, UNFENCED};
pub use steps::{Reply, after_go_on, after_plan, withdrawn};
pub use worker::{Round, Worker};
