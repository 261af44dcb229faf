//! What callers do: twice, otherwise, later, at the wrong moment, and two desks at one terminal.

use super::*;

#[tokio::test]
async fn two_desks_on_one_terminal() {
    let (mut desk, client) = open(Wire::Tcp, 300).await;
    let mut beside = desk.beside();
    let other = beside.start().await;
    let mut second = card("20.20", "156");
    second["device"] = json!("desk2");
    let paying = paying(&client, "k1", card("10.10", "156"));
    let refused = other.pay_once("k2", &second).await;
    assert_eq!(kind(refused), "terminal-unavailable");
    assert_eq!(text(&paying.await.unwrap().unwrap(), "state"), "approved");
    assert_eq!(desk.terminal.authorisations_seen(), 2);
    agree_on_receipts(&desk, &client, &["desk1-000001", "desk1-000002"]).await;
    // The first lets go of it, and the second gets it.
    assert!(desk.stop().await);
    beside.ready(&other).await;
    let paid = other.pay_once("k2", &second).await.unwrap();
    assert_eq!(text(&paid, "state"), "approved");
    let books: Vec<u64> = desk.terminal.charged().iter().map(|t| t.amount).collect();
    assert_eq!(books, [100, 1010, 2020]);
    agree_on_receipts(
        &desk,
        &other,
        &["desk1-000001", "desk1-000002", "desk2-000001"],
    )
    .await;
}

async fn agree_on_receipts(desk: &Desk, client: &Client, expected: &[&str]) {
    until("every delivery arrives", || async {
        booked(desk).len() == expected.len()
    })
    .await;
    let receipts: Vec<String> = booked(desk).into_iter().map(|b| b.0).collect();
    assert_eq!(receipts, expected);
    for payment in payments(client).await {
        assert!(receipts.contains(&text(&payment, "receipt")), "{payment}");
    }
}

#[tokio::test]
async fn a_double_click() {
    let (desk, client) = open(Wire::Serial, 30).await;
    let body = card("10.10", "156");
    let (a, b, c) = tokio::join!(
        client.pay("k1", &body),
        client.pay("k1", &body),
        client.pay("k1", &body)
    );
    let ids: Vec<String> = [a, b, c].map(|p| text(&p.unwrap(), "id")).into();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let all = [("k0", "approved"), ("k1", "approved")];
    agree(&desk, &client, &all, &[100, 1010]).await;
    assert_eq!(desk.terminal.authorisations_seen(), 2);
}

#[tokio::test]
async fn a_repeat_with_another_amount() {
    let (desk, client) = open(Wire::Tcp, 100).await;
    let paying = paying(&client, "k1", card("10.10", "156"));
    id(&client, "k1").await;
    let meanwhile = client.pay("k1", &card("10.11", "156")).await;
    assert_eq!(kind(meanwhile), "idempotency-key-reused");
    assert_eq!(text(&paying.await.unwrap().unwrap(), "state"), "approved");
    for other in [card("10.11", "156"), card("10.10", "157")] {
        let later = client.pay("k1", &other).await;
        assert_eq!(kind(later), "idempotency-key-reused", "{other}");
    }
    let all = [("k0", "approved"), ("k1", "approved")];
    agree(&desk, &client, &all, &[100, 1010]).await;
    assert_eq!(desk.terminal.authorisations_seen(), 2);
}

/// The day was closed and the machine was off in between.
#[tokio::test]
async fn a_repeat_a_day_later() {
    let (mut desk, client) = open(Wire::Serial, 30).await;
    let first = client.pay("k1", &card("10.10", "156")).await.unwrap();
    desk.ready(&client).await;
    let path = "/v1/devices/desk1/close";
    let closed = client.post_with_key(path, "c1", &json!({})).await.unwrap();
    assert_eq!(text(&closed, "state"), "closed");
    assert!(desk.stop().await);
    let client = desk.start().await;
    desk.ready(&client).await;
    let later = client.pay("k1", &card("10.10", "156")).await.unwrap();
    assert_eq!(text(&later, "id"), text(&first, "id"));
    let all = [("k0", "approved"), ("k1", "approved")];
    agree(&desk, &client, &all, &[100, 1010]).await;
    assert_eq!(desk.terminal.authorisations_seen(), 2);
}

/// Somebody presses cancel at every moment around the approval.
#[tokio::test]
async fn a_cancel_races_the_approval() {
    let (desk, client) = open(Wire::Tcp, 40).await;
    let mut ends = Vec::new();
    for step in 0..12_u64 {
        desk.ready(&client).await;
        let key = format!("k{}", step + 1);
        let paying = paying(&client, &key, card("1.00", "156"));
        let path = format!("/v1/payments/{}/abort", id(&client, &key).await);
        let pause = Duration::from_millis(step * 5);
        let aborted = tokio::time::timeout(pause, std::future::pending::<()>()).await;
        assert!(aborted.is_err());
        // It may be over already.
        let _told = client.post(&path, &json!({})).await;
        paying.await.unwrap().unwrap();
        ends.push(settled(&client, &key).await);
    }
    let approved = ends.iter().filter(|end| *end == "approved").count();
    // Which of the two wins is for the moment to say; a third end there is not.
    assert!(
        ends.iter()
            .all(|end| end == "approved" || end == "cancelled"),
        "{ends:?}"
    );
    let books: Vec<u64> = desk.terminal.charged().iter().map(|t| t.amount).collect();
    assert_eq!(
        books.len(),
        approved + 1,
        "{ends:?} {:?}",
        desk.terminal.books().transactions()
    );
    matches_the_books(&client, &books).await;
    booked_once(&desk, &client).await;
    assert_eq!(desk.terminal.authorisations_seen(), 13);
}

#[tokio::test]
async fn the_next_customer_while_the_last_payment_is_in_doubt() {
    let (desk, client) = open(Wire::Tcp, 30).await;
    arm(&desk, "no-stored-transaction");
    let first = client.pay("k1", &card("10.10", "156")).await.unwrap();
    assert_eq!(text(&first, "state"), "in_doubt");
    let next = client.pay("k2", &card("20.20", "156")).await;
    assert_eq!(kind(next), "device-in-doubt");
    assert_eq!(
        desk.terminal.authorisations_seen(),
        2,
        "nothing new is taken"
    );
    let path = format!("/v1/payments/{}/resolve", text(&first, "id"));
    let body = json!({
        "outcome": "approved", "name": "A. Clerk", "reason": "the patient shows the receipt",
    });
    let settled = client.post(&path, &body).await.unwrap();
    assert_eq!(text(&settled, "state"), "approved");
    until("the terminal was asked what it holds", || async {
        match client.pay_once("k2", &card("20.20", "156")).await {
            Ok(next) => text(&next, "state") == "approved",
            Err(_) => false,
        }
    })
    .await;
    let all = [("k0", "approved"), ("k1", "approved"), ("k2", "approved")];
    agree(&desk, &client, &all, &[100, 1010, 2020]).await;
    assert_eq!(desk.terminal.authorisations_seen(), 3);
}
