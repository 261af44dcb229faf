//! Callers that hang up before they are answered.

use std::{fs, time::SystemTime};

use serde_json::json;
use tests::{Desk, card, text, until};

use super::{desk, inject};

/// When the queue last wrote to its log.
fn written(desk: &Desk) -> SystemTime {
    let log = fs::metadata(desk.path("state/tilld.db-wal")).unwrap();
    log.modified().unwrap()
}

/// The commit that keeps a copy is under way when its caller hangs up. The printer is told all the same:
/// nothing else would wake it.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_printed_for_a_caller_that_is_gone() {
    let mut desk = desk().await;
    let client = desk.start().await;
    desk.ready(&client).await;
    let paid = client.pay("k1", &card("10.10", "156")).await.unwrap();
    let payment = format!("/v1/payments/{}", text(&paid, "id"));
    until("its receipt is out, and all is kept", || async {
        let payment = client.get(&payment).await.unwrap();
        payment.pointer("/printing/0/state") == Some(&json!("confirmed"))
    })
    .await;

    let Some(mut strace) = inject(&desk, "fsync,fdatasync", "delay_enter=2000000") else {
        println!("skipped: strace is not installed, or may not attach");
        return;
    };
    let before = written(&desk);
    let asked = tokio::spawn({
        let client = client.clone();
        let copies = format!("{payment}/copies");
        async move { client.post(&copies, &json!({})).await }
    });
    until("the commit is under way", || async {
        written(&desk) != before
    })
    .await;
    asked.abort();
    assert!(asked.await.unwrap_err().is_cancelled(), "it was answered");
    until("the copy is out", || async {
        desk.printer.pages().concat().contains("COPY 1")
    })
    .await;
    strace.kill().unwrap();
    strace.wait().unwrap();
    assert!(desk.stop().await);
}
