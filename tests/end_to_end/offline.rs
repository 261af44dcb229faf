//! The internet is down: the till goes on.

use serde_json::json;
use simulator::{invoicing::Fault, terminal::zvt::Options};
use tests::{Desk, Wire, text, until};

/// What the upstream cannot take waits for a person, who books it there by hand and says so.
#[tokio::test]
async fn a_person_handles_what_upstream_refuses() {
    let mut desk = Desk::set(Wire::Tcp, Options::default()).await;
    let client = desk.start().await;
    let body = json!({
        "device": "cashbox", "amount": "1.00", "currency": "EUR", "method": "cash",
        "invoice": "not a number",
    });
    let payment = client.pay("k1", &body).await.unwrap();
    let path = format!("/v1/payments/{}", text(&payment, "id"));
    let state = async || {
        let payment = client.get(&path).await.unwrap();
        payment
            .pointer("/delivery/0")
            .map(|row| text(row, "state"))
            .unwrap_or_default()
    };
    until("it waits for a person", async || {
        state().await == "needs_operator"
    })
    .await;
    let word = json!({ "upstream": "ivvy", "name": "A", "reason": "entered by hand" });
    let handled = format!("{path}/handled");
    client.post(&handled, &word).await.unwrap();
    assert_eq!(state().await, "handled");
    let again = client.post(&handled, &word).await.unwrap_err().to_string();
    assert!(again.contains("nothing to handle"), "{again}");
}

#[tokio::test]
async fn payments_wait_for_the_invoicing_system_through_restarts() {
    let mut desk = Desk::set(Wire::Tcp, Options::default()).await;
    desk.sandbox.lock().arm(Fault::Down, u32::MAX);
    let client = desk.start().await;
    for i in 0..20 {
        let body = json!({
            "device": "cashbox", "amount": "1.00", "currency": "EUR", "method": "cash",
            "invoice": "156",
        });
        let payment = client.pay(&format!("k{i}"), &body).await.unwrap();
        assert_eq!(
            text(&payment, "state"),
            "approved",
            "the desk does not wait for upstream"
        );
        if i == 10 {
            desk.kill();
            desk.start().await;
        }
    }
    assert!(desk.sandbox.lock().payments().is_empty());
    desk.sandbox.lock().disarm();
    until("all arrive", || async { desk.outstanding() == "60.00" }).await;
    let numbers: Vec<String> = desk
        .sandbox
        .lock()
        .payments()
        .iter()
        .map(|p| p.receipt.clone())
        .collect();
    let expected: Vec<String> = (1..=20).map(|i| format!("cashbox-{i:06}")).collect();
    assert_eq!(numbers, expected, "each once, in order");
}
