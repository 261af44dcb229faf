//! Searching records by a domain, and showing their fields, as Tryton's REST interface does.

use base64::{Engine, engine::general_purpose::URL_SAFE};
use serde_json::{Map, Value};

/// The records that a query asks for; `None` if it cannot be read.
pub(super) fn search(mut records: Vec<Value>, query: &[(&str, String)]) -> Option<Vec<Value>> {
    let of = |name: &str| query.iter().find(|(n, _)| *n == name).map(|(_, v)| v);
    if let Some(domain) = of("d") {
        let domain: Vec<(String, String, Value)> =
            serde_json::from_slice(&URL_SAFE.decode(domain).ok()?).ok()?;
        for (field, operator, wanted) in &domain {
            let holds = |record: &Value| holds(find(record, field), operator, wanted);
            records.retain(|record| holds(record));
        }
    }
    let first = of("p").map_or(Some(0), |page| page.parse().ok())?;
    let most = of("s").map_or(Some(usize::MAX), |size| size.parse().ok())?;
    let page: Vec<Value> = records.into_iter().skip(first).take(most).collect();
    Some(project(&page, query))
}

/// The fields that a query asks for, of each record.
pub(super) fn project(records: &[Value], query: &[(&str, String)]) -> Vec<Value> {
    let fields = query.iter().filter(|(name, _)| *name == "f");
    let paths: Vec<&str> = fields.map(|(_, field)| field.as_str()).collect();
    records.iter().map(|record| shown(record, &paths)).collect()
}

fn find<'a>(record: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(record, |here, name| &here[name])
}

fn holds(value: &Value, operator: &str, wanted: &Value) -> bool {
    match operator {
        "=" => same(value, wanted),
        "!=" => !same(value, wanted),
        "in" => wanted
            .as_array()
            .is_some_and(|all| all.iter().any(|one| same(value, one))),
        ">=" => day(value) >= day(wanted),
        "<=" => day(value) <= day(wanted),
        _ => false,
    }
}

/// A record is compared by its number.
fn same(value: &Value, wanted: &Value) -> bool {
    value == wanted || (value.is_object() && value["id"] == *wanted)
}

fn day(value: &Value) -> Option<(u64, u64, u64)> {
    let part = |name: &str| value[name].as_u64();
    Some((part("year")?, part("month")?, part("day")?))
}

/// A record's own name and number, and these fields; a record inside it is its number, unless its
/// own fields are asked for.
fn shown(record: &Value, paths: &[&str]) -> Value {
    if record.is_null() {
        return Value::Null;
    }
    let mut out = Map::new();
    for always in ["__name__", "id"] {
        out.insert(always.to_owned(), record[always].clone());
    }
    for path in paths {
        let (name, inner) = path
            .split_once('.')
            .map_or((*path, false), |(n, _)| (n, true));
        if out.contains_key(name) {
            continue;
        }
        let value = &record[name];
        let value = if inner {
            let prefix = format!("{name}.");
            let within: Vec<&str> = paths
                .iter()
                .filter_map(|p| p.strip_prefix(&prefix))
                .collect();
            shown(value, &within)
        } else if value["__name__"].is_string() {
            value["id"].clone()
        } else {
            value.clone()
        };
        out.insert(name.to_owned(), value);
    }
    Value::Object(out)
}
