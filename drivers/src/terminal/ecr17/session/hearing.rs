//! The part of a session that listens.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use payment::{DoubtReason, Refusal, Text};

use super::{Ecr17, Last};
use crate::{
    Mono, Output,
    terminal::{
        Approved, DayEnd, Ending, Event, Fact, LastTransaction,
        ecr17::{
            frame::{ACK, Found, NAK},
            job::{Day, End, Job, Judgement, Request, Step, Wish, day_end, doubt},
            lrc::Lrc,
            reply::{self, Outcome, Status, Totals},
        },
    },
};

/// A message is sent or asked for so often (Communication Protocol: "up to three").
const TIMES: u8 = 3;
/// More messages than a terminal sends while the disk is awaited.
const MAX_HELD: usize = 16;
/// How long the receipt may take behind the result, and its next part behind the last one.
const RECEIPT: Duration = Duration::from_secs(3);

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

    fn garbage(&mut self) {
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
    fn works(&mut self, now: Mono) {
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

    fn message(&mut self, now: Mono, payload: &[u8]) {
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
    fn left_over(&mut self, payload: &[u8], known: bool) {
        let is_result = Outcome::decode(payload).is_some_and(|outcome| {
            let stored = outcome.stored(self.settings.currency, None);
            stored.is_none_or(|stored| stored.kind != payment::StoredKind::Refused)
        });
        if known || !is_result {
            self.answer(ACK);
        }
    }

    /// Law 2: an approval is acknowledged only when it is durable.
    fn result(&mut self, now: Mono, payload: &[u8], request: Request, print: u64) {
        let Some(outcome) = Outcome::decode(payload) else {
            return self.garbage();
        };
        let time = self.time(now);
        let configured = self.settings.terminal_id();
        let terminal = configured.or(self.terminal_id.as_ref().map(Text::as_str));
        let before = self.last.and_then(|last| last.stan);
        let judgement = request.judge(&outcome, terminal, before, time);
        let payment = request.payment();
        match judgement {
            Judgement::Store(approval) => {
                self.keep(&outcome, print);
                if let Some(job) = &mut self.job {
                    job.step = Step::Storing;
                    job.deadline = None;
                    job.approval = Some(approval.clone());
                }
                self.stores = self.stores.saturating_add(1);
                let approved = Approved { payment, approval };
                self.outputs
                    .push_back(Output::Store(Fact::Approved(approved)));
            }
            Judgement::End(ending) => {
                self.keep(&outcome, print);
                self.answer(ACK);
                self.end(now, End::Payment(payment, ending));
            }
            Judgement::Doubt(doubt) => self.end_in_doubt(now, doubt),
        }
    }

    /// Law 2: an approval is acknowledged here and nowhere else.
    ///
    /// The result is the terminal's last word, after its host's: once it is durable and acknowledged,
    /// nothing takes it back.
    pub(super) fn stored(&mut self, now: Mono, durable: bool) {
        self.stores = self.stores.saturating_sub(1);
        let Some(job) = &mut self.job else {
            return;
        };
        // The answer to a fact of a job that is over.
        if job.step != Step::Storing || self.stores > 0 {
            return;
        }
        if !durable {
            let doubt = job.lost(DoubtReason::NotStored);
            return self.end_in_doubt(now, doubt);
        }
        let end = job.payment().map(|id| End::Payment(id, Ending::Completed));
        self.answer(ACK);
        if let Some(end) = end {
            self.end_with_receipt(now, end);
        }
        for payload in std::mem::take(&mut self.held) {
            self.message(now, &payload);
        }
    }

    /// Ends the job, after its receipt if one comes here.
    fn end_with_receipt(&mut self, now: Mono, end: End) {
        match &mut self.job {
            Some(job) if job.here => {
                job.step = Step::Ending;
                job.deadline = Some(now + RECEIPT);
                job.end = Some(end);
            }
            Some(_) | None => self.end(now, end),
        }
    }

    /// Paper never decides money: what is to be printed is accepted at once (law 8).
    fn ticket(&mut self, now: Mono, payload: &[u8]) {
        self.answer(ACK);
        let lines = self.tickets.add(payload.get(10..).unwrap_or_default());
        let whole = lines.is_some();
        if let Some(lines) = lines {
            self.slip(lines);
        }
        let Some(job) = &mut self.job else {
            return;
        };
        match job.step {
            Step::Ending if whole => {
                if let Some(end) = job.end.take() {
                    self.end(now, end);
                }
            }
            Step::Ending => job.deadline = Some(now + RECEIPT),
            Step::Working => self.works(now),
            Step::Enable
            | Step::Enabling
            | Step::Settling
            | Step::Ask
            | Step::Asking
            | Step::Storing => {}
        }
    }

    /// The answer to `G`: a result as it was when it came first.
    fn last_result(&mut self, now: Mono, payload: &[u8], print: u64) {
        let Some(outcome) = Outcome::decode(payload) else {
            self.answer(ACK);
            let text = "The terminal's last result is of a kind that is not known here.";
            return self.last_told(now, LastTransaction::Unsupported(text.into()));
        };
        self.answer(ACK);
        self.keep(&outcome, print);
        let stored = outcome.stored(self.settings.currency, self.time(now));
        let told = stored.map_or_else(
            || {
                let text = "The terminal's last result says neither yes nor no.";
                LastTransaction::Unsupported(text.into())
            },
            |stored| LastTransaction::Stored(Box::new(stored)),
        );
        self.last_told(now, told);
    }

    pub(super) fn last_told(&mut self, now: Mono, told: LastTransaction) {
        self.event(Event::LastTransaction(told));
        self.over(now);
    }

    fn totals(&mut self, now: Mono, payload: &[u8], day: Day) {
        let expected = if day.closing { b'C' } else { b'T' };
        let Some(totals) = Totals::decode(payload, expected) else {
            return self.left_over(payload, false);
        };
        self.answer(ACK);
        if day.closing {
            let end = End::Day(day_end(&totals, day.total));
            return self.end_with_receipt(now, end);
        }
        let total = match totals {
            Totals::Told { terminal, .. } => terminal,
            Totals::Refused(_) | Totals::Unclear => None,
        };
        self.close_day(now, total);
    }

    fn close_day(&mut self, now: Mono, total: Option<i64>) {
        let print_here = self.settings.print_here;
        if let Some(job) = &mut self.job {
            job.close_day(total, print_here);
        }
        self.go(now);
    }

    /// Remembers a result, to know it when it comes again.
    fn keep(&mut self, outcome: &Outcome, print: u64) {
        let stan = outcome.stan;
        self.last = Some(Last { print, stan });
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
