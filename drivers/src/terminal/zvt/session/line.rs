//! What a session tells of its serial line.

use std::time::Duration;

use super::Zvt;
use crate::{
    Mono,
    terminal::{Event, LineStatistics},
};

/// How long the line's state is not told again.
const LINE_PAUSE: Duration = Duration::from_secs(1);

impl Zvt {
    /// How well the serial line works, since the beginning; none over TCP.
    pub fn statistics(&self) -> Option<LineStatistics> {
        self.transport.statistics()
    }

    /// Tells how the line is. However bad it gets, that is told at most once in a while.
    pub(super) fn tell_line(&mut self, now: Mono) {
        if let Some(line) = self.statistics()
            && self.line_due().is_some_and(|due| now >= due)
        {
            self.line_told = Some((line, now));
            self.event(Event::Line(line));
        }
    }

    /// When the line's state is to be told; none while nothing is new.
    pub(super) fn line_due(&self) -> Option<Mono> {
        let line = self.statistics()?;
        match self.line_told {
            None => Some(Mono::default()),
            Some((told, at)) => (told != line).then(|| at + LINE_PAUSE),
        }
    }

    /// Numbers only: what the frames held is nobody's business.
    pub(super) fn log_statistics(&self) {
        let line = self.statistics().unwrap_or_default();
        if line != LineStatistics::default() {
            tracing::info!(
                naks_sent = line.naks_sent,
                naks_received = line.naks_received,
                repeats = line.repeats,
                crc_errors = line.crc_errors,
                noise = line.noise,
                failures = line.failures,
                "the terminal's line was not always good"
            );
        }
    }
}
