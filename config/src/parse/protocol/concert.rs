//! `[terminal.concert]`

use std::time::Duration;

use super::{
    super::{Names, section::Section},
    Options, position, suits,
};
use crate::Link;

/// Longer than a customer looks for a card.
const COMPLETION: Duration = Duration::from_mins(3);
const SHORTEST: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_hours(1);

/// `[terminal.concert]`
#[derive(Debug, Clone)]
pub struct ConcertOptions {
    /// The till's number as the terminal prints it, from 1 to 99.
    pub position: u8,
    /// How long the terminal may work on one payment.
    pub completion_timeout: Duration,
}

impl Options for ConcertOptions {
fn read(
    terminal: &mut Section<'_, '_, '_>,
    _: &Names<'_>,
    _: bool,
) -> Option<Self> {
    suits(
        terminal,
        |link| matches!(link, Link::Serial { .. }),
        "serial:/dev/serial/by-id/…, and caisse-ap as the protocol of a terminal in the network",
    );
    let mut options = Self {
        position: 1,
        completion_timeout: COMPLETION,
    };
    if !terminal.has("concert") {
        return Some(options);
    }
    let mut section = terminal.inner("concert", &["position", "completion_timeout"])?;
    let position = position(&mut section);
    let completion = section.duration("completion_timeout", COMPLETION, SHORTEST..=LONGEST);
    options.position = position?;
    options.completion_timeout = completion?;
    Some(options)
}

    fn patience(&self) -> Duration {
        self.completion_timeout
    }
}
