//! Templates in the configuration: a text with `{{ … }}` where a payment's values go.
//!
//! A template knows its [`Place`], and every value is escaped for it, so that no data can break
//! out of a body, an address or a header. What is wrong with one is found when the configuration is
//! checked: names that do not exist, and by trial, all that a payment's values could bring out.

mod place;
mod values;

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value};

pub use place::Place;
pub use values::{INVOICE_VARIABLES, LIST_VARIABLES, VARIABLES, Values};

use place::{BEGIN, END};
use values::Amount;

/// Longest template, and longest text that comes of one, in bytes.
const BYTES: usize = 64 * 1024;
/// Steps that one template may take: a loop must end.
const FUEL: u64 = 50_000;

/// A checked template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    place: Place,
}

/// Why a template cannot be used, or gives nothing for a payment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It is not written as a template is.
    #[error("is not a template: {text}; values stand as {{{{ receipt }}}}")]
    Syntax {
        /// On which of its lines.
        line: usize,
        /// What is wrong.
        text: String,
    },
    /// It names something that no payment has.
    #[error("“{name}” is not known here; the names are {known}")]
    Unknown {
        /// On which of its lines.
        line: usize,
        /// What it names.
        name: String,
        /// What it may name.
        known: String,
    },
    /// It names something that this payment does not have.
    #[error("a value that is needed here is not there")]
    Missing,
    /// It cannot be carried out.
    #[error("cannot be filled in: {0}")]
    Failed(String),
    /// What comes of it is no JSON.
    #[error(
        "does not become JSON: {0}; write it so that it is JSON with each {{{{ … }}}} read as one value"
    )]
    NotJson(String),
    /// It is, or becomes, too long.
    #[error("is longer than {BYTES} bytes")]
    TooLong,
}

impl TemplateError {
    /// On which line of the template, counted from 1.
    pub fn line(&self) -> usize {
        match self {
            Self::Syntax { line, .. } | Self::Unknown { line, .. } => *line,
            Self::Missing | Self::Failed(_) | Self::NotJson(_) | Self::TooLong => 1,
        }
    }
}

impl Template {
    /// Checks a template. `secrets` are the names that may stand after `secret.`; in an address
    /// none may, for addresses are logged on their way.
    ///
    /// # Errors
    /// When it cannot be used for any payment.
    pub fn check(text: &str, place: Place, secrets: &[&str]) -> Result<Self, TemplateError> {
        Self::check_with(text, place, VARIABLES, secrets)
    }

    /// The same for a request that has these values, instead of a payment's.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn check_with(
        text: &str,
        place: Place,
        names: &[(&str, &str)],
        secrets: &[&str],
    ) -> Result<Self, TemplateError> {
        let secrets = if place == Place::Path { &[] } else { secrets };
        if text.len() > BYTES || text.contains([BEGIN, END]) {
            return Err(TemplateError::TooLong);
        }
        let template = Self {
            text: text.to_owned(),
            place,
        };
        template.check_names(names, secrets)?;
        for values in Values::samples(names, secrets) {
            match template.render(&values) {
                // A payment may lack it; then that payment is said to.
                Ok(_) | Err(TemplateError::Missing) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(template)
    }

    /// The text that comes of it for a payment.
    ///
    /// # Errors
    /// When the payment lacks a value that is needed.
    pub fn render(&self, values: &Values) -> Result<String, TemplateError> {
        let env = environment();
        let template = env.template_from_str(&self.text);
        let template = template.map_err(|e| Self::failed(&e))?;
        let marked = template.render(values.context());
        let marked = marked.map_err(|e| Self::failed(&e))?;
        if marked.len() > BYTES {
            return Err(TemplateError::TooLong);
        }
        self.place.settle(&marked)
    }

    /// Whether it names this value.
    pub fn names(&self, name: &str) -> bool {
        let env = environment();
        let template = env.template_from_str(&self.text);
        template.is_ok_and(|template| template.undeclared_variables(true).contains(name))
    }

    fn check_names(&self, names: &[(&str, &str)], secrets: &[&str]) -> Result<(), TemplateError> {
        let env = environment();
        let template = env.template_from_str(&self.text);
        let template = template.map_err(|e| Self::failed(&e))?;
        let mut known: Vec<String> = names.iter().map(|(name, _)| (*name).to_owned()).collect();
        known.extend(secrets.iter().map(|name| format!("secret.{name}")));
        let mut unknown: Vec<String> = template.undeclared_variables(true).into_iter().collect();
        unknown.retain(|name| !known.contains(name));
        unknown.sort();
        match unknown.into_iter().next() {
            None => Ok(()),
            Some(name) => Err(TemplateError::Unknown {
                line: 1 + self
                    .text
                    .lines()
                    .take_while(|line| !line.contains(&name))
                    .count(),
                name,
                known: known.join(", "),
            }),
        }
    }

    fn failed(error: &Error) -> TemplateError {
        let text = error
            .detail()
            .map_or_else(|| error.kind().to_string(), str::to_owned);
        match error.kind() {
            ErrorKind::SyntaxError | ErrorKind::UnknownFilter | ErrorKind::UnknownTest => {
                let line = error.line().unwrap_or(1);
                TemplateError::Syntax { line, text }
            }
            _ => TemplateError::Failed(text),
        }
    }
}

fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    env.set_formatter(mark);
    env
}

/// Writes a value between marks, with its kind: how it is written in its place is decided when
/// what stands around it is known.
fn mark(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let (kind, text) = match value.kind() {
        ValueKind::None => ('n', String::new()),
        ValueKind::Bool => ('v', value.to_string()),
        ValueKind::Number if value.is_integer() => ('v', value.to_string()),
        ValueKind::String => ('s', value.as_str().unwrap_or_default().to_owned()),
        _ => {
            let Some(Amount(amount)) = value.downcast_object_ref() else {
                let text = format!(
                    "a {} cannot be sent; write amount or amount_minor for numbers, and texts",
                    value.kind()
                );
                return Err(Error::new(ErrorKind::InvalidOperation, text));
            };
            ('v', amount.to_string())
        }
    };
    if text.contains([BEGIN, END]) {
        let text = "what was filled in cannot be filled in again; leave out “set” and “filter”";
        return Err(Error::new(ErrorKind::InvalidOperation, text));
    }
    write!(out, "{BEGIN}{kind}{text}{END}").map_err(Error::from)
}

#[cfg(test)]
mod tests;
