//! The driver from outside: bytes in, bytes out, on a clock of our own.

mod laws;
mod payments;

use jiff::Timestamp;
use payment::Money;

use super::super::frame::{NAK, frame};
use super::*;
use crate::terminal::{DayEnd, LastTransaction, Queried};

const DONE: &str = "0100000101019780000000000";
const NOT_DONE: &str = "0170000101019780000000000";

/// A driver on a line, and all that happened, one word each.
struct Desk {
    concert: Concert,
    now: Mono,
    deadline: Option<Mono>,
    log: Vec<String>,
    events: Vec<Event>,
    facts: Vec<Fact>,
    /// Request frames that left.
    requests: usize,
    /// What `store` is answered; none is no answer.
    disk: Option<bool>,
}

fn payment(n: u8) -> PaymentId {
    PaymentId::new(
        "2026-01-02T10:00:00Z".parse::<Timestamp>().unwrap(),
        [n; 10],
    )
}

fn euros(minor: i64) -> Money {
    Money::from_minor(minor, Currency::EUR).unwrap()
}

impl Desk {
    fn new() -> Self {
        let settings = ConcertSettings {
            position: 1,
            currency: Currency::EUR,
            patience: Duration::from_mins(3),
        };
        let mut desk = Self {
            concert: Concert::new(settings),
            now: Mono::default(),
            deadline: None,
            log: Vec::new(),
            events: Vec::new(),
            facts: Vec::new(),
            requests: 0,
            disk: Some(true),
        };
        desk.input(Input::LinkUp);
        desk.takes(&["ready"]);
        desk
    }

    /// Asked for 10.10, and the terminal works.
    fn paying() -> Self {
        let mut desk = Self::new();
        desk.pay(1, 1010);
        desk.hears(&[ACK]);
        desk.hears(&[ACK]);
        desk.takes(&["> ENQ", "> request", "> EOT", "concert:working"]);
        desk
    }

    fn pay(&mut self, n: u8, minor: i64) {
        let (payment, money) = (payment(n), euros(minor));
        self.input(Input::Command(Command::Pay { payment, money }));
    }

    fn hears(&mut self, bytes: &[u8]) {
        self.input(Input::Bytes(bytes));
    }

    /// The terminal asks for the word, and says something.
    fn says(&mut self, data: &str) {
        self.hears(&[ENQ]);
        self.hears(&frame(data.as_bytes()));
    }

    fn passes(&mut self, millis: u64) {
        self.now = self.now + Duration::from_millis(millis);
        self.input(Input::Timeout);
    }

    fn input(&mut self, input: Input<'_, Command>) {
        self.concert.handle(self.now, input);
        let mut store = false;
        loop {
            match self.concert.poll() {
                Output::Wait(deadline) => {
                    self.deadline = deadline;
                    break;
                }
                Output::Send(bytes) => self.sent(&bytes),
                Output::Open => self.log.push("open".into()),
                Output::Close => self.log.push("close".into()),
                Output::Event(event) => {
                    self.log.push(word(&event));
                    self.events.push(event);
                }
                Output::Store(fact) => {
                    self.log.push(match fact {
                        Fact::Approved(_) => "store".into(),
                        Fact::LeftOver(_) => "store left over".into(),
                    });
                    self.facts.push(fact);
                    store = true;
                }
            }
        }
        if let (true, Some(durable)) = (store, self.disk) {
            self.input(Input::Stored(durable));
        }
    }

    fn sent(&mut self, bytes: &[u8]) {
        self.log.push(match bytes {
            [ENQ] => "> ENQ".into(),
            [ACK] => "> ACK".into(),
            [NAK] => "> NAK".into(),
            [EOT] => "> EOT".into(),
            _ => {
                self.requests += 1;
                "> request".into()
            }
        });
    }

    fn takes(&mut self, expected: &[&str]) {
        assert_eq!(self.log, expected);
        self.log.clear();
    }

    fn doubt(&self) -> &Doubt {
        let ending = self.events.iter().rev().find_map(|event| match event {
            Event::Ended { ending, .. } => Some(ending),
            _ => None,
        });
        match ending {
            Some(Ending::Doubted(doubt)) => doubt,
            other => panic!("no doubt: {other:?}"),
        }
    }
}

fn word(event: &Event) -> String {
    match event {
        Event::Ready { .. } => "ready".into(),
        Event::NotReady { .. } => "not ready".into(),
        Event::Progress { code, .. } => code.to_string(),
        Event::Receipt { .. } => "receipt".into(),
        Event::LastTransaction(LastTransaction::Unsupported(_)) => "last unsupported".into(),
        Event::LastTransaction(_) => "last".into(),
        Event::Queried {
            answer: Queried::NoAnswer(_),
            ..
        } => "queried in vain".into(),
        Event::Queried { .. } => "queried".into(),
        Event::DayEnded(DayEnd::Refused(_)) => "day refused".into(),
        Event::DayEnded(_) => "day".into(),
        Event::Served(Err(_)) => "not served".into(),
        Event::Served(Ok(_)) => "served".into(),
        Event::Wants(_) | Event::Line(_) => "upkeep".into(),
        Event::Ended { ending, .. } => match ending {
            Ending::Completed => "completed".into(),
            Ending::Declined(_) => "declined".into(),
            Ending::Cancelled(_) => "cancelled".into(),
            Ending::Doubted(doubt) => format!("doubted {:?}", doubt.reason),
        },
    }
}
