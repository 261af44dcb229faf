//! The part of a session that deals with silence and lost connections.

use payment::{DoubtReason, Refusal, Text};

use super::{Ecr17, LOOK_SOON};
use crate::{
    Mono,
    terminal::{
        DayEnd, LastTransaction,
        ecr17::{
            job::{Day, End, Step, Wish, not_asked, unknown_day},
            lrc::Lrc,
        },
    },
};

/// How often a question that changes nothing is asked again on another connection.
const AGAIN: u8 = 2;
const SILENT: &str = "The terminal does not answer. Check that it is on and connected.";

impl Ecr17 {
    /// Nothing came in time.
    pub(super) fn silent(&mut self, now: Mono) {
        match self.job.as_ref().map(|job| job.step) {
            // It did not hang up behind `E`.
            Some(Step::Settling) => self.ask(now),
            Some(Step::Enabling | Step::Asking | Step::Working) => {
                self.lost(now, DoubtReason::Silence);
            }
            Some(Step::Ending) => self.end_now(now),
            Some(Step::Enable | Step::Ask | Step::Storing) | None => {}
        }
    }

    /// The connection ended in the middle of a job.
    pub(super) fn link_lost(&mut self, now: Mono) {
        if self
            .job
            .as_ref()
            .is_some_and(|job| job.step == Step::Ending)
        {
            self.end_now(now);
        } else {
            self.lost(now, DoubtReason::LinkLost);
        }
    }

    fn end_now(&mut self, now: Mono) {
        if let Some(end) = self.job.as_mut().and_then(|job| job.end.take()) {
            self.end(now, end);
        }
    }

    /// No answer will come to what was asked.
    fn lost(&mut self, now: Mono, reason: DoubtReason) {
        let Some(job) = &mut self.job else {
            return;
        };
        if job.step != Step::Enabling {
            match &job.wish {
                // Law 4: it may have arrived, and is never sent again.
                Wish::Money(_) => {
                    let doubt = job.lost(reason);
                    return self.end_in_doubt(now, doubt);
                }
                Wish::Day(Day {
                    closing: true,
                    total,
                }) => {
                    let why = "The terminal did not say whether its day is closed";
                    let end = End::Day(unknown_day(why, *total));
                    self.hang_up();
                    self.end(now, end);
                    return self.look_soon(now);
                }
                Wish::Status | Wish::Last | Wish::Day(_) => {}
            }
        }
        let mut again = AGAIN;
        if job.wish == Wish::Status && !self.lrc_known {
            // It may not answer what has a wrong check byte: each way gets its turn.
            again = u8::try_from(Lrc::ALL.len()).unwrap_or(AGAIN);
            if job.step == Step::Asking {
                self.lrc = self.lrc.next();
            }
        }
        job.links = job.links.saturating_add(1);
        if job.links >= again {
            return self.fail(now, SILENT);
        }
        job.step = match job.step {
            Step::Enabling => Step::Enable,
            Step::Enable
            | Step::Settling
            | Step::Ask
            | Step::Asking
            | Step::Working
            | Step::Storing
            | Step::Ending => Step::Ask,
        };
        (job.deadline, job.sends) = (None, 0);
        self.hang_up();
        self.go(now);
    }

    /// Gives a job up of which nothing was carried out.
    pub(super) fn fail(&mut self, now: Mono, why: &str) {
        let Some(job) = self.job.take() else {
            return;
        };
        self.hang_up();
        let not_done = format!("The terminal was not asked: {why}");
        match job.wish {
            Wish::Status => {
                self.lrc_known = self.settings.lrc.is_some();
                self.refuse_waiting(&not_done);
                self.not_ready(now, why);
                self.over(now);
            }
            Wish::Last => self.last_told(now, LastTransaction::NoAnswer(Text::new(why))),
            Wish::Day(_) => {
                let text = Text::new(&not_done);
                self.end(now, End::Day(DayEnd::Refused(Refusal { code: None, text })));
            }
            Wish::Money(request) => {
                let end = End::Payment(request.payment(), not_asked(&not_done));
                self.end(now, end);
            }
        }
        if job.wish != Wish::Status {
            self.not_ready(now, why);
            self.look_soon(now);
        }
    }

    fn look_soon(&mut self, now: Mono) {
        self.look_at = now + LOOK_SOON;
    }
}
