//! What the terminal's answers lead to: results, receipts, its memory and its totals.

use std::time::Duration;

use payment::{DoubtReason, Text};

use super::{Ecr17, Last};
use crate::{
    Mono, Output,
    terminal::{
        Approved, Ending, Event, Fact, LastTransaction,
        ecr17::{
            frame::ACK,
            job::{Day, End, Judgement, Request, Step, day_end},
            reply::{Outcome, Totals},
        },
    },
};

/// How long the receipt may take behind the result, and its next part behind the last one.
const RECEIPT: Duration = Duration::from_secs(3);

impl Ecr17 {
    /// Law 2: an approval is acknowledged only when it is durable.
    pub(super) fn result(&mut self, now: Mono, payload: &[u8], request: Request, print: u64) {
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
    pub(super) fn ticket(&mut self, now: Mono, payload: &[u8]) {
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
    pub(super) fn last_result(&mut self, now: Mono, payload: &[u8], print: u64) {
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

    pub(super) fn totals(&mut self, now: Mono, payload: &[u8], day: Day) {
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

    pub(super) fn close_day(&mut self, now: Mono, total: Option<i64>) {
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
