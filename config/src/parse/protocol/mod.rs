//! The protocol of a `[[terminal]]`, and the table of its options: one file each.

use super::{Names, section::Section};
use crate::Protocol;

mod adyen;
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
    "adyen" => Adyen, adyen::read;
}
