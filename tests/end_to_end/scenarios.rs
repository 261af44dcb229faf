//! What goes wrong at a desk, one story each, told with the real daemon and real wires. Every story
//! ends with the terminal's books, the journal and the upstream record telling the same, and with
//! nobody charged twice.
//!
//! A jump of the wall clock is told in the engine's own tests: there, time is an argument.

use std::{path::Path, time::Duration};

use daemon::cli::client::{CallError, Client};
use serde_json::{Value, json};
use simulator::{
    invoicing::Fault as Upstream,
    terminal::zvt::{Options, Standing},
};
use tests::{Desk, Wire, card, text, until};

fn after(delay: u64) -> Options {
    Options {
        delay: Duration::from_millis(delay),
        ..Options::default()
    }
}

/// A desk that has taken one euro before (`k0`), so that the terminal holds something older.
async fn open(wire: Wire, delay: u64) -> (Desk, Client) {
    let desk = Desk::set(wire, after(delay)).await;
    opened(desk).await
}

async fn opened(mut desk: Desk) -> (Desk, Client) {
    let client = desk.start().await;
    desk.ready(&client).await;
    let first = client.pay("k0", &card("1.00", "156")).await.unwrap();
    assert_eq!(text(&first, "state"), "approved");
    desk.ready(&client).await;
    (desk, client)
}

/// The shortest times that the configuration takes.
async fn impatient(wire: Wire, options: Options) -> (Desk, Client) {
    let desk = Desk::set(wire, options).await;
    let zvt = "zvt = { answer_timeout = \"1s\", completion_timeout = \"10s\" }\n[[till]]";
    desk.amend("[[till]]", zvt);
    opened(desk).await
}

fn arm(desk: &Desk, fault: &str) {
    desk.terminal.arm(fault.parse().unwrap());
}

/// The problem's kind.
fn kind(answer: Result<Value, CallError>) -> String {
    match answer {
        Err(CallError::Refused { kind, .. }) => kind,
        other => format!("{other:?}"),
    }
}

async fn payments(client: &Client) -> Vec<Value> {
    let list = client.get("/v1/payments").await.unwrap_or_default();
    let payments = list.get("payments").and_then(Value::as_array).cloned();
    payments.unwrap_or_default()
}

async fn find(client: &Client, key: &str) -> Option<Value> {
    let all = payments(client).await;
    all.into_iter().find(|payment| text(payment, "key") == key)
}

async fn state(client: &Client, key: &str) -> String {
    let found = find(client, key).await;
    found
        .map(|payment| text(&payment, "state"))
        .unwrap_or_default()
}

/// The id of a payment that the journal holds.
async fn id(client: &Client, key: &str) -> String {
    until("the payment is in the journal", || async {
        find(client, key).await.is_some()
    })
    .await;
    text(&find(client, key).await.unwrap(), "id")
}

/// Pays in the background, by one request.
fn paying(
    client: &Client,
    key: &str,
    body: Value,
) -> tokio::task::JoinHandle<Result<Value, CallError>> {
    let (client, key) = (client.clone(), key.to_owned());
    tokio::spawn(async move { client.pay_once(&key, &body).await })
}

/// Waits until every payment of the journal is over.
async fn settled(client: &Client, key: &str) -> String {
    until("the payment is over", || async {
        matches!(
            state(client, key).await.as_str(),
            "approved" | "declined" | "cancelled"
        )
    })
    .await;
    state(client, key).await
}

fn euros(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// Terminal, journal and upstream tell the same: what the terminal took is what the journal calls
/// approved, and is booked upstream, each once.
async fn agree(desk: &Desk, client: &Client, expected: &[(&str, &str)], charged: &[u64]) {
    // An answer may be a moment faster than the journal's last entry.
    for (key, _) in expected {
        settled(client, key).await;
    }
    let all = payments(client).await;
    let mut found: Vec<(String, String)> = all
        .iter()
        .map(|p| (text(p, "key"), text(p, "state")))
        .collect();
    found.sort();
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|(key, state)| ((*key).to_owned(), (*state).to_owned()))
        .collect();
    assert_eq!(found, expected, "the journal");
    let books: Vec<u64> = desk.terminal.charged().iter().map(|t| t.amount).collect();
    assert_eq!(books, charged, "the terminal's books");
    matches_the_books(client, &books).await;
    booked_once(desk, client).await;
}

/// The journal's approved card payments are those of the terminal's books.
async fn matches_the_books(client: &Client, books: &[u64]) {
    let mut approved: Vec<String> = payments(client)
        .await
        .iter()
        .filter(|p| text(p, "state") == "approved" && text(p, "method") == "card")
        .map(|p| text(p, "amount"))
        .collect();
    let mut books: Vec<String> = books.iter().copied().map(euros).collect();
    approved.sort();
    books.sort();
    assert_eq!(approved, books, "journal and terminal");
}

/// Every approved payment of an invoice is booked upstream, once, and nothing else is.
async fn booked_once(desk: &Desk, client: &Client) {
    until("every delivery is confirmed", || async {
        for payment in payments(client).await {
            let path = format!("/v1/payments/{}", text(&payment, "id"));
            let payment = client.get(&path).await.unwrap_or_default();
            let delivery = payment.pointer("/delivery/0/state");
            let done = delivery.and_then(Value::as_str) == Some("confirmed");
            let state = text(&payment, "state");
            if state == "at_terminal" || state == "approved" && !done {
                return false;
            }
        }
        true
    })
    .await;
    let mut approved: Vec<(String, String)> = payments(client)
        .await
        .iter()
        .filter(|p| text(p, "state") == "approved")
        .map(|p| (text(p, "receipt"), text(p, "amount")))
        .collect();
    approved.sort();
    assert_eq!(booked(desk), approved, "journal and upstream");
}

/// What is booked upstream: receipt numbers and amounts.
fn booked(desk: &Desk) -> Vec<(String, String)> {
    let sandbox = desk.sandbox.lock();
    let mut booked: Vec<(String, String)> = sandbox
        .payments()
        .iter()
        .map(|p| (p.receipt.clone(), format!("{:.2}", p.amount)))
        .collect();
    booked.sort();
    booked
}

/// A payment of EUR 10.10 with a fault, on both wires.
async fn with_fault(fault: &str, ends: &str, charged: &[u64]) {
    for wire in [Wire::Tcp, Wire::Serial] {
        let (desk, client) = open(wire, 30).await;
        arm(&desk, fault);
        client.pay("k1", &card("10.10", "156")).await.unwrap();
        assert_eq!(settled(&client, "k1").await, ends, "{wire:?}");
        let repeat = client.pay("k1", &card("10.10", "156")).await.unwrap();
        assert_eq!(text(&repeat, "state"), ends, "a repeat hears the same");
        agree(&desk, &client, &[("k0", "approved"), ("k1", ends)], charged).await;
        assert_eq!(
            desk.terminal.authorisations_seen(),
            2,
            "asked once for each"
        );
    }
}

#[tokio::test]
async fn the_answer_is_lost_after_the_approval() {
    with_fault("lose-answer-after-approval", "approved", &[100, 1010]).await;
}

#[tokio::test]
async fn the_answer_is_lost_before_the_card_was_read() {
    with_fault("lose-answer-before-card", "declined", &[100]).await;
}

#[tokio::test]
async fn a_decline_then_an_approval() {
    with_fault("decline-then-approve", "approved", &[100, 1010]).await;
}

/// The daemon gives up after ten seconds and ten more of grace; the terminal approves after that.
#[tokio::test]
async fn an_approval_after_our_timeout() {
    let options = Options {
        late: Duration::from_secs(21),
        ..after(30)
    };
    let (desk, client) = impatient(Wire::Tcp, options).await;
    arm(&desk, "late-approval");
    client.pay("k1", &card("10.10", "156")).await.unwrap();
    until("the terminal has approved", || async {
        let books = desk.terminal.books();
        let last = books.transactions().get(1).map(|t| t.standing);
        last.is_some_and(|standing| standing != Standing::Open)
    })
    .await;
    // Kept, or taken back where the terminal had said before that it took nothing.
    let ends = settled(&client, "k1").await;
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
    assert_eq!(desk.terminal.authorisations_seen(), 2);
}

#[tokio::test]
async fn an_approval_then_the_terminal_loses_power() {
    let (desk, client) = impatient(Wire::Tcp, after(30)).await;
    arm(&desk, "power-loss-after-approval");
    let paying = paying(&client, "k1", card("10.10", "156"));
    until("the terminal has taken the money", || async {
        desk.terminal.charged().len() == 2
    })
    .await;
    until("the daemon notices", || async {
        let devices = client.get("/v1/devices").await.unwrap_or_default();
        devices.pointer("/devices/1/running/in_doubt") == Some(&json!(true))
    })
    .await;
    // It is switched on again.
    desk.terminal.clear();
    let heard = text(&paying.await.unwrap().unwrap(), "state");
    assert!(
        ["approved", "in_doubt"].contains(&heard.as_str()),
        "{heard}"
    );
    assert_eq!(settled(&client, "k1").await, "approved");
    agree(
        &desk,
        &client,
        &[("k0", "approved"), ("k1", "approved")],
        &[100, 1010],
    )
    .await;
    assert_eq!(desk.terminal.authorisations_seen(), 2);
}

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
    assert!(desk.stop());
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
    assert!(desk.stop());
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

#[tokio::test]
async fn a_stale_amount_on_the_terminal() {
    for wire in [Wire::Tcp, Wire::Serial] {
        let (desk, client) = open(wire, 30).await;
        arm(&desk, "stale-amount");
        let first = client.pay("k1", &card("10.10", "156")).await.unwrap();
        assert_eq!(text(&first, "state"), "declined");
        desk.ready(&client).await;
        let second = client.pay("k2", &card("10.10", "156")).await.unwrap();
        assert_eq!(text(&second, "state"), "approved");
        let all = [("k0", "approved"), ("k1", "declined"), ("k2", "approved")];
        agree(&desk, &client, &all, &[100, 1010]).await;
    }
}

#[tokio::test]
async fn usb_is_unplugged_and_comes_back_under_another_name() {
    let (desk, client) = open(Wire::Serial, 30).await;
    let link = desk.path("terminal");
    let name = |link: &Path| std::fs::read_link(link).unwrap();
    let before = name(&link);
    arm(&desk, "lose-answer-after-approval");
    client.pay("k1", &card("10.10", "156")).await.unwrap();
    assert_eq!(settled(&client, "k1").await, "approved");
    assert_ne!(name(&link), before, "it has another name");
    desk.ready(&client).await;
    let next = client.pay("k2", &card("20.20", "156")).await.unwrap();
    assert_eq!(text(&next, "state"), "approved");
    let all = [("k0", "approved"), ("k1", "approved"), ("k2", "approved")];
    agree(&desk, &client, &all, &[100, 1010, 2020]).await;
    assert_eq!(desk.terminal.authorisations_seen(), 3);
}

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
