//! How one printer model differs from another.

use super::CodePage;

/// A printer model, or a family of those that behave alike.
#[derive(Debug, PartialEq, Eq)]
pub struct Profile {
    /// The name used in the configuration.
    pub name: &'static str,
    /// Characters of normal width on a line.
    pub columns: usize,
    /// Its code pages, the preferred ones first, with the number that `ESC t` knows them by. That
    /// number is not the same everywhere.
    pub pages: &'static [(CodePage, u8)],
    /// How it says that a job is on paper.
    pub confirmation: Confirmation,
    /// What its cutter does.
    pub cut: Cut,
}

/// How a printer says that a job is on paper; the most reliable way first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// By the process ID of `GS ( H`, sent when the printing is completed.
    ProcessId,
    /// By its answer to `GS r 1`, which waits its turn behind the print data.
    PaperSensor,
    /// By its real-time status alone, which overtakes the data: believed only after the time that
    /// the data need.
    RealTime,
}

/// What a cutter does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Leaves a bridge of paper.
    Partial,
    /// Cuts through.
    Full,
    /// There is none: the paper is torn.
    None,
}

const USUAL_PAGES: &[(CodePage, u8)] = &[
    (CodePage::Cp858, 19),
    (CodePage::Wpc1252, 16),
    (CodePage::Cp437, 0),
];

const PROFILES: &[Profile] = &[
    Profile {
        name: "generic-58mm",
        columns: 32,
        pages: USUAL_PAGES,
        confirmation: Confirmation::PaperSensor,
        cut: Cut::None,
    },
    Profile {
        name: "generic-80mm",
        columns: 48,
        pages: USUAL_PAGES,
        confirmation: Confirmation::PaperSensor,
        cut: Cut::Partial,
    },
    Profile {
        name: "epson-tm-t20iii",
        columns: 48,
        pages: USUAL_PAGES,
        confirmation: Confirmation::ProcessId,
        cut: Cut::Partial,
    },
    Profile {
        name: "epson-tm-t88v",
        columns: 42,
        pages: USUAL_PAGES,
        confirmation: Confirmation::ProcessId,
        cut: Cut::Partial,
    },
];

impl Profile {
    /// The profile of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        PROFILES.iter().find(|profile| profile.name == name)
    }

    /// All names, for messages.
    pub fn names() -> impl Iterator<Item = &'static str> {
        PROFILES.iter().map(|profile| profile.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_its_own_profile() {
        for name in Profile::names() {
            assert_eq!(Profile::find(name).map(|profile| profile.name), Some(name));
        }
        assert_eq!(
            Profile::find("epson-tm-t20iii").map(|p| p.columns),
            Some(48)
        );
        assert_eq!(Profile::find("abacus"), None);
    }
}
