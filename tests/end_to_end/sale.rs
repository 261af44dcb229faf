//! A person pays.

use serde_json::{Value, json};
use simulator::terminal::zvt::Options;
use std::time::Duration;
use tests::{Desk, Wire, card, text, until};

fn quick() -> Options {
    Options {
        delay: Duration::from_millis(50),
        ..Options::default()
    }
}

async fn a_sale_reaches_everybody_once(wire: Wire) {
    let mut desk = Desk::set(wire, quick()).await;
    let client = desk.start().await;
    desk.ready(&client).await;
    let payment = client.pay("k1", &card("10.10", "156")).await.unwrap();
    assert_eq!(text(&payment, "state"), "approved");
    assert_eq!(text(&payment, "group"), "desk1");
    assert_eq!(text(&payment, "receipt"), "desk1-000001");
    let card = payment.get("card").unwrap();
    assert_eq!(text(card, "last4").len(), 4);

    let charged = desk.terminal.charged();
    assert_eq!(charged.iter().map(|t| t.amount).collect::<Vec<_>>(), [1010]);
    until("the receipt comes out", || async {
        !desk.printer.pages().is_empty()
    })
    .await;
    let page = desk.printer.pages().concat();
    for words in ["desk1-000001", "EUR 10.10", "156", &text(card, "last4")] {
        assert!(
            page.contains(words),
            "{words} is not on the receipt:\n{page}"
        );
    }
    until("the invoice is paid", || async {
        desk.outstanding() == "69.90"
    })
    .await;
    let path = format!("/v1/payments/{}", text(&payment, "id"));
    until("the daemon knows of both", || async {
        let payment = client.get(&path).await.unwrap();
        let state = |list: &str| {
            let state = payment.pointer(&format!("/{list}/0/state"));
            state.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        state("printing") == "confirmed" && state("delivery") == "confirmed"
    })
    .await;
    assert!(desk.stop().await, "the daemon ends well");
}

#[tokio::test]
async fn over_a_serial_line() {
    a_sale_reaches_everybody_once(Wire::Serial).await;
}

#[tokio::test]
async fn over_tcp() {
    a_sale_reaches_everybody_once(Wire::Tcp).await;
}

#[tokio::test]
async fn cash_needs_no_terminal_and_no_invoice() {
    let mut desk = Desk::set(Wire::Tcp, quick()).await;
    let client = desk.start().await;
    let body = json!({
        "device": "cashbox", "amount": "5", "currency": "EUR", "method": "cash", "note": "exact",
    });
    let payment = client.pay("k1", &body).await.unwrap();
    assert_eq!(text(&payment, "state"), "approved");
    assert_eq!(text(&payment, "amount"), "5.00");
    assert_eq!(text(&payment, "receipt"), "cashbox-000001");
    assert_eq!(desk.terminal.authorisations_seen(), 0);
}

#[tokio::test]
async fn a_repeat_is_answered_and_other_content_is_refused() {
    let mut desk = Desk::set(Wire::Serial, quick()).await;
    let client = desk.start().await;
    desk.ready(&client).await;
    let body = card("10.10", "156");
    let (first, second) = tokio::join!(client.pay("k1", &body), client.pay("k1", &body));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(
        text(&first, "id"),
        text(&second, "id"),
        "a double click is one payment"
    );
    desk.kill();
    let client = desk.start().await;
    let later = client.pay("k1", &body).await.unwrap();
    assert_eq!(
        text(&later, "id"),
        text(&first, "id"),
        "a repeat after a restart too"
    );
    let other = client
        .pay("k1", &card("20.20", "156"))
        .await
        .unwrap_err()
        .to_string();
    assert!(other.contains(&text(&first, "id")), "{other}");
    assert_eq!(desk.terminal.authorisations_seen(), 1);
}
