//! How fast bytes leave on a serial line to a printer, so that it loses none. A printer that is
//! flooded drops what it has no room for, and a receipt lacks lines.
//!
//! Pure: it gets what was seen of the line, and says what to do next. Whoever carries that out waits
//! for as long as it says; it never reads a clock. No wait has an end of its own: a printer without
//! paper may take nothing for hours.

use std::{path::Path, time::Duration};

use config::FlowControl;

/// Bits on the line for each byte: start, eight data bits, stop.
const BITS: u64 = 10;
/// Bytes at once where something tells us to stop only after we look. A printer with a buffer of 4 KiB
/// tells it when 256 are free (Epson's manuals: "busy").
const CAREFUL: usize = 64;
/// Bytes at once where the kernel stops by itself, at most and at least.
const MOST: u64 = 1024;
const LEAST: u64 = 64;
/// The part of a second that such a chunk takes.
const CHUNKS_PER_SECOND: u64 = 10;
/// How long until we look again whether the line has sent all, or the printer is ready.
const LOOK: Duration = Duration::from_millis(5);
/// A line of text is a sixth of an inch high, unless `ESC 3` says otherwise.
const LINE_MICROMETRES: u64 = 4233;
/// Of its speed, a printer is given so many tenths.
const TENTHS: u32 = 9;

/// Decides when the next bytes may leave.
#[derive(Debug)]
pub struct Flow {
    /// How long a byte takes on the line.
    byte: Duration,
    way: Way,
    state: State,
}

/// What keeps the printer from being flooded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The kernel stops: RTS/CTS, XON/XOFF.
    Kernel { chunk: usize },
    /// We look at DSR before each chunk.
    Dsr,
    /// Nothing. No more is sent than is printed meanwhile; a line of text takes so long.
    Pace { line: Duration },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing is under way.
    Idle,
    /// These bytes are the kernel's, and not all have left.
    Leaving {
        count: usize,
        /// What these bytes are good for, from when they were given.
        time: Duration,
        waited: Duration,
    },
    /// The printer has them; so much of their time is left.
    Resting(Duration),
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Give so many bytes to the line, then say [`Flow::wrote`].
    Write(usize),
    /// Look at the line, then say [`Flow::saw`].
    Look,
    /// Wait for so long, then say [`Flow::waited`]. To look earlier does no harm.
    Wait(Duration),
    /// So many bytes have left.
    Taken(usize),
}

/// What was seen of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Bytes that the kernel still holds.
    pub held: usize,
    /// The printer's DSR is on, or nobody can say.
    pub ready: bool,
}

impl Flow {
    /// How bytes leave for a printer on this line, which prints so many millimetres a second.
    pub fn new(control: FlowControl, baud: u32, speed: u32) -> Self {
        let baud = u64::from(baud.max(1));
        let way = match control {
            FlowControl::RtsCts | FlowControl::XonXoff => {
                let chunk = (baud / BITS / CHUNKS_PER_SECOND).clamp(LEAST, MOST);
                let chunk = usize::try_from(chunk).unwrap_or(CAREFUL);
                Way::Kernel { chunk }
            }
            FlowControl::DtrDsr => Way::Dsr,
            FlowControl::None => Way::Pace {
                line: Duration::from_millis(LINE_MICROMETRES / u64::from(speed.max(1))),
            },
        };
        Self {
            byte: Duration::from_nanos(BITS * 1_000_000_000 / baud),
            way,
            state: State::Idle,
        }
    }

    /// What to do, with these bytes to send. They begin with those that are under way.
    pub fn next(&mut self, bytes: &[u8]) -> Step {
        match self.state {
            State::Idle if self.way == Way::Dsr => Step::Look,
            State::Idle => Step::Write(self.chunk(bytes)),
            State::Leaving { .. } => Step::Look,
            State::Resting(left) => Step::Wait(left),
        }
    }

    /// The kernel took these.
    pub fn wrote(&mut self, bytes: &[u8]) {
        let count = bytes.len();
        let sent = self.byte * u32::try_from(count).unwrap_or(u32::MAX);
        let time = match self.way {
            Way::Kernel { .. } => Duration::ZERO,
            Way::Dsr => sent,
            Way::Pace { line } => {
                // A chunk has one at most: see `chunk`.
                let printed = line * u32::from(bytes.contains(&b'\n'));
                sent.max(printed) * 10 / TENTHS
            }
        };
        self.state = State::Leaving {
            count,
            time,
            waited: Duration::ZERO,
        };
    }

    /// This was seen, with these bytes to send.
    pub fn saw(&mut self, seen: Seen, bytes: &[u8]) -> Step {
        match self.state {
            State::Idle if seen.ready => Step::Write(self.chunk(bytes)),
            State::Leaving {
                count,
                time,
                waited,
            } if seen.held == 0 => {
                self.state = match time.saturating_sub(waited) {
                    Duration::ZERO => State::Idle,
                    left => State::Resting(left),
                };
                Step::Taken(count)
            }
            State::Idle | State::Leaving { .. } => Step::Wait(LOOK),
            State::Resting(left) => Step::Wait(left),
        }
    }

    /// So long was waited.
    pub fn waited(&mut self, time: Duration) {
        match &mut self.state {
            State::Idle => {}
            State::Leaving { waited, .. } => *waited += time,
            State::Resting(_) => self.state = State::Idle,
        }
    }

    /// How many bytes are the kernel's, and may be the printer's.
    pub fn under_way(&self) -> usize {
        match self.state {
            State::Leaving { count, .. } => count,
            State::Idle | State::Resting(_) => 0,
        }
    }

    /// How many of these bytes go at once. Without flow control a line of text ends a chunk: it is what
    /// takes a printer's time.
    fn chunk(&self, bytes: &[u8]) -> usize {
        let most = match self.way {
            Way::Kernel { chunk } => chunk,
            Way::Dsr | Way::Pace { .. } => CAREFUL,
        };
        let bytes = bytes.get(..most).unwrap_or(bytes);
        let line = bytes.iter().position(|byte| *byte == b'\n');
        match (self.way, line) {
            (Way::Pace { .. }, Some(end)) => end + 1,
            _ => bytes.len(),
        }
    }
}

/// Whether a line without flow control stops a writer all the same: USB that looks like a serial port
/// waits for its device (`ttyACM`), and a pseudo-terminal for its reader. Such lines have no speed.
pub fn stops_by_itself(real: &Path) -> bool {
    let name = real.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("ttyACM") || real.starts_with("/dev/pts")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// A line in virtual time: what leaves when, while the printer is ready at some times only.
    struct Desk {
        flow: Flow,
        now: Duration,
        /// When the kernel has sent all that it has.
        sent: Duration,
        /// The kernel says what it holds; an adapter's chip hides it.
        tells: bool,
    }

    impl Desk {
        fn new(control: FlowControl, baud: u32, speed: u32) -> Self {
            Self {
                flow: Flow::new(control, baud, speed),
                now: Duration::ZERO,
                sent: Duration::ZERO,
                tells: true,
            }
        }

        /// Sends these, while `ready` says when DSR is on; gives when each chunk left.
        fn send(
            &mut self,
            mut bytes: &[u8],
            ready: impl Fn(Duration) -> bool,
        ) -> Vec<(u64, usize)> {
            let mut chunks = Vec::new();
            let mut step = self.flow.next(bytes);
            while !bytes.is_empty() {
                step = match step {
                    Step::Write(count) => {
                        chunks.push((u64::try_from(self.now.as_millis()).unwrap(), count));
                        let time = self.flow.byte * u32::try_from(count).unwrap();
                        self.sent = self.now.max(self.sent) + time;
                        self.flow.wrote(&bytes[..count]);
                        assert_eq!(self.flow.under_way(), count);
                        self.flow.next(bytes)
                    }
                    Step::Look => {
                        let held = usize::from(self.tells && self.sent > self.now);
                        let ready = ready(self.now);
                        self.flow.saw(Seen { held, ready }, bytes)
                    }
                    Step::Wait(time) => {
                        self.now += time;
                        self.flow.waited(time);
                        self.flow.next(bytes)
                    }
                    Step::Taken(count) => {
                        bytes = &bytes[count..];
                        assert_eq!(self.flow.under_way(), 0);
                        self.flow.next(bytes)
                    }
                };
                assert!(self.now < Duration::from_hours(24), "it never ends");
            }
            chunks
        }
    }

    #[test]
    fn without_flow_control_no_more_leaves_than_is_printed() {
        let always = |_| true;
        let text: Vec<u8> = [[b'x'; 47].as_slice(), b"\n"].concat().repeat(40);
        let feeds = [b'\n'; 40];
        let dots = [0x55; 1920];
        // 50 mm a second are 84 ms a line; a line of 48 takes 50 ms at 9600 baud, and 1.25 at 384,000.
        // A tenth more, each time.
        for (name, bytes, baud, speed, least) in [
            ("a slow printer", text.as_slice(), 9600, 50, 3700),
            ("a slow line", &text, 9600, 300, 2200),
            ("a fast line", &text, 384_000, 50, 3700),
            ("empty lines", &feeds, 384_000, 50, 3700),
            ("dots", &dots, 9600, 50, 2200),
        ] {
            for tells in [true, false] {
                let mut desk = Desk::new(FlowControl::None, baud, speed);
                desk.tells = tells;
                let chunks = desk.send(bytes, always);
                let sum: usize = chunks.iter().map(|(_, count)| count).sum();
                assert_eq!(sum, bytes.len(), "{name}");
                assert!(chunks.iter().all(|(_, count)| *count <= CAREFUL), "{name}");
                // What the last one needs comes after it.
                let (last, _) = chunks.last().unwrap();
                assert!(
                    (least * 95 / 100..least * 11 / 10).contains(last),
                    "{name}: {last} ms"
                );
            }
        }
    }

    #[test]
    fn dsr_is_looked_at_before_each_chunk_for_as_long_as_it_takes() {
        let bytes = [7; 200];
        let mut desk = Desk::new(FlowControl::DtrDsr, 9600, 100);
        let chunks = desk.send(&bytes, |_| true);
        let counts: Vec<usize> = chunks.iter().map(|(_, count)| *count).collect();
        assert_eq!(counts, [64, 64, 64, 8]);
        // The paper ends after a tenth of a second, and somebody comes an hour later.
        let hour = Duration::from_hours(1);
        let mut desk = Desk::new(FlowControl::DtrDsr, 9600, 100);
        let chunks = desk.send(&bytes, |now| now < MS(100) || now >= hour);
        let before = chunks.iter().filter(|(at, _)| *at < 3_600_000).count();
        assert_eq!((before, chunks.len()), (2, 4), "{chunks:?}");
    }

    #[test]
    fn what_the_kernel_holds_is_not_taken_yet() {
        for (baud, chunk) in [(1200, 64), (9600, 96), (115_200, 1024)] {
            for control in [FlowControl::RtsCts, FlowControl::XonXoff] {
                let mut flow = Flow::new(control, baud, 100);
                let bytes = [7; 3000];
                assert_eq!(flow.next(&bytes), Step::Write(chunk), "{baud}");
                flow.wrote(&bytes[..chunk]);
                // CTS is off: the printer has no paper.
                for _ in 0..1000 {
                    assert_eq!(flow.next(&bytes), Step::Look);
                    let (held, ready) = (1, true);
                    assert_eq!(flow.saw(Seen { held, ready }, &bytes), Step::Wait(LOOK));
                    flow.waited(LOOK);
                    assert_eq!(flow.under_way(), chunk);
                }
                let (held, ready) = (0, true);
                assert_eq!(flow.next(&bytes), Step::Look);
                assert_eq!(flow.saw(Seen { held, ready }, &bytes), Step::Taken(chunk));
                assert_eq!(flow.next(&bytes[chunk..]), Step::Write(chunk));
            }
        }
    }

    #[test]
    fn lines_that_stop_by_themselves_are_not_paced() {
        for (path, stops) in [
            ("/dev/ttyS0", false),
            ("/dev/ttyUSB3", false),
            ("/dev/ttyACM0", true),
            ("/dev/pts/7", true),
        ] {
            assert_eq!(stops_by_itself(Path::new(path)), stops, "{path}");
        }
    }
}
