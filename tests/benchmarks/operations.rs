//! What a desk asks of its daemon, one operation at a time.

use std::{
    io::{self, BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    backlog,
    caller::{Caller, body},
    disk::median,
    process::{Daemon, configure, database},
    rows::{Row, spread},
    terminal::Quick,
};

/// Events that are read when a reader comes back.
const EVENTS: usize = 50;
/// Payments of a busy day, since whose beginning a reader of the events may have been away.
const A_DAY: usize = 900;
/// Entries of the journal for each payment of the backlog.
const ENTRIES: usize = 2;
/// Most payments that are timed during a copy.
const COPIED: usize = 2000;

/// A desk with a database of some size.
pub(crate) struct Side {
    daemon: Daemon,
    caller: Caller,
    /// The payments that will be asked for, each once.
    rows: std::vec::IntoIter<Row>,
    /// Payments of the backlog.
    backlog: usize,
    /// Payments and all else that has a key.
    keys: usize,
    /// The card payment that is to be given back.
    card: String,
    _terminal: Quick,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Operation {
    Card,
    Cash,
    Repeat,
    Cancel,
    Refund,
    Close,
    Closings,
    Show,
    List,
    Approved,
    Page,
    Before,
    Doubts,
    Invoice,
    Devices,
    Sync,
    Worklist,
    Reconcile,
    Events,
    Job,
    Printers,
}

pub(crate) const OPERATIONS: [(Operation, &str); 21] = [
    (Operation::Card, "a card payment"),
    (Operation::Cash, "a cash payment"),
    (Operation::Repeat, "a request again, with its key"),
    (Operation::Cancel, "taking a card payment back"),
    (Operation::Refund, "a refund of a card payment"),
    (Operation::Close, "an end of day"),
    (Operation::Closings, "the ends of day"),
    (Operation::Show, "one payment"),
    (Operation::List, "the last 50 payments"),
    (Operation::Approved, "the last 50 approved at a device"),
    (
        Operation::Page,
        "a page of a device's payments, in the middle",
    ),
    (Operation::Before, "50 payments before a moment of long ago"),
    (Operation::Doubts, "all in doubt"),
    (Operation::Invoice, "the payments of an invoice"),
    (Operation::Devices, "the devices"),
    (Operation::Sync, "what is open upstream"),
    (Operation::Worklist, "the worklist"),
    (
        Operation::Reconcile,
        "comparing the books of a day of 1000 payments",
    ),
    (Operation::Events, "50 events after a Last-Event-ID"),
    (Operation::Job, "one print job"),
    (Operation::Printers, "the printers"),
];

impl Side {
    /// For so many rounds of all operations.
    pub(crate) fn start(dir: &Path, payments: usize, rounds: usize) -> Self {
        let rows = spread(&database(dir), payments, rounds * OPERATIONS.len());
        let terminal = Quick::serve(Duration::ZERO);
        // Nobody answers at the printer's address: what is listed of it is in the database.
        let more = "[[printer]]\nid = \"front\"\nlink = \"tcp:127.0.0.1:9\"\n\
             profile = \"epson-tm-t20iii\"\n\
             [[upstream]]\nid = \"list\"\nkind = \"worklist\"\nform = \"dentaltap\"\n";
        configure(dir, &[terminal.address], more);
        let daemon = Daemon::start(dir);
        daemon.terminals_ready(1);
        let caller = daemon.caller();
        Self {
            daemon,
            caller,
            rows: rows.into_iter(),
            backlog: payments,
            keys: payments,
            card: String::new(),
            _terminal: terminal,
        }
    }

    /// How long an operation takes, without what it needs beforehand.
    pub(crate) fn time(&mut self, operation: Operation) -> Duration {
        let row = self.rows.next().unwrap();
        if matches!(
            operation,
            Operation::Cancel | Operation::Refund | Operation::Close
        ) {
            // After what is no payment, a terminal is asked for its last one first.
            self.daemon.terminals_ready(1);
            let key = self.new_key();
            let payment = self.pay(&key, &body("desk1", "card"), 201);
            payment["id"].as_str().unwrap().clone_into(&mut self.card);
            self.daemon.terminals_ready(1);
        }
        let key = self.new_key();
        let begun = Instant::now();
        self.act(operation, &key, &row);
        begun.elapsed()
    }

    /// A key that was not used yet, anywhere among those of the backlog.
    fn new_key(&mut self) -> String {
        self.keys += 1;
        backlog::key(self.keys - 1)
    }

    fn act(&mut self, operation: Operation, key: &str, row: &Row) {
        let card = self.card.clone();
        let Row { n, id, at } = row;
        match operation {
            Operation::Card => drop(self.pay(key, &body("desk1", "card"), 201)),
            Operation::Cash => drop(self.pay(key, &body("cashbox", "cash"), 201)),
            Operation::Repeat => {
                let again = format!(
                    r#"{{"device":"cashbox","amount":"10.10","currency":"EUR",
                    "method":"cash","invoice":"{}"}}"#,
                    backlog::invoice(*n)
                );
                let payment = self.pay(&backlog::key(*n), &again, 200);
                assert_eq!(payment["id"], **id, "{payment}");
            }
            Operation::Cancel => self.approved(&format!("/v1/payments/{card}/cancel"), key),
            Operation::Refund => self.approved(&format!("/v1/payments/{card}/refund"), key),
            Operation::Close => {
                let (status, closing) = self.caller.post("/v1/devices/desk1/close", key, "");
                assert_eq!(status, 201, "{closing}");
                assert_eq!(closing["state"], "closed", "{closing}");
            }
            Operation::Closings => self.get("/v1/devices/desk1/closings"),
            Operation::Show => self.get(&format!("/v1/payments/{id}")),
            Operation::List => self.get("/v1/payments?limit=50"),
            Operation::Approved => self.get("/v1/payments?limit=50&state=approved&device=cashbox"),
            Operation::Page => {
                self.get(&format!("/v1/payments?limit=50&device=cashbox&after={id}"));
            }
            Operation::Before => self.get(&format!("/v1/payments?limit=50&to={at}")),
            Operation::Doubts => self.get("/v1/payments?limit=50&state=in_doubt"),
            Operation::Invoice => {
                self.get(&format!("/v1/payments?invoice={}", backlog::invoice(*n)));
            }
            Operation::Devices => self.get("/v1/devices"),
            Operation::Sync => self.get("/v1/sync"),
            Operation::Worklist => self.get("/v1/worklist"),
            Operation::Reconcile => {
                let day = backlog::last_day().to_string();
                let (day, _) = day.split_once('T').unwrap();
                self.get(&format!("/v1/reconciliation?from={day}"));
            }
            Operation::Events => {
                // As far from the journal's end at each desk: a reader comes back after a while.
                let back = n % A_DAY + EVENTS;
                self.events_after(self.backlog.saturating_sub(back) * ENTRIES);
            }
            Operation::Job => self.get(&format!("/v1/jobs/{n}")),
            Operation::Printers => self.get("/v1/printers"),
        }
    }

    fn get(&mut self, path: &str) {
        let (status, answer) = self.caller.get(path);
        assert_eq!(status, 200, "{path}: {answer}");
    }

    fn pay(&mut self, key: &str, body: &str, expected: u16) -> Value {
        let (status, answer) = self.caller.pay(key, body);
        assert_eq!(status, expected, "{answer}");
        answer
    }

    fn approved(&mut self, path: &str, key: &str) {
        let (status, payment) = self.caller.post(path, key, "{}");
        assert_eq!(status, 201, "{payment}");
        assert_eq!(payment["state"], "approved", "{payment}");
    }

    fn socket(&self) -> PathBuf {
        self.daemon.dir.join("tilld.sock")
    }

    /// Comes back as a reader of the events, and reads some of what it missed.
    fn events_after(&self, entry: usize) {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        write!(
            stream,
            "GET /v1/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: {entry}\r\n\r\n"
        )
        .unwrap();
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        let mut numbers = lines.filter_map(|line| line.strip_prefix("id:")?.trim().parse().ok());
        for number in entry + 1..=entry + EVENTS {
            assert_eq!(numbers.next(), Some(number));
        }
    }

    /// The median of a cash payment before a copy of the database is made, and while one is.
    pub(crate) fn pay_during_a_copy(&mut self, rounds: usize) -> (Duration, Duration) {
        let mut alone: Vec<Duration> = (0..rounds).map(|_| self.cash()).collect();
        let socket = self.socket();
        let copy = thread::spawn(move || {
            let mut stream = UnixStream::connect(socket).unwrap();
            stream
                .write_all(
                    b"GET /v1/backup HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                )
                .unwrap();
            io::copy(&mut stream, &mut io::sink()).unwrap()
        });
        let mut meanwhile = Vec::new();
        while !copy.is_finished() && meanwhile.len() < COPIED {
            meanwhile.push(self.cash());
        }
        let length = copy.join().unwrap();
        assert!(length > 100_000, "no copy was made: {length} bytes");
        (median(&mut alone), median(&mut meanwhile))
    }

    fn cash(&mut self) -> Duration {
        let key = self.new_key();
        let begun = Instant::now();
        self.pay(&key, &body("cashbox", "cash"), 201);
        begun.elapsed()
    }
}
