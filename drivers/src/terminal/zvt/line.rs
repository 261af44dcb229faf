//! The link layer of a serial line (PA00P016, 3): every frame is acknowledged before it is
//! understood, and sent again when it was not. Both sides speak it alike.

use std::{collections::VecDeque, time::Duration};

use super::{
    apdu::Apdu,
    rs232::{self, ACK, Deframer, Found, NAK},
};
use crate::{Mono, terminal::LineStatistics};

/// T1: the longest gap between two bytes of a frame.
pub const T1: Duration = Duration::from_millis(200);
/// T2: the longest wait for an ACK or a NAK.
pub const T2: Duration = Duration::from_secs(5);
/// A frame is sent this often before the line counts as broken.
pub const SENDS: u8 = 3;
/// More messages than ever wait for an ACK; what is beyond is dropped, as a line does.
const MAX_WAITING: usize = 64;

/// When a frame may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// After a NAK, or when no answer comes.
    Freely,
    /// After a NAK only: the other side said that it has not got it. For what asks for money, where
    /// silence could mean that just the ACK was lost (law 4).
    AfterNak,
}

/// What the line wants, or found out.
#[derive(Debug, PartialEq, Eq)]
pub enum LineOutput {
    /// Send these bytes.
    Send(Vec<u8>),
    /// A message came. Its ACK is already among the outputs. May be the repetition of one that
    /// came before.
    Message(Apdu),
    /// The last message was not acknowledged, however often it was sent.
    Failed,
}

/// One end of a serial line.
#[derive(Debug, Default)]
pub struct Line {
    deframer: Deframer,
    /// When the last byte of the frame that is coming in arrived.
    last_byte: Mono,
    sending: Option<Sending>,
    waiting: VecDeque<(Apdu, Repeat)>,
    outputs: VecDeque<LineOutput>,
    statistics: LineStatistics,
}

struct Sending {
    frame: Vec<u8>,
    repeat: Repeat,
    sends: u8,
    deadline: Mono,
}

/// A frame can hold a card number.
impl std::fmt::Debug for Sending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes, sent {} times", self.frame.len(), self.sends)
    }
}

impl Line {
    /// Sends a message once those before it are acknowledged.
    pub fn send(&mut self, now: Mono, apdu: Apdu, repeat: Repeat) {
        if self.waiting.len() >= MAX_WAITING {
            self.statistics.failures += 1;
            return;
        }
        self.waiting.push_back((apdu, repeat));
        self.send_next(now);
    }

    /// Takes what arrived.
    pub fn bytes(&mut self, now: Mono, bytes: &[u8]) {
        self.timeout(now);
        for byte in bytes {
            let found = self.deframer.push(*byte);
            self.last_byte = now;
            match found {
                Some(Found::Ack) => self.acknowledged(now),
                Some(Found::Nak) => {
                    self.statistics.naks_received += 1;
                    self.repeat(now);
                }
                Some(Found::Message(apdu)) => self.received(now, apdu),
                Some(Found::Broken) => {
                    self.statistics.crc_errors += 1;
                    self.send_nak();
                }
                Some(Found::Noise) => self.statistics.noise += 1,
                None => {}
            }
        }
    }

    /// Looks at the time; harmless when nothing is due.
    pub fn timeout(&mut self, now: Mono) {
        if self.deframer.is_inside() && now >= self.last_byte + T1 {
            self.deframer.reset();
            self.send_nak();
        }
        match &self.sending {
            Some(sending) if now >= sending.deadline => match sending.repeat {
                Repeat::Freely => self.repeat(now),
                Repeat::AfterNak => self.fail(now),
            },
            _ => {}
        }
    }

    /// When [`timeout`](Line::timeout) has something to do.
    pub fn deadline(&self) -> Option<Mono> {
        let gap = self.deframer.is_inside().then(|| self.last_byte + T1);
        let answer = self.sending.as_ref().map(|sending| sending.deadline);
        gap.into_iter().chain(answer).min()
    }

    /// Whether everything that was sent was acknowledged.
    pub fn is_idle(&self) -> bool {
        self.sending.is_none() && self.waiting.is_empty()
    }

    /// Whether a message with this code still waits, so that no byte of it has left.
    pub fn holds_back(&self, code: u16) -> bool {
        self.waiting.iter().any(|(apdu, _)| apdu.code == code)
    }

    /// The next output.
    pub fn poll(&mut self) -> Option<LineOutput> {
        self.outputs.pop_front()
    }

    /// How well it works, since the beginning.
    pub fn statistics(&self) -> LineStatistics {
        self.statistics
    }

    /// Forgets everything under way; for a line that was opened anew.
    pub fn reset(&mut self) {
        let statistics = self.statistics;
        *self = Self {
            statistics,
            ..Self::default()
        };
    }

    fn received(&mut self, now: Mono, apdu: Apdu) {
        self.outputs.push_back(LineOutput::Send(vec![ACK]));
        // Its ACK was lost, but an answer shows that our command arrived.
        if apdu.is_answer() {
            self.acknowledged(now);
        }
        self.outputs.push_back(LineOutput::Message(apdu));
    }

    fn acknowledged(&mut self, now: Mono) {
        self.sending = None;
        self.send_next(now);
    }

    fn send_next(&mut self, now: Mono) {
        if self.sending.is_some() {
            return;
        }
        if let Some((apdu, repeat)) = self.waiting.pop_front() {
            let frame = rs232::frame(&apdu);
            self.outputs.push_back(LineOutput::Send(frame.clone()));
            self.sending = Some(Sending {
                frame,
                repeat,
                sends: 1,
                deadline: now + T2,
            });
        }
    }

    fn repeat(&mut self, now: Mono) {
        match &mut self.sending {
            Some(sending) if sending.sends < SENDS => {
                sending.sends += 1;
                sending.deadline = now + T2;
                self.statistics.repeats += 1;
                self.outputs
                    .push_back(LineOutput::Send(sending.frame.clone()));
            }
            Some(_) => self.fail(now),
            None => {}
        }
    }

    fn fail(&mut self, now: Mono) {
        self.sending = None;
        self.statistics.failures += 1;
        self.outputs.push_back(LineOutput::Failed);
        self.send_next(now);
    }

    fn send_nak(&mut self) {
        self.statistics.naks_sent += 1;
        self.outputs.push_back(LineOutput::Send(vec![NAK]));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Mono {
        Mono::new(Duration::from_millis(millis))
    }

    fn drain(line: &mut Line) -> Vec<LineOutput> {
        std::iter::from_fn(|| line.poll()).collect()
    }

    fn sent(bytes: &[u8]) -> LineOutput {
        LineOutput::Send(bytes.to_vec())
    }

    #[test]
    fn a_message_is_sent_three_times_and_then_given_up() {
        for (repeat, sends) in [(Repeat::Freely, 3), (Repeat::AfterNak, 1)] {
            let mut line = Line::default();
            line.send(at(0), Apdu::accepted(), repeat);
            for n in 1..=sends {
                assert_eq!(drain(&mut line), [sent(&rs232::frame(&Apdu::accepted()))]);
                assert_eq!(line.deadline(), Some(at(5000 * n)));
                line.timeout(at(5000 * n - 1));
                assert_eq!(drain(&mut line), []);
                line.timeout(at(5000 * n));
            }
            assert_eq!(drain(&mut line), [LineOutput::Failed]);
            assert_eq!(line.deadline(), None);
            assert_eq!(line.statistics().repeats, sends - 1);
            assert_eq!(line.statistics().failures, 1);
        }
    }

    #[test]
    fn a_nak_repeats_and_an_ack_lets_the_next_one_go() {
        let mut line = Line::default();
        let frame = |error| rs232::frame(&Apdu::refused(error));
        line.send(at(0), Apdu::refused(1), Repeat::AfterNak);
        line.send(at(0), Apdu::refused(2), Repeat::Freely);
        line.bytes(at(1), &[NAK]);
        assert_eq!(drain(&mut line), [sent(&frame(1)), sent(&frame(1))]);
        line.bytes(at(2), &[ACK, ACK]);
        assert_eq!(drain(&mut line), [sent(&frame(2))]);
        assert_eq!(line.deadline(), None, "the second ACK was for the second");
    }

    #[test]
    fn every_frame_is_acknowledged_and_broken_ones_are_asked_for_again() {
        let mut line = Line::default();
        let message = || LineOutput::Message(Apdu::accepted());
        let frame = rs232::frame(&Apdu::accepted());
        line.bytes(at(0), &[&frame[..], &frame[..]].concat());
        let ack = || sent(&[ACK]);
        assert_eq!(drain(&mut line), [ack(), message(), ack(), message()]);

        let mut broken = frame.clone();
        broken[2] ^= 1;
        line.bytes(at(1), &broken);
        assert_eq!(drain(&mut line), [sent(&[NAK])]);

        // T1: half a frame, then nothing.
        line.bytes(at(2), &frame[..5]);
        assert_eq!(line.deadline(), Some(at(202)));
        line.timeout(at(202));
        assert_eq!(drain(&mut line), [sent(&[NAK])]);
        line.bytes(at(300), &frame);
        assert_eq!(drain(&mut line), [ack(), message()]);
        let statistics = line.statistics();
        assert_eq!((statistics.naks_sent, statistics.crc_errors), (2, 1));
    }

    #[test]
    fn an_answer_stands_for_a_lost_ack() {
        let mut line = Line::default();
        line.send(at(0), Apdu::new(0x0600, vec![]), Repeat::Freely);
        line.bytes(at(9), &rs232::frame(&Apdu::new(0x04ff, vec![0x0a])));
        assert_eq!(line.deadline(), Some(at(5000)), "a left-over is no answer");
        line.bytes(at(9), &rs232::frame(&Apdu::accepted()));
        assert_eq!(line.deadline(), None);
    }

    proptest! {
        /// Two ends, every byte of the wire flipped, lost or delayed at will: what arrives is what
        /// was sent, in order, and only repeated where a frame was.
        #[test]
        fn what_arrives_was_sent(
            codes in prop::collection::vec(0x0600..0x0700_u16, 1..4),
            faults in prop::collection::vec(0..20_u8, 400),
        ) {
            let (mut till, mut terminal) = (Line::default(), Line::default());
            let mut faults = faults.into_iter();
            for code in &codes { till.send(at(0), Apdu::new(*code, vec![0x10, 0x03]), Repeat::Freely); }
            let mut arrived = Vec::new();
            let mut failed = 0;
            for step in 0..100_u64 {
                let now = at(step * 250);
                till.timeout(now);
                terminal.timeout(now);
                while let Some(output) = till.poll() {
                    match output {
                        LineOutput::Send(mut bytes) => {
                            match faults.next() {
                                Some(0) => bytes[0] ^= 0x40,
                                Some(1) => { bytes.pop(); }
                                Some(2) => { bytes.insert(0, 0x55); }
                                _ => {}
                            }
                            terminal.bytes(now, &bytes);
                        }
                        LineOutput::Failed => failed += 1,
                        LineOutput::Message(_) => {}
                    }
                }
                while let Some(output) = terminal.poll() {
                    match output {
                        LineOutput::Send(bytes) if faults.next() != Some(3) => till.bytes(now, &bytes),
                        LineOutput::Message(apdu) => arrived.push(apdu.code),
                        _ => {}
                    }
                }
            }
            let repeats = usize::try_from(till.statistics().repeats).unwrap();
            prop_assert!(arrived.len() <= codes.len() + repeats);
            prop_assert!(arrived.iter().all(|code| codes.contains(code)));
            arrived.dedup();
            let mut distinct = codes.clone();
            distinct.dedup();
            prop_assert!(arrived.len() + failed >= distinct.len());
        }
    }
}
