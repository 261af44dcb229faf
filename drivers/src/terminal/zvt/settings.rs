//! What the driver needs to know of a terminal.

use std::time::Duration;

use config::{ZvtCharset, ZvtOptions};
use payment::Currency;

use super::message::{Manner, Registration};

/// What the driver needs to know of a terminal. Knows the password, and so does not show itself.
#[derive(Clone)]
pub struct ZvtSettings {
    /// The one currency it takes.
    pub currency: Currency,
    /// The merchant password, six digits as BCD.
    pub password: [u8; 3],
    /// The character set of its texts.
    pub charset: ZvtCharset,
    /// T3: how long a command may stay unanswered.
    pub answer_timeout: Duration,
    /// T4: how long it may be silent in the middle of an operation.
    pub completion_timeout: Duration,
    /// Whether its receipts come to our printer.
    pub print_here: bool,
    /// Whether messages are numbered, if the terminal can do that (MsgSeqId, PA00P015, 5).
    pub numbered: bool,
    /// What can be done at the terminal itself, and how it shows.
    pub manner: Manner,
}

impl ZvtSettings {
    /// From the configuration. Of the password only digits count, at most six of them.
    pub fn new(options: &ZvtOptions, currency: Currency) -> Self {
        let digits = options.password.expose().bytes();
        let digits = digits.filter(u8::is_ascii_digit).take(6);
        let number = digits.fold(0, |sum: u64, digit| sum * 10 + u64::from(digit - b'0'));
        Self {
            currency,
            password: super::bcd::encode(number).unwrap_or_default(),
            charset: options.charset,
            answer_timeout: options.answer_timeout,
            completion_timeout: options.completion_timeout,
            print_here: options.print_here,
            numbered: options.number_messages,
            manner: Manner {
                amounts_at_terminal: options.amounts_at_terminal,
                administration_at_terminal: options.administration_at_terminal,
                service_menu: options.service_menu,
                capitals: options.capitals,
            },
        }
    }

    pub(super) fn registration(&self) -> Registration {
        Registration::new(self.password, self.currency, self.print_here, self.numbered)
            .with(self.manner)
    }
}
