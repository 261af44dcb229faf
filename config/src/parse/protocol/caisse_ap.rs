//! `[terminal.caisse-ap]`

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

/// What programs without an own identifier send.
const IDENTIFIER: &str = "012345678901";

/// `[terminal.caisse-ap]`
#[derive(Debug, Clone)]
pub struct CaisseApOptions {
    /// The till's number as the terminal prints it, from 1 to 99.
    pub position: u8,
    /// The twelve digits by which the Association du Paiement knows the till's program.
    pub identifier: String,
    /// How long the terminal may work on one payment.
    pub completion_timeout: Duration,
    /// Whether the customer's receipt of the terminal is asked for (version 3.2).
    pub tickets: bool,
}

impl Options for CaisseApOptions {
fn read(
    terminal: &mut Section<'_, '_, '_>,
    _: &Names<'_>,
    has_printer: bool,
) -> Option<Self> {
    suits(
        terminal,
        |link| matches!(link, Link::Tcp { .. }),
        "tcp:192.0.2.20:8888, and concert as the protocol of a terminal on a cable",
    );
    let mut options = Self {
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
    let completion = section.duration("completion_timeout", COMPLETION, SHORTEST..=LONGEST);
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

    fn patience(&self) -> Duration {
        self.completion_timeout
    }
}
