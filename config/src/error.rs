//! What is wrong with a configuration, and where.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error(
        "{}: cannot be read ({source}); create it, or let the user that runs tilld read it",
        file.display()
    )]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is no configuration by its size.
    #[error("{}: is larger than {max} bytes; this is not a configuration of tilld", file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// Most bytes.
        max: u64,
    },
    /// The file was read, and these things are wrong in it, in the order of their lines.
    #[error("{}", lines(problems))]
    Invalid {
        /// At least one.
        problems: Vec<Problem>,
    },
}

/// One thing that is wrong in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// The table and its key, such as `terminal.currency`; empty where the text is no TOML.
    pub key: String,
    /// What is wrong, and what to do.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file.display(), self.line)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.text)
    }
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}

/// A problem before the file's name is known.
#[derive(Debug)]
pub(crate) struct Found {
    /// A file that the configuration names, if it is wrong there.
    pub(crate) file: Option<PathBuf>,
    pub(crate) line: usize,
    pub(crate) key: String,
    pub(crate) text: String,
}

impl ConfigError {
    /// Sorts what was found by line, the configuration's own first.
    pub(crate) fn invalid(file: &Path, mut found: Vec<Found>) -> Self {
        found.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        let problems = found
            .into_iter()
            .map(|found| Problem {
                file: found.file.unwrap_or_else(|| file.to_owned()),
                line: found.line,
                key: found.key,
                text: found.text,
            })
            .collect();
        Self::Invalid { problems }
    }
}
