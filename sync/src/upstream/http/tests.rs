//! Any HTTP API through its public surface: requests out, answers in.

use super::*;
use crate::upstream::{
    Seal, When,
    samples::{booking, payment},
};

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

const BOOKS: &str = r#"
[upstream.create]
path = "/invoices/{{ invoice }}/payments"
body = '{"at":{{ journal_seq }},"of":{{ device_seq }},"hash":{{ journal_hash }},"note":"{{ seal }}"}'
[upstream.success]
remote_id = "/id"
[upstream.list]
path = "/payments?from={{ from }}&to={{ to_date }}&page={{ page_number }}"
list = "/items"
receipt = "/reference"
amount = "/amount"
amount_in = "minor"
currency = "/currency"
invoice = "/invoice"
remote_id = "/id"
paid_at = "/at"
seal = "/note"
[upstream.invoice]
path = "/invoices/{{ invoice }}"
outstanding = "/open"
currency = "/currency"
"#;

fn answered(status: u16, body: &str) -> HttpAnswer {
    HttpAnswer::response(status, None, None, body.into())
}

#[test]
fn the_seal_goes_there_and_comes_back_in_the_list() {
    let api = api(BOOKS);
    let payment = payment(1, Some("7"), "80.10");
    let seal = Seal {
        seq: 9,
        device_seq: 4,
        hash: [0xab; 32],
    };
    let told = Booking {
        seal: Some(&seal),
        ..booking(&payment)
    };
    let body = String::from_utf8(api.create(at(), &told).unwrap().body).unwrap();
    let (hash, text) = ("ab".repeat(32), seal.to_string());
    let expected = format!(r#"{{"at":9,"of":4,"hash":"{hash}","note":"{text}"}}"#);
    assert_eq!(body, expected);
    let without = String::from_utf8(api.create(at(), &booking(&payment)).unwrap().body).unwrap();
    assert_eq!(without, r#"{"at":null,"of":null,"hash":null,"note":""}"#);

    assert!(api.abilities().list && api.abilities().invoice);
    let request = api.list(at(), at(), at(), 2).unwrap();
    let expected =
        "https://pms.example/v1/payments?from=2026-11-21T00%3A10%3A00Z&to=2026-11-21&page=3";
    assert_eq!((request.method, request.url.as_str()), ("GET", expected));
    let item = format!(
        r#"{{"items":[{{"id":"p1","reference":"desk1-000001","amount":-8010,"currency":"EUR",
            "invoice":7,"at":"2026-11-21T00:10:00Z","note":"x {text}"}},
            {{"amount":"5","at":"2026-11-20"}}]}}"#
    );
    let page = api.read_list(&answered(200, &item)).unwrap();
    assert!(page.more);
    let [ours, other] = page.payments.as_slice() else {
        panic!("{page:?}")
    };
    assert_eq!(ours.seal, Some(seal));
    assert_eq!(
        (ours.amount.to_string().as_str(), ours.back),
        ("80.10", true)
    );
    assert_eq!(ours.invoice.as_ref().unwrap().as_str(), "7");
    assert_eq!(ours.at, Some(When::At(at())));
    assert_eq!((other.receipt.as_ref(), other.back), (None, false));
    assert_eq!(other.at, Some(When::On(jiff::civil::date(2026, 11, 20))));
    // No more pages after an empty one, and nothing else is a list.
    assert!(
        !api.read_list(&answered(200, r#"{"items":[]}"#))
            .unwrap()
            .more
    );
    for (status, body) in [
        (200, "{}"),
        (200, "<html>"),
        (500, "{}"),
        (200, r#"{"items":[{}]}"#),
    ] {
        assert!(
            api.read_list(&answered(status, body)).is_err(),
            "{status} {body}"
        );
    }
}

#[test]
fn what_is_open_on_an_invoice_is_read() {
    let api = api(BOOKS);
    let invoice: InvoiceRef = "A/7".parse().unwrap();
    let request = api.invoice(at(), &invoice).unwrap();
    assert_eq!(request.url, "https://pms.example/v1/invoices/A%2F7");
    let seen = |status, body| api.read_invoice(&invoice, &answered(status, body));
    let InvoiceSeen::Open {
        outstanding,
        currency,
    } = seen(200, r#"{"open":"12.50","currency":"EUR"}"#)
    else {
        panic!("not open")
    };
    assert_eq!(
        (outstanding.to_string().as_str(), currency.unwrap().code()),
        ("12.50", "EUR")
    );
    assert!(matches!(seen(404, ""), InvoiceSeen::NotFound { .. }));
    assert!(matches!(seen(200, "{}"), InvoiceSeen::Unreadable { .. }));
    assert!(matches!(seen(500, ""), InvoiceSeen::Unreadable { .. }));
}
