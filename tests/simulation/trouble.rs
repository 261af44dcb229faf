//! What goes wrong beside the seed's own weather, when it does, and how all is put right in the evening.
//! Nobody tells the daemon of it.

use drivers::Mono;
use jiff::SignedDuration;
use simulator::invoicing;

use crate::{
    wire::Weather,
    world::{PRINTER, Rough, What, World},
};

/// What goes wrong beside the seed's own weather.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Of a terminal: the name of one of its faults.
    Terminal(usize, &'static str),
    Printer(simulator::printer::Fault),
    /// A person puts the printer right.
    PrinterMended,
    Office(invoicing::Fault),
    /// The disk has so much room.
    Room(Room),
    /// A device's cable is pulled, and put back.
    Unplugged(usize),
    Plugged(usize),
    /// The network to the invoicing system goes, and comes back.
    Offline(bool),
    /// Somebody sets the clock.
    Clock(SignedDuration),
    /// The daemon is killed.
    Kill,
    /// A copy of the journal is made.
    Copy,
    /// The disk breaks, and a person returns to the copy.
    Restore,
}

/// What the disk has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    Plenty,
    /// For what is under way, because the ballast was given up.
    Little,
    None,
}

/// How far a clock is set at most, at once: longer than most fences and pauses, and twice makes days.
const FAR: SignedDuration = SignedDuration::from_secs(200_000);
/// Faults that change what the people of this world could not know: another amount than was asked for.
const NOT_HERE: [&str; 3] = ["other-amount", "partial-approval", "other-currency"];

impl World {
    pub(crate) fn plan_trouble(&mut self, at: Mono) {
        let random = &mut self.agenda.random;
        let desks = u64::try_from(self.terminals.len()).unwrap_or(1);
        let device = usize::try_from(random.below(desks)).unwrap_or(0);
        let lasts = random.while_of(1000, 1_200_000);
        let (trouble, end) = match random.below(16) {
            0..=5 => {
                let faults = self.clinic.families[device].faults();
                let names: Vec<&'static str> = faults.iter().map(|(name, _)| *name).collect();
                let fault = random.pick(&names);
                if NOT_HERE.contains(&fault) {
                    return;
                }
                (Trouble::Terminal(device, fault), None)
            }
            6 | 7 => {
                use simulator::printer::Fault;
                let after = u32::try_from(random.below(40)).unwrap_or(0);
                let bytes = u32::try_from(random.below(600)).unwrap_or(0);
                let fault = random.pick(&[
                    Fault::PaperOut,
                    Fault::PaperOutAfter(after),
                    Fault::CoverOpen,
                    Fault::CutterJam,
                    Fault::Offline,
                    Fault::Silent,
                    Fault::Slow,
                    Fault::CutLinkAfter(bytes),
                ]);
                (Trouble::Printer(fault), Some(Trouble::PrinterMended))
            }
            8..=10 => (Trouble::Office(random.pick(&invoicing::Fault::ALL)), None),
            11 => {
                let room = random.pick(&[Room::Little, Room::None]);
                (Trouble::Room(room), Some(Trouble::Room(Room::Plenty)))
            }
            12 => {
                let wire = if random.once_in(3) { PRINTER } else { device };
                (Trouble::Unplugged(wire), Some(Trouble::Plugged(wire)))
            }
            13 => (Trouble::Offline(true), Some(Trouble::Offline(false))),
            14 => {
                let hours = SignedDuration::from_hours(2);
                let seconds = SignedDuration::from_secs(90);
                let by = random.pick(&[-FAR, -hours, -seconds, seconds, hours, FAR]);
                (Trouble::Clock(by), None)
            }
            _ => (Trouble::Kill, None),
        };
        self.agenda.at(at, What::Trouble(trouble));
        if let Some(end) = end {
            self.agenda.at(at + lasts, What::Trouble(end));
        }
    }

    pub(crate) fn trouble(&mut self, trouble: Trouble) {
        self.agenda.tell(|| format!("trouble: {trouble:?}"));
        match trouble {
            Trouble::Terminal(device, fault) => {
                self.bare_cards |= fault == "unmasked-pan";
                self.terminals[device].device.0.arm(fault);
            }
            Trouble::Printer(fault) => self.printer.device.0.arm(fault),
            Trouble::PrinterMended => {
                self.printer.device.0.clear();
                self.touch_printer();
            }
            Trouble::Office(fault) => self.books.arm(fault),
            Trouble::Room(room) => {
                self.room = room;
                self.room_since = self.agenda.now;
            }
            Trouble::Unplugged(PRINTER) => {
                self.printer.reachable = false;
                self.printer.cut(&mut self.agenda, What::Wire);
            }
            Trouble::Unplugged(number) => {
                self.terminals[number].reachable = false;
                self.terminals[number].cut(&mut self.agenda, What::Wire);
            }
            Trouble::Plugged(PRINTER) => self.printer.reachable = true,
            Trouble::Plugged(number) => self.terminals[number].reachable = true,
            Trouble::Offline(offline) => self.offline = offline,
            Trouble::Clock(by) => self.set_clock(self.agenda.skew + by),
            Trouble::Kill => self.crash("it is killed"),
            Trouble::Copy => self.make_a_copy(),
            Trouble::Restore => self.return_to_the_copy(),
        }
    }

    /// The printer finds out what a hand did to it.
    fn touch_printer(&mut self) {
        let now = self.agenda.now;
        let device: &mut crate::wire::Device = self.printer.device.as_mut();
        device.handle(now, drivers::Input::Timeout);
        self.settle_wire(PRINTER);
    }

    /// In the evening all is put right, and the machine starts anew.
    pub(crate) fn mend(&mut self) {
        if self.broken.is_some() {
            return;
        }
        self.agenda
            .tell(|| "evening: everything is mended".to_owned());
        self.rough = Rough::default();
        self.crashes_left = 0;
        self.room = Room::Plenty;
        self.offline = false;
        self.set_clock(SignedDuration::ZERO);
        self.books.disarm();
        for wire in &mut self.terminals {
            wire.weather = Weather::default();
            wire.reachable = true;
            wire.device.0.mend();
        }
        self.printer.weather = Weather::default();
        self.printer.reachable = true;
        self.printer.device.0.clear();
        self.touch_printer();
        for number in 0..self.terminals.len() {
            self.settle_wire(number);
        }
        self.crash("the machine is started anew");
    }

    fn set_clock(&mut self, skew: SignedDuration) {
        if self.agenda.skew != skew {
            self.agenda.skew = skew;
            self.clock_set = self.agenda.now;
        }
    }
}
