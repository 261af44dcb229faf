//! `[terminal.zvt]`

use std::time::Duration;

use super::{super::{Names, section::Section}, Options, suits};
use crate::{Link, Secret};

/// ZVT's own values of its timers T3 and T4.
const ANSWER: Duration = Duration::from_secs(5);
const COMPLETION: Duration = Duration::from_mins(3);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// `[terminal.zvt]`
#[derive(Debug, Clone)]
pub struct ZvtOptions {
    /// The six digits of the merchant password; `000000` unless given.
    pub password: Secret,
    /// The character set of the terminal's texts.
    pub charset: ZvtCharset,
    /// T3: how long a command may stay unanswered.
    pub answer_timeout: Duration,
    /// T4: how long the terminal may be silent in the middle of an operation.
    pub completion_timeout: Duration,
    /// Whether the terminal's receipts come to our printer.
    pub print_here: bool,
    /// Whether messages are numbered, if the terminal can do that.
    pub number_messages: bool,
    /// Whether amounts can be typed in at the terminal.
    pub amounts_at_terminal: bool,
    /// Whether an end of day and the like can be started at the terminal.
    pub administration_at_terminal: bool,
    /// Whether the terminal's service menu is on its function key.
    pub service_menu: bool,
    /// Whether the terminal's display shows capitals only.
    pub capitals: bool,
}

/// The character set of a ZVT terminal's texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ZvtCharset {
    /// The protocol's own default.
    #[default]
    Cp437,
    /// What Austrian terminals send.
    Latin1,
    /// The seven-bit set with German letters in the places of brackets.
    SevenBit,
}

impl Options for ZvtOptions {
    fn read(
        terminal: &mut Section<'_, '_, '_>,
        names: &Names<'_>,
        has_printer: bool,
    ) -> Option<Self> {
        let mut options = Self {
            password: Secret::new("000000".to_owned()),
            charset: ZvtCharset::default(),
            answer_timeout: ANSWER,
            completion_timeout: COMPLETION,
            print_here: has_printer,
            number_messages: false,
            amounts_at_terminal: true,
            administration_at_terminal: true,
            service_menu: true,
            capitals: false,
        };
        let fits = |link: &Link| !matches!(link, Link::Https { .. } | Link::Usb { .. });
        suits(terminal, fits, "tcp:192.0.2.20:20007 or serial:/dev/…");
        if !terminal.has("zvt") {
            return Some(options);
        }
        let known = [
            "password",
            "charset",
            "answer_timeout",
            "completion_timeout",
            "print_here",
            "number_messages",
            "amounts_at_terminal",
            "administration_at_terminal",
            "service_menu",
            "capitals",
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
        for (key, option) in [
            ("number_messages", &mut options.number_messages),
            ("amounts_at_terminal", &mut options.amounts_at_terminal),
            (
                "administration_at_terminal",
                &mut options.administration_at_terminal,
            ),
            ("service_menu", &mut options.service_menu),
            ("capitals", &mut options.capitals),
        ] {
            if let Some(flag) = section.flag(key) {
                *option = flag;
            }
        }
        options.answer_timeout = answer?;
        options.completion_timeout = completion?;
        Some(options)
    }

    fn patience(&self) -> Duration {
        self.completion_timeout
    }
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
