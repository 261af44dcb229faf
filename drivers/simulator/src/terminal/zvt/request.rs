//! What the till asks for. `None` is a request that cannot be read.

use drivers::terminal::{
    SlipCopy,
    zvt::{
        apdu::code,
        message::{Authorisation, Refund, Registration, Reversal, config_byte},
    },
};

use super::books::Kind;

/// What the till takes from us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Registered {
    config: u8,
    /// It takes 06 D3.
    pub(super) blocks: bool,
}

impl Registered {
    pub(super) fn new(registration: &Registration) -> Self {
        Self {
            config: registration.config,
            blocks: registration.allowed.contains(&code::PRINT_BLOCK),
        }
    }

    /// It wants to know what the terminal is doing.
    pub(super) fn intermediate(self) -> bool {
        self.config & config_byte::INTERMEDIATE_STATUS != 0
    }

    /// It prints this receipt, from the terminal's lines.
    pub(super) fn prints(self, copy: SlipCopy) -> bool {
        let bit = match copy {
            SlipCopy::Merchant | SlipCopy::Customer => config_byte::PRINT_PAYMENTS,
            SlipCopy::Administration => config_byte::PRINT_ADMINISTRATION,
        };
        self.config & bit != 0 && self.config & config_byte::PRINT_LINES != 0
    }
}

/// A payment, a refund or a reversal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Money {
    pub(super) password: Option<[u8; 3]>,
    pub(super) kind: Kind,
    /// Zero when a reversal does not say it.
    pub(super) amount: u64,
}

/// The password that a request begins with.
pub(super) fn password(data: &[u8]) -> Option<[u8; 3]> {
    data.first_chunk().copied()
}

pub(super) fn payment(data: &[u8]) -> Option<Money> {
    let asked = Authorisation::decode(data)?;
    Some(Money {
        password: None,
        kind: Kind::Payment,
        amount: Some(asked.amount).filter(|amount| *amount > 0)?,
    })
}

pub(super) fn refund(data: &[u8]) -> Option<Money> {
    let asked = Refund::decode(data)?;
    Some(Money {
        password: Some(asked.password),
        kind: Kind::Refund,
        amount: Some(asked.amount).filter(|amount| *amount > 0)?,
    })
}

pub(super) fn reversal(data: &[u8]) -> Option<Money> {
    let asked = Reversal::decode(data)?;
    let of = u16::try_from(asked.receipt).ok()?;
    Some(Money {
        password: Some(asked.password),
        kind: Kind::Reversal { of },
        amount: asked.amount.unwrap_or(0),
    })
}
