//! The printer's works: what comes in from the wire, and what goes back over it.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use drivers::{Input, Machine, Mono, Output};

use super::{
    Cut, Fault, Handshake, Options, Paper,
    buffer::Buffer,
    command::{self, Command},
    head::Head,
    realtime::{Realtime, Recent},
    status::{Automatic, Condition},
};

/// How long a line takes with [`Fault::Slow`].
const SLOW_LINE: Duration = Duration::from_secs(10);
/// How long a printer with a speed of one millimetre a second takes for a row of dots: there are
/// eight rows on a millimetre.
const ROW: Duration = Duration::from_millis(125);
/// Starts and stops the other side.
const XON: u8 = 0x11;
const XOFF: u8 = 0x13;
/// Drawer kicks remembered.
const KICKS: usize = 100;

/// A receipt printer that speaks ESC/POS.
#[derive(Debug)]
pub struct Printer {
    head: Head,
    condition: Condition,
    silent: bool,
    slow: bool,
    paper_ends_at: Option<u32>,
    link_ends_at: Option<u64>,
    received: u64,
    drawer_pulses: u32,
    kicks: VecDeque<Kick>,
    buffer: Buffer,
    handshake: Option<Handshake>,
    /// It has said that it takes no more.
    busy: bool,
    recent: Recent,
    /// When the line that is being printed is done.
    busy_until: Option<Mono>,
    automatic: Automatic,
    cutter: bool,
    process_id: bool,
    speed: Option<u32>,
    tear_after: Option<Duration>,
    /// When what hangs out is torn off.
    tear_at: Option<Mono>,
    outputs: VecDeque<Output<Infallible, Infallible>>,
}

/// A pulse to a cash drawer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kick {
    /// The pin of the connector: 2 or 5.
    pub pin: u8,
    /// How long the current flowed.
    pub on: Duration,
    /// How long it must not flow after that.
    pub off: Duration,
}

impl Printer {
    /// A common printer in good order with `columns` of its normal font (48 on 80 mm paper, 32 on
    /// 58 mm).
    pub fn new(columns: usize) -> Self {
        Self::with_options(Options::with_columns(columns))
    }

    /// A printer of some model, in good order.
    pub fn with_options(options: Options) -> Self {
        Self {
            buffer: Buffer::new(options.buffer),
            handshake: options.handshake,
            busy: false,
            cutter: options.cutter,
            process_id: options.process_id,
            speed: options.speed,
            tear_after: options.tear_after,
            tear_at: None,
            condition: Condition {
                near_end_unseen: !options.near_end_sensor,
                ..Condition::default()
            },
            head: Head::new(options),
            silent: false,
            slow: false,
            paper_ends_at: None,
            link_ends_at: None,
            received: 0,
            drawer_pulses: 0,
            kicks: VecDeque::new(),
            recent: Recent::default(),
            busy_until: None,
            automatic: Automatic::default(),
            outputs: VecDeque::new(),
        }
    }

    /// Makes something go wrong, now or after so many lines or bytes.
    pub fn arm(&mut self, fault: Fault) {
        match fault {
            Fault::PaperOut => self.condition.paper_out = true,
            Fault::PaperOutAfter(lines) => {
                self.paper_ends_at = Some(self.head.roll.lines().saturating_add(lines));
            }
            Fault::NearEnd => self.condition.near_end = true,
            Fault::CoverOpen => self.condition.cover_open = true,
            Fault::CutterJam => self.condition.cutter_jam = true,
            Fault::HotHead => self.condition.hot_head = true,
            Fault::Broken => self.condition.broken = true,
            Fault::Offline => self.condition.held = true,
            Fault::DrawerOpen => self.condition.drawer_open = true,
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
        self.condition = Condition {
            near_end_unseen: self.condition.near_end_unseen,
            ..Condition::default()
        };
        self.silent = false;
        self.slow = false;
        self.paper_ends_at = None;
        self.link_ends_at = None;
        self.busy_until = None;
    }

    /// The pages that were cut off, oldest first, as text with a line feed after each line.
    pub fn pages(&self) -> &[String] {
        self.head.roll.pages()
    }

    /// The same pages as dots.
    pub fn papers(&self) -> &[Paper] {
        self.head.roll.papers()
    }

    /// Pages cut off since the beginning; only the last are kept.
    pub fn pages_cut(&self) -> u64 {
        self.head.roll.pages_cut()
    }

    /// The pages that came after the first `seen` ones, as text and as dots.
    pub fn pages_after(&self, seen: u64) -> impl Iterator<Item = (&str, &Paper)> {
        let new = usize::try_from(self.pages_cut().saturating_sub(seen)).unwrap_or(usize::MAX);
        let old = self.pages().len().saturating_sub(new);
        let pages = self.pages().iter().map(String::as_str);
        pages.zip(self.papers()).skip(old)
    }

    /// What was printed since the last cut.
    pub fn uncut(&self) -> String {
        self.head.roll.uncut()
    }

    /// The same as dots.
    pub fn uncut_paper(&self) -> &Paper {
        self.head.roll.uncut_paper()
    }

    /// Bytes received since the beginning, on all connections.
    pub fn bytes_received(&self) -> u64 {
        self.received
    }

    /// Bytes received and not yet printed.
    pub fn bytes_waiting(&self) -> usize {
        self.buffer.waiting()
    }

    /// How many bytes it takes now.
    pub fn room(&self) -> usize {
        self.buffer.room()
    }

    /// Bytes that found no room, because the other side did not keep to the handshake.
    pub fn bytes_lost(&self) -> u64 {
        self.buffer.lost()
    }

    /// How many bytes it reads from its wire.
    pub(super) fn takes(&self) -> usize {
        match self.handshake {
            None => self.room(),
            Some(_) => usize::MAX,
        }
    }

    /// Its DTR line, as the other side sees it on DSR or CTS.
    pub fn is_ready(&self) -> bool {
        self.handshake != Some(Handshake::DtrDsr) || !self.busy
    }

    /// Tells when it can take no more, and when it can again.
    fn shake(&mut self) {
        let busy = self.buffer.is_full() || self.condition.offline();
        if busy != self.busy && self.handshake == Some(Handshake::XonXoff) {
            let byte = if busy { XOFF } else { XON };
            self.outputs.push_back(Output::Send(vec![byte]));
        }
        self.busy = busy;
    }

    /// How often the cash drawer was opened.
    pub fn drawer_pulses(&self) -> u32 {
        self.drawer_pulses
    }

    /// The last pulses to cash drawers, oldest first.
    pub fn kicks(&self) -> impl Iterator<Item = Kick> {
        self.kicks.iter().copied()
    }

    fn answer(&mut self, bytes: &[u8]) {
        if !self.silent {
            self.outputs.push_back(Output::Send(bytes.to_vec()));
        }
    }

    /// One byte as it comes in from the wire. False when the link is cut here.
    fn receive(&mut self, byte: u8) -> bool {
        self.received += 1;
        self.buffer.push(byte);
        if let Some(command) = self.recent.push(byte) {
            self.realtime(command);
        }
        if self.link_ends_at.is_some_and(|end| self.received >= end) {
            self.link_ends_at = None;
            self.outputs.push_back(Output::Close);
            return false;
        }
        true
    }

    fn realtime(&mut self, command: Realtime) {
        match command {
            Realtime::Status(n) => {
                if let Some(status) = self.condition.realtime(n) {
                    self.answer(&[status]);
                }
            }
            Realtime::Recover => self.condition.cutter_jam = false,
            Realtime::RecoverEmpty => {
                if self.condition.cutter_jam {
                    self.condition.cutter_jam = false;
                    self.forget();
                }
            }
            Realtime::Drawer { connector, time } => {
                let time = Duration::from_millis(100) * u32::from(time);
                self.kick(connector, time, time);
            }
            Realtime::Clear => {
                self.forget();
                self.answer(&[0x37, 0x25, 0x00]);
            }
        }
    }

    /// Drops what waits to be printed.
    fn forget(&mut self) {
        self.buffer.clear();
        self.head.reset();
    }

    fn kick(&mut self, connector: u8, on: Duration, off: Duration) {
        let pin = match connector {
            0 | b'0' => 2,
            1 | b'1' => 5,
            _ => return,
        };
        self.drawer_pulses = self.drawer_pulses.saturating_add(1);
        if self.kicks.len() == KICKS {
            self.kicks.pop_front();
        }
        self.kicks.push_back(Kick { pin, on, off });
    }

    /// Prints what is in the buffer, as far as paper, cover and patience go.
    fn print(&mut self, now: Mono) {
        let mut bytes = Vec::new();
        while self.is_free(now) && !self.condition.offline() && self.buffer.next(&mut bytes) {
            let (lines, rows) = (self.head.roll.lines(), self.head.roll.rows());
            if let Ok((command, _)) = command::first(&bytes) {
                self.carry_out(&command);
            }
            let printed = self.head.roll.lines();
            let rows = self.head.roll.rows() - rows;
            if self.slow && printed > lines {
                self.busy_until = Some(now + SLOW_LINE);
            } else if let Some(speed) = self.speed.filter(|_| rows > 0) {
                let rows = u32::try_from(rows).unwrap_or(u32::MAX);
                self.busy_until = Some(now + ROW.saturating_mul(rows) / speed.max(1));
            }
            if self.paper_ends_at.is_some_and(|end| printed >= end) {
                self.paper_ends_at = None;
                self.condition.paper_out = true;
            }
        }
    }

    /// The line that it was printing is done.
    fn is_free(&mut self, now: Mono) -> bool {
        if self.busy_until.is_some_and(|until| now >= until) {
            self.busy_until = None;
        }
        self.busy_until.is_none()
    }

    fn carry_out(&mut self, command: &Command<'_>) {
        match *command {
            Command::Print(ref what) => self.head.print(what),
            Command::Reset => {
                self.head.reset();
                self.automatic = Automatic::default();
            }
            Command::Drawer { connector, on, off } => {
                let time = |units: u8| Duration::from_millis(2) * u32::from(units);
                self.kick(connector, time(on), time(off));
            }
            Command::Status(1 | b'1') => self.answer(&[self.condition.paper()]),
            Command::Status(2 | b'2') => self.answer(&[self.condition.drawer()]),
            Command::AutoStatus(n) => {
                if let Some(status) = self.automatic.enable(n, self.condition) {
                    self.answer(&status);
                }
            }
            Command::Identify(n) => self.identify(n),
            Command::ProcessId(id) if self.process_id => {
                let mut answer = vec![0x37, 0x22];
                answer.extend_from_slice(id);
                answer.push(0x00);
                self.answer(&answer);
            }
            Command::Status(_) | Command::ProcessId(_) | Command::Nothing => {}
        }
    }

    /// `GS I`: the answers of a TM-T20III.
    fn identify(&mut self, n: u8) {
        match n {
            1 | b'1' => self.answer(&[0x63]),
            // Bit 1: there is a cutter.
            2 | b'2' => self.answer(&[u8::from(self.cutter) << 1]),
            65 => self.answer(b"_1.00 tilld\0"),
            66 => self.answer(b"_EPSON\0"),
            67 => self.answer(b"_TM-T20III\0"),
            68 => self.answer(b"_SIMULATED1\0"),
            _ => {}
        }
    }

    fn tell_changes(&mut self) {
        if let Some(status) = self.automatic.change(self.condition) {
            self.answer(&status);
        }
    }

    /// A hand tears off what hangs out, when nothing was printed for a while.
    fn tear(&mut self, now: Mono, printed: bool) {
        let idle = self.busy_until.is_none() && self.buffer.is_drained();
        if self.head.roll.is_cut() || self.condition.offline() || !idle {
            self.tear_at = None;
        } else if printed || self.tear_at.is_none() {
            self.tear_at = self.tear_after.map(|pause| now + pause);
        } else if self.tear_at.is_some_and(|at| now >= at) {
            self.tear_at = None;
            self.head.roll.cut(Cut::Torn);
        }
    }
}

impl Machine for Printer {
    type Command = Infallible;
    type Fact = Infallible;
    type Event = Infallible;

    fn handle(&mut self, now: Mono, input: Input<'_, Infallible>) {
        let rows = self.head.roll.rows();
        match input {
            Input::Bytes(bytes) => {
                for byte in bytes {
                    if self.buffer.room() == 0 {
                        self.print(now);
                    }
                    if !self.receive(*byte) {
                        break;
                    }
                }
            }
            Input::LinkUp => self.recent = Recent::default(),
            Input::LinkDown => self.outputs.clear(),
            Input::Timeout | Input::Stored(_) => {}
        }
        self.tell_changes();
        self.print(now);
        self.tear(now, self.head.roll.rows() > rows);
        self.tell_changes();
        self.shake();
    }

    fn poll(&mut self) -> Output<Infallible, Infallible> {
        let wait = || Output::Wait(self.busy_until.or(self.tear_at));
        self.outputs.pop_front().unwrap_or_else(wait)
    }
}
