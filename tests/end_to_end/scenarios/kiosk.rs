//! The kiosk loses power in the middle of a payment.

use super::*;

/// The daemon is killed and comes back; a doubt that stays is settled by a person who reads the
/// terminal's books. Whatever came of it, all agree, and the payment was asked for at most once.
async fn kiosk_comes_back(mut desk: Desk) -> String {
    desk.kill();
    let client = desk.start().await;
    desk.ready(&client).await;
    until("the terminal was asked what it holds", || async {
        let payment = find(&client, "k1").await;
        let devices = client.get("/v1/devices").await.unwrap_or_default();
        let evidence = devices.pointer("/devices/1/running/evidence");
        payment.is_none_or(|p| text(&p, "state") != "in_doubt")
            || evidence.is_some_and(Value::is_string)
    })
    .await;
    let asked = desk.terminal.authorisations_seen();
    if state(&client, "k1").await == "in_doubt" {
        let taken = desk.terminal.charged().len() == 2;
        let path = format!("/v1/payments/{}/resolve", id(&client, "k1").await);
        let body = json!({
            "outcome": if taken { "approved" } else { "declined" },
            "name": "A. Clerk", "reason": "read at the terminal",
        });
        client.post(&path, &body).await.unwrap();
    }
    let ends = settled(&client, "k1").await;
    let repeat = client.pay("k1", &card("10.10", "156")).await.unwrap();
    assert_eq!(text(&repeat, "state"), ends, "a repeat hears the same");
    assert_eq!(
        desk.terminal.authorisations_seen(),
        asked,
        "nobody asks again"
    );
    let charged: &[u64] = if ends == "approved" {
        &[100, 1010]
    } else {
        &[100]
    };
    agree(
        &desk,
        &client,
        &[("k0", "approved"), ("k1", &ends)],
        charged,
    )
    .await;
    ends
}

/// Spins without sleeping, so that the moment is met before the daemon's next step.
async fn moment(mut reached: impl FnMut() -> bool) {
    while !reached() {
        tokio::task::yield_now().await;
    }
}

/// As early as the intent can be seen. That nothing at all was sent is told in the engine's own
/// tests, step by step.
#[tokio::test]
async fn the_kiosk_loses_power_when_the_intent_is_durable() {
    for wire in [Wire::Tcp, Wire::Serial] {
        let (desk, client) = open(wire, 400).await;
        let _paying = paying(&client, "k1", card("10.10", "156"));
        while find(&client, "k1").await.is_none() {}
        kiosk_comes_back(desk).await;
    }
}

#[tokio::test]
async fn the_kiosk_loses_power_between_send_and_answer() {
    for wire in [Wire::Tcp, Wire::Serial] {
        let (desk, client) = open(wire, 400).await;
        let _paying = paying(&client, "k1", card("10.10", "156"));
        moment(|| desk.terminal.authorisations_seen() == 2).await;
        kiosk_comes_back(desk).await;
    }
}

#[tokio::test]
async fn the_kiosk_loses_power_between_answer_and_commit() {
    for wire in [Wire::Tcp, Wire::Serial] {
        let (desk, client) = open(wire, 100).await;
        let _paying = paying(&client, "k1", card("10.10", "156"));
        moment(|| {
            let books = desk.terminal.books();
            let last = books.transactions().last().map(|t| t.standing);
            books.transactions().len() == 2 && last == Some(Standing::Open)
        })
        .await;
        kiosk_comes_back(desk).await;
    }
}
