//! What the driver needs to know of a terminal.

use std::time::Duration;

use config::AdyenOptions;
use jiff::Timestamp;
use payment::{Currency, DeviceId};

use super::crypto::NexoCrypto;

/// What the driver needs to know of a terminal. Knows the key, and so does not show itself.
#[derive(Clone)]
pub struct AdyenSettings {
    /// The one currency it takes.
    pub currency: Currency,
    /// The till's name at the terminal.
    pub sale_id: String,
    /// The terminal's name.
    pub poi_id: String,
    /// The key that both know.
    pub crypto: NexoCrypto,
    /// How long a question may stay unanswered.
    pub answer_timeout: Duration,
    /// How long a payment may take.
    pub payment_timeout: Duration,
    /// The time of day at the origin of [`Mono`](crate::Mono).
    pub origin: Timestamp,
    /// Randomness, new for every start.
    pub seed: [u8; 16],
}

impl AdyenSettings {
    /// From the configuration.
    pub fn new(
        options: &AdyenOptions,
        device: &DeviceId,
        currency: Currency,
        origin: Timestamp,
        seed: [u8; 16],
    ) -> Self {
        let sale_id = options.sale_id.as_deref().unwrap_or(device.as_str());
        Self {
            currency,
            sale_id: sale_id.to_owned(),
            poi_id: options.poi_id.clone(),
            crypto: NexoCrypto::new(
                options.passphrase.expose(),
                &options.key_identifier,
                options.key_version,
            ),
            answer_timeout: options.answer_timeout,
            payment_timeout: options.payment_timeout,
            origin,
            seed,
        }
    }
}
