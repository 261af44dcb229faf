//! The protocol of a `[[terminal]]`, and the table of its options: one file and one line each.

use std::time::Duration;

use super::{Names, section::Section};
use crate::Link;

/// The options of one protocol: a table by the protocol's name in the table of the terminal.
trait Options: Sized {
    /// Reads them, with a default for each.
    fn read(
        terminal: &mut Section<'_, '_, '_>,
        names: &Names<'_>,
        has_printer: bool,
    ) -> Option<Self>;

    /// How long the terminal may work on one payment.
    fn patience(&self) -> Duration;
}

macro_rules! protocols {
    ($($name:literal => $module:ident, $variant:ident($options:ident);)*) => {
        $(
            mod $module;
            pub use $module::*;
        )*

        /// A terminal's protocol with that protocol's options.
        #[derive(Debug, Clone)]
        pub enum Protocol {
            $(
                #[doc = concat!("`protocol = \"", $name, "\"`")]
                $variant($options),
            )*
        }

        /// What can stand for `protocol`, and heads a table of options by the same name.
        pub const PROTOCOLS: &[&str] = &[$($name,)*];

        impl Protocol {
            /// How long the terminal may work on one payment.
            pub fn patience(&self) -> Duration {
                match self {
                    $(Self::$variant(options) => options.patience(),)*
                }
            }

            /// Reads `protocol` and its table.
            pub(super) fn read(
                section: &mut Section<'_, '_, '_>,
                names: &Names<'_>,
                has_printer: bool,
            ) -> Option<Self> {
                match section.required_text("protocol", "zvt")? {
                    $($name => $options::read(section, names, has_printer).map(Self::$variant),)*
                    other => {
                        let known = PROTOCOLS.join(", ");
                        let text = format!("“{other}” is not a protocol; write one of {known}");
                        section.note("protocol", text);
                        None
                    }
                }
            }
        }
    };
}

protocols! {
    "zvt" => zvt, Zvt(ZvtOptions);
    "concert" => concert, Concert(ConcertOptions);
    "caisse-ap" => caisse_ap, CaisseAp(CaisseApOptions);
    "ecr17" => ecr17, Ecr17(Ecr17Options);
    "adyen" => adyen, Adyen(AdyenOptions);
}

/// Notes a link that the protocol does not run over. One that is no link at all was noted before.
fn suits(terminal: &mut Section<'_, '_, '_>, fits: fn(&Link) -> bool, write: &str) {
    let link: Option<Link> = terminal.peek("link").and_then(|text| text.parse().ok());
    if link.is_some_and(|link| !fits(&link)) {
        terminal.note("link", format!("does not suit the protocol; write {write}"));
    }
}

/// The till's number of a French terminal: 1 unless the file says another.
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
