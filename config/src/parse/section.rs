//! One table of the file, read key by key. What is wrong is noted, and reading goes on.

use std::{fmt::Display, ops::RangeInclusive, path::Path, str::FromStr, time::Duration};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{duration, report::Report};
use crate::{Secret, SecretSource};

/// A table and where it begins.
pub(super) type Place<'v, 't> = (&'v DeTable<'t>, usize);

/// A table that is being read.
pub(super) struct Section<'v, 't, 'r> {
    name: String,
    table: &'v DeTable<'t>,
    at: usize,
    report: &'r mut Report<'t>,
}

impl<'v, 't, 'r> Section<'v, 't, 'r> {
    /// Begins to read a table, and notes every key that is not in `known`.
    pub(super) fn open(
        name: &str,
        (table, at): Place<'v, 't>,
        known: &[&str],
        report: &'r mut Report<'t>,
    ) -> Self {
        for key in table.keys() {
            if !known.contains(&key.get_ref().as_ref()) {
                let full = dotted(name, key.get_ref());
                let known = known.join(", ");
                let text = format!("is not a key; the keys here are {known}");
                report.note(key.span().start, &full, text);
            }
        }
        Self {
            name: name.to_owned(),
            table,
            at,
            report,
        }
    }

    /// Where a key's value stands, or the table that ought to have it.
    pub(super) fn position(&self, key: &str) -> usize {
        self.table.get(key).map_or(self.at, |v| v.span().start)
    }

    /// Notes what is wrong with a key that is there, or ought to be.
    pub(super) fn note(&mut self, key: &str, text: impl Display) {
        let at = self.position(key);
        self.report.note(at, &dotted(&self.name, key), text);
    }

    /// Notes what is wrong on a line of a text, counted from 1.
    pub(super) fn note_line(&mut self, key: &str, line: usize, text: impl Display) {
        let Some(value) = self.table.get(key) else {
            return self.note(key, text);
        };
        // A text in three quotes may begin on the line below them.
        let at = self.report.line_start(value.span().start, line);
        self.report.note(at, &dotted(&self.name, key), text);
    }

    /// Notes what is wrong on a line of the file that a key names.
    pub(super) fn note_in(&mut self, file: &Path, line: usize, key: &str, text: impl Display) {
        let key = dotted(&self.name, key);
        self.report.note_in(file, line, &key, text);
    }

    /// The keys of a table inside of this one.
    pub(super) fn keys(&self, key: &str) -> Vec<&'v str> {
        let table = self.table.get(key).and_then(|v| v.get_ref().as_table());
        let keys = table.into_iter().flat_map(DeTable::keys);
        keys.map(|key| key.get_ref().as_ref()).collect()
    }

    /// What the table is called.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// A text, if one is there; what else may be there is for others to note.
    pub(super) fn peek(&self, key: &str) -> Option<&'v str> {
        self.table.get(key)?.get_ref().as_str()
    }

    fn typed<T>(
        &mut self,
        key: &str,
        kind: &str,
        read: impl FnOnce(&'v DeValue<'t>) -> Option<T>,
    ) -> Option<T> {
        let value = self.table.get(key)?.get_ref();
        let typed = read(value);
        if typed.is_none() {
            self.note(key, format!("must be {kind}"));
        }
        typed
    }

    /// A text, if the key is there.
    pub(super) fn text(&mut self, key: &str) -> Option<&'v str> {
        self.typed(key, "a text in quotes", DeValue::as_str)
    }

    /// What a key says, where another reader of it notes what is wrong.
    pub(super) fn said(&self, key: &str) -> Option<&'v str> {
        self.table.get(key)?.get_ref().as_str()
    }

    /// A text that must be there and not be empty.
    pub(super) fn required_text(&mut self, key: &str, example: &str) -> Option<&'v str> {
        if !self.has(key) {
            self.note(key, format!("is missing; write {key} = \"{example}\""));
        }
        let text = self.text(key)?;
        if text.is_empty() {
            self.note(key, format!("is empty; write {key} = \"{example}\""));
            return None;
        }
        Some(text)
    }

    /// A text that is read by its type, if the key is there.
    pub(super) fn parsed<T: FromStr<Err: Display>>(&mut self, key: &str) -> Option<T> {
        let text = self.text(key)?;
        self.checked(key, text.parse())
    }

    /// A text that is read by its type, and must be there.
    pub(super) fn required<T: FromStr<Err: Display>>(
        &mut self,
        key: &str,
        example: &str,
    ) -> Option<T> {
        let text = self.required_text(key, example)?;
        self.checked(key, text.parse())
    }

    /// Takes a value, or notes why there is none.
    pub(super) fn checked<T, E: Display>(&mut self, key: &str, read: Result<T, E>) -> Option<T> {
        read.inspect_err(|problem| self.note(key, problem)).ok()
    }

    /// `true` or `false`, if the key is there.
    pub(super) fn flag(&mut self, key: &str) -> Option<bool> {
        self.typed(key, "true or false", DeValue::as_bool)
    }

    /// Lines of text, if the key is there.
    pub(super) fn lines(&mut self, key: &str) -> Option<Vec<&'v str>> {
        self.typed(
            key,
            "a list of texts, such as [\"one\", \"two\"]",
            |value| {
                let texts = value.as_array()?.iter().map(|v| v.get_ref().as_str());
                texts.collect()
            },
        )
    }

    /// Whether the key has a table.
    pub(super) fn is_table(&self, key: &str) -> bool {
        let value = self.table.get(key);
        value.is_some_and(|v| v.get_ref().as_table().is_some())
    }

    /// A whole number, if the key is there.
    pub(super) fn number(&mut self, key: &str) -> Option<u32> {
        self.typed(key, "a whole number", whole)
    }

    /// A list of whole numbers, if the key is there.
    pub(super) fn numbers(&mut self, key: &str) -> Option<Vec<u32>> {
        self.typed(key, "a list of whole numbers, such as [1, 2]", |value| {
            value
                .as_array()?
                .iter()
                .map(|v| whole(v.get_ref()))
                .collect()
        })
    }

    /// A whole number from 0 to 255.
    pub(super) fn byte(&mut self, key: &str) -> Option<u8> {
        self.typed(key, "a whole number from 0 to 255", |value| {
            let number = value.as_integer()?;
            u8::from_str_radix(number.as_str(), number.radix()).ok()
        })
    }

    /// A time such as `180s`, `default` unless the key is there.
    pub(super) fn duration(
        &mut self,
        key: &str,
        default: Duration,
        allowed: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        if !self.has(key) {
            return Some(default);
        }
        let text = self.text(key)?;
        self.checked(key, duration::parse(text, &allowed))
    }

    /// A secret, read from where the key says, if the key is there.
    pub(super) fn secret(&mut self, key: &str, source: &SecretSource) -> Option<Secret> {
        let value = self.table.get(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.note(
                key,
                format!(
                    "a secret must not stand in this file; write {key} = {{ credential = \"name\" }} \
                     and give it by LoadCredential=name:/path in the unit, or write \
                     {key} = {{ file = \"/path\" }}"
                ),
            );
            return None;
        };
        let name = dotted(&self.name, key);
        let place = (table, value.span().start);
        let mut inner = Section::open(&name, place, &["credential", "file"], self.report);
        match (inner.has("credential"), inner.has("file")) {
            (true, false) => {
                let read = source.credential(inner.text("credential")?);
                inner.checked("credential", read)
            }
            (false, true) => {
                let read = source.file(inner.text("file")?);
                inner.checked("file", read)
            }
            (true, true) | (false, false) => {
                let text = "needs either credential or file; write { credential = \"name\" } or \
                            { file = \"/path\" }";
                self.note(key, text);
                None
            }
        }
    }

    /// A table inside of this one, if the key is there.
    pub(super) fn inner<'s>(
        &'s mut self,
        key: &str,
        known: &[&str],
    ) -> Option<Section<'v, 't, 's>> {
        let table = self.typed(key, "a table", DeValue::as_table)?;
        let at = self.table.get(key).map_or(self.at, |v| v.span().start);
        let name = dotted(&self.name, key);
        Some(Section::open(&name, (table, at), known, self.report))
    }

    /// One of the tables of a list `[[key]]` inside of this one.
    pub(super) fn open_inner<'s>(
        &'s mut self,
        key: &str,
        place: Place<'v, 't>,
        known: &[&str],
    ) -> Section<'v, 't, 's> {
        Section::open(&dotted(&self.name, key), place, known, self.report)
    }

    /// The tables of a list `[[key]]`.
    pub(super) fn list(&mut self, key: &str) -> Vec<Place<'v, 't>> {
        let kind = format!("a list of tables, each headed [[{key}]] with two brackets");
        let tables = self.typed(key, &kind, |value| {
            value.as_array()?.iter().map(place).collect()
        });
        tables.unwrap_or_default()
    }
}

fn whole(value: &DeValue<'_>) -> Option<u32> {
    let number = value.as_integer()?;
    u32::from_str_radix(number.as_str(), number.radix()).ok()
}

fn place<'v, 't>(value: &'v Spanned<DeValue<'t>>) -> Option<Place<'v, 't>> {
    Some((value.get_ref().as_table()?, value.span().start))
}

fn dotted(table: &str, key: &str) -> String {
    if table.is_empty() {
        key.to_owned()
    } else {
        format!("{table}.{key}")
    }
}
