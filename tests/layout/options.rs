//! `[terminal.skeleton]`

use std::time::Duration;

use super::{super::{Names, section::Section}, Options};

const PATIENCE: Duration = Duration::from_mins(3);

/// `[terminal.skeleton]`
#[derive(Debug, Clone)]
pub struct SkeletonOptions {
    /// How long the terminal may work on one payment.
    pub patience: Duration,
}

impl Options for SkeletonOptions {
    fn read(
        terminal: &mut Section<'_, '_, '_>,
        _: &Names<'_>,
        _: bool,
    ) -> Option<Self> {
        let range = Duration::from_secs(10)..=Duration::from_hours(1);
        if !terminal.has("skeleton") {
            return Some(Self { patience: PATIENCE });
        }
        let mut section = terminal.inner("skeleton", &["patience"])?;
        let patience = section.duration("patience", PATIENCE, range)?;
        Some(Self { patience })
    }

    fn patience(&self) -> Duration {
        self.patience
    }
}
