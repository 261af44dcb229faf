//! `[receipt]`

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use payment::{Text, receipt::Language};

use super::section::Section;
use crate::{
    Layout, Place, Receipts, Template,
    receipt::{LOGO_BYTES, TEMPLATE_BYTES, read_logo},
};

pub(super) const KEYS: [&str; 6] = [
    "language",
    "template",
    "logo",
    "footer",
    "qr",
    "merchant_copy",
];

/// Most lines at the head or at the end of a receipt.
const LINES: usize = 10;
/// Longest of them, in characters.
const CHARS: usize = 100;

/// `folder` is the configuration's, where the files are that it names.
pub(super) fn read(mut section: Section<'_, '_, '_>, folder: &Path) -> Option<Receipts> {
    let language = section.parsed("language").unwrap_or_default();
    let layout = layout(&mut section, folder, language);
    let logo = logo(&mut section, folder);
    let footer = lines(&mut section, "footer");
    let qr = qr(&mut section);
    let merchant_copy = section.flag("merchant_copy").unwrap_or(false);
    let mut receipts = Receipts {
        layout: layout?,
        qr,
        merchant_copy,
        ..Receipts::default()
    };
    receipts.letterhead.footer = footer?;
    receipts.letterhead.logo = logo.map(Into::into);
    Some(receipts)
}

fn layout(section: &mut Section<'_, '_, '_>, folder: &Path, language: Language) -> Option<Layout> {
    let Some((path, bytes)) = file(section, "template", folder, TEMPLATE_BYTES) else {
        return Some(Layout::built_in(language));
    };
    let Ok(text) = String::from_utf8(bytes) else {
        section.note_in(&path, 1, "template", "is no text in UTF-8; save it as such");
        return None;
    };
    Layout::check(&text, language)
        .inspect_err(|error| section.note_in(&path, error.line(), "template", error))
        .ok()
}

fn logo(section: &mut Section<'_, '_, '_>, folder: &Path) -> Option<payment::receipt::Picture> {
    let (path, bytes) = file(section, "logo", folder, LOGO_BYTES)?;
    read_logo(&bytes)
        .inspect_err(|error| section.note("logo", format!("{} {error}", path.display())))
        .ok()
}

fn qr(section: &mut Section<'_, '_, '_>) -> Option<Template> {
    let text = section.text("qr")?;
    section.checked("qr", Template::check(text, Place::Form, &[]))
}

/// Lines of text for the paper, none unless the key is there.
pub(super) fn lines(section: &mut Section<'_, '_, '_>, key: &str) -> Option<Vec<Text>> {
    if !section.has(key) {
        return Some(Vec::new());
    }
    let lines = section.lines(key)?;
    let fits = |l: &&str| l.chars().count() <= CHARS && !l.chars().any(char::is_control);
    if lines.len() > LINES || !lines.iter().all(fits) {
        section.note(
            key,
            format!(
                "does not fit a receipt; write at most {LINES} lines of at most {CHARS} printable \
                 characters"
            ),
        );
        return None;
    }
    Some(lines.into_iter().map(Text::new).collect())
}

/// What a key's file holds, if the key is there.
fn file(
    section: &mut Section<'_, '_, '_>,
    key: &str,
    folder: &Path,
    most: u64,
) -> Option<(PathBuf, Vec<u8>)> {
    let name = section.text(key)?;
    let path = folder.join(name);
    let read = read_file(&path, most);
    let bytes = read
        .inspect_err(|error| {
            let text = format!(
                "{}: cannot be read ({error}); write a file's name, such as “receipt.txt” for one \
                 beside the configuration",
                path.display()
            );
            section.note(key, text);
        })
        .ok()?;
    Some((path, bytes))
}

fn read_file(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let about = fs::metadata(path)?;
    // A pipe would be waited for.
    if !about.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    if about.len() > most {
        return Err(io::Error::other(format!("it is larger than {most} bytes")));
    }
    fs::read(path)
}
