//! A crowd at one daemon: fifty clients on four terminals and a till, with readers of the event stream
//! that are prompt, slow, or gone. How fast it is is only told; that nothing is lost, doubled or left out
//! is asserted.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use sync::queue::{Queue, Reader};

use crate::{
    caller::{Caller, body},
    process::{Daemon, configure, database, float, memory},
    report::{Line, Report, figure},
    terminal::Quick,
};

const CLIENTS: usize = 50;
const TERMINALS: usize = 4;
/// Every so many clients one takes cash.
const CASH: usize = 10;
/// How long the customers take.
const DELAY: Duration = Duration::from_millis(20);
/// A client whose terminal is busy asks again.
const AGAIN: Duration = Duration::from_millis(5);
/// Readers of the event stream that read nothing, and that leave and come back.
const SLOW: usize = 30;
const VANISHING: usize = 10;
/// How long they stay.
const STAY: Duration = Duration::from_millis(100);
/// How long the last event may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a client was told of its payments: key and payment.
type Answered = Vec<(String, Value)>;

pub(crate) fn measure(dir: &Path, over: Duration, report: &mut Report) {
    let terminals: Vec<Quick> = (0..TERMINALS).map(|_| Quick::serve(DELAY)).collect();
    let addresses: Vec<_> = terminals.iter().map(|t| t.address).collect();
    configure(dir, &addresses, "");
    let daemon = Daemon::start(dir);
    daemon.terminals_ready(TERMINALS);
    let socket = dir.join("tilld.sock");
    let idle = memory(daemon.pid()).0;
    let stop = Arc::new(AtomicBool::new(false));
    let prompt = Prompt::listen(&socket);

    let (alone, first) = crowd(&daemon, "first", over / 2);
    let slow: Vec<_> = (0..SLOW).map(|_| events(&socket)).collect();
    let vanishing: Vec<_> = (0..VANISHING)
        .map(|_| {
            let (socket, stop) = (socket.clone(), Arc::clone(&stop));
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let _stream = events(&socket);
                    thread::sleep(STAY);
                }
            })
        })
        .collect();
    let (watched, second) = crowd(&daemon, "second", over / 2);
    let loaded = memory(daemon.pid()).0;
    stop.store(true, Ordering::Relaxed);
    for thread in vanishing {
        thread.join().unwrap();
    }
    drop(slow);

    let told: Answered = first.into_iter().chain(second).collect();
    nothing_is_lost_or_doubled(&mut daemon.caller(), &told, &terminals);
    let file = database(&daemon.dir);
    let head = prompt.catches_up(&file);
    drop(daemon);
    the_journal_is_whole(&file, &prompt, head);

    let rate = |count: usize| float(count as u64) / (over / 2).as_secs_f64();
    report.add(
        Line::new(
            format!("payments by {CLIENTS} clients on {TERMINALS} terminals and a till, each {DELAY:?} busy, while {} read the events badly", SLOW + VANISHING),
            figure(rate(watched), "/s"),
        )
        .beside("while one reads them well", figure(rate(alone), "/s")),
    );
    report.add(
        Line::new("resident memory with these", figure(loaded, "MB"))
            .beside("idle", figure(idle, "MB")),
    );
    report.notes.push(format!(
        "Of {} payments in the load none was lost or doubled, receipt numbers have no gaps, and the event stream had every entry of the journal once.",
        told.len()
    ));
}

/// Takes payments for so long; says how many were answered in time, and all that were told.
fn crowd(daemon: &Daemon, name: &str, over: Duration) -> (usize, Answered) {
    let until = Instant::now() + over;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let caller = daemon.caller();
            let name = format!("{name}-{client}");
            thread::spawn(move || take(caller, client, &name, until))
        })
        .collect();
    let mut told = Vec::new();
    let mut in_time = 0;
    for client in clients {
        let (count, of_client) = client.join().unwrap();
        in_time += count;
        told.extend(of_client);
    }
    (in_time, told)
}

fn take(mut caller: Caller, client: usize, name: &str, until: Instant) -> (usize, Answered) {
    let wish = if client.is_multiple_of(CASH) {
        body("cashbox", "cash")
    } else {
        body(&format!("desk{}", client % TERMINALS + 1), "card")
    };
    let mut told = Vec::new();
    let mut in_time = 0;
    while Instant::now() < until {
        let key = format!("{name}-{}", told.len());
        loop {
            let (status, payment) = caller.pay(&key, &wish);
            if status == 201 || status == 200 {
                assert_eq!(payment["state"], "approved", "{payment}");
                in_time += usize::from(Instant::now() < until);
                told.push((key, payment));
                break;
            }
            assert_eq!(status, 409, "{payment}");
            if Instant::now() >= until {
                return (in_time, told);
            }
            thread::sleep(AGAIN);
        }
    }
    (in_time, told)
}

/// Compares what clients were told, what the daemon lists and what the terminals charged.
fn nothing_is_lost_or_doubled(caller: &mut Caller, told: &Answered, terminals: &[Quick]) {
    let mut numbers: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    let mut listed = BTreeSet::new();
    let mut after = String::new();
    loop {
        let (status, page) = caller.get(&format!("/v1/payments?limit=100{after}"));
        assert_eq!(status, 200, "{page}");
        let payments = page["payments"].as_array().unwrap();
        for payment in payments {
            assert_eq!(payment["state"], "approved", "{payment}");
            let text = |field: &str| payment[field].as_str().unwrap().to_owned();
            let (device, number) = text("receipt")
                .rsplit_once('-')
                .map(|(d, n)| (d.to_owned(), n.parse().unwrap()))
                .unwrap();
            assert!(
                numbers.entry(device).or_default().insert(number),
                "a number twice"
            );
            assert!(listed.insert(text("id")), "a payment twice");
        }
        let Some(last) = payments.last() else { break };
        after = format!("&after={}", last["id"].as_str().unwrap());
    }
    let ids: BTreeSet<String> = told
        .iter()
        .map(|(_, payment)| payment["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), told.len(), "two keys with one payment");
    assert_eq!(ids, listed, "told and listed");
    for (device, numbers) in &numbers {
        let count = numbers.len() as u64;
        assert_eq!(numbers.last(), Some(&count), "{device} has gaps");
    }
    for (n, terminal) in (1..).zip(terminals) {
        let ours = numbers.get(&format!("desk{n}")).map_or(0, BTreeSet::len);
        assert_eq!(terminal.charged(), ours, "charged at desk{n}");
    }
}

/// The chain is whole, and the prompt reader of the events saw every entry, once and in order, up to the
/// last that was there when it had caught up.
fn the_journal_is_whole(database: &Path, prompt: &Prompt, caught_up: i64) {
    let queue = Queue::open(database).unwrap();
    let reader = queue.reader().unwrap();
    let (head, _) = reader.head().unwrap();
    reader.examine().unwrap();
    let seen = prompt.seen.lock().unwrap();
    // What the daemon wrote as it was killed, it may have told nobody.
    let last = seen.last().copied().unwrap_or(0);
    assert!(
        (caught_up..=head).contains(&last),
        "{last} of {caught_up} to {head}"
    );
    let expected: Vec<i64> = (1..=last).collect();
    assert_eq!(*seen, expected, "the events have gaps");
}

/// A connection that is sent the events.
fn events(socket: &Path) -> UnixStream {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream
        .write_all(b"GET /v1/events?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    stream
}

/// A reader of the events that keeps up, and remembers their numbers.
struct Prompt {
    seen: Arc<Mutex<Vec<i64>>>,
}

impl Prompt {
    fn listen(socket: &Path) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let numbers = Arc::clone(&seen);
        let stream = events(socket);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                if let Some(number) = line.strip_prefix("id:") {
                    numbers.lock().unwrap().push(number.trim().parse().unwrap());
                }
            }
        });
        Self { seen }
    }

    /// Waits until the last entry seen is the last of the journal, and says which that is.
    fn catches_up(&self, database: &Path) -> i64 {
        let reader = Reader::of_file(database).unwrap();
        let begun = Instant::now();
        loop {
            let (head, _) = reader.head().unwrap();
            let last = self.seen.lock().unwrap().last().copied();
            if head > 0 && last == Some(head) {
                return head;
            }
            assert!(begun.elapsed() < PATIENCE, "saw {last:?} of {head}");
            thread::sleep(AGAIN);
        }
    }
}
