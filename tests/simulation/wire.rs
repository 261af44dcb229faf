//! A driver and a simulated device, with a wire between them on which bytes are cut, late and lost.

use std::{convert::Infallible, time::Duration};

use drivers::{
    Input, Machine, Mono, Output,
    run::{FromMachine, Joint, Line, ToMachine},
};

use crate::agenda::{Agenda, Channel};

/// What a simulated device is.
pub(crate) type Device = dyn Machine<Command = Infallible, Fact = Infallible, Event = Infallible>;

/// What happens at a wire.
#[derive(Debug)]
pub(crate) enum Happens {
    /// The pause before the next attempt to open the link is over.
    Paused,
    /// An attempt to open it comes to its end.
    Opens,
    /// The driver's deadline.
    Woken,
    /// The device's deadline.
    DeviceWoken,
    /// Bytes of this connection arrive.
    ToDriver(u64, Vec<u8>),
    ToDevice(u64, Vec<u8>),
    /// This connection is found to have ended.
    EndsForDriver(u64),
    EndsForDevice(u64),
}

/// How bad the wire is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Weather {
    /// The connection breaks once in so many pieces of bytes.
    pub(crate) cut: u64,
    /// A piece is late once in so many.
    pub(crate) late: u64,
    /// A piece is cut in two once in so many.
    pub(crate) split: u64,
    /// What a device says is heard twice once in so many, on a line without connections. Over TCP nothing
    /// comes twice.
    pub(crate) twice: u64,
    /// A piece is lost once in so many, and nobody notices; on such a line, too.
    pub(crate) lost: u64,
}

/// Both ends.
pub(crate) struct Wire<M: Machine, D> {
    pub(crate) number: usize,
    /// The driver, while the daemon runs.
    pub(crate) joint: Option<Joint<M>>,
    pub(crate) device: D,
    /// Whether the device finds out that the other end has gone: not on a serial line.
    pub(crate) notices: bool,
    pub(crate) weather: Weather,
    /// Whether the device can be reached.
    pub(crate) reachable: bool,
    /// The number of the connection that each end believes in.
    here: Option<u64>,
    there: Option<u64>,
    connections: u64,
    opening: bool,
    pausing: Option<Mono>,
    waking: Option<Mono>,
    device_waking: Option<Mono>,
}

impl<M, D> Wire<M, D>
where
    M: Machine,
    D: AsMut<Device>,
{
    pub(crate) fn new(number: usize, device: D, notices: bool, weather: Weather) -> Self {
        Self {
            number,
            joint: None,
            device,
            notices,
            weather,
            reachable: true,
            here: None,
            there: None,
            connections: 0,
            opening: false,
            pausing: None,
            waking: None,
            device_waking: None,
        }
    }

    /// The daemon has died: its end is gone, and the device may find out.
    pub(crate) fn abandon<W>(&mut self, agenda: &mut Agenda<W>, event: fn(usize, Happens) -> W) {
        self.joint = None;
        self.opening = false;
        self.pausing = None;
        self.waking = None;
        if let Some(connection) = self.here.take()
            && self.notices
        {
            let pause = agenda.random.while_of(0, 50);
            let what = event(self.number, Happens::EndsForDevice(connection));
            agenda.over(Channel::ToDevice(self.number), pause, what);
        }
    }

    /// Pulls the cable, or breaks the connection.
    pub(crate) fn cut<W>(&mut self, agenda: &mut Agenda<W>, event: fn(usize, Happens) -> W) {
        let Some(connection) = self.here.or(self.there) else {
            return;
        };
        agenda.tell(|| format!("wire {}: the link breaks", self.number));
        // Nothing new gets through, and each end finds out by itself.
        self.connections += 1;
        let pauses = [0, 1].map(|_| agenda.random.while_of(0, 3000));
        agenda.after(
            pauses[0],
            event(self.number, Happens::EndsForDriver(connection)),
        );
        agenda.after(
            pauses[1],
            event(self.number, Happens::EndsForDevice(connection)),
        );
    }

    pub(crate) fn say(&mut self, now: Mono, word: ToMachine<M::Command>) {
        if let Some(joint) = &mut self.joint {
            joint.say(now, word);
        }
    }

    pub(crate) fn happens<W>(&mut self, agenda: &mut Agenda<W>, what: Happens) {
        let now = agenda.now;
        match what {
            Happens::Paused => {
                if let Some(joint) = &mut self.joint
                    && self.pausing.is_some_and(|at| at <= now)
                {
                    self.pausing = None;
                    if matches!(joint.line(), Line::Pausing(_)) {
                        joint.paused();
                    }
                }
            }
            Happens::Opens => self.opens(agenda),
            Happens::Woken => {
                if let Some(joint) = &mut self.joint
                    && self.waking.is_some_and(|at| at <= now)
                {
                    self.waking = None;
                    if joint.deadline().is_some_and(|at| at <= now) {
                        joint.woken(now);
                    }
                }
            }
            Happens::DeviceWoken => {
                if self.device_waking.is_some_and(|at| at <= now) {
                    self.device_waking = None;
                    self.device.as_mut().handle(now, Input::Timeout);
                }
            }
            Happens::ToDriver(connection, bytes) => {
                if self.here == Some(connection)
                    && let Some(joint) = &mut self.joint
                {
                    joint.received(now, &bytes);
                }
            }
            Happens::ToDevice(connection, bytes) => {
                if self.there == Some(connection) {
                    self.device.as_mut().handle(now, Input::Bytes(&bytes));
                }
            }
            Happens::EndsForDriver(connection) => {
                if self.here == Some(connection) {
                    self.here = None;
                    if let Some(joint) = &mut self.joint {
                        joint.lost(now, "the device hung up", "");
                    }
                }
            }
            Happens::EndsForDevice(connection) => {
                if self.there == Some(connection) {
                    self.there = None;
                    self.device.as_mut().handle(now, Input::LinkDown);
                }
            }
        }
    }

    fn opens<W>(&mut self, agenda: &mut Agenda<W>) {
        let now = agenda.now;
        let Some(joint) = &mut self.joint else { return };
        if !std::mem::take(&mut self.opening) || joint.line() != Line::Opening {
            return;
        }
        if !self.reachable {
            joint.not_opened(now, "The device cannot be reached. Check its cable.".into());
            return;
        }
        match self.there {
            // A serial line was there all the time.
            Some(connection) if !self.notices && connection == self.connections => {
                self.here = Some(connection);
            }
            there => {
                if there.is_some() {
                    self.device.as_mut().handle(now, Input::LinkDown);
                    Self::hush(&mut self.device);
                }
                self.connections += 1;
                self.here = Some(self.connections);
                self.there = Some(self.connections);
                self.device.as_mut().handle(now, Input::LinkUp);
            }
        }
        joint.opened(now);
    }

    /// What a device says to nobody.
    fn hush(device: &mut D) {
        while !matches!(device.as_mut().poll(), Output::Wait(_)) {}
    }

    /// Brings what both ends want to the agenda, and gives the driver's words.
    pub(crate) fn settle<W>(
        &mut self,
        agenda: &mut Agenda<W>,
        event: fn(usize, Happens) -> W,
    ) -> Vec<FromMachine<M::Fact, M::Event>> {
        self.settle_device(agenda, event);
        let mut words = Vec::new();
        let number = self.number;
        let Some(joint) = &mut self.joint else {
            return words;
        };
        // The wire takes all at once; what becomes of it is another matter.
        let bytes = joint.outgoing().to_vec();
        joint.written(agenda.now, bytes.len());
        words.extend(joint.words().drain(..));
        let closing = joint.is_closing();
        if let Some(connection) = self.here {
            self.send(agenda, event, connection, bytes, true);
            if closing {
                self.here = None;
                let pause = agenda.random.while_of(0, 20);
                let what = event(number, Happens::EndsForDevice(connection));
                agenda.over(Channel::ToDevice(number), pause, what);
            }
        }
        let Some(joint) = &mut self.joint else {
            return words;
        };
        if closing {
            joint.closed(agenda.now);
            words.extend(joint.words().drain(..));
        }
        match joint.line() {
            Line::Opening if !self.opening => {
                self.opening = true;
                let pause = agenda.random.while_of(1, 20);
                agenda.after(pause, event(number, Happens::Opens));
            }
            Line::Pausing(until) if self.pausing != Some(until) => {
                self.pausing = Some(until);
                agenda.at(until, event(number, Happens::Paused));
            }
            Line::Pausing(_) | Line::Opening | Line::Unwanted | Line::Up => {}
        }
        if let Some(deadline) = joint.deadline()
            && self.waking.is_none_or(|at| deadline < at)
        {
            self.waking = Some(deadline);
            agenda.at(deadline, event(number, Happens::Woken));
        }
        words
    }

    fn settle_device<W>(&mut self, agenda: &mut Agenda<W>, event: fn(usize, Happens) -> W) {
        let deadline = loop {
            match self.device.as_mut().poll() {
                Output::Send(bytes) => {
                    if let Some(connection) = self.there {
                        self.send(agenda, event, connection, bytes, false);
                    }
                }
                Output::Open => {}
                Output::Close => {
                    if let Some(connection) = self.there.take() {
                        let pause = agenda.random.while_of(0, 20);
                        let what = event(self.number, Happens::EndsForDriver(connection));
                        agenda.over(Channel::ToDriver(self.number), pause, what);
                    }
                    self.device.as_mut().handle(agenda.now, Input::LinkDown);
                }
                Output::Wait(deadline) => break deadline,
            }
        };
        if let Some(deadline) = deadline
            && self.device_waking.is_none_or(|at| deadline < at)
        {
            self.device_waking = Some(deadline);
            agenda.at(deadline, event(self.number, Happens::DeviceWoken));
        }
    }

    fn send<W>(
        &mut self,
        agenda: &mut Agenda<W>,
        event: fn(usize, Happens) -> W,
        connection: u64,
        mut bytes: Vec<u8>,
        to_device: bool,
    ) {
        if bytes.is_empty() || connection != self.connections {
            return;
        }
        let arrow = if to_device { "→" } else { "←" };
        agenda.tell(|| format!("wire {} {arrow} {}", self.number, shown(&bytes)));
        let weather = self.weather;
        if !self.notices && agenda.random.once_in(weather.lost) {
            return agenda.tell(|| format!("wire {}: that is lost", self.number));
        }
        let twice = !self.notices && !to_device && agenda.random.once_in(weather.twice);
        let again = twice.then(|| bytes.clone());
        let channel = if to_device {
            Channel::ToDevice(self.number)
        } else {
            Channel::ToDriver(self.number)
        };
        let piece = |bytes| {
            if to_device {
                Happens::ToDevice(connection, bytes)
            } else {
                Happens::ToDriver(connection, bytes)
            }
        };
        if bytes.len() > 1 && agenda.random.once_in(weather.split) {
            let most = u64::try_from(bytes.len() - 1).unwrap_or(1);
            let at = 1 + usize::try_from(agenda.random.below(most)).unwrap_or(0);
            let rest = bytes.split_off(at);
            let pause = agenda.random.while_of(0, 10);
            agenda.over(channel, pause, event(self.number, piece(bytes)));
            bytes = rest;
        }
        let pause = if agenda.random.once_in(weather.late) {
            agenda.random.while_of(100, 8000)
        } else {
            agenda.random.while_of(0, 5)
        };
        if agenda.random.once_in(weather.cut) {
            self.connections += 1;
            // Some of it arrives, or nothing.
            if agenda.random.once_in(2) {
                agenda.over(channel, pause, event(self.number, piece(bytes)));
            }
            let ends = pause + Duration::from_micros(10);
            for end in [Happens::EndsForDriver, Happens::EndsForDevice] {
                let ends = ends + agenda.random.while_of(0, 2000);
                agenda.after(ends, event(self.number, end(connection)));
            }
            return;
        }
        agenda.over(channel, pause, event(self.number, piece(bytes)));
        if let Some(bytes) = again {
            let pause = pause + agenda.random.while_of(0, 3000);
            agenda.over(channel, pause, event(self.number, piece(bytes)));
        }
    }
}

/// Bytes for the story.
fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 48;
    let hex: Vec<String> = bytes
        .iter()
        .take(MOST)
        .map(|b| format!("{b:02x}"))
        .collect();
    let more = if bytes.len() > MOST {
        format!(" … {} bytes", bytes.len())
    } else {
        String::new()
    };
    hex.join(" ") + &more
}
