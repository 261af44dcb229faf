//! Numbers on messages (MsgSeqId, PA00P015, 5): they tell a repeated message from a new one. Till
//! and terminal count together; an answer has the number of what it answers.

use super::{apdu::Apdu, bcd};

/// The field, with its length.
const FIELD: [u8; 3] = [0x1f, 0x73, 0x03];
/// A container without fields, with which some messages end.
const EMPTY_CONTAINER: [u8; 2] = [0x06, 0x00];
const LAST: u64 = 999_999;

/// The number of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number(u64);

/// The count of one link.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    /// The last number of either side; none while the terminal does not count.
    last: Option<Number>,
}

impl Sequence {
    /// A registration begins anew, without numbers.
    pub(super) fn forget(&mut self) {
        self.last = None;
    }

    /// The terminal counts when it says the field back.
    pub(super) fn agreed(&mut self, completion: &Apdu) {
        self.last = number(completion);
    }

    /// A message of the terminal; its number, when it counts.
    pub(super) fn heard(&mut self, apdu: &Apdu) -> Option<Number> {
        self.last?;
        let number = number(apdu)?;
        if !apdu.is_answer() {
            self.last = Some(number);
        }
        Some(number)
    }

    /// Gives a command the next number.
    pub(super) fn command(&mut self, apdu: Apdu) -> Apdu {
        let Some(Number(last)) = self.last else {
            return apdu;
        };
        let next = Number(if last >= LAST { 1 } else { last + 1 });
        self.last = Some(next);
        with(&apdu, next)
    }

    /// Gives an answer the number of what it answers.
    pub(super) fn answer(answer: Apdu, to: Option<Number>) -> Apdu {
        match to {
            Some(number) => with(&answer, number),
            None => answer,
        }
    }
}

/// The number in a message. Where the container stands depends on the message; the field itself
/// looks the same everywhere.
fn number(apdu: &Apdu) -> Option<Number> {
    let data = apdu.data();
    let at = data.windows(FIELD.len()).rposition(|w| w == FIELD)?;
    let value = data.get(at + FIELD.len()..at + FIELD.len() + 3)?;
    bcd::decode(value).map(Number)
}

fn with(apdu: &Apdu, Number(number): Number) -> Apdu {
    let data = apdu.data();
    let mut data = data.strip_suffix(&EMPTY_CONTAINER).unwrap_or(data).to_vec();
    data.extend([0x06, 0x06]);
    data.extend(FIELD);
    data.extend(bcd::encode::<3>(number).unwrap_or_default());
    Apdu::new(apdu.code, data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apdu(wire: &[u8]) -> Apdu {
        Apdu::decode(wire).unwrap()
    }

    /// The example of the specification, with its wrong length byte put right.
    #[test]
    fn the_example_of_the_specification() {
        let mut sequence = Sequence::default();
        let plain = || {
            Apdu::new(
                0x0601,
                b"\x04\0\0\0\0\x01\0\x49\x09\x78\x19\x44\x06\0".to_vec(),
            )
        };
        assert_eq!(
            sequence.command(plain()),
            plain(),
            "the terminal may not count"
        );
        sequence.agreed(&apdu(
            b"\x06\x0f\x12\x19\0\x29\x65\0\0\x28\x49\x09\x78\x06\x06\x26\x04\x0a\x02\x06\xd3",
        ));
        assert_eq!(sequence.command(plain()), plain(), "it does not");
        sequence.agreed(&apdu(
            b"\x06\x0f\x18\x19\0\x29\x65\0\0\x28\x49\x09\x78\x06\x0c\x26\x04\x0a\x02\x06\xd3\x1f\x73\x03\0\0\0",
        ));
        assert_eq!(
            sequence.command(plain()).encode(),
            b"\x06\x01\x14\x04\0\0\0\0\x01\0\x49\x09\x78\x19\x44\x06\x06\x1f\x73\x03\0\0\x01"
        );
        sequence.heard(&apdu(b"\x80\0\x08\x06\x06\x1f\x73\x03\0\0\x01"));
        let heard = sequence.heard(&apdu(b"\x04\xff\x09\x17\x06\x06\x1f\x73\x03\0\0\x02"));
        assert_eq!(
            Sequence::answer(Apdu::accepted(), heard).encode(),
            b"\x80\0\x08\x06\x06\x1f\x73\x03\0\0\x02"
        );
        let next = sequence.command(Apdu::new(0x06b0, Vec::new()));
        assert_eq!(next.encode(), b"\x06\xb0\x08\x06\x06\x1f\x73\x03\0\0\x03");
    }

    #[test]
    fn the_count_begins_anew_at_one() {
        let mut sequence = Sequence {
            last: Some(Number(LAST)),
        };
        let next = sequence.command(Apdu::new(0x06b0, Vec::new()));
        assert_eq!(next.data(), b"\x06\x06\x1f\x73\x03\0\0\x01");
        let odd = apdu(b"\x04\xff\x06\x17\x1f\x73\x03\xff\0");
        assert_eq!(sequence.heard(&odd), None);
        sequence.forget();
        assert_eq!(
            sequence.heard(&apdu(b"\x04\xff\x09\x17\x06\x06\x1f\x73\x03\0\0\x02")),
            None
        );
    }
}
