//! The terminal as a machine: a request, the customer, an answer, and the end of the connection.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use drivers::{Input, Machine, Mono, Output};

use super::{
    FAULTS, Fault, Faults,
    message::{Heard, Order, read, ticket, written},
};
use crate::{
    UnknownFault,
    terminal::{SimulatedTerminal, ledger::Ledger},
};

const DEAD: Duration = Duration::from_secs(30);
const PAN: &str = "4111111111111111";

/// What a terminal is.
#[derive(Debug, Clone)]
pub struct Options {
    /// ISO 4217 numeric code of its only currency.
    pub currency: u16,
    /// How long customer and issuer take.
    pub delay: Duration,
    /// How long a late approval takes.
    pub late: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            currency: 978,
            delay: Duration::from_secs(2),
            late: Duration::from_secs(200),
        }
    }
}

/// A card terminal that speaks Caisse-AP over IP, with its own books.
#[derive(Debug)]
pub struct Terminal {
    options: Options,
    ledger: Ledger,
    faults: Faults,
    heard: Vec<u8>,
    paying: Option<Paying>,
    out: VecDeque<Vec<u8>>,
    linked: bool,
    closing: bool,
    dead_until: Option<Mono>,
}

#[derive(Debug)]
struct Paying {
    order: Order,
    fault: Option<Fault>,
    until: Mono,
    /// The connection that asked is still there.
    heard: bool,
}

impl Terminal {
    /// A terminal in good order.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            ledger: Ledger::default(),
            faults: Faults::default(),
            heard: Vec::new(),
            paying: None,
            out: VecDeque::new(),
            linked: false,
            closing: false,
            dead_until: None,
        }
    }

    /// What it did with money.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    fn asked(&mut self, now: Mono, order: Order) {
        self.heard.clear();
        if self.paying.is_some() || order.currency != self.options.currency {
            let reason = if self.paying.is_some() { "07" } else { "13" };
            return self.answer(&order, None, &[("AE", "01"), ("AF", reason)]);
        }
        let fault = self.faults.take();
        if fault == Some(Fault::Silent) {
            self.dead_until = Some(now + DEAD);
            return;
        }
        self.ledger.asked(order.movement);
        if fault == Some(Fault::LoseAnswerBeforeCard) {
            return self.hang_up();
        }
        let takes = match fault {
            Some(Fault::Slow) => Duration::from_secs(150),
            Some(Fault::LateApproval) => self.options.late,
            _ => self.options.delay,
        };
        self.paying = Some(Paying {
            order,
            fault,
            until: now + takes,
            heard: true,
        });
    }

    /// The customer is through.
    fn decide(&mut self, paying: Paying) {
        let Paying {
            mut order,
            fault,
            heard,
            ..
        } = paying;
        let refused = match fault {
            Some(Fault::Decline) => Some(("01", "04")),
            Some(Fault::AbortByCustomer) => Some(("01", "06")),
            Some(Fault::TimeOut) => Some(("01", "08")),
            Some(Fault::AbortByOperator) => Some(("01", "11")),
            Some(Fault::Refuse) => Some(("01", "12")),
            Some(Fault::FormatQuirk) => Some(("10", "09")),
            _ => None,
        };
        if fault == Some(Fault::OtherAmount) {
            order.amount = order.amount.saturating_sub(1);
        }
        let booked = refused.is_none() && self.ledger.book(order.movement, order.amount);
        if !heard {
            return;
        }
        let (status, reason) = match (refused, fault) {
            (Some(refused), _) => refused,
            (None, _) if !booked => ("01", "07"),
            (None, Some(Fault::TakenIntoAccount)) => ("11", ""),
            (None, Some(Fault::RefusedYetAuthorised)) => ("01", "01"),
            (None, Some(Fault::LoseAnswerAfterApproval)) => return self.hang_up(),
            (None, _) => ("10", ""),
        };
        let pan = match fault {
            Some(Fault::UnmaskedPan) => PAN,
            _ => "411111######1111",
        };
        let mut more = vec![("AE", status)];
        if !reason.is_empty() {
            more.push(("AF", reason));
        }
        if status == "10" && reason.is_empty() {
            more.extend([("CC", "001"), ("CI", "1"), ("AA", pan), ("AB", "2712")]);
            more.extend([("AC", "658497"), ("AI", "A0000000421010")]);
        }
        if fault == Some(Fault::UnmaskedPan) {
            more.push(("CF", PAN));
        }
        self.answer(&order, fault, &more);
    }

    fn answer(&mut self, order: &Order, fault: Option<Fault>, more: &[(&str, &str)]) {
        let mut fields = order.echo();
        for (tag, value) in &mut fields {
            match (tag.as_str(), fault) {
                ("CB", Some(Fault::PaddedAmount)) => *value = format!("{:012}", order.amount),
                ("CB", _) => *value = format!("{:02}", order.amount),
                ("CE", Some(Fault::OtherCurrency)) => "840".clone_into(value),
                ("CA", Some(Fault::OtherDevice)) => "77".clone_into(value),
                ("CD", Some(Fault::OtherAction)) => "2".clone_into(value),
                _ => {}
            }
        }
        if fault == Some(Fault::NoAmount) {
            fields.retain(|(tag, _)| tag != "CB");
        }
        let more = more
            .iter()
            .map(|(tag, value)| ((*tag).to_owned(), (*value).to_owned()));
        fields.extend(more);
        let long = fault == Some(Fault::LongTicket);
        if order.wants_ticket || long || fault == Some(Fault::UnmaskedPan) {
            let number = if fault == Some(Fault::UnmaskedPan) {
                PAN
            } else {
                "************1111"
            };
            let mut text = format!(
                "CARTE BANCAIRE\n{number}\nMONTANT {}\nMERCI\n",
                order.amount
            );
            while long && text.len() < 650 {
                text.push_str("CONDITIONS\n");
            }
            fields.push(("ZT".to_owned(), ticket(&text)));
        }
        if fault == Some(Fault::UnknownFields) {
            fields.rotate_left(2);
            fields.insert(3, ("ZZ".to_owned(), "future".to_owned()));
            fields.push(("AQ".to_owned(), String::new()));
        }
        self.say(&written(&fields), fault);
    }

    fn say(&mut self, answer: &str, fault: Option<Fault>) {
        let bytes = answer.as_bytes();
        let status = answer.find("AE0").unwrap_or(0);
        match fault {
            Some(Fault::Garbage) => self
                .out
                .push_back(b"\x16\x03\x01HTTP/1.1 400\r\n\r\n".to_vec()),
            Some(Fault::HangUpAfterApproval) => {
                self.out
                    .push_back(bytes.iter().take(status + 3).copied().collect());
            }
            Some(Fault::HangUpBeforeStatus) => {
                self.out
                    .push_back(bytes.iter().take(status).copied().collect());
            }
            Some(Fault::PartialSegments) => self.out.extend(bytes.iter().map(|b| vec![*b])),
            Some(Fault::DuplicateAnswer) => self.out.push_back(bytes.repeat(2)),
            Some(Fault::Endless) => {
                self.out.push_back(bytes.to_vec());
                self.out
                    .push_back(format!("CF999{:0999}", 0).repeat(40).into_bytes());
            }
            _ => self.out.push_back(bytes.to_vec()),
        }
        if fault != Some(Fault::KeepOpen) {
            self.hang_up();
        }
    }

    fn hang_up(&mut self) {
        self.closing = self.linked;
    }

    /// Lets time do what it does, also while nobody is connected.
    fn advance(&mut self, now: Mono) {
        if self.dead_until.is_some_and(|until| now >= until) {
            self.dead_until = None;
        }
        if let Some(paying) = self.paying.take_if(|paying| now >= paying.until) {
            self.decide(paying);
        }
    }
}

impl SimulatedTerminal for Terminal {
    const FAULTS: &'static [(&'static str, &'static str)] = FAULTS;

    fn charged(&self) -> Vec<u64> {
        self.ledger.charged()
    }

    fn payments_asked(&self) -> u32 {
        self.ledger.payments_asked()
    }

    fn arm_by_name(&mut self, faults: &str) -> Result<(), UnknownFault> {
        self.faults.append(faults.parse()?);
        Ok(())
    }

    fn mend(&mut self) {
        self.faults.clear();
        self.dead_until = None;
    }
}

impl Machine for Terminal {
    type Command = Infallible;
    type Fact = Infallible;
    type Event = Infallible;

    fn handle(&mut self, now: Mono, input: Input<'_, Infallible>) {
        self.advance(now);
        match input {
            Input::LinkUp => {
                self.heard.clear();
                self.linked = true;
            }
            Input::LinkDown => {
                self.linked = false;
                self.closing = false;
                self.out.clear();
                if let Some(paying) = &mut self.paying {
                    paying.heard = false;
                }
            }
            Input::Bytes(bytes) if self.dead_until.is_none() && !self.closing => {
                self.heard.extend_from_slice(bytes);
                match read(&self.heard) {
                    Heard::More => {}
                    Heard::Order(order) => self.asked(now, order),
                    Heard::Bad => self.hang_up(),
                }
            }
            Input::Bytes(_) | Input::Timeout | Input::Stored(_) => {}
        }
    }

    fn poll(&mut self) -> Output<Infallible, Infallible> {
        if let Some(bytes) = self.out.pop_front() {
            return Output::Send(bytes);
        }
        if self.closing {
            // LinkDown follows; nothing is done until then.
            return Output::Close;
        }
        let paying = self.paying.as_ref().map(|paying| paying.until);
        Output::Wait(paying.into_iter().chain(self.dead_until).min())
    }
}
