//! Messages over a serial line or over TCP: the one place that knows the difference.

use std::collections::VecDeque;

use super::{
    apdu::{Apdu, Reader},
    line::{Line, LineOutput, Repeat},
};
use crate::{Mono, terminal::LineStatistics};

/// How messages are framed on the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Framed, with acknowledgements (PA00P016, 3).
    Serial,
    /// Bare messages (PA00P016, 4).
    Tcp,
}

pub(super) enum Transport {
    Serial(Line),
    Tcp {
        reader: Reader,
        heard: VecDeque<Apdu>,
        sends: VecDeque<Vec<u8>>,
    },
}

impl Transport {
    pub(super) fn new(framing: Framing) -> Self {
        match framing {
            Framing::Serial => Self::Serial(Line::default()),
            Framing::Tcp => Self::Tcp {
                reader: Reader::default(),
                heard: VecDeque::new(),
                sends: VecDeque::new(),
            },
        }
    }

    pub(super) fn framing(&self) -> Framing {
        match self {
            Self::Serial(_) => Framing::Serial,
            Self::Tcp { .. } => Framing::Tcp,
        }
    }

    pub(super) fn send(&mut self, now: Mono, apdu: Apdu, repeat: Repeat) {
        match self {
            Self::Serial(line) => line.send(now, apdu, repeat),
            Self::Tcp { sends, .. } => sends.push_back(apdu.encode()),
        }
    }

    pub(super) fn bytes(&mut self, now: Mono, bytes: &[u8]) {
        match self {
            Self::Serial(line) => line.bytes(now, bytes),
            Self::Tcp { reader, heard, .. } => {
                reader.push(bytes);
                heard.extend(std::iter::from_fn(|| reader.next()));
            }
        }
    }

    pub(super) fn timeout(&mut self, now: Mono) {
        match self {
            Self::Serial(line) => line.timeout(now),
            Self::Tcp { .. } => {}
        }
    }

    pub(super) fn deadline(&self) -> Option<Mono> {
        match self {
            Self::Serial(line) => line.deadline(),
            Self::Tcp { .. } => None,
        }
    }

    pub(super) fn poll(&mut self) -> Option<LineOutput> {
        match self {
            Self::Serial(line) => line.poll(),
            // The answer to a message leaves before the next message is looked at: it must not come
            // after an approval that is being stored, and be taken for its acknowledgement (law 2).
            Self::Tcp { heard, sends, .. } => match sends.pop_front() {
                Some(bytes) => Some(LineOutput::Send(bytes)),
                None => heard.pop_front().map(LineOutput::Message),
            },
        }
    }

    pub(super) fn reset(&mut self) {
        match self {
            Self::Serial(line) => line.reset(),
            Self::Tcp {
                reader,
                heard,
                sends,
            } => {
                reader.clear();
                heard.clear();
                sends.clear();
            }
        }
    }

    /// Whether no byte of a message with this code has left yet.
    pub(super) fn holds_back(&self, code: u16) -> bool {
        match self {
            Self::Serial(line) => line.holds_back(code),
            Self::Tcp { .. } => false,
        }
    }

    /// Whether the other side is known to have everything that was sent. TCP cannot tell.
    pub(super) fn is_delivered(&self) -> bool {
        match self {
            Self::Serial(line) => line.is_idle(),
            Self::Tcp { .. } => false,
        }
    }

    /// How well the line works. TCP has no line.
    pub(super) fn statistics(&self) -> Option<LineStatistics> {
        match self {
            Self::Serial(line) => Some(line.statistics()),
            Self::Tcp { .. } => None,
        }
    }

    /// Grows with every piece that could not be understood.
    pub(super) fn garbage(&self) -> u64 {
        match self {
            Self::Serial(line) => line.statistics().noise + line.statistics().crc_errors,
            Self::Tcp { reader, .. } => u64::from(reader.pending() > 0),
        }
    }
}
