//! Faults that wait for their operation, whatever they do.

use std::str::FromStr;

use crate::fault::{UnknownFault, name_and_number};

/// The faults of one protocol, by their names.
pub trait NamedFault: Copy + PartialEq + 'static {
    /// Every fault by its name, with what it does.
    const TABLE: &'static [(&'static str, &'static str)];

    /// The fault of that name.
    fn named(name: &str) -> Option<Self>;
}

/// Makes the enum of a protocol's faults, their names and their table from one list, so that they
/// cannot drift apart.
macro_rules! faults {
    ($($variant:ident $name:literal $what:literal)*) => {
        /// Something that goes wrong with the next operation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Fault {
            $(#[doc = $what] $variant,)*
        }

        impl Fault {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];
        }

        /// Every fault by its name, with what it does. `name=N` arms it for the next N operations.
        pub const FAULTS: &[(&str, &str)] = &[$(($name, $what),)*];

        /// The faults that wait for their operation.
        pub type Faults = $crate::terminal::armed::Armed<Fault>;

        impl $crate::terminal::armed::NamedFault for Fault {
            const TABLE: &'static [(&'static str, &'static str)] = FAULTS;

            fn named(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}
pub(super) use faults;

/// The faults that wait, the earliest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Armed<F>(Vec<(F, u32)>);

impl<F> Default for Armed<F> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<F: NamedFault> Armed<F> {
    /// Adds one for the next `operations`, after those that wait already.
    pub fn arm(&mut self, fault: F, operations: u32) {
        if operations > 0 {
            self.0.push((fault, operations));
        }
    }

    /// Adds all of these.
    pub fn append(&mut self, faults: Self) {
        self.0.extend(faults.0);
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Forgets every one of this kind.
    pub(super) fn disarm(&mut self, fault: F) {
        self.0.retain(|(armed, _)| *armed != fault);
    }

    /// The fault of the next operation, which has not begun.
    pub(super) fn next(&self) -> Option<F> {
        self.0.first().map(|(fault, _)| *fault)
    }

    /// The fault of the operation that begins now.
    pub(super) fn take(&mut self) -> Option<F> {
        self.take_if(|_| true)
    }

    /// The first of those that go with the operation that begins now.
    pub(super) fn take_if(&mut self, goes: impl Fn(F) -> bool) -> Option<F> {
        let at = self.0.iter().position(|(fault, _)| goes(*fault))?;
        let (fault, left) = self.0.get_mut(at)?;
        let fault = *fault;
        *left -= 1;
        if *left == 0 {
            self.0.remove(at);
        }
        Some(fault)
    }
}

impl<F: NamedFault> FromStr for Armed<F> {
    type Err = UnknownFault;

    /// Reads `name`, `name=N`, or several with commas between.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut faults = Self::default();
        let parts = text.split(',').map(str::trim);
        for part in parts.filter(|part| !part.is_empty()) {
            let unknown = || UnknownFault::new(part, F::TABLE);
            let (name, operations) = name_and_number(part).ok_or_else(unknown)?;
            let fault = F::named(name).ok_or_else(unknown)?;
            faults.arm(fault, operations.unwrap_or(1));
        }
        Ok(faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::{
        adyen, caisse_ap, concert, ecr17,
        zvt::{self, Fault},
    };

    #[test]
    fn faults_are_taken_in_their_order() {
        let mut faults: zvt::Faults = "decline=2, silent".parse().unwrap();
        let taken: Vec<_> = std::iter::from_fn(|| faults.take()).collect();
        let expected = [Fault::Decline, Fault::Decline, Fault::Silent];
        assert_eq!(taken, expected);
    }

    fn every_name_is_read<F: NamedFault + std::fmt::Debug>() {
        for (name, _) in F::TABLE {
            let mut faults: Armed<F> = name.parse().unwrap();
            assert!(faults.take().is_some(), "{name}");
        }
        for text in ["declined", "decline=", "decline=x"] {
            let error = text.parse::<Armed<F>>().unwrap_err().to_string();
            assert!(error.contains("late-approval"), "{error}");
        }
    }

    #[test]
    fn every_name_is_read_and_others_are_refused() {
        every_name_is_read::<adyen::Fault>();
        every_name_is_read::<caisse_ap::Fault>();
        every_name_is_read::<concert::Fault>();
        every_name_is_read::<ecr17::Fault>();
        every_name_is_read::<Fault>();
    }
}
