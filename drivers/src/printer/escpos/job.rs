//! One print job: ask whether the printer can print, send, and find out whether it did.
//!
//! 1. `DLE EOT` 1, 2 and 4. A fault before the first byte is waited out for a while. Silence goes
//!    on: many printers never answer.
//! 2. [`Fact::Sending`] is made durable.
//! 3. The receipt, at once and once only, then the question whose answer comes when it is printed
//!    ([`Confirmation`]).
//! 4. `DLE EOT` every second. While the printer tells a fault, the job waits: a printer goes on by
//!    itself when the fault is mended, and a second copy helps nobody.
//!
//! Real-time commands go out between whole commands only: inside another one they would be its
//! parameters.

use std::{collections::VecDeque, time::Duration};

use super::{
    Confirmation, Profile,
    status::{Demultiplexer, Fault, Query, Reply, worst},
};
use crate::{
    Input, Machine, Mono, Output,
    link::Policy,
    printer::{Command, Drawer, Ending, Event, Fact, JobId},
};

/// From the end of one round of questions to the next.
const BETWEEN_ROUNDS: Duration = Duration::from_secs(1);
/// How long a round may wait for its answers.
const ROUND: Duration = Duration::from_secs(1);
/// How long a fault may last before the first byte.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long a healthy printer may take to confirm, besides the time that the bytes need.
const SETTLE: Duration = Duration::from_secs(5);
/// The slowest usual link: 9600 bits per second, ten to a byte.
const BYTES_PER_SECOND: u64 = 960;

/// An ESC/POS printer: a [`Machine`] that prints one job at a time.
#[derive(Debug)]
pub struct EscPos {
    confirmation: Confirmation,
    policy: Policy,
    up: bool,
    job: Option<Job>,
    heard: Demultiplexer,
    /// Facts that were asked for and not answered yet. An answer that comes late, to a job that is
    /// over, is not taken for that of the next.
    storing: u32,
    outputs: VecDeque<Output<Fact, Event>>,
}

#[derive(Debug)]
struct Job {
    id: JobId,
    stage: Stage,
    round: Round,
    /// The fault that was told last.
    fault: Option<Fault>,
}

#[derive(Debug)]
enum Stage {
    /// Not one byte is sent.
    Before { bytes: Vec<u8>, give_up: Mono },
    /// Not one byte is sent, and that some will be is being made durable.
    Storing { bytes: Vec<u8> },
    /// Everything is sent.
    Sent {
        /// The time that the bytes need on a slow link.
        transfer: Duration,
        /// The bytes are through by then.
        through: Mono,
        /// A silent printer is given up then.
        give_up: Mono,
    },
}

/// Questions in real time.
#[derive(Debug)]
enum Round {
    /// Comes at this moment.
    Due(Mono),
    Asked {
        /// Those without an answer, in the order of asking: answers do not say what they answer.
        open: VecDeque<Query>,
        fault: Option<Fault>,
        until: Mono,
    },
}

impl EscPos {
    /// A printer of this profile. The policy is the link's: with [`Policy::PerJob`] the machine
    /// closes the link after every job.
    pub fn new(profile: &Profile, policy: Policy) -> Self {
        Self {
            confirmation: profile.confirmation,
            policy,
            up: false,
            job: None,
            heard: Demultiplexer::default(),
            storing: 0,
            outputs: VecDeque::new(),
        }
    }

    fn begin(&mut self, now: Mono, id: JobId, bytes: Vec<u8>) {
        let refusal = match &self.job {
            Some(running) if running.id == id => return,
            Some(_) => "The printer is busy with another receipt. Print again in a moment.",
            None if !self.up => {
                "The printer cannot be reached. Check that it is on, and its cable; then print \
                 again."
            }
            None => {
                self.job = Some(Job {
                    id,
                    stage: Stage::Before {
                        bytes,
                        give_up: now + PATIENCE,
                    },
                    round: Round::Due(now),
                    fault: None,
                });
                return self.ask(now);
            }
        };
        self.tell(Event::Ended {
            job: id,
            ending: Ending::NotStarted(refusal.into()),
        });
    }

    /// Begins a round of questions.
    fn ask(&mut self, now: Mono) {
        if let Some(job) = &mut self.job {
            job.round = Round::Asked {
                open: Query::ALL.into(),
                fault: None,
                until: now + ROUND,
            };
            let questions = Query::ALL.iter().flat_map(|query| query.bytes()).collect();
            self.outputs.push_back(Output::Send(questions));
        }
    }

    fn reply(&mut self, now: Mono, reply: &Reply) {
        let Some(job) = &mut self.job else { return };
        let sent = matches!(job.stage, Stage::Sent { .. });
        match (reply, self.confirmation) {
            (Reply::RealTime(answer), _) => {
                if let Round::Asked { open, fault, .. } = &mut job.round
                    && let Some(query) = open.pop_front()
                {
                    *fault = worst(*fault, query.fault(*answer));
                    if open.is_empty() {
                        self.end_round(now);
                    }
                }
            }
            (Reply::Automatic(Some(fault)), _) => self.faulty(now, *fault),
            (Reply::ProcessId(id), Confirmation::ProcessId) if sent && *id == token(job.id) => {
                self.end(Ending::Confirmed);
            }
            // Bits 0C: the paper ended, and nobody knows on which line.
            (Reply::PaperSensor(answer), Confirmation::PaperSensor) if sent => {
                self.end(if answer & 0x0c == 0 {
                    Ending::Confirmed
                } else {
                    Ending::Unknown(
                        "The paper ended while printing. Look whether the receipt is whole.".into(),
                    )
                });
            }
            (Reply::Automatic(None) | Reply::ProcessId(_) | Reply::PaperSensor(_), _) => {}
        }
    }

    /// All questions are answered, or their time is over.
    fn end_round(&mut self, now: Mono) {
        let Some(job) = &mut self.job else { return };
        let Round::Asked { open, fault, .. } = &job.round else {
            return;
        };
        let (whole, silent) = (open.is_empty(), open.len() == Query::ALL.len());
        let fault = *fault;
        job.round = Round::Due(now + BETWEEN_ROUNDS);
        match (fault, &job.stage) {
            (Some(fault), _) => self.faulty(now, fault),
            // A printer that told of a fault and then goes silent is not mended.
            (None, Stage::Before { .. }) if silent && job.fault.is_some() => {}
            (None, Stage::Before { .. }) => self.store(),
            (None, Stage::Storing { .. }) => {}
            (None, Stage::Sent { through, .. }) => {
                let through = now >= *through;
                if !silent {
                    job.fault = None;
                }
                if whole && through && self.confirmation == Confirmation::RealTime {
                    self.end(Ending::Confirmed);
                }
            }
        }
    }

    fn faulty(&mut self, now: Mono, fault: Fault) {
        let Some(job) = &mut self.job else { return };
        if let Stage::Sent {
            transfer, give_up, ..
        } = &mut job.stage
        {
            *give_up = now + SETTLE + *transfer;
        }
        if job.fault != Some(fault) {
            job.fault = Some(fault);
            let (job, reason) = (job.id, fault.advice().into());
            self.tell(Event::Waiting { job, reason });
        }
    }

    /// Asks for what must be durable before the first byte (law 8).
    fn store(&mut self) {
        let Some(job) = &mut self.job else { return };
        let Stage::Before { bytes, .. } = &mut job.stage else {
            return;
        };
        let bytes = std::mem::take(bytes);
        job.stage = Stage::Storing { bytes };
        self.storing += 1;
        self.outputs
            .push_back(Output::Store(Fact::Sending { job: job.id }));
    }

    fn stored(&mut self, now: Mono, durable: bool) {
        self.storing = self.storing.saturating_sub(1);
        let Some(job) = &self.job else { return };
        if self.storing > 0 || !matches!(job.stage, Stage::Storing { .. }) {
            return;
        }
        if durable {
            self.send(now);
        } else {
            self.end(Ending::NotStarted(
                "That the receipt is being printed could not be kept. Free the disk; then print \
                 again."
                    .into(),
            ));
        }
    }

    /// Sends the receipt, and the question that is answered when it is printed.
    fn send(&mut self, now: Mono) {
        let Some(job) = &mut self.job else { return };
        let Stage::Storing { bytes } = &mut job.stage else {
            return;
        };
        let mut bytes = std::mem::take(bytes);
        match self.confirmation {
            Confirmation::ProcessId => {
                bytes.extend(b"\x1d\x28\x48\x06\x00\x30\x30");
                bytes.extend(token(job.id));
            }
            Confirmation::PaperSensor => bytes.extend(b"\x1dr\x01"),
            Confirmation::RealTime | Confirmation::None => {}
        }
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let transfer = Duration::from_secs(count.div_ceil(BYTES_PER_SECOND));
        job.fault = None;
        job.stage = Stage::Sent {
            transfer,
            through: now + transfer,
            give_up: now + SETTLE + transfer,
        };
        // On a slow link questions stand behind the receipt.
        job.round = Round::Due(now + transfer + BETWEEN_ROUNDS);
        let job = job.id;
        self.outputs.push_back(Output::Send(bytes));
        self.tell(Event::Sent { job });
    }

    /// What left cannot be called back; what did not, needs not.
    fn cancel(&mut self, id: JobId) {
        let Some(job) = self.job.as_ref().filter(|job| job.id == id) else {
            return;
        };
        self.end(match job.stage {
            Stage::Before { .. } | Stage::Storing { .. } => {
                Ending::Cancelled("It was given up before anything was printed.".into())
            }
            Stage::Sent { .. } => {
                Ending::Unknown("It was given up while it was printed. Look what came out.".into())
            }
        });
    }

    /// `ESC p`, with full times: 50 ms of current, and 500 ms of rest. Between whole commands, as all
    /// that is sent.
    fn kick(&mut self, drawer: Drawer) {
        if !self.up {
            let reason = "The printer cannot be reached, so the cash drawer stays closed. Open it \
                          with its key."
                .into();
            return self.tell(Event::NotKicked { drawer, reason });
        }
        let pin = match drawer {
            Drawer::Pin2 => 0,
            Drawer::Pin5 => 1,
        };
        self.outputs
            .push_back(Output::Send(vec![0x1b, b'p', pin, 25, 250]));
        self.tell(Event::Kicked { drawer });
        if self.job.is_none() && self.policy == Policy::PerJob {
            self.up = false;
            self.outputs.push_back(Output::Close);
        }
    }

    fn on_time(&mut self, now: Mono) {
        let Some(job) = &self.job else { return };
        if matches!(job.round, Round::Asked { until, .. } if now >= until) {
            self.end_round(now);
        }
        let Some(job) = &self.job else { return };
        match &job.stage {
            Stage::Before { give_up, .. } if now >= *give_up => {
                let reason = job
                    .fault
                    .map_or("The printer does not answer.", Fault::advice);
                self.end(Ending::NotStarted(
                    format!("{reason} Then print again.").as_str().into(),
                ));
            }
            Stage::Sent { give_up, .. } if now >= *give_up => {
                self.end(Ending::Unknown(
                    "The printer did not say that it printed. Look whether the receipt came out."
                        .into(),
                ));
            }
            Stage::Storing { .. } => {}
            Stage::Before { .. } | Stage::Sent { .. } => {
                if matches!(job.round, Round::Due(at) if now >= at) {
                    self.ask(now);
                }
            }
        }
    }

    fn link_down(&mut self) {
        let was_up = std::mem::take(&mut self.up);
        self.heard = Demultiplexer::default();
        if let Some(job) = &self.job {
            self.end(match job.stage {
                Stage::Before { .. } | Stage::Storing { .. } => Ending::NotStarted(
                    "The printer was disconnected. Check its cable, and print again.".into(),
                ),
                Stage::Sent { .. } => Ending::Unknown(
                    "The printer was disconnected while printing. Look whether the receipt came \
                     out."
                        .into(),
                ),
            });
        }
        if was_up {
            let reason = "The printer is disconnected. Check that it is on, and its cable.".into();
            self.tell(Event::NotReady { reason });
        }
    }

    /// Ends the job. After doubt the link is made anew, so that a late answer to this job cannot
    /// confirm the next one.
    fn end(&mut self, ending: Ending) {
        let Some(Job { id: job, .. }) = self.job.take() else {
            return;
        };
        let doubt = matches!(ending, Ending::Unknown(_));
        self.tell(Event::Ended { job, ending });
        if self.up && (doubt || self.policy == Policy::PerJob) {
            self.up = false;
            self.outputs.push_back(Output::Close);
        }
    }

    fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    /// When something is due next.
    fn wake(&self) -> Option<Mono> {
        let job = self.job.as_ref()?;
        let round = match &job.round {
            Round::Due(at) => at,
            Round::Asked { until, .. } => until,
        };
        match &job.stage {
            Stage::Storing { .. } => None,
            Stage::Before { give_up, .. } | Stage::Sent { give_up, .. } => {
                Some(*round.min(give_up))
            }
        }
    }
}

impl Machine for EscPos {
    type Command = Command;
    type Fact = Fact;
    type Event = Event;

    fn handle(&mut self, now: Mono, input: Input<'_, Command>) {
        match input {
            Input::LinkUp => {
                self.up = true;
                self.tell(Event::Ready);
            }
            Input::LinkDown => self.link_down(),
            Input::Bytes(bytes) => {
                for byte in bytes {
                    self.heard.push(*byte);
                    while let Some(reply) = self.heard.next() {
                        self.reply(now, &reply);
                    }
                }
            }
            Input::Timeout => self.on_time(now),
            Input::Command(Command::Print { job, bytes }) => self.begin(now, job, bytes),
            Input::Command(Command::Cancel { job }) => self.cancel(job),
            Input::Command(Command::Kick { drawer }) => self.kick(drawer),
            Input::Stored(durable) => self.stored(now, durable),
        }
    }

    fn poll(&mut self) -> Output<Fact, Event> {
        self.outputs
            .pop_front()
            .unwrap_or_else(|| Output::Wait(self.wake()))
    }
}

/// A job's number as the four printable characters of a process ID (`GS ( H`, function 48).
fn token(job: JobId) -> [u8; 4] {
    let mut rest = job.unsigned_abs();
    [0; 4].map(|_: u8| {
        let digit = u8::try_from(rest % 95).unwrap_or(0);
        rest /= 95;
        0x20 + digit
    })
}

#[cfg(test)]
mod tests;
