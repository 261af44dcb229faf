//! A hundred answers that a request may get, none of which says in the system's words that
//! anything was booked.

use simulator::invoicing::Answer;

/// One of them.
pub(crate) struct Said {
    pub(crate) answer: Answer,
    /// Whether it may also come when the request was carried out. Else only a system that lies
    /// would say it then.
    pub(crate) may_be_after: bool,
    pub(crate) what: String,
}

/// Whether a person may be asked at once when nothing is booked: only a refusal of this one
/// payment, or an answer that no system gives before it is mended.
pub(crate) fn may_be_final(answer: &Answer) -> bool {
    (400..500).contains(&answer.status) || answer.status == 200
}

const HTML: &str = "<html><body>Log in to the guest network</body></html>";

/// Bodies that come with any status.
const BODIES: &[(&str, &str)] = &[
    ("nothing", ""),
    ("a page", HTML),
    ("words", "Bad Gateway"),
    ("an empty object", "{}"),
    (
        "JSON of another system",
        r#"{"error":{"code":"E1","message":"Sorry"}}"#,
    ),
];

/// Statuses after which the request may have been carried out, as far as the answer tells.
const OPEN: &[u16] = &[408, 500, 502, 503, 504, 507, 511, 520, 522, 524, 599];
/// Statuses that say it was not.
const CLOSED: &[u16] = &[301, 302, 307, 308, 404, 405, 406, 413, 501];

/// Bodies that come with status 200.
const STRANGE: &[(&str, &str)] = &[
    ("null", "null"),
    ("true", "true"),
    ("a number", "42"),
    ("a text", "\"ok\""),
    ("a list", "[]"),
    ("a list of a list", "[[]]"),
    ("half an object", r#"{"Success":true,"Id":54"#),
    ("an open text", r#"{"id":"54"#),
    ("two objects", "{}{}"),
    (
        "success as text",
        r#"{"Success":"true","success":"true","ok":"true"}"#,
    ),
    ("success as number", r#"{"Success":1,"success":1,"ok":1}"#),
    (
        "an id that is null",
        r#"{"Success":true,"success":true,"ok":true,"id":null,"Id":null,"payment":{"id":null}}"#,
    ),
    (
        "an id that is a list",
        r#"{"Success":true,"success":true,"ok":true,"Id":[7],"payment":{"id":[7]}}"#,
    ),
    (
        "an id that is an object",
        r#"{"Success":true,"success":true,"ok":true,"Id":{},"payment":{"id":{}}}"#,
    ),
    (
        "an id that is a flag",
        r#"{"Success":true,"success":true,"ok":true,"Id":true,"payment":{"id":true}}"#,
    ),
    (
        "an id that is empty",
        r#"{"Success":true,"success":true,"ok":true,"Id":"","payment":{"id":""}}"#,
    ),
    (
        "success and error",
        r#"{"Success":true,"success":true,"ok":false,"errorCode":500}"#,
    ),
    (
        "no success",
        r#"{"Success":false,"success":false,"ok":false}"#,
    ),
    ("an error in a success", r#"{"errors":["no"]}"#),
    ("an empty list of payments", r#"{"payments":[],"items":[]}"#),
    ("a payment of no type", r#"{"payment":7}"#),
    ("an escape without an end", r#"{"a":"\u12"}"#),
    ("a byte-order mark", "\u{feff}{}"),
    ("a comment", "{} // ok"),
    ("XML", "<?xml version=\"1.0\"?><ok/>"),
    ("a huge number", r#"{"Id":1e999999999,"ok":0}"#),
    ("a form", "success=true&id=7"),
    ("JavaScript", "callback({\"ok\":1})"),
];

/// The table.
pub(crate) fn table() -> Vec<Said> {
    let mut all = Vec::new();
    for (statuses, may_be_after) in [(OPEN, true), (CLOSED, false)] {
        for status in statuses {
            for (name, body) in BODIES {
                all.push(said(*status, body.as_bytes(), may_be_after, name));
            }
        }
    }
    for (name, body) in STRANGE {
        all.push(said(200, body.as_bytes(), true, name));
    }
    for (name, body) in BODIES {
        all.push(said(200, body.as_bytes(), true, name));
        all.push(said(429, body.as_bytes(), false, name));
    }
    all.push(said(200, &[0xff, 0xfe, 0x00], true, "no UTF-8"));
    all.push(said(200, &vec![b'['; 100_000], true, "a deep list"));
    all.push(said(200, &vec![b' '; 900_000], true, "much of nothing"));
    let deep = "{\"a\":".repeat(10_000);
    all.push(said(500, deep.as_bytes(), true, "a deep object"));
    all.push(said(600, b"", true, "a status that does not exist"));
    all
}

fn said(status: u16, body: &[u8], may_be_after: bool, name: &str) -> Said {
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("date", "yesterday".to_owned()),
        ("retry-after", "soon".to_owned()),
    ];
    Said {
        answer: Answer {
            status,
            headers,
            body: body.to_vec(),
        },
        may_be_after,
        what: format!("status {status} with {name}"),
    }
}
