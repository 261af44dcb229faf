//! The printer's works: a receive buffer, the head, and what goes back over the wire.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use drivers::{Input, Machine, Mono, Output};

use super::{
    Fault,
    command::{self, Command},
    paper::Paper,
    status::Condition,
};

/// Bytes that wait to be printed at most; what comes on top is lost, as without flow control.
const BUFFER: usize = 1 << 20;
/// How long a line takes with [`Fault::Slow`].
const SLOW_LINE: Duration = Duration::from_secs(10);
/// The clearing command: `DLE DC4`, function 8, with its fixed parameters.
const CLEAR: [u8; 10] = [0x10, 0x14, 8, 1, 3, 20, 1, 6, 2, 8];

/// A receipt printer that speaks ESC/POS.
#[derive(Debug)]
pub struct Printer {
    paper: Paper,
    condition: Condition,
    silent: bool,
    slow: bool,
    paper_ends_at: Option<u32>,
    link_ends_at: Option<u64>,
    received: u64,
    drawer_pulses: u32,
    /// Received and not yet printed.
    buffer: Vec<u8>,
    /// The last bytes received: real-time commands are found here, whatever they stand in.
    recent: VecDeque<u8>,
    /// When [`Fault::Slow`] lets the next line out.
    busy_until: Option<Mono>,
    automatic: bool,
    told: [u8; 4],
    outputs: VecDeque<Output<Infallible, Infallible>>,
}

impl Printer {
    /// A printer in good order with `columns` of its normal font (48 on 80 mm paper, 32 on 58 mm).
    pub fn new(columns: usize) -> Self {
        Self {
            paper: Paper::new(columns),
            condition: Condition::default(),
            silent: false,
            slow: false,
            paper_ends_at: None,
            link_ends_at: None,
            received: 0,
            drawer_pulses: 0,
            buffer: Vec::new(),
            recent: VecDeque::new(),
            busy_until: None,
            automatic: false,
            told: Condition::default().automatic(),
            outputs: VecDeque::new(),
        }
    }

    /// Makes something go wrong, now or after so many lines or bytes.
    pub fn arm(&mut self, fault: Fault) {
        match fault {
            Fault::PaperOut => self.condition.paper_out = true,
            Fault::PaperOutAfter(lines) => {
                self.paper_ends_at = Some(self.paper.lines().saturating_add(lines));
            }
            Fault::NearEnd => self.condition.near_end = true,
            Fault::CoverOpen => self.condition.cover_open = true,
            Fault::CutterJam => self.condition.cutter_jam = true,
            Fault::Offline => self.condition.held = true,
            Fault::Silent => self.silent = true,
            Fault::Slow => self.slow = true,
            Fault::CutLinkAfter(bytes) => {
                self.link_ends_at = Some(self.received + u64::from(bytes));
            }
        }
    }

    /// Puts everything right: paper in, cover closed, all faults gone. What waits in the buffer
    /// is printed with the next input (at once when served).
    pub fn clear(&mut self) {
        self.condition = Condition::default();
        self.silent = false;
        self.slow = false;
        self.paper_ends_at = None;
        self.link_ends_at = None;
        self.busy_until = None;
    }

    /// The pages that were cut off, oldest first, as text with a line feed after each line.
    pub fn pages(&self) -> &[String] {
        self.paper.pages()
    }

    /// What was printed since the last cut.
    pub fn uncut(&self) -> String {
        self.paper.uncut()
    }

    /// Bytes received since the beginning, on all connections.
    pub fn bytes_received(&self) -> u64 {
        self.received
    }

    /// Bytes received and not yet printed.
    pub fn bytes_waiting(&self) -> usize {
        self.buffer.len()
    }

    /// How often the cash drawer was opened.
    pub fn drawer_pulses(&self) -> u32 {
        self.drawer_pulses
    }

    fn answer(&mut self, bytes: &[u8]) {
        if !self.silent {
            self.outputs.push_back(Output::Send(bytes.to_vec()));
        }
    }

    /// One byte as it comes in from the wire. False when the link is cut here.
    fn receive(&mut self, byte: u8) -> bool {
        self.received += 1;
        if self.buffer.len() < BUFFER {
            self.buffer.push(byte);
        }
        if self.recent.len() == CLEAR.len() {
            self.recent.pop_front();
        }
        self.recent.push_back(byte);
        self.realtime();
        if self.link_ends_at.is_some_and(|end| self.received >= end) {
            self.link_ends_at = None;
            self.outputs.push_back(Output::Close);
            return false;
        }
        true
    }

    /// Carries out the real-time command that ends with the last byte, if one does: even while
    /// offline, even in the middle of an image.
    fn realtime(&mut self) {
        let recent: Vec<u8> = self.recent.iter().copied().collect();
        match recent.as_slice() {
            [.., 0x10, 0x04, n @ 1..=4] => {
                if let Some(status) = self.condition.realtime(*n) {
                    self.answer(&[status]);
                }
            }
            [.., 0x10, 0x05, n @ 1..=2] if self.condition.cutter_jam => {
                self.condition.cutter_jam = false;
                if *n == 2 {
                    self.buffer.clear();
                    self.paper.reset();
                }
            }
            [.., 0x10, 0x14, 1, _, _] => self.drawer_pulses += 1,
            clear if *clear == CLEAR => {
                self.buffer.clear();
                self.paper.reset();
                self.answer(&[0x37, 0x25, 0x00]);
            }
            _ => {}
        }
    }

    /// Prints what is in the buffer, as far as paper, cover and patience go.
    fn print(&mut self, now: Mono) {
        let buffer = std::mem::take(&mut self.buffer);
        let mut rest = buffer.as_slice();
        while !self.condition.offline() {
            if self.busy_until.is_some_and(|until| now < until) {
                break;
            }
            self.busy_until = None;
            let Some((command, length)) = command::first(rest) else {
                if rest.len() >= BUFFER {
                    // A length that cannot be: a real printer eats all of it too.
                    rest = &[];
                }
                break;
            };
            let lines = self.paper.lines();
            self.carry_out(&command);
            rest = rest.get(length..).unwrap_or_default();
            if self.slow && self.paper.lines() > lines {
                self.busy_until = Some(now + SLOW_LINE);
            }
            if self
                .paper_ends_at
                .is_some_and(|end| self.paper.lines() >= end)
            {
                self.paper_ends_at = None;
                self.condition.paper_out = true;
            }
        }
        self.buffer = rest.to_vec();
    }

    fn carry_out(&mut self, command: &Command<'_>) {
        match command {
            Command::Character(byte) => self.paper.character(*byte),
            Command::LineFeed => self.paper.line_feed(),
            Command::Tab => self.paper.tab(),
            Command::Reset => {
                self.paper.reset();
                self.automatic = false;
            }
            Command::CodePage(n) => self.paper.set_code_page(*n),
            Command::Align(n) => self.paper.set_align(*n),
            Command::Font(n) => self.paper.set_font(*n),
            Command::Mode(n) => self.paper.set_mode(*n),
            Command::Size(n) => self.paper.set_size(*n),
            Command::FeedLines(n) => (0..*n).for_each(|_| self.paper.line_feed()),
            Command::Position(dots) => self.paper.position(*dots),
            Command::Cut => self.paper.cut(),
            Command::Drawer => self.drawer_pulses += 1,
            Command::QrStore(data) => self.paper.store_qr(data),
            Command::QrPrint => self.paper.print_qr(),
            Command::Barcode(data) => self.paper.barcode(data),
            Command::Image { dots, rows } => self.paper.block(&format!("[IMAGE {dots}x{rows}]")),
            Command::Status(1 | b'1') => self.answer(&[self.condition.paper()]),
            // The drawer's contact: high.
            Command::Status(2 | b'2') => self.answer(&[0x01]),
            Command::AutoStatus(n) => {
                self.automatic = *n != 0;
                self.told = self.condition.automatic();
                if self.automatic {
                    self.answer(&self.condition.automatic());
                }
            }
            Command::Identify(n) => self.identify(*n),
            Command::ProcessId(id) => {
                let mut answer = vec![0x37, 0x22];
                answer.extend_from_slice(id);
                answer.push(0x00);
                self.answer(&answer);
            }
            Command::Status(_) | Command::Nothing => {}
        }
    }

    /// `GS I`: the answers of a TM-T20III.
    fn identify(&mut self, n: u8) {
        match n {
            1 | b'1' => self.answer(&[0x63]),
            2 | b'2' => self.answer(&[0x02]),
            65 => self.answer(b"_1.00 tilld\0"),
            66 => self.answer(b"_EPSON\0"),
            67 => self.answer(b"_TM-T20III\0"),
            68 => self.answer(b"_SIMULATED1\0"),
            _ => {}
        }
    }

    fn tell_changes(&mut self) {
        let status = self.condition.automatic();
        if self.automatic && status != self.told {
            self.told = status;
            self.answer(&status);
        }
    }
}

impl Machine for Printer {
    type Command = Infallible;
    type Fact = Infallible;
    type Event = Infallible;

    fn handle(&mut self, now: Mono, input: Input<'_, Infallible>) {
        match input {
            Input::Bytes(bytes) => {
                for byte in bytes {
                    if !self.receive(*byte) {
                        break;
                    }
                }
            }
            Input::LinkUp => self.recent.clear(),
            Input::LinkDown => self.outputs.clear(),
            Input::Timeout | Input::Stored(_) => {}
        }
        self.tell_changes();
        self.print(now);
        self.tell_changes();
    }

    fn poll(&mut self) -> Output<Infallible, Infallible> {
        let wait = || Output::Wait(self.busy_until);
        self.outputs.pop_front().unwrap_or_else(wait)
    }
}
