//! From the file's text to a checked [`Config`].
//!
//! Each table is read whole, and every problem is noted before anything is given up, so that one
//! look at the messages mends the file.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    path::Path,
    str::FromStr,
};

use payment::{DeviceId, PrinterId, UpstreamId};
use toml::de::DeTable;

use crate::{Config, Daemon, Link, PrinterProfile, Receipts, SecretSource, error::Found};

mod daemon;
mod device;
mod duration;
pub(crate) mod protocol;
mod receipt;
mod report;
mod section;
pub(crate) mod upstream;

use report::Report;
use section::Section;

/// What the tables must agree on among each other.
struct Names<'a> {
    devices: BTreeSet<DeviceId>,
    printers: BTreeSet<PrinterId>,
    /// Which printer stands in for which, and where the file says so.
    stand_ins: Vec<(PrinterId, PrinterId, usize)>,
    upstreams: BTreeSet<UpstreamId>,
    /// Who uses which line; two users would garble each other.
    links: BTreeMap<String, String>,
    profiles: &'a [PrinterProfile<'a>],
    secrets: &'a SecretSource,
    /// Where files are that are named without their folder.
    folder: &'a Path,
}

/// Checks a whole file.
pub(crate) fn parse(
    text: &str,
    folder: &Path,
    secrets: &SecretSource,
    profiles: &[PrinterProfile<'_>],
) -> Result<Config, Vec<Found>> {
    let mut report = Report::new(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().map_or(0, |span| span.start);
        let text = format!("is not TOML: {}; mend this line", error.message());
        report.note(at, "", text);
    }
    if report.count() > 0 {
        // What follows from a broken line would only confuse.
        return Err(report.into_found());
    }
    let mut names = Names {
        devices: BTreeSet::new(),
        printers: BTreeSet::new(),
        stand_ins: Vec::new(),
        upstreams: BTreeSet::new(),
        links: BTreeMap::new(),
        profiles,
        secrets,
        folder,
    };
    let config = read(root.get_ref(), &mut names, &mut report);
    match config {
        Some(config) if report.count() == 0 => Ok(config),
        _ => Err(report.into_found()),
    }
}

/// The devices that can be read, whatever is wrong with the rest.
pub(crate) fn device_ids(text: &str) -> Vec<DeviceId> {
    let (root, _) = DeTable::parse_recoverable(text);
    let sections = ["terminal", "till"].map(|section| root.get_ref().get(section));
    let devices = sections.into_iter().flatten();
    let devices = devices.filter_map(|section| section.get_ref().as_array());
    devices
        .flatten()
        .filter_map(|device| device.get_ref().get("id")?.get_ref().as_str()?.parse().ok())
        .collect()
}

/// The `[daemon]` table alone, with defaults for all that cannot be read.
pub(crate) fn daemon_section(text: &str) -> Daemon {
    let mut report = Report::new(text);
    let (root, _) = DeTable::parse_recoverable(text);
    let mut root = Section::open("", (root.get_ref(), 0), &["daemon"], &mut report);
    let daemon = root.inner("daemon", &daemon::KEYS).and_then(daemon::read);
    daemon.map_or_else(daemon::default, |(daemon, _)| daemon)
}

/// `None` where something that is missing was noted.
fn read<'t>(root: &DeTable<'t>, names: &mut Names<'_>, report: &mut Report<'t>) -> Option<Config> {
    let known = [
        "daemon", "receipt", "terminal", "till", "printer", "upstream",
    ];
    let mut root = Section::open("", (root, 0), &known, report);
    let daemon = root.inner("daemon", &daemon::KEYS);
    let daemon = daemon.map_or_else(|| Some((daemon::default(), Vec::new())), daemon::read);
    let receipts = root.inner("receipt", &receipt::KEYS);
    let receipts = receipts.map_or_else(
        || Some(Receipts::default()),
        |section| receipt::read(section, names.folder),
    );
    let terminals = root.list("terminal");
    let tills = root.list("till");
    let printers = root.list("printer");
    let upstreams = root.list("upstream");
    if !root.has("terminal") && !root.has("till") {
        root.note(
            "",
            "there is no device; write a [[terminal]] or a [[till]] with its id",
        );
    }
    // Printers first: devices name them.
    let printers = each(printers, |place| device::printer(place, names, report));
    device::check_stand_ins(names, report);
    let terminals = each(terminals, |place| device::terminal(place, names, report));
    let tills = each(tills, |place| device::till(place, names, report));
    let upstreams = each(upstreams, |place| upstream::read(place, names, report));
    let (daemon, merchant) = daemon?;
    let mut receipts = receipts?;
    receipts.letterhead.merchant = merchant;
    Some(Config {
        daemon,
        receipts,
        terminals: terminals?,
        tills: tills?,
        printers: printers?,
        upstreams: upstreams?,
    })
}

/// Reads all, also after one that could not be read.
fn each<P, T>(places: Vec<P>, read: impl FnMut(P) -> Option<T>) -> Option<Vec<T>> {
    let all: Vec<Option<T>> = places.into_iter().map(read).collect();
    all.into_iter().collect()
}

/// The `id` of a table, which no sibling may have.
fn unique_id<T>(
    section: &mut Section<'_, '_, '_>,
    taken: &mut BTreeSet<T>,
    example: &str,
) -> Option<T>
where
    T: FromStr<Err: Display> + Ord + Clone + Display,
{
    let id: T = section.required("id", example)?;
    if !taken.insert(id.clone()) {
        section.note(
            "id",
            format!("“{id}” is taken already; give each its own id"),
        );
    }
    Some(id)
}

/// The `link` of a table, which nobody else may use.
fn own_link(
    section: &mut Section<'_, '_, '_>,
    links: &mut BTreeMap<String, String>,
    id: Option<&str>,
    example: &str,
) -> Option<Link> {
    let link: Link = section.required("link", example)?;
    // A device node is the same whatever the form and the options.
    let wire = match &link {
        Link::Serial { path, .. } | Link::File { path } => path.display().to_string(),
        Link::Tcp { host, port } | Link::Https { host, port } => format!("{host}:{port}"),
        Link::Usb { .. } => link.to_string(),
    };
    let user = format!("{} {}", section.name(), id.unwrap_or_default());
    if let Some(other) = links.insert(wire, user) {
        let text = format!("is used by {other} already; two users of one line garble each other");
        section.note("link", text);
    }
    Some(link)
}
