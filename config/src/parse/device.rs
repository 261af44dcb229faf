//! `[[terminal]]`, `[[till]]` and `[[printer]]`

use std::time::Duration;

use payment::{Currency, DeviceId, PrinterId};

use super::{
    Names, own_link,
    report::Report,
    section::{Place, Section},
    unique_id,
};
use crate::{
    Drawer, FlowControl, Link, PROTOCOLS, Printer, PrinterProfile, Protocol, Terminal, Till,
};

pub(super) fn printer<'t>(
    place: Place<'_, 't>,
    names: &mut Names<'_>,
    report: &mut Report<'t>,
) -> Option<Printer> {
    let known = [
        "id",
        "link",
        "profile",
        "drawer",
        "expires",
        "stand_in",
        "stand_in_after",
    ];
    let mut section = Section::open("printer", place, &known, report);
    let id = unique_id(&mut section, &mut names.printers, "front");
    let user = id.as_ref().map(PrinterId::as_str);
    let link = own_link(&mut section, &mut names.links, user, "tcp:192.0.2.21:9100");
    if let Some(Link::Https { .. }) = link {
        let text = "no printer is reached by HTTPS; write tcp:host:9100, usb:…, file:… or serial:…";
        section.note("link", text);
    }
    let profile = profile(&mut section, names.profiles);
    if profile.is_some_and(|profile| profile.images) && uses_xon_xoff(link.as_ref()) {
        let text = "pictures hold the bytes 11 and 13, by which XON/XOFF starts and stops the line, \
                    and this printer prints pictures; set it to DTR/DSR and write flow=dtr-dsr, or \
                    flow=rts-cts where the cable leads its DTR to our CTS";
        section.note("link", text);
    }
    let drawer = drawer(&mut section, profile);
    let expires = section.duration("expires", EXPIRES, A_MINUTE..=A_DAY);
    let stand_in: Option<PrinterId> = section.parsed("stand_in");
    if let (Some(id), Some(other)) = (&id, &stand_in) {
        let at = section.position("stand_in");
        names.stand_ins.push((id.clone(), other.clone(), at));
    }
    let stand_in_after = section.duration("stand_in_after", STAND_IN_AFTER, A_SECOND..=TEN_MINUTES);
    Some(Printer {
        id: id?,
        link: link?,
        profile: profile?.name.to_owned(),
        drawer,
        expires: expires?,
        stand_in,
        stand_in_after: stand_in_after?,
    })
}

/// How old a receipt may be, unless the configuration says it: the patient has left by then.
const EXPIRES: Duration = Duration::from_mins(30);
/// Time enough to close a cover.
const STAND_IN_AFTER: Duration = Duration::from_secs(30);
const A_SECOND: Duration = Duration::from_secs(1);
const TEN_MINUTES: Duration = Duration::from_mins(10);
const A_MINUTE: Duration = Duration::from_mins(1);
const A_DAY: Duration = Duration::from_hours(24);

fn drawer(
    section: &mut Section<'_, '_, '_>,
    profile: Option<PrinterProfile<'_>>,
) -> Option<Drawer> {
    let drawer = match section.text("drawer")? {
        "pin2" => Ok(Drawer::Pin2),
        "pin5" => Ok(Drawer::Pin5),
        other => Err(format!(
            "“{other}” is not a pin; write \"pin2\", where the only drawer usually is, or \"pin5\""
        )),
    };
    if let Some(profile) = profile.filter(|profile| !profile.drawer) {
        let text = format!(
            "“{}” has no socket for a cash drawer; leave this out, or hang the drawer on another \
             printer",
            profile.name
        );
        section.note("drawer", text);
    }
    section.checked("drawer", drawer)
}

/// Who stands in for a printer must exist, and not hand the receipt back.
pub(super) fn check_stand_ins(names: &Names<'_>, report: &mut Report<'_>) {
    let next = |id: &PrinterId| {
        let mut all = names.stand_ins.iter();
        all.find(|(from, ..)| from == id).map(|(_, to, _)| to)
    };
    for (from, to, at) in &names.stand_ins {
        let mut seen = Some(to);
        // A chain has fewer links than there are printers; else it goes round for ever.
        let round = names.stand_ins.iter().any(|_| {
            let round = seen == Some(from);
            seen = seen.and_then(next);
            round
        });
        let text = if !names.printers.contains(to) {
            format!("there is no printer “{to}”; write a [[printer]] with id = \"{to}\"")
        } else if round {
            format!("receipts of “{from}” would come back to it; leave one stand_in of these out")
        } else {
            continue;
        };
        report.note(*at, "printer.stand_in", text);
    }
}

fn uses_xon_xoff(link: Option<&Link>) -> bool {
    let xon_xoff = FlowControl::XonXoff;
    matches!(link, Some(Link::Serial { flow, .. }) if *flow == xon_xoff)
}

fn profile<'a>(
    section: &mut Section<'_, '_, '_>,
    known: &'a [PrinterProfile<'a>],
) -> Option<PrinterProfile<'a>> {
    let example = known.first().map_or("epson-tm-t20iii", |one| one.name);
    let name = section.required_text("profile", example)?;
    let found = known.iter().find(|one| one.name == name);
    if found.is_none() {
        let known: Vec<&str> = known.iter().map(|one| one.name).collect();
        let known = known.join(", ");
        section.note(
            "profile",
            format!("“{name}” is not a profile; write one of {known}"),
        );
    }
    found.copied()
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
    if uses_xon_xoff(link.as_ref()) {
        let text = "a terminal's messages hold the bytes by which XON/XOFF starts and stops the line; \
                    write flow=rts-cts, or leave it out";
        section.note("link", text);
    }
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
