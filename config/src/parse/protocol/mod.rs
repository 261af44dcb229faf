//! The protocol of a `[[terminal]]`, and the table of its options: one file each.

use std::{ops::RangeInclusive, time::Duration};

use super::{Names, section::Section};
use crate::{Link, Protocol};

mod caisse_ap;
mod concert;
mod zvt;

macro_rules! protocols {
    ($($name:literal => $variant:ident, $read:path;)*) => {
        /// What can stand for `protocol`, and heads a table of options by the same name.
        pub const PROTOCOLS: &[&str] = &[$($name,)*];

        /// Reads `protocol` and its table.
        pub(super) fn read(
            section: &mut Section<'_, '_, '_>,
            names: &Names<'_>,
            has_printer: bool,
        ) -> Option<Protocol> {
            match section.required_text("protocol", "zvt")? {
                $($name => $read(section, names, has_printer).map(Protocol::$variant),)*
                other => {
                    let known = PROTOCOLS.join(", ");
                    let text = format!("“{other}” is not a protocol; write one of {known}");
                    section.note("protocol", text);
                    None
                }
            }
        }
    };
}

protocols! {
    "zvt" => Zvt, zvt::read;
    "concert" => Concert, concert::read;
    "caisse-ap" => CaisseAp, caisse_ap::read;
}

/// Notes a link that the protocol does not run over. One that is no link at all was noted before.
fn suits(terminal: &mut Section<'_, '_, '_>, fits: fn(&Link) -> bool, write: &str) {
    let link: Option<Link> = terminal.peek("link").and_then(|text| text.parse().ok());
    if link.is_some_and(|link| !fits(&link)) {
        terminal.note("link", format!("does not suit the protocol; write {write}"));
    }
}

/// The till's number: 1 unless the file says another.
fn position(section: &mut Section<'_, '_, '_>) -> Option<u8> {
    if !section.has("position") {
        return Some(1);
    }
    let position = section.byte("position")?;
    if !(1..=99).contains(&position) {
        section.note("position", "is not a till's number; write one from 1 to 99");
        return None;
    }
    Some(position)
}

/// How long a French terminal may work on one payment: longer than a customer looks for a card.
const COMPLETION: Duration = Duration::from_mins(3);
const COMPLETIONS: RangeInclusive<Duration> = Duration::from_secs(30)..=Duration::from_hours(1);
