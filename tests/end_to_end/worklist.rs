//! A system that takes nothing from programs: payments are rows that a person copies and ticks off.

use daemon::cli::client::{CallError, Client};
use serde_json::{Value, json};
use tests::{Desk, Wire, text, until};

/// A desk whose payments go to a worklist too, with a form of this name.
async fn desk(form: &str, more: &str) -> (Desk, Client) {
    let mut desk = Desk::set(Wire::Tcp, simulator::terminal::zvt::Options::default()).await;
    let list = format!(
        "[[upstream]]\nid = \"list\"\nkind = \"worklist\"\nform = \"{form}\"\n{more}\n\
         [[upstream]]\nid = \"ivvy\""
    );
    desk.amend("[[upstream]]\nid = \"ivvy\"", &list);
    let client = desk.start().await;
    desk.ready(&client).await;
    (desk, client)
}

async fn cash(client: &Client, key: &str, amount: &str, invoice: Option<&str>) -> Value {
    let body = json!({
        "device": "cashbox", "amount": amount, "currency": "EUR", "method": "cash",
        "invoice": invoice, "note": "=SUM(A1)",
    });
    client.pay(key, &body).await.unwrap()
}

async fn rows(client: &Client, query: &str) -> Vec<Value> {
    let list = client.get(&format!("/v1/worklist?{query}")).await.unwrap();
    list.get("rows").and_then(Value::as_array).unwrap().clone()
}

/// Waits until a payment can be ticked off.
async fn at_turn(client: &Client, payment: &Value) {
    until("it is at its turn", || async {
        let rows = rows(client, "").await;
        rows.iter().any(|row| {
            text(row, "payment") == text(payment, "id") && text(row, "state") == "needs_operator"
        })
    })
    .await;
}

async fn tick(client: &Client, payment: &Value, body: Value) -> Result<Value, CallError> {
    let path = format!("/v1/worklist/{}/entered", text(payment, "id"));
    client.post(&path, &body).await
}

fn kind(answer: &Result<Value, CallError>) -> String {
    match answer {
        Err(CallError::Refused { kind, .. }) => kind.clone(),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn a_person_ticks_payments_off_in_the_order_of_their_invoice() {
    let (mut desk, client) = desk("dentaltap", "").await;
    let first = cash(&client, "k1", "10.00", Some("156")).await;
    let second = cash(&client, "k2", "20.00", Some("156")).await;
    let advance = cash(&client, "k3", "5.00", None).await;
    at_turn(&client, &first).await;
    at_turn(&client, &advance).await;

    let all = rows(&client, "upstream=list").await;
    let tasks: Vec<String> = all.iter().map(|row| text(row, "task")).collect();
    assert_eq!(tasks, ["Add Payment", "Add Payment", "Replenish"]);
    assert_eq!(text(&all[1], "state"), "queued");
    assert_eq!(all[0]["values"][1], "10.00");
    assert_eq!(all[0]["values"][3], "cashbox");
    assert_eq!(all[0]["values"][4], "cashbox-000001");

    // The earlier one first, with a name, and once.
    let anna = || json!({ "name": "Anna" });
    assert_eq!(kind(&tick(&client, &second, anna()).await), "not-its-turn");
    let nobody = tick(&client, &first, json!({ "name": "  " })).await;
    assert_eq!(kind(&nobody), "invalid-field");
    let ticked = tick(&client, &first, anna()).await.unwrap();
    assert_eq!(ticked["entered"]["name"], "Anna");
    let again = tick(&client, &first, json!({ "name": "Ben" })).await;
    assert_eq!(kind(&again), "entered-already");
    assert!(again.unwrap_err().to_string().contains("by Anna"));
    at_turn(&client, &second).await;

    // It is kept through a restart, and the other upstream has nothing to do with it.
    desk.kill();
    let client = desk.start().await;
    let done = rows(&client, "entered=true").await;
    assert_eq!(done.len(), 1);
    assert_eq!(text(&done[0], "payment"), text(&first, "id"));
    at_turn(&client, &second).await;
    tick(&client, &second, anna()).await.unwrap();
    tick(&client, &advance, anna()).await.unwrap();
    assert_eq!(rows(&client, "").await, Vec::<Value>::new());
    let sandbox = desk.sandbox.clone();
    until("the other upstream has its payments", || async {
        sandbox.lock().payments().len() == 2
    })
    .await;
}

#[tokio::test]
async fn the_file_for_spreadsheets_holds_every_row_and_no_formula() {
    let own =
        "[upstream.methods]\ncash = \"=1+1\"\n[upstream.devices.cashbox]\ncard = \"EFTPOS 2\"";
    let (_desk, client) = desk("caspen", own).await;
    for n in 0..5 {
        cash(&client, &format!("k{n}"), "1.00", None).await;
    }
    // Also over the bounds of a page.
    let csv = client
        .get_text("/v1/worklist?format=csv&limit=2")
        .await
        .unwrap();
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(lines.len(), 7, "{csv}");
    assert!(lines[0].contains("\"Payment method\",\"Amount\",\"Description\""));
    for (n, line) in (1..=5).zip(&lines[1..]) {
        let cells = format!("\"'=1+1\",\"1.00\",\"cashbox-{n:06}\"");
        assert!(line.contains(&cells), "{line}");
    }
    let wrong = client.get("/v1/worklist?upstream=ivvy").await;
    assert_eq!(kind(&wrong), "invalid-query");
    let wrong = client.get("/v1/worklist?format=pdf").await;
    assert_eq!(kind(&wrong), "invalid-query");
}

#[tokio::test]
async fn a_desk_without_a_worklist_has_an_empty_one() {
    let mut desk = Desk::set(Wire::Tcp, simulator::terminal::zvt::Options::default()).await;
    let client = desk.start().await;
    desk.ready(&client).await;
    let list = client.get("/v1/worklist").await.unwrap();
    assert_eq!(list["lists"], json!([]));
    let payment = cash(&client, "k1", "1.00", Some("156")).await;
    let ticked = tick(&client, &payment, json!({ "name": "Anna" })).await;
    assert_eq!(kind(&ticked), "nothing-to-handle");
}
