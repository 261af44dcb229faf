//! What requests to the daemon are made of: addresses, bodies, keys.

use serde_json::{Value, json};

use crate::cli::client::CallError;

/// Text as a part of an address.
pub(super) fn percent(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    text.bytes()
        .map(|b| {
            if plain(b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

/// An address that has a query already, with the fields that were given.
pub(super) fn only(path: &str, fields: &[(&str, &Option<String>)]) -> String {
    let mut path = path.to_owned();
    for (name, value) in fields {
        if let Some(value) = value {
            path = format!("{path}&{name}={}", percent(value));
        }
    }
    path
}

/// A body with the fields that were given.
pub(super) fn with(fields: &[(&str, &Option<String>)]) -> Value {
    let given = fields.iter().filter_map(|(name, value)| {
        value
            .as_ref()
            .map(|value| ((*name).to_owned(), json!(value)))
    });
    Value::Object(given.collect())
}

/// The key that was given, or a new one.
pub(super) fn key_or_new(given: Option<&String>) -> Result<String, CallError> {
    if let Some(key) = given {
        return Ok(key.clone());
    }
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| CallError::Refused {
        kind: "key".to_owned(),
        detail: format!("The system gives no random numbers ({error}). Give a key with --key."),
    })?;
    Ok(hex::encode(random))
}
