//! One printer's spool: which receipt is printed next, and what its end means. Pure.
//!
//! A job is durable as `sending` before its first byte (the driver asks for that), so a crash never prints twice by itself
//! (law 8): what is found `sending` at the start is `unknown`.

use drivers::printer;
use sync::queue::{Job, JobId, JobState};

/// A printer's spool.
#[derive(Debug, Default)]
pub struct Spool {
    state: State,
    /// Work may have fallen due while a job was running.
    look_again: bool,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    Looking,
    Printing(JobId),
    /// The driver waits to hear that the job is durable as sending.
    Storing(JobId),
    /// Its end is being written; nothing of it was printed if `again`.
    Settling {
        again: bool,
    },
}

/// What happens.
#[derive(Debug)]
pub enum Event {
    /// Work may have fallen due, or it is time to try again.
    Wake,
    /// The oldest job that is due.
    Due(Option<Job>),
    /// The last [`Effect::Mark`] is durable, or not.
    Marked(bool),
    /// The driver wants to send the first byte of a job.
    Sending(JobId),
    /// The printer tells something.
    Printer(printer::Event),
}

/// What is to be done.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Find the oldest job that is due, and say [`Event::Due`].
    Look,
    /// Make this durable, and say [`Event::Marked`].
    Mark(JobId, JobState),
    /// Print it.
    Print(Job),
    /// Tell the driver whether it may send.
    Answer(bool),
    /// Nothing can be printed now: wake again after a while.
    Rest,
}

impl Spool {
    /// Takes one event.
    pub fn handle(&mut self, event: Event) -> Option<Effect> {
        match (std::mem::take(&mut self.state), event) {
            (State::Idle, Event::Wake | Event::Printer(printer::Event::Ready)) => Some(self.look()),
            (State::Looking, Event::Due(Some(job))) => {
                self.state = State::Printing(job.id);
                Some(Effect::Print(job))
            }
            (State::Looking, Event::Due(None)) => self.look_again(),
            (State::Printing(running), Event::Sending(job)) if running == job => {
                self.state = State::Storing(job);
                Some(Effect::Mark(job, JobState::Sending))
            }
            // What could not be made durable is not sent (law 8): the driver ends the job.
            (State::Storing(job), Event::Marked(durable)) => {
                self.state = State::Printing(job);
                Some(Effect::Answer(durable))
            }
            // A job that is over is asked about in vain.
            (state, Event::Sending(_)) => {
                self.state = state;
                Some(Effect::Answer(false))
            }
            (State::Printing(running), Event::Printer(printer::Event::Ended { job, ending }))
                if running == job =>
            {
                let state = settled(job, ending);
                self.state = State::Settling {
                    again: state == JobState::Queued,
                };
                Some(Effect::Mark(job, state))
            }
            // It would meet the same obstacle at once.
            (State::Settling { again: true }, Event::Marked(_)) => Some(Effect::Rest),
            (State::Settling { again: false }, Event::Marked(_)) => Some(self.look()),
            (state, Event::Wake) => {
                self.look_again = true;
                self.state = state;
                None
            }
            (state, _) => {
                self.state = state;
                None
            }
        }
    }

    fn look(&mut self) -> Effect {
        self.look_again = false;
        self.state = State::Looking;
        Effect::Look
    }

    fn look_again(&mut self) -> Option<Effect> {
        self.look_again.then(|| self.look())
    }
}

fn settled(job: JobId, ending: printer::Ending) -> JobState {
    match ending {
        printer::Ending::Confirmed => JobState::Confirmed,
        printer::Ending::NotStarted(reason) => {
            tracing::info!(job, %reason, "nothing was printed; it will be tried again");
            JobState::Queued
        }
        printer::Ending::Unknown(reason) | printer::Ending::Cancelled(reason) => {
            JobState::Unknown { reason }
        }
    }
}

/// What becomes of a job that was being sent when the daemon stopped: it may be on paper or not, so a
/// person looks.
pub fn interrupted() -> JobState {
    if payment::planted(8) {
        return JobState::Queued;
    }
    JobState::Unknown {
        reason: "The daemon stopped while the receipt was being printed.".into(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use payment::PaymentId;
    use sync::queue::{JobKind, Printed};

    use super::*;

    fn job(id: JobId) -> Job {
        Job {
            id,
            what: Printed::Payment(PaymentId::new(Timestamp::UNIX_EPOCH, [0; 10])),
            printer: "front".parse().unwrap(),
            kind: JobKind::Customer,
            state: JobState::Queued,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn ended(ending: printer::Ending) -> Event {
        Event::Printer(printer::Event::Ended { job: 1, ending })
    }

    /// Runs a job up to its printing.
    fn printing() -> Spool {
        let mut spool = Spool::default();
        assert_eq!(spool.handle(Event::Wake), Some(Effect::Look));
        let print = Some(Effect::Print(job(1)));
        assert_eq!(spool.handle(Event::Due(Some(job(1)))), print);
        let marked = Some(Effect::Mark(1, JobState::Sending));
        assert_eq!(spool.handle(Event::Sending(1)), marked);
        let answer = Some(Effect::Answer(true));
        assert_eq!(spool.handle(Event::Marked(true)), answer);
        spool
    }

    #[test]
    fn a_job_is_durable_before_it_prints_and_after() {
        let mut spool = printing();
        let settled = spool.handle(ended(printer::Ending::Confirmed));
        assert_eq!(settled, Some(Effect::Mark(1, JobState::Confirmed)));
        assert_eq!(
            spool.handle(Event::Marked(true)),
            Some(Effect::Look),
            "there may be more"
        );
    }

    #[test]
    fn what_cannot_be_made_durable_is_not_printed() {
        let mut spool = Spool::default();
        spool.handle(Event::Wake);
        spool.handle(Event::Due(Some(job(1))));
        // A job that is over.
        let no = Some(Effect::Answer(false));
        assert_eq!(spool.handle(Event::Sending(2)), no);
        spool.handle(Event::Sending(1));
        assert_eq!(spool.handle(Event::Marked(false)), no);
    }

    #[test]
    fn only_what_certainly_did_not_start_is_queued_again() {
        let reason: payment::Text = "why".into();
        let clean = printing().handle(ended(printer::Ending::NotStarted(reason.clone())));
        assert_eq!(clean, Some(Effect::Mark(1, JobState::Queued)));
        let unknown = printing().handle(ended(printer::Ending::Unknown(reason.clone())));
        assert_eq!(unknown, Some(Effect::Mark(1, JobState::Unknown { reason })));
    }

    #[test]
    fn a_wake_up_in_mid_job_is_not_lost() {
        let mut spool = Spool::default();
        assert_eq!(spool.handle(Event::Wake), Some(Effect::Look));
        assert_eq!(spool.handle(Event::Wake), None);
        assert_eq!(spool.handle(Event::Due(None)), Some(Effect::Look));
        assert_eq!(spool.handle(Event::Due(None)), None);
    }
}
