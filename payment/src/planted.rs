//! Bugs that are planted on purpose, one against each law and some more, so that it can be shown that the
//! simulated world (`tests/world`) finds such a bug. They are there with the feature `planted` only, which
//! nothing that is released has; without it, [`planted`] is always false and nothing of them is left.

#[cfg(feature = "planted")]
use std::cell::Cell;

#[cfg(feature = "planted")]
thread_local! {
    static BUG: Cell<u8> = const { Cell::new(0) };
}

/// Plants the bug of this number in this thread, and no other; none for zero. The first thirteen are
/// numbered by their laws.
#[cfg(feature = "planted")]
pub fn plant(bug: u8) {
    BUG.set(bug);
}

/// Whether the bug of this number is planted here.
#[cfg(feature = "planted")]
pub fn planted(bug: u8) -> bool {
    BUG.get() == bug
}

/// Whether the bug of this number is planted here: never, in what is released.
#[cfg(not(feature = "planted"))]
pub const fn planted(_bug: u8) -> bool {
    false
}
