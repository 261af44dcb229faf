//! A stop, as at an update, in the middle of a request to the invoicing system.

use std::{fs, net::Ipv4Addr};

use daemon::cli::client::Client;
use serde_json::{Value, json};
use simulator::{
    invoicing::{Ivvy, Shared},
    terminal::zvt::Options,
};
use tests::{Desk, Wire, text, until};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Its outcome is kept, so that the next life neither waits it out nor reads it back; and the desk takes
/// payments until then.
#[tokio::test]
async fn a_stop_lets_the_running_delivery_end() {
    let mut desk = Desk::set(Wire::Tcp, Options::default()).await;
    let (release, released) = watch::channel(false);
    put_between(&desk, released).await;
    desk.amend("fence = \"1s\"", "fence = \"11m\"");
    let client = desk.start().await;
    let first = pay(&client, "k1").await;
    until("it is booked", async || {
        !desk.sandbox.lock().payments().is_empty()
    })
    .await;
    assert_eq!(delivery(&client, &first).await, "sending");

    desk.signal("TERM");
    until("the stop is heard", async || {
        desk.log().contains("stopping: ")
    })
    .await;
    let second = pay(&client, "k2").await;
    assert_eq!(text(&second, "state"), "approved");
    release.send_replace(true);
    let mut ended = false;
    until("it ends", || {
        ended = desk.has_ended();
        async move { ended }
    })
    .await;
    assert_eq!(
        desk.sandbox.lock().payments().len(),
        1,
        "nothing more is begun"
    );

    let client = desk.start().await;
    assert_eq!(delivery(&client, &first).await, "confirmed");
    until("the other one arrives", async || {
        desk.outstanding() == "78.00"
    })
    .await;
}

async fn pay(client: &Client, key: &str) -> Value {
    let body = json!({
        "device": "cashbox", "amount": "1.00", "currency": "EUR", "method": "cash", "invoice": "156",
    });
    client.pay(key, &body).await.unwrap()
}

/// The state of a payment's delivery.
async fn delivery(client: &Client, payment: &Value) -> String {
    let path = format!("/v1/payments/{}", text(payment, "id"));
    let payment = client.get(&path).await.unwrap();
    let row = payment.pointer("/delivery/0");
    row.map(|row| text(row, "state")).unwrap_or_default()
}

/// Puts a line between a desk and its invoicing system that keeps back the answer to a booking until it
/// is released.
async fn put_between(desk: &Desk, released: watch::Receiver<bool>) {
    let text = fs::read_to_string(desk.config()).unwrap();
    let url = text.lines().find_map(|line| line.strip_prefix("url = "));
    let url = url.unwrap().trim_matches('"').to_owned();
    let behind = url.strip_prefix("http://").unwrap().to_owned();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let here = listener.local_addr().unwrap();
    desk.amend(&url, &format!("http://{here}"));
    let sandbox = desk.sandbox.clone();
    tokio::spawn(async move {
        while let Ok((till, _)) = listener.accept().await {
            let system = TcpStream::connect(&behind).await.unwrap();
            tokio::spawn(join(till, system, sandbox.clone(), released.clone()));
        }
    });
}

async fn join(
    till: TcpStream,
    system: TcpStream,
    sandbox: Shared<Ivvy>,
    mut released: watch::Receiver<bool>,
) {
    let (mut from_till, mut to_till) = till.into_split();
    let (mut from_system, mut to_system) = system.into_split();
    tokio::spawn(async move { copy(&mut from_till, &mut to_system).await });
    let mut answer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from_system.read(&mut answer).await {
        if !sandbox.lock().payments().is_empty() {
            released.wait_for(|released| *released).await.unwrap();
        }
        if to_till.write_all(&answer[..length]).await.is_err() {
            return;
        }
    }
}
