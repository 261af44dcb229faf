//! `[[terminal]]`, `[[till]]` and `[[printer]]`

use payment::{Currency, DeviceId, PrinterId};

use super::{
    Names, own_link,
    report::Report,
    section::{Place, Section},
    unique_id,
};
use crate::{Link, PROTOCOLS, Printer, Protocol, Terminal, Till};

pub(super) fn printer<'t>(
    place: Place<'_, 't>,
    names: &mut Names<'_>,
    report: &mut Report<'t>,
) -> Option<Printer> {
    let mut section = Section::open("printer", place, &["id", "link", "profile"], report);
    let id = unique_id(&mut section, &mut names.printers, "front");
    let user = id.as_ref().map(PrinterId::as_str);
    let link = own_link(&mut section, &mut names.links, user, "tcp:192.0.2.21:9100");
    if let Some(Link::Https { .. }) = link {
        let text = "no printer is reached by HTTPS; write tcp:host:9100, file:… or serial:…";
        section.note("link", text);
    }
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
    let own = ["id", "protocol", "link", "currency", "printer"];
    let known = [&own, PROTOCOLS].concat();
    let mut section = Section::open("terminal", place, &known, report);
    let id = unique_id(&mut section, &mut names.devices, "desk1");
    let user = id.as_ref().map(DeviceId::as_str);
    let link = own_link(&mut section, &mut names.links, user, "tcp:192.0.2.20:20007");
    let currency = currency(&mut section);
    let printer = printer_of(&mut section, names);
    let protocol = Protocol::read(&mut section, names, printer.is_some());
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
