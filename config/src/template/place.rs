//! Where a template's text goes, and so how a value is written there.

use super::TemplateError;

/// Marks around a value. No text has them: Unicode has no characters there.
pub(super) const BEGIN: char = '\u{fdd0}';
pub(super) const END: char = '\u{fdd1}';

/// Where a template's text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A JSON document. A value outside of quotes brings its own; inside it does not.
    Json,
    /// A form (`application/x-www-form-urlencoded`).
    Form,
    /// The path and query of an address.
    Path,
    /// A header's value.
    Header,
}

impl Place {
    /// Writes each marked value as its place needs it.
    pub(super) fn settle(self, marked: &str) -> Result<String, TemplateError> {
        let mut out = String::with_capacity(marked.len());
        let mut quotes = Quotes::default();
        let mut rest = marked;
        while let Some(at) = rest.find(BEGIN) {
            let (literal, value) = rest.split_at(at);
            literal.chars().for_each(|c| quotes.pass(c));
            out.push_str(literal);
            let value = value.trim_start_matches(BEGIN);
            let (value, after) = value.split_once(END).ok_or(TemplateError::TooLong)?;
            let (kind, text) = value.split_at_checked(1).ok_or(TemplateError::TooLong)?;
            match self {
                Self::Json => json(kind, text, &quotes, &mut out)?,
                Self::Form => percent(text, &mut out),
                Self::Path if text.is_empty() => return Err(TemplateError::Missing),
                Self::Path => percent(text, &mut out),
                Self::Header if text.is_empty() => return Err(TemplateError::Missing),
                Self::Header => out.push_str(text),
            }
            rest = after;
        }
        out.push_str(rest);
        self.check(&out)?;
        Ok(out)
    }

    fn check(self, text: &str) -> Result<(), TemplateError> {
        match self {
            Self::Json => serde_json::from_str::<serde::de::IgnoredAny>(text)
                .map(drop)
                .map_err(|e| TemplateError::NotJson(e.to_string())),
            Self::Form => Ok(()),
            Self::Path if !text.starts_with('/') || !text.bytes().all(|b| b.is_ascii_graphic()) => {
                let text = "an address begins with “/” and has no spaces".to_owned();
                Err(TemplateError::Failed(text))
            }
            // A part of an address that is only dots would lead elsewhere.
            Self::Path
                if text
                    .split(['/', '?'])
                    .any(|part| part == ".." || part == ".") =>
            {
                let text = "an address cannot hold “..”".to_owned();
                Err(TemplateError::Failed(text))
            }
            Self::Path => Ok(()),
            Self::Header if text.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) => Ok(()),
            Self::Header => {
                let text = "a header holds plain letters, digits and signs only".to_owned();
                Err(TemplateError::Failed(text))
            }
        }
    }
}

/// Whether a JSON text is inside of quotes at the end.
#[derive(Default)]
struct Quotes {
    open: bool,
    escaped: bool,
}

impl Quotes {
    fn pass(&mut self, c: char) {
        match c {
            _ if self.escaped => self.escaped = false,
            '\\' if self.open => self.escaped = true,
            '"' => self.open = !self.open,
            _ => {}
        }
    }
}

fn json(kind: &str, text: &str, quotes: &Quotes, out: &mut String) -> Result<(), TemplateError> {
    if quotes.escaped {
        let text = "a backslash stands before a value".to_owned();
        return Err(TemplateError::Failed(text));
    }
    match (kind, quotes.open) {
        ("n", false) => out.push_str("null"),
        ("v", false) => out.push_str(text),
        (_, false) => out.push_str(&quoted(text)),
        (_, true) => {
            let quoted = quoted(text);
            let inside = quoted.strip_prefix('"').and_then(|q| q.strip_suffix('"'));
            out.push_str(inside.unwrap_or_default());
        }
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// RFC 3986, 2.3: all but unreserved characters are escaped.
fn percent(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let [high, low] = [byte >> 4, byte & 15].map(|n| char::from_digit(n.into(), 16));
            out.push('%');
            out.extend(
                [high, low]
                    .into_iter()
                    .flatten()
                    .map(|c| c.to_ascii_uppercase()),
            );
        }
    }
}
