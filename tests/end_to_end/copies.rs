//! A receipt is wanted once more.

use daemon::cli::client::CallError;
use serde_json::{Value, json};
use simulator::terminal::zvt::Options;
use std::{process::Command, time::Duration};
use tests::{Desk, Wire, binary, card, text, until};

fn quick() -> Options {
    Options {
        delay: Duration::from_millis(50),
        ..Options::default()
    }
}

fn kind<T: std::fmt::Debug>(answer: Result<T, CallError>) -> String {
    match answer {
        Err(CallError::Refused { kind, .. }) => kind,
        other => panic!("{other:?}"),
    }
}

/// Law 8: it says COPY and its number at the top and at the bottom, and the payment stays as it is.
#[tokio::test]
async fn a_copy_says_copy() {
    let mut desk = Desk::set(Wire::Tcp, quick()).await;
    let client = desk.start().await;
    desk.ready(&client).await;
    let paid = client.pay("k1", &card("10.10", "156")).await.unwrap();
    let id = text(&paid, "id");
    let page_with = |words: String| {
        let desk = &desk;
        async move {
            let found = || {
                desk.printer
                    .pages()
                    .into_iter()
                    .find(|p| p.contains(&words))
            };
            until("the paper is out", || async { found().is_some() }).await;
            found().unwrap()
        }
    };
    page_with("desk1-000001".to_owned()).await;
    let path = format!("/v1/payments/{id}/copies");
    for number in 1..=2 {
        let job = client.post(&path, &json!({})).await.unwrap();
        assert_eq!(job.get("kind"), Some(&json!({ "copy": number })));
        let says = format!("COPY {number}");
        let page = page_with(says.clone()).await;
        assert_eq!(page.matches(&says).count(), 2, "{page}");
        for words in ["desk1-000001", "EUR 10.10", "Reprinted"] {
            assert!(page.contains(words), "{words} is not on it:\n{page}");
        }
        // The next press is a new wish only once this one is on paper.
        let path = format!("/v1/payments/{id}");
        until("the job is confirmed", || async {
            let payment = client.get(&path).await.unwrap();
            let jobs = payment.get("printing").and_then(Value::as_array).unwrap();
            jobs.iter().all(|job| text(job, "state") == "confirmed")
        })
        .await;
    }
    let output = Command::new(binary("till"))
        .args(["copy", &id])
        .env("TILLD_CONFIG", desk.config())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("A copy is printed at"), "{said}");
    page_with("COPY 3".to_owned()).await;
    assert_eq!(desk.terminal.charged().len(), 1);
}

/// A person presses twice while the printer is out of paper.
#[tokio::test]
async fn a_second_press_prints_no_second_copy() {
    let mut desk = Desk::set(Wire::Tcp, quick()).await;
    let client = desk.start().await;
    desk.ready(&client).await;
    desk.printer.arm(simulator::printer::Fault::PaperOut);
    let paid = client.pay("k1", &card("10.10", "156")).await.unwrap();
    let path = format!("/v1/payments/{}/copies", text(&paid, "id"));
    let first = client.post(&path, &json!({})).await.unwrap();
    let second = client.post(&path, &json!({})).await.unwrap();
    assert_eq!(first.get("job"), second.get("job"));
    desk.printer.clear();
    let copies = || desk.printer.pages().concat().matches("COPY 1").count();
    until("it is out", || async { copies() > 0 }).await;
    let path = format!("/v1/payments/{}", text(&paid, "id"));
    until("all that was wanted is out", || async {
        let payment = client.get(&path).await.unwrap();
        let jobs = payment.get("printing").and_then(Value::as_array).unwrap();
        jobs.iter().all(|job| text(job, "state") == "confirmed")
    })
    .await;
    let copies = copies();
    assert_eq!(copies, 2, "at the top and at the bottom of one");
}

#[tokio::test]
async fn what_has_no_receipt_has_no_copy() {
    let mut desk = Desk::set(Wire::Tcp, quick()).await;
    let client = desk.start().await;
    desk.ready(&client).await;
    desk.terminal.arm("decline".parse().unwrap());
    let declined = client.pay("k1", &card("10.10", "156")).await.unwrap();
    let cash = json!({ "device": "cashbox", "amount": "5", "currency": "EUR", "method": "cash" });
    let unprinted = client.pay("k2", &cash).await.unwrap();
    for (id, expected) in [
        (text(&declined, "id"), "nothing-to-copy"),
        (text(&unprinted, "id"), "no-printer"),
        (
            "019b7e5c-4280-7101-8101-010101010101".to_owned(),
            "unknown-payment",
        ),
    ] {
        let answer = client
            .post(&format!("/v1/payments/{id}/copies"), &json!({}))
            .await;
        assert_eq!(kind(answer), expected);
    }
}
