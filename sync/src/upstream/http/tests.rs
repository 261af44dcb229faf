//! Any HTTP API through its public surface: requests out, answers in.

use super::*;
use crate::upstream::samples::{booking, payment};

fn api(more: &str) -> HttpApi {
    let text = format!(
        "[[till]]\nid = \"desk1\"\ncurrency = \"EUR\"\n\
         [[upstream]]\nid = \"pms\"\nkind = \"http\"\nurl = \"https://pms.example/v1\"\n{more}"
    );
    let secrets = config::SecretSource::default();
    let config = config::parse(&text, std::path::Path::new("tilld.toml"), &secrets, &[]).unwrap();
    let upstream = &config.upstreams[0];
    let config::UpstreamKind::Http(options) = &upstream.kind else {
        panic!("another kind");
    };
    HttpApi::new(upstream, options)
}

const USUAL: &str = r#"
idempotency_key = "quoted"
message = "/error/message"
[upstream.create]
path = "/invoices/{{ invoice }}/payments"
body = '{"reference":{{ receipt }},"amount":{{ amount }},"group":{{ device }},"note":"{{ note }}"}'
[upstream.success]
status = "200-201"
remote_id = "/payment/id"
[upstream.look_up]
path = "/payments?reference={{ receipt }}"
list = "/items"
receipt = "/reference"
amount = "/amount"
remote_id = "/id"
total = "/total"
[[upstream.answer]]
status = "422"
pointer = "/error/code"
equals = "duplicate"
class = "booked"
[[upstream.answer]]
status = "404"
pointer = "/error/code"
equals = "no_invoice"
class = "refused"
"#;

fn at() -> Timestamp {
    "2026-11-21T00:10:00Z".parse().unwrap()
}

#[test]
fn a_request_is_what_the_templates_say() {
    let request = api(USUAL)
        .create(at(), &booking(&payment(1, Some("A/7"), "80.10")))
        .unwrap();
    assert_eq!(request.method, "POST");
    assert_eq!(
        request.url,
        "https://pms.example/v1/invoices/A%2F7/payments"
    );
    let body = String::from_utf8(request.body).unwrap();
    let expected = r#"{"reference":"desk1-000001","amount":80.10,"group":"desk1","note":""}"#;
    assert_eq!(body, expected);
    let id = payment(1, None, "1.00").intent.id;
    assert_eq!(
        request.headers,
        [
            ("Content-Type".into(), "application/json".to_owned()),
            ("Idempotency-Key".into(), format!("\"{id}\"")),
        ]
    );
    let again = api(USUAL).create(
        at() + jiff::Span::new().hours(1),
        &booking(&payment(1, Some("A/7"), "80.10")),
    );
    assert_eq!(
        String::from_utf8(again.unwrap().body).unwrap(),
        expected,
        "the same bytes"
    );
    let said = api(USUAL)
        .create(at(), &booking(&payment(1, None, "1.00")))
        .unwrap_err()
        .to_string();
    assert!(said.starts_with("The path of pms needs a value"), "{said}");
}

#[test]
fn the_table_of_answers() {
    for (status, body, expected) in [
        (
            201,
            r#"{"payment":{"id":7}}"#,
            "Confirmed { remote_id: Some(\"7\")",
        ),
        (
            200,
            r#"{"payment":{"id":"p-7"}}"#,
            "Confirmed { remote_id: Some(\"p-7\")",
        ),
        (204, "", "Ambiguous"),
        (202, r#"{"payment":{"id":7}}"#, "Ambiguous"),
        (200, r#"{"payment":{"id":null}}"#, "Ambiguous"),
        (200, r#"{"payment":{"id":7}"#, "Ambiguous"),
        (200, "<html>", "Ambiguous"),
        (302, "", "Ambiguous"),
        (422, r#"{"error":{"code":"duplicate"}}"#, "Confirmed"),
        (
            422,
            r#"{"error":{"code":"x","message":"No <b>"}}"#,
            "Refused { reason: \"The invoicing system says: No  b  (status 422).\"",
        ),
        (404, r#"{"error":{"code":"no_invoice"}}"#, "Refused"),
        (404, "", "Misconfigured"),
        (401, "", "Parked"),
        (403, "<html>", "Parked"),
        (409, "", "Ambiguous"),
        (429, "", "NotExecuted"),
        (400, "", "Refused"),
        (500, r#"{"payment":{"id":7}}"#, "Ambiguous"),
        (503, "", "Ambiguous"),
        (600, "", "Ambiguous"),
    ] {
        let answer = HttpAnswer::response(status, None, None, body.as_bytes().to_vec());
        let class = format!("{:?}", api(USUAL).classify(at(), &answer));
        assert!(class.starts_with(expected), "{status} {body}: {class}");
    }
}

#[test]
fn the_table_of_read_backs() {
    let ours = r#"{"id":9,"reference":"desk1-000001","amount":80.10}"#;
    let list = |items: &str, total: u8| format!(r#"{{"items":[{items}],"total":{total}}}"#);
    for (body, expected) in [
        (list(ours, 1), "Present { remote_id: Some(\"9\") }"),
        (
            list(r#"{"reference":"desk1-000001","amount":"80.1"}"#, 1),
            "Present",
        ),
        (list("", 0), "Absent { obstacle: None }"),
        (
            list(r#"{"reference":"desk1-0000011","amount":80.10}"#, 1),
            "Absent",
        ),
        (list(r#"{"amount":80.10}"#, 1), "Absent"),
        (list("", 1), "Unreadable"),
        (
            list(&format!("{ours},{ours}"), 2),
            "Conflict { reason: \"pms holds receipt desk1-000001 2 times",
        ),
        (
            list(r#"{"reference":"desk1-000001","amount":8.01}"#, 1),
            "Conflict",
        ),
        (
            list(r#"{"reference":"desk1-000001","amount":-80.10}"#, 1),
            "Conflict",
        ),
        (list(r#"{"reference":"desk1-000001"}"#, 1), "Conflict"),
        (list("7", 1), "Unreadable"),
        (r#"{"items":{}}"#.to_owned(), "Unreadable"),
        ("[]".to_owned(), "Unreadable"),
        ("<html>".to_owned(), "Unreadable"),
    ] {
        let answer = HttpAnswer::response(200, None, None, body.clone().into_bytes());
        let found = format!("{:?}", api(USUAL).find(&payment(1, None, "80.10"), &answer));
        assert!(found.starts_with(expected), "{body}: {found}");
    }
    let gone = HttpAnswer::response(404, None, None, list("", 0).into_bytes());
    let found = api(USUAL).find(&payment(1, None, "80.10"), &gone);
    assert!(matches!(found, Found::Unreadable { .. }), "{found:?}");
}

#[test]
fn what_settles_a_doubt() {
    let rest = "[upstream.create]\npath = \"/\"\n[upstream.success]\nremote_id = \"/id\"\n";
    let payment = payment(1, None, "1.00");
    let hours = |n: i64| payment.intent.at + jiff::SignedDuration::from_hours(n);
    for (more, after, expected) in [
        ("", 0, Doubt::Person),
        ("idempotent = true\n", 24 * 300, Doubt::SendAgain),
        (
            "idempotent = true\nidempotent_for = \"24h\"\n",
            23,
            Doubt::SendAgain,
        ),
        (
            "idempotent = true\nidempotent_for = \"24h\"\n",
            24,
            Doubt::Person,
        ),
        // A clock that was set back proves nothing.
        ("idempotent = true\n", -1, Doubt::Person),
    ] {
        let api = api(&format!("{more}{rest}"));
        assert_eq!(
            api.doubt(hours(after), &payment),
            expected,
            "{more} {after}"
        );
    }
    assert_eq!(api(USUAL).doubt(hours(0), &payment), Doubt::ReadBack);
}
