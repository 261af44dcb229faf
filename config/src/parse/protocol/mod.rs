//! The protocol of a `[[terminal]]`, and the table of its options: one file and one line each.

use std::time::Duration;

use super::{Names, section::Section};

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
    "ecr17" => ecr17, Ecr17(Ecr17Options);
}
