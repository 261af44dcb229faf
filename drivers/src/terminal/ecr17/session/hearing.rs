//! The part of a session that listens.

use std::hash::{DefaultHasher, Hash, Hasher};

use payment::{DoubtReason, Refusal, Text};

use super::Ecr17;
use crate::{
    Mono,
    terminal::{
        DayEnd, Ending, Event, LastTransaction,
        ecr17::{
            frame::{ACK, Found, NAK},
            job::{Day, End, Job, Step, Wish, doubt},
            lrc::Lrc,
            reply::{self, Outcome, Status},
        },
    },
};

/// A message is sent or asked for so often (Communication Protocol: "up to three").
const TIMES: u8 = 3;
/// More messages than a terminal sends while the disk is awaited.
const MAX_HELD: usize = 16;

impl Ecr17 {
    pub(super) fn bytes(&mut self, now: Mono, bytes: &[u8]) {
        if !self.line.is_up() {
            return;
        }
        self.reader.push(bytes);
        while self.line.is_up()
            && let Some(found) = self.reader.find()
        {
            match found {
                Found::Ack => self.acknowledged(now),
                Found::Nak(way) => self.refused(now, way),
                Found::Progress(text) => self.progress(now, &text),
                Found::Message { payload, lrc } => self.framed(now, &payload, lrc),
                Found::Garbage => self.garbage(),
            }
        }
    }

    pub(super) fn garbage(&mut self) {
        self.line.murky = true;
        if let Some(job) = &mut self.job {
            job.garbage = true;
        }
    }

    /// Our message was taken.
    fn acknowledged(&mut self, now: Mono) {
        match self.job.as_ref().map(|job| job.step) {
            Some(Step::Enabling) => self.settle(now),
            Some(Step::Asking) => self.works(now),
            Some(
                Step::Enable
                | Step::Settling
                | Step::Ask
                | Step::Working
                | Step::Storing
                | Step::Ending,
            )
            | None => {}
        }
    }

    /// The terminal works on what it was asked.
    pub(super) fn works(&mut self, now: Mono) {
        let settings = &self.settings;
        if let Some(job) = &mut self.job {
            let patience = match job.wish {
                Wish::Status | Wish::Last => settings.answer_timeout,
                Wish::Day(_) | Wish::Money(_) => settings.completion_timeout,
            };
            job.step = Step::Working;
            job.deadline = Some(now + patience);
        }
    }

    fn progress(&mut self, now: Mono, text: &[u8]) {
        let Some(Step::Asking | Step::Working) = self.job.as_ref().map(|job| job.step) else {
            return;
        };
        self.works(now);
        if let Some(payment) = self.job.as_ref().and_then(Job::payment) {
            let text = Text::new(String::from_utf8_lossy(text).trim());
            let code = Text::from("ecr17:progress");
            self.event(Event::Progress {
                payment,
                code,
                text,
            });
        }
    }

    /// Our message was not taken: its check byte or its terminal ID is wrong, or the terminal does
    /// not know it.
    fn refused(&mut self, now: Mono, way: Lrc) {
        let murky = std::mem::replace(&mut self.line.murky, true);
        let Some(job) = &mut self.job else {
            return;
        };
        let again = job.sends < TIMES;
        match (job.step, &job.wish) {
            (Step::Enabling, _) if again => self.ask(now),
            // It prints by itself.
            (Step::Enabling, _) => {
                self.step(Step::Ask);
                self.go(now);
            }
            (Step::Asking, Wish::Status) => self.status_refused(now, way),
            // Over TCP a refusal is no noise on a line: money is not asked for twice.
            (Step::Asking, Wish::Money(request)) => {
                let payment = request.payment();
                if murky {
                    let text = "The terminal refused a message, but it is not certain which.";
                    return self.end_in_doubt(now, doubt(DoubtReason::Garbage, text, None));
                }
                let ending = Ending::Declined(not_taken());
                self.end(now, End::Payment(payment, ending));
            }
            (Step::Asking, _) if again => self.ask(now),
            (Step::Asking, Wish::Last) => {
                let text = "The terminal has no last result, or cannot tell it.";
                self.last_told(now, LastTransaction::Unsupported(text.into()));
            }
            (Step::Asking, Wish::Day(Day { closing: false, .. })) => self.close_day(now, None),
            (Step::Asking, Wish::Day(_)) => {
                self.end(now, End::Day(DayEnd::Refused(not_taken())));
            }
            (
                Step::Enable
                | Step::Settling
                | Step::Ask
                | Step::Working
                | Step::Storing
                | Step::Ending,
                _,
            ) => {}
        }
    }

    /// The first question of all was refused: most likely for its check byte.
    fn status_refused(&mut self, now: Mono, way: Lrc) {
        let sends = self.job.as_ref().map_or(0, |job| job.sends);
        if self.lrc_known {
            if sends < TIMES {
                return self.ask(now);
            }
            if way != self.lrc {
                return self.other_lrc(now, way);
            }
        } else if usize::from(sends) <= Lrc::ALL.len() {
            // The refusal has a check byte as well. If that did not help, the next one is tried.
            let told = sends == 1 && way != self.lrc;
            self.lrc = if told { way } else { self.lrc.next() };
            return self.ask(now);
        }
        self.fail(
            now,
            "The terminal refuses to say how it is. Check terminal_id in [terminal.ecr17], and \
             that its ECR17 interface is on.",
        );
    }

    /// The configured way is wrong: said before any patient waits.
    fn other_lrc(&mut self, now: Mono, way: Lrc) {
        let (theirs, ours) = (way.as_str(), self.lrc.as_str());
        self.fail(
            now,
            &format!(
                "The terminal makes its check bytes as “{theirs}”, but the configuration says \
                 “{ours}”. Write lrc = \"{theirs}\" in [terminal.ecr17]."
            ),
        );
    }

    fn framed(&mut self, now: Mono, payload: &[u8], lrc: u8) {
        let asks_status = |job: &Job| job.wish == Wish::Status;
        let is_status = self.job.as_ref().is_some_and(asks_status);
        match Lrc::found(payload, lrc) {
            Some(way) if way == self.lrc => {}
            Some(way) if is_status && !self.lrc_known => self.lrc = way,
            Some(way) if is_status && self.settings.lrc.is_some() => {
                return self.other_lrc(now, way);
            }
            Some(_) | None => {
                self.garbage();
                let again = self.job.as_mut().is_some_and(|job| {
                    job.naks = job.naks.saturating_add(1);
                    job.naks <= TIMES && job.step != Step::Storing
                });
                if again {
                    self.answer(NAK);
                }
                return;
            }
        }
        self.message(now, payload);
    }

    pub(super) fn message(&mut self, now: Mono, payload: &[u8]) {
        if self
            .job
            .as_ref()
            .is_some_and(|job| job.step == Step::Storing)
        {
            return self.hold(payload);
        }
        let code = reply::code(payload);
        if code == Some(b'S') {
            return self.ticket(now, payload);
        }
        let print = fingerprint(payload);
        let known = self.last.is_some_and(|last| last.print == print);
        let (step, wish) = match &self.job {
            Some(job) => (job.step, job.wish.clone()),
            None => return self.left_over(payload, known),
        };
        match (step, wish) {
            (Step::Asking | Step::Working, Wish::Status) => match Status::decode(payload) {
                Some(status) => {
                    self.lrc_known = true;
                    self.answer(ACK);
                    self.status_told(now, &status);
                }
                None => self.left_over(payload, known),
            },
            (Step::Asking | Step::Working, Wish::Last) => self.last_result(now, payload, print),
            (Step::Asking | Step::Working, Wish::Day(day)) => self.totals(now, payload, day),
            (Step::Asking | Step::Working, Wish::Money(request)) if !known => {
                self.result(now, payload, request, print);
            }
            (
                Step::Enable
                | Step::Enabling
                | Step::Settling
                | Step::Ask
                | Step::Asking
                | Step::Working
                | Step::Storing
                | Step::Ending,
                _,
            ) => self.left_over(payload, known),
        }
    }

    /// Keeps a message until the disk has answered, unless it is the result once more: one answer
    /// is enough for that.
    fn hold(&mut self, payload: &[u8]) {
        let print = fingerprint(payload);
        let again = self.last.is_some_and(|last| last.print == print);
        if !again && self.held.len() < MAX_HELD {
            self.held.push(payload.to_vec());
        }
    }

    /// What belongs to nothing that runs. It is acknowledged, so that it does not come again, unless
    /// it may be an approval that nobody has stored: of that the terminal's memory will tell.
    pub(super) fn left_over(&mut self, payload: &[u8], known: bool) {
        let is_result = Outcome::decode(payload).is_some_and(|outcome| {
            let stored = outcome.stored(self.settings.currency, None);
            stored.is_none_or(|stored| stored.kind != payment::StoredKind::Refused)
        });
        if known || !is_result {
            self.answer(ACK);
        }
    }
}

/// The terminal did not even begin.
fn not_taken() -> Refusal {
    Refusal {
        code: Some("ecr17:NAK".into()),
        text: "The terminal refused the request. Look at its display, then try again.".into(),
    }
}

/// Tells a repeated message from another one, without keeping what it says of a card.
fn fingerprint(payload: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    payload.hash(&mut hasher);
    hasher.finish()
}
