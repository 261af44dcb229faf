//! The unit of the protocol: two bytes of command or answer, a length, data (PA00P015, 2.1).

use std::fmt;

/// Most data in one APDU, by its two length bytes.
pub const MAX_DATA: usize = 0xffff;

/// Commands and answers by their two bytes.
pub mod code {
    /// Registration.
    pub const REGISTRATION: u16 = 0x0600;
    /// Authorisation: a payment.
    pub const AUTHORISATION: u16 = 0x0601;
    /// Log-off.
    pub const LOG_OFF: u16 = 0x0602;
    /// Completion: an operation ended well.
    pub const COMPLETION: u16 = 0x060f;
    /// Abort: an operation ended badly.
    pub const ABORT: u16 = 0x061e;
    /// Repeat the last receipt.
    pub const REPEAT_RECEIPT: u16 = 0x0620;
    /// Reversal of a payment.
    pub const REVERSAL: u16 = 0x0630;
    /// Refund.
    pub const REFUND: u16 = 0x0631;
    /// End of day.
    pub const END_OF_DAY: u16 = 0x0650;
    /// Diagnosis: call the host.
    pub const DIAGNOSIS: u16 = 0x0670;
    /// Set the terminal's date and time.
    pub const SET_TIME: u16 = 0x0691;
    /// Initialisation: set the terminal up anew.
    pub const INITIALISATION: u16 = 0x0693;
    /// Show a text on the terminal.
    pub const DISPLAY_TEXT: u16 = 0x06e0;
    /// Abort the running operation, as a request from the till.
    pub const ABORT_REQUEST: u16 = 0x06b0;
    /// Print one line.
    pub const PRINT_LINE: u16 = 0x06d1;
    /// Print a block of text.
    pub const PRINT_BLOCK: u16 = 0x06d3;
    /// Status enquiry.
    pub const STATUS_ENQUIRY: u16 = 0x0501;
    /// The terminal tells the time.
    pub const TIME: u16 = 0x0401;
    /// Status information: the result of a payment.
    pub const STATUS_INFORMATION: u16 = 0x040f;
    /// Intermediate status: what the terminal is doing.
    pub const INTERMEDIATE_STATUS: u16 = 0x04ff;
    /// Positive answer.
    pub const ACCEPTED: u16 = 0x8000;
}

/// A command or an answer. Its data may hold a card number: it never shows itself in logs.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Apdu {
    /// Class and instruction; see [`code`].
    pub code: u16,
    /// At most [`MAX_DATA`] bytes.
    data: Vec<u8>,
}

/// Why bytes are not exactly one APDU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Fewer bytes than the length says.
    #[error("the message is shorter than its length says")]
    Short,
    /// More bytes than the length says.
    #[error("the message is longer than its length says")]
    Long,
}

impl Apdu {
    /// A message; what is beyond [`MAX_DATA`] is cut off.
    pub fn new(code: u16, mut data: Vec<u8>) -> Self {
        data.truncate(MAX_DATA);
        Self { code, data }
    }

    /// `80 00 00`.
    pub fn accepted() -> Self {
        Self::new(code::ACCEPTED, Vec::new())
    }

    /// `84 xx 00`: refused with an error code.
    pub fn refused(error: u8) -> Self {
        Self::new(0x8400 | u16::from(error), Vec::new())
    }

    /// The data.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Whether it answers a command; else it is one.
    pub fn is_answer(&self) -> bool {
        matches!(self.code >> 8, 0x80 | 0x84)
    }

    /// The error code of a refusal. `84 00` is a positive answer.
    pub fn refusal(&self) -> Option<u8> {
        match self.code.to_be_bytes() {
            [0x84, error] if error != 0 => Some(error),
            _ => None,
        }
    }

    /// The bytes; lengths from 255 on in the long form, little endian.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.code.to_be_bytes().to_vec();
        if let Ok(length @ ..=0xfe) = u8::try_from(self.data.len()) {
            out.push(length);
        } else {
            let length = u16::try_from(self.data.len()).unwrap_or(u16::MAX);
            out.push(0xff);
            out.extend(length.to_le_bytes());
        }
        out.extend(&self.data);
        out
    }

    /// Reads bytes that are exactly one APDU.
    ///
    /// # Errors
    /// When they are fewer or more.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        match split(bytes) {
            None => Err(Malformed::Short),
            Some((apdu, [])) => Ok(apdu),
            Some(_) => Err(Malformed::Long),
        }
    }
}

impl fmt::Debug for Apdu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [class, instruction] = self.code.to_be_bytes();
        write!(
            f,
            "{class:02X} {instruction:02X} ({} bytes)",
            self.data.len()
        )
    }
}

/// APDUs out of a stream of bytes that may be cut anywhere (TCP).
#[derive(Default)]
pub struct Reader {
    buffer: Vec<u8>,
}

impl Reader {
    /// Takes what arrived. Call [`next`](Reader::next) until it gives none: then at most one
    /// incomplete APDU is held.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend(bytes);
    }

    /// The next whole APDU.
    #[expect(
        clippy::should_implement_trait,
        reason = "more may follow after none, which iterators do not promise"
    )]
    pub fn next(&mut self) -> Option<Apdu> {
        let (apdu, rest) = split(&self.buffer)?;
        let rest = rest.len();
        self.buffer.drain(..self.buffer.len() - rest);
        Some(apdu)
    }

    /// Forgets what is incomplete; for a new connection.
    pub fn clear(&mut self) {
        self.buffer.clear();
    }

    /// How many bytes of an incomplete APDU are held.
    pub fn pending(&self) -> usize {
        self.buffer.len()
    }
}

fn split(bytes: &[u8]) -> Option<(Apdu, &[u8])> {
    let (length, rest, code) = match bytes {
        [class, instr, 0xff, low, high, rest @ ..] => (
            usize::from(u16::from_le_bytes([*low, *high])),
            rest,
            [*class, *instr],
        ),
        [_, _, 0xff, ..] => return None,
        [class, instr, length, rest @ ..] => (usize::from(*length), rest, [*class, *instr]),
        _ => return None,
    };
    let (data, rest) = rest.split_at_checked(length)?;
    Some((Apdu::new(u16::from_be_bytes(code), data.to_vec()), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_choose_their_form_and_both_are_read() {
        let head = |length| {
            Apdu::new(0x06d3, vec![7; length])
                .encode()
                .into_iter()
                .take(6)
                .collect::<Vec<_>>()
        };
        assert_eq!(head(0), [0x06, 0xd3, 0x00]);
        assert_eq!(head(254), [0x06, 0xd3, 0xfe, 7, 7, 7]);
        assert_eq!(head(255), [0x06, 0xd3, 0xff, 0xff, 0x00, 7]);
        assert_eq!(head(0x042d), [0x06, 0xd3, 0xff, 0x2d, 0x04, 7]);
        assert_eq!(head(70_000), [0x06, 0xd3, 0xff, 0xff, 0xff, 7]);
        let long = Apdu::decode(&[0x04, 0xff, 0xff, 0x01, 0x00, 0x0a]);
        assert_eq!(long, Ok(Apdu::new(0x04ff, vec![0x0a])));
        assert_eq!(Apdu::decode(&[0x80, 0x00, 0x01]), Err(Malformed::Short));
        assert_eq!(Apdu::decode(&[0x80, 0x00, 0xff]), Err(Malformed::Short));
        assert_eq!(Apdu::decode(&[0x80, 0x00, 0x00, 0]), Err(Malformed::Long));
    }

    #[test]
    fn answers() {
        let answer = |code| {
            let apdu = Apdu::new(code, vec![]);
            (apdu.is_answer(), apdu.refusal())
        };
        assert_eq!(answer(0x8000), (true, None));
        assert_eq!(answer(0x8400), (true, None), "84 00 is positive");
        assert_eq!(answer(0x846c), (true, Some(0x6c)));
        assert_eq!(answer(0x060f), (false, None));
    }

    #[test]
    fn data_does_not_show() {
        let shown = format!("{:?}", Apdu::new(0x040f, vec![0x41; 8]));
        assert_eq!(shown, "04 0F (8 bytes)");
    }

    proptest! {
        #[test]
        fn any_cut_gives_the_same_messages(
            messages in prop::collection::vec((any::<u16>(), prop::collection::vec(any::<u8>(), 0..300)), 0..5),
            cuts in prop::collection::vec(1..40_usize, 1..20),
        ) {
            let apdus: Vec<Apdu> = messages.into_iter().map(|(c, d)| Apdu::new(c, d)).collect();
            let wire: Vec<u8> = apdus.iter().flat_map(Apdu::encode).collect();
            let mut reader = Reader::default();
            let mut read = Vec::new();
            let mut rest = &wire[..];
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break; }
                let (head, tail) = rest.split_at(rest.len().min(*cut));
                reader.push(head);
                read.extend(std::iter::from_fn(|| reader.next()));
                rest = tail;
            }
            prop_assert_eq!(read, apdus);
            prop_assert_eq!(reader.pending(), 0);
        }

        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let mut reader = Reader::default();
            reader.push(&bytes);
            while reader.next().is_some() {}
            prop_assert!(reader.pending() <= MAX_DATA + 5);
        }
    }
}
