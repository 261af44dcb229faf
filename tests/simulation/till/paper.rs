//! The printer's task: the spool, and what it wants printed.

use std::time::Duration;

use daemon::printing::{self, Sheet};
use drivers::{
    printer,
    run::{FromMachine, ToMachine},
};
use jiff::tz::TimeZone;
use sync::queue::{Job, Urgency, Write};

use super::disk::Origin;
use crate::{
    agenda::Channel,
    world::{Inner, PRINTER, What, World},
};

impl World {
    pub(crate) fn printer_says(
        &mut self,
        life: u64,
        word: FromMachine<printer::Fact, printer::Event>,
    ) {
        self.agenda.tell(|| format!("printer: {word:?}"));
        let event = match word {
            FromMachine::Event(event) => printing::Event::Printer(event),
            FromMachine::Store(printer::Fact::Sending { job }) => printing::Event::Sending(job),
            FromMachine::LinkUp | FromMachine::LinkDown(_) => return,
        };
        let pause = Duration::from_micros(self.agenda.random.below(2000));
        let what = What::Of(life, Inner::Spool(event));
        self.agenda.over(Channel::Words(PRINTER), pause, what);
    }

    pub(super) fn spool(&mut self, event: printing::Event) {
        let Some(life) = &mut self.life else { return };
        if matches!(event, printing::Event::Marked(_)) {
            life.marking = false;
            life.unheard.push_front(event);
        } else {
            life.unheard.push_back(event);
        }
        while let Some(now) = self.life.as_ref().map(|life| self.now(life))
            && let Some(life) = &mut self.life
            && !life.marking
            && let Some(event) = life.unheard.pop_front()
        {
            let effects = life.spool.handle(now, event);
            let wake = life.spool.wake();
            let new = std::mem::replace(&mut life.spool_wake, wake) != wake;
            if let Some(at) = wake.filter(|_| new) {
                let pause = at.duration_since(now.steady).try_into().unwrap_or_default();
                self.later(pause, Inner::Spool(printing::Event::Wake));
            }
            for effect in effects {
                if self.dies() {
                    return;
                }
                self.print_effect(effect);
            }
        }
    }

    fn print_effect(&mut self, effect: printing::Effect) {
        match effect {
            printing::Effect::Look => {
                let printer = &self.clinic.config.printers[0].id;
                let due = self.disk.reader().jobs_due(printer).unwrap();
                if let Some(life) = &mut self.life {
                    let due = printing::Event::Due(due.into_iter().next().map(Box::new));
                    life.unheard.push_front(due);
                }
            }
            printing::Effect::Note(job, state) => {
                let at = self.agenda.wall();
                let write = Write::Job { job, state, at };
                self.write(Origin::Nobody, write, Urgency::Lazy);
            }
            printing::Effect::HandOver(job, to) => {
                if let Some(life) = &mut self.life {
                    life.marking = true;
                }
                let at = self.agenda.wall();
                let write = Write::MoveJob { job, to, at };
                self.write(Origin::Spool, write, Urgency::Now);
            }
            printing::Effect::Cancel(job) => {
                let word = ToMachine::Command(printer::Command::Cancel { job });
                self.over(Channel::Commands(PRINTER), Inner::Print(word));
            }
            printing::Effect::Mark(job, state) => {
                if let Some(life) = &mut self.life {
                    life.marking = true;
                }
                let at = self.agenda.wall();
                let write = Write::Job { job, state, at };
                self.write(Origin::Spool, write, Urgency::Now);
            }
            printing::Effect::Print(job) => self.print(&job),
            printing::Effect::Answer(durable) => {
                self.watch_a_first_byte(durable);
                let word = ToMachine::Stored(durable);
                self.over(Channel::Commands(PRINTER), Inner::Print(word));
            }
        }
    }

    fn print(&mut self, job: &Job) {
        let desk = printing::Desk {
            receipts: &self.clinic.config.receipts,
            at: self.agenda.wall(),
            zone: TimeZone::UTC,
        };
        let bytes = match printing::sheet(self.disk.reader(), job, &desk).unwrap() {
            Some(Sheet::Lines(lines)) => printer::escpos::render(&lines, self.clinic.profile),
            Some(Sheet::TestPage) => printer::escpos::test_page(self.clinic.profile),
            None => panic!("there is no such thing to print: {job:?}"),
        };
        let command = printer::Command::Print { job: job.id, bytes };
        let word = ToMachine::Command(command);
        self.over(Channel::Commands(PRINTER), Inner::Print(word));
    }
}
