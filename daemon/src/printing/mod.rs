//! Receipts on their way to paper.
//!
//! [`compose`] says what stands on a receipt, [`Spool`] which one is printed next. [`start`] joins
//! a spool to its printer's driver and to the queue. A printer decides nothing about money (law 8).

mod compose;
mod lines;
mod logo;
mod report;
mod spool;

use std::{path::PathBuf, sync::Arc, time::Duration};

use config::{Printer, Receipts};
use drivers::{
    link::{Defaults, Policy},
    printer::{
        self,
        escpos::{self, Fonts},
    },
    run::{FromMachine, ToMachine},
};
use jiff::tz::TimeZone;
use sync::queue::{Job, Queue, Urgency, Write};
use tokio::sync::{OnceCell, mpsc};

pub use compose::{Desk, compose};
pub use lines::lines;
use logo::Memory;
pub use spool::{Effect, Event, Spool, interrupted};

use crate::shell::{Handle, WorkDue};

/// How long to wait before a printer that took nothing is tried again.
const REST: Duration = Duration::from_secs(5);
/// Most messages that wait between a spool and its driver.
const MESSAGES: usize = 16;

/// Starts a printer's driver and its spool.
pub fn start(
    printer: &Printer,
    (profile, fonts): (escpos::Profile, SystemFonts),
    receipts: &Arc<Receipts>,
    queue: Queue,
    handle: Handle,
    due: WorkDue,
) {
    let (commands, received) = mpsc::channel(MESSAGES);
    let (tell, told) = mpsc::channel(MESSAGES);
    let link = printer.link.clone();
    let policy = Policy::for_printer(&link);
    let machine = escpos::EscPos::new(&profile, policy);
    let defaults = Defaults {
        policy,
        ..Defaults::default()
    };
    tokio::spawn(drivers::run::run(machine, link, defaults, received, tell));
    let task = Task {
        printer: printer.clone(),
        receipts: receipts.clone(),
        profile,
        fonts,
        queue,
        handle,
        due,
        commands,
        told,
        spool: Spool::default(),
        logo: Memory::default(),
    };
    tokio::spawn(task.run());
}

/// Where fonts are. Distributions have theirs in the first, administrators put theirs in the second.
const FONT_FOLDERS: [&str; 2] = ["/usr/share/fonts", "/usr/local/share/fonts"];

/// The fonts of this machine, read when the first receipt needs them: most never do.
#[derive(Debug, Clone, Default)]
pub struct SystemFonts(Arc<OnceCell<Fonts>>);

impl SystemFonts {
    async fn get(&self) -> &Fonts {
        let folders = FONT_FOLDERS.map(PathBuf::from);
        let read = || tokio::task::spawn_blocking(move || Fonts::load(&folders));
        self.0
            .get_or_init(|| async { read().await.unwrap_or_default() })
            .await
    }
}

type Told = FromMachine<printer::Fact, printer::Event>;

/// One printer's spool and what it works with.
struct Task {
    printer: Printer,
    receipts: Arc<Receipts>,
    profile: escpos::Profile,
    fonts: SystemFonts,
    queue: Queue,
    handle: Handle,
    due: WorkDue,
    commands: mpsc::Sender<ToMachine<printer::Command>>,
    told: mpsc::Receiver<Told>,
    spool: Spool,
    logo: Memory,
}

impl Task {
    async fn run(mut self) {
        let mut event = Some(Event::Wake);
        let mut rest = false;
        loop {
            while let Some(next) = event.take() {
                match self.spool.handle(next) {
                    Some(Effect::Rest) => rest = true,
                    Some(effect) => event = self.carry_out(effect).await,
                    None => {}
                }
            }
            event = tokio::select! {
                told = self.told.recv() => match told {
                    Some(told) => self.hear(told),
                    None => return,
                },
                () = self.due.notified() => Some(Event::Wake),
                () = tokio::time::sleep(REST), if rest => {
                    rest = false;
                    Some(Event::Wake)
                }
            };
        }
    }

    fn hear(&mut self, told: Told) -> Option<Event> {
        match told {
            FromMachine::Event(event) => {
                match &event {
                    printer::Event::NotReady { reason }
                    | printer::Event::Waiting { reason, .. } => {
                        tracing::warn!(printer = %self.printer.id, %reason, "the printer waits");
                    }
                    printer::Event::Ended { job, ending } => self.logo.ended(*job, ending),
                    printer::Event::Ready
                    | printer::Event::Status(_)
                    | printer::Event::Sent { .. }
                    | printer::Event::Kicked { .. }
                    | printer::Event::NotKicked { .. } => {}
                }
                Some(Event::Printer(event))
            }
            FromMachine::LinkDown(reason) => {
                tracing::info!(printer = %self.printer.id, %reason, "the printer is not there");
                None
            }
            FromMachine::LinkUp => None,
            FromMachine::Store(printer::Fact::Sending { job }) => Some(Event::Sending(job)),
        }
    }

    async fn carry_out(&mut self, effect: Effect) -> Option<Event> {
        match effect {
            Effect::Look => {
                let id = self.printer.id.clone();
                let due = self.handle.read(move |reader| reader.jobs_due(&id)).await;
                Some(Event::Due(
                    due.ok().and_then(|jobs| jobs.into_iter().next()),
                ))
            }
            Effect::Mark(job, state) => {
                let write = Write::Job {
                    job,
                    state,
                    at: self.handle.now(),
                };
                let marked = self.queue.submit(write, Urgency::Now).await;
                if let Err(error) = &marked {
                    tracing::error!(job, %error, "a print job's state could not be kept");
                }
                Some(Event::Marked(marked.is_ok()))
            }
            Effect::Print(job) => self.print(job).await,
            Effect::Answer(durable) => {
                if self
                    .commands
                    .send(ToMachine::Stored(durable))
                    .await
                    .is_err()
                {
                    tracing::error!(printer = %self.printer.id, "the driver has stopped");
                }
                None
            }
            Effect::Rest => None,
        }
    }

    /// Composes and sends a job. What cannot be composed certainly did not start.
    async fn print(&mut self, job: Job) -> Option<Event> {
        let ended = |ending| {
            Event::Printer(printer::Event::Ended {
                job: job.id,
                ending,
            })
        };
        let (receipts, at, what) = (self.receipts.clone(), self.handle.now(), job.clone());
        let read = self.handle.read(move |reader| {
            let desk = Desk {
                receipts: &receipts,
                at,
                zone: TimeZone::system(),
            };
            lines(reader, &what, &desk)
        });
        let Some(lines) = read.await.ok().flatten() else {
            let reason = "What is to be printed could not be read.".into();
            return Some(ended(printer::Ending::NotStarted(reason)));
        };
        let receipt = if escpos::needs_fonts(&lines, &self.profile) {
            escpos::render_with(&lines, &self.profile, self.fonts.get().await)
        } else {
            escpos::render(&lines, &self.profile)
        };
        let mut bytes = self.logo.before(job.id, &lines, &self.profile);
        bytes.extend(receipt);
        let command = printer::Command::Print { job: job.id, bytes };
        if self
            .commands
            .send(ToMachine::Command(command))
            .await
            .is_err()
        {
            let reason = "The printer's driver has stopped.".into();
            return Some(ended(printer::Ending::NotStarted(reason)));
        }
        None
    }
}

/// After a restart, a job that was being sent may be on paper or not: a person looks.
pub async fn settle_interrupted(queue: &Queue, handle: &Handle) {
    let Ok(jobs) = handle.read(sync::queue::Reader::jobs_sending).await else {
        return;
    };
    for job in jobs {
        let write = Write::Job {
            job: job.id,
            state: interrupted(),
            at: handle.now(),
        };
        if let Err(error) = queue.submit(write, Urgency::Now).await {
            tracing::error!(job = job.id, %error, "a print job's state could not be kept");
        }
    }
}
