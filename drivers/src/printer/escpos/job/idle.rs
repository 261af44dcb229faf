//! What is known of a printer, and what it does between jobs.

use std::time::Duration;

use super::{
    EscPos,
    round::Round,
    stage::{Job, Stage},
};
use crate::{
    Mono, Output,
    link::Policy,
    printer::{Drawer, Event, Status},
};

/// `GS a`: tell by yourself when drawer, online, error or paper change. `ESC @` ends it.
pub(super) const TELL_CHANGES: [u8; 3] = [0x1d, b'a', 0x0f];
/// From one round of questions to the next, while nothing is printed.
const IDLE: Duration = Duration::from_secs(10);
/// A printer that has not answered so often is asked again with the next job.
const SILENT_ROUNDS: u32 = 3;

impl EscPos {
    /// Between jobs a printer is asked from time to time, unless it tells by itself, or never answers.
    /// Nothing but `DLE EOT`: that resets nothing, and wakes nobody. Not where the link is only there
    /// for a job.
    pub(super) fn rest(&mut self, now: Mono) {
        let asks = self.up && self.policy == Policy::Keep;
        self.round = if asks && !self.tells && self.silent < SILENT_ROUNDS {
            let first = self.status == Status::default() && self.silent == 0;
            Round::Due(if first { now } else { now + IDLE })
        } else {
            Round::Off
        };
    }

    /// Takes what was said, and keeps what was said before of the rest.
    pub(super) fn learn(&mut self, said: Status) {
        let before = self.status;
        self.know(Status {
            online: said.online.or(before.online),
            paper: said.paper.or(before.paper),
            cover_open: said.cover_open.or(before.cover_open),
            cutter_error: said.cutter_error.or(before.cutter_error),
            other_error: said.other_error.or(before.other_error),
            drawer_open: said.drawer_open.or(before.drawer_open),
        });
    }

    /// Nothing is known any more.
    pub(super) fn forget(&mut self) {
        self.know(Status::default());
    }

    fn know(&mut self, status: Status) {
        if status != self.status {
            self.status = status;
            self.tell(Event::Status(status));
        }
    }

    /// `ESC p`, with full times: 50 ms of current, and 500 ms of rest. Between whole commands, as all
    /// that is sent.
    pub(super) fn kick(&mut self, drawer: Drawer) {
        let refusal = if !self.drawer {
            Some("This printer's profile has no cash drawer. Open it with its key.")
        } else if !self.up {
            Some(
                "The printer cannot be reached, so the cash drawer stays closed. Open it with its \
                 key.",
            )
        } else if self.status.obstacle().is_some() || self.is_shut() {
            // It would open later, when nobody stands there.
            Some(
                "The printer does not take commands now, so the cash drawer stays closed. Open it \
                 with its key, and look at the printer.",
            )
        } else {
            None
        };
        if let Some(reason) = refusal {
            let reason = reason.into();
            return self.tell(Event::NotKicked { drawer, reason });
        }
        let pin = match drawer {
            Drawer::Pin2 => 0,
            Drawer::Pin5 => 1,
        };
        let pulse = vec![0x1b, b'p', pin, 25, 250];
        if let Some(Job {
            stage: Stage::Sending { behind, .. },
            ..
        }) = &mut self.job
        {
            *behind += pulse.len();
        }
        self.send(pulse);
        self.tell(Event::Kicked { drawer });
        if self.job.is_none() && self.policy == Policy::PerJob {
            self.up = false;
            self.outputs.push_back(Output::Close);
        }
    }

    /// What is sent now would not be carried out soon. While the printer clears its buffers nothing may
    /// be sent at all.
    fn is_shut(&self) -> bool {
        match self.job.as_ref().map(|job| &job.stage) {
            Some(Stage::Sending { stalled, .. }) => *stalled,
            Some(Stage::Clearing { .. } | Stage::Leaving { .. }) => true,
            _ => false,
        }
    }
}
