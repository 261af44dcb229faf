//! ECR17 on TCP, with a terminal that hangs up after each procedure and one that never does.

use std::{net::Ipv4Addr, time::Duration};

use daemon::cli::client::{CallError, Client};
use serde_json::{Value, json};
use simulator::{
    Handle,
    terminal::{
        SimulatedTerminal as _,
        ecr17::{Check, Habit, Options, Terminal},
        zvt,
    },
};
use tests::{Desk, Wire, card, text, until};

/// A desk with such a terminal; its patience is as short as it may be.
async fn desk(options: Options, amendment: &str) -> (Desk, Handle<Terminal>) {
    let options = Options {
        delay: Duration::from_millis(50),
        ..options
    };
    let any = (Ipv4Addr::LOCALHOST, 0).into();
    let (address, terminal) = Terminal::new(options).serve_tcp(any).await.unwrap();
    let desk = Desk::set(Wire::Tcp, zvt::Options::default()).await;
    let text = std::fs::read_to_string(desk.config()).unwrap();
    let old = text.lines().find(|line| line.starts_with("link = \"tcp:"));
    desk.amend(old.unwrap(), &format!("link = \"tcp:{address}\""));
    desk.amend("protocol = \"zvt\"", "protocol = \"ecr17\"");
    let options = "[terminal.ecr17]\ncompletion_timeout = \"10s\"\n";
    desk.amend("[[till]]", &format!("{options}{amendment}[[till]]"));
    (desk, terminal)
}

async fn post(client: &Client, payment: &Value, what: &str, key: &str) -> Result<Value, CallError> {
    let path = format!("/v1/payments/{}/{what}", text(payment, "id"));
    client.post_with_key(&path, key, &json!({})).await
}

/// Waits until a doubt has settled itself.
async fn settled(client: &Client, payment: &Value) -> String {
    let path = format!("/v1/payments/{}", text(payment, "id"));
    until("the doubt is settled", || async {
        text(&client.get(&path).await.unwrap(), "state") != "in_doubt"
    })
    .await;
    text(&client.get(&path).await.unwrap(), "state")
}

async fn a_day(options: Options) {
    let (mut desk, terminal) = desk(options, "").await;
    let charged = || terminal.with(|terminal| terminal.charged());
    let arm = |fault: &str| terminal.arm(fault.parse().unwrap());
    let client = desk.start().await;
    desk.ready(&client).await;

    let first = client.pay("k1", &card("10.10", "156")).await.unwrap();
    assert_eq!(text(&first, "state"), "approved", "{first}");
    assert_eq!(charged(), [1010]);
    until("the receipts come out", || async {
        let pages = desk.printer.pages().concat();
        pages.contains("desk1-000001") && pages.contains("TML 12345678 STAN 000001")
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

    // Lost after the approval: found in the terminal's memory.
    arm("lose-answer-after-approval");
    desk.ready(&client).await;
    let found = client.pay("k3", &card("20.20", "156")).await.unwrap();
    assert_eq!(settled(&client, &found).await, "approved");
    assert_eq!(charged(), [1010, 2020]);

    // Lost before the card: certain only when the terminal must have ended.
    arm("lose-answer-before-card");
    desk.ready(&client).await;
    let nothing = client.pay("k4", &card("3.00", "156")).await.unwrap();
    assert_eq!(settled(&client, &nothing).await, "declined");
    assert_eq!(charged(), [1010, 2020]);

    // The last payment goes back, an older one does not, and there are no refunds.
    desk.ready(&client).await;
    let last = client.pay("k5", &card("1.00", "156")).await.unwrap();
    desk.ready(&client).await;
    let older = post(&client, &first, "cancel", "k6").await;
    assert!(matches!(older, Err(CallError::Refused { .. })), "{older:?}");
    let refund = post(&client, &first, "refund", "k7").await;
    assert!(
        matches!(refund, Err(CallError::Refused { .. })),
        "{refund:?}"
    );
    let cancel = post(&client, &last, "cancel", "k8").await.unwrap();
    assert_eq!(text(&cancel, "state"), "approved", "{cancel}");
    assert_eq!(charged(), [1010, 2020]);

    desk.ready(&client).await;
    let closing = client
        .post_with_key("/v1/devices/desk1/close", "k9", &json!({}))
        .await
        .unwrap();
    assert_eq!(text(&closing, "state"), "closed", "{closing}");
    assert_eq!(closing.pointer("/terminal/total_minor"), Some(&json!(3030)));
    assert_eq!(closing.get("differences"), Some(&json!([])), "{closing:#}");
    assert_eq!(terminal.with(|terminal| terminal.payments_asked()), 5);
    assert!(desk.stop().await, "the daemon ends well");
}

#[tokio::test]
async fn ecr17_at_a_terminal_that_hangs_up() {
    a_day(Options::default()).await;
}

#[tokio::test]
async fn ecr17_at_a_terminal_that_keeps_its_connection() {
    a_day(Options {
        habit: Habit::Keeps,
        check: Check::ALL[3],
        ..Options::default()
    })
    .await;
}

/// The row `NextIsRefused`: the terminal keeps what it refused, too.
#[tokio::test]
async fn a_lost_refusal_is_found_in_the_memory() {
    let (mut desk, terminal) = desk(Options::default(), "").await;
    let client = desk.start().await;
    desk.ready(&client).await;
    let first = client.pay("k1", &card("10.10", "156")).await.unwrap();
    assert_eq!(text(&first, "state"), "approved", "{first}");
    terminal.arm("lose-refusal".parse().unwrap());
    desk.ready(&client).await;
    let lost = client.pay("k2", &card("5.00", "156")).await.unwrap();
    assert_eq!(settled(&client, &lost).await, "declined");
    assert!(desk.log().contains("row=NextIsRefused"), "by that row");
    assert_eq!(terminal.with(|terminal| terminal.charged()), [1010]);
}

#[tokio::test]
async fn a_wrong_way_of_check_bytes_is_said_before_any_patient_waits() {
    let (mut desk, _terminal) = desk(Options::default(), "lrc = \"stx+payload\"\n").await;
    let client = desk.start().await;
    until("the reason is there", || async {
        let devices = client.get("/v1/devices").await.unwrap().to_string();
        devices.contains("Write lrc = \\\"payload\\\" in [terminal.ecr17].")
    })
    .await;
}
