//! Days at the desk, and the moments at which they begin and end.

use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::{Date, Time},
    tz::TimeZone,
};

use crate::upstream::When;

/// Most days that are compared at once.
const DAYS: i64 = 366;

/// Whole days in the desk's time zone, the last one included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    first: Date,
    last: Date,
    zone: TimeZone,
    begins: Timestamp,
    ends: Timestamp,
}

/// Why days cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPeriod {
    /// The last day lies before the first.
    #[error("{to} lies before {from}; name the earlier day first")]
    Backwards {
        /// The first.
        from: Date,
        /// The last.
        to: Date,
    },
    /// Too many.
    #[error("at most {DAYS} days are compared at once; name fewer")]
    TooLong,
    /// No calendar goes there.
    #[error("{0} is outside of the calendar; name another day")]
    NoSuchDay(Date),
}

impl Period {
    /// From the first day to the last.
    ///
    /// # Errors
    /// When these are no days that can be compared.
    pub fn new(first: Date, last: Date, zone: TimeZone) -> Result<Self, InvalidPeriod> {
        if last < first {
            let (from, to) = (first, last);
            return Err(InvalidPeriod::Backwards { from, to });
        }
        if last.duration_since(first).as_hours() >= DAYS * 24 {
            return Err(InvalidPeriod::TooLong);
        }
        let outside = || InvalidPeriod::NoSuchDay(last);
        let after = last.tomorrow().map_err(|_| outside())?;
        Ok(Self {
            begins: midnight(first, &zone).ok_or_else(outside)?,
            ends: midnight(after, &zone).ok_or_else(outside)?,
            first,
            last,
            zone,
        })
    }

    /// The last `days` whole days before a moment.
    pub fn before(now: Timestamp, days: u8, zone: TimeZone) -> Option<Self> {
        let today = now.to_zoned(zone.clone()).date();
        let last = today.yesterday().ok()?;
        let first = today.checked_sub(i64::from(days.max(1)).days()).ok()?;
        Self::new(first, last, zone).ok()
    }

    /// The first day.
    pub fn first(&self) -> Date {
        self.first
    }

    /// The last day.
    pub fn last(&self) -> Date {
        self.last
    }

    /// The desk's time zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Its first moment.
    pub fn begins(&self) -> Timestamp {
        self.begins
    }

    /// The first moment after it.
    pub fn ends(&self) -> Timestamp {
        self.ends
    }

    /// Between which moments a system is asked: its days may begin at other moments than ours.
    pub fn asked(&self) -> (Timestamp, Timestamp) {
        let day = SignedDuration::from_hours(24);
        (
            self.begins.saturating_sub(day).unwrap_or(self.begins),
            self.ends.saturating_add(day).unwrap_or(self.ends),
        )
    }

    /// Whether something that was booked then belongs to it. What bears no date does.
    pub fn holds(&self, when: Option<When>) -> bool {
        match when {
            None => true,
            Some(When::At(at)) => self.begins <= at && at < self.ends,
            Some(When::On(day)) => self.first <= day && day <= self.last,
        }
    }

    /// Whether something is dated on quite another day than it was taken: clocks and time zones
    /// make up to a day.
    pub fn is_far(&self, at: Timestamp, when: Option<When>) -> bool {
        let taken = at.to_zoned(self.zone.clone()).date();
        let there = match when {
            None => return false,
            Some(When::At(there)) => there.to_zoned(self.zone.clone()).date(),
            Some(When::On(day)) => day,
        };
        taken.duration_since(there).abs() > SignedDuration::from_hours(24)
    }
}

/// The first moment of a day: where clocks are set at midnight, it is not 00:00.
fn midnight(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    let midnight = day.to_zoned(zone.clone()).ok()?;
    Some(midnight.start_of_day().ok()?.timestamp())
}

/// The next moment at which the desk's clock shows `time`, once a day: where clocks are set back, the
/// first of two; where that time is left out, the moment after.
pub fn next_run(now: Timestamp, time: Time, zone: &TimeZone) -> Option<Timestamp> {
    let today = now.to_zoned(zone.clone()).date();
    let run = |day: Date| {
        Some(
            day.to_datetime(time)
                .to_zoned(zone.clone())
                .ok()?
                .timestamp(),
        )
    };
    run(today)
        .filter(|at| *at > now)
        .or_else(|| run(today.tomorrow().ok()?))
}
