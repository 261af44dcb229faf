//! Messages to bytes and back: framed on a serial line, bare on TCP. The faults of a wire are here.

use std::{collections::VecDeque, time::Duration};

use drivers::{
    Mono,
    terminal::zvt::{
        apdu::{Apdu, Reader},
        rs232::{self, Deframer, Found},
    },
};

use super::Fault;

/// T2: how long a frame waits for its ACK (PA00P016, 3).
const T2: Duration = Duration::from_secs(5);
/// A frame is sent three times at most.
const SENDS: u8 = 3;
/// Bytes that belong to nothing. Without ACK and NAK, and ending in half a frame's begin.
const NOISE: [u8; 6] = [0x00, 0xff, 0x10, 0x41, 0x10, 0x10];

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
    deframer: Deframer,
    heard: VecDeque<Apdu>,
    ready: VecDeque<Vec<u8>>,
    queue: VecDeque<Apdu>,
    in_flight: Option<InFlight>,
    fault: Option<Fault>,
}

struct InFlight {
    frame: Vec<u8>,
    sends: u8,
    deadline: Mono,
}

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
            deframer: Deframer::default(),
            heard: VecDeque::new(),
            ready: VecDeque::new(),
            queue: VecDeque::new(),
            in_flight: None,
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

    /// How long the till has to acknowledge a message: T3, and on a serial line three T2 before.
    pub(super) fn acknowledgement(&self) -> Duration {
        match self.framing {
            Framing::Serial => T2 * 4,
            Framing::Tcp => T2,
        }
    }

    pub(super) fn send(&mut self, now: Mono, apdu: &Apdu) {
        match self.framing {
            Framing::Tcp => self.ready.push_back(apdu.encode()),
            Framing::Serial => {
                self.queue.push_back(apdu.clone());
                self.send_next(now);
            }
        }
    }

    /// Sends bytes that are no message.
    pub(super) fn noise(&mut self) {
        self.ready.push_back(NOISE.to_vec());
    }

    pub(super) fn receive(&mut self, now: Mono, bytes: &[u8]) {
        match self.framing {
            Framing::Tcp => self.reader.push(bytes),
            Framing::Serial => {
                for byte in bytes {
                    let found = self.deframer.push(*byte);
                    self.found(now, found);
                }
            }
        }
    }

    /// The next message of the till.
    pub(super) fn hear(&mut self) -> Option<Apdu> {
        self.heard.pop_front().or_else(|| self.reader.next())
    }

    pub(super) fn timeout(&mut self, now: Mono) {
        if self.in_flight.as_ref().is_some_and(|f| now >= f.deadline) {
            self.repeat(now);
        }
    }

    pub(super) fn deadline(&self) -> Option<Mono> {
        self.in_flight.as_ref().map(|f| f.deadline)
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

    fn found(&mut self, now: Mono, found: Option<Found>) {
        match found {
            Some(Found::Ack) => {
                self.in_flight = None;
                self.send_next(now);
            }
            Some(Found::Nak) => self.repeat(now),
            Some(Found::Message(_)) if self.fault == Some(Fault::Nak) => {
                self.fault = None;
                self.ready.push_back(vec![rs232::NAK]);
            }
            Some(Found::Message(apdu)) => {
                self.ready.push_back(vec![rs232::ACK]);
                self.heard.push_back(apdu);
            }
            Some(Found::Broken) => self.ready.push_back(vec![rs232::NAK]),
            Some(Found::Noise) | None => {}
        }
    }

    fn send_next(&mut self, now: Mono) {
        if self.in_flight.is_some() {
            return;
        }
        let Some(apdu) = self.queue.pop_front() else {
            return;
        };
        let frame = rs232::frame(&apdu);
        let mut sent = frame.clone();
        if self.fault == Some(Fault::BadCrc) {
            self.fault = None;
            if let Some(last) = sent.last_mut() {
                *last ^= 0xff;
            }
        }
        if self.fault == Some(Fault::DleNoise) {
            self.noise();
        }
        self.ready.push_back(sent);
        self.in_flight = Some(InFlight {
            frame,
            sends: 1,
            deadline: now + T2,
        });
    }

    fn repeat(&mut self, now: Mono) {
        let Some(in_flight) = &mut self.in_flight else {
            return;
        };
        if in_flight.sends >= SENDS {
            self.in_flight = None;
            return self.send_next(now);
        }
        in_flight.sends += 1;
        in_flight.deadline = now + T2;
        self.ready.push_back(in_flight.frame.clone());
    }
}
