//! Bugs that are planted on purpose, one against each law, so that it can be shown that the simulated
//! world (`tests/world`) finds such a bug. They are there with the feature `planted` only, which
//! nothing that is released has; without it, [`planted`] is always false and nothing of them is left.

#[cfg(feature = "planted")]
use std::cell::Cell;

#[cfg(feature = "planted")]
thread_local! {
    static LAW: Cell<u8> = const { Cell::new(0) };
}

/// Plants the bug against this law in this thread, and no other; none for zero.
#[cfg(feature = "planted")]
pub fn plant(law: u8) {
    LAW.set(law);
}

/// Whether the bug against this law is planted here.
#[cfg(feature = "planted")]
pub fn planted(law: u8) -> bool {
    LAW.get() == law
}

/// Whether the bug against this law is planted here: never, in what is released.
#[cfg(not(feature = "planted"))]
pub const fn planted(_law: u8) -> bool {
    false
}
