//! `[[terminal]]`, `[[till]]` and `[[printer]]`

use std::time::Duration;

use payment::{Currency, DeviceId, PrinterId};

use super::{
    Names, own_link,
    report::Report,
    section::{Place, Section},
    unique_id,
};
use crate::{Printer, Protocol, Secret, Terminal, Till, ZvtCharset, ZvtOptions};

/// ZVT's own values of its timers T3 and T4.
const ANSWER: Duration = Duration::from_secs(5);
const COMPLETION: Duration = Duration::from_mins(3);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

pub(super) fn printer<'t>(
    place: Place<'_, 't>,
    names: &mut Names<'_>,
    report: &mut Report<'t>,
) -> Option<Printer> {
    let mut section = Section::open("printer", place, &["id", "link", "profile"], report);
    let id = unique_id(&mut section, &mut names.printers, "front");
    let user = id.as_ref().map(PrinterId::as_str);
    let link = own_link(&mut section, &mut names.links, user, "tcp:192.0.2.21:9100");
    let profile = profile(&mut section, names.profiles);
    Some(Printer {
        id: id?,
        link: link?,
        profile: profile?,
    })
}

fn profile(section: &mut Section<'_, '_, '_>, known: &[&str]) -> Option<String> {
    let example = known.first().copied().unwrap_or("epson-tm-t20iii");
    let name = section.required_text("profile", example)?;
    if !known.contains(&name) {
        let known = known.join(", ");
        section.note(
            "profile",
            format!("“{name}” is not a profile; write one of {known}"),
        );
        return None;
    }
    Some(name.to_owned())
}

pub(super) fn till<'t>(
    place: Place<'_, 't>,
    names: &mut Names<'_>,
    report: &mut Report<'t>,
) -> Option<Till> {
    let mut section = Section::open("till", place, &["id", "currency", "printer"], report);
    let id = unique_id(&mut section, &mut names.devices, "cashbox");
    let currency = currency(&mut section);
    let printer = printer_of(&mut section, names);
    Some(Till {
        id: id?,
        currency: currency?,
        printer,
    })
}

pub(super) fn terminal<'t>(
    place: Place<'_, 't>,
    names: &mut Names<'_>,
    report: &mut Report<'t>,
) -> Option<Terminal> {
    let known = ["id", "protocol", "link", "currency", "printer", "zvt"];
    let mut section = Section::open("terminal", place, &known, report);
    let id = unique_id(&mut section, &mut names.devices, "desk1");
    let user = id.as_ref().map(DeviceId::as_str);
    let link = own_link(&mut section, &mut names.links, user, "tcp:192.0.2.20:20007");
    let currency = currency(&mut section);
    let printer = printer_of(&mut section, names);
    let protocol = protocol(&mut section, names, printer.is_some());
    Some(Terminal {
        id: id?,
        protocol: protocol?,
        link: link?,
        currency: currency?,
        printer,
    })
}

fn currency(section: &mut Section<'_, '_, '_>) -> Option<Currency> {
    let code = section.required_text("currency", "EUR")?;
    section.checked("currency", payment::parse_currency(code))
}

fn printer_of(section: &mut Section<'_, '_, '_>, names: &Names<'_>) -> Option<PrinterId> {
    let id: PrinterId = section.parsed("printer")?;
    if !names.printers.contains(&id) {
        section.note(
            "printer",
            format!("there is no printer “{id}”; write a [[printer]] with id = \"{id}\""),
        );
    }
    Some(id)
}

fn protocol(
    section: &mut Section<'_, '_, '_>,
    names: &Names<'_>,
    has_printer: bool,
) -> Option<Protocol> {
    match section.required_text("protocol", "zvt") {
        Some("zvt") => zvt(section, names, has_printer).map(Protocol::Zvt),
        Some(other) => {
            section.note(
                "protocol",
                format!("“{other}” is not a protocol; write protocol = \"zvt\""),
            );
            None
        }
        None => None,
    }
}

fn zvt(
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
        number_messages: false,
        amounts_at_terminal: true,
        administration_at_terminal: true,
        service_menu: true,
        capitals: false,
    };
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
