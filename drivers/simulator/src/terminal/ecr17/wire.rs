//! Frames on the wire, written from the specification and not from the driver: what one of the two
//! got wrong, the other finds.

/// Which framing bytes the check byte of a message covers, besides its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Check {
    /// The STX before it.
    pub stx: bool,
    /// The ETX behind it.
    pub etx: bool,
}

impl Check {
    /// All four.
    pub const ALL: [Self; 4] = [
        Self {
            stx: false,
            etx: false,
        },
        Self {
            stx: false,
            etx: true,
        },
        Self {
            stx: true,
            etx: false,
        },
        Self {
            stx: true,
            etx: true,
        },
    ];

    fn byte(self, payload: &[u8]) -> u8 {
        let mut check = 0x7f;
        if self.stx {
            check ^= 0x02;
        }
        for byte in payload {
            check ^= byte;
        }
        if self.etx {
            check ^= 0x03;
        }
        check
    }
}

/// What a till says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Message(String),
    /// With a wrong check byte, or not in ASCII.
    Broken,
    Ack,
    Nak,
}

/// The terminal's side of a connection.
#[derive(Debug)]
pub(super) struct Wire {
    check: Check,
    incoming: Vec<u8>,
    outgoing: Vec<Vec<u8>>,
    /// Every byte in a segment of its own.
    pub(super) partial: bool,
    /// What waits for the next segment.
    held: Vec<u8>,
}

/// More than any till says at once.
const MAX_INCOMING: usize = 4096;

impl Wire {
    pub(super) fn new(check: Check) -> Self {
        Self {
            check,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            partial: false,
            held: Vec::new(),
        }
    }

    /// Another connection.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.check);
    }

    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.incoming.extend_from_slice(bytes);
        if self.incoming.len() > MAX_INCOMING {
            self.incoming.clear();
        }
    }

    pub(super) fn hear(&mut self) -> Option<Heard> {
        loop {
            let (first, rest) = self.incoming.split_first()?;
            let (heard, length) = match first {
                0x02 => {
                    let end = rest.iter().position(|byte| *byte == 0x03)?;
                    let check = *rest.get(end + 1)?;
                    let payload = rest.get(..end)?;
                    let text = std::str::from_utf8(payload).ok();
                    let good = check == self.check.byte(payload) && payload.is_ascii();
                    let text = text.filter(|_| good).map(str::to_owned);
                    (text.map_or(Heard::Broken, Heard::Message), end + 3)
                }
                0x06 | 0x15 => {
                    rest.get(1)?;
                    let heard = if *first == 0x06 {
                        Heard::Ack
                    } else {
                        Heard::Nak
                    };
                    (heard, 3)
                }
                _ => {
                    self.incoming.remove(0);
                    continue;
                }
            };
            self.incoming.drain(..length);
            return Some(heard);
        }
    }

    pub(super) fn say(&mut self, payload: &str) {
        self.frame(payload, 0);
    }

    /// With a wrong check byte.
    pub(super) fn say_badly(&mut self, payload: &str) {
        self.frame(payload, 0x40);
    }

    fn frame(&mut self, payload: &str, wrong: u8) {
        let check = self.check.byte(payload.as_bytes()) ^ wrong;
        let frame = [&[0x02], payload.as_bytes(), &[0x03, check]].concat();
        self.send(frame);
    }

    pub(super) fn ack(&mut self) {
        let frame = vec![0x06, 0x03, self.check.byte(&[0x06])];
        self.send(frame);
    }

    /// Acknowledges in one segment with what is said next.
    pub(super) fn ack_later(&mut self) {
        self.held = vec![0x06, 0x03, self.check.byte(&[0x06])];
    }

    pub(super) fn nak(&mut self) {
        let frame = vec![0x15, 0x03, self.check.byte(&[0x15])];
        self.send(frame);
    }

    /// A text of twenty characters.
    pub(super) fn progress(&mut self, text: &str) {
        let frame = format!("\x01{text:20.20}\x04").into_bytes();
        self.send(frame);
    }

    /// Bytes that mean nothing.
    pub(super) fn noise(&mut self) {
        self.send(b"\xff\x00\x02\x06\x15noise\xfe".to_vec());
    }

    /// A message without an end.
    pub(super) fn over_long(&mut self) {
        let frame = [b"\x0212345678".to_vec(), vec![b'0'; 60_000]].concat();
        self.send(frame);
    }

    fn send(&mut self, mut bytes: Vec<u8>) {
        if !self.held.is_empty() {
            bytes = [std::mem::take(&mut self.held), bytes].concat();
        }
        if self.partial {
            self.outgoing
                .extend(bytes.into_iter().map(|byte| vec![byte]));
        } else {
            self.outgoing.push(bytes);
        }
    }

    pub(super) fn poll(&mut self) -> Option<Vec<u8>> {
        (!self.outgoing.is_empty()).then(|| self.outgoing.remove(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check bytes of the published examples.
    #[test]
    fn check_bytes() {
        let all = |payload: &[u8]| Check::ALL.map(|check| check.byte(payload));
        assert_eq!(all(b"000000000s"), [0x3c, 0x3f, 0x3e, 0x3d]);
        assert_eq!(all(&[0x06]), [0x79, 0x7a, 0x7b, 0x78]);
        assert_eq!(all(&[0x15]), [0x6a, 0x69, 0x68, 0x6b]);
        assert_eq!(all(b"A"), [0x3e, 0x3d, 0x3c, 0x3f]);
    }
}
