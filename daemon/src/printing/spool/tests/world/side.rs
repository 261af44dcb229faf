//! A printer with its spool and driver, and the queue in memory that both share.

use super::*;

/// The print jobs, as far as they are durable.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) durable: BTreeMap<JobId, Job>,
    /// Written with the next that somebody waits for; lost in a crash.
    pub(super) lazy: Vec<(JobId, JobState)>,
    pub(super) full: bool,
}

impl Rows {
    pub(super) fn set(&mut self, job: JobId, state: JobState) -> Marked {
        let row = self.durable.get_mut(&job).unwrap();
        if !row.state.may_become(&state) {
            return Marked::Refused;
        }
        row.state = state;
        Marked::Kept
    }

    pub(super) fn write(&mut self, job: JobId, state: JobState) -> Marked {
        if self.full {
            return Marked::NotKept;
        }
        for (job, state) in std::mem::take(&mut self.lazy) {
            self.set(job, state);
        }
        self.set(job, state)
    }

    pub(super) fn hand_over(&mut self, job: JobId, to: &PrinterId) -> Marked {
        let marked = self.write(job, JobState::Queued);
        if marked == Marked::Kept {
            self.durable.get_mut(&job).unwrap().printer = to.clone();
        }
        marked
    }

    pub(super) fn due(&self, printer: &PrinterId) -> Option<Box<Job>> {
        let mut all = self.durable.values();
        let due = |job: &&Job| job.printer == *printer && job.state == JobState::Queued;
        all.find(due).cloned().map(Box::new)
    }
}

/// One printer with its wire, its driver and its spool.
pub(super) struct Side {
    pub(super) id: PrinterId,
    pub(super) stand_in: Option<PrinterId>,
    pub(super) policy: Policy,
    pub(super) spool: Spool,
    pub(super) driver: EscPos,
    pub(super) printer: Printer,
    pub(super) up: bool,
    pub(super) back_at: u64,
    /// Bytes on the wire, each with the job that it belongs to.
    pub(super) to_printer: VecDeque<(u8, Option<JobId>)>,
    pub(super) cut_after: Option<usize>,
    pub(super) wake: Option<Mono>,
}

pub(super) fn profile() -> &'static Profile {
    Profile::find("epson-tm-t20iii").unwrap()
}

/// Words that stand at both ends of a receipt.
pub(super) fn words(job: JobId) -> [String; 2] {
    [format!("begin {job:06}"), format!("end {job:06}")]
}

pub(super) fn receipt(job: JobId) -> Vec<u8> {
    let [first, last] = words(job);
    let line = |text: &str| Line::Text(text.into(), Style::default());
    let middle = (0..5).map(|n| line(&format!("{job} line {n}")));
    let lines: Vec<Line> = [line(&first)]
        .into_iter()
        .chain(middle)
        .chain([line(&last), Line::Cut])
        .collect();
    render(&lines, profile())
}

pub(super) fn rules(stand_in: Option<PrinterId>) -> Rules {
    Rules {
        expires: EXPIRES,
        stand_in,
        stand_in_after: STAND_IN_AFTER,
    }
}

impl Side {
    pub(super) fn new(id: &str, stand_in: Option<&str>, policy: Policy) -> Self {
        let stand_in: Option<PrinterId> = stand_in.map(|id| id.parse().unwrap());
        Self {
            id: id.parse().unwrap(),
            spool: Spool::new(rules(stand_in.clone())),
            stand_in,
            policy,
            driver: EscPos::new(profile(), policy),
            printer: Printer::new(48),
            up: false,
            back_at: 0,
            to_printer: VecDeque::new(),
            cut_after: None,
            wake: None,
        }
    }
}
