//! What goes wrong at a desk, one story each, told with the real daemon and real wires. Every story
//! ends with the terminal's books, the journal and the upstream record telling the same, and with
//! nobody charged twice.
//!
//! A jump of the wall clock is told in the engine's own tests: there, time is an argument.

use std::{path::Path, time::Duration};

use daemon::cli::client::{CallError, Client};
use serde_json::{Value, json};
use simulator::{
    invoicing::Fault as Upstream,
    terminal::zvt::{Options, Standing},
};
use tests::{Desk, Wire, card, text, until};

mod afterwards;
mod answers;
mod callers;
mod kiosk;

fn after(delay: u64) -> Options {
    Options {
        delay: Duration::from_millis(delay),
        ..Options::default()
    }
}

/// A desk that has taken one euro before (`k0`), so that the terminal holds something older.
async fn open(wire: Wire, delay: u64) -> (Desk, Client) {
    let desk = Desk::set(wire, after(delay)).await;
    opened(desk).await
}

async fn opened(mut desk: Desk) -> (Desk, Client) {
    let client = desk.start().await;
    desk.ready(&client).await;
    let first = client.pay("k0", &card("1.00", "156")).await.unwrap();
    assert_eq!(text(&first, "state"), "approved");
    desk.ready(&client).await;
    (desk, client)
}

/// The shortest times that the configuration takes.
async fn impatient(wire: Wire, options: Options) -> (Desk, Client) {
    let desk = Desk::set(wire, options).await;
    let zvt = "zvt = { answer_timeout = \"1s\", completion_timeout = \"10s\" }\n[[till]]";
    desk.amend("[[till]]", zvt);
    opened(desk).await
}

fn arm(desk: &Desk, fault: &str) {
    desk.terminal.arm(fault.parse().unwrap());
}

/// The problem's kind.
fn kind(answer: Result<Value, CallError>) -> String {
    match answer {
        Err(CallError::Refused { kind, .. }) => kind,
        other => format!("{other:?}"),
    }
}

async fn payments(client: &Client) -> Vec<Value> {
    let list = client.get("/v1/payments").await.unwrap_or_default();
    let payments = list.get("payments").and_then(Value::as_array).cloned();
    payments.unwrap_or_default()
}

async fn find(client: &Client, key: &str) -> Option<Value> {
    let all = payments(client).await;
    all.into_iter().find(|payment| text(payment, "key") == key)
}

async fn state(client: &Client, key: &str) -> String {
    let found = find(client, key).await;
    found
        .map(|payment| text(&payment, "state"))
        .unwrap_or_default()
}

/// The id of a payment that the journal holds.
async fn id(client: &Client, key: &str) -> String {
    until("the payment is in the journal", || async {
        find(client, key).await.is_some()
    })
    .await;
    text(&find(client, key).await.unwrap(), "id")
}

/// Pays in the background, by one request.
fn paying(
    client: &Client,
    key: &str,
    body: Value,
) -> tokio::task::JoinHandle<Result<Value, CallError>> {
    let (client, key) = (client.clone(), key.to_owned());
    tokio::spawn(async move { client.pay_once(&key, &body).await })
}

/// Waits until every payment of the journal is over.
async fn settled(client: &Client, key: &str) -> String {
    until("the payment is over", || async {
        matches!(
            state(client, key).await.as_str(),
            "approved" | "declined" | "cancelled"
        )
    })
    .await;
    state(client, key).await
}

fn euros(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// Terminal, journal and upstream tell the same: what the terminal took is what the journal calls
/// approved, and is booked upstream, each once.
async fn agree(desk: &Desk, client: &Client, expected: &[(&str, &str)], charged: &[u64]) {
    // An answer may be a moment faster than the journal's last entry.
    for (key, _) in expected {
        settled(client, key).await;
    }
    let all = payments(client).await;
    let mut found: Vec<(String, String)> = all
        .iter()
        .map(|p| (text(p, "key"), text(p, "state")))
        .collect();
    found.sort();
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|(key, state)| ((*key).to_owned(), (*state).to_owned()))
        .collect();
    assert_eq!(found, expected, "the journal");
    let books: Vec<u64> = desk.terminal.charged().iter().map(|t| t.amount).collect();
    assert_eq!(books, charged, "the terminal's books");
    matches_the_books(client, &books).await;
    booked_once(desk, client).await;
}

/// The journal's approved card payments are those of the terminal's books.
async fn matches_the_books(client: &Client, books: &[u64]) {
    let mut approved: Vec<String> = payments(client)
        .await
        .iter()
        .filter(|p| text(p, "state") == "approved" && text(p, "method") == "card")
        .map(|p| text(p, "amount"))
        .collect();
    let mut books: Vec<String> = books.iter().copied().map(euros).collect();
    approved.sort();
    books.sort();
    assert_eq!(approved, books, "journal and terminal");
}

/// Every approved payment of an invoice is booked upstream, once, and nothing else is.
async fn booked_once(desk: &Desk, client: &Client) {
    until("every delivery is confirmed", || async {
        for payment in payments(client).await {
            let path = format!("/v1/payments/{}", text(&payment, "id"));
            let payment = client.get(&path).await.unwrap_or_default();
            let delivery = payment.pointer("/delivery/0/state");
            let done = delivery.and_then(Value::as_str) == Some("confirmed");
            let state = text(&payment, "state");
            if state == "at_terminal" || state == "approved" && !done {
                return false;
            }
        }
        true
    })
    .await;
    let mut approved: Vec<(String, String)> = payments(client)
        .await
        .iter()
        .filter(|p| text(p, "state") == "approved")
        .map(|p| (text(p, "receipt"), text(p, "amount")))
        .collect();
    approved.sort();
    assert_eq!(booked(desk), approved, "journal and upstream");
}

/// What is booked upstream: receipt numbers and amounts.
fn booked(desk: &Desk) -> Vec<(String, String)> {
    let sandbox = desk.sandbox.lock();
    let mut booked: Vec<(String, String)> = sandbox
        .payments()
        .iter()
        .map(|p| (p.receipt.clone(), format!("{:.2}", p.amount)))
        .collect();
    booked.sort();
    booked
}
