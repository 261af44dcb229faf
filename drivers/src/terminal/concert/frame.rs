//! Frames and single bytes on the line: STX, data, ETX, LRC, and the handshake around them.

use super::message::Answer;

/// "May I?"
pub const ENQ: u8 = 0x05;
/// "Yes", or "I have it".
pub const ACK: u8 = 0x06;
/// "No", or "Say it again".
pub const NAK: u8 = 0x15;
/// "That was all."
pub const EOT: u8 = 0x04;
const STX: u8 = 0x02;
const ETX: u8 = 0x03;

/// Longer than any answer: the longest that is known has 80 characters.
const MAX_DATA: usize = 128;

/// Puts data into a frame. The LRC is the XOR of all behind STX up to and with ETX, and may come
/// out as any byte.
pub fn frame(data: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(data.len() + 3);
    frame.push(STX);
    frame.extend_from_slice(data);
    frame.push(ETX);
    frame.push(lrc(data));
    frame
}

fn lrc(data: &[u8]) -> u8 {
    data.iter().fold(ETX, |lrc, byte| lrc ^ byte)
}

/// What came over the line. Data of a card end here: an [`Answer`] has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// ENQ.
    Enquiry,
    /// ACK.
    Acknowledged,
    /// NAK.
    Refused,
    /// EOT.
    End,
    /// A frame with an answer.
    Answer(Answer),
    /// A good frame that holds no answer.
    Strange,
    /// A frame with a wrong LRC, or a longer one than there are.
    Damaged,
}

/// Finds frames and single bytes in a stream that may be cut anywhere.
#[derive(Default)]
pub struct Deframer(State);

#[derive(Default)]
enum State {
    #[default]
    Between,
    Data(Vec<u8>),
    /// ETX came: the next byte is the LRC, whatever it is.
    Check(Vec<u8>),
    /// The data are too long to be held.
    TooLong,
    TooLongCheck,
}

impl Deframer {
    /// Takes a byte of the line.
    pub fn push(&mut self, byte: u8) -> Option<Found> {
        match &mut self.0 {
            State::Between => self.between(byte),
            State::Data(data) if byte == ETX => {
                self.0 = State::Check(std::mem::take(data));
                None
            }
            State::TooLong if byte == ETX => {
                self.0 = State::TooLongCheck;
                None
            }
            // Data are printable: whoever says something else has given the frame up.
            State::Data(_) | State::TooLong if byte < b' ' => {
                self.0 = State::Between;
                self.between(byte)
            }
            State::TooLong => None,
            State::Data(data) if data.len() >= MAX_DATA => {
                self.0 = State::TooLong;
                None
            }
            State::Data(data) => {
                data.push(byte);
                None
            }
            State::Check(data) => {
                let found = if lrc(data) == byte {
                    Answer::parse(data).map_or(Found::Strange, Found::Answer)
                } else {
                    Found::Damaged
                };
                self.0 = State::Between;
                Some(found)
            }
            State::TooLongCheck => {
                self.0 = State::Between;
                Some(Found::Damaged)
            }
        }
    }

    /// Forgets a frame that was begun.
    pub fn reset(&mut self) {
        self.0 = State::Between;
    }

    fn between(&mut self, byte: u8) -> Option<Found> {
        match byte {
            ENQ => Some(Found::Enquiry),
            ACK => Some(Found::Acknowledged),
            NAK => Some(Found::Refused),
            EOT => Some(Found::End),
            STX => {
                self.0 = State::Data(Vec::new());
                None
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::Status;
    use super::*;

    fn found(bytes: &[u8]) -> Vec<Found> {
        let mut deframer = Deframer::default();
        bytes
            .iter()
            .filter_map(|byte| deframer.push(*byte))
            .collect()
    }

    #[test]
    fn a_check_byte_may_be_any_byte() {
        let mut seen = std::collections::BTreeSet::new();
        for amount in 0..3000 {
            for currency in [978, 952, 756] {
                let data = format!("010{amount:08}1{currency}          ");
                let mut bytes = frame(data.as_bytes());
                seen.insert(*bytes.last().unwrap());
                bytes.push(EOT);
                let answer = Answer {
                    position: 1,
                    status: Status::Done,
                    minor: amount,
                    currency,
                    last4: None,
                };
                assert_eq!(found(&bytes), [Found::Answer(answer), Found::End]);
            }
        }
        for control in [0x02, 0x03, ACK, ENQ, EOT] {
            assert!(
                seen.contains(&control) || seen.contains(&(control ^ 0x30)),
                "{control}"
            );
        }
    }

    #[test]
    fn what_is_no_frame_is_left_behind() {
        let good = frame(b"0100000125019780000000000");
        let mut wrong = good.clone();
        *wrong.last_mut().unwrap() ^= 1;
        assert_eq!(found(&wrong), [Found::Damaged]);
        let long = frame(&[b'0'; 4000]);
        assert_eq!(
            found(&[long, vec![ENQ]].concat()),
            [Found::Damaged, Found::Enquiry]
        );
        assert_eq!(
            found(b"\x02010\x05"),
            [Found::Enquiry],
            "given up in the middle"
        );
        assert_eq!(found(&frame(b"hello")), [Found::Strange]);
        assert_eq!(found(b"noise\xff\x00"), []);
    }
}
