//! The engine's task: what it wants is carried out, and it hears what became of it.

use std::time::Duration;

use daemon::{
    engine::{Answer, Effect, Event, ReplyTo},
    printing, shell,
};
use drivers::{
    printer,
    run::{FromMachine, ToMachine},
    terminal::{Event as TerminalEvent, Fact},
};
use payment::DeviceId;

use super::{disk::Origin, wire_of};
use crate::{
    agenda::Channel,
    clinic::DEVICES,
    world::{Inner, PRINTER, What, World},
};

impl World {
    pub(crate) fn engine(&mut self, event: Event) {
        let now = self.agenda.wall();
        let Some(life) = &mut self.life else { return };
        if !life.recovered && !matches!(event, Event::Written { .. }) {
            life.held.push_back(event);
            return;
        }
        let effects = life.engine.handle(now, event);
        self.watch_the_desk();
        self.carry_out(effects);
        self.recover();
    }

    /// What came too early is heard once nothing of an earlier life is left to write.
    pub(super) fn recover(&mut self) {
        let Some(life) = &mut self.life else { return };
        if life.recovered || life.writing > 0 {
            return;
        }
        life.recovered = true;
        for event in std::mem::take(&mut life.held) {
            self.engine(event);
        }
    }

    pub(super) fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if self.dies() || self.broken.is_some() {
                return;
            }
            self.watch_an_effect(&effect);
            match effect {
                Effect::Write {
                    ticket,
                    write,
                    urgency,
                } => {
                    if let Some(life) = &mut self.life {
                        life.writing += 1;
                    }
                    self.write(Origin::Engine(ticket), *write, urgency);
                }
                Effect::LookUp { ticket, key } => {
                    let found = self.disk.reader().payment_by_key(&key).unwrap();
                    let found = Ok(found.map(Box::new));
                    let event = Event::Found { ticket, found };
                    let pause = self.agenda.random.while_of(0, 3);
                    self.later(pause, Inner::Engine(event));
                }
                Effect::Command { device, command } => {
                    let Some(number) = wire_of(&device) else {
                        continue;
                    };
                    self.agenda.tell(|| format!("{device}: asked: {command:?}"));
                    self.watch_a_command(number, &device, &command);
                    let word = ToMachine::Command(command);
                    self.over(Channel::Commands(number), Inner::Say(number, word));
                }
                Effect::Stored { device, kept } => {
                    let Some(number) = wire_of(&device) else {
                        continue;
                    };
                    self.agenda.tell(|| format!("{device}: stored: {kept}"));
                    self.watch_an_acknowledgement(number, kept);
                    let word = ToMachine::Stored(kept);
                    self.over(Channel::Commands(number), Inner::Say(number, word));
                }
                Effect::Reply { to, answer } => self.reply(to, *answer),
                Effect::Wake { device, after } => {
                    self.later(after, Inner::Engine(Event::Wake(device)));
                }
                Effect::WaitOut {
                    device,
                    payment,
                    after,
                } => {
                    let event = Event::WaitedOut { device, payment };
                    self.later(after, Inner::Engine(event));
                }
                Effect::Publish(_) => {}
                Effect::OpenDrawer(_) => {
                    let drawer = printer::Drawer::Pin2;
                    let word = ToMachine::Command(printer::Command::Kick { drawer });
                    self.over(Channel::Commands(PRINTER), Inner::Print(word));
                }
                Effect::WorkDue => self.work_due(),
            }
        }
    }

    fn reply(&mut self, to: ReplyTo, answer: Answer) {
        let Some(life) = &mut self.life else { return };
        if let Some(intention) = life.replies.remove(&to) {
            self.answered(to, intention, answer);
        }
    }

    pub(crate) fn work_due(&mut self) {
        self.spool(printing::Event::Wake);
        if self.life.as_mut().is_some_and(|life| life.office.wake()) {
            self.office();
        }
    }

    pub(crate) fn terminal_says(
        &mut self,
        life: u64,
        number: usize,
        word: FromMachine<Fact, TerminalEvent>,
    ) {
        let device: DeviceId = DEVICES[number].parse().unwrap();
        self.agenda.tell(|| format!("{device}: {word:?}"));
        if let FromMachine::Store(fact) = &word {
            self.unstored[number] = Some(fact.clone());
        }
        if let Some(event) = shell::event(&device, word) {
            let pause = Duration::from_micros(self.agenda.random.below(2000));
            let what = What::Of(life, Inner::Engine(event));
            self.agenda.over(Channel::Words(number), pause, what);
        }
    }
}
