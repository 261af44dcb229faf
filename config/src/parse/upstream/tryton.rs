//! `kind = "tryton"`

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use payment::DeviceId;

use super::{
    super::{Names, section::Section},
    Options,
};
use crate::Secret;

/// The options of `kind = "tryton"`.
#[derive(Debug, Clone)]
pub struct TrytonOptions {
    /// The key of the user's application.
    pub key: Secret,
    /// The names of statement journals that are not their device's.
    pub journals: BTreeMap<DeviceId, String>,
    /// Whether statements are posted at once; else they stay validated, and can be cancelled.
    pub post: bool,
    /// Whose days the books are kept in; the machine's unless given.
    pub time_zone: Option<TimeZone>,
}

impl Options for TrytonOptions {
    const KEYS: &'static [&'static str] = &["key", "journals", "post", "time_zone"];

    fn read(section: &mut Section<'_, '_, '_>, names: &Names<'_>) -> Option<Self> {
        if !section.has("key") {
            let text = "is missing; write key = { credential = \"name\" } or { file = \"/path\" }";
            section.note("key", text);
        }
        let key = section.secret("key", names.secrets);
        let key = key.filter(|key| {
            let plain = key.expose().bytes().all(|b| b.is_ascii_graphic());
            if !plain {
                let text = "holds a character that no key has; copy it again";
                section.note("key", text);
            }
            plain
        });
        let journals = journals(section, names);
        let post = section.flag("post").unwrap_or(true);
        let time_zone = time_zone(section);
        Some(Self {
            key: key?,
            journals,
            post,
            time_zone,
        })
    }

    fn secrets(&self) -> Vec<&Secret> {
        vec![&self.key]
    }
}

/// Device IDs and the names of their journals.
fn journals(section: &mut Section<'_, '_, '_>, names: &Names<'_>) -> BTreeMap<DeviceId, String> {
    let keys = section.keys("journals");
    let Some(mut table) = section.inner("journals", &keys) else {
        return BTreeMap::new();
    };
    let mut journals = BTreeMap::new();
    for key in keys {
        let device = key.parse().ok().filter(|id| names.devices.contains(id));
        match (device, table.required_text(key, "Front desk")) {
            (Some(device), Some(journal)) => {
                journals.insert(device, journal.to_owned());
            }
            (None, _) => table.note(key, "is no device here; write the id of a terminal or till"),
            (Some(_), None) => {}
        }
    }
    journals
}

fn time_zone(section: &mut Section<'_, '_, '_>) -> Option<TimeZone> {
    let name = section.text("time_zone")?;
    let zone = TimeZone::get(name).ok();
    if zone.is_none() {
        let text = format!("“{name}” is no time zone; write one such as Australia/Sydney");
        section.note("time_zone", text);
    }
    zone
}
