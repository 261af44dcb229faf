//! How one printer model differs from another: data, read from files.

use std::sync::LazyLock;

use super::CodePage;

mod file;
pub use file::ProfileError;

/// A printer model, or a family of those that behave alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The name used in the configuration.
    pub name: String,
    /// What the maker calls it.
    pub model: String,
    /// Characters of normal width on a line.
    pub columns: usize,
    /// Characters of the smaller font B on a line, if it has one.
    pub columns_b: Option<usize>,
    /// Dots on a line.
    pub dots: u16,
    /// Dots of a character of normal width, where that is known for sure: then columns are set by
    /// `ESC $`, else by spaces.
    pub column_dots: Option<u16>,
    /// Its code pages, the preferred ones first, with the number that `ESC t` knows them by. That
    /// number is not the same everywhere.
    pub pages: Vec<(CodePage, u8)>,
    /// How it says that a job is on paper.
    pub confirmation: Confirmation,
    /// What its cutter does.
    pub cut: Cut,
    /// Whether it makes QR codes itself (`GS ( k`).
    pub qr: bool,
    /// How it takes pictures.
    pub images: Images,
    /// Whether it keeps a logo (`GS ( L`, functions 67 and 69).
    pub logo_memory: bool,
    /// How many millimetres it prints a second, at its slowest.
    pub speed: u32,
    /// Whether it opens a cash drawer (`ESC p`).
    pub drawer: bool,
    /// Whether it tells changes of its state by itself (`GS a`).
    pub automatic: bool,
    /// Whether it drops what it has not printed when it is told to (`DLE DC4`, function 8).
    pub clears: bool,
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
    /// Not at all: whether a job came out is never known.
    None,
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

/// The command that prints dots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Images {
    /// `GS v 0`.
    Raster,
    /// `GS ( L`, for those that have left `GS v 0` behind.
    Graphics,
    /// `ESC *`, 24 dots deep.
    Columns,
    /// None: what is no text is left out.
    None,
}

/// The profiles that a configuration can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profiles(Vec<Profile>);

static BUILT_IN: LazyLock<Profiles> = LazyLock::new(|| Profiles(file::built_in()));

impl Profiles {
    /// Those that come with the program.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// The profile of this name.
    pub fn find(&self, name: &str) -> Option<&Profile> {
        self.0.iter().find(|profile| profile.name == name)
    }

    /// What the configuration is to know of them.
    pub fn known(&self) -> Vec<config::PrinterProfile<'_>> {
        let known = self.0.iter().map(|profile| config::PrinterProfile {
            name: &profile.name,
            images: profile.images != Images::None,
            drawer: profile.drawer,
        });
        known.collect()
    }

    /// All names, for messages.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|profile| profile.name.as_str())
    }
}

impl Profile {
    /// The built-in profile of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        Profiles::built_in().find(name)
    }

    /// The names of all built-in profiles.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Profiles::built_in().names()
    }

    /// Whether one of its pages has this character.
    pub(super) fn prints(&self, character: char) -> bool {
        self.pages
            .iter()
            .any(|(page, _)| page.byte(character).is_some())
    }
}

#[cfg(test)]
mod tests;
