//! The internet is down: the till goes on.

use serde_json::json;
use simulator::{
    invoicing::{Fault, Ivvy},
    terminal::zvt::Options,
};
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

/// Whoever has no root certificates is told to mend that (law 13), and needs none without TLS.
#[tokio::test]
async fn a_machine_without_root_certificates_says_what_to_mend() {
    let mut desk = Desk::set(Wire::Tcp, Options::default()).await;
    let without = ["env", "SSL_CERT_FILE=/none", "SSL_CERT_DIR=/none"];
    desk.spawn(&without);
    let client = desk.client();
    until("the daemon answers", async || {
        client.get("/healthz").await.is_ok()
    })
    .await;
    let body = json!({
        "device": "cashbox", "amount": "1.00", "currency": "EUR", "method": "cash", "invoice": "156",
    });
    client.pay("k1", &body).await.unwrap();
    until("it arrives", async || desk.outstanding() == "79.00").await;
    desk.kill();

    desk.amend("url = \"http:", "url = \"https:");
    desk.spawn(&without);
    until("the daemon answers", async || {
        client.get("/healthz").await.is_ok()
    })
    .await;
    client.pay("k2", &body).await.unwrap();
    let listed = async || {
        let list = client.get("/v1/sync").await.unwrap();
        list.pointer("/upstreams/0").cloned().unwrap_or_default()
    };
    until("nothing is sent", async || {
        !listed().await["pause"].is_null()
    })
    .await;
    let system = listed().await;
    assert_eq!(text(&system["pause"], "why"), "parked", "{system}");
    let reason = text(&system["pause"], "reason");
    assert!(reason.contains("root certificates"), "{reason}");
    assert!(text(&system, "next_step").contains("Mend"), "{system}");
}

/// A payment for an invoice that is not there is sent to the right one by a person's word.
#[tokio::test]
async fn a_person_sends_a_payment_to_another_invoice() {
    let mut desk = Desk::set(Wire::Tcp, Options::default()).await;
    // Without an answer nobody knows that the invoice is not there.
    desk.sandbox.lock().arm(Fault::Down, u32::MAX);
    let client = desk.start().await;
    let body = json!({
        "device": "cashbox", "amount": "1.00", "currency": "EUR", "method": "cash", "invoice": "157",
    });
    let payment = client.pay("k", &body).await.unwrap();
    desk.sandbox.lock().disarm();
    let receipt = text(&payment, "receipt");
    let listed = async || {
        let list = client.get("/v1/sync").await.unwrap();
        list.pointer("/deliveries/0").cloned().unwrap_or_default()
    };
    until("it waits for a person", async || {
        text(&listed().await, "state") == "needs_operator"
    })
    .await;
    let row = listed().await;
    assert_eq!(text(&row, "receipt"), receipt);
    assert!(row["actions"].to_string().contains("send_to"), "{row}");
    assert!(!text(&row, "reason").is_empty() && !text(&row, "next_step").is_empty());
    let path = format!("/v1/sync/{receipt}/send_to");
    let word = json!({ "name": "Anna", "reason": "a slip of the pen" });
    let refused = client.post(&path, &word).await.unwrap_err().to_string();
    assert!(refused.contains("needs an invoice"), "{refused}");
    let word = json!({ "name": "Anna", "reason": "a slip of the pen", "invoice": "156" });
    let decided = client.post(&path, &word).await.unwrap();
    assert_eq!(text(&decided, "invoice"), "156");
    until("it arrives", async || desk.outstanding() == "79.00").await;
    until("nothing waits", async || {
        let list = client.get("/v1/sync").await.unwrap();
        list.pointer("/deliveries/0").is_none()
    })
    .await;
    let shown = client
        .get(&format!("/v1/payments/{}", text(&payment, "id")))
        .await
        .unwrap();
    assert_eq!(
        text(&shown, "invoice"),
        "157",
        "the payment stays as it was"
    );
    let late = client.post(&path, &word).await.unwrap_err().to_string();
    assert!(late.contains("nothing is left to decide"), "{late}");
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

/// An upstream on hold says why, and a person's wish to try again is heard before its pause is over.
#[tokio::test]
async fn a_parked_upstream_says_why_and_a_retry_lifts_its_pause() {
    let mut desk = Desk::set(Wire::Tcp, Options::default()).await;
    desk.amend(
        "pace = \"0s\"\n",
        "pace = \"0s\"\n[upstream.methods]\ncash = 6\ncheque = 98\n",
    );
    **desk.sandbox.lock() = Ivvy::new("key", "another secret");
    let client = desk.start().await;
    let pay = async |key: &str| {
        let body = json!({
            "device": "cashbox", "amount": "1.00", "currency": "EUR", "method": "cash",
            "invoice": "156",
        });
        client.pay(key, &body).await.unwrap()
    };
    let payment = pay("k1").await;
    let next = pay("k2").await;
    let upstream = async || {
        let list = client.get("/v1/sync").await.unwrap_or_default();
        list.pointer("/upstreams/0").cloned().unwrap_or_default()
    };
    until("it is parked", async || {
        let seen = upstream().await;
        seen.pointer("/pause/why") == Some(&json!("parked")) && seen["open"]["parked"] == json!(1)
    })
    .await;
    let seen = upstream().await;
    let reason = seen.pointer("/pause/reason").cloned().unwrap_or_default();
    assert!(reason.to_string().contains("401"), "{seen}");
    assert!(text(&seen, "next_step").contains("Try again"), "{seen}");
    let listed = client.get("/v1/sync?state=queued").await.unwrap();
    let behind = listed.pointer("/deliveries/0").cloned().unwrap_or_default();
    assert_eq!(text(&behind, "payment"), text(&next, "id"));
    assert!(text(&behind, "next_step").contains("what that one needs"));

    **desk.sandbox.lock() = Ivvy::new("key", "secret");
    let path = format!("/v1/sync/{}/retry", text(&payment, "id"));
    let word = json!({ "name": "Anna", "reason": "the key has its right again" });
    client.post(&path, &word).await.unwrap();
    until("both arrive before the pause is over", async || {
        desk.outstanding() == "78.00"
    })
    .await;
    let seen = upstream().await;
    assert_eq!(seen["pause"], json!(null), "{seen}");
    let found = seen.pointer("/findings/0").cloned().unwrap_or_default();
    assert!(found.to_string().contains("98"), "{seen}");
    let list = client.get("/v1/payments?delivery=true").await.unwrap();
    let delivery = list.pointer("/payments/0/delivery/0").cloned();
    assert_eq!(text(&delivery.unwrap_or_default(), "upstream"), "ivvy");
    let plain = client.get("/v1/payments").await.unwrap();
    assert_eq!(plain.pointer("/payments/0/delivery"), None);
}
