//! The vocabulary and the rules of a payment.
//!
//! Everything that tilld says about money is said in these types: what was wanted
//! ([`Intent`]), what became of it ([`Fact`]), where it stands ([`State`]) and what the person
//! at the desk does next ([`advice`]). The two types to know first are [`Payment`] and [`Fact`].
//!
//! This crate must not know files, sockets, databases, threads or the clock: time and randomness
//! come in as arguments, so that the rules can be run a million times a second and in any order.
#![cfg_attr(not(test), deny(clippy::float_arithmetic, clippy::indexing_slicing))]
#![deny(clippy::wildcard_enum_match_arm)]

pub mod advice;
mod card;
pub mod closing;
mod decision;
mod drawer;
mod fact;
mod id;
mod intent;
pub mod limits;
mod money;
mod planted;
pub mod receipt;
mod record;
pub mod recovery;
mod restoration;
mod returns;
mod services;
mod state;
mod stored;
mod text;

pub use card::{Approval, CardRef, EntryMode, InvalidLast4, Last4};
pub use decision::{DeliveryAction, DeliveryDecision};
pub use drawer::{DrawerFact, DrawerKick, KickCause};
pub use fact::{Cancellation, Doubt, DoubtReason, Fact, Refusal, Settlement, Verdict};
pub use id::{
    ClosingId, DeviceId, IdempotencyKey, InvalidId, InvoiceRef, KickId, PaymentId, PrinterId,
    ReceiptNumber, RestorationId, UpstreamId,
};
pub use intent::{Intent, InvalidMethod, Method, Purpose};
pub use money::{Currency, InvalidMoney, Money, parse_currency, with_decimals};
#[cfg(feature = "planted")]
pub use planted::plant;
pub use planted::planted;
pub use record::Payment;
pub use restoration::{RestorationFact, SkippedNumbers};
pub use returns::{CannotReturn, left, may_return};
pub use services::{InvalidServices, Item, ItemAmount, Services};
pub use state::{Event, Illegal, Standing, State, apply};
pub use stored::{Mark, Stored, StoredKind};
pub use text::{Text, mask_card_numbers};
