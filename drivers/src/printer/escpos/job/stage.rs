//! One print job, and how far it is.

use std::time::Duration;

use crate::{
    Mono,
    printer::{JobId, escpos::Confirmation},
};

/// The slowest usual link: 9600 bits per second, ten to a byte.
const BYTES_PER_SECOND: u64 = 960;
/// A line at 100 mm per second.
const LINE: Duration = Duration::from_millis(40);

/// A link that takes nothing for so long is told to the desk.
pub(super) const STALL: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: JobId,
    pub(super) stage: Stage,
    /// Its first byte left when the printer was known to stand between two commands: else an answer
    /// from behind it proves nothing.
    pub(super) trusted: bool,
    /// What was told last of why it waits.
    pub(super) told: Option<&'static str>,
}

#[derive(Debug)]
pub(super) enum Stage {
    /// It is found out whether the printer can print. Not one byte is sent.
    Probing { bytes: Vec<u8>, give_up: Mono },
    /// The printer was asked for a sign that it stands between two commands.
    Aligning {
        bytes: Vec<u8>,
        give_up: Mono,
        until: Mono,
        /// How often half a command was filled up.
        fillings: u8,
    },
    /// The sign has come. Another one may follow, of somebody who asked before us.
    Quiet { bytes: Vec<u8>, until: Mono },
    /// That bytes will be sent is being made durable.
    Storing { bytes: Vec<u8> },
    /// The link takes the bytes.
    Sending {
        size: Size,
        /// Bytes of others behind them.
        behind: usize,
        /// When the link last took some.
        moved: Mono,
        /// It is told that the link takes none.
        stalled: bool,
    },
    /// The link has taken everything.
    Sent {
        size: Size,
        /// The bytes are through by then.
        through: Mono,
        /// A printer that says nothing of a fault is given up then.
        give_up: Mono,
    },
    /// Somebody gave it up. The printer was told to forget what it has.
    Clearing { until: Mono, printed: bool },
    /// Somebody gave it up. The link ends, and then it is known how much it took.
    Leaving { size: Size, behind: usize },
}

/// How much there is to send and to print.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) bytes: usize,
    lines: u32,
}

impl Size {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let lines = bytes.split(|byte| *byte == b'\n').skip(1).count();
        Self {
            bytes: bytes.len(),
            lines: u32::try_from(lines).unwrap_or(u32::MAX),
        }
    }

    /// How long it takes on a slow link and a slow printer.
    pub(super) fn time(self) -> Duration {
        let count = u64::try_from(self.bytes).unwrap_or(u64::MAX);
        Duration::from_secs(count.div_ceil(BYTES_PER_SECOND)) + LINE.saturating_mul(self.lines)
    }
}

impl Stage {
    /// When something is due; none where nothing but an input matters.
    pub(super) fn wake(&self) -> Option<Mono> {
        match self {
            Self::Probing { give_up, .. } => Some(*give_up),
            Self::Aligning { give_up, until, .. } => Some(*give_up.min(until)),
            Self::Quiet { until, .. } | Self::Clearing { until, .. } => Some(*until),
            Self::Sending { moved, stalled, .. } if !stalled => Some(*moved + STALL),
            Self::Sent { give_up, .. } => Some(*give_up),
            Self::Storing { .. } | Self::Sending { .. } | Self::Leaving { .. } => None,
        }
    }
}

/// What a job's number is in the process IDs of `GS ( H`, function 48: four printable characters.
/// Each job has two, so that the sign before it cannot be taken for the one behind it.
pub(super) fn token(job: JobId, side: Side) -> [u8; 4] {
    let side = match side {
        Side::Before => 0,
        Side::Behind => 1,
    };
    let mut rest = job.unsigned_abs().wrapping_mul(2).wrapping_add(side);
    [0; 4].map(|_: u8| {
        let digit = u8::try_from(rest % 95).unwrap_or(0);
        rest /= 95;
        0x20 + digit
    })
}

/// Where a question stands in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    Behind,
}

/// A question that waits its turn among the print data; none for printers without one.
pub(super) fn question(confirmation: Confirmation, job: JobId, side: Side) -> Option<Vec<u8>> {
    match confirmation {
        Confirmation::ProcessId => {
            let mut bytes = b"\x1d\x28\x48\x06\x00\x30\x30".to_vec();
            bytes.extend(token(job, side));
            Some(bytes)
        }
        Confirmation::PaperSensor => Some(b"\x1dr\x01".to_vec()),
        Confirmation::RealTime | Confirmation::None => None,
    }
}
