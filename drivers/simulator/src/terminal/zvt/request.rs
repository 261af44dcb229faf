//! What the till asks for. `None` is a request that cannot be read.

use drivers::terminal::{
    SlipCopy,
    zvt::{
        apdu::code,
        bcd,
        bmp::{self, Fields},
        message::{Authorisation, Registration, config_byte},
    },
};
use jiff::civil::{Date, DateTime, Time};

use super::books::Kind;

/// Diagnosis.
pub(super) const DIAGNOSIS: u16 = 0x0670;
/// Set date and time.
pub(super) const SET_TIME: u16 = 0x0691;
/// Initialisation.
pub(super) const INITIALISATION: u16 = 0x0693;
/// Display a text.
pub(super) const DISPLAY_TEXT: u16 = 0x06e0;

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

/// A repeated receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Repeat {
    pub(super) password: [u8; 3],
    pub(super) status: bool,
    pub(super) print: bool,
}

/// The password that a request begins with.
pub(super) fn password(data: &[u8]) -> Option<[u8; 3]> {
    data.first_chunk().copied()
}

/// What follows the password.
fn fields(data: &[u8]) -> Option<([u8; 3], Fields<'_>)> {
    let (password, rest) = data.split_first_chunk()?;
    Some((*password, bmp::decode(rest)))
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
    let (password, fields) = fields(data)?;
    Some(Money {
        password: Some(password),
        kind: Kind::Refund,
        amount: fields.number(0x04).filter(|amount| *amount > 0)?,
    })
}

pub(super) fn reversal(data: &[u8]) -> Option<Money> {
    let (password, fields) = fields(data)?;
    let of = u16::try_from(fields.number(0x87)?).ok()?;
    Some(Money {
        password: Some(password),
        kind: Kind::Reversal { of },
        amount: fields.number(0x04).unwrap_or(0),
    })
}

pub(super) fn repeat(data: &[u8]) -> Option<Repeat> {
    let (password, fields) = fields(data)?;
    let service = fields.byte(0x03).unwrap_or(0);
    Some(Repeat {
        password,
        status: service & 0x01 != 0,
        print: service & 0x02 == 0,
    })
}

pub(super) fn time(data: &[u8]) -> Option<DateTime> {
    let (_, fields) = fields(data)?;
    let part = |tag: u8, at: usize| {
        let byte = fields.get(tag)?.get(at)?;
        i8::try_from(bcd::decode(&[*byte])?).ok()
    };
    let year = 2000 + i16::from(part(0xaa, 0)?);
    let date = Date::new(year, part(0xaa, 1)?, part(0xaa, 2)?).ok()?;
    let time = Time::new(part(0x0c, 0)?, part(0x0c, 1)?, part(0x0c, 2)?, 0).ok()?;
    Some(date.to_datetime(time))
}
