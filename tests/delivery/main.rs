//! Payments through a bad network while the daemons are killed every few seconds: at the end each is in
//! the invoicing system once, and every invoice is right to the cent.
//!
//! `delivery ivvy PAYMENTS DESKS SEED` against the simulated iVvy; `delivery tryton PAYMENTS DESKS SEED
//! CLINIC` against a real Tryton, whose address, keys and numbers are in CLINIC (a file that
//! `tests/tryton/run` writes). All of it stays on the loopback interface.
#![expect(
    clippy::unwrap_used,
    reason = "a proof that cannot be made fails loudly"
)]
#![expect(
    clippy::expect_used,
    reason = "a proof that cannot be made fails loudly"
)]
#![expect(clippy::panic, reason = "a proof that fails ends here")]
#![expect(clippy::print_stdout, reason = "its output is its purpose")]
#![expect(clippy::disallowed_methods, reason = "it runs in real time")]

mod desk;
mod dice;
mod ivvy;
mod tryton;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use rust_decimal::Decimal;
use serde_json::Value;
use simulator::{
    invoicing::Booked,
    proxy::{self, Counts, Trouble, Twice},
};
use tokio::net::TcpListener;

use desk::Desk;
use dice::Dice;

/// Longest run. Only a failing one takes so long.
const PATIENCE: Duration = Duration::from_mins(40);
/// How many connections of a hundred something happens to.
const PERCENT: u64 = 20;
/// How long a daemon lives, in milliseconds.
const LIFE: (u64, u64) = (4000, 7000);

/// A payment that a desk will take.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) desk: usize,
    pub(crate) device: String,
    pub(crate) invoice: u64,
    pub(crate) amount: Decimal,
    pub(crate) key: String,
}

/// The system at the other end.
pub(crate) trait World {
    /// Its name, its address, and which networks stand before it.
    fn name(&self) -> &'static str;
    /// Where it listens.
    fn address(&self) -> SocketAddr;
    /// What the network of a desk may send twice.
    fn twice(&self, desk: usize) -> Twice;
    /// The upstream's section for a desk, at this address.
    fn section(&self, desk: usize, at: SocketAddr, dir: &std::path::Path) -> String;
    /// All that counts there.
    fn booked(&self) -> impl Future<Output = Vec<Booked>>;
    /// What is still to be paid of each invoice.
    fn open(&self) -> impl Future<Output = BTreeMap<u64, Decimal>>;
}

#[tokio::main]
async fn main() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |n: usize| -> u64 { args[n].parse().expect("a number") };
    let (payments, desks, seed) = (number(1), usize::try_from(number(2)).unwrap(), number(3));
    let mut dice = Dice::new(seed);
    match args[0].as_str() {
        "ivvy" => {
            let wishes = ivvy::wishes(payments, desks, &mut dice);
            let world = ivvy::Ivvy::serve(&wishes).await;
            prove(world, wishes, desks, seed).await;
        }
        "tryton" => {
            let wishes = tryton::wishes(payments, desks, &mut dice);
            let world = tryton::Tryton::open(&args[4], &wishes).await;
            prove(world, wishes, desks, seed).await;
        }
        other => panic!("“{other}” is no system; write ivvy or tryton"),
    }
}

async fn prove<W: World>(world: W, wishes: Vec<Wish>, desks: usize, seed: u64) {
    let begun = Instant::now();
    let count = wishes.len();
    let counts = Counts::default();
    let stop = Arc::new(AtomicBool::new(false));
    let kills = Arc::new(AtomicU32::new(0));
    let mut killers = Vec::new();
    let mut takers = Vec::new();
    let mut clients = Vec::new();
    for n in 0..desks {
        let network = network(&world, n, seed, counts.clone()).await;
        let desk = Desk::set(n, |dir| world.section(n, network, dir));
        let client = desk.client();
        clients.push(client.clone());
        let dice = Dice::new(seed ^ ((n as u64 + 1) << 32));
        let (stop, kills) = (Arc::clone(&stop), Arc::clone(&kills));
        killers.push(tokio::spawn(live(desk, stop, kills, dice)));
        let mine: Vec<Wish> = wishes
            .iter()
            .filter(|wish| wish.desk == n)
            .cloned()
            .collect();
        takers.push(tokio::spawn(desk::take(client, mine)));
    }
    let mut taken = Vec::new();
    for taker in takers {
        taken.extend(taker.await.unwrap());
    }
    println!(
        "{count} payments taken at {desks} desks in {} s",
        begun.elapsed().as_secs()
    );
    wait(&world, count, begun).await;
    stop.store(true, Ordering::Relaxed);
    let mut desks = Vec::new();
    for killer in killers {
        desks.push(killer.await.unwrap());
    }
    for (wish, payment) in &taken {
        let id = payment["id"].as_str().unwrap();
        desk::confirmed(&clients[wish.desk], id, begun + PATIENCE).await;
    }
    let took = begun.elapsed();
    compare(&world.booked().await, &taken);
    let open = world.open().await;
    let invoices: BTreeSet<u64> = wishes.iter().map(|wish| wish.invoice).collect();
    for invoice in &invoices {
        assert_eq!(
            open[invoice],
            Decimal::ZERO,
            "invoice {invoice} is not right to the cent"
        );
    }
    drop(desks);
    println!(
        "{}: {count} payments on {} invoices, each booked once, all balances 0.00, in {} s",
        world.name(),
        invoices.len(),
        took.as_secs()
    );
    report(&counts, kills.load(Ordering::Relaxed));
}

/// A daemon that is killed every few seconds, until `stop`.
async fn live(
    mut desk: Desk,
    stop: Arc<AtomicBool>,
    kills: Arc<AtomicU32>,
    mut dice: Dice,
) -> Desk {
    desk.start();
    while !stop.load(Ordering::Relaxed) {
        let life = LIFE.0 + dice.below(LIFE.1 - LIFE.0);
        tokio::time::sleep(Duration::from_millis(life)).await;
        desk.kill();
        kills.fetch_add(1, Ordering::Relaxed);
        desk.start();
    }
    desk
}

/// Waits until as much is booked as was taken.
async fn wait<W: World>(world: &W, count: usize, begun: Instant) {
    let mut told = 0;
    loop {
        let booked = world.booked().await.len();
        if booked >= count {
            break;
        }
        if begun.elapsed().as_secs() / 30 > told {
            told = begun.elapsed().as_secs() / 30;
            println!("{} s: {booked} booked", begun.elapsed().as_secs());
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "only {booked} of {count} are booked"
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn report(counts: &Counts, kills: u32) {
    let troubles = Trouble::ALL.map(|trouble| counts.of(trouble));
    let troubled: u64 = troubles.iter().sum();
    println!(
        "{} connections, something happened to {troubled} of them; daemons killed {kills} times",
        counts.connections(),
    );
    for (trouble, count) in Trouble::ALL.iter().zip(troubles) {
        println!("  {:<26}{count:>7}", trouble.as_str());
    }
    assert!(troubled > 0, "the network was good: take more payments");
    assert!(kills > 0, "no daemon was killed: take more payments");
}

async fn network<W: World>(world: &W, desk: usize, seed: u64, counts: Counts) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let options = proxy::Options {
        to: world.address(),
        percent: PERCENT,
        seed: seed.wrapping_add(desk as u64 * 1_000_003),
        twice: world.twice(desk),
    };
    tokio::spawn(proxy::serve(listener, options, counts));
    address
}

/// The system's ledger beside what the desks took.
fn compare(booked: &[Booked], taken: &[(Wish, Value)]) {
    let mut ledger: BTreeMap<&str, Vec<&Booked>> = BTreeMap::new();
    for one in booked {
        ledger.entry(&one.receipt).or_default().push(one);
    }
    for (wish, payment) in taken {
        let receipt = payment["receipt"].as_str().unwrap();
        let found = ledger.remove(receipt).unwrap_or_default();
        let [one] = found.as_slice() else {
            panic!("receipt {receipt} is booked {} times", found.len());
        };
        assert_eq!(
            (one.invoice, one.amount),
            (wish.invoice, wish.amount),
            "{receipt}"
        );
    }
    assert!(ledger.is_empty(), "booked, but never taken: {ledger:?}");
}
