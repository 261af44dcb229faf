//! Law 8 against the real daemon: `kill -9` at every step of a receipt and after every k-th byte of it,
//! and the link cut after every k-th byte. No receipt that could have come out is printed twice
//! without COPY, none is called printed that is not on paper, and no payment changes.
//!
//! The daemon prints through a wire that counts, holds and cuts. `TILLD_EVERY_BYTE=1` tries every
//! single byte; else every 23rd.

mod wire;

use std::{net::Ipv4Addr, time::Duration};

use daemon::cli::client::Client;
use serde_json::{Value, json};
use simulator::{Handle, printer::Printer, terminal::zvt::Options};
use tests::{Desk, Wire, text, until};
use tokio::net::TcpListener;

use wire::{Between, Order};

/// Every so many bytes.
fn stride() -> usize {
    let every = std::env::var_os("TILLD_EVERY_BYTE").is_some();
    if every { 1 } else { 23 }
}

/// What is between the daemon and the printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    Tcp,
    /// A pseudo-terminal.
    Serial,
}

struct Scene {
    desk: Desk,
    wire: Between,
    printer: Handle<Printer>,
    paid: u32,
}

impl Scene {
    async fn set(over: Over) -> (Self, Client) {
        let any = (Ipv4Addr::LOCALHOST, 0);
        let mut desk = Desk::set(Wire::Tcp, Options::default()).await;
        let (address, printer) = Printer::new(48).serve_tcp(any.into()).await.unwrap();
        let wire = Between::new();
        let at = match over {
            Over::Tcp => {
                let listener = TcpListener::bind(any).await.unwrap();
                let at = listener.local_addr().unwrap();
                tokio::spawn(wire.clone().serve(listener, address));
                format!("tcp:{at}")
            }
            Over::Serial => {
                let name = desk.path("printer");
                tokio::spawn(wire.clone().serve_serial(name.clone(), address));
                // In chunks of 64 bytes, as on a line that has a DSR.
                format!("serial:{}?baud=115200&flow=dtr-dsr", name.display())
            }
        };
        let old = std::fs::read_to_string(desk.config()).unwrap();
        let link = old
            .lines()
            .find(|line| line.starts_with("link = \"serial:/dev/"))
            .unwrap();
        desk.amend(link, &format!("link = \"{at}\""));
        desk.amend(
            "id = \"cashbox\"\ncurrency = \"EUR\"\n",
            "id = \"cashbox\"\ncurrency = \"EUR\"\nprinter = \"front\"\n",
        );
        let client = desk.start().await;
        let scene = Self {
            desk,
            wire,
            printer,
            paid: 0,
        };
        (scene, client)
    }

    async fn pay(&mut self, client: &Client) -> Value {
        self.paid += 1;
        let key = format!("k{}", self.paid);
        let body =
            json!({ "device": "cashbox", "amount": "5.00", "currency": "EUR", "method": "cash" });
        client.pay(&key, &body).await.unwrap()
    }

    /// The state of a payment's only print job, once it has one that lasts.
    async fn settled(&self, client: &Client, payment: &Value) -> String {
        let path = format!("/v1/payments/{}", text(payment, "id"));
        let state = || async {
            let now = client.get(&path).await.unwrap();
            assert_eq!(text(&now, "state"), "approved", "paper never decides money");
            assert_eq!(now["printing"].as_array().unwrap().len(), 1);
            text(&now["printing"][0], "state")
        };
        until("the job has ended", || async {
            ["confirmed", "unknown"].contains(&state().await.as_str())
        })
        .await;
        state().await
    }

    /// How often a receipt is on paper, whole or not; each page that shows its number counts.
    fn on_paper(&self, payment: &Value) -> usize {
        let receipt = text(payment, "receipt");
        let pages = self.printer.pages().concat() + &self.printer.uncut();
        assert!(!pages.contains("COPY"), "nobody asked for a copy");
        pages.matches(&receipt).count()
    }

    /// The law, for one payment whose receipt met something.
    async fn check(&self, client: &Client, payment: &Value, taken: usize, at: &str) -> String {
        let state = self.settled(client, payment).await;
        // What may still be on its way comes out now.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let printed = self.on_paper(payment);
        assert!(printed <= 1, "{at}: printed {printed} times");
        if state == "confirmed" {
            assert_eq!(printed, 1, "{at}: called printed, and is not on paper");
        }
        if taken > 0 {
            assert!(
                state == "unknown" || printed == 1,
                "{at}: {taken} bytes were taken, and it is {state}"
            );
        }
        state
    }

    async fn kill_and_start(&mut self) -> Client {
        self.desk.kill();
        self.desk.start().await
    }
}

/// Bytes of one receipt, with the question whose answer confirms it.
async fn length(scene: &mut Scene, client: &Client) -> usize {
    scene.wire.order(Order::Pass);
    let paid = scene.pay(client).await;
    assert_eq!(scene.settled(client, &paid).await, "confirmed");
    scene.wire.taken()
}

#[tokio::test]
async fn killed_after_every_kth_byte() {
    let (mut scene, mut client) = Scene::set(Over::Tcp).await;
    let whole = length(&mut scene, &client).await;
    let mut ends = Vec::new();
    for bytes in (0..whole).step_by(stride()) {
        for order in [Order::HoldAndLose(bytes), Order::HoldAndKeep(bytes)] {
            scene.wire.order(order);
            let paid = scene.pay(&client).await;
            let at = format!("{order:?} of {whole}");
            until(&at, || async { scene.wire.holding() }).await;
            assert_eq!(scene.wire.taken(), bytes, "{at}");
            scene.desk.kill();
            scene.wire.order(Order::Pass);
            client = scene.desk.start().await;
            // Sending was durable: it is never printed again by itself.
            let state = scene.check(&client, &paid, bytes.max(1), &at).await;
            assert_eq!(state, "unknown", "{at}");
            ends.push(state);
        }
    }
    assert!(ends.len() >= 10, "only {} places were tried", ends.len());
}

#[tokio::test]
async fn cut_after_every_kth_byte() {
    cut_after_every(stride(), Over::Tcp).await;
}

/// A kept line carries questions and answers of many receipts, and bytes of the next one wait in the
/// kernel when it breaks.
#[tokio::test]
async fn a_serial_line_cut_after_every_kth_byte() {
    cut_after_every(2 * stride() - 1, Over::Serial).await;
}

async fn cut_after_every(stride: usize, over: Over) {
    let (mut scene, client) = Scene::set(over).await;
    let whole = length(&mut scene, &client).await;
    // Behind the receipt a kept line may have carried other questions.
    let most = if over == Over::Serial {
        whole / 10 * 9
    } else {
        whole
    };
    for bytes in (1..most).step_by(stride) {
        scene.wire.order(Order::Cut(bytes));
        let paid = scene.pay(&client).await;
        let at = format!("{over:?} cut after {bytes} of {whole}");
        let state = scene.check(&client, &paid, bytes, &at).await;
        assert_eq!(state, "unknown", "{at}");
        // The next one comes out: nothing is stuck.
        scene.wire.order(Order::Pass);
        let next = scene.pay(&client).await;
        let state = scene.check(&client, &next, 0, &at).await;
        assert_eq!(state, "confirmed", "after a {at}");
    }
}

/// Queued, probing, sending, sent, and confirmed by a word that nobody heard.
#[tokio::test]
async fn killed_at_every_durable_step() {
    let (mut scene, mut client) = Scene::set(Over::Tcp).await;
    length(&mut scene, &client).await;

    // The printer was asked, and nothing was sent: it is printed after the start, once.
    scene.wire.order(Order::HoldQuestions);
    let paid = scene.pay(&client).await;
    until("the printer is asked", || async {
        let front = client.get("/v1/printers/front").await.unwrap();
        text(&front["job"], "state") == "probing"
    })
    .await;
    scene.desk.kill();
    scene.wire.order(Order::Pass);
    client = scene.desk.start().await;
    let state = scene.check(&client, &paid, 0, "while probing").await;
    assert_eq!(state, "confirmed", "nothing of it was lost");

    // It is whole on paper, and nobody heard the printer say so.
    scene.wire.order(Order::HoldAnswers);
    let paid = scene.pay(&client).await;
    until("it is on paper", || async { scene.on_paper(&paid) == 1 }).await;
    scene.desk.kill();
    scene.wire.order(Order::Pass);
    client = scene.desk.start().await;
    let state = scene.check(&client, &paid, 1, "once sent").await;
    assert_eq!(state, "unknown", "a person looks");

    // At any moment, whatever step that is.
    for millis in (0..60).step_by(3) {
        let body =
            json!({ "device": "cashbox", "amount": "5.00", "currency": "EUR", "method": "cash" });
        let paid = client.pay(&format!("any{millis}"), &body).await.unwrap();
        tokio::time::sleep(Duration::from_millis(millis)).await;
        client = scene.kill_and_start().await;
        scene
            .check(&client, &paid, 0, &format!("after {millis} ms"))
            .await;
    }
}
