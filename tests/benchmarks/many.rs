//! Each operation with a large database beside the same with a small one.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    backlog,
    caller::{Caller, body},
    disk::{median, micros},
    idle,
    process::{Daemon, configure, database},
    report::{Line, Report, Target, figure},
    terminal::Quick,
};

/// Payments in the small database.
const FEW: usize = 1000;
/// How often each operation is done, on both in turn.
const ROUNDS: usize = 60;
/// How much slower the large one may be.
const MOST: f64 = 1.5;

/// A desk with a database of some size.
struct Side {
    daemon: Daemon,
    caller: Caller,
    /// A payment of the middle of the backlog.
    payment: String,
    _terminal: Quick,
}

impl Side {
    fn start(dir: &Path, payments: usize) -> Self {
        let terminal = Quick::serve(Duration::ZERO);
        let worklist = "[[upstream]]\nid = \"list\"\nkind = \"worklist\"\nform = \"dentaltap\"\n";
        configure(dir, &[terminal.address], worklist);
        let daemon = Daemon::start(dir);
        daemon.terminals_ready(1);
        let mut caller = daemon.caller();
        let invoice = payments / 2 / backlog::SHARE + 1;
        let (_, found) = caller.get(&format!("/v1/payments?invoice={invoice}"));
        let payment = found["payments"][0]["id"].as_str();
        let payment = payment.unwrap_or_else(|| panic!("{found}")).to_owned();
        Self {
            daemon,
            caller,
            payment,
            _terminal: terminal,
        }
    }

    fn get(&mut self, path: &str) {
        let (status, answer) = self.caller.get(path);
        assert_eq!(status, 200, "{path}: {answer}");
    }

    fn pay(&mut self, key: &str, body: &str, expected: u16) {
        let (status, answer) = self.caller.pay(key, body);
        assert_eq!(status, expected, "{answer}");
    }

    /// Does one operation.
    fn act(&mut self, operation: Operation, round: usize) {
        match operation {
            Operation::Card => self.pay(&format!("card-{round}"), &body("desk1", "card"), 201),
            Operation::Cash => self.pay(&format!("cash-{round}"), &body("cashbox", "cash"), 201),
            Operation::Repeat => {
                let again = r#"{"device":"cashbox","amount":"10.10","currency":"EUR",
                    "method":"cash","invoice":"1"}"#;
                self.pay("backlog-00000000", again, 200);
            }
            Operation::Show => self.get(&format!("/v1/payments/{}", self.payment.clone())),
            Operation::List => self.get("/v1/payments?limit=50"),
            Operation::Approved => self.get("/v1/payments?limit=50&state=approved&device=cashbox"),
            Operation::Doubts => self.get("/v1/payments?limit=50&state=in_doubt"),
            Operation::Invoice => self.get("/v1/payments?invoice=7"),
            Operation::Devices => self.get("/v1/devices"),
            Operation::Sync => self.get("/v1/sync"),
            Operation::Worklist => self.get("/v1/worklist"),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Operation {
    Card,
    Cash,
    Repeat,
    Show,
    List,
    Approved,
    Doubts,
    Invoice,
    Devices,
    Sync,
    Worklist,
}

const OPERATIONS: [(Operation, &str); 11] = [
    (Operation::Card, "a card payment"),
    (Operation::Cash, "a cash payment"),
    (Operation::Repeat, "a request again, with its key"),
    (Operation::Show, "one payment"),
    (Operation::List, "the last 50 payments"),
    (Operation::Approved, "the last 50 approved at a device"),
    (Operation::Doubts, "all in doubt"),
    (Operation::Invoice, "the payments of an invoice"),
    (Operation::Devices, "the devices"),
    (Operation::Sync, "what is open upstream"),
    (Operation::Worklist, "the worklist"),
];

pub(crate) fn measure(dir: &Path, payments: usize, report: &mut Report) {
    let (small, large) = (dir.join("small"), dir.join("large"));
    backlog::make(&database(&small), FEW, Some("list"), true);
    let begun = Instant::now();
    backlog::make(&database(&large), payments, Some("list"), true);
    let bytes = fs::metadata(database(&large)).unwrap().len();
    report.notes.push(format!(
        "The database of {payments} payments, each delivered, has {} MB ({} bytes a payment); it took {} s to make.",
        bytes / 1024 / 1024,
        bytes / payments as u64,
        begun.elapsed().as_secs()
    ));
    let (mut few, mut many) = (Side::start(&small, FEW), Side::start(&large, payments));
    for (operation, name) in OPERATIONS {
        let mut times = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let time = |side: &mut Side| {
                let begun = Instant::now();
                side.act(operation, round);
                begun.elapsed()
            };
            times.0.push(time(&mut few));
            times.1.push(time(&mut many));
        }
        report.add(
            Line::new(
                format!("{name}, with {payments} payments in the database"),
                figure(micros(median(&mut times.1)), "µs"),
            )
            .beside(
                format!("with {FEW}"),
                figure(micros(median(&mut times.0)), "µs"),
            )
            .target(Target::RatioAtMost(MOST)),
        );
    }
    drop((few.daemon, many.daemon));
    idle::start(
        &large,
        &format!("{payments} payments in the database"),
        60.0,
        report,
    );
}
