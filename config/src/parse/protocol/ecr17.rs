//! `[terminal.ecr17]`

use std::time::Duration;

use super::{
    super::{Names, section::Section},
    Options,
};

const ANSWER: Duration = Duration::from_secs(5);
const COMPLETION: Duration = Duration::from_mins(3);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// `[terminal.ecr17]`
#[derive(Debug, Clone)]
pub struct Ecr17Options {
    /// How the terminal makes its check bytes.
    pub lrc: Ecr17Lrc,
    /// The terminal's ID, eight digits; zeros stand for any.
    pub terminal_id: String,
    /// Our own number at the terminal, eight digits.
    pub register: String,
    /// Whether payments are asked for so that the answer has the amount.
    pub extended: bool,
    /// How long a message may stay unanswered.
    pub answer_timeout: Duration,
    /// How long the terminal may be silent in the middle of a procedure.
    pub completion_timeout: Duration,
    /// Whether the terminal's receipts come to our printer.
    pub print_here: bool,
}

/// Which bytes an ECR17 terminal's check byte covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ecr17Lrc {
    /// Found out from the terminal's first answer.
    #[default]
    Detect,
    /// The payload alone.
    Payload,
    /// The payload and ETX.
    PayloadEtx,
    /// STX and the payload.
    StxPayload,
    /// STX, the payload and ETX.
    StxPayloadEtx,
}

impl Options for Ecr17Options {
    fn read(
        terminal: &mut Section<'_, '_, '_>,
        _: &Names<'_>,
        has_printer: bool,
    ) -> Option<Self> {
        reaches_it(terminal);
        let mut options = Self {
            lrc: Ecr17Lrc::default(),
            terminal_id: "00000000".to_owned(),
            register: "00000001".to_owned(),
            extended: true,
            answer_timeout: ANSWER,
            completion_timeout: COMPLETION,
            print_here: has_printer,
        };
        if !terminal.has("ecr17") {
            return Some(options);
        }
        let known = [
            "lrc",
            "terminal_id",
            "register",
            "extended",
            "answer_timeout",
            "completion_timeout",
            "print_here",
        ];
        let mut section = terminal.inner("ecr17", &known)?;
        if let Some(lrc) = lrc(&mut section) {
            options.lrc = lrc;
        }
        if let Some(id) = digits(
            &mut section,
            "terminal_id",
            "its eight digits stand on its receipts",
        ) {
            options.terminal_id = id;
        }
        if let Some(id) = digits(
            &mut section,
            "register",
            "write eight digits, such as \"00000001\"",
        ) {
            options.register = id;
        }
        if let Some(extended) = section.flag("extended") {
            options.extended = extended;
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

    fn patience(&self) -> Duration {
        self.completion_timeout
    }
}

/// Such a terminal is on the network, and counts in cents.
fn reaches_it(terminal: &mut Section<'_, '_, '_>) {
    if let Some(other) = terminal
        .said("link")
        .filter(|link| !link.starts_with("tcp:"))
    {
        let text = format!(
            "“{other}” does not reach an ECR17 terminal; write tcp:, its address and its port"
        );
        terminal.note("link", text);
    }
    if let Some(other) = terminal.said("currency").filter(|code| *code != "EUR") {
        let text = format!("“{other}” is not taken by ECR17 terminals; write “EUR”");
        terminal.note("currency", text);
    }
}

fn digits(section: &mut Section<'_, '_, '_>, key: &str, cure: &str) -> Option<String> {
    let text = section.text(key)?;
    if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        section.note(key, format!("“{text}” is not eight digits; {cure}"));
        return None;
    }
    Some(text.to_owned())
}

fn lrc(section: &mut Section<'_, '_, '_>) -> Option<Ecr17Lrc> {
    match section.text("lrc")? {
        "detect" => Some(Ecr17Lrc::Detect),
        "payload" => Some(Ecr17Lrc::Payload),
        "payload+etx" => Some(Ecr17Lrc::PayloadEtx),
        "stx+payload" => Some(Ecr17Lrc::StxPayload),
        "stx+payload+etx" => Some(Ecr17Lrc::StxPayloadEtx),
        other => {
            section.note(
                "lrc",
                format!(
                    "“{other}” is not a way to make check bytes; write detect, payload, payload+etx, \
                     stx+payload or stx+payload+etx"
                ),
            );
            None
        }
    }
}
