//! Money goes back: cancel, refund and the end of the day.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::terminal::zvt::{Kind, Options};
use tests::{Desk, Wire, card, text};

async fn desk(wire: Wire) -> (Desk, daemon::cli::client::Client) {
    let options = Options {
        delay: Duration::from_millis(30),
        ..Options::default()
    };
    let mut desk = Desk::set(wire, options).await;
    let client = desk.start().await;
    desk.ready(&client).await;
    (desk, client)
}

/// The problem's kind, where there is one.
fn kind(answer: &Result<Value, daemon::cli::client::CallError>) -> String {
    match answer {
        Err(daemon::cli::client::CallError::Refused { kind, .. }) => kind.clone(),
        other => format!("{other:?}"),
    }
}

async fn post(
    client: &daemon::cli::client::Client,
    payment: &Value,
    what: &str,
    key: &str,
    body: Value,
) -> Result<Value, daemon::cli::client::CallError> {
    let path = format!("/v1/payments/{}/{what}", text(payment, "id"));
    client.post_with_key(&path, key, &body).await
}

async fn refund_in_parts(desk: &Desk, client: &daemon::cli::client::Client) {
    let second = client.pay("k4", &card("20.00", "156")).await.unwrap();
    desk.ready(client).await;
    let some = post(client, &second, "refund", "k5", json!({ "amount": "5.00" }))
        .await
        .unwrap();
    assert_eq!(
        (text(&some, "state"), text(&some, "amount")),
        ("approved".into(), "5.00".into())
    );
    desk.ready(client).await;
    let too_much = post(
        client,
        &second,
        "refund",
        "k6",
        json!({ "amount": "15.01" }),
    )
    .await;
    assert_eq!(kind(&too_much), "cannot-return");
    let rest = post(client, &second, "refund", "k7", json!({}))
        .await
        .unwrap();
    assert_eq!(text(&rest, "amount"), "15.00", "all that is left");
    desk.ready(client).await;
    assert_eq!(
        kind(&post(client, &second, "refund", "k8", json!({})).await),
        "cannot-return"
    );
}

async fn cancel_and_refund(wire: Wire) {
    let (desk, client) = desk(wire).await;
    let first = client.pay("k1", &card("10.10", "156")).await.unwrap();
    desk.ready(&client).await;
    let cancel = post(&client, &first, "cancel", "k2", json!({}))
        .await
        .unwrap();
    assert_eq!(text(&cancel, "state"), "approved");
    assert_eq!(
        (text(&cancel, "purpose"), text(&cancel, "of")),
        ("cancel".into(), text(&first, "id"))
    );
    let again = post(&client, &first, "cancel", "k2", json!({}))
        .await
        .unwrap();
    assert_eq!(
        text(&again, "id"),
        text(&cancel, "id"),
        "a repeat is the same cancel"
    );
    desk.ready(&client).await;
    assert_eq!(
        kind(&post(&client, &first, "cancel", "k3", json!({})).await),
        "cannot-return"
    );

    refund_in_parts(&desk, &client).await;

    let books = desk.terminal.books();
    let word = |kind: Kind| match kind {
        Kind::Payment => "payment",
        Kind::Refund => "refund",
        Kind::Reversal { .. } => "reversal",
    };
    let kinds: Vec<(&str, u64)> = books
        .transactions()
        .iter()
        .map(|t| (word(t.kind), t.amount))
        .collect();
    assert_eq!(
        kinds,
        [
            ("payment", 1010),
            ("reversal", 1010),
            ("payment", 2000),
            ("refund", 500),
            ("refund", 1500),
        ]
    );
}

#[tokio::test]
async fn cancel_and_refund_over_tcp() {
    cancel_and_refund(Wire::Tcp).await;
}

#[tokio::test]
async fn cancel_and_refund_over_serial() {
    cancel_and_refund(Wire::Serial).await;
}

#[tokio::test]
async fn cash_goes_back_without_a_terminal() {
    let (desk, client) = desk(Wire::Tcp).await;
    let body =
        json!({ "device": "cashbox", "amount": "8.00", "currency": "EUR", "method": "cash" });
    let paid = client.pay("k1", &body).await.unwrap();
    let some = post(&client, &paid, "refund", "k2", json!({ "amount": "3.00" }))
        .await
        .unwrap();
    assert_eq!(text(&some, "state"), "approved");
    assert_eq!(
        kind(&post(&client, &paid, "cancel", "k3", json!({})).await),
        "cannot-return"
    );
    assert_eq!(desk.terminal.authorisations_seen(), 0);
}

/// `till` sends a refund again with its key, as it does a payment: tilld was killed, and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_outlives_a_kill_and_is_done_once() {
    let (mut desk, client) = desk(Wire::Tcp).await;
    let body =
        json!({ "device": "cashbox", "amount": "8.00", "currency": "EUR", "method": "cash" });
    let paid = client.pay("k1", &body).await.unwrap();
    desk.kill();
    let refunding = tokio::spawn({
        let (client, paid) = (client.clone(), paid.clone());
        async move { post(&client, &paid, "refund", "k2", json!({})).await }
    });
    let back = desk.start().await;
    let refund = refunding.await.unwrap().unwrap();
    assert_eq!(text(&refund, "state"), "approved", "{refund}");
    let again = post(&back, &paid, "refund", "k2", json!({})).await.unwrap();
    assert_eq!(text(&again, "id"), text(&refund, "id"));
    assert!(desk.stop().await);
}

#[tokio::test]
async fn the_day_is_closed_once_and_compared() {
    let (mut desk, client) = desk(Wire::Serial).await;
    let first = client.pay("k1", &card("10.10", "156")).await.unwrap();
    desk.ready(&client).await;
    let close = |key: &'static str| {
        let client = desk.client();
        async move {
            client
                .post_with_key("/v1/devices/desk1/close", key, &json!({}))
                .await
        }
    };
    let closing = close("c1").await.unwrap();
    assert_eq!(text(&closing, "state"), "closed");
    assert_eq!(closing.get("differences"), Some(&json!([])), "{closing:#}");
    assert_eq!(closing.pointer("/terminal/total_minor"), Some(&json!(1010)));
    let again = close("c1").await.unwrap();
    assert_eq!(
        text(&again, "id"),
        text(&closing, "id"),
        "a repeat is the same closing"
    );
    desk.ready(&client).await;
    let late = post(&client, &first, "cancel", "k2", json!({})).await;
    assert_eq!(
        kind(&late),
        "cannot-return",
        "after the end of day it is a refund"
    );
    desk.kill();
    let client = desk.start().await;
    desk.ready(&client).await;
    let refund = post(&client, &first, "refund", "k3", json!({}))
        .await
        .unwrap();
    assert_eq!(text(&refund, "state"), "approved");
    let cashbox = client
        .post_with_key("/v1/devices/cashbox/close", "c2", &json!({}))
        .await;
    assert_eq!(kind(&cashbox), "nothing-to-close");
}
