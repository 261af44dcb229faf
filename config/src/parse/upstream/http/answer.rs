//! What answers mean: `[upstream.success]` and `[[upstream.answer]]`.

use std::ops::RangeInclusive;

use super::super::super::section::Section;

/// What says that a payment was booked.
#[derive(Debug, Clone)]
pub struct Success {
    /// With which statuses.
    pub status: Statuses,
    /// What the body must hold.
    pub condition: Option<Condition>,
    /// A JSON pointer to the server's own name for the payment, which must be there.
    pub remote_id: Option<String>,
    /// Whether the status alone says it, whatever the body is.
    pub any_body: bool,
}

/// What an answer means that is no success.
#[derive(Debug, Clone)]
pub struct Rule {
    /// With which statuses.
    pub status: Statuses,
    /// What the body must hold.
    pub condition: Option<Condition>,
    /// What it means.
    pub class: AnswerClass,
}

/// A value of a JSON body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Where it stands, as a JSON pointer (RFC 6901).
    pub pointer: String,
    /// What it is, as text.
    pub equals: String,
}

/// A range of statuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statuses(pub RangeInclusive<u16>);

/// What an answer means, in the configuration's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerClass {
    /// It is booked, by this request or an earlier one.
    Booked,
    /// It is not booked, unless an earlier request did: a person decides.
    Refused,
    /// Not booked, nor would any other be: all wait.
    Parked,
    /// Not booked, for a setting is wrong: tried again later, others go on.
    Misconfigured,
    /// Not booked: tried again later.
    Later,
    /// Not booked, for the time of the request was wrong: the clock is set by the answer's `Date`.
    Clock,
    /// It may have been booked.
    Ambiguous,
}

const CLASSES: [(&str, AnswerClass); 7] = [
    ("booked", AnswerClass::Booked),
    ("refused", AnswerClass::Refused),
    ("parked", AnswerClass::Parked),
    ("misconfigured", AnswerClass::Misconfigured),
    ("later", AnswerClass::Later),
    ("clock", AnswerClass::Clock),
    ("ambiguous", AnswerClass::Ambiguous),
];

/// Reads `[upstream.success]`.
pub(super) fn success(section: &mut Section<'_, '_, '_>) -> Option<Success> {
    let missing = "is missing; write a table [upstream.success] with remote_id = \"/id\" or \
                   pointer and equals, so that a login page is no booking";
    if !section.has("success") {
        section.note("success", missing);
    }
    let known = ["status", "pointer", "equals", "remote_id", "any_body"];
    let mut table = section.inner("success", &known)?;
    let status = statuses(&mut table, "2xx");
    let condition = condition(&mut table);
    let remote_id = pointer(&mut table, "remote_id");
    let any_body = table.flag("any_body").unwrap_or(false);
    if condition.is_none() && remote_id.is_none() && !any_body {
        let text = "says nothing that a login page does not; write remote_id = \"/id\", or pointer \
                    and equals, or any_body = true if the status alone must do";
        table.note("remote_id", text);
    }
    Some(Success {
        status: status?,
        condition,
        remote_id,
        any_body,
    })
}

/// Reads `[[upstream.answer]]`.
pub(super) fn rules(section: &mut Section<'_, '_, '_>) -> Vec<Rule> {
    let places = section.list("answer");
    let mut rules = Vec::new();
    for place in places {
        let known = ["status", "pointer", "equals", "class"];
        let mut table = section.open_inner("answer", place, &known);
        let status = statuses(&mut table, "");
        let condition = condition(&mut table);
        let class = class(&mut table);
        if let (Some(status), Some(class)) = (status, class) {
            rules.push(Rule {
                status,
                condition,
                class,
            });
        }
    }
    rules
}

/// A JSON pointer, if the key is there.
pub(super) fn pointer(section: &mut Section<'_, '_, '_>, key: &str) -> Option<String> {
    let text = section.text(key)?;
    if text.starts_with('/') {
        return Some(text.to_owned());
    }
    let text = format!("“{text}” does not begin with “/”; write it as a JSON pointer, such as /payment/id");
    section.note(key, text);
    None
}

fn condition(table: &mut Section<'_, '_, '_>) -> Option<Condition> {
    match (table.has("pointer"), table.has("equals")) {
        (true, true) => Some(Condition {
            pointer: pointer(table, "pointer")?,
            equals: table.text("equals")?.to_owned(),
        }),
        (false, false) => None,
        (true, false) => {
            table.note("equals", "is missing beside pointer; write what stands there, such as equals = \"true\"");
            None
        }
        (false, true) => {
            table.note("pointer", "is missing beside equals; write where it stands, such as pointer = \"/ok\"");
            None
        }
    }
}

fn class(table: &mut Section<'_, '_, '_>) -> Option<AnswerClass> {
    let word = table.required_text("class", "refused")?;
    let hit = CLASSES.iter().find(|(name, _)| *name == word);
    if hit.is_none() {
        let known: Vec<&str> = CLASSES.iter().map(|(name, _)| *name).collect();
        let text = format!("“{word}” is not a class; write one of {}", known.join(", "));
        table.note("class", text);
    }
    hit.map(|(_, class)| *class)
}

/// `409`, `4xx` or `200-204`.
fn statuses(table: &mut Section<'_, '_, '_>, default: &str) -> Option<Statuses> {
    let text = if table.has("status") || default.is_empty() {
        table.required_text("status", "409")?
    } else {
        default
    };
    let number = |text: &str| text.parse().ok().filter(|n| (100..600).contains(n));
    let hundreds = |text: &str| number(&format!("{}00", text.strip_suffix("xx")?));
    let range = match text.split_once('-') {
        Some((from, to)) => number(from).zip(number(to)).map(|(from, to)| from..=to),
        None => number(text)
            .map(|one| one..=one)
            .or_else(|| hundreds(text).map(|first: u16| first..=first + 99)),
    };
    let range = range.filter(|range| !range.is_empty());
    if range.is_none() {
        let text = format!("“{text}” is not a status; write 409, 4xx or 200-204, in quotes");
        table.note("status", text);
    }
    range.map(Statuses)
}
