//! What the till asks for. `None` is a request that cannot be read.

use drivers::terminal::zvt::{
    bcd,
    bmp::{self, Fields},
    tlv::{self, Value},
};
use jiff::civil::{Date, DateTime, Time};

use super::{books::Kind, message::Copy};

/// Diagnosis.
pub(super) const DIAGNOSIS: u16 = 0x0670;
/// Set date and time.
pub(super) const SET_TIME: u16 = 0x0691;
/// Initialisation.
pub(super) const INITIALISATION: u16 = 0x0693;
/// Display a text.
pub(super) const DISPLAY_TEXT: u16 = 0x06e0;

/// What the till said of itself at registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Registration {
    pub(super) password: [u8; 3],
    config: u8,
    pub(super) currency: Option<u16>,
    /// It takes 06 D3.
    pub(super) blocks: bool,
}

impl Registration {
    /// It wants to know what the terminal is doing.
    pub(super) fn intermediate(self) -> bool {
        self.config & 0x08 != 0
    }

    /// It prints this receipt, from the terminal's lines (PA00P015, 2.1: config byte).
    pub(super) fn prints(self, copy: Copy) -> bool {
        let bit = match copy {
            Copy::Merchant | Copy::Customer => 0x02,
            Copy::Administration => 0x04,
        };
        self.config & bit != 0 && self.config & 0x80 != 0
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

/// The currency stands without its tag.
pub(super) fn registration(data: &[u8]) -> Option<Registration> {
    let (password, rest) = data.split_first_chunk()?;
    let (config, rest) = rest.split_first()?;
    let (currency, rest) = match rest.split_first_chunk::<2>() {
        Some((currency, rest)) => (Some(currency), rest),
        None => (None, rest),
    };
    let currency = match currency {
        Some(code) => Some(u16::try_from(bcd::decode(code)?).ok()?),
        None => None,
    };
    let fields = bmp::decode(rest);
    let allowed = tlv::find_fields(fields.tlv(), 0x26).unwrap_or_default();
    let blocks = allowed.iter().any(|field| match &field.value {
        Value::Bytes(commands) => {
            field.tag == 0x0a && commands.chunks(2).any(|command| command == [0x06, 0xd3])
        }
        Value::Fields(_) => false,
    });
    Some(Registration {
        password: *password,
        config: *config,
        currency,
        blocks,
    })
}

pub(super) fn payment(data: &[u8]) -> Option<Money> {
    Some(Money {
        password: None,
        kind: Kind::Payment,
        amount: bmp::decode(data)
            .number(0x04)
            .filter(|amount| *amount > 0)?,
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
