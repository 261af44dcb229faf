//! The driver from outside: bytes in, bytes out, on a clock of our own.

mod laws;
mod payments;
mod upkeep;

use payment::{Approval, Currency, Money, Stored};

use super::*;
use crate::terminal::ecr17::frame::{self, ACK, Found, NAK};

/// A driver, its link and a clock. Bytes that it sends are taken apart as a terminal would.
struct Desk {
    ecr17: Ecr17,
    /// How the terminal makes its check bytes.
    lrc: Lrc,
    now: Mono,
    /// What happened, one word each: `open`, `> s`, `ack`, `store`, `ready`, `completed` …
    log: Vec<String>,
    events: Vec<Event>,
    stored: Vec<Approval>,
    last: Vec<Stored>,
    money_requests: usize,
    /// What `store` is answered; none is no answer.
    disk: Option<bool>,
}

fn payment(n: u8) -> PaymentId {
    PaymentId::new(
        "2026-11-21T10:00:00Z".parse::<Timestamp>().unwrap(),
        [n; 10],
    )
}

fn euros(minor: i64) -> Money {
    Money::from_minor(minor, Currency::EUR).unwrap()
}

fn settings(print_here: bool) -> Ecr17Settings {
    Ecr17Settings {
        currency: Currency::EUR,
        address: crate::terminal::ecr17::request::Address {
            terminal: "00000000".into(),
            register: "00000001".into(),
        },
        lrc: None,
        extended: true,
        answer_timeout: Duration::from_secs(5),
        completion_timeout: Duration::from_mins(3),
        print_here,
    }
}

const OPERATIVE: &str = "123456780s000000000021112610002RELEASE1";

/// A result of `X` for this amount, with this number.
fn approved(minor: i64, stan: u32) -> String {
    format!(
        "123456780E000000000000000001234ICCA1B2C33251000200000000000{stan:06}000001000{minor:08}0000000000"
    )
}

fn refused(stan: u32) -> String {
    format!(
        "123456780E01{:24}00000000000200000000000{stan:06}000001000{:08}0000000000",
        "CARTA SCADUTA", 0
    )
}

fn reversed(stan: u32) -> String {
    format!(
        "123456780E000000000000000001234ICC0000003251001200000000000{stan:06}0000010000000000000"
    )
}

impl Desk {
    fn with(settings: Ecr17Settings) -> Self {
        let origin = "2026-11-21T10:00:00Z".parse().unwrap();
        let mut desk = Self {
            ecr17: Ecr17::new(settings).with_clock(origin),
            lrc: Lrc::Payload,
            now: Mono::default(),
            log: Vec::new(),
            events: Vec::new(),
            stored: Vec::new(),
            last: Vec::new(),
            money_requests: 0,
            disk: Some(true),
        };
        desk.input(Input::Timeout);
        desk
    }

    /// Ready, hung up, with an empty log.
    fn ready(print_here: bool) -> Self {
        let mut desk = Self::with(settings(print_here));
        desk.up();
        desk.acks();
        desk.says(OPERATIVE);
        desk.passes(1000);
        desk.down();
        desk.takes(&["open", "> s", "ack", "ready 12345678", "close"]);
        desk
    }

    /// Ready, and asked for 10.10; the terminal took it.
    fn paying(print_here: bool) -> Self {
        let mut desk = Self::ready(print_here);
        desk.pay(1, 1010);
        desk.up();
        if print_here {
            desk.acks();
            desk.passes(200);
            desk.takes(&["open", "> E", "> X"]);
        } else {
            desk.takes(&["open", "> X"]);
        }
        desk.acks();
        desk
    }

    fn pay(&mut self, n: u8, minor: i64) {
        self.command(Command::Pay {
            payment: payment(n),
            money: euros(minor),
        });
    }

    fn reverse(&mut self, n: u8, trace: Option<u32>) {
        self.command(Command::Reverse {
            payment: payment(n),
            money: euros(1010),
            original: Box::new(Approval {
                trace,
                ..Approval::default()
            }),
        });
    }

    fn command(&mut self, command: Command) {
        self.input(Input::Command(command));
    }

    fn up(&mut self) {
        self.input(Input::LinkUp);
    }

    fn down(&mut self) {
        self.input(Input::LinkDown);
    }

    fn acks(&mut self) {
        let wire = frame::answer(ACK, self.lrc);
        self.input(Input::Bytes(&wire));
    }

    fn naks(&mut self) {
        let wire = frame::answer(NAK, self.lrc);
        self.input(Input::Bytes(&wire));
    }

    /// The terminal sends a message.
    fn says(&mut self, payload: &str) {
        let wire = frame::message(payload.as_bytes(), self.lrc);
        self.input(Input::Bytes(&wire));
    }

    fn passes(&mut self, millis: u64) {
        self.now = self.now + Duration::from_millis(millis);
        self.input(Input::Timeout);
    }

    fn input(&mut self, input: Input<'_, Command>) {
        self.ecr17.handle(self.now, input);
        let mut asked_disk = false;
        loop {
            match self.ecr17.poll() {
                Output::Wait(_) => break,
                Output::Send(bytes) => self.sent(&bytes),
                Output::Open => self.log.push("open".into()),
                Output::Close => self.log.push("close".into()),
                Output::Event(event) => {
                    self.log.push(word(&event));
                    if let Event::LastTransaction(LastTransaction::Stored(stored)) = &event {
                        self.last.push(stored.as_ref().clone());
                    }
                    self.events.push(event);
                }
                Output::Store(Fact::Approved(approved)) => {
                    self.log.push("store".into());
                    self.stored.push(approved.approval);
                    asked_disk = true;
                }
                Output::Store(Fact::LeftOver(_)) => panic!("its memory keeps what is left over"),
            }
        }
        if let (true, Some(durable)) = (asked_disk, self.disk) {
            self.input(Input::Stored(durable));
        }
    }

    fn sent(&mut self, bytes: &[u8]) {
        let mut reader = Reader::default();
        reader.push(bytes);
        while let Some(found) = reader.find() {
            self.log.push(match found {
                Found::Ack => "ack".into(),
                Found::Nak(_) => "nak".into(),
                Found::Message { payload, lrc } => {
                    let code = char::from(payload[9]);
                    self.money_requests += usize::from(matches!(code, 'X' | 'P' | 'S'));
                    if Lrc::found(&payload, lrc) == Some(self.lrc) {
                        format!("> {code}")
                    } else {
                        format!("> {code} in another way")
                    }
                }
                other => panic!("{other:?}"),
            });
        }
    }

    /// What happened since the last time.
    fn takes(&mut self, expected: &[&str]) {
        assert_eq!(self.log, expected);
        self.log.clear();
    }

    /// The last sentence for the desk about the terminal.
    fn reason(&self) -> &str {
        let last = self.events.iter().rev().find_map(|event| match event {
            Event::NotReady { reason } => Some(reason.as_str()),
            _ => None,
        });
        last.unwrap()
    }

    fn doubt(&self) -> &payment::Doubt {
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
        Event::Ready { terminal_id } => {
            format!("ready {}", terminal_id.clone().unwrap_or_default())
        }
        Event::NotReady { .. } => "not ready".into(),
        Event::Progress { text, .. } => format!("progress {text}"),
        Event::Receipt { slip, .. } => format!("receipt {:?}", slip.copy),
        Event::LastTransaction(last) => match last {
            LastTransaction::Stored(stored) => format!("last {:?}", stored.kind),
            LastTransaction::Nothing => "last nothing".into(),
            LastTransaction::Busy(_) => "last busy".into(),
            LastTransaction::NoAnswer(_) => "last no answer".into(),
            LastTransaction::Unsupported(_) => "last unsupported".into(),
        },
        Event::Queried { .. } => "queried".into(),
        Event::DayEnded(end) => match end {
            DayEnd::Done(totals) => format!("day done {:?}", totals.total_minor),
            DayEnd::Refused(_) => "day refused".into(),
            DayEnd::Unknown(_) => "day unknown".into(),
        },
        Event::Wants(_) | Event::Line(_) => "a serial terminal's".into(),
        Event::Served(served) => format!("served {}", served.is_ok()),
        Event::Ended { ending, .. } => match ending {
            Ending::Completed => "completed".into(),
            Ending::Declined(r) => format!("declined {}", r.code.clone().unwrap_or_default()),
            Ending::Cancelled(_) => "cancelled".into(),
            Ending::Doubted(doubt) => format!("doubted {:?}", doubt.reason),
        },
    }
}
