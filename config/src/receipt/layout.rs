//! A template of a receipt: a text with `{{ … }}` where values go and tags such as `[bold]` for how
//! it looks.
//!
//! A value is never read as a tag: whatever a merchant or a patient is called, it prints as itself.
//! What is wrong with a template is found when the configuration is checked, by trial on sample
//! receipts.

use std::{fmt, io, sync::OnceLock};

use minijinja::{
    Environment, Error, ErrorKind, Output, State, Template, UndefinedBehavior, Value,
    value::ValueKind,
};
use payment::receipt::{Block, Language, Receipt};

use super::{
    markup::{self, BEGIN, END, TAGS_ONLY},
    samples, values,
};

/// Longest template, in bytes.
pub(super) const BYTES: usize = 16 * 1024;
/// Longest text that comes of one, in bytes.
const WRITTEN_BYTES: usize = 64 * 1024;
/// The name of the template that comes with the program.
const BUILT_IN: &str = "<string>";
/// Steps that one template may take: a loop must end.
const FUEL: u64 = 20_000;

/// A checked template.
#[derive(Clone, PartialEq, Eq)]
pub struct Layout {
    text: String,
    language: Language,
}

impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Layout({})", self.language)
    }
}

/// Why a template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// It is not written as a template is.
    #[error("is not a template: {text}; values stand as {{{{ receipt }}}}")]
    Syntax {
        /// On which of its lines, counted from 1.
        line: usize,
        /// What is wrong.
        text: String,
    },
    /// It names something that no receipt has.
    #[error("“{name}” is not known here; the names are {}", values::known())]
    Unknown {
        /// On which of its lines.
        line: usize,
        /// What it names.
        name: String,
    },
    /// It has a tag that does not exist, or does not belong there.
    #[error("{text}")]
    Tag {
        /// On which of its lines.
        line: usize,
        /// What is wrong.
        text: String,
    },
    /// It cannot be carried out.
    #[error("cannot be filled in: {text}")]
    Failed {
        /// On which of its lines.
        line: usize,
        /// What is wrong.
        text: String,
    },
    /// It is, or becomes, too long.
    #[error(
        "is longer than {BYTES} bytes, or prints more than {WRITTEN_BYTES}; write a shorter one"
    )]
    TooLong,
}

impl LayoutError {
    /// On which line of the template, counted from 1.
    pub fn line(&self) -> usize {
        match self {
            Self::Syntax { line, .. }
            | Self::Unknown { line, .. }
            | Self::Tag { line, .. }
            | Self::Failed { line, .. } => *line,
            Self::TooLong => 1,
        }
    }
}

impl Layout {
    /// The one that comes with the program.
    pub fn built_in(language: Language) -> Self {
        Self {
            text: built_in(language).to_owned(),
            language,
        }
    }

    /// Checks a template.
    ///
    /// # Errors
    /// When it cannot be used for some receipt.
    pub fn check(text: &str, language: Language) -> Result<Self, LayoutError> {
        if text.len() > BYTES {
            return Err(LayoutError::TooLong);
        }
        let layout = Self {
            text: text.replace([BEGIN, END, TAGS_ONLY], ""),
            language,
        };
        layout.check_names()?;
        for receipt in samples::all() {
            layout.blocks(&receipt)?;
        }
        Ok(layout)
    }

    /// The language of its dates and amounts.
    pub fn language(&self) -> Language {
        self.language
    }

    /// How it lays a receipt out.
    ///
    /// # Errors
    /// When it cannot be used for this receipt.
    pub fn blocks(&self, receipt: &Receipt) -> Result<Vec<Block>, LayoutError> {
        let (env, text);
        let template = if self.text == built_in(self.language) {
            compiled(self.language)?
        } else {
            (env, text) = (environment(), marked(&self.text));
            env.template_from_str(&text).map_err(|e| failed(&e))?
        };
        let values = values::of(receipt, self.language);
        let mut written = Written(Vec::new());
        template
            .render_captured_to(values, &mut written)
            .map_err(|e| failed(&e))?;
        let written = String::from_utf8_lossy(&written.0);
        markup::blocks(&written).map_err(|wrong| LayoutError::Tag {
            line: self.line_with(&wrong.at),
            text: wrong.text,
        })
    }

    fn check_names(&self) -> Result<(), LayoutError> {
        let env = environment();
        let template = env.template_from_str(&self.text).map_err(|e| failed(&e))?;
        let known = |name: &String| values::VARIABLES.iter().any(|(known, _)| known == name);
        let mut unknown: Vec<String> = template.undeclared_variables(true).into_iter().collect();
        unknown.retain(|name| !known(name));
        unknown.sort();
        match unknown.into_iter().next() {
            None => Ok(()),
            Some(name) => Err(LayoutError::Unknown {
                line: self.line_with(&name),
                name,
            }),
        }
    }

    /// The first line that has this in it.
    fn line_with(&self, words: &str) -> usize {
        let mut lines = self.text.lines();
        lines.position(|line| line.contains(words)).unwrap_or(0) + 1
    }
}

/// The text of the one that comes with the program.
fn built_in(language: Language) -> &'static str {
    match language {
        Language::English => include_str!("en.txt"),
        Language::German => include_str!("de.txt"),
    }
}

/// The same, compiled once: nearly every receipt is laid out by it.
fn compiled(language: Language) -> Result<Template<'static, 'static>, LayoutError> {
    static ENGLISH: (OnceLock<String>, OnceLock<Environment<'_>>) =
        (OnceLock::new(), OnceLock::new());
    static GERMAN: (OnceLock<String>, OnceLock<Environment<'_>>) =
        (OnceLock::new(), OnceLock::new());
    let (text, env) = match language {
        Language::English => &ENGLISH,
        Language::German => &GERMAN,
    };
    let env = if let Some(env) = env.get() {
        env
    } else {
        let text = text.get_or_init(|| marked(built_in(language)));
        let mut new = environment();
        new.add_template(BUILT_IN, text).map_err(|e| failed(&e))?;
        env.get_or_init(|| new)
    };
    env.get_template(BUILT_IN).map_err(|e| failed(&e))
}

/// What comes of a template, as far as it is not too long: a loop could write gigabytes.
struct Written(Vec<u8>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > WRITTEN_BYTES {
            return Err(io::Error::other("too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A line that has nothing but `{% … %}` and `{# … #}` is none on paper: it gets a mark, by which
/// what comes of it is told from an empty line.
fn marked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let begins = |line: &str| line.starts_with("{%") || line.starts_with("{#");
    let ends = |line: &str| line.ends_with("%}") || line.ends_with("#}");
    for line in text.lines() {
        let bare = line.trim();
        if begins(bare) && ends(bare) {
            out.push_str(bare);
            out.push(TAGS_ONLY);
        } else {
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

fn failed(error: &Error) -> LayoutError {
    let line = error.line().unwrap_or(1);
    let text = error
        .detail()
        .map_or_else(|| error.kind().to_string(), str::to_owned);
    match error.kind() {
        ErrorKind::WriteFailure => LayoutError::TooLong,
        ErrorKind::SyntaxError | ErrorKind::UnknownFilter | ErrorKind::UnknownTest => {
            LayoutError::Syntax { line, text }
        }
        _ => LayoutError::Failed { line, text },
    }
}

fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    env.set_formatter(mark);
    env
}

/// Writes a value between marks.
fn mark(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let text = match value.kind() {
        ValueKind::None => String::new(),
        ValueKind::String => value.as_str().unwrap_or_default().to_owned(),
        ValueKind::Number if value.is_integer() => value.to_string(),
        kind => {
            let text =
                format!("a {kind} cannot be printed; print its parts, or ask for it by “if”");
            return Err(Error::new(ErrorKind::InvalidOperation, text));
        }
    };
    if text.contains([BEGIN, END]) {
        let text = "what was filled in cannot be filled in again; leave out “set” and “filter”";
        return Err(Error::new(ErrorKind::InvalidOperation, text));
    }
    // A value is on one line.
    let text = text.replace(char::is_control, " ");
    write!(out, "{BEGIN}{text}{END}").map_err(Error::from)
}

#[cfg(test)]
mod tests;
