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

const POI: &str = "V400m-123456789";

/// A terminal of that name, with empty books, behind a link that this gives.
async fn terminal(desk: &Desk, poi_id: &str) -> (String, Handle<Terminal>) {
    let identity = Identity::new(&format!("{poi_id}.test.terminal.adyen.com")).unwrap();
    let terminal = Terminal::new(Options {
        poi_id: poi_id.to_owned(),
        delay: Duration::from_millis(50),
        ..Options::default()
    });
    let any = (Ipv4Addr::LOCALHOST, 0).into();
    let (address, terminal) = terminal.serve_https(any, &identity).await.unwrap();
    fs::write(desk.path("root.pem"), identity.root()).unwrap();
    (format!("link = \"https:{address}\""), terminal)
}

/// A desk whose terminal is one of Adyen's.
async fn desk(environment: &str) -> (Desk, Handle<Terminal>) {
    let desk = Desk::set(Wire::Tcp, zvt::Options::default()).await;
    let (link, terminal) = terminal(&desk, POI).await;
    let (root, passphrase) = (desk.path("root.pem"), desk.path("passphrase"));
    fs::write(&passphrase, Options::default().passphrase).unwrap();
    fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o600)).unwrap();
    relink(&desk, "link = \"tcp:", &link);
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

/// Gives the terminal another link in place of the one that begins so.
fn relink(desk: &Desk, old: &str, link: &str) {
    let config = fs::read_to_string(desk.config()).unwrap();
    let old = config.lines().find(|line| line.starts_with(old));
    desk.amend(old.unwrap(), link);
}

/// The rows of the table of recovery that decided about a payment, each once.
fn rows(desk: &Desk, payment: &Value) -> Vec<String> {
    let mark = format!("payment={} row=", text(payment, "id"));
    let log = desk.log();
    let told = log.lines().filter_map(|line| line.split_once(&mark));
    let mut rows: Vec<String> = told
        .map(|(_, rest)| rest.split(' ').next().unwrap_or_default().to_owned())
        .collect();
    rows.dedup();
    rows
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
    assert!(desk.stop().await, "the daemon ends well");
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

/// The terminal's own word about our reference settles what it can.
#[tokio::test]
async fn our_reference_settles_doubt() {
    let (mut desk, terminal) = desk("test").await;
    let client = desk.start().await;
    for (n, fault, state, row) in [
        (
            1,
            "lose-answer-after-approval",
            "approved",
            "ReferenceApproved",
        ),
        (2, "lose-refusal", "declined", "ReferenceRefused"),
        (3, "lose-answer-before-card", "declined", "ReferenceUnknown"),
    ] {
        desk.ready(&client).await;
        terminal.arm(fault.parse().unwrap());
        let (key, body) = (format!("k{n}"), card("10.10", "156"));
        let first = client.pay(&key, &body).await.unwrap();
        until("the doubt settles itself", || async {
            let now = client.pay(&key, &body).await;
            now.is_ok_and(|payment| text(&payment, "state") == state)
        })
        .await;
        let decided = rows(&desk, &first);
        assert_eq!(decided.last().map(String::as_str), Some(row), "{decided:?}");
    }
    assert_eq!(terminal.charged(), [1010]);
    assert_eq!(terminal.payments_asked(), 3);
}

/// Another terminal, or one that forgot, proves nothing: a person decides.
async fn a_person_decides(fault: &str, poi_id: &str, row: &str) {
    let (mut desk, first) = desk("test").await;
    let client = desk.start().await;
    desk.ready(&client).await;
    first.arm(fault.parse().unwrap());
    let (key, body) = ("k1", card("10.10", "156"));
    if fault == "silent" {
        let asked = until("the terminal is asked", || async {
            first.payments_asked() == 1
        });
        tokio::select! {
            answered = client.pay(key, &body) => drop(answered),
            () = asked => {}
        }
    } else {
        let doubted = client.pay(key, &body).await.unwrap();
        assert_eq!(text(&doubted, "state"), "in_doubt", "{doubted}");
    }
    desk.kill();
    let (link, second) = terminal(&desk, poi_id).await;
    relink(&desk, "link = \"https:", &link);
    desk.amend(
        &format!("poi_id = \"{POI}\""),
        &format!("poi_id = \"{poi_id}\""),
    );
    let client = desk.start().await;
    let payment = client.pay(key, &body).await.unwrap();
    until("the row decides", || async {
        rows(&desk, &payment).last().is_some_and(|last| last == row)
    })
    .await;
    let payment = client.pay(key, &body).await.unwrap();
    assert_eq!(text(&payment, "state"), "in_doubt", "{payment}");
    let next = client.pay_once("k2", &card("1.00", "156")).await;
    assert!(
        matches!(&next, Err(CallError::Refused { kind, .. }) if kind == "device-in-doubt"),
        "{next:?}"
    );
    assert_eq!(second.payments_asked(), 0);
}

#[tokio::test]
async fn another_terminal_that_knows_nothing_proves_nothing() {
    a_person_decides("silent", "V400m-987654321", "ReferenceElsewhere").await;
}

#[tokio::test]
async fn a_terminal_that_forgot_an_approval_proves_nothing() {
    a_person_decides("other-amount", POI, "ReferenceContradicts").await;
}
