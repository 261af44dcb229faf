//! A copy of a running daemon's database, and the return to an old one: nothing is charged, booked or
//! printed twice.

use std::{fs, path::Path, process::Command, time::Duration};

use serde_json::{Value, json};
use simulator::{invoicing::Fault, terminal::zvt::Options};
use tests::{Desk, Wire, binary, card, text, until};

/// `till` beside the desk: its exit code, and what it says.
fn till(desk: &Desk, words: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(binary("till"))
        .args(words)
        .env("TILLD_CONFIG", desk.config())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

fn name(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn cash(amount: &str, invoice: Option<&str>) -> Value {
    json!({
        "device": "cashbox", "amount": amount, "currency": "EUR", "method": "cash", "invoice": invoice,
    })
}

async fn desk(delay: u64) -> Desk {
    let options = Options {
        delay: Duration::from_millis(delay),
        ..Options::default()
    };
    Desk::set(Wire::Tcp, options).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_daemon_is_copied_and_examined() {
    let mut desk = desk(20).await;
    let client = desk.start().await;
    desk.ready(&client).await;
    client.pay("k1", &card("10.10", "156")).await.unwrap();
    let copy = desk.path("copy.db");
    let (code, said) = till(&desk, &["backup", name(&copy)]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("is whole: 3 journal entries"), "{said}");
    let (code, said) = till(&desk, &["backup", name(&copy)]);
    assert_eq!(code, Some(1), "a copy is never overwritten: {said}");
    let (code, said) = till(&desk, &["verify"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("The database is whole: 3"), "{said}");
    let (code, said) = till(&desk, &["verify", name(&copy)]);
    assert_eq!(code, Some(0), "{said}");
    let head = said.split("head: ").nth(1).unwrap().trim().to_owned();
    let seen = client.get("/v1/verify").await.unwrap();
    assert_eq!(text(&seen, "head"), head);
    // Nothing is left over, and nobody else may read it.
    let listed = |directory: &Path| {
        let files = fs::read_dir(directory).unwrap();
        files
            .map(|f| f.unwrap().file_name().into_string().unwrap())
            .collect::<Vec<_>>()
    };
    let left = [listed(&desk.path("state")), listed(&desk.path(""))].concat();
    let odd = |name: &&String| name.contains(".part") || name.contains(".backup");
    assert_eq!(left.iter().find(odd), None);
    // One changed byte is found.
    let mut bytes = fs::read(&copy).unwrap();
    let place = bytes.windows(5).position(|w| w == b"10.10").unwrap();
    bytes[place] = b'9';
    fs::write(&copy, bytes).unwrap();
    let (code, said) = till(&desk, &["verify", name(&copy)]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("is not whole"), "{said}");
}

/// The story of the row `Restored`: a payment runs while the copy is made; it is declined, and the next one,
/// of the same amount, is taken. Back at the copy, the terminal's last payment looks like the one that
/// ran, and is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_later_payment_is_not_taken_for_one_of_the_copy() {
    let mut desk = desk(400).await;
    let client = desk.start().await;
    desk.ready(&client).await;
    client.pay("before", &card("5.00", "156")).await.unwrap();
    // A payment is under way at this moment: the copy has its intent and no more.
    desk.terminal.arm("decline".parse().unwrap());
    let paying = tokio::spawn({
        let client = client.clone();
        async move { client.pay_once("ran", &card("10.10", "156")).await }
    });
    until("the payment runs", || async {
        desk.terminal.authorisations_seen() == 2
    })
    .await;
    let copy = desk.path("copy.db");
    let (code, said) = till(&desk, &["backup", name(&copy)]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(text(&paying.await.unwrap().unwrap(), "state"), "declined");
    let next = client.pay("next", &card("10.10", "156")).await.unwrap();
    assert_eq!(text(&next, "state"), "approved");
    until("both are booked", || async {
        desk.outstanding() == "64.90"
    })
    .await;
    assert!(desk.stop().await);

    let (code, said) = till(&desk, &["restore", name(&copy), "--even-if-older"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("In doubt, for a person to settle"), "{said}");
    let client = desk.start().await;
    let asked = desk.terminal.authorisations_seen();
    until("the terminal was asked, and it proves nothing", || async {
        let device = client.get("/v1/devices/desk1").await.unwrap();
        let evidence = device.pointer("/running/evidence").and_then(Value::as_str);
        evidence.is_some_and(|evidence| evidence.contains("restored from a copy"))
    })
    .await;
    let list = client
        .get("/v1/payments?device=desk1&state=in_doubt")
        .await
        .unwrap();
    let doubted = text(list.pointer("/payments/0").unwrap(), "id");
    // No new payment before a person has looked.
    let refused = client.pay_once("new", &card("1.00", "156")).await;
    assert!(refused.is_err(), "{refused:?}");
    let body =
        json!({ "outcome": "declined", "name": "Anna", "reason": "the acquirer has one only" });
    client
        .post(&format!("/v1/payments/{doubted}/resolve"), &body)
        .await
        .unwrap();
    assert_eq!(desk.terminal.authorisations_seen(), asked);
    assert_eq!(desk.outstanding(), "64.90", "nothing was booked again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_copy_books_and_prints_nothing_again_and_gives_no_number_twice() {
    let mut desk = desk(20).await;
    desk.amend(
        "[[till]]\nid = \"cashbox\"\n",
        "[[till]]\nid = \"cashbox\"\nprinter = \"front\"\n",
    );
    let client = desk.start().await;
    desk.ready(&client).await;
    // Nothing gets through while the copy is made: all is still due in it.
    desk.sandbox.lock().arm(Fault::Down, u32::MAX);
    desk.printer.arm("paper-out".parse().unwrap());
    for key in ["a", "b"] {
        client.pay(key, &cash("1.00", Some("156"))).await.unwrap();
    }
    let copy = desk.path("copy.db");
    let (code, said) = till(&desk, &["backup", name(&copy)]);
    assert_eq!(code, Some(0), "{said}");
    desk.sandbox.lock().disarm();
    desk.printer.clear();
    client.pay("c", &cash("2.00", Some("156"))).await.unwrap();
    until("all are booked", || async {
        desk.sandbox.lock().payments().len() == 3
    })
    .await;
    until("all are printed", || async {
        desk.printer.pages().len() == 3
    })
    .await;
    assert!(desk.stop().await);

    let (code, said) = till(&desk, &["restore", name(&copy)]);
    assert_eq!(code, Some(1), "the database there is better: {said}");
    let (code, said) = till(
        &desk,
        &[
            "restore",
            name(&copy),
            "--even-if-older",
            "--last",
            "cashbox-000003",
        ],
    );
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("2 deliveries are read back"), "{said}");
    assert!(
        said.contains("cashbox: receipt numbers cashbox-000003 to cashbox-000003"),
        "{said}"
    );
    let client = desk.start().await;
    let fourth = client.pay("d", &cash("2.00", Some("156"))).await.unwrap();
    assert_eq!(text(&fourth, "receipt"), "cashbox-000004");
    until("the new one is booked", || async {
        desk.sandbox.lock().payments().len() == 4
    })
    .await;
    let list = client.get("/v1/payments?device=cashbox").await.unwrap();
    let all = list.get("payments").and_then(Value::as_array).unwrap();
    assert_eq!(all.len(), 3);
    for payment in all {
        let path = format!("/v1/payments/{}", text(payment, "id"));
        until("the old ones are found, the new one is booked", || async {
            let payment = client.get(&path).await.unwrap();
            payment.pointer("/delivery/0/state") == Some(&json!("confirmed"))
        })
        .await;
    }
    assert_eq!(
        desk.sandbox.lock().payments().len(),
        4,
        "none was booked twice"
    );
    until("the new one is printed", || async {
        desk.printer.pages().len() == 4
    })
    .await;
    let (code, said) = till(&desk, &["verify"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("cashbox: restored from a copy"), "{said}");
}
