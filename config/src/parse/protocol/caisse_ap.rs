//! `[terminal.caisse-ap]`

use super::super::{Names, section::Section};
use super::{COMPLETION, COMPLETIONS, position, suits};
use crate::{CaisseApOptions, Link};

/// What programs without an own identifier send.
const IDENTIFIER: &str = "012345678901";

pub(super) fn read(
    terminal: &mut Section<'_, '_, '_>,
    _: &Names<'_>,
    has_printer: bool,
) -> Option<CaisseApOptions> {
    suits(
        terminal,
        |link| matches!(link, Link::Tcp { .. }),
        "tcp:192.0.2.20:8888, and concert as the protocol of a terminal on a cable",
    );
    let mut options = CaisseApOptions {
        position: 1,
        identifier: IDENTIFIER.to_owned(),
        completion_timeout: COMPLETION,
        tickets: false,
    };
    if !terminal.has("caisse-ap") {
        return Some(options);
    }
    let known = ["position", "identifier", "completion_timeout", "tickets"];
    let mut section = terminal.inner("caisse-ap", &known)?;
    let position = position(&mut section);
    let completion = section.duration("completion_timeout", COMPLETION, COMPLETIONS);
    if let Some(identifier) = section.text("identifier") {
        if identifier.len() != 12 || !identifier.bytes().all(|b| b.is_ascii_digit()) {
            section.note(
                "identifier",
                "is not twelve digits; leave it out unless the Association du Paiement gave you one",
            );
        }
        identifier.clone_into(&mut options.identifier);
    }
    if let Some(tickets) = section.flag("tickets") {
        options.tickets = tickets;
        if tickets && !has_printer {
            section.note(
                "tickets",
                "there is no printer for them; name one by terminal.printer, or write false",
            );
        }
    }
    options.position = position?;
    options.completion_timeout = completion?;
    Some(options)
}
