//! Receipts on their way to paper.
//!
//! [`compose`] says what stands on a receipt, [`Spool`] which one is printed next. [`start`] joins
//! a spool to its printer's driver and to the queue. A printer decides nothing about money (law 8).

mod clock;
mod compose;
mod desk;
mod logo;
mod report;
mod sheet;
mod spool;
mod view;

use std::{collections::VecDeque, path::PathBuf, sync::Arc, time::Duration};

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
use payment::Text;
use sync::queue::{Job, Queue, Urgency, Write, WriteError};
use tokio::sync::{OnceCell, mpsc, oneshot};

use clock::PaperClock;
pub use compose::{Desk, compose};
use desk::Request;
pub use desk::{Inbox, Printers};
use logo::Memory;
pub use sheet::{Sheet, sheet};
pub use spool::{Effect, Event, Marked, Rules, Spool, interrupted};
pub use view::PrinterView;

use crate::{
    engine::Notice,
    shell::{Handle, WorkDue},
};

/// Most messages that wait between a spool and its driver.
const MESSAGES: usize = 16;
/// After a full disk did not keep what became of an interrupted job.
const WRITE_AGAIN: Duration = Duration::from_secs(5);

/// Starts a printer's driver and its spool.
pub fn start(
    printer: &Printer,
    (profile, fonts): (escpos::Profile, SystemFonts),
    receipts: &Arc<Receipts>,
    queue: Queue,
    handle: Handle,
    (due, inbox): (WorkDue, Inbox),
) {
    let (commands, received) = mpsc::channel(MESSAGES);
    let (tell, told) = mpsc::channel(MESSAGES);
    let link = printer.link.clone();
    let policy = Policy::for_printer(&link);
    let machine = escpos::EscPos::new(&profile, policy);
    let defaults = Defaults {
        policy,
        print_speed: Some(profile.speed),
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
        inbox,
        commands,
        told,
        spool: Spool::new(Rules::of(printer)),
        clock: PaperClock::new(),
        logo: Memory::default(),
        view: PrinterView::new(printer),
        kicks: VecDeque::new(),
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

type FromPrinter = FromMachine<printer::Fact, printer::Event>;

/// One printer's spool and what it works with.
struct Task {
    printer: Printer,
    receipts: Arc<Receipts>,
    profile: escpos::Profile,
    fonts: SystemFonts,
    queue: Queue,
    handle: Handle,
    due: WorkDue,
    inbox: Inbox,
    commands: mpsc::Sender<ToMachine<printer::Command>>,
    told: mpsc::Receiver<FromPrinter>,
    spool: Spool,
    clock: PaperClock,
    logo: Memory,
    view: PrinterView,
    /// Who waits for the driver's word on a cash drawer, in order; some wait for none.
    kicks: VecDeque<Option<oneshot::Sender<Result<(), Text>>>>,
}

impl Task {
    async fn run(mut self) {
        let mut event = Some(Event::Wake);
        loop {
            if let Some(event) = event {
                self.work(event).await;
            }
            self.publish();
            let (wakes, sleep) = (self.spool.wake().is_some(), self.until_wake());
            event = tokio::select! {
                told = self.told.recv() => match told {
                    Some(told) => self.hear(told),
                    None => return,
                },
                () = self.due.notified() => Some(Event::Wake),
                Some(request) = self.inbox.requests.recv() => self.serve(request).await,
                () = tokio::time::sleep(sleep), if wakes => Some(Event::Wake),
            };
        }
    }

    fn until_wake(&self) -> Duration {
        let left = self
            .spool
            .wake()
            .map(|at| at.duration_since(self.clock.now().steady));
        let left = left.and_then(|left| Duration::try_from(left).ok());
        left.unwrap_or_default()
    }

    /// Carries out what an event leads to, until nothing is left to do at once.
    async fn work(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for effect in self.spool.handle(self.clock.now(), event) {
                events.extend(self.carry_out(effect).await);
            }
        }
    }

    fn hear(&mut self, told: FromPrinter) -> Option<Event> {
        match told {
            FromMachine::Event(event) => {
                self.view.hear(&event);
                match &event {
                    printer::Event::NotReady { reason }
                    | printer::Event::Waiting { reason, .. } => {
                        tracing::warn!(printer = %self.printer.id, %reason, "the printer waits");
                    }
                    printer::Event::Kicked { .. } => self.kicked(Ok(())),
                    printer::Event::NotKicked { reason, .. } => self.kicked(Err(reason.clone())),
                    printer::Event::Ready
                    | printer::Event::Status(_)
                    | printer::Event::Sent { .. } => {}
                    printer::Event::Ended { job, ending } => self.logo.ended(*job, ending),
                }
                Some(Event::Printer(event))
            }
            FromMachine::LinkDown(reason) => {
                tracing::info!(printer = %self.printer.id, %reason, "the printer is not there");
                self.view.link_down(reason);
                None
            }
            FromMachine::LinkUp => {
                self.view.link_up();
                None
            }
            FromMachine::Store(printer::Fact::Sending { job }) => Some(Event::Sending(job)),
        }
    }

    fn kicked(&mut self, result: Result<(), Text>) {
        if let Err(reason) = &result {
            tracing::warn!(printer = %self.printer.id, %reason, "the drawer was not opened");
        }
        if let Some(waiting) = self.kicks.pop_front().flatten() {
            // Whoever asked may have gone.
            waiting.send(result).unwrap_or(());
        }
    }

    async fn serve(&mut self, request: Request) -> Option<Event> {
        match request {
            Request::Cancel { job, name } => Some(Event::Cancel { job, name }),
            Request::Kick(waiting) => {
                let drawer = view::pin(self.printer.drawer?);
                self.kicks.push_back(waiting);
                self.tell(ToMachine::Command(printer::Command::Kick { drawer }))
                    .await;
                None
            }
        }
    }

    /// Tells the driver something. One that has stopped ends this task too.
    async fn tell(&self, message: ToMachine<printer::Command>) {
        if self.commands.send(message).await.is_err() {
            tracing::error!(printer = %self.printer.id, "the printer's driver has stopped");
        }
    }

    /// Shows what is new.
    fn publish(&mut self) {
        self.view.work(self.spool.at_work());
        let view = &self.view;
        let changed = self.inbox.views.send_if_modified(|views| {
            let changed = views.get(&view.id) != Some(view);
            if changed {
                views.insert(view.id.clone(), view.clone());
            }
            changed
        });
        if changed {
            self.handle.publish(Notice::Printer(Box::new(view.clone())));
        }
    }

    async fn carry_out(&mut self, effect: Effect) -> Option<Event> {
        let at = self.handle.now();
        match effect {
            Effect::Look => {
                let id = self.printer.id.clone();
                let due = self.handle.read(move |reader| reader.jobs_due(&id)).await;
                Some(due.map_or(Event::NotRead, |jobs| {
                    Event::Due(jobs.into_iter().next().map(Box::new))
                }))
            }
            Effect::Mark(job, state) => Some(self.mark(Write::Job { job, state, at }).await),
            Effect::HandOver(job, to) => {
                let marked = self.mark(Write::MoveJob { job, to, at }).await;
                self.handle.work_due().await;
                Some(marked)
            }
            Effect::Note(job, state) => {
                drop(
                    self.queue
                        .submit(Write::Job { job, state, at }, Urgency::Lazy),
                );
                None
            }
            Effect::Print(job) => self.print(*job).await,
            Effect::Answer(durable) => {
                self.tell(ToMachine::Stored(durable)).await;
                None
            }
            Effect::Cancel(job) => {
                self.tell(ToMachine::Command(printer::Command::Cancel { job }))
                    .await;
                None
            }
        }
    }

    async fn mark(&self, write: Write) -> Event {
        let answer = self.queue.submit(write, Urgency::Now).await;
        if let Err(error) = &answer {
            tracing::error!(printer = %self.printer.id, %error, "a print job's state could not be kept");
        }
        let marked = Marked::of(&answer);
        Event::Marked(marked)
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
            sheet(reader, &what, &desk)
        });
        let bytes = match read.await.ok().flatten() {
            Some(Sheet::Lines(lines)) => self.receipt(&job, &lines).await,
            Some(Sheet::TestPage) => escpos::test_page(&self.profile),
            None => {
                let reason = "What is to be printed could not be read.".into();
                return Some(ended(printer::Ending::NotStarted(reason)));
            }
        };
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

    async fn receipt(&mut self, job: &Job, lines: &[escpos::Line]) -> Vec<u8> {
        let receipt = if escpos::needs_fonts(lines, &self.profile) {
            escpos::render_with(lines, &self.profile, self.fonts.get().await)
        } else {
            escpos::render(lines, &self.profile)
        };
        let mut bytes = self.logo.before(job.id, lines, &self.profile);
        bytes.extend(receipt);
        bytes
    }
}

/// After a restart, a job that was being sent may be on paper or not: a person looks. Of one whose
/// printer was only asked whether it can print, nothing is. What a full disk does not keep is written
/// again until it does: before that, the job is shown to nobody.
pub async fn settle_interrupted(queue: &Queue, handle: &Handle, jobs: Vec<Job>) {
    let mut left = settle(queue, handle, jobs).await;
    if !left.is_empty() {
        let (queue, handle) = (queue.clone(), handle.clone());
        tokio::spawn(async move {
            while !left.is_empty() {
                tokio::time::sleep(WRITE_AGAIN).await;
                left = settle(&queue, &handle, left).await;
            }
            handle.work_due().await;
        });
    }
}

/// Writes what becomes of interrupted jobs, and returns those for which there is no room.
async fn settle(queue: &Queue, handle: &Handle, jobs: Vec<Job>) -> Vec<Job> {
    let mut left = Vec::new();
    for job in jobs {
        let write = Write::Job {
            job: job.id,
            state: interrupted(&job.state),
            at: handle.now(),
        };
        if let Err(error) = queue.submit(write, Urgency::Now).await {
            tracing::error!(job = job.id, %error, "what became of a print job could not be kept");
            if error == WriteError::DiskFull {
                left.push(job);
            }
        }
    }
    left
}
