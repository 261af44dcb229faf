//! The journal beside the invoicing systems and the terminal's end of day.

use std::process::Command;

use daemon::cli::client::Client;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use payment::{Money, parse_currency};
use serde_json::{Value, json};
use simulator::{invoicing::System, terminal::zvt::Options};
use tests::{Desk, Wire, binary, card, text, until};

fn till(desk: &Desk, words: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(binary("till"))
        .arg("--socket")
        .arg(desk.path("tilld.sock"))
        .args(words)
        .output()
        .unwrap();
    let mut said = String::from_utf8(output.stdout).unwrap();
    said.push_str(&String::from_utf8(output.stderr).unwrap());
    (output.status.code(), said)
}

/// A desk, and invoices of 100.00 each.
async fn desk() -> (Desk, Client) {
    let mut desk = Desk::set(Wire::Tcp, Options::default()).await;
    for id in 201..=209 {
        let total = Money::parse("100.00", parse_currency("EUR").unwrap()).unwrap();
        desk.sandbox.lock().add_invoice(id, total);
    }
    let client = desk.start().await;
    desk.ready(&client).await;
    (desk, client)
}

async fn cash(client: &Client, invoice: &str, amount: &str) -> Value {
    let body = json!({
        "device": "cashbox", "amount": amount, "currency": "EUR", "method": "cash",
        "invoice": invoice, "note": "Patient Mustermann",
    });
    client
        .pay(&format!("{invoice} {amount}"), &body)
        .await
        .unwrap()
}

async fn delivered(client: &Client, payment: &Value, expected: &str) {
    let path = format!("/v1/payments/{}", text(payment, "id"));
    until(expected, || async {
        let payment = client.get(&path).await.unwrap();
        payment.pointer("/delivery/0/state") == Some(&Value::from(expected))
    })
    .await;
}

/// The day before a payment and the day after it: midnight may come while the test runs.
fn days(payment: &Value) -> (String, String) {
    let at: Timestamp = text(payment, "created_at").parse().unwrap();
    let day: Date = at.to_zoned(TimeZone::system()).date();
    (
        day.yesterday().unwrap().to_string(),
        day.tomorrow().unwrap().to_string(),
    )
}

fn kinds(report: &Value) -> Vec<(String, String)> {
    let findings = report.get("findings").and_then(Value::as_array).unwrap();
    findings
        .iter()
        .map(|f| (text(f, "kind"), text(f, "receipt")))
        .collect()
}

const TABLE: &str = "\
device   currency       taken  given back      cards  not settled
cashbox       EUR  5 of 50.00   0 of 0.00  0 of 0.00    0 of 0.00
desk1         EUR   0 of 0.00   0 of 0.00  0 of 0.00    0 of 0.00

ivvy, by its list of payments
device   currency     journal        ivvy  difference
-             EUR   0 of 0.00   1 of 5.00        5.00
cashbox       EUR  5 of 50.00  3 of 29.99      -20.01

missing  ivvy  cashbox-000002  journal 10.00
    ivvy said that it has cashbox-000002 of EUR 10.00 on invoice 202, and does not show it. It shows \
cashbox-000001 (entry 2 of the journal) and cashbox-000003 (entry 6 of the journal) beside it. Its \
entry in the journal is 4.
    Look at invoice 202 in ivvy. If it was taken out there by mistake, enter it again by hand with \
its number; if it was taken out for a reason, cancel or refund it here.
extra  ivvy  there 5.00
    ivvy shows a payment of EUR 5.00 on invoice 205 without a number.
    Ask who entered it. If it was paid elsewhere, nothing is to be done; if it was paid at this \
desk, write the receipt's number there.
differing  ivvy  cashbox-000003  journal 10.00, there 9.99
    ivvy shows cashbox-000003 with EUR 9.99 instead of EUR 10.00.
    Correct the amount in ivvy: the receipt says EUR 10.00.
not_delivered  ivvy  cashbox-000005  journal 10.00
    ivvy does not have cashbox-000005 of EUR 10.00 yet (needs_operator).
    Look at the reason, and decide: try again, send it to another invoice, or enter it by hand and \
say so.

Go through the findings, each with its next step, and compare again afterwards.
";

const CSV: &str = r#""Kind","System","Device","Receipt","Invoice","Currency","Journal","There","Difference","What","What to do"
"sum","ivvy","","","","EUR","0.00","5.00","5.00","0 payments here, 1 there",""
"sum","ivvy","cashbox","","","EUR","50.00","29.99","'-20.01","5 payments here, 3 there",""
"missing","ivvy","cashbox","cashbox-000002","202","EUR","10.00","","","ivvy said that it has cashbox-000002 of EUR 10.00 on invoice 202, and does not show it. It shows cashbox-000001 (entry 2 of the journal) and cashbox-000003 (entry 6 of the journal) beside it. Its entry in the journal is 4.","Look at invoice 202 in ivvy. If it was taken out there by mistake, enter it again by hand with its number; if it was taken out for a reason, cancel or refund it here."
"extra","ivvy","","","205","EUR","","5.00","","ivvy shows a payment of EUR 5.00 on invoice 205 without a number.","Ask who entered it. If it was paid elsewhere, nothing is to be done; if it was paid at this desk, write the receipt's number there."
"differing","ivvy","cashbox","cashbox-000003","203","EUR","10.00","9.99","","ivvy shows cashbox-000003 with EUR 9.99 instead of EUR 10.00.","Correct the amount in ivvy: the receipt says EUR 10.00."
"not_delivered","ivvy","cashbox","cashbox-000005","not a number","EUR","10.00","","","ivvy does not have cashbox-000005 of EUR 10.00 yet (needs_operator).","Look at the reason, and decide: try again, send it to another invoice, or enter it by hand and say so."
"#;

/// One payment taken out in the invoicing system, one entered by hand, one with another amount, one
/// that is late: each is named, with every cent of the difference.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_changed_in_the_invoicing_system_is_found() {
    let (desk, client) = desk().await;
    let mut taken = Vec::new();
    for invoice in ["201", "202", "203", "204"] {
        let payment = cash(&client, invoice, "10.00").await;
        delivered(&client, &payment, "confirmed").await;
        taken.push(payment);
    }
    let (from, to) = days(&taken[0]);
    let query = format!("/v1/reconciliation?from={from}&to={to}");
    let well = client.get(&query).await.unwrap();
    assert_eq!(kinds(&well), []);
    assert_eq!(well["next_step"], "Done: everything is the same.");
    assert_eq!(well["upstreams"][0]["sums"][0]["difference"], "0.00");

    let late = cash(&client, "not a number", "10.00").await;
    delivered(&client, &late, "needs_operator").await;
    {
        let mut books = desk.sandbox.lock();
        books.take_out("cashbox-000002");
        books.alter("cashbox-000003", "9.99".parse().unwrap());
        let at: Timestamp = text(&taken[0], "created_at").parse().unwrap();
        books.enter(205, "5.00".parse().unwrap(), at);
    }
    let report = client.get(&query).await.unwrap();
    let receipt = |n: u32| format!("cashbox-{n:06}");
    let expected = [
        ("missing".to_owned(), receipt(2)),
        ("extra".to_owned(), String::new()),
        ("differing".to_owned(), receipt(3)),
        ("not_delivered".to_owned(), receipt(5)),
    ];
    assert_eq!(kinds(&report), expected);
    let sums = report["upstreams"][0]["sums"].as_array().unwrap();
    let of: Vec<(String, String)> = sums
        .iter()
        .map(|s| (text(s, "device"), text(s, "difference")))
        .collect();
    assert_eq!(
        of,
        [
            (String::new(), "5.00".into()),
            ("cashbox".into(), "-20.01".into())
        ]
    );
    // No note, and so no name of a patient, comes out anywhere.
    assert!(!report.to_string().contains("Mustermann"));
    golden(&desk, &report, (&from, &to));
    assert!(!desk.log().contains("Mustermann"));

    let wrong = format!("/v1/reconciliation?from={to}&to={from}");
    let said = client.get(&wrong).await.unwrap_err().to_string();
    assert!(said.contains("lies before"), "{said}");
    let said = client
        .get("/v1/reconciliation?from=2026-02-30")
        .await
        .unwrap_err()
        .to_string();
    assert!(said.contains("from"), "{said}");
    let unknown = format!("{query}&upstream=nobody");
    assert!(client.get(&unknown).await.is_err());
}

/// The same as a table, as a file for spreadsheets and as JSON.
fn golden(desk: &Desk, report: &Value, (from, to): (&str, &str)) {
    let days = ["reconcile", "--from", from, "--to", to];
    let (exit, table) = till(desk, &days);
    assert_eq!(exit, Some(1), "{table}");
    let (days_of, table) = table.split_once("\n\n").unwrap();
    assert!(days_of.starts_with(&format!("{from} to {to}")), "{days_of}");
    assert_eq!(table, TABLE);
    let (exit, csv) = till(desk, &[&days[..], &["--csv"]].concat());
    assert_eq!(exit, Some(0), "{csv}");
    assert_eq!(csv.replace('\r', ""), CSV);
    let (exit, json) = till(desk, &[&days[..], &["--json"]].concat());
    assert_eq!(exit, Some(1));
    let mut json: Value = serde_json::from_str(&json).unwrap();
    json["at"] = report["at"].clone();
    assert_eq!(json, *report);
}

/// What the daemon finds by itself is shown at the desk; a night that was missed is made up for. This
/// desk was off since long ago, so the state directory holds an old comparison.
#[tokio::test]
async fn what_was_found_at_night_is_shown_at_the_desk() {
    let (mut desk, client) = desk().await;
    let none = client.get("/v1/reconciliation").await.unwrap();
    assert_eq!((&none["at"], kinds(&none)), (&Value::Null, vec![]));
    desk.kill();
    let found = json!({
        "at": "2026-11-21T03:30:09Z", "from": "2026-11-14", "to": "2026-11-20",
        "findings": [{ "kind": "missing", "text": "It is missing.", "next_step": "Look." }],
        "counts": { "missing": 1 },
    });
    std::fs::write(
        desk.path("state").join("reconciliation.json"),
        found.to_string(),
    )
    .unwrap();
    let client = desk.start().await;
    assert_eq!(client.get("/v1/reconciliation").await.unwrap(), found);
    let (_, status) = till(&desk, &["status"]);
    assert!(
        status.contains("books of 2026-11-14 to 2026-11-20: 1 to look at"),
        "{status}"
    );
    let (exit, shown) = till(&desk, &["reconcile"]);
    assert_eq!(exit, Some(1));
    assert!(shown.contains("It is missing.\n    Look."), "{shown}");
    let said = client
        .get("/v1/reconciliation?to=2026-11-20")
        .await
        .unwrap_err()
        .to_string();
    assert!(said.contains("from is missing"), "{said}");
}

/// The terminal's end of day stands beside the journal, and cards after it are not settled yet.
#[tokio::test]
async fn the_end_of_day_is_part_of_it() {
    let (desk, client) = desk().await;
    let first = client.pay("a", &card("10.00", "201")).await.unwrap();
    client
        .post_with_key("/v1/devices/desk1/close", "day", &json!({}))
        .await
        .unwrap();
    client.pay("b", &card("7.50", "202")).await.unwrap();
    let (from, to) = days(&first);
    let report = client
        .get(&format!("/v1/reconciliation?from={from}&to={to}"))
        .await
        .unwrap();
    let desk1 = &report["devices"][1];
    assert_eq!(desk1["cards"], json!({ "payments": 2, "amount": "17.50" }));
    assert_eq!(
        desk1["unsettled"],
        json!({ "payments": 1, "amount": "7.50" })
    );
    let end = &desk1["settlements"][0];
    assert_eq!(
        (text(end, "state"), text(end, "terminal")),
        ("closed".into(), "10.00".into())
    );
    assert_eq!(text(end, "journal"), "10.00");
    drop(desk);
}

/// A worklist is compared by its ticks; what has no list is not judged.
#[tokio::test]
async fn what_has_no_list_is_said_not_to_be_compared() {
    let mut desk = Desk::set(Wire::Tcp, Options::default()).await;
    let (old, more) = (
        "[[upstream]]\nid = \"ivvy\"",
        "[[upstream]]\nid = \"list\"\nkind = \"worklist\"\nform = \"dentaltap\"\n\
         [[upstream]]\nid = \"erp\"\nkind = \"http\"\nurl = \"http://127.0.0.1:1\"\n\
         [upstream.create]\npath = \"/\"\n[upstream.success]\nremote_id = \"/id\"\n\
         [[upstream]]\nid = \"ivvy\"",
    );
    desk.amend(old, more);
    let client = desk.start().await;
    desk.ready(&client).await;
    let first = cash(&client, "156", "1.00").await;
    let second = cash(&client, "156", "2.00").await;
    let tick = format!("/v1/worklist/{}/entered", text(&first, "id"));
    until("it is at its turn", || async {
        client.post(&tick, &json!({ "name": "Anna" })).await.is_ok()
    })
    .await;
    let (from, to) = days(&first);
    let query = format!("/v1/reconciliation?from={from}&to={to}");
    let of = async |upstream: &str| {
        client
            .get(&format!("{query}&upstream={upstream}"))
            .await
            .unwrap()
    };
    let list = of("list").await;
    assert_eq!(list["upstreams"][0]["compared_by"], "ticks");
    assert_eq!(list["upstreams"][0]["sums"][0]["difference"], "-2.00");
    assert_eq!(
        kinds(&list),
        [("not_delivered".to_owned(), text(&second, "receipt"))]
    );
    assert!(!list.to_string().contains("Anna"));
    let erp = of("erp").await;
    assert_eq!(erp["upstreams"][0]["compared_by"], "nothing");
    let reason = text(&erp["upstreams"][0], "reason");
    assert!(reason.starts_with("erp cannot be compared"), "{reason}");
    assert_eq!(erp["upstreams"][0]["sums"][0]["there"], Value::Null);
    let words = kinds(&erp).into_iter().map(|(kind, _)| kind);
    assert!(words.eq(["not_delivered", "not_delivered"]));
}
