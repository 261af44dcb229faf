//! A real Tryton: its stand-in gives the same answers, and the laws hold with it.
//!
//! `tests/tryton/run` installs and serves it, and says where it is in `TRYTON_CLINIC`.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicU64, Ordering},
};

use base64::{Engine, engine::general_purpose::URL_SAFE};
use jiff::Timestamp;
use payment::Money;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use simulator::invoicing::{self, Answer, Booked, Request, System};

use crate::{
    kit::{self, INVOICES, Subject, eur},
    tryton::section,
};

/// Counts the desks: all have one Tryton.
static RUNS: AtomicU64 = AtomicU64::new(0);

fn clinic() -> Value {
    let path = std::env::var("TRYTON_CLINIC").expect("tests/tryton/run says where it is");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The real one, as a system whose answers may be lost.
struct Real {
    clinic: Value,
    /// The host, and the path of the database.
    at: (String, String),
    /// Our numbers of the invoices, by Tryton's.
    invoices: BTreeMap<u64, u64>,
    run: u64,
}

impl Real {
    fn open() -> Self {
        let clinic = clinic();
        let url = clinic["url"].as_str().unwrap();
        let (host, path) = url
            .strip_prefix("http://")
            .unwrap()
            .split_once('/')
            .unwrap();
        let at = (host.to_owned(), format!("/{path}"));
        Self {
            at,
            clinic,
            invoices: BTreeMap::new(),
            run: RUNS.load(Ordering::Relaxed),
        }
    }

    fn send(&self, request: &Request) -> Answer {
        let mut stream = TcpStream::connect(&self.at.0).unwrap();
        let mut head = format!("{} {} HTTP/1.0\r\n", request.method, request.path_and_query);
        let length = ("content-length".to_owned(), request.body.len().to_string());
        for (name, value) in request.headers.iter().chain([&length]) {
            head.extend([name, ": ", value, "\r\n"]);
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
        stream.write_all(&request.body).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            headers: Vec::new(),
            body: answer[end + 4..].to_vec(),
        }
    }

    /// As the clinic's own user, who may write invoices.
    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let key = self.clinic["clinic_key"].as_str().unwrap();
        let answer = self.send(&request(&self.at.1, key, method, path, body));
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, 200, "{method} {path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    fn write_invoice(&self, number: &str, total: &str) -> u64 {
        let of = |name: &str| self.clinic[name].clone();
        let line = json!({
            "type": "line", "company": of("company"), "currency": of("currency"), "quantity": 1,
            "unit_price": total, "account": of("revenue"), "invoice_type": "out",
            "description": "Consultation",
        });
        let body = json!({
            "type": "out", "number": number, "company": of("company"), "currency": of("currency"),
            "party": of("party"), "invoice_address": of("address"), "account": of("receivable"),
            "journal": of("revenue_journal"), "invoice_date": "2026-11-21",
            "lines": [["create", [line]]],
        });
        let invoice = self.call("POST", "account.invoice?f=state", Some(&body));
        let id = invoice["id"].as_u64().unwrap();
        self.call(
            "POST",
            &format!("account.invoice/{id}/post?f=state"),
            Some(&json!({})),
        );
        id
    }
}

fn request(database: &str, key: &str, method: &str, path: &str, body: Option<&Value>) -> Request {
    let headers = [
        ("Authorization", format!("Bearer {key}")),
        ("Accept", "application/json".to_owned()),
        ("Accept-Language", "en".to_owned()),
        ("Content-Type", "application/json".to_owned()),
    ];
    Request {
        method: method.to_owned(),
        path_and_query: format!("{database}/rest/model/{path}"),
        headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
        body: body
            .map(|body| body.to_string().into_bytes())
            .unwrap_or_default(),
    }
}

fn search(model: &str, domain: &Value, fields: &[&str]) -> String {
    let domain = URL_SAFE.encode(domain.to_string());
    format!("{model}?d={domain}&f={}", fields.join("&f="))
}

impl System for Real {
    fn add_invoice(&mut self, id: u64, total: Money) {
        let number = self.run * INVOICES + id;
        let theirs = self.write_invoice(&number.to_string(), &total.amount().to_string());
        self.invoices.insert(theirs, id);
    }

    fn answer(&mut self, _: Timestamp, request: &Request) -> Answer {
        self.send(request)
    }

    fn is_booking(&self, request: &Request) -> bool {
        request.method != "GET"
    }

    fn trouble(&self, status: u16) -> String {
        format!("<!doctype html>\n<title>{status}</title>\n")
    }

    fn booked(&self) -> Vec<Booked> {
        let device = format!("desk{}-%", self.run + 1);
        let domain = json!([
            ["number", "like", device],
            ["statement.state", "in", ["validated", "posted"]],
        ]);
        let path = search(
            "account.statement.line",
            &domain,
            &["number", "amount", "related_to"],
        );
        let order = URL_SAFE.encode(r#"[["id","ASC"]]"#);
        let lines = self.call("GET", &format!("{path}&o={order}"), None);
        let lines = lines.as_array().unwrap().iter().map(|line| {
            let related = line["related_to"].as_str().unwrap_or_default();
            let id = related
                .strip_prefix("account.invoice,")
                .and_then(|id| id.parse().ok());
            Booked {
                invoice: id
                    .and_then(|id: u64| self.invoices.get(&id).copied())
                    .unwrap_or(0),
                receipt: line["number"].as_str().unwrap().to_owned(),
                amount: line["amount"]["decimal"]
                    .as_str()
                    .unwrap()
                    .parse::<Decimal>()
                    .unwrap(),
            }
        });
        lines.collect()
    }
}

struct Subjected;

impl Subject for Subjected {
    type System = Real;

    const SETTLES: bool = true;
    const MINDS_THE_CLOCK: bool = false;
    const TAKES_RETURNS: bool = true;
    const STEPS: usize = 3;
    const TIMES: &'static [u32] = &[1, 3];
    const SECRETS: &'static [&'static str] = &[];

    fn run() -> u64 {
        RUNS.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn system() -> Real {
        Real::open()
    }

    fn config(url: &str) -> config::Upstream {
        let clinic = clinic();
        let mut section = section(url, clinic["key"].as_str().unwrap(), true);
        if let config::UpstreamKind::Tryton(options) = &mut section.kind {
            let device = |n: u64| format!("desk{n}").parse().unwrap();
            options.journals = (1..500).map(|n| (device(n), "desk1".to_owned())).collect();
        }
        section
    }
}

#[tokio::test]
#[ignore = "it needs a Tryton: tests/tryton/run"]
async fn every_fault_ends_with_each_payment_booked_once() {
    kit::every_fault_ends_with_each_payment_booked_once::<Subjected>().await;
}

#[tokio::test]
#[ignore = "it needs a Tryton: tests/tryton/run"]
async fn a_refusal_waits_for_a_person_and_blocks_no_other_invoice() {
    kit::a_refusal_waits_for_a_person_and_blocks_no_other_invoice::<Subjected>().await;
}

#[tokio::test]
#[ignore = "it needs a Tryton: tests/tryton/run"]
async fn what_is_given_back_is_told_once_or_left_to_a_person() {
    kit::what_is_given_back_is_told_once_or_left_to_a_person::<Subjected>().await;
}

#[tokio::test]
#[ignore = "it needs a Tryton: tests/tryton/run"]
async fn amounts_arrive_to_the_last_unit() {
    kit::amounts_arrive_to_the_last_unit::<Subjected>().await;
}

#[tokio::test]
#[ignore = "it needs a Tryton: tests/tryton/run"]
async fn a_wrong_clock_costs_nothing() {
    kit::a_wrong_clock_costs_nothing::<Subjected>().await;
}

/// All that the stand-in is asked for, in the kit and elsewhere, has the real one's answers.
#[tokio::test]
#[ignore = "it needs a Tryton: tests/tryton/run"]
async fn the_stand_in_answers_as_the_real_one() {
    let number = Subjected::run() * INVOICES;
    let real = Real::open();
    let key = clinic()["key"].as_str().unwrap().to_owned();
    real.write_invoice(&number.to_string(), "100.00");
    let said = tell(number, "desk1", &mut |method, path, body| {
        let answer = real.send(&request(&real.at.1, &key, method, path, body));
        (answer.status, answer.body)
    });

    let mut system = invoicing::Tryton::new("k", &["desk1"]);
    system.add_invoice(number, eur("100.00"));
    let now: Timestamp = "2026-11-21T00:10:00Z".parse().unwrap();
    let stood = tell(number, "desk1", &mut |method, path, body| {
        let answer = system.answer(now, &request("/clinic", "k", method, path, body));
        (answer.status, answer.body)
    });
    assert!(said.len() > 40, "only {} answers", said.len());
    for (real, stood) in said.iter().zip(&stood) {
        assert_eq!(stood, real);
    }
    assert_eq!(said.len(), stood.len());
}

const CREATE: &str = "account.statement?f=state";

type Call<'a> = dyn FnMut(&str, &str, Option<&Value>) -> (u16, Vec<u8>) + 'a;

/// A conversation, with each answer's status and form: numbers that the system gives stand as `#`.
#[expect(
    clippy::too_many_lines,
    reason = "one conversation, which is read from its beginning"
)]
fn tell(invoice: u64, journal: &str, call: &mut Call<'_>) -> Vec<(String, u16, Value)> {
    let mut told = Vec::new();
    let mut ask = |method: &str, path: &str, body: Option<&Value>| -> Value {
        let (status, body) = call(method, path, body);
        let value: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let path = path.split(['?', '/']).next().unwrap_or_default();
        let what = format!("{} {method} {path}", told.len());
        told.push((what, status, form(&value)));
        value
    };
    let journals = search(
        "account.statement.journal",
        &json!([["name", "=", journal]]),
        &["name", "company", "validation", "currency.code"],
    );
    let of = ask("GET", &journals, None)[0].clone();
    let nobody = json!([["name", "=", "nobody"]]);
    ask(
        "GET",
        &search("account.statement.journal", &nobody, &["name"]),
        None,
    );
    let invoices = search(
        "account.invoice",
        &json!([["type", "=", "out"], ["number", "=", invoice.to_string()]]),
        &[
            "number",
            "state",
            "company",
            "party",
            "account",
            "amount_to_pay",
            "currency.code",
        ],
    );
    let found = ask("GET", &invoices, None)[0].clone();
    let lines = |receipt: &str| {
        let fields = [
            "number",
            "amount",
            "account",
            "related_to",
            "move",
            "statement.state",
        ];
        search(
            "account.statement.line",
            &json!([["number", "=", receipt]]),
            &fields,
        )
    };
    let draft = |receipt: &str, amount: &str, related: bool| {
        let related = related.then(|| format!("account.invoice,{}", found["id"]));
        json!({
            "name": receipt, "company": of["company"], "journal": of["id"], "date": "2026-11-21",
            "number_of_lines": 1, "total_amount": amount,
            "lines": [["create", [{
                "number": receipt, "date": "2026-11-21", "amount": amount, "party": found["party"],
                "account": found["account"], "related_to": related, "description": "Device desk1",
            }]]],
        })
    };
    let receipt = |n: u64| format!("parity{invoice}-{n}");
    let press = |id: &Value, button: &str| format!("account.statement/{id}/{button}?f=state");
    let empty = json!({});

    // Nothing, a draft, twice the same, one of them away.
    ask("GET", &lines(&receipt(1)), None);
    let first = ask("POST", CREATE, Some(&draft(&receipt(1), "30.00", true)))["id"].clone();
    ask("GET", &lines(&receipt(1)), None);
    let second = ask("POST", CREATE, Some(&draft(&receipt(1), "30.00", true)))["id"].clone();
    ask("GET", &lines(&receipt(1)), None);
    ask("DELETE", &format!("account.statement/{second}"), None);
    ask("DELETE", &format!("account.statement/{second}"), None);
    ask("POST", &press(&second, "validate_statement"), Some(&empty));
    // Each step once, and a second time.
    for button in [
        "post",
        "validate_statement",
        "validate_statement",
        "post",
        "post",
        "cancel",
    ] {
        ask("POST", &press(&first, button), Some(&empty));
        ask("GET", &invoices, None);
    }
    ask("DELETE", &format!("account.statement/{first}"), None);
    ask("GET", &lines(&receipt(1)), None);
    // A refund, and less than nothing on an invoice.
    let refund = ask("POST", CREATE, Some(&draft(&receipt(2), "-10.00", false)))["id"].clone();
    ask("POST", &press(&refund, "validate_statement"), Some(&empty));
    ask("POST", &press(&refund, "post"), Some(&empty));
    ask("GET", &invoices, None);
    // Too much; what is validated and cancelled.
    let much = ask("POST", CREATE, Some(&draft(&receipt(3), "70.01", true)))["id"].clone();
    ask("POST", &press(&much, "validate_statement"), Some(&empty));
    ask("DELETE", &format!("account.statement/{much}"), None);
    let rest = ask("POST", CREATE, Some(&draft(&receipt(4), "70.00", true)))["id"].clone();
    let other = ask("POST", CREATE, Some(&draft(&receipt(5), "1.00", true)))["id"].clone();
    ask("POST", &press(&rest, "validate_statement"), Some(&empty));
    ask("DELETE", &format!("account.statement/{other}"), None);
    ask("POST", &press(&rest, "validate_statement"), Some(&empty));
    ask("GET", &invoices, None);
    ask("POST", CREATE, Some(&draft(&receipt(6), "1.00", true)));
    ask("POST", &press(&rest, "cancel"), Some(&empty));
    ask("POST", &press(&rest, "cancel"), Some(&empty));
    ask("GET", &lines(&receipt(4)), None);
    ask("GET", &invoices, None);
    // Paid, posted, and taken off the invoice again.
    let paid = ask("POST", CREATE, Some(&draft(&receipt(7), "70.00", true)))["id"].clone();
    ask("POST", &press(&paid, "validate_statement"), Some(&empty));
    ask("POST", &press(&paid, "post"), Some(&empty));
    let line = ask("GET", &lines(&receipt(7)), None)[0].clone();
    let moved = search(
        "account.move.line",
        &json!([
            ["move", "=", line["move"]],
            ["account", "=", line["account"]]
        ]),
        &["reconciliation", "invoice_payments"],
    );
    let moved_line = ask("GET", &moved, None)[0].clone();
    let reconciliation = &moved_line["reconciliation"];
    let matched = format!("account.move.reconciliation/{reconciliation}");
    ask("DELETE", &matched, None);
    ask("DELETE", &matched, None);
    ask("GET", &moved, None);
    let unlink = json!({ "payment_lines": [["remove", [moved_line["id"]]]] });
    let put = format!("account.invoice/{}?f=state", found["id"]);
    ask("PUT", &put, Some(&unlink));
    ask("PUT", &put, Some(&unlink));
    ask("GET", &moved, None);
    ask("GET", &invoices, None);
    // What cannot be.
    let mut wrong = draft(&receipt(8), "1.00", true);
    wrong["journal"] = json!(99_999);
    ask("POST", CREATE, Some(&wrong));
    let nowhere = json!({ "name": "x", "company": of["company"] });
    ask("POST", CREATE, Some(&nowhere));
    ask("POST", CREATE, Some(&draft(&receipt(8), "1.005", true)));
    told
}

/// The numbers that a system gives become `#`.
fn form(value: &Value) -> Value {
    match value {
        Value::Number(_) => json!("#"),
        Value::String(text) if text.starts_with("account.invoice,") => json!("account.invoice,#"),
        Value::Array(items) => items.iter().map(form).collect(),
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, value)| (name.clone(), form(value)))
                .collect(),
        ),
        other => other.clone(),
    }
}
