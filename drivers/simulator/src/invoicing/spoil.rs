//! Answers that are not what the system said.

use jiff::Timestamp;
use serde_json::Value;

use super::{Answer, answer};

/// Somebody else's login page.
pub(super) fn portal(clock: Timestamp, status: u16) -> Answer {
    let body = "<html><body>Log in to the guest network</body></html>";
    answer(clock, status, "text/html", body)
}

/// A way to somebody else's login page.
pub(super) fn redirect(clock: Timestamp) -> Answer {
    let mut answer = portal(clock, 302);
    let to = "http://portal.example/".to_owned();
    answer.headers.push(("location", to));
    answer
}

/// The first half.
pub(super) fn truncated(mut answer: Answer) -> Answer {
    answer.body.truncate(answer.body.len() / 2);
    answer
}

/// The same fields, each with a value of another type.
pub(super) fn retyped(mut answer: Answer) -> Answer {
    if let Ok(value) = serde_json::from_slice::<Value>(&answer.body) {
        answer.body = turned(value).to_string().into_bytes();
    }
    answer
}

fn turned(value: Value) -> Value {
    match value {
        Value::Null => Value::Bool(false),
        Value::Bool(flag) => Value::String(flag.to_string()),
        Value::Number(_) => Value::Array(Vec::new()),
        Value::String(_) => Value::Object(serde_json::Map::new()),
        Value::Array(items) => {
            let items = items.into_iter().enumerate();
            Value::Object(items.map(|(i, v)| (i.to_string(), turned(v))).collect())
        }
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(k, v)| (k, turned(v))).collect())
        }
    }
}
