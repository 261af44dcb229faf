//! All families of terminals: one line each.

use config::{Protocol, Terminal};
use jiff::Timestamp;

use super::{Driver, Family};

macro_rules! families {
    ($($protocol:ident => $family:ident,)*) => {
        /// All families, in the order of their coming.
        pub const FAMILIES: &[Family] = &[$(super::$family::FAMILY,)*];

        /// The family of a configured terminal.
        pub fn family(terminal: &Terminal) -> &'static Family {
            match &terminal.protocol {
                $(Protocol::$protocol(_) => &super::$family::FAMILY,)*
            }
        }

        /// The driver of a configured terminal. `origin` is the time of day at the origin of
        /// [`Mono`](crate::Mono).
        pub fn driver(terminal: &Terminal, origin: Timestamp) -> Driver {
            match &terminal.protocol {
                $(Protocol::$protocol(options) => super::$family::driver(terminal, options, origin),)*
            }
        }
    };
}

families! {
    Zvt => zvt,
    Concert => concert,
    CaisseAp => caisse_ap,
    Ecr17 => ecr17,
    Adyen => adyen,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_knows_the_same_families() {
        let names: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
        assert_eq!(names, config::PROTOCOLS);
    }
}
