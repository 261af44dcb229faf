//! Frames on a serial line (PA00P016, 3): `10 02 … 10 03 crc-low crc-high`, and bare ACK and NAK.

use super::apdu::{Apdu, MAX_DATA};

/// Positive acknowledgement of the link layer; never framed.
pub const ACK: u8 = 0x06;
/// Negative acknowledgement of the link layer; never framed.
pub const NAK: u8 = 0x15;

const DLE: u8 = 0x10;
const STX: u8 = 0x02;
const ETX: u8 = 0x03;
/// An APDU with the longest head and the most data.
const MAX_BODY: usize = MAX_DATA + 5;

/// The check sum over an APDU and the ETX byte. The specification names its polynomial an XModem
/// CRC; what terminals send is CRC-16/KERMIT.
pub fn crc(apdu: &[u8]) -> u16 {
    apdu.iter().chain([&ETX]).fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 1 { 0x8408 } else { 0 }
        })
    })
}

/// The frame of an APDU. Bytes `10` are doubled on the wire, but not in the check sum, which is
/// never doubled itself.
pub fn frame(apdu: &Apdu) -> Vec<u8> {
    let body = apdu.encode();
    let mut out = vec![DLE, STX];
    for byte in &body {
        out.extend(std::iter::repeat_n(*byte, 1 + usize::from(*byte == DLE)));
    }
    out.extend([DLE, ETX]);
    out.extend(crc(&body).to_le_bytes());
    out
}

/// What was found on the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A bare ACK.
    Ack,
    /// A bare NAK.
    Nak,
    /// A whole frame with a right check sum.
    Message(Apdu),
    /// A frame that must be sent again: its check sum or its length is wrong.
    Broken,
    /// A byte that belongs to nothing.
    Noise,
}

/// Frames out of a stream of bytes.
#[derive(Debug, Default)]
pub struct Deframer {
    place: Place,
    body: Vec<u8>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Outside,
    /// A DLE outside of a frame.
    Opening,
    Inside,
    /// A DLE inside of a frame.
    Escape,
    Crc,
    CrcHigh(u8),
    /// In what is left of a spoilt frame: an ACK here would be a byte of its data.
    Spoilt,
    SpoiltEscape,
}

impl Deframer {
    /// Takes one byte.
    pub fn push(&mut self, byte: u8) -> Option<Found> {
        let (place, found) = match (self.place, byte) {
            (Place::Outside, ACK) => (Place::Outside, Some(Found::Ack)),
            (Place::Outside, NAK) => (Place::Outside, Some(Found::Nak)),
            (Place::Outside | Place::Opening, DLE) => (Place::Opening, None),
            (Place::Opening | Place::Escape | Place::SpoiltEscape, STX) => {
                self.body.clear();
                (Place::Inside, None)
            }
            (Place::Outside | Place::Opening, _) => (Place::Outside, Some(Found::Noise)),
            (Place::Inside, DLE) => (Place::Escape, None),
            (Place::Inside, _) | (Place::Escape, DLE) => (self.keep(byte), None),
            (Place::Escape, ETX) => (Place::Crc, None),
            (Place::Crc, low) => (Place::CrcHigh(low), None),
            (Place::CrcHigh(low), high) => (Place::Outside, Some(self.finish(low, high))),
            (Place::Spoilt, DLE) => (Place::SpoiltEscape, None),
            (Place::Escape | Place::Spoilt | Place::SpoiltEscape, _) => (Place::Spoilt, None),
        };
        self.place = place;
        found
    }

    /// Whether a frame has begun and not ended.
    pub fn is_inside(&self) -> bool {
        !matches!(self.place, Place::Outside | Place::Opening)
    }

    /// Gives up a frame that has begun.
    pub fn reset(&mut self) {
        self.place = Place::Outside;
        self.body.clear();
    }

    fn keep(&mut self, byte: u8) -> Place {
        if self.body.len() >= MAX_BODY {
            return Place::Spoilt;
        }
        self.body.push(byte);
        Place::Inside
    }

    fn finish(&mut self, low: u8, high: u8) -> Found {
        let body = std::mem::take(&mut self.body);
        if crc(&body) != u16::from_le_bytes([low, high]) {
            return Found::Broken;
        }
        Apdu::decode(&body).map_or(Found::Broken, Found::Message)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn deframe(bytes: &[u8]) -> Vec<Found> {
        let mut deframer = Deframer::default();
        bytes.iter().filter_map(|b| deframer.push(*b)).collect()
    }

    #[test]
    fn the_check_sum_is_kermit() {
        assert_eq!(crc(&[0x80, 0x00, 0x00]), 0x1ff5);
        assert_eq!(crc(&[0x06, 0xb0, 0x00]), 0xf343);
    }

    #[test]
    fn noise_and_spoilt_frames_do_not_stop_the_next_one() {
        let accepted = frame(&Apdu::accepted());
        let message = Found::Message(Apdu::accepted());
        let check = |before: &[u8], expected: &[Found]| {
            let mut all = expected.to_vec();
            all.push(message.clone());
            assert_eq!(deframe(&[before, &accepted].concat()), all, "{before:02X?}");
        };
        check(&[], &[]);
        check(&[ACK, NAK], &[Found::Ack, Found::Nak]);
        check(&[0xff, DLE, 0x41], &[Found::Noise, Found::Noise]);
        check(&[DLE], &[]);
        check(
            &[DLE, STX, 0x80, 0x00, 0x00, DLE, ETX, 0, 0],
            &[Found::Broken],
        );
        // The end was lost: what follows begins anew.
        check(&[DLE, STX, 0x80, 0x00], &[]);
        // A single DLE in the data: the rest is not taken for an ACK.
        check(&[DLE, STX, DLE, 0x41, ACK, DLE, ACK], &[]);
        // A right check sum over a wrong length.
        let short = [0x80, 0x00, 0x01];
        let [low, high] = crc(&short).to_le_bytes();
        check(
            &[DLE, STX, 0x80, 0x00, 0x01, DLE, ETX, low, high],
            &[Found::Broken],
        );
    }

    proptest! {
        #[test]
        fn a_frame_brings_back_its_message(code in any::<u16>(), data in prop::collection::vec(prop_oneof![Just(0x10), Just(0x03), any::<u8>()], 0..300)) {
            let apdu = Apdu::new(code, data);
            prop_assert_eq!(deframe(&frame(&apdu)), vec![Found::Message(apdu)]);
        }

        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(prop_oneof![Just(0x10), Just(0x02), Just(0x03), any::<u8>()], 0..500)) {
            let mut deframer = Deframer::default();
            for byte in bytes { deframer.push(byte); }
            deframer.reset();
            prop_assert!(!deframer.is_inside());
        }
    }
}
