//! Faults that wait for their operation, whatever they do.

use crate::fault::{UnknownFault, name_and_number};

/// A list of faults by their names.
pub(super) trait Named: Copy + 'static {
    /// Every fault by its name, with what it does.
    const TABLE: &'static [(&'static str, &'static str)];

    /// The fault of that name.
    fn named(name: &str) -> Option<Self>;
}

/// Makes the enum of a protocol's faults, their names and their table from one list.
macro_rules! faults {
    ($($variant:ident $name:literal $what:literal)*) => {
        /// Something that goes wrong with the next operation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Fault {
            $(#[doc = $what] $variant,)*
        }

        /// Every fault by its name, with what it does. `name=N` arms it for the next N operations.
        pub const FAULTS: &[(&str, &str)] = &[$(($name, $what),)*];

        impl $crate::terminal::armed::Named for Fault {
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
#[derive(Debug, Clone)]
pub(super) struct Armed<F>(Vec<(F, u32)>);

impl<F> Default for Armed<F> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<F: Named> Armed<F> {
    /// Reads `name`, `name=N`, or several with commas between, behind those that wait already.
    pub(super) fn arm(&mut self, text: &str) -> Result<(), UnknownFault> {
        let parts = text.split(',').map(str::trim);
        for part in parts.filter(|part| !part.is_empty()) {
            let unknown = || UnknownFault::new(part, F::TABLE);
            let (name, operations) = name_and_number(part).ok_or_else(unknown)?;
            let fault = F::named(name).ok_or_else(unknown)?;
            self.0.push((fault, operations.unwrap_or(1)));
        }
        self.0.retain(|(_, operations)| *operations > 0);
        Ok(())
    }

    /// The fault of the operation that begins now.
    pub(super) fn take(&mut self) -> Option<F> {
        let (fault, left) = self.0.first_mut()?;
        let fault = *fault;
        *left -= 1;
        if *left == 0 {
            self.0.remove(0);
        }
        Some(fault)
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
