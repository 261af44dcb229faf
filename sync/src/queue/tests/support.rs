//! A queue in a directory of its own, and payments to put in it.

use std::path::PathBuf;

use jiff::Timestamp;
use payment::{
    Approval, Cancellation, ClosingId, Doubt, DoubtReason, Fact, Intent, Method, Money, Payment,
    PaymentId, Purpose, Refusal, Settlement, Text, Verdict, parse_currency,
};
use tempfile::TempDir;

use crate::queue::{CloseOutcome, Due, JobId, JobKind, Queue, Urgency, Write, WriteError, Written};

pub(super) struct Desk {
    pub(super) queue: Queue,
    pub(super) directory: TempDir,
}

impl Desk {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let queue = Queue::open(&directory.path().join("queue.db")).unwrap();
        Self { queue, directory }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.directory.path().join("queue.db")
    }

    /// A connection past all rules of the queue.
    pub(super) fn raw(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path()).unwrap()
    }

    pub(super) fn write(&self, write: Write) -> Result<Written, WriteError> {
        self.queue.submit(write, Urgency::Now).wait()
    }

    pub(super) fn begin(&self, intent: Intent, due: Due) -> Payment {
        match self.write(begin(intent, due)) {
            Ok(Written::Payment(payment)) => payment,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn add(&self, payment: &Payment, fact: Fact, due: Due) -> Payment {
        match self.write(add(payment.intent.id, fact, due)) {
            Ok(Written::Payment(payment)) => payment,
            other => panic!("{other:?}"),
        }
    }

    /// A card payment from its intent to its end.
    pub(super) fn approved(&self, intent: Intent, due: Due) -> Payment {
        let payment = self.begin(intent, Due::default());
        let payment = self.add(&payment, Fact::Approved(Approval::default()), due);
        self.add(&payment, Fact::Completed, Due::default())
    }

    pub(super) fn job(&self, write: Write) -> JobId {
        match self.write(write) {
            Ok(Written::Job(job)) => job,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn reopen(self) -> Self {
        let path = self.path();
        self.queue.close();
        Self {
            queue: Queue::open(&path).unwrap(),
            directory: self.directory,
        }
    }
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(super) fn id(number: u8) -> PaymentId {
    PaymentId::new(at(i64::from(number)), [number; 10])
}

/// Payment number `number`, by card, at desk1, for 10.10 EUR.
pub(super) fn intent(number: u8) -> Intent {
    Intent {
        id: id(number),
        key: format!("key {number}").parse().unwrap(),
        device: "desk1".parse().unwrap(),
        purpose: Purpose::Sale,
        money: Money::from_minor(1010, parse_currency("EUR").unwrap()).unwrap(),
        method: Method::Card,
        invoice: None,
        note: None,
        at: at(i64::from(number)),
        services: payment::Services::default(),
        before: None,
    }
}

pub(super) fn for_invoice(number: u8, invoice: &str) -> Intent {
    Intent {
        invoice: Some(invoice.parse().unwrap()),
        ..intent(number)
    }
}

pub(super) fn at_device(number: u8, device: &str) -> Intent {
    Intent {
        device: device.parse().unwrap(),
        ..intent(number)
    }
}

pub(super) fn begin(intent: Intent, due: Due) -> Write {
    Write::Begin {
        intent,
        then: Vec::new(),
        due,
    }
}

pub(super) fn add(payment: PaymentId, fact: Fact, due: Due) -> Write {
    Write::Add {
        payment,
        fact,
        at: at(1000),
        due,
    }
}

/// Due to one upstream, with a receipt for the patient.
pub(super) fn due() -> Due {
    Due {
        upstreams: vec!["books".parse().unwrap()],
        jobs: vec![("front".parse().unwrap(), JobKind::Customer)],
        drawer: None,
    }
}

/// One fact of every kind that can follow an intent.
pub(super) fn facts() -> Vec<Fact> {
    let text = Text::from("why");
    let by = || Verdict::Person {
        name: text.clone(),
        reason: text.clone(),
    };
    vec![
        Fact::Recorded,
        Fact::Approved(Approval {
            trace: Some(7),
            ..Approval::default()
        }),
        Fact::Completed,
        Fact::Declined(Refusal {
            code: Some(Text::from("zvt:05")),
            text: text.clone(),
        }),
        Fact::Cancelled(Cancellation {
            code: None,
            text: text.clone(),
        }),
        Fact::Doubted(Doubt {
            reason: DoubtReason::Silence,
            text: text.clone(),
            approval: None,
            other_amount: None,
        }),
        Fact::Settled(Settlement::Approved {
            by: by(),
            approval: None,
        }),
        Fact::Settled(Settlement::Declined { by: by() }),
    ]
}

pub(super) fn closing_id(number: u8) -> ClosingId {
    ClosingId::new(at(i64::from(number)), [number; 10])
}

/// Day end number `number`, with a key of its own.
pub(super) fn begin_close(number: u8, device: &str) -> Write {
    Write::BeginClose {
        id: closing_id(number),
        key: format!("day {number}").parse().unwrap(),
        device: device.parse().unwrap(),
        at: at(i64::from(number)),
    }
}

pub(super) fn end_close(number: u8, outcome: CloseOutcome) -> Write {
    Write::EndClose {
        id: closing_id(number),
        outcome,
        at: at(2000),
    }
}
