//! How a job ends.

use std::time::Duration;

use super::{
    EscPos,
    round::Round,
    stage::{Job, Stage},
};
use crate::{
    Mono, Output,
    link::Policy,
    printer::{Ending, Event, JobId, Paper, escpos::status::Demultiplexer},
};

/// `DLE DC4`, function 8: drop all that is received and not printed.
const CLEAR: [u8; 10] = [0x10, 0x14, 8, 1, 3, 20, 1, 6, 2, 8];
/// How long the answer to that may take.
const CLEARED: Duration = Duration::from_secs(5);

const GIVEN_UP: &str = "It was given up before anything was printed.";
const GIVEN_UP_LATE: &str = "It was given up while it was printed. Look what came out.";
const GIVEN_UP_INSIDE: &str = "It was given up, but the printer still has it. Switch the printer \
                               off and on before the next receipt, and look what came out.";
const PRINTING: &str =
    "The printer was disconnected while printing. Look whether the receipt came out.";

impl EscPos {
    /// The answer from behind the receipt has come.
    pub(super) fn printed(&mut self, now: Mono, paper: Paper) {
        let Some(job) = &mut self.job else { return };
        match &mut job.stage {
            // The question has not left yet.
            Stage::Sending { behind, .. } if self.backlog > *behind => {}
            Stage::Sending { .. } | Stage::Sent { .. } if job.trusted => {
                self.sent(now);
                // The paper ended, and nobody knows on which line.
                self.end(
                    now,
                    if paper == Paper::Out {
                        Ending::Unknown(
                            "The paper ended while printing. Look whether the receipt is whole."
                                .into(),
                        )
                    } else {
                        Ending::Confirmed
                    },
                );
            }
            Stage::Clearing { printed, .. } => *printed = job.trusted && paper != Paper::Out,
            _ => {}
        }
    }

    /// What left cannot be called back; what did not, needs not.
    pub(super) fn cancel(&mut self, now: Mono, id: JobId) {
        let Some(job) = self.job.as_mut().filter(|job| job.id == id) else {
            return;
        };
        match job.stage {
            Stage::Probing { .. }
            | Stage::Aligning { .. }
            | Stage::Quiet { .. }
            | Stage::Storing { .. } => self.end(now, Ending::Cancelled(GIVEN_UP.into())),
            // Behind what the link does not take, a command to clear would not come through.
            Stage::Sending { size, behind, .. } if self.backlog > 0 => {
                job.stage = Stage::Leaving { size, behind };
                self.up = false;
                self.outputs.push_back(Output::Close);
            }
            Stage::Sending { .. } | Stage::Sent { .. } if self.clears => {
                let until = now + CLEARED;
                let printed = false;
                job.stage = Stage::Clearing { until, printed };
                self.round = Round::Off;
                self.send(CLEAR.to_vec());
            }
            Stage::Sending { .. } | Stage::Sent { .. } => {
                self.end(now, Ending::Unknown(GIVEN_UP_INSIDE.into()));
            }
            Stage::Clearing { .. } | Stage::Leaving { .. } => {}
        }
    }

    /// The printer has forgotten what it had.
    pub(super) fn cleared(&mut self, now: Mono) {
        self.end_clearing(now, GIVEN_UP_LATE);
    }

    pub(super) fn not_cleared(&mut self, now: Mono) {
        self.end_clearing(now, GIVEN_UP_INSIDE);
    }

    fn end_clearing(&mut self, now: Mono, reason: &str) {
        if let Some(Job {
            stage: Stage::Clearing { printed, .. },
            ..
        }) = self.job
        {
            self.end(
                now,
                if printed {
                    Ending::Confirmed
                } else {
                    Ending::Unknown(reason.into())
                },
            );
        }
    }

    pub(super) fn link_down(&mut self, now: Mono) {
        let was_up = std::mem::take(&mut self.up);
        let backlog = std::mem::take(&mut self.backlog);
        self.heard = Demultiplexer::default();
        self.round = Round::Off;
        self.forget();
        let ending = self.job.as_ref().map(|job| match &job.stage {
            Stage::Probing { .. }
            | Stage::Aligning { .. }
            | Stage::Quiet { .. }
            | Stage::Storing { .. } => Ending::NotStarted(
                "The printer was disconnected. Check its cable, and print again.".into(),
            ),
            Stage::Sending { size, behind, .. } if backlog >= size.bytes + behind => {
                Ending::NotStarted(
                    "The printer was disconnected before it took anything. Check its cable, and \
                     print again."
                        .into(),
                )
            }
            Stage::Sending { .. } | Stage::Sent { .. } => Ending::Unknown(PRINTING.into()),
            Stage::Leaving { size, behind } if backlog >= size.bytes + behind => {
                Ending::Cancelled(GIVEN_UP.into())
            }
            Stage::Clearing { printed: true, .. } => Ending::Confirmed,
            Stage::Clearing { .. } => Ending::Unknown(GIVEN_UP_LATE.into()),
            Stage::Leaving { .. } => Ending::Unknown(GIVEN_UP_INSIDE.into()),
        });
        if let Some(ending) = ending {
            self.end(now, ending);
        }
        if was_up {
            let reason = "The printer is disconnected. Check that it is on, and its cable.".into();
            self.tell(Event::NotReady { reason });
        }
    }

    /// Ends the job. After doubt the link is made anew, so that a late answer to this job cannot
    /// confirm the next one.
    pub(super) fn end(&mut self, now: Mono, ending: Ending) {
        let Some(Job {
            id: job, trusted, ..
        }) = self.job.take()
        else {
            return;
        };
        let doubt = matches!(ending, Ending::Unknown(_));
        if ending == Ending::Confirmed {
            self.aligned = trusted;
            self.whole = true;
        }
        self.tell(Event::Ended { job, ending });
        if self.up && (doubt || self.policy == Policy::PerJob) {
            self.up = false;
            self.outputs.push_back(Output::Close);
        }
        if !self.round.is_asked() {
            self.rest(now);
        }
    }
}
