//! Everything that was found wrong so far.

use std::{fmt::Display, path::Path};

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
            file: None,
            line: 1 + before.filter(|b| *b == b'\n').count(),
            key: key.to_owned(),
            text: text.to_string(),
        });
    }

    /// What is wrong on a line of another file, counted from 1.
    pub(super) fn note_in(&mut self, file: &Path, line: usize, key: &str, text: impl Display) {
        self.found.push(Found {
            file: Some(file.to_owned()),
            line,
            key: key.to_owned(),
            text: text.to_string(),
        });
    }

    /// Where a line of a text begins whose quotes stand at `at`; its first line may be below them.
    pub(super) fn line_start(&self, at: usize, line: usize) -> usize {
        let text = self.text.get(at..).unwrap_or_default();
        let below = ["'''\n", "\"\"\"\n", "'''\r\n", "\"\"\"\r\n"];
        let skipped = usize::from(below.iter().any(|quotes| text.starts_with(quotes)));
        let mut lines = text.match_indices('\n').map(|(place, _)| at + place + 1);
        match (line.saturating_sub(1) + skipped).checked_sub(1) {
            Some(nth) => lines.nth(nth).unwrap_or(at),
            None => at,
        }
    }

    /// How many problems there are.
    pub(super) fn count(&self) -> usize {
        self.found.len()
    }

    pub(super) fn into_found(self) -> Vec<Found> {
        self.found
    }
}
