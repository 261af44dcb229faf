//! Adyen's Terminal API over HTTPS. The terminal can be asked about a payment, so that doubt settles
//! itself.

use std::{fs, net::Ipv4Addr, os::unix::fs::PermissionsExt as _, time::Duration};

use daemon::cli::client::{CallError, Client};
use serde_json::{Value, json};
use simulator::{
    Handle,
    terminal::{
        adyen::{Identity, Options, Terminal},
        zvt,
    },
};
use tests::{Desk, Wire, card, text, until};

/// A desk whose terminal is another one.
async fn desk(environment: &str) -> (Desk, Handle<Terminal>) {
    let desk = Desk::set(Wire::Tcp, zvt::Options::default()).await;
    let identity = Identity::new("V400m-123456789.test.terminal.adyen.com").unwrap();
    let terminal = Terminal::new(Options {
        delay: Duration::from_millis(50),
        ..Options::default()
    });
    let any = (Ipv4Addr::LOCALHOST, 0).into();
    let (address, terminal) = terminal.serve_https(any, &identity).await.unwrap();
    let (root, passphrase) = (desk.path("root.pem"), desk.path("passphrase"));
    fs::write(&root, identity.root()).unwrap();
    fs::write(&passphrase, Options::default().passphrase).unwrap();
    fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o600)).unwrap();
    let config = fs::read_to_string(desk.config()).unwrap();
    let old = config
        .lines()
        .find(|line| line.starts_with("link = \"tcp:"));
    desk.amend(old.unwrap(), &format!("link = \"https:{address}\""));
    desk.amend("protocol = \"zvt\"", "protocol = \"adyen\"");
    let options = format!(
        "[terminal.adyen]\npoi_id = \"V400m-123456789\"\nkey_identifier = \"clinic\"\n\
         key_version = 1\npassphrase = {{ file = \"{}\" }}\nroot = \"{}\"\n\
         environment = \"{environment}\"\n[[till]]",
        passphrase.display(),
        root.display()
    );
    desk.amend("[[till]]", &options);
    (desk, terminal)
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

#[tokio::test]
async fn a_day_at_an_adyen_terminal() {
    let (mut desk, terminal) = desk("test").await;
    let arm = |fault: &str| terminal.arm(fault.parse().unwrap());
    let client = desk.start().await;
    desk.ready(&client).await;

    let first = client.pay("k1", &card("10.10", "156")).await.unwrap();
    assert_eq!(text(&first, "state"), "approved", "{first}");
    assert_eq!(terminal.charged(), [1010]);
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

    // The terminal takes the money and hangs up before it says so; asked, it says so.
    arm("lose-answer-after-approval");
    desk.ready(&client).await;
    let doubted = client.pay("k3", &card("20.20", "156")).await.unwrap();
    assert_eq!(text(&doubted, "state"), "approved", "{doubted}");
    assert_eq!(terminal.charged(), [1010, 2020]);

    // Killed in the middle, and asked after the next start.
    arm("hang-up-while-running");
    desk.ready(&client).await;
    let asked = terminal.payments_asked();
    let body = card("3.30", "156");
    let dying = client.pay("k4", &body);
    let seen = until("the terminal is asked", || async {
        terminal.payments_asked() > asked
    });
    tokio::select! {
        _ = dying => {}
        () = seen => {}
    }
    desk.kill();
    let client = desk.start().await;
    until("the doubt settles itself", || async {
        client
            .pay("k4", &body)
            .await
            .is_ok_and(|payment| text(&payment, "state") == "approved")
    })
    .await;
    assert_eq!(terminal.charged(), [1010, 2020, 330]);

    desk.ready(&client).await;
    let cancelled = post(&client, &first, "cancel", "k5", json!({}))
        .await
        .unwrap();
    assert_eq!(text(&cancelled, "state"), "approved", "{cancelled}");
    desk.ready(&client).await;
    let some = post(
        &client,
        &doubted,
        "refund",
        "k6",
        json!({ "amount": "0.20" }),
    )
    .await
    .unwrap();
    assert_eq!(text(&some, "state"), "approved", "{some}");
    assert_eq!(terminal.charged(), [2000, 330]);
    assert!(desk.stop(), "the daemon ends well");
}

#[tokio::test]
async fn a_wrong_certificate_is_named_before_a_patient_waits() {
    let (mut desk, terminal) = desk("live").await;
    let client = desk.start().await;
    until("the desk hears why", || async {
        let devices = client.get("/v1/devices").await.unwrap_or_default();
        devices.to_string().contains("terminal.adyen.environment")
    })
    .await;
    let refused = client.pay("k1", &card("10.10", "156")).await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(terminal.payments_asked(), 0);
}
