//! The check byte behind each message. The specification leaves open which of the framing bytes it
//! covers, and terminals differ: four ways, one for each answer.

use config::Ecr17Lrc;

use super::frame::{ETX, STX};

/// What the check byte begins with (Communication Protocol: "using as base value 0x7F").
const BASE: u8 = 0x7f;

/// Which bytes the check byte covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lrc {
    /// The payload alone.
    Payload,
    /// The payload and the ETX behind it.
    PayloadEtx,
    /// The STX and the payload.
    StxPayload,
    /// The whole frame.
    StxPayloadEtx,
}

impl Lrc {
    /// All four, in the order in which they are tried.
    pub const ALL: [Self; 4] = [
        Self::Payload,
        Self::PayloadEtx,
        Self::StxPayload,
        Self::StxPayloadEtx,
    ];

    /// The check byte of a payload. The one byte of an ACK or a NAK counts as its payload.
    pub fn of(self, payload: &[u8]) -> u8 {
        let framing = match self {
            Self::Payload => 0,
            Self::PayloadEtx => ETX,
            Self::StxPayload => STX,
            Self::StxPayloadEtx => STX ^ ETX,
        };
        payload.iter().fold(BASE ^ framing, |lrc, byte| lrc ^ byte)
    }

    /// The way in which this is the check byte of the payload; at most one is.
    pub fn found(payload: &[u8], lrc: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.of(payload) == lrc)
    }

    /// The way to try after this one.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Payload => Self::PayloadEtx,
            Self::PayloadEtx => Self::StxPayload,
            Self::StxPayload => Self::StxPayloadEtx,
            Self::StxPayloadEtx => Self::Payload,
        }
    }

    /// The configured way; none is to be found out.
    pub(super) fn configured(lrc: Ecr17Lrc) -> Option<Self> {
        match lrc {
            Ecr17Lrc::Detect => None,
            Ecr17Lrc::Payload => Some(Self::Payload),
            Ecr17Lrc::PayloadEtx => Some(Self::PayloadEtx),
            Ecr17Lrc::StxPayload => Some(Self::StxPayload),
            Ecr17Lrc::StxPayloadEtx => Some(Self::StxPayloadEtx),
        }
    }

    /// Its word in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Payload => "payload",
            Self::PayloadEtx => "payload+etx",
            Self::StxPayload => "stx+payload",
            Self::StxPayloadEtx => "stx+payload+etx",
        }
    }
}
