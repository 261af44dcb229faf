//! Files of profiles: TOML, with every mistake by file and line.

use std::{
    collections::BTreeMap,
    fs, io,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use toml::Spanned;

use super::{Confirmation, Cut, Images, Profile, Profiles};
use crate::printer::escpos::CodePage;

/// The files that come with the program.
const BUILT_IN: [(&str, &str); 6] = [
    ("generic.toml", include_str!("../profiles/generic.toml")),
    ("epson.toml", include_str!("../profiles/epson.toml")),
    ("star.toml", include_str!("../profiles/star.toml")),
    ("bixolon.toml", include_str!("../profiles/bixolon.toml")),
    ("citizen.toml", include_str!("../profiles/citizen.toml")),
    ("rongta.toml", include_str!("../profiles/rongta.toml")),
];

/// Longest file of profiles, in bytes.
const FILE_BYTES: u64 = 1 << 20;
/// Longest name of a profile.
const NAME_BYTES: usize = 64;
/// Printers have between these; the bound on dots also keeps their two-byte numbers away from the
/// real-time commands (04 and 05 after a 10).
const COLUMNS: RangeInclusive<usize> = 16..=250;
const DOTS: RangeInclusive<u16> = 100..=1000;
const COLUMN_DOTS: RangeInclusive<u16> = 4..=48;
const SPEED: RangeInclusive<u32> = 5..=1000;
/// Millimetres a second, where a profile does not say it: only the slowest print less.
const USUAL_SPEED: u32 = 100;

/// Why profiles could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file or its folder could not be read.
    #[error("{}: {source}; make it readable, or take it away", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file says something wrong.
    #[error("{}:{line}: {what}", file.display())]
    Invalid {
        /// In which file.
        file: PathBuf,
        /// On which line, counted from one.
        line: usize,
        /// What is wrong, and what to write.
        what: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    profile: Vec<Raw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: Spanned<String>,
    model: String,
    columns: Spanned<usize>,
    columns_b: Option<Spanned<usize>>,
    dots: Spanned<u16>,
    column_dots: Option<Spanned<u16>>,
    confirmation: RawConfirmation,
    cut: RawCut,
    qr: bool,
    images: RawImages,
    #[serde(default)]
    logo_memory: bool,
    speed: Option<Spanned<u32>>,
    drawer: bool,
    #[serde(default)]
    automatic: bool,
    #[serde(default)]
    clears: bool,
    pages: BTreeMap<String, Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawConfirmation {
    ProcessId,
    PaperSensor,
    RealTime,
    None,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawCut {
    Partial,
    Full,
    None,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawImages {
    Raster,
    Graphics,
    Columns,
    None,
}

impl Profiles {
    /// The built-in profiles, and those of all files `*.toml` in a folder, in the order of their
    /// names. A profile there replaces a built-in one of the same name. A folder that is not there
    /// is an empty one.
    ///
    /// # Errors
    /// All mistakes of all files.
    pub fn with_folder(folder: &Path) -> Result<Self, Vec<ProfileError>> {
        let mut found = Self::built_in().clone();
        let mut errors = Vec::new();
        let mut seen = BTreeMap::new();
        for path in files(folder).map_err(|error| vec![error])? {
            let (profiles, mistakes) = match read(&path) {
                Ok(text) => parse(&text, &path),
                Err(error) => (Vec::new(), vec![error]),
            };
            errors.extend(mistakes);
            for (profile, line) in profiles {
                if let Some(first) = seen.insert(profile.name.clone(), path.clone()) {
                    errors.push(ProfileError::Invalid {
                        file: path.clone(),
                        line,
                        what: format!(
                            "“{}” is already in {}; give one of them another name",
                            profile.name,
                            first.display()
                        ),
                    });
                }
                found.0.retain(|other| other.name != profile.name);
                found.0.push(profile);
            }
        }
        if errors.is_empty() {
            Ok(found)
        } else {
            Err(errors)
        }
    }
}

pub(super) fn built_in() -> Vec<Profile> {
    let mut all = Vec::new();
    for (name, text) in BUILT_IN {
        let (profiles, errors) = parse(text, Path::new(name));
        // A test asks that there is none.
        for error in errors {
            tracing::error!(%error, "a built-in profile is left out");
        }
        all.extend(profiles.into_iter().map(|(profile, _)| profile));
    }
    all
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, ProfileError> {
    let failed = |source| ProfileError::Read {
        path: folder.to_owned(),
        source,
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<String, ProfileError> {
    let failed = |source| ProfileError::Read {
        path: path.to_owned(),
        source,
    };
    if fs::metadata(path).map_err(failed)?.len() > FILE_BYTES {
        return Err(failed(io::Error::other("longer than a megabyte")));
    }
    fs::read_to_string(path).map_err(failed)
}

/// The profiles of a file with their lines, and its mistakes.
fn parse(text: &str, file: &Path) -> (Vec<(Profile, usize)>, Vec<ProfileError>) {
    let mut check = Check {
        text,
        file,
        errors: Vec::new(),
    };
    let raw: File = match toml::from_str(text) {
        Ok(raw) => raw,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            check.wrong(at, error.message().replace('\n', " "));
            return (Vec::new(), check.errors);
        }
    };
    let mut profiles: Vec<(Profile, usize)> = Vec::new();
    for raw in raw.profile {
        let (at, line) = (raw.name.span().start, check.line(raw.name.span().start));
        let profile = check.profile(raw);
        if profiles.iter().any(|(other, _)| other.name == profile.name) {
            let what = format!("“{}” is there twice; give it another name", profile.name);
            check.wrong(at, what);
        }
        profiles.push((profile, line));
    }
    (profiles, check.errors)
}

/// What was found wrong with a file.
struct Check<'a> {
    text: &'a str,
    file: &'a Path,
    errors: Vec<ProfileError>,
}

impl Check<'_> {
    fn line(&self, at: usize) -> usize {
        1 + self
            .text
            .get(..at)
            .unwrap_or_default()
            .matches('\n')
            .count()
    }

    fn wrong(&mut self, at: usize, what: String) {
        self.errors.push(ProfileError::Invalid {
            file: self.file.to_owned(),
            line: self.line(at),
            what,
        });
    }

    fn within<T: PartialOrd + std::fmt::Display + Copy>(
        &mut self,
        key: &str,
        number: &Spanned<T>,
        range: &RangeInclusive<T>,
    ) -> T {
        let value = *number.get_ref();
        if !range.contains(&value) {
            let (least, most) = (range.start(), range.end());
            let what = format!("`{key}` is {value}; write a number from {least} to {most}");
            self.wrong(number.span().start, what);
        }
        value
    }

    fn profile(&mut self, raw: Raw) -> Profile {
        let at = raw.name.span().start;
        let name = raw.name.into_inner();
        let usual = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > NAME_BYTES || !name.chars().all(usual) {
            let what = format!(
                "“{name}” cannot be a profile's name; write up to {NAME_BYTES} lower-case letters, \
                 digits and hyphens"
            );
            self.wrong(at, what);
        }
        let columns = self.within("columns", &raw.columns, &COLUMNS);
        let dots = self.within("dots", &raw.dots, &DOTS);
        let column_dots = raw.column_dots.map(|n| {
            let each = self.within("column_dots", &n, &COLUMN_DOTS);
            if columns.saturating_mul(usize::from(each)) > usize::from(dots) {
                let what = format!(
                    "{columns} columns of {each} dots are wider than the line of {dots} dots"
                );
                self.wrong(n.span().start, what);
            }
            each
        });
        Profile {
            name,
            model: raw.model,
            columns,
            columns_b: raw
                .columns_b
                .map(|n| self.within("columns_b", &n, &COLUMNS)),
            dots,
            column_dots,
            pages: self.pages(&raw.pages),
            confirmation: match raw.confirmation {
                RawConfirmation::ProcessId => Confirmation::ProcessId,
                RawConfirmation::PaperSensor => Confirmation::PaperSensor,
                RawConfirmation::RealTime => Confirmation::RealTime,
                RawConfirmation::None => Confirmation::None,
            },
            cut: match raw.cut {
                RawCut::Partial => Cut::Partial,
                RawCut::Full => Cut::Full,
                RawCut::None => Cut::None,
            },
            qr: raw.qr,
            images: match raw.images {
                RawImages::Raster => Images::Raster,
                RawImages::Graphics => Images::Graphics,
                RawImages::Columns => Images::Columns,
                RawImages::None => Images::None,
            },
            logo_memory: raw.logo_memory,
            speed: raw
                .speed
                .map_or(USUAL_SPEED, |n| self.within("speed", &n, &SPEED)),
            drawer: raw.drawer,
            automatic: raw.automatic,
            clears: raw.clears,
        }
    }

    fn pages(&mut self, raw: &BTreeMap<String, Spanned<String>>) -> Vec<(CodePage, u8)> {
        let mut pages = Vec::new();
        for (number, name) in raw {
            let at = name.span().start;
            let page = CodePage::find(name.get_ref());
            if page.is_none() {
                let known: Vec<_> = CodePage::names().collect();
                let (name, known) = (name.get_ref(), known.join(", "));
                let what = format!("“{name}” is not a code page; write one of {known}");
                self.wrong(at, what);
            }
            let number = number.parse::<u8>().ok();
            if number.is_none() {
                let what = "a code page's number is one from 0 to 255".to_owned();
                self.wrong(at, what);
            }
            pages.extend(page.zip(number));
        }
        pages.sort_unstable();
        pages
    }
}
