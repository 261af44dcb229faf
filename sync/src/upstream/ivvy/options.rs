//! iVvy's own settings (`getOptions`), and whether the configuration fits them.

use std::collections::BTreeMap;

use config::{IvvyMethod, IvvyOptions};
use payment::{DeviceId, Method, Text};

use super::json::Object;
use crate::upstream::{Finding, HttpAnswer};

/// What is wrong with the methods of the configuration. An answer that does not tell finds
/// nothing: how the lists look is not documented.
pub(super) fn findings(options: &IvvyOptions, answer: &HttpAnswer) -> Vec<Finding> {
    let HttpAnswer::Response { body, .. } = answer else {
        return Vec::new();
    };
    let Some(shown) = Object::read(body).filter(|o| o.text("errorcode").is_none()) else {
        return Vec::new();
    };
    let own = names(&shown, "paymentmethods");
    let custom = names(&shown, "custompaymentmethods");
    let everywhere = options.methods.all.iter().map(|named| (None, named));
    let devices = options.methods.devices.iter();
    let somewhere = devices.flat_map(|(id, own)| own.iter().map(move |named| (Some(id), named)));
    everywhere
        .chain(somewhere)
        .filter_map(|(device, (method, named))| {
            let (number, known, what) = match named {
                IvvyMethod::Number(number) => (u64::from(*number), own.as_ref()?, "payment method"),
                IvvyMethod::Custom(number) => (
                    u64::from(*number),
                    custom.as_ref()?,
                    "custom payment method",
                ),
            };
            (!known.contains_key(&number)).then(|| finding(*method, device, (number, what), known))
        })
        .collect()
}

fn finding(
    method: Method,
    device: Option<&DeviceId>,
    (number, what): (u64, &str),
    known: &BTreeMap<u64, String>,
) -> Finding {
    let at = device.map_or_else(String::new, |device| format!(" at {device}"));
    let known: Vec<String> = known
        .iter()
        .map(|(number, name)| format!("{number} {name}"))
        .collect();
    let known = if known.is_empty() {
        "it has none".to_owned()
    } else {
        format!("it has {}", known.join(", "))
    };
    Finding {
        text: Text::new(&format!(
            "iVvy has no {what} {number}, which the configuration names for {method}{at}: such \
             payments wait until it is corrected, and tilld is restarted. iVvy says that {known}."
        )),
        // Payments by other methods go on.
        parks: false,
    }
}

/// The numbers of a list with their names: objects with a number and a name, bare numbers, or an
/// object of names by number.
fn names(shown: &Object<'_>, key: &str) -> Option<BTreeMap<u64, String>> {
    if let Some(list) = shown.list(key) {
        let named = list.into_iter().map(|raw| {
            if let Ok(number) = raw.get().trim_matches('"').parse() {
                return Some((number, String::new()));
            }
            let object = Object::read(raw.get().as_bytes())?;
            let number = ["id", "value", "identifier", "refid"]
                .iter()
                .find_map(|key| object.whole(key))?;
            let name = ["name", "description", "title", "label"]
                .iter()
                .find_map(|key| object.text(key));
            Some((number, name.unwrap_or_default()))
        });
        return named.collect();
    }
    let object = shown.object(key)?;
    let named = object.keys().map(|number| {
        let name = object.text(number).unwrap_or_default();
        Some((number.parse().ok()?, name))
    });
    named.collect()
}
