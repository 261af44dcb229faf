//! What a printer sends: one-byte answers, blocks and flow control on one wire, told apart by fixed
//! bits (Epson's reference, "transmission status").

use std::collections::VecDeque;

/// Something that the printer said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// The answer to a `DLE EOT`; it does not say to which.
    RealTime(u8),
    /// The answer to a `GS r 1`: its turn behind the print data has come.
    PaperSensor(u8),
    /// The process ID of a `GS ( H`: the data before it are printed.
    ProcessId([u8; 4]),
    /// A status that nobody asked for, as some printers are set to send.
    Automatic(Option<Fault>),
}

/// Why a printer does not print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    PaperOut,
    CoverOpen,
    Error,
    Offline,
}

impl Fault {
    /// What to do, as a sentence for the desk.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::PaperOut => "The printer is out of paper. Put in a new roll and close the cover.",
            Self::CoverOpen => "The printer's cover is open. Close it.",
            Self::Error => {
                "The printer reports an error. Open the cover, look for jammed paper at the \
                 cutter, and close it again."
            }
            Self::Offline => {
                "The printer is offline. Look at its lights, and press its feed button once."
            }
        }
    }
}

/// What can be asked in real time: `DLE EOT n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Query {
    Printer = 1,
    OfflineCause = 2,
    Paper = 4,
}

impl Query {
    pub(super) const ALL: [Self; 3] = [Self::Printer, Self::OfflineCause, Self::Paper];

    pub(super) fn bytes(self) -> [u8; 3] {
        [0x10, 0x04, self as u8]
    }

    /// What the answer to this query means.
    pub(super) fn fault(self, answer: u8) -> Option<Fault> {
        let set = |bits| answer & bits != 0;
        match self {
            Self::Printer => set(0x08).then_some(Fault::Offline),
            Self::OfflineCause if set(0x20) => Some(Fault::PaperOut),
            Self::OfflineCause if set(0x04) => Some(Fault::CoverOpen),
            Self::OfflineCause => set(0x40).then_some(Fault::Error),
            // Bits 0C alone are the near-end sensor: it still prints.
            Self::Paper => set(0x60).then_some(Fault::PaperOut),
        }
    }
}

/// The most telling of several faults.
pub(super) fn worst(a: Option<Fault>, b: Option<Fault>) -> Option<Fault> {
    let rank = |fault| match fault {
        Fault::PaperOut => 4,
        Fault::CoverOpen => 3,
        Fault::Error => 2,
        Fault::Offline => 1,
    };
    match (a, b) {
        (Some(a), Some(b)) => Some(if rank(b) > rank(a) { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// Longest block that is kept; a longer one is dropped.
const BLOCK_BYTES: usize = 80;

/// Tells the printer's answers apart, however they are cut.
#[derive(Debug, Default)]
pub(super) struct Demultiplexer {
    partial: Partial,
    replies: VecDeque<Reply>,
}

#[derive(Debug, Default)]
enum Partial {
    #[default]
    Nothing,
    /// The first bytes of an automatic status, of four.
    Automatic(Vec<u8>),
    /// A block, from its header on, until a NUL.
    Block(Vec<u8>),
}

impl Demultiplexer {
    /// Takes a byte. A reply that is complete by it waits in [`next`](Self::next).
    pub(super) fn push(&mut self, byte: u8) {
        // Flow control may stand anywhere, inside blocks too.
        if matches!(byte, 0x11 | 0x13) {
            return;
        }
        match std::mem::take(&mut self.partial) {
            Partial::Nothing => self.begin(byte),
            Partial::Automatic(bytes) => self.automatic(bytes, byte),
            Partial::Block(bytes) => self.block(bytes, byte),
        }
    }

    /// The next complete reply.
    pub(super) fn next(&mut self) -> Option<Reply> {
        self.replies.pop_front()
    }

    fn begin(&mut self, byte: u8) {
        if matches!(byte, 0x35 | 0x37 | 0x3b | 0x3d | 0x5f) {
            self.partial = Partial::Block(vec![byte]);
        } else if byte & 0x93 == 0x12 {
            self.replies.push_back(Reply::RealTime(byte));
        } else if byte & 0x93 == 0x10 {
            self.partial = Partial::Automatic(vec![byte]);
        } else if byte & 0x90 == 0 {
            self.replies.push_back(Reply::PaperSensor(byte));
        }
    }

    fn automatic(&mut self, mut bytes: Vec<u8>, byte: u8) {
        if byte & 0x90 != 0 {
            return self.begin(byte);
        }
        bytes.push(byte);
        if let [first, _, third, _] = bytes.as_slice() {
            let paper = (third & 0x0c != 0).then_some(Fault::PaperOut);
            let cover = (first & 0x20 != 0).then_some(Fault::CoverOpen);
            let offline = (first & 0x08 != 0).then_some(Fault::Offline);
            let fault = worst(paper, worst(cover, offline));
            self.replies.push_back(Reply::Automatic(fault));
        } else {
            self.partial = Partial::Automatic(bytes);
        }
    }

    fn block(&mut self, mut bytes: Vec<u8>, byte: u8) {
        if byte != 0 {
            if bytes.len() < BLOCK_BYTES {
                bytes.push(byte);
                self.partial = Partial::Block(bytes);
            }
        } else if let [0x37, 0x22, a, b, c, d] = *bytes.as_slice() {
            self.replies.push_back(Reply::ProcessId([a, b, c, d]));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn replies(bytes: &[u8]) -> Vec<Reply> {
        let mut demultiplexer = Demultiplexer::default();
        for byte in bytes {
            demultiplexer.push(*byte);
        }
        std::iter::from_fn(|| demultiplexer.next()).collect()
    }

    #[test]
    fn bytes_are_told_apart_by_their_fixed_bits() {
        use Fault::{CoverOpen, PaperOut};
        use Reply::{Automatic, PaperSensor, ProcessId, RealTime};
        for (bytes, expected) in [
            (b"\x16".as_slice(), vec![RealTime(0x16)]),
            (b"\x12\x72", vec![RealTime(0x12), RealTime(0x72)]),
            (b"\x00", vec![PaperSensor(0)]),
            (b"\x03\x0c", vec![PaperSensor(3), PaperSensor(0x0c)]),
            (b"\x14\0\0\0", vec![Automatic(None)]),
            (b"\x1c\0\x0f\0", vec![Automatic(Some(PaperOut))]),
            (b"\x3c\0\0\0", vec![Automatic(Some(CoverOpen))]),
            // An automatic status that breaks off does not swallow what follows.
            (b"\x14\0\x16", vec![RealTime(0x16)]),
            (b"\x37\x22abcd\0", vec![ProcessId(*b"abcd")]),
            (
                b"\x37\x22a\x13b\x11cd\0\x12",
                vec![ProcessId(*b"abcd"), RealTime(0x12)],
            ),
            // The buffer was cleared; a model's name; neither is of use.
            (b"\x37\x25\0", vec![]),
            (b"_TM-T20III\0", vec![]),
            (b"\x11\x13\xff\x80", vec![]),
        ] {
            assert_eq!(replies(bytes), expected, "{bytes:02x?}");
        }
    }

    #[test]
    fn a_block_without_an_end_is_dropped() {
        let mut bytes = vec![0x5f];
        bytes.extend([b'x'; BLOCK_BYTES]);
        bytes.push(0x16);
        assert_eq!(replies(&bytes), [Reply::RealTime(0x16)]);
    }

    #[test]
    fn answers_by_query() {
        use Query::{OfflineCause, Paper, Printer};
        for (name, printer, cause, paper, expected) in [
            ("fine", 0x12, 0x12, 0x12, None),
            ("fine, drawer closed", 0x16, 0x12, 0x12, None),
            ("near the end", 0x16, 0x12, 0x1e, None),
            ("paper out", 0x1e, 0x32, 0x7e, Some(Fault::PaperOut)),
            (
                "no near-end sensor",
                0x1e,
                0x12,
                0x72,
                Some(Fault::PaperOut),
            ),
            ("cover open", 0x1e, 0x16, 0x12, Some(Fault::CoverOpen)),
            ("error", 0x1a, 0x52, 0x12, Some(Fault::Error)),
            ("offline", 0x1e, 0x12, 0x12, Some(Fault::Offline)),
        ] {
            let fault = worst(
                Printer.fault(printer),
                worst(OfflineCause.fault(cause), Paper.fault(paper)),
            );
            assert_eq!(fault, expected, "{name}");
        }
    }

    #[test]
    fn queries_are_dle_eot_1_2_and_4() {
        let bytes: Vec<u8> = Query::ALL.iter().flat_map(|query| query.bytes()).collect();
        assert_eq!(bytes, b"\x10\x04\x01\x10\x04\x02\x10\x04\x04");
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_with_bounded_memory(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
            prop_assert!(replies(&bytes).len() <= bytes.len());
        }
    }
}
