//! What the driver needs to know of a terminal.

use std::time::Duration;

use config::Ecr17Options;
use payment::Currency;

use super::{lrc::Lrc, request::Address};

/// What the driver needs to know of a terminal.
#[derive(Debug, Clone)]
pub struct Ecr17Settings {
    /// The one currency it takes.
    pub currency: Currency,
    /// Who speaks to whom.
    pub address: Address,
    /// How check bytes are made; none is to be found out.
    pub lrc: Option<Lrc>,
    /// Whether payments are asked for by `X`, whose answer has the amount, or by `P`.
    pub extended: bool,
    /// How long a message may stay unanswered.
    pub answer_timeout: Duration,
    /// How long the terminal may be silent in the middle of a procedure.
    pub completion_timeout: Duration,
    /// Whether its receipts come to our printer.
    pub print_here: bool,
}

impl Ecr17Settings {
    /// From the configuration.
    pub fn new(options: &Ecr17Options, currency: Currency) -> Self {
        Self {
            currency,
            address: Address {
                terminal: options.terminal_id.clone(),
                register: options.register.clone(),
            },
            lrc: Lrc::configured(options.lrc),
            extended: options.extended,
            answer_timeout: options.answer_timeout,
            completion_timeout: options.completion_timeout,
            print_here: options.print_here,
        }
    }

    /// The terminal's ID, if messages are for one terminal only.
    pub(super) fn terminal_id(&self) -> Option<&str> {
        let id = self.address.terminal.as_str();
        id.bytes().any(|byte| byte != b'0').then_some(id)
    }
}
