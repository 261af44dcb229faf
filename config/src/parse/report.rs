//! Everything that was found wrong so far.

use std::fmt::Display;

use crate::error::Found;

/// Collects problems, and knows on which line a place in the text is.
pub(super) struct Report<'t> {
    text: &'t str,
    found: Vec<Found>,
}

impl<'t> Report<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let found = Vec::new();
        Self { text, found }
    }

    /// `at` is an offset in bytes; `key` may be empty.
    pub(super) fn note(&mut self, at: usize, key: &str, text: impl Display) {
        let before = self.text.bytes().take(at);
        self.found.push(Found {
            line: 1 + before.filter(|b| *b == b'\n').count(),
            key: key.to_owned(),
            text: text.to_string(),
        });
    }

    /// How many problems there are.
    pub(super) fn count(&self) -> usize {
        self.found.len()
    }

    pub(super) fn into_found(self) -> Vec<Found> {
        self.found
    }
}
