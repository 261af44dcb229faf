//! The driver from outside: bytes in, bytes out, on a clock of our own.

mod laws;
mod left_overs;
mod payments;
mod telling;
mod upkeep;

use std::time::Duration;

use config::ZvtCharset;
use jiff::Timestamp;
use payment::{Approval, Currency, Money, PaymentId};

use super::*;
use crate::terminal::{
    DayEnd, Service,
    zvt::{apdu::code, message::Manner, rs232},
};

/// A driver, its link and a clock. Bytes that it sends are taken apart as a terminal would.
struct Desk {
    zvt: Zvt,
    framing: Framing,
    now: Mono,
    deadline: Option<Mono>,
    /// What happened, one word each: `> 06 01`, `store`, `ready`, `progress`, `completed` …
    log: Vec<String>,
    events: Vec<Event>,
    stored: Vec<Approval>,
    /// Messages that left, without ACK and NAK.
    sent: Vec<Apdu>,
    /// How often money was asked for.
    money_requests: usize,
    /// What was told of the line.
    lines: Vec<LineStatistics>,
    /// What `store` is answered; none is no answer.
    disk: Option<bool>,
    /// Whether the terminal's line acknowledges frames.
    acks: bool,
}

/// The approval of a payment with that receipt number.
fn receipt(number: u32) -> Box<Approval> {
    Box::new(Approval {
        terminal_receipt: Some(number),
        ..Approval::default()
    })
}

fn payment(n: u8) -> PaymentId {
    PaymentId::new(
        "2021-05-13T10:00:00Z".parse::<Timestamp>().unwrap(),
        [n; 10],
    )
}

fn euros(minor: i64) -> Money {
    Money::from_minor(minor, Currency::EUR).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// Messages without their length bytes.
const REGISTERED: &str = "06 0F 19 00 29 29 00 10 06 49 09 78";
const GOOD: &str =
    "04 0F 27 00 04 00 00 00 00 10 10 0B 00 00 10 87 10 10 29 29 00 10 06 49 09 78 19 60";
const OTHER: &str = "04 0F 27 00 04 00 00 00 00 20 20 0B 00 00 10 87 10 10 29 29 00 10 06";
const SLIP: &str = "06 D3 06 10 1F 07 01 02 25 0A 09 01 40 07 02 41 42 09 01 81";

impl Desk {
    fn new(framing: Framing, print_here: bool) -> Self {
        Self::with(framing, print_here, false)
    }

    /// Over TCP, with numbers on the messages.
    fn numbered() -> Self {
        Self::with(Framing::Tcp, true, true)
    }

    fn with(framing: Framing, print_here: bool, numbered: bool) -> Self {
        let settings = ZvtSettings {
            currency: Currency::EUR,
            password: [0x12, 0x34, 0x56],
            charset: ZvtCharset::Latin1,
            answer_timeout: Duration::from_secs(5),
            completion_timeout: Duration::from_mins(3),
            print_here,
            numbered,
            manner: Manner::default(),
        };
        let mut desk = Self {
            zvt: Zvt::new(settings, framing),
            framing,
            now: Mono::default(),
            deadline: None,
            log: Vec::new(),
            events: Vec::new(),
            stored: Vec::new(),
            sent: Vec::new(),
            money_requests: 0,
            lines: Vec::new(),
            disk: Some(true),
            acks: true,
        };
        desk.input(Input::LinkUp);
        desk
    }

    /// Registered, with an empty log.
    fn ready(framing: Framing, print_here: bool) -> Self {
        let mut desk = Self::new(framing, print_here);
        desk.says("80 00 00");
        desk.says(REGISTERED);
        desk.takes(&["> 06 00", "ready 29001006", "> 80 00"]);
        desk
    }

    /// Ready, and asked for 10.10.
    fn paying(framing: Framing, print_here: bool) -> Self {
        let mut desk = Self::ready(framing, print_here);
        desk.pay(1, 1010);
        desk.takes(&["> 06 01"]);
        desk.says("80 00 00");
        desk
    }

    fn pay(&mut self, n: u8, minor: i64) {
        self.input(Input::Command(Command::Pay {
            payment: payment(n),
            money: euros(minor),
        }));
    }

    fn wire(&self, message: &str) -> Vec<u8> {
        let bytes = hex(message);
        let apdu = Apdu::new(
            u16::from_be_bytes([bytes[0], bytes[1]]),
            bytes[2..].to_vec(),
        );
        match self.framing {
            Framing::Tcp => apdu.encode(),
            Framing::Serial => rs232::frame(&apdu),
        }
    }

    fn command(&mut self, command: Command) {
        self.input(Input::Command(command));
    }

    /// The terminal sends a message.
    fn says(&mut self, message: &str) {
        let wire = self.wire(message);
        self.input(Input::Bytes(&wire));
    }

    fn passes(&mut self, millis: u64) {
        self.now = self.now + Duration::from_millis(millis);
        self.input(Input::Timeout);
    }

    fn input(&mut self, input: Input<'_, Command>) {
        self.zvt.handle(self.now, input);
        let mut frames = 0;
        let mut asked_disk = false;
        loop {
            match self.zvt.poll() {
                Output::Wait(deadline) => {
                    self.deadline = deadline;
                    break;
                }
                Output::Send(bytes) => frames += usize::from(self.sent(&bytes)),
                Output::Open => self.log.push("open".into()),
                Output::Close => self.log.push("close".into()),
                Output::Event(Event::Line(line)) => self.lines.push(line),
                Output::Event(event) => {
                    self.log.push(word(&event));
                    self.events.push(event);
                }
                Output::Store(fact) => {
                    self.log.push(match fact {
                        Fact::Approved(_) => "store".into(),
                        Fact::LeftOver(_) => "store left over".into(),
                    });
                    self.stored.push(match fact {
                        Fact::Approved(approved) => approved.approval,
                        Fact::LeftOver(stored) => stored.approval,
                    });
                    asked_disk = true;
                }
            }
        }
        // A good line acknowledges every frame.
        for _ in 0..if self.acks { frames } else { 0 } {
            self.input(Input::Bytes(&[rs232::ACK]));
        }
        if let (true, Some(durable)) = (asked_disk, self.disk) {
            self.input(Input::Stored(durable));
        }
    }

    /// Whether it was a frame that wants an ACK.
    fn sent(&mut self, bytes: &[u8]) -> bool {
        let apdu = match self.framing {
            Framing::Tcp => Apdu::decode(bytes).unwrap(),
            Framing::Serial => {
                let mut deframer = rs232::Deframer::default();
                match bytes.iter().find_map(|b| deframer.push(*b)) {
                    Some(rs232::Found::Message(apdu)) => apdu,
                    _ => return false,
                }
            }
        };
        self.money_requests += usize::from(matches!(
            apdu.code,
            code::AUTHORISATION | code::REVERSAL | code::REFUND
        ));
        let [class, instruction] = apdu.code.to_be_bytes();
        self.log.push(format!("> {class:02X} {instruction:02X}"));
        self.sent.push(apdu);
        self.framing == Framing::Serial
    }

    /// What happened since the last time.
    fn takes(&mut self, expected: &[&str]) {
        assert_eq!(self.log, expected);
        self.log.clear();
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
        Event::Progress { code, .. } => format!("progress {code}"),
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
            DayEnd::Done(_) => "day done".into(),
            DayEnd::Refused(r) => format!("day refused {}", r.code.clone().unwrap_or_default()),
            DayEnd::Unknown(_) => "day unknown".into(),
        },
        Event::Wants(chore) => format!("wants {chore:?}"),
        Event::Line(line) => format!("{line:?}"),
        Event::Served(Ok(_)) => "served".into(),
        Event::Served(Err(r)) => format!("not served {}", r.code.clone().unwrap_or_default()),
        Event::Ended { ending, .. } => match ending {
            Ending::Completed => "completed".into(),
            Ending::Declined(r) => format!("declined {}", r.code.clone().unwrap_or_default()),
            Ending::Cancelled(c) => format!("cancelled {}", c.code.clone().unwrap_or_default()),
            Ending::Doubted(doubt) => format!("doubted {:?}", doubt.reason),
        },
    }
}
