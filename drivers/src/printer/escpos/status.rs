//! What a printer sends: one-byte answers, blocks and flow control on one wire, told apart by fixed
//! bits (Epson's reference, "transmission status").

use std::collections::VecDeque;

use crate::printer::{Paper, Status};

/// Something that the printer said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// The answer to a `DLE EOT`; it does not say to which.
    RealTime(u8),
    /// The answer to a `GS r 1`: its turn behind the print data has come.
    PaperSensor(u8),
    /// The process ID of a `GS ( H`: the data before it are printed.
    ProcessId([u8; 4]),
    /// The buffers are empty, as `DLE DC4 8` asked for.
    Cleared,
    /// A status that comes by itself, as `GS a` asked for.
    Automatic(Status),
}

/// What can be asked in real time: `DLE EOT n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Query {
    Printer = 1,
    OfflineCause = 2,
    ErrorCause = 3,
    Paper = 4,
}

impl Query {
    pub(super) fn bytes(self) -> Vec<u8> {
        vec![0x10, 0x04, self as u8]
    }

    /// What comes after it, with an answer or without. The cause of an error is asked for where there
    /// is one.
    pub(super) fn next(self, answer: Option<u8>) -> Option<Self> {
        match self {
            Self::Printer => Some(Self::OfflineCause),
            Self::OfflineCause if answer.is_some_and(|bits| bits & 0x40 != 0) => {
                Some(Self::ErrorCause)
            }
            Self::OfflineCause | Self::ErrorCause => Some(Self::Paper),
            Self::Paper => None,
        }
    }

    /// What the answer tells.
    pub(super) fn read(self, answer: u8, status: &mut Status) {
        let set = |bits| answer & bits != 0;
        match self {
            Self::Printer => {
                status.online = Some(!set(0x08));
                status.drawer_open = Some(!set(0x04));
            }
            Self::OfflineCause => {
                status.cover_open = Some(set(0x04));
                status.cutter_error = (!set(0x40)).then_some(false);
                status.other_error = Some(set(0x40));
                if set(0x20) {
                    status.paper = Some(Paper::Out);
                }
            }
            Self::ErrorCause => {
                status.cutter_error = Some(set(0x08));
                // An error that is not the cutter's, or one without a cause.
                status.other_error = Some(set(0x64) || !set(0x08));
            }
            // Bits 0C alone are the near-end sensor: it still prints.
            Self::Paper if set(0x60) => status.paper = Some(Paper::Out),
            Self::Paper if status.paper == Some(Paper::Out) => {}
            Self::Paper if set(0x0c) => status.paper = Some(Paper::NearEnd),
            Self::Paper => status.paper = Some(Paper::Enough),
        }
    }
}

/// The four bytes of automatic status back.
fn automatic([first, second, third, _]: [u8; 4]) -> Status {
    Status {
        online: Some(first & 0x08 == 0),
        paper: Some(paper(third)),
        cover_open: Some(first & 0x20 != 0),
        cutter_error: Some(second & 0x08 != 0),
        other_error: Some(second & 0x64 != 0),
        drawer_open: Some(first & 0x04 == 0),
    }
}

/// The answer to `GS r 1`, and the third byte of automatic status back.
pub(super) fn paper(bits: u8) -> Paper {
    if bits & 0x0c != 0 {
        Paper::Out
    } else if bits & 0x03 != 0 {
        Paper::NearEnd
    } else {
        Paper::Enough
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
        if let [first, second, third, fourth] = *bytes.as_slice() {
            let status = automatic([first, second, third, fourth]);
            self.replies.push_back(Reply::Automatic(status));
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
        } else {
            match *bytes.as_slice() {
                [0x37, 0x22, a, b, c, d] => self.replies.push_back(Reply::ProcessId([a, b, c, d])),
                [0x37, 0x25] => self.replies.push_back(Reply::Cleared),
                _ => {}
            }
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
        use Reply::{Automatic, Cleared, PaperSensor, ProcessId, RealTime};
        let fine = Status {
            online: Some(true),
            paper: Some(Paper::Enough),
            cover_open: Some(false),
            cutter_error: Some(false),
            other_error: Some(false),
            drawer_open: Some(false),
        };
        let hindered = Status {
            online: Some(false),
            ..fine
        };
        let out = Status {
            paper: Some(Paper::Out),
            ..hindered
        };
        let open = Status {
            cover_open: Some(true),
            ..hindered
        };
        let stuck = Status {
            cutter_error: Some(true),
            ..hindered
        };
        let hot = Status {
            other_error: Some(true),
            ..hindered
        };
        let near = Status {
            paper: Some(Paper::NearEnd),
            drawer_open: Some(true),
            ..fine
        };
        for (bytes, expected) in [
            (b"\x16".as_slice(), vec![RealTime(0x16)]),
            (b"\x12\x72", vec![RealTime(0x12), RealTime(0x72)]),
            (b"\x00", vec![PaperSensor(0)]),
            (b"\x03\x0c", vec![PaperSensor(3), PaperSensor(0x0c)]),
            (b"\x14\0\0\0", vec![Automatic(fine)]),
            (b"\x1c\0\x0f\0", vec![Automatic(out)]),
            (b"\x3c\0\0\0", vec![Automatic(open)]),
            (b"\x1c\x08\0\0", vec![Automatic(stuck)]),
            (b"\x1c\x40\0\0", vec![Automatic(hot)]),
            (b"\x10\0\x03\x0f", vec![Automatic(near)]),
            // An automatic status that breaks off does not swallow what follows.
            (b"\x14\0\x16", vec![RealTime(0x16)]),
            (b"\x37\x22abcd\0", vec![ProcessId(*b"abcd")]),
            (
                b"\x37\x22a\x13b\x11cd\0\x12",
                vec![ProcessId(*b"abcd"), RealTime(0x12)],
            ),
            (b"\x37\x25\0", vec![Cleared]),
            // A model's name is of no use.
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

    /// Asks as the driver does, with the answers by number; 0 is silence.
    fn read(answers: [u8; 4]) -> (Status, Vec<u8>) {
        let (mut status, mut asked) = (Status::default(), Vec::new());
        let mut next = Some(Query::Printer);
        while let Some(query) = next {
            let number = query as u8;
            asked.push(number);
            let answer = Some(answers[usize::from(number) - 1]).filter(|byte| *byte != 0);
            if let Some(answer) = answer {
                query.read(answer, &mut status);
            }
            next = query.next(answer);
        }
        (status, asked)
    }

    #[test]
    fn answers_by_query() {
        for (name, answers, asked, expected) in [
            ("fine", [0x16, 0x12, 0, 0x12], &[1, 2, 4][..], "is ready."),
            (
                "drawer open",
                [0x12, 0x12, 0, 0x12],
                &[1, 2, 4],
                "drawer is open",
            ),
            (
                "near the end",
                [0x16, 0x12, 0, 0x1e],
                &[1, 2, 4],
                "nearly empty",
            ),
            (
                "paper out",
                [0x1e, 0x32, 0, 0x7e],
                &[1, 2, 4],
                "out of paper",
            ),
            (
                "no near-end sensor",
                [0x1e, 0x12, 0, 0x72],
                &[1, 2, 4],
                "out of paper",
            ),
            (
                "no paper sensor",
                [0x1e, 0x32, 0, 0x12],
                &[1, 2, 4],
                "out of paper",
            ),
            (
                "cover open",
                [0x1e, 0x16, 0, 0x12],
                &[1, 2, 4],
                "cover is open",
            ),
            (
                "cutter",
                [0x1e, 0x52, 0x1a, 0x12],
                &[1, 2, 3, 4],
                "cutter is stuck",
            ),
            (
                "hot",
                [0x1e, 0x52, 0x52, 0x12],
                &[1, 2, 3, 4],
                "reports an error",
            ),
            (
                "broken",
                [0x1e, 0x52, 0x32, 0x12],
                &[1, 2, 3, 4],
                "reports an error",
            ),
            (
                "error without a cause",
                [0x1e, 0x52, 0, 0x12],
                &[1, 2, 3, 4],
                "reports an error",
            ),
            ("offline", [0x1e, 0x12, 0, 0x12], &[1, 2, 4], "offline"),
            ("silent", [0, 0, 0, 0], &[1, 2, 4], "has not said"),
        ] {
            let (status, by) = read(answers);
            assert!(status.sentence().contains(expected), "{name}: {status:?}");
            assert_eq!(by, asked, "{name}");
        }
        assert_eq!(read([0; 4]).0, Status::default());
        assert_eq!(Query::Paper.bytes(), b"\x10\x04\x04");
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_with_bounded_memory(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
            prop_assert!(replies(&bytes).len() <= bytes.len());
        }
    }
}
