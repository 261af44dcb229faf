//! A slow printer on a serial line, in virtual time: nothing is lost with flow control or pacing, and
//! without either something is.

use std::{collections::VecDeque, time::Duration};

use config::FlowControl;
use drivers::{
    Input, Machine, Mono, Output,
    link::flow::{Flow, Seen, Step},
};
use simulator::printer::{Fault, Handshake, Options, Printer};

/// Millimetres a second: slower than the line brings text.
const SPEED: u32 = 50;
const MILLISECOND: Duration = Duration::from_millis(1);
const XON: u8 = 0x11;
const XOFF: u8 = 0x13;

/// Sixty numbered lines, and a cut.
fn text() -> Vec<u8> {
    let mut bytes = b"\x1b@".to_vec();
    for line in 0..60 {
        bytes.extend(format!("{line:02} {:-<45}\n", "").bytes());
    }
    bytes.extend(b"\x1dVA\x10");
    bytes
}

/// The same with many empty lines, each a byte for the line and a long way for the paper.
fn gaps() -> Vec<u8> {
    let mut bytes = b"\x1b@".to_vec();
    for _ in 0..20 {
        bytes.extend(b"gap\n");
        bytes.extend([b'\n'; 60]);
    }
    bytes.extend(b"\x1dVA\x10");
    bytes
}

/// A till's line to a printer, byte by byte.
struct Desk {
    printer: Printer,
    baud: u32,
    now: Duration,
    /// Given to the kernel, and not yet on the line.
    kernel: VecDeque<u8>,
    /// The kernel sends only while the printer's DTR is on (RTS/CTS), or XOFF has not come.
    kernel_stops: bool,
    stopped: bool,
}

impl Desk {
    fn new(handshake: Handshake, baud: u32, kernel_stops: bool) -> Self {
        Self {
            printer: Printer::with_options(Options {
                speed: Some(SPEED),
                buffer: 1024,
                handshake: Some(handshake),
                ..Options::default()
            }),
            baud,
            now: Duration::ZERO,
            kernel: VecDeque::new(),
            kernel_stops,
            stopped: false,
        }
    }

    /// One byte's time goes by, or a millisecond where there is none to send.
    fn tick(&mut self) {
        let byte = Duration::from_nanos(10_000_000_000 / u64::from(self.baud));
        let idle = self.kernel.is_empty();
        self.now += if idle { byte.max(MILLISECOND) } else { byte };
        let now = Mono::new(self.now);
        let stopped = self.kernel_stops && (self.stopped || !self.printer.is_ready());
        match self.kernel.pop_front_if(|_| !stopped) {
            Some(byte) => self.printer.handle(now, Input::Bytes(&[byte])),
            None => self.printer.handle(now, Input::Timeout),
        }
        loop {
            match self.printer.poll() {
                Output::Send(bytes) if bytes == [XOFF] => self.stopped = true,
                Output::Send(bytes) if bytes == [XON] => self.stopped = false,
                Output::Wait(_) => return,
                _ => {}
            }
        }
    }

    /// Sends these by the rules of this flow, or all at once.
    fn send(&mut self, flow: Option<Flow>, mut bytes: &[u8]) {
        let Some(mut flow) = flow else {
            self.kernel.extend(bytes);
            return;
        };
        let mut step = flow.next(bytes);
        while !bytes.is_empty() {
            step = match step {
                Step::Write(count) => {
                    self.kernel.extend(&bytes[..count]);
                    flow.wrote(&bytes[..count]);
                    flow.next(bytes)
                }
                Step::Look => {
                    let (held, ready) = (self.kernel.len(), self.printer.is_ready());
                    flow.saw(Seen { held, ready }, bytes)
                }
                Step::Wait(time) => {
                    let until = self.now + time;
                    while self.now < until {
                        self.tick();
                    }
                    self.mend();
                    flow.waited(time);
                    flow.next(bytes)
                }
                Step::Taken(count) => {
                    bytes = &bytes[count..];
                    flow.next(bytes)
                }
            };
        }
    }

    /// After a minute somebody puts paper in.
    fn mend(&mut self) {
        if self.now > Duration::from_mins(1) {
            self.printer.clear();
        }
    }

    /// What came out when everything had its time, and how many bytes were lost.
    fn result(mut self) -> (String, u64) {
        let end = self.now + Duration::from_mins(2);
        while self.now < end {
            self.tick();
            self.mend();
        }
        (self.printer.pages().concat(), self.printer.bytes_lost())
    }
}

/// What a printer without haste and with all the room prints.
fn whole(job: &[u8]) -> String {
    let mut printer = Printer::new(48);
    printer.handle(Mono::default(), Input::Bytes(job));
    printer.pages().concat()
}

/// The ways that lose nothing: how the printer speaks, how we listen, and who stops.
const WAYS: [(Handshake, FlowControl, bool); 4] = [
    (Handshake::None, FlowControl::None, false),
    (Handshake::DtrDsr, FlowControl::DtrDsr, false),
    (Handshake::DtrDsr, FlowControl::RtsCts, true),
    (Handshake::XonXoff, FlowControl::XonXoff, true),
];

#[test]
fn nothing_is_lost_with_flow_control_or_pacing() {
    for (handshake, control, kernel_stops) in WAYS {
        for (name, job, baud) in [
            ("text", text(), 9600),
            ("text, fast", text(), 115_200),
            ("gaps", gaps(), 9600),
        ] {
            let mut desk = Desk::new(handshake, baud, kernel_stops);
            desk.send(Some(Flow::new(control, baud, SPEED)), &job);
            let (paper, lost) = desk.result();
            assert_eq!(lost, 0, "{control:?}: {name}");
            assert_eq!(paper, whole(&job), "{control:?}: {name}");
        }
    }
}

/// The test above can fail: the same printer loses bytes when all come at once.
#[test]
fn without_either_something_is_lost() {
    for handshake in [Handshake::None, Handshake::DtrDsr, Handshake::XonXoff] {
        for (name, job, baud) in [("text, fast", text(), 115_200), ("gaps", gaps(), 9600)] {
            let mut desk = Desk::new(handshake, baud, false);
            desk.send(None, &job);
            let (paper, lost) = desk.result();
            assert!(lost > 0, "{handshake:?}: {name}");
            assert_ne!(paper, whole(&job), "{handshake:?}: {name}");
        }
    }
}

/// The paper ends in the middle, and comes back after a minute. Pacing knows nothing of paper: what it
/// sends meanwhile is lost, and docs/printers.md says so.
#[test]
fn a_printer_without_paper_is_waited_for() {
    let job = text();
    for (handshake, control, kernel_stops) in WAYS {
        let mut desk = Desk::new(handshake, 9600, kernel_stops);
        desk.printer.arm(Fault::PaperOutAfter(5));
        desk.send(Some(Flow::new(control, 9600, SPEED)), &job);
        let (paper, lost) = desk.result();
        if control == FlowControl::None {
            assert!(lost > 0, "then say in the documentation that it waits");
        } else {
            assert_eq!(lost, 0, "{control:?}");
            assert_eq!(paper, whole(&job), "{control:?}");
        }
    }
}
