//! Any bytes at the API: programs that were written wrongly, and some that mean harm.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;
use tests::card;

use super::{desk, is_whole, keys};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }
}

/// What means something in HTTP or JSON.
const TELLING: [&str; 16] = [
    "\r\n",
    "\0",
    "{",
    "}",
    "[",
    "\"",
    "-1",
    "1e999",
    "\\ud800",
    "\u{202e}",
    "null",
    "%00",
    "../",
    ":",
    ",",
    "99999999999999999999",
];

/// A text that is changed a few times.
fn mutated(text: &str, random: &mut Random) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(4) {
            0 => {
                let end = (at + random.below(12)).min(bytes.len());
                bytes.drain(at..end);
            }
            1 => bytes.insert(at, u8::try_from(random.below(256)).unwrap()),
            2 => {
                let word = TELLING[random.below(TELLING.len())];
                bytes.splice(at..at, word.bytes());
            }
            _ => {
                let part = bytes[at..].to_vec();
                bytes.extend(part);
                bytes.truncate(4096);
            }
        }
    }
    bytes
}

/// Sends a request, and returns the status and the body of the answer, if there is one.
fn ask(address: &str, request: &[u8]) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    // A daemon that has heard enough may hang up before all is sent.
    drop(stream.write_all(request));
    drop(stream.shutdown(std::net::Shutdown::Write));
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert!(
            !matches!(error.kind(), std::io::ErrorKind::WouldBlock),
            "no answer"
        );
    }
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body);
    Some((status, body.unwrap_or_default().to_owned()))
}

const BODIES: [(&str, &str); 10] = [
    (
        "/v1/payments",
        r#"{"device":"cashbox","amount":"1.00","currency":"EUR","method":"cash","note":"n","service_date":"2026-11-20","items":[{"text":"Filling","amount":"1.00"}]}"#,
    ),
    (
        "/v1/payments",
        r#"{"device":"desk1","amount":"0.01","currency":"EUR","method":"card","invoice":"156"}"#,
    ),
    (
        "/v1/payments/PAYMENT/resolve",
        r#"{"outcome":"approved","name":"Anna","reason":"seen"}"#,
    ),
    ("/v1/payments/PAYMENT/refund", r#"{"amount":"0.10"}"#),
    ("/v1/payments/PAYMENT/cancel", r#"{"method":"cash"}"#),
    ("/v1/devices/desk1/close", r#"{"name":"Anna"}"#),
    (
        "/v1/devices/desk1/service",
        r#"{"service":"show","text":"Back soon"}"#,
    ),
    (
        "/v1/sync/PAYMENT/retry",
        r#"{"upstream":"ivvy","name":"Anna","reason":"again"}"#,
    ),
    (
        "/v1/jobs/1/resolve",
        r#"{"outcome":"printed","name":"Anna"}"#,
    ),
    (
        "/v1/devices/desk1/drawer",
        r#"{"name":"Anna","reason":"change"}"#,
    ),
];

const QUERIES: [&str; 6] = [
    "/v1/payments?state=approved&device=desk1&from=2026-01-01T00:00:00Z&limit=5&after=PAYMENT",
    "/v1/payments/PAYMENT",
    "/v1/events?after=7",
    "/v1/devices/desk1/closings?limit=3",
    "/v1/worklist?upstream=ivvy&format=csv",
    "/v1/sync?upstream=ivvy&state=queued",
];

#[tokio::test(flavor = "multi_thread")]
async fn any_bytes_are_answered_and_change_nothing_that_was_not_asked_for() {
    let mut desk = desk().await;
    let client = desk.start().await;
    desk.ready(&client).await;
    let first = client.pay("k0", &card("10.10", "156")).await.unwrap();
    let id = first.get("id").and_then(Value::as_str).unwrap().to_owned();
    let url = desk.url();
    let address = url.strip_prefix("http://").unwrap().to_owned();
    let token = std::fs::read_to_string(desk.path("state/token")).unwrap();
    let head = |method: &str, path: &str, random: &mut Random| {
        let key = random.below(1 << 40);
        format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
             Connection: close\r\nIdempotency-Key: s{key}\r\nPrefer: respond-async\r\n",
            token.trim()
        )
    };
    let mut random = Random(1);
    let mut answered = 0;
    for round in 0..900 {
        let request = match round % 3 {
            // A body that is wrong, in a request that is right.
            0 => {
                let (path, body) = BODIES[random.below(BODIES.len())];
                let body = mutated(body, &mut random);
                let path = path.replace("PAYMENT", &id);
                let head = head("POST", &path, &mut random);
                let rest = format!(
                    "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                [head.into_bytes(), rest.into_bytes(), body].concat()
            }
            // A path and a query that are wrong.
            1 => {
                let query = QUERIES[random.below(QUERIES.len())].replace("PAYMENT", &id);
                let query = String::from_utf8_lossy(&mutated(&query, &mut random)).into_owned();
                if query.contains("events") {
                    continue;
                }
                (head("GET", &query, &mut random) + "\r\n").into_bytes()
            }
            // Not even HTTP.
            _ => {
                let (path, body) = BODIES[random.below(BODIES.len())];
                let head = head("POST", path, &mut random);
                mutated(&format!("{head}\r\n{body}"), &mut random)
            }
        };
        let shown = String::from_utf8_lossy(&request).into_owned();
        let Some((status, body)) = ask(&address, &request) else {
            continue;
        };
        answered += 1;
        assert_ne!(status, 500, "{status} {body}\n{shown}");
        if status >= 400 && body.starts_with('{') {
            // Behind it may be the answer to what looked like a second request.
            let mut documents = serde_json::Deserializer::from_str(&body).into_iter::<Value>();
            let problem = documents.next().unwrap().unwrap();
            let detail = problem.get("detail").and_then(Value::as_str);
            assert!(
                detail.is_some_and(|detail| detail.len() > 10),
                "{problem}\n{shown}"
            );
        }
    }
    assert!(answered > 500, "only {answered} were answered");
    assert_eq!(desk.log().matches("panicked").count(), 0);
    // What a slip of the pen did not spoil was taken; nobody's payment was changed.
    assert!(
        keys(&client)
            .await
            .iter()
            .all(|key| key == "k0" || key.starts_with('s'))
    );
    let now = client.get(&format!("/v1/payments/{id}")).await.unwrap();
    assert_eq!(now.get("amount"), first.get("amount"));
    is_whole(&client).await;
    desk.kill();
}
