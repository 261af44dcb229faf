//! `[terminal.concert]`

use super::super::{Names, section::Section};
use super::{COMPLETION, COMPLETIONS, position, suits};
use crate::{ConcertOptions, Link};

pub(super) fn read(
    terminal: &mut Section<'_, '_, '_>,
    _: &Names<'_>,
    _: bool,
) -> Option<ConcertOptions> {
    suits(
        terminal,
        |link| matches!(link, Link::Serial { .. }),
        "serial:/dev/serial/by-id/…, and caisse-ap as the protocol of a terminal in the network",
    );
    let mut options = ConcertOptions {
        position: 1,
        completion_timeout: COMPLETION,
    };
    if !terminal.has("concert") {
        return Some(options);
    }
    let mut section = terminal.inner("concert", &["position", "completion_timeout"])?;
    let position = position(&mut section);
    let completion = section.duration("completion_timeout", COMPLETION, COMPLETIONS);
    options.position = position?;
    options.completion_timeout = completion?;
    Some(options)
}
