//! Bad input: each has its own problem type and a sentence, and nothing is written.

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use simulator::terminal::zvt::Options;
use tests::{Desk, Wire, text};

/// The API over loopback, as a browser or another program would call it.
struct Loopback {
    desk: Desk,
    url: String,
    token: String,
    http: reqwest::Client,
}

impl Loopback {
    async fn new() -> Self {
        let mut desk = Desk::set(Wire::Tcp, Options::default()).await;
        let client = desk.start().await;
        desk.ready(&client).await;
        let url = desk.url();
        let token = std::fs::read_to_string(desk.path("state/token")).unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            desk,
            url,
            token: token.trim().to_owned(),
            http,
        }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(&self.token)
    }

    fn post(&self, body: String) -> reqwest::RequestBuilder {
        self.request(Method::POST, "/v1/payments")
            .header(header::CONTENT_TYPE, "application/json")
            .header("Idempotency-Key", "k1")
            .body(body)
    }

    async fn payments(&self) -> usize {
        let list = self.desk.client().get("/v1/payments").await.unwrap();
        list.get("payments")
            .and_then(Value::as_array)
            .unwrap()
            .len()
    }
}

/// The answer's status and problem type; every problem is a whole document with a sentence.
async fn problem(request: reqwest::RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let content_type = answer.headers().get(header::CONTENT_TYPE).cloned().unwrap();
    assert_eq!(content_type, "application/problem+json");
    let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(body.get("status"), Some(&json!(status.as_u16())));
    let detail = text(&body, "detail");
    assert!(
        detail.len() > 20 && detail.ends_with('.'),
        "no sentence: {detail}"
    );
    (
        status.as_u16(),
        text(&body, "type")
            .trim_start_matches("urn:tilld:problem:")
            .to_owned(),
    )
}

#[tokio::test]
async fn bad_bodies() {
    let api = Loopback::new().await;
    let good = json!({ "device": "desk1", "amount": "1.00", "currency": "EUR", "method": "card" });
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body.as_object_mut()
            .unwrap()
            .insert(field.to_owned(), value);
        body.to_string()
    };
    let rows = [
        (with("device", json!("desk9")), 404, "unknown-device"),
        (with("device", json!("\u{1b}DESK")), 404, "unknown-device"),
        (with("amount", json!("1.001")), 422, "too-many-decimals"),
        (with("amount", json!("0")), 422, "amount-not-positive"),
        (with("amount", json!("-5.00")), 422, "amount-not-positive"),
        (with("amount", json!("1,00")), 422, "invalid-amount"),
        (with("amount", json!("999999999999")), 422, "invalid-amount"),
        (with("amount", json!(1.5)), 400, "invalid-body"),
        (with("currency", json!("USD")), 422, "currency-not-taken"),
        (with("currency", json!("EURO")), 422, "unknown-currency"),
        (with("method", json!("barter")), 422, "unknown-method"),
        (with("invoice", json!("")), 422, "invalid-field"),
        (with("note", json!("x".repeat(501))), 422, "invalid-field"),
        (with("tip", json!("1.00")), 400, "unknown-field"),
        (
            with("note", json!("x".repeat(70_000))),
            413,
            "body-too-large",
        ),
        ("{".to_owned(), 400, "invalid-body"),
        ("[]".to_owned(), 400, "invalid-body"),
        (
            good.to_string()
                .replace("\"device\"", "\"device\":\"a\",\"device\""),
            400,
            "invalid-body",
        ),
    ];
    for (body, status, kind) in rows {
        let shown: String = body.chars().take(120).collect();
        assert_eq!(
            problem(api.post(body)).await,
            (status, kind.to_owned()),
            "{shown}"
        );
    }
    let cashbox = with("device", json!("cashbox"));
    assert_eq!(
        problem(api.post(cashbox)).await,
        (422, "method-not-taken".to_owned())
    );
    assert_eq!(api.payments().await, 0, "nothing is written");
    assert_eq!(
        api.desk.terminal.authorisations_seen(),
        0,
        "nobody was asked"
    );
}

#[tokio::test]
async fn bad_requests() {
    let api = Loopback::new().await;
    let body = json!({ "device": "desk1", "amount": "1.00", "currency": "EUR", "method": "card" });
    let post = || {
        api.request(Method::POST, "/v1/payments")
            .body(body.to_string())
    };
    let json_type = ("content-type", "application/json");
    let with_items = |items: Value| {
        let mut body = body.clone();
        body["items"] = items;
        api.request(Method::POST, "/v1/payments")
            .header(json_type.0, json_type.1)
            .header("Idempotency-Key", "k1")
            .body(body.to_string())
    };
    let get = |path: &str| api.request(Method::GET, path);
    let rows = [
        (
            post().header(json_type.0, json_type.1),
            400,
            "idempotency-key-missing",
        ),
        (
            post()
                .header(json_type.0, json_type.1)
                .header("Idempotency-Key", "x".repeat(300)),
            400,
            "idempotency-key-invalid",
        ),
        (post().header("Idempotency-Key", "k1"), 415, "not-json"),
        (
            with_items(json!([{ "text": "", "amount": "1" }])),
            422,
            "invalid-field",
        ),
        (
            with_items(json!([{ "text": "a", "amount": "1.555" }])),
            422,
            "invalid-field",
        ),
        (
            with_items(json!(vec![json!({ "text": "a", "amount": "1" }); 51])),
            422,
            "invalid-field",
        ),
        (
            with_items(json!([{ "text": "a", "amount": "1", "tooth": 1 }])),
            400,
            "invalid-body",
        ),
        (get("/v1/payments/nonsense"), 404, "unknown-payment"),
        (
            get("/v1/payments/01912345-0000-7000-8000-000000000000"),
            404,
            "unknown-payment",
        ),
        (get("/v1/payments?state=lost"), 400, "invalid-query"),
        (get("/v1/payments?colour=red"), 400, "invalid-query"),
        (get("/v1/nothing"), 404, "not-found"),
        (
            api.request(Method::DELETE, "/v1/payments"),
            405,
            "method-not-allowed",
        ),
    ];
    for (request, status, kind) in rows {
        assert_eq!(problem(request).await, (status, kind.to_owned()));
    }
}

#[tokio::test]
async fn strangers_are_kept_out() {
    let api = Loopback::new().await;
    let bare = |path: &str| api.http.get(format!("{}{path}", api.url));
    for (request, status, kind) in [
        (bare("/v1/payments"), 401, "unauthorized"),
        (bare("/v1/events"), 401, "unauthorized"),
        (
            bare("/v1/payments").bearer_auth("0".repeat(64)),
            401,
            "unauthorized",
        ),
        (
            bare("/healthz").header(header::HOST, "evil.example"),
            403,
            "forbidden-host",
        ),
        (
            bare("/v1/payments")
                .bearer_auth(&api.token)
                .header(header::ORIGIN, "http://evil.example"),
            403,
            "forbidden-origin",
        ),
    ] {
        assert_eq!(problem(request).await, (status, kind.to_owned()));
    }
    for open in [
        "/healthz",
        "/",
        "/worklist",
        "/common.js",
        "/console.js",
        "/worklist.js",
        "/console.css",
    ] {
        assert_eq!(
            bare(open).send().await.unwrap().status(),
            StatusCode::OK,
            "{open}"
        );
    }
}

#[tokio::test]
async fn lists_have_pages_and_filters() {
    let api = Loopback::new().await;
    let client = api.desk.client();
    for i in 0..5 {
        let body = json!({
            "device": "cashbox", "amount": "1.00", "currency": "EUR", "method": "cash",
            "invoice": (i % 2 == 1).then_some("156"),
        });
        client.pay(&format!("k{i}"), &body).await.unwrap();
    }
    let receipts = |list: &Value| -> Vec<String> {
        let all = list.get("payments").and_then(Value::as_array).unwrap();
        all.iter()
            .map(|p| {
                text(p, "receipt")
                    .trim_start_matches("cashbox-00000")
                    .to_owned()
            })
            .collect()
    };
    let first = client.get("/v1/payments?limit=3").await.unwrap();
    assert_eq!(receipts(&first), ["5", "4", "3"], "newest first");
    let next = text(&first, "next");
    let second = client
        .get(&format!("/v1/payments?limit=3&after={next}"))
        .await
        .unwrap();
    assert_eq!(receipts(&second), ["2", "1"]);
    assert_eq!(second.get("next"), Some(&Value::Null));
    for (query, expected) in [
        ("invoice=156", vec!["4", "2"]),
        ("device=desk1", vec![]),
        ("state=approved&limit=1", vec!["5"]),
        ("state=in_doubt", vec![]),
        ("to=2020-01-01T00:00:00Z", vec![]),
        ("from=2020-01-01T00:00:00Z&limit=2", vec!["5", "4"]),
    ] {
        let list = client.get(&format!("/v1/payments?{query}")).await.unwrap();
        assert_eq!(receipts(&list), expected, "{query}");
    }
}
