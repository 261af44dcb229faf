//! What a worker needs of the world outside, real or simulated.

use std::future::Future;

use jiff::Timestamp;
use payment::{PaymentId, UpstreamId};

use super::{Delivery, DeliveryState, Now};
use crate::upstream::{HttpAnswer, HttpRequest};

/// The durable rows of one upstream.
pub trait Outbox: Send + Sync {
    /// Why a row could not be read or written.
    type Error: std::error::Error + Send + Sync;

    /// What is due at `now`, at most `limit`, oldest first; of an invoice only the payment whose
    /// turn it is.
    fn due(
        &self,
        upstream: &UpstreamId,
        now: Timestamp,
        limit: u16,
    ) -> impl Future<Output = Result<Vec<Delivery>, Self::Error>> + Send;

    /// What an earlier process began: each with its number, in the order of these, at most `limit`
    /// after number `after`.
    fn begun(
        &self,
        upstream: &UpstreamId,
        after: i64,
        limit: u16,
    ) -> impl Future<Output = Result<Vec<(i64, Delivery)>, Self::Error>> + Send;

    /// Makes a change durable before it returns, and says whether it was: a person or a cancel may
    /// have moved the delivery meanwhile, and then nothing of this change is kept.
    fn commit(&self, change: Change) -> impl Future<Output = Result<bool, Self::Error>> + Send;
}

/// Sends a request and waits for what comes of it.
pub trait Http: Send + Sync {
    /// The answer, or why there is none.
    fn send(&self, request: HttpRequest) -> impl Future<Output = HttpAnswer> + Send;
}

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Both clocks.
    fn now(&self) -> Now;
}

/// A delivery that moves on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// To whom.
    pub upstream: UpstreamId,
    /// Which payment.
    pub payment: PaymentId,
    /// Where it stands now.
    pub state: DeliveryState,
    /// How often the request was sent, the running one included.
    pub attempts: u32,
    /// How often a person had sent it elsewhere when the request was made.
    pub redirects: u32,
    /// When, by the time of day.
    pub at: Timestamp,
}
