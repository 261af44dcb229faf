//! The terminal's answer is lost, late or wrong, or its cable is gone.

use super::*;

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
