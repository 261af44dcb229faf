//! `kill -9` of the real program in mid-sale, again and again, at one desk that goes on.
//!
//! After each kill the same request is sent again with the same key, as every client does, and doubt that
//! the terminal cannot settle is settled by a person who looks into the terminal's books. In the end
//! the books of all three must be the same: what the terminal charged, what the journal calls
//! approved, and what the invoicing system has booked.
#![expect(
    clippy::unwrap_used,
    reason = "a check that cannot be made fails loudly"
)]
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

mod each_call;
mod restore;

use std::{collections::BTreeMap, process::ExitCode, time::Duration};

use daemon::cli::client::{CallError, Client};
use payment::{Money, parse_currency};
use serde_json::{Value, json};
use simulator::{invoicing::System, terminal::zvt::Options};
use tests::{Desk, Wire, card, text, until};

/// How long a card and its issuer take.
const SALE: Duration = Duration::from_millis(40);
/// Kills come this long after the request, at the latest: after the delivery, too.
const LATEST: u64 = 160;
const INVOICE: u64 = 7001;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, default: u64| {
        let at = words.iter().position(|word| word == name);
        at.map_or(default, |at| words.get(at + 1).unwrap().parse().unwrap())
    };
    let (kills, seed) = (number("--kills", 500), number("--seed", 1));
    // 1 is each write and sync; 0 is none.
    let stride = number("--each", 1);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut wrong = 0;
    for (wire, kills) in [(Wire::Serial, kills / 2), (Wire::Tcp, kills - kills / 2)] {
        let tally = runtime.block_on(day(wire, kills, seed));
        println!("{wire:?}, seed {seed}: {tally}");
        wrong += tally.wrong();
    }
    if stride > 0 && each_call::can_trace() {
        for line in runtime.block_on(restore::days(stride)) {
            println!("{line}");
        }
        for (what, tally) in runtime.block_on(each_call::days(stride)) {
            println!("{what}: {tally}");
            wrong += tally.wrong();
        }
    } else {
        println!(
            "skipped: each write and sync call; strace is not asked for, or may not trace here"
        );
    }
    if wrong == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What a day came to.
#[derive(Debug, Default)]
struct Tally {
    kills: u64,
    /// Kills while the daemon took up what an earlier one left.
    in_recovery: u64,
    payments: usize,
    approved: usize,
    settled_by_terminal: usize,
    settled_by_person: usize,
    lost: usize,
    doubled: usize,
    differing: usize,
}

impl Tally {
    fn wrong(&self) -> usize {
        self.lost + self.doubled + self.differing
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} kills or failures ({} in recovery), {} payments, {} approved; doubt settled {} times by the \
             terminal and {} times by a person; {} lost, {} doubled, {} that differ",
            self.kills,
            self.in_recovery,
            self.payments,
            self.approved,
            self.settled_by_terminal,
            self.settled_by_person,
            self.lost,
            self.doubled,
            self.differing
        )
    }
}

async fn day(wire: Wire, kills: u64, seed: u64) -> Tally {
    let options = Options {
        delay: SALE,
        ..Options::default()
    };
    let mut desk = Desk::set(wire, options).await;
    let total = Money::parse("1000000.00", parse_currency("EUR").unwrap()).unwrap();
    desk.sandbox.lock().add_invoice(INVOICE, total);
    let mut random = Random(seed);
    let mut tally = Tally::default();
    let mut client = desk.start().await;
    let mut number = 0;
    while tally.kills < kills {
        number += 1;
        let (key, body) = wish(number);
        desk.ready(&client).await;
        let paying = tokio::spawn({
            let (client, key, body) = (client.clone(), key.clone(), body.clone());
            async move { client.pay_once(&key, &body).await }
        });
        tokio::time::sleep(Duration::from_millis(random.below(LATEST))).await;
        desk.kill();
        tally.kills += 1;
        let heard = paying.await.unwrap();
        client = desk.start().await;
        if random.below(4) == 0 && tally.kills < kills {
            tokio::time::sleep(Duration::from_millis(random.below(80))).await;
            desk.kill();
            tally.kills += 1;
            tally.in_recovery += 1;
            client = desk.start().await;
        }
        let payment = again(&desk, &client, &key, &body).await;
        settle(&desk, &client, payment, number, &mut tally).await;
        if let Ok(heard) = heard {
            let now = client.pay(&key, &body).await.unwrap();
            let same = text(&heard, "id") == text(&now, "id");
            tally.differing += usize::from(!same && text(&heard, "state") == "approved");
        }
    }
    compare(&desk, &client, number, &mut tally).await;
    assert!(desk.stop().await, "it stops well after all that");
    tally
}

/// Payment number `number` has an amount that no other has.
fn wish(number: u64) -> (String, Value) {
    let cents = 100 + number;
    let amount = format!("{}.{:02}", cents / 100, cents % 100);
    (
        format!("kill-{number}"),
        card(&amount, &INVOICE.to_string()),
    )
}

/// The payment of that key, if the journal has it: no other is newer.
async fn found(client: &Client, key: &str) -> Option<Value> {
    let list = client.get("/v1/payments?limit=1").await.unwrap();
    let newest = list.pointer("/payments/0").cloned();
    newest.filter(|payment| text(payment, "key") == key)
}

/// The same request with the same key, until the daemon has an answer.
async fn again(desk: &Desk, client: &Client, key: &str, body: &Value) -> Value {
    loop {
        if let Some(payment) = found(client, key).await {
            return payment;
        }
        match client.pay(key, body).await {
            Ok(payment) => return payment,
            // The terminal is not there yet, or busy with the last one: nothing was charged.
            Err(CallError::Refused { kind, .. })
                if ["terminal-unavailable", "device-busy"].contains(&kind.as_str()) =>
            {
                desk.ready(client).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("{key}: {error}"),
        }
    }
}

/// Doubt ends by the terminal's word, or by a person who looks into its books.
async fn settle(desk: &Desk, client: &Client, payment: Value, number: u64, tally: &mut Tally) {
    let path = format!("/v1/payments/{}", text(&payment, "id"));
    until("the terminal was asked", || async {
        let payment = client.get(&path).await.unwrap();
        let device = client.get("/v1/devices/desk1").await.unwrap();
        let evidence = device.pointer("/running/evidence").and_then(Value::as_str);
        let told = evidence.is_some_and(|evidence| !evidence.contains("asked again"));
        told || text(&payment, "state") != "in_doubt"
    })
    .await;
    if text(&client.get(&path).await.unwrap(), "state") == "in_doubt" {
        let charged = charged(desk).contains_key(&(100 + number));
        let outcome = if charged { "approved" } else { "declined" };
        let word = json!({ "outcome": outcome, "name": "Anna", "reason": "the terminal's books" });
        client
            .post(&format!("{path}/resolve"), &word)
            .await
            .unwrap();
    }
    let payment = client.get(&path).await.unwrap();
    match payment.pointer("/verdict/from").and_then(Value::as_str) {
        Some("person") => tally.settled_by_person += 1,
        Some(_) => tally.settled_by_terminal += 1,
        None => {}
    }
}

/// What the terminal charged: how often each amount.
fn charged(desk: &Desk) -> BTreeMap<u64, usize> {
    let mut charged = BTreeMap::new();
    for transaction in desk.terminal.charged() {
        *charged.entry(transaction.amount).or_default() += 1;
    }
    charged
}

/// The journal against the terminal's books and the invoicing system's.
async fn compare(desk: &Desk, client: &Client, payments: u64, tally: &mut Tally) {
    let mut approved = BTreeMap::new();
    let mut journal = BTreeMap::new();
    let mut after = String::new();
    loop {
        let page = client
            .get(&format!("/v1/payments?limit=100{after}"))
            .await
            .unwrap();
        for payment in page.get("payments").and_then(Value::as_array).unwrap() {
            let cents = text(payment, "amount").replace('.', "").parse().unwrap();
            journal.insert(cents, payment.clone());
            if text(payment, "state") == "approved" {
                *approved.entry(cents).or_insert(0_usize) += 1;
            }
        }
        match page.get("next").and_then(Value::as_str) {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    until("everything is delivered", || async {
        desk.sandbox.lock().booked().len() >= approved.len()
    })
    .await;
    // Nothing comes after it either.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut booked = BTreeMap::new();
    for payment in desk.sandbox.lock().booked() {
        let cents = format!("{:.2}", payment.amount).replace('.', "");
        *booked.entry(cents.parse().unwrap()).or_insert(0_usize) += 1;
    }
    let charged = charged(desk);
    tally.payments = usize::try_from(payments).unwrap();
    tally.approved = approved.len();
    for cents in 101..=100 + payments {
        let [c, a, b] =
            [&charged, &approved, &booked].map(|book| book.get(&cents).copied().unwrap_or(0));
        tally.lost += usize::from(c > a || a > b);
        tally.doubled += usize::from(c > 1 || a > 1 || b > 1);
        tally.differing += usize::from(c != a || a != b);
        if (c, a, b) != (1, 1, 1) && (c, a, b) != (0, 0, 0) {
            println!("{cents} cents: charged {c}, approved {a}, booked {b}");
            tell(desk, journal.get(&cents));
        }
    }
    let verified = client.get("/v1/verify").await.unwrap();
    tally.differing += usize::from(verified.get("whole") != Some(&json!(true)));
}

/// What is known of a payment that differs: the journal's word, and the log around it.
fn tell(desk: &Desk, payment: Option<&Value>) {
    let Some(payment) = payment else { return };
    println!("{payment}");
    let (log, id) = (desk.log(), text(payment, "id"));
    let lines: Vec<&str> = log.lines().collect();
    let about = |line: &&str| line.contains(&id);
    let first = lines.iter().position(about).unwrap_or(0).saturating_sub(20);
    let last = lines.iter().rposition(about).unwrap_or(0) + 20;
    for line in lines.iter().take(last).skip(first) {
        println!("    {line}");
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}
