//! `[terminal.zvt]`

use std::time::Duration;

use super::super::{Names, section::Section};
use crate::{Link, Secret, ZvtCharset, ZvtOptions};

/// ZVT's own values of its timers T3 and T4.
const ANSWER: Duration = Duration::from_secs(5);
const COMPLETION: Duration = Duration::from_mins(3);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

pub(super) fn read(
    terminal: &mut Section<'_, '_, '_>,
    names: &Names<'_>,
    has_printer: bool,
) -> Option<ZvtOptions> {
    let mut options = ZvtOptions {
        password: Secret::new("000000".to_owned()),
        charset: ZvtCharset::default(),
        answer_timeout: ANSWER,
        completion_timeout: COMPLETION,
        print_here: has_printer,
    };
    if let Some(Ok(Link::Https { .. })) = terminal.text("link").map(str::parse) {
        let text = "ZVT does not speak HTTPS; write tcp:host:20007 or serial:/dev/…";
        terminal.note("link", text);
    }
    if !terminal.has("zvt") {
        return Some(options);
    }
    let known = [
        "password",
        "charset",
        "answer_timeout",
        "completion_timeout",
        "print_here",
    ];
    let mut section = terminal.inner("zvt", &known)?;
    if let Some(password) = section.secret("password", names.secrets) {
        if password.expose().len() != 6 || !password.expose().bytes().all(|b| b.is_ascii_digit()) {
            section.note(
                "password",
                "is not six digits; ask the terminal's provider for the merchant password",
            );
        }
        options.password = password;
    }
    if let Some(charset) = charset(&mut section) {
        options.charset = charset;
    }
    let answer = section.duration("answer_timeout", ANSWER, SECOND..=MINUTE);
    let completion = section.duration("completion_timeout", COMPLETION, 10 * SECOND..=HOUR);
    if let Some(print_here) = section.flag("print_here") {
        options.print_here = print_here;
        if print_here && !has_printer {
            section.note(
                "print_here",
                "there is no printer for it; name one by terminal.printer, or write false",
            );
        }
    }
    options.answer_timeout = answer?;
    options.completion_timeout = completion?;
    Some(options)
}

fn charset(section: &mut Section<'_, '_, '_>) -> Option<ZvtCharset> {
    match section.text("charset")? {
        "cp437" => Some(ZvtCharset::Cp437),
        "iso-8859-1" => Some(ZvtCharset::Latin1),
        "7bit" => Some(ZvtCharset::SevenBit),
        other => {
            section.note(
                "charset",
                format!("“{other}” is not a character set; write cp437, iso-8859-1 or 7bit"),
            );
            None
        }
    }
}
