//! One sale, step by step: 10.10 against an invoice of 80.00. The amount holds the byte 10 twice,
//! which the serial line has to double.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{DemoError, framed, say, stage::Stage};
use crate::cli::client::{Address, Client};

/// Longest wait for any one step.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn sale(stage: &Stage) -> Result<(), DemoError> {
    let clock = Clock::start();
    clock.step("the daemon is ready, with a terminal and a printer on pseudo-terminals");
    let client = Client::new(&Address::Socket(stage.dir().join("tilld.sock")))?;
    let shown = watch(&client, &clock).await?;
    wait("the terminal did not register", || {
        let desk = stage.running.handle.desk();
        desk.devices
            .iter()
            .all(|d| d.terminal.as_ref().is_none_or(|t| t.ready))
    })
    .await?;
    clock.step("the terminal has registered over its serial line");
    let before = outstanding(stage)?;
    clock.step(&format!("invoice 156 has {before} outstanding"));
    let body = json!({
        "device": "desk1", "amount": "10.10", "currency": "EUR", "method": "card", "invoice": "156",
    });
    clock.step("POST /v1/payments: EUR 10.10 by card for invoice 156");
    let payment = client.pay("demo-once", &body).await?;
    let field = |name: &str| {
        payment
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    clock.step(&format!(
        "the answer: {} {}",
        field("receipt"),
        field("state")
    ));
    expect(field("state") == "approved", "the payment was not approved")?;
    let steps = shown.lock().unwrap_or_else(PoisonError::into_inner).clone();
    expect(!steps.is_empty(), "the terminal showed no progress")?;
    let charged = stage.terminal.charged();
    expect(
        charged.len() == 1 && stage.terminal.authorisations_seen() == 1,
        "the terminal's books do not hold exactly one payment",
    )?;
    clock.step("the terminal's own books hold exactly one payment");

    wait("no receipt was printed", || {
        !stage.printer.pages().is_empty()
    })
    .await?;
    until_done(&client, &field("id"), "printing", "confirmed").await?;
    clock.step("the printer confirmed the receipt:");
    for page in stage.printer.pages() {
        say(&framed(&page));
    }
    until_done(&client, &field("id"), "delivery", "confirmed").await?;
    let after = outstanding(stage)?;
    clock.step(&format!(
        "the invoicing system has it: invoice 156 has {after} outstanding"
    ));
    expect(
        before == "80.00" && after == "69.90",
        "the invoice's balance is wrong",
    )?;
    clock.step("done");
    Ok(())
}

fn outstanding(stage: &Stage) -> Result<String, DemoError> {
    let amount = stage
        .sandbox
        .lock()
        .invoice(156)
        .map(|i| (i.total.amount() - i.paid()).to_string());
    amount.ok_or_else(|| DemoError::Missing("the sandbox has no invoice 156".to_owned()))
}

fn expect(holds: bool, otherwise: &str) -> Result<(), DemoError> {
    if holds {
        Ok(())
    } else {
        Err(DemoError::Missing(otherwise.to_owned()))
    }
}

async fn wait(otherwise: &str, mut holds: impl FnMut() -> bool) -> Result<(), DemoError> {
    let mut left = PATIENCE;
    while !holds() {
        if left.is_zero() {
            return Err(DemoError::Missing(otherwise.to_owned()));
        }
        let pause = Duration::from_millis(20);
        tokio::time::sleep(pause).await;
        left = left.saturating_sub(pause);
    }
    Ok(())
}

/// Waits until all of a payment's jobs or deliveries are in this state, and there is one.
async fn until_done(
    client: &Client,
    payment: &str,
    list: &str,
    state: &str,
) -> Result<(), DemoError> {
    let mut left = PATIENCE;
    loop {
        let found = client.get(&format!("/v1/payments/{payment}")).await?;
        let rows = found
            .get(list)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let is = |row: &Value| row.get("state").and_then(Value::as_str) == Some(state);
        if !rows.is_empty() && rows.iter().all(is) {
            return Ok(());
        }
        if left.is_zero() {
            return Err(DemoError::Missing(format!(
                "{list} is not {state}: {rows:?}"
            )));
        }
        let pause = Duration::from_millis(50);
        tokio::time::sleep(pause).await;
        left = left.saturating_sub(pause);
    }
}

/// Shows what happens as it happens, and keeps what the terminal showed.
async fn watch(client: &Client, clock: &Clock) -> Result<Arc<Mutex<Vec<String>>>, DemoError> {
    let mut events = client.events().await?;
    let shown = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&shown);
    let clock = clock.clone();
    tokio::spawn(async move {
        while let Some((name, data)) = events.next().await {
            let text = |path: &str| {
                data.pointer(path)
                    .and_then(Value::as_str)
                    .map(str::to_owned)
            };
            match name.as_str() {
                "progress" => {
                    let text = text("/text").unwrap_or_default();
                    clock.step(&format!("the terminal shows: {text}"));
                    kept.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(text);
                }
                "payment" => {
                    let kind = text("/fact/kind").unwrap_or_default();
                    clock.step(&format!("durable in the journal: {kind}"));
                }
                _ => {}
            }
        }
    });
    Ok(shown)
}

/// Time since the demo began.
#[derive(Clone)]
struct Clock(Instant);

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "the demo shows real times")]
    fn start() -> Self {
        Self(Instant::now())
    }

    fn step(&self, text: &str) {
        let passed = self.0.elapsed();
        say(&format!(
            "[{:>2}.{:03} s] {text}",
            passed.as_secs(),
            passed.subsec_millis()
        ));
    }
}
