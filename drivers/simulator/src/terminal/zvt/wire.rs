//! Messages to bytes and back: framed on a serial line, bare on TCP. The faults of a wire are here.

use std::{collections::VecDeque, time::Duration};

use drivers::{
    Mono,
    terminal::zvt::{
        apdu::{Apdu, Reader},
        line::{Line, LineOutput, Repeat, SENDS, T2},
        rs232,
    },
};

use super::Fault;

/// T3: how long the answer to a command may take (PA00P015, 2.1).
const T3: Duration = Duration::from_secs(5);
/// Bytes that belong to nothing. Without ACK and NAK, and ending in half a frame's begin.
const NOISE: [u8; 6] = [0x00, 0xff, 0x10, 0x41, 0x10, 0x10];

/// More than any message needs, and less than the longest that can be announced.
const OVER_LONG: usize = 60_000;

/// How messages go over the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Frames with check sums, as on RS-232.
    Serial,
    /// Bare messages, as on TCP.
    Tcp,
}

pub(super) struct Wire {
    framing: Framing,
    reader: Reader,
    line: Line,
    heard: VecDeque<Apdu>,
    ready: VecDeque<Vec<u8>>,
    fault: Option<Fault>,
}

/// What is in transit may hold a card number.
impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wire({:?})", self.framing)
    }
}

impl Wire {
    pub(super) fn new(framing: Framing) -> Self {
        Self {
            framing,
            reader: Reader::default(),
            line: Line::default(),
            heard: VecDeque::new(),
            ready: VecDeque::new(),
            fault: None,
        }
    }

    /// Forgets everything in transit.
    pub(super) fn clear(&mut self) {
        *self = Self {
            fault: self.fault,
            ..Self::new(self.framing)
        };
    }

    /// The fault of the operation that begins; faults that are none of the wire's are ignored.
    pub(super) fn misbehave(&mut self, fault: Option<Fault>) {
        self.fault = fault;
    }

    /// How long the till has to acknowledge a message: T3, and on a serial line first the time
    /// in which the message may be sent again.
    pub(super) fn acknowledgement(&self) -> Duration {
        match self.framing {
            Framing::Serial => T2 * SENDS.into() + T3,
            Framing::Tcp => T3,
        }
    }

    pub(super) fn send(&mut self, now: Mono, apdu: &Apdu) {
        match self.framing {
            Framing::Tcp => self.ready.push_back(apdu.encode()),
            Framing::Serial => {
                self.line.send(now, apdu.clone(), Repeat::Freely);
                self.drain_line();
            }
        }
    }

    /// Sends bytes that are no message.
    pub(super) fn noise(&mut self) {
        self.ready.push_back(NOISE.to_vec());
    }

    /// Sends a frame that goes on and on.
    pub(super) fn over_long(&mut self) {
        let head: &[u8] = match self.framing {
            // DLE STX, and never DLE ETX.
            Framing::Serial => &[0x10, 0x02],
            // 04 0F, and an extended length of 65535 bytes.
            Framing::Tcp => &[0x04, 0x0f, 0xff, 0xff, 0xff],
        };
        let mut bytes = head.to_vec();
        bytes.resize(OVER_LONG, 0x41);
        self.ready.push_back(bytes);
    }

    pub(super) fn receive(&mut self, now: Mono, bytes: &[u8]) {
        match self.framing {
            Framing::Tcp => self.reader.push(bytes),
            Framing::Serial => {
                self.line.bytes(now, bytes);
                self.drain_line();
            }
        }
    }

    /// The next message of the till.
    pub(super) fn hear(&mut self) -> Option<Apdu> {
        self.heard.pop_front().or_else(|| self.reader.next())
    }

    pub(super) fn timeout(&mut self, now: Mono) {
        self.line.timeout(now);
        self.drain_line();
    }

    pub(super) fn deadline(&self) -> Option<Mono> {
        self.line.deadline()
    }

    /// The next bytes to send, as one segment.
    pub(super) fn poll(&mut self) -> Option<Vec<u8>> {
        match self.fault {
            Some(Fault::PartialSegments) => {
                let front = self.ready.front_mut()?;
                let rest = front.split_off(front.len().min(1));
                let first = std::mem::replace(front, rest);
                if front.is_empty() {
                    self.ready.pop_front();
                }
                Some(first)
            }
            Some(Fault::Coalesce) if !self.ready.is_empty() => {
                Some(self.ready.drain(..).flatten().collect())
            }
            _ => self.ready.pop_front(),
        }
    }

    fn drain_line(&mut self) {
        while let Some(output) = self.line.poll() {
            match output {
                LineOutput::Send(bytes) => self.put(bytes),
                LineOutput::Message(_) if self.fault == Some(Fault::Nak) => {
                    self.fault = None;
                    self.deny_last();
                }
                LineOutput::Message(apdu) => self.heard.push_back(apdu),
                // The till will be missed where an acknowledgement is awaited.
                LineOutput::Failed => {}
            }
        }
    }

    /// Sends what the line wants to send, spoilt if asked for. A single byte is an ACK or a NAK.
    fn put(&mut self, mut bytes: Vec<u8>) {
        let is_frame = bytes.len() > 1;
        match self.fault {
            Some(Fault::BadCrc) if is_frame => {
                self.fault = None;
                if let Some(last) = bytes.last_mut() {
                    *last ^= 0xff;
                }
            }
            Some(Fault::DleNoise) if is_frame => self.noise(),
            _ => {}
        }
        self.ready.push_back(bytes);
    }

    /// Makes the ACK of the message that just came a NAK.
    fn deny_last(&mut self) {
        let mut sent = self.ready.iter_mut().rev();
        if let Some(ack) = sent.find(|bytes| **bytes == [rs232::ACK]) {
            *ack = vec![rs232::NAK];
        }
    }
}
