//! Rounds of questions in real time. One question at a time: an answer does not say what it answers.

use std::time::Duration;

use super::super::status::Query;
use crate::{Mono, printer::Status};

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(1);

/// Where the questions stand.
#[derive(Debug, Default)]
pub(super) enum Round {
    /// Nobody asks.
    #[default]
    Off,
    /// The next round comes at this moment.
    Due(Mono),
    Asked {
        query: Query,
        until: Mono,
        /// What was answered so far.
        found: Found,
    },
}

/// What a round found.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Found {
    pub(super) status: Status,
    /// Not one question was answered.
    pub(super) silent: bool,
    /// Every question was.
    pub(super) whole: bool,
}

/// What comes of an answer, or of its absence.
#[derive(Debug)]
pub(super) enum Next {
    Ask(Vec<u8>),
    Over(Found),
}

impl Round {
    /// Begins a round, and gives what to send.
    pub(super) fn begin(&mut self, now: Mono) -> Vec<u8> {
        let found = Found {
            status: Status::default(),
            silent: true,
            whole: true,
        };
        self.ask(now, Query::Printer, found)
    }

    /// When something is due.
    pub(super) fn wake(&self) -> Option<Mono> {
        match self {
            Self::Off => None,
            Self::Due(at) | Self::Asked { until: at, .. } => Some(*at),
        }
    }

    pub(super) fn is_asked(&self) -> bool {
        matches!(self, Self::Asked { .. })
    }

    /// An answer came; nothing comes of one that was not asked for.
    pub(super) fn answer(&mut self, now: Mono, answer: u8) -> Option<Next> {
        let Self::Asked { query, found, .. } = self else {
            return None;
        };
        let (query, mut found) = (*query, *found);
        query.read(answer, &mut found.status);
        found.silent = false;
        Some(self.after(now, query.next(Some(answer)), found))
    }

    /// An answer's time is over. A printer that does not answer the first question is asked no more.
    pub(super) fn late(&mut self, now: Mono) -> Option<Next> {
        let Self::Asked {
            query,
            until,
            found,
        } = self
        else {
            return None;
        };
        if now < *until {
            return None;
        }
        let (query, mut found) = (*query, *found);
        found.whole = false;
        let next = query.next(None).filter(|_| query != Query::Printer);
        Some(self.after(now, next, found))
    }

    fn after(&mut self, now: Mono, next: Option<Query>, found: Found) -> Next {
        if let Some(query) = next {
            return Next::Ask(self.ask(now, query, found));
        }
        *self = Self::Off;
        Next::Over(found)
    }

    fn ask(&mut self, now: Mono, query: Query, found: Found) -> Vec<u8> {
        let until = now + ANSWER;
        *self = Self::Asked {
            query,
            until,
            found,
        };
        query.bytes()
    }
}
