//! `kill -9` at any moment of a sale: nothing is lost, nothing is taken twice.

use std::time::Duration;

use serde_json::Value;
use simulator::terminal::zvt::Options;
use tests::{Desk, Wire, card, text, until};

/// How the payment of `key` stands, if the journal has it.
async fn found(client: &daemon::cli::client::Client, key: &str) -> Option<Value> {
    let list = client.get("/v1/payments").await.unwrap();
    let all = list
        .get("payments")
        .and_then(Value::as_array)
        .cloned()
        .unwrap();
    all.into_iter().find(|p| text(p, "key") == key)
}

async fn kill_after(wire: Wire, delay: Duration) -> &'static str {
    let options = Options {
        delay: Duration::from_millis(60),
        ..Options::default()
    };
    let mut desk = Desk::set(wire, options).await;
    let client = desk.start().await;
    desk.ready(&client).await;
    let body = card("10.10", "156");
    let paying = tokio::spawn({
        let (client, body) = (client.clone(), body.clone());
        async move { client.pay_once("k1", &body).await }
    });
    tokio::time::sleep(delay).await;
    desk.kill();
    let heard = paying.await.unwrap();

    let client = desk.start().await;
    desk.ready(&client).await;
    let asked = desk.terminal.authorisations_seen();
    assert!(asked <= 1, "the terminal was asked {asked} times");
    let payment = found(&client, "k1").await;
    let state = payment
        .as_ref()
        .map(|p| text(p, "state"))
        .unwrap_or_default();
    let charged = desk.terminal.charged().len();
    match state.as_str() {
        "" => assert_eq!(
            asked, 0,
            "law 1: nothing was asked before the intent was durable"
        ),
        "approved" => assert_eq!(charged, 1),
        "in_doubt" => {}
        other => panic!("{other} after a kill"),
    }
    if let Ok(heard) = heard {
        assert_eq!(text(&heard, "state"), "approved");
        assert!(!state.is_empty(), "what was answered is kept");
    }
    // The same wish again: never a second charge, and a payment in doubt stays in doubt.
    if !state.is_empty() {
        let again = client.pay("k1", &body).await.unwrap();
        assert_eq!(text(&again, "state"), state);
        assert_eq!(desk.terminal.authorisations_seen(), asked);
    }
    if state == "approved" {
        until("upstream has it", || async {
            desk.outstanding() == "69.90"
        })
        .await;
    }
    assert!(
        desk.sandbox.lock().payments().len() <= 1,
        "upstream holds it once or not yet"
    );
    match state.as_str() {
        "" => "before",
        "approved" => "approved",
        _ => "in doubt",
    }
}

/// Kills spread over the whole sale, from before the intent to after the delivery.
async fn kills(wire: Wire) {
    let mut ends = Vec::new();
    for delay in (0..=220).step_by(11) {
        ends.push(kill_after(wire, Duration::from_millis(delay)).await);
    }
    assert!(
        ends.contains(&"in doubt"),
        "no kill hit the payment in the middle: {ends:?}"
    );
}

#[tokio::test]
async fn at_any_moment_over_serial() {
    kills(Wire::Serial).await;
}

#[tokio::test]
async fn at_any_moment_over_tcp() {
    kills(Wire::Tcp).await;
}
