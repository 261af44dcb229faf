//! Concert V2 on a pseudo-terminal, Caisse-AP on TCP. Neither can be asked about a payment: what
//! stays open is for a person.

use std::{net::Ipv4Addr, time::Duration};

use daemon::cli::client::{CallError, Client};
use serde_json::{Value, json};
use simulator::{
    Handle,
    terminal::{SimulatedTerminal, caisse_ap, concert, zvt},
};
use tests::{Desk, Wire, card, text, until};

const DELAY: Duration = Duration::from_millis(50);

/// A desk whose terminal is another one.
async fn desk(protocol: &str, link: &str, options: &str) -> Desk {
    let desk = Desk::set(Wire::Tcp, zvt::Options::default()).await;
    let text = std::fs::read_to_string(desk.config()).unwrap();
    let old = text.lines().find(|line| line.starts_with("link = \"tcp:"));
    desk.amend(old.unwrap(), &format!("link = \"{link}\""));
    desk.amend("protocol = \"zvt\"", &format!("protocol = \"{protocol}\""));
    desk.amend("[[till]]", &format!("{options}[[till]]"));
    desk
}

async fn post(
    client: &Client,
    payment: &Value,
    what: &str,
    key: &str,
    body: Value,
) -> Result<Value, CallError> {
    let path = format!("/v1/payments/{}/{what}", text(payment, "id"));
    client.post_with_key(&path, key, &body).await
}

/// Pays, doubts, lets a person decide, gives money back.
async fn a_day<T: SimulatedTerminal>(mut desk: Desk, terminal: Handle<T>) -> String {
    let charged = || terminal.with(|terminal| terminal.charged());
    let arm = |fault: &str| {
        terminal
            .with(|terminal| terminal.arm_by_name(fault))
            .unwrap();
    };
    let client = desk.start().await;
    desk.ready(&client).await;

    let first = client.pay("k1", &card("10.10", "156")).await.unwrap();
    assert_eq!(text(&first, "state"), "approved", "{first}");
    assert_eq!(charged(), [1010]);
    until("the receipt comes out", || async {
        !desk.printer.pages().is_empty()
    })
    .await;
    until("the invoice is paid", || async {
        desk.outstanding() == "69.90"
    })
    .await;

    arm("decline");
    desk.ready(&client).await;
    let declined = client.pay("k2", &card("5.00", "156")).await.unwrap();
    assert_eq!(text(&declined, "state"), "declined", "{declined}");
    assert_eq!(charged(), [1010]);

    // The terminal takes the money and is gone before it says so.
    arm("lose-answer-after-approval");
    desk.ready(&client).await;
    let doubted = client.pay("k3", &card("20.20", "156")).await.unwrap();
    assert_eq!(text(&doubted, "state"), "in_doubt", "{doubted}");
    assert_eq!(charged(), [1010, 2020]);
    // A restart asks for nothing again, nor does the same key.
    desk.kill();
    let client = desk.start().await;
    desk.ready(&client).await;
    let again = client.pay("k3", &card("20.20", "156")).await.unwrap();
    assert_eq!(text(&again, "state"), "in_doubt");
    let next = client.pay("k4", &card("1.00", "156")).await;
    assert!(matches!(next, Err(CallError::Refused { .. })), "{next:?}");
    assert_eq!(terminal.with(|terminal| terminal.payments_asked()), 3);
    let word = json!({ "outcome": "approved", "name": "Anna", "reason": "its receipt says so" });
    let path = format!("/v1/payments/{}/resolve", text(&doubted, "id"));
    let settled = client.post(&path, &word).await.unwrap();
    assert_eq!(text(&settled, "state"), "approved", "{settled}");
    until("both are on the invoice", || async {
        desk.outstanding() == "49.70"
    })
    .await;

    desk.ready(&client).await;
    let cancel = post(&client, &first, "cancel", "k5", json!({}))
        .await
        .unwrap();
    assert_eq!(text(&cancel, "state"), "approved", "{cancel}");
    assert_eq!(charged(), [2020]);
    desk.ready(&client).await;
    let refund = post(
        &client,
        &doubted,
        "refund",
        "k6",
        json!({ "amount": "5.00" }),
    );
    let refund = refund.await.unwrap();
    assert_eq!(text(&refund, "state"), "approved", "{refund}");
    let close = client
        .post_with_key("/v1/devices/desk1/close", "k7", &json!({}))
        .await;
    assert!(matches!(close, Err(CallError::Refused { .. })), "{close:?}");
    let pages = desk.printer.pages().concat();
    assert!(desk.stop().await, "the daemon ends well");
    assert!(!desk.log().contains("4111111111111111"));
    pages
}

#[tokio::test]
async fn concert_on_a_serial_line() {
    let options = concert::Options {
        delay: DELAY,
        ..concert::Options::default()
    };
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("terminal");
    let (path, terminal) = concert::Terminal::new(options)
        .serve_pty(Some(&link))
        .unwrap();
    let link = format!("serial:{}?format=8n1", path.display());
    let desk = desk("concert", &link, "").await;
    a_day(desk, terminal).await;
}

#[tokio::test]
async fn caisse_ap_on_the_network() {
    let options = caisse_ap::Options {
        delay: DELAY,
        ..caisse_ap::Options::default()
    };
    let any = (Ipv4Addr::LOCALHOST, 0).into();
    let (address, terminal) = caisse_ap::Terminal::new(options)
        .serve_tcp(any)
        .await
        .unwrap();
    let desk = desk(
        "caisse-ap",
        &format!("tcp:{address}"),
        "[terminal.caisse-ap]\ntickets = true\n",
    )
    .await;
    let pages = a_day(desk, terminal).await;
    assert!(pages.contains("CARTE BANCAIRE"), "{pages}");
}
