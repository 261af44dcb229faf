//! From a wish to the last byte of a receipt.

use std::time::Duration;

use super::{
    BETWEEN_ROUNDS, EscPos, PATIENCE, SETTLE,
    idle::TELL_CHANGES,
    round::Round,
    stage::{Job, Side, Size, Stage, question},
};
use crate::{
    Mono, Output,
    printer::{Ending, Event, Fact, JobId, escpos::Confirmation},
};

/// How long the sign may take that the printer stands between two commands.
pub(super) const SIGN: Duration = Duration::from_secs(1);
/// The same behind a filling, which a slow line still sends when we have forgotten it.
const SIGN_BEHIND: Duration = Duration::from_secs(5);
/// Signs come one right after the other: after such a pause no other one is on its way.
const QUIET: Duration = Duration::from_millis(300);
/// In place of the arguments that half a command may miss; else they are without effect. The longest
/// head is that of `GS ( L`, function 112.
pub(super) const ARGUMENTS: [u8; 16] = [0; 16];
/// Fills up what is missing of half a command: more than our longest, a band of an image.
const FILLING: usize = 8192;
/// The longest command, `GS ( L`, has 65,540 bytes: others may send such ones.
const FILLINGS: u8 = 9;

impl EscPos {
    pub(super) fn begin(&mut self, now: Mono, id: JobId, bytes: Vec<u8>) {
        let refusal = match &self.job {
            Some(running) if running.id == id => return,
            Some(_) => "The printer is busy with another receipt. Print again in a moment.",
            None if !self.up => {
                "The printer cannot be reached. Check that it is on, and its cable; then print \
                 again."
            }
            None => {
                let give_up = now + PATIENCE;
                self.job = Some(Job {
                    id,
                    stage: Stage::Probing { bytes, give_up },
                    trusted: false,
                    told: None,
                });
                if !self.round.is_asked() {
                    self.ask(now);
                }
                return;
            }
        };
        let ending = Ending::NotStarted(refusal.into());
        self.tell(Event::Ended { job: id, ending });
    }

    /// Begins a round of questions.
    pub(super) fn ask(&mut self, now: Mono) {
        let question = self.round.begin(now);
        self.send(question);
    }

    /// Goes on when the printer is known to stand between two commands, and asks where it is not.
    pub(super) fn align(&mut self, now: Mono) {
        let Some(job) = &mut self.job else { return };
        let Stage::Probing { bytes, give_up } = &mut job.stage else {
            return;
        };
        if self.aligned {
            return self.store();
        }
        match question(self.confirmation, job.id, Side::Before) {
            Some(question) if !self.signless => {
                job.stage = Stage::Aligning {
                    bytes: std::mem::take(bytes),
                    give_up: *give_up,
                    until: now + SIGN,
                    fillings: 0,
                };
                self.send(question);
            }
            Some(_) | None => {
                if !self.whole {
                    self.send(vec![0; FILLING]);
                }
                self.store();
            }
        }
    }

    /// The sign has come.
    pub(super) fn sign(&mut self, now: Mono) {
        let Some(job) = &mut self.job else { return };
        match &mut job.stage {
            Stage::Aligning { bytes, .. } => {
                self.signless = false;
                if self.confirmation == Confirmation::ProcessId {
                    self.aligned = true;
                    return self.store();
                }
                let bytes = std::mem::take(bytes);
                let until = now + QUIET;
                job.stage = Stage::Quiet { bytes, until };
            }
            Stage::Quiet { until, .. } => *until = now + QUIET,
            _ => {}
        }
    }

    /// The sign has not come in time: half a command may wait for its rest.
    pub(super) fn no_sign(&mut self, now: Mono) {
        let backlog = self.backlog;
        // A printer that answers in real time is there, and may be in a long command.
        let most = if self.silent > 0 { 1 } else { FILLINGS };
        let Some(job) = &mut self.job else { return };
        let id = job.id;
        let Stage::Aligning {
            until, fillings, ..
        } = &mut job.stage
        else {
            return;
        };
        if backlog > 0 {
            *until = now + SIGN;
        } else if *fillings < most {
            *fillings += 1;
            *until = now + SIGN_BEHIND;
            let mut filling = vec![0; FILLING];
            filling.extend(question(self.confirmation, id, Side::Before).unwrap_or_default());
            self.send(filling);
        } else {
            self.signless = true;
            self.store();
        }
    }

    /// Asks for what must be durable before the first byte (law 8).
    pub(super) fn store(&mut self) {
        let Some(job) = &mut self.job else { return };
        let (Stage::Probing { bytes, .. }
        | Stage::Aligning { bytes, .. }
        | Stage::Quiet { bytes, .. }) = &mut job.stage
        else {
            return;
        };
        let bytes = std::mem::take(bytes);
        job.stage = Stage::Storing { bytes };
        let job = job.id;
        self.storing += 1;
        self.outputs.push_back(Output::Store(Fact::Sending { job }));
    }

    pub(super) fn stored(&mut self, now: Mono, durable: bool) {
        self.storing = self.storing.saturating_sub(1);
        let Some(job) = &mut self.job else { return };
        let Stage::Storing { bytes } = &mut job.stage else {
            return;
        };
        if self.storing > 0 {
            return;
        }
        if durable {
            let bytes = std::mem::take(bytes);
            self.give(now, bytes);
        } else {
            let reason = "That the receipt is being printed could not be kept. Free the disk; \
                          then print again.";
            self.end(now, Ending::NotStarted(reason.into()));
        }
    }

    /// Sends the receipt, and the question that is answered when it is printed.
    fn give(&mut self, now: Mono, mut bytes: Vec<u8>) {
        let Some(job) = &mut self.job else { return };
        if self.automatic {
            // The receipt's `ESC @` has ended it.
            bytes.extend(TELL_CHANGES);
        }
        bytes.extend(question(self.confirmation, job.id, Side::Behind).unwrap_or_default());
        job.trusted = self.aligned;
        self.aligned = false;
        self.whole = false;
        job.stage = Stage::Sending {
            size: Size::of(&bytes),
            behind: 0,
            moved: now,
            stalled: false,
        };
        job.told = None;
        // No question stands behind the receipt while the link takes it: so what the link has not
        // taken is the receipt's end, and nothing else.
        self.round = Round::Off;
        self.send(bytes);
    }

    /// The link has taken everything.
    pub(super) fn sent(&mut self, now: Mono) {
        let Some(job) = &mut self.job else { return };
        let Stage::Sending { size, .. } = job.stage else {
            return;
        };
        let time = size.time();
        job.stage = Stage::Sent {
            size,
            through: now + time,
            give_up: now + SETTLE + time,
        };
        let job = job.id;
        if !self.round.is_asked() {
            self.round = Round::Due(now + BETWEEN_ROUNDS);
        }
        self.tell(Event::Sent { job });
        self.look(now);
    }
}
