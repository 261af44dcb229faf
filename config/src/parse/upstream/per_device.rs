//! What an upstream calls our methods, for all devices and for single ones.

use std::collections::BTreeMap;

use payment::{DeviceId, Method};

use super::super::{Names, section::Section};

/// What an upstream calls each method: a clinic's reports tell its devices apart by that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodNames<T> {
    /// At every device.
    pub all: BTreeMap<Method, T>,
    /// At these devices instead.
    pub devices: BTreeMap<DeviceId, BTreeMap<Method, T>>,
}

impl<T> MethodNames<T> {
    /// What it calls a method at a device.
    pub fn at(&self, device: &DeviceId, method: Method) -> Option<&T> {
        let own = self.devices.get(device).and_then(|own| own.get(&method));
        own.or_else(|| self.all.get(&method))
    }
}

/// Reads one name; a problem is noted.
pub(super) type ReadName<T> = fn(&mut Section<'_, '_, '_>, &str) -> Option<T>;

/// The defaults, over them `[upstream.methods]`, and `[upstream.devices.ID]` for single devices.
pub(super) fn read<T>(
    section: &mut Section<'_, '_, '_>,
    names: &Names<'_>,
    defaults: BTreeMap<Method, T>,
    name: ReadName<T>,
) -> MethodNames<T> {
    let mut all = defaults;
    all.extend(methods(section, "methods", name));
    let ids = section.keys("devices");
    let mut devices = BTreeMap::new();
    let Some(mut tables) = section.inner("devices", &ids) else {
        return MethodNames { all, devices };
    };
    for id in ids {
        let known = names.devices.iter().find(|device| device.as_str() == id);
        let Some(device) = known else {
            let all: Vec<&str> = names.devices.iter().map(DeviceId::as_str).collect();
            let all = all.join(", ");
            tables.note(id, format!("is not a device; the devices are {all}"));
            continue;
        };
        let own = methods(&mut tables, id, name);
        devices.insert(device.clone(), own);
    }
    MethodNames { all, devices }
}

fn methods<T>(
    section: &mut Section<'_, '_, '_>,
    key: &str,
    name: ReadName<T>,
) -> BTreeMap<Method, T> {
    let words = Method::ALL.map(Method::as_str);
    let Some(mut table) = section.inner(key, &words) else {
        return BTreeMap::new();
    };
    let named = Method::ALL.into_iter();
    named
        .filter_map(|method| Some((method, name(&mut table, method.as_str())?)))
        .collect()
}
