//! Whoever watches sees every fact once, also after a break.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    thread,
};

use serde_json::{Value, json};
use simulator::terminal::zvt::Options;
use tests::{Desk, PATIENCE, Wire};

fn cash() -> Value {
    json!({ "device": "cashbox", "amount": "1.00", "currency": "EUR", "method": "cash" })
}

/// The numbers and kinds of the next `n` facts after `after`.
async fn facts(client: &daemon::cli::client::Client, after: i64, n: usize) -> Vec<(i64, String)> {
    let mut events = client.events_after(after).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < n {
        let (name, data) = events.next().await.unwrap();
        if name == "payment" {
            let kind = data
                .pointer("/fact/kind")
                .and_then(Value::as_str)
                .unwrap()
                .to_owned();
            seen.push((data.get("seq").and_then(Value::as_i64).unwrap(), kind));
        }
    }
    seen
}

#[tokio::test]
async fn a_stream_resumes_without_a_gap() {
    let mut desk = Desk::set(Wire::Tcp, Options::default()).await;
    let client = desk.start().await;
    for i in 0..3 {
        client.pay(&format!("k{i}"), &cash()).await.unwrap();
    }
    let all = facts(&client, 0, 6).await;
    let numbers: Vec<i64> = all.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    let kinds: Vec<&str> = all.iter().map(|(_, kind)| kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "intended", "recorded", "intended", "recorded", "intended", "recorded"
        ]
    );
    desk.kill();
    let client = desk.start().await;
    client.pay("k9", &cash()).await.unwrap();
    assert_eq!(
        facts(&client, 4, 4)
            .await
            .iter()
            .map(|(s, _)| *s)
            .collect::<Vec<_>>(),
        [5, 6, 7, 8]
    );
}

/// A stream of events, read as it comes: the numbers of the facts.
struct Numbers(Lines<BufReader<UnixStream>>);

impl Numbers {
    /// Goes on after what was seen last, as a browser asks for it.
    fn after(socket: &Path, last: i64) -> Self {
        let mut stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(
            stream,
            "GET /v1/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: {last}\r\n\r\n"
        )
        .unwrap();
        Self(BufReader::new(stream).lines())
    }
}

impl Iterator for Numbers {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        let number = |line: String| {
            line.strip_prefix("id:")
                .map(|id| id.trim().parse().unwrap())
        };
        self.0.by_ref().map(Result::unwrap).find_map(number)
    }
}

/// Reads to the end in visits of these lengths, and each time comes back with the last number.
fn visits(socket: &Path, end: i64, lengths: impl Iterator<Item = usize>) -> Vec<i64> {
    let mut seen: Vec<i64> = Vec::new();
    for length in lengths {
        let last = seen.last().copied().unwrap_or(0);
        let missing = usize::try_from(end - last).unwrap();
        if missing == 0 {
            break;
        }
        seen.extend(Numbers::after(socket, last).take(length.min(missing)));
    }
    seen
}

/// Lengths of visits that look like chance, and are the same each time.
fn chance(seed: usize) -> impl Iterator<Item = usize> {
    let next = |n: &usize| Some((n * 1_103 + 12_345) % 65_536);
    std::iter::successors(Some(seed), next).map(|n| 1 + n % 37)
}

/// While payments go on, some readers stay, some leave and come back, and some are there but read
/// nothing until all is over. To each every fact is told once, in order and without a gap.
#[tokio::test]
async fn prompt_fickle_and_stuck_readers_see_every_fact_once() {
    /// More than a reader from behind is given at once, and more than is kept of what is new.
    const PAYMENTS: i64 = 120;
    const FACTS: i64 = 2 * PAYMENTS;
    let mut desk = Desk::set(Wire::Tcp, Options::default()).await;
    let client = desk.start().await;
    let socket: PathBuf = desk.path("tilld.sock");
    // Some are in the journal before anybody listens.
    for i in 0..30 {
        client.pay(&format!("k{i}"), &cash()).await.unwrap();
    }
    let stuck: Vec<Numbers> = (0..5).map(|_| Numbers::after(&socket, 0)).collect();
    let late = Numbers::after(&socket, FACTS / 2);
    let reader = |lengths: Box<dyn Iterator<Item = usize> + Send>| {
        let socket = socket.clone();
        thread::spawn(move || visits(&socket, FACTS, lengths))
    };
    let all = usize::try_from(FACTS).unwrap();
    let mut readers = vec![
        reader(Box::new(std::iter::repeat(all))),
        reader(Box::new(std::iter::repeat(7))),
    ];
    readers.extend((1..6).map(|seed| reader(Box::new(chance(seed)))));
    for i in 30..PAYMENTS {
        client.pay(&format!("k{i}"), &cash()).await.unwrap();
    }
    let expected: Vec<i64> = (1..=FACTS).collect();
    for reader in readers {
        assert_eq!(reader.join().unwrap(), expected);
    }
    for numbers in stuck {
        assert_eq!(numbers.take(all).collect::<Vec<_>>(), expected);
    }
    // Whoever knows more than there is hears nothing twice, and then goes on.
    let rest: Vec<i64> = late.take(all / 2).collect();
    assert_eq!(rest, expected.split_at(all / 2).1);
}

#[tokio::test]
async fn without_a_number_the_stream_begins_now() {
    let mut desk = Desk::set(Wire::Tcp, Options::default()).await;
    let client = desk.start().await;
    client.pay("k0", &cash()).await.unwrap();
    let mut events = client.events().await.unwrap();
    client.pay("k1", &cash()).await.unwrap();
    let seq = loop {
        let (name, data) = events.next().await.unwrap();
        if name == "payment" {
            break data.get("seq").and_then(Value::as_i64);
        }
    };
    assert_eq!(seq, Some(3));
}
