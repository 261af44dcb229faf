//! What comes after the money: paper, and the invoicing system.

use super::*;

/// How the prints of a payment stand.
async fn prints(client: &Client, key: &str) -> Vec<String> {
    let path = format!("/v1/payments/{}", id(client, key).await);
    let payment = client.get(&path).await.unwrap_or_default();
    let jobs = payment.get("printing").and_then(Value::as_array).cloned();
    let jobs = jobs.unwrap_or_default();
    jobs.iter().map(|job| text(job, "state")).collect()
}

#[tokio::test]
async fn the_printer_runs_out_of_paper_in_mid_receipt() {
    let (desk, client) = open(Wire::Tcp, 30).await;
    let printed = |key: &'static str| {
        let client = desk.client();
        async move {
            until("everything is on paper", || async {
                let prints = prints(&client, key).await;
                !prints.is_empty() && prints.iter().all(|state| state == "confirmed")
            })
            .await;
        }
    };
    printed("k0").await;
    let before = desk.printer.pages().len();
    desk.printer.arm("paper-out-after=4".parse().unwrap());
    let payment = client.pay("k1", &card("10.10", "156")).await.unwrap();
    assert_eq!(text(&payment, "state"), "approved", "law 8");
    until("some of it is out", || async {
        !desk.printer.uncut().is_empty()
    })
    .await;
    let all = [("k0", "approved"), ("k1", "approved")];
    agree(&desk, &client, &all, &[100, 1010]).await;
    assert_eq!(
        desk.printer.pages().len(),
        before,
        "the rest waits for paper"
    );
    desk.printer.clear();
    printed("k1").await;
    let pages = desk.printer.pages().split_off(before);
    let jobs = prints(&client, "k1").await.len();
    assert_eq!(pages.len(), jobs, "each comes out once: {pages:#?}");
    assert!(!pages.concat().contains("COPY"), "and not as a copy");
    assert!(desk.printer.uncut().trim().is_empty());
}

#[tokio::test]
async fn the_upstreams_answer_is_lost() {
    let (desk, client) = open(Wire::Tcp, 30).await;
    booked_once(&desk, &client).await;
    desk.sandbox.lock().arm(Upstream::AnswerLostAfterBooking, 1);
    client.pay("k1", &card("10.10", "156")).await.unwrap();
    let all = [("k0", "approved"), ("k1", "approved")];
    agree(&desk, &client, &all, &[100, 1010]).await;
    assert_eq!(desk.outstanding(), "68.90");
}

#[tokio::test]
async fn the_upstream_refuses_what_is_first_in_the_queue() {
    let (desk, client) = open(Wire::Tcp, 30).await;
    booked_once(&desk, &client).await;
    // Without an answer nobody knows before the sale that the invoice is not there.
    desk.sandbox.lock().arm(Upstream::Down, u32::MAX);
    let refused = client.pay("k1", &card("10.10", "999")).await.unwrap();
    desk.sandbox.lock().disarm();
    desk.ready(&client).await;
    let next = client.pay("k2", &card("20.20", "156")).await.unwrap();
    until("the other invoice goes on", || async {
        desk.outstanding() == "58.80"
    })
    .await;
    let path = format!("/v1/payments/{}", text(&refused, "id"));
    let delivery = || async {
        let payment = client.get(&path).await.unwrap_or_default();
        let state = payment.pointer("/delivery/0/state");
        state.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    until("a person is asked", || async {
        delivery().await == "needs_operator"
    })
    .await;
    let receipts: Vec<String> = booked(&desk).into_iter().map(|b| b.0).collect();
    assert_eq!(
        receipts,
        ["desk1-000001".to_owned(), text(&next, "receipt")]
    );
    let books: Vec<u64> = desk.terminal.charged().iter().map(|t| t.amount).collect();
    assert_eq!(books, [100, 1010, 2020]);
    matches_the_books(&client, &books).await;
}
