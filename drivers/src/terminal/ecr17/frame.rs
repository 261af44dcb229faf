//! What goes over the wire (Communication Protocol): messages `STX payload ETX LRC`, confirmations
//! `ACK ETX LRC` and refusals `NAK ETX LRC`, and progress texts `SOH text EOT` without a check byte.

use super::lrc::Lrc;

/// Begins a progress text.
pub const SOH: u8 = 0x01;
/// Begins a message.
pub const STX: u8 = 0x02;
/// Ends a message's payload; its check byte follows.
pub const ETX: u8 = 0x03;
/// Ends a progress text.
pub const EOT: u8 = 0x04;
/// Confirms a message.
pub const ACK: u8 = 0x06;
/// Refuses a message.
pub const NAK: u8 = 0x15;

/// Longer messages than any of those that we ask for: a ticket has 210 bytes.
pub const MAX_PAYLOAD: usize = 512;
/// Longer texts than any terminal shows: the specification has 20 characters.
const MAX_TEXT: usize = 80;

/// A message as it goes over the wire.
pub fn message(payload: &[u8], lrc: Lrc) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 3);
    frame.push(STX);
    frame.extend_from_slice(payload);
    frame.extend_from_slice(&[ETX, lrc.of(payload)]);
    frame
}

/// [`ACK`] or [`NAK`] as it goes over the wire.
pub fn answer(code: u8, lrc: Lrc) -> Vec<u8> {
    vec![code, ETX, lrc.of(&[code])]
}

/// What was found on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A message. Whether its check byte is right depends on the way it is made.
    Message {
        /// What stands between STX and ETX.
        payload: Vec<u8>,
        /// The check byte.
        lrc: u8,
    },
    /// A message of ours was taken. Some terminals count the STX that an ACK does not have, others
    /// do not: any of the four check bytes is right.
    Ack,
    /// A message of ours was refused: its check byte or terminal ID is wrong, or it is not known.
    /// With the way in which this frame's own check byte is made.
    Nak(Lrc),
    /// What the terminal does.
    Progress(Vec<u8>),
    /// Something else.
    Garbage,
}

/// Finds frames in a stream that is cut anywhere.
#[derive(Debug, Default)]
pub struct Reader {
    bytes: Vec<u8>,
    /// Garbage is told once for each stretch of it.
    in_garbage: bool,
}

impl Reader {
    /// Takes over what came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Forgets what began and did not end.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// The next frame; none until more comes.
    pub fn find(&mut self) -> Option<Found> {
        while let Some(first) = self.bytes.first().copied() {
            let step = match first {
                STX => self.message(),
                SOH => self.progress(),
                ACK | NAK => self.answer(first),
                _ => Step::Garbage,
            };
            match step {
                Step::Wait => return None,
                Step::Found(found, length) => {
                    self.bytes.drain(..length);
                    self.in_garbage = false;
                    return Some(found);
                }
                Step::Garbage => {
                    let begins = |byte: &u8| matches!(*byte, STX | SOH | ACK | NAK);
                    let rest = self.bytes.iter().skip(1).position(begins);
                    let length = rest.map_or(self.bytes.len(), |rest| rest + 1);
                    self.bytes.drain(..length);
                    if !std::mem::replace(&mut self.in_garbage, true) {
                        return Some(Found::Garbage);
                    }
                }
            }
        }
        None
    }

    fn message(&self) -> Step {
        let body = self.bytes.get(1..).unwrap_or_default();
        let end = body.iter().position(|byte| *byte == ETX);
        match end {
            Some(end) if end <= MAX_PAYLOAD => match body.get(end + 1) {
                None => Step::Wait,
                Some(lrc) => {
                    let payload = body.get(..end).unwrap_or_default().to_vec();
                    Step::Found(Found::Message { payload, lrc: *lrc }, end + 3)
                }
            },
            None if body.len() <= MAX_PAYLOAD => Step::Wait,
            Some(_) | None => Step::Garbage,
        }
    }

    fn progress(&self) -> Step {
        let body = self.bytes.get(1..).unwrap_or_default();
        let end = body.iter().position(|byte| *byte == EOT);
        match end {
            Some(end) if end <= MAX_TEXT => {
                let text = body.get(..end).unwrap_or_default().to_vec();
                Step::Found(Found::Progress(text), end + 2)
            }
            None if body.len() <= MAX_TEXT => Step::Wait,
            Some(_) | None => Step::Garbage,
        }
    }

    fn answer(&self, code: u8) -> Step {
        match (self.bytes.get(1), self.bytes.get(2)) {
            (None | Some(&ETX), None) => Step::Wait,
            (Some(&ETX), Some(lrc)) => match Lrc::found(&[code], *lrc) {
                Some(_) if code == ACK => Step::Found(Found::Ack, 3),
                Some(way) => Step::Found(Found::Nak(way), 3),
                None => Step::Garbage,
            },
            (Some(_), _) => Step::Garbage,
            (None, Some(_)) => Step::Wait,
        }
    }
}

enum Step {
    Wait,
    Found(Found, usize),
    Garbage,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(reader: &mut Reader) -> Vec<Found> {
        std::iter::from_fn(|| reader.find()).collect()
    }

    /// The check bytes of the reference, for each way.
    #[test]
    fn check_bytes_of_the_four_ways() {
        for (payload, expected) in [
            (&[ACK][..], [0x79, 0x7a, 0x7b, 0x78]),
            (&[NAK], [0x6a, 0x69, 0x68, 0x6b]),
            (b"000000000s", [0x3c, 0x3f, 0x3e, 0x3d]),
            (b"A", [0x3e, 0x3d, 0x3c, 0x3f]),
        ] {
            assert_eq!(Lrc::ALL.map(|way| way.of(payload)), expected);
            for (way, lrc) in Lrc::ALL.into_iter().zip(expected) {
                assert_eq!(Lrc::found(payload, lrc), Some(way));
            }
        }
        assert_eq!(Lrc::found(b"A", 0x40), None);
    }

    #[test]
    fn frames_are_found_between_garbage() {
        let way = Lrc::Payload;
        let wire = [
            message(b"000000000s", way),
            answer(ACK, way),
            b"noise".to_vec(),
            answer(NAK, Lrc::StxPayloadEtx),
            b"\x01ATTENDERE PREGO     \x04".to_vec(),
        ]
        .concat();
        assert_eq!(wire.get(..13), Some(&b"\x02000000000s\x03\x3c"[..]));
        let mut reader = Reader::default();
        reader.push(&wire);
        let payload = b"000000000s".to_vec();
        let expected = [
            Found::Message { payload, lrc: 0x3c },
            Found::Ack,
            Found::Garbage,
            Found::Nak(Lrc::StxPayloadEtx),
            Found::Progress(b"ATTENDERE PREGO     ".to_vec()),
        ];
        assert_eq!(all(&mut reader), expected);
    }

    /// The check byte may be any byte, also one that frames.
    #[test]
    fn a_check_byte_may_look_like_framing() {
        for lrc in [STX, ETX, ACK, SOH, EOT, NAK] {
            let payload = vec![0x7f ^ lrc];
            let mut reader = Reader::default();
            reader.push(&message(&payload, Lrc::Payload));
            assert_eq!(all(&mut reader), [Found::Message { payload, lrc }]);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_however_cut_find_the_same_and_are_bounded(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(STX), Just(ETX), Just(ACK), Just(SOH), Just(EOT)], 0..1500),
            cut in 1..40_usize,
        ) {
            let mut whole = Reader::default();
            whole.push(&bytes);
            let expected = all(&mut whole);
            let mut cutting = Reader::default();
            let mut found = Vec::new();
            for part in bytes.chunks(cut) {
                cutting.push(part);
                found.extend(all(&mut cutting));
                prop_assert!(cutting.bytes.len() <= MAX_PAYLOAD + 2);
            }
            prop_assert_eq!(found, expected);
        }
    }
}
