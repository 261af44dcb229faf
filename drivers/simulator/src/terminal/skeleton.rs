//! A simulated terminal for the skeleton of a driver: what a simulator must have, and no more.

use std::{
    collections::{BTreeMap, VecDeque},
    convert::Infallible,
    time::Duration,
};

use drivers::{Input, Machine, Mono, Output};

use super::SimulatedTerminal;
use crate::UnknownFault;

/// How long customer and issuer take.
const DELAY: Duration = Duration::from_secs(2);
/// How long the till has to acknowledge.
const ACKNOWLEDGEMENT: Duration = Duration::from_secs(5);
/// How long the dead stay dead.
const DEAD: Duration = Duration::from_secs(30);
/// How long a late approval takes.
const LATE: Duration = Duration::from_secs(400);

/// The faults, with what they do.
const FAULTS: &[(&str, &str)] = &[
    ("decline", "The issuer declines. Not charged."),
    (
        "abort-by-customer",
        "The customer presses Stop. Not charged.",
    ),
    ("busy", "Says BUSY. Not charged."),
    (
        "lose-answer-before-card",
        "Hangs up before a card. Not charged.",
    ),
    (
        "lose-answer-after-approval",
        "Books the payment, then hangs up. Charged.",
    ),
    (
        "hang-up-after-approval",
        "Says APPROVED and hangs up. Reversed.",
    ),
    ("silent", "Says nothing for 30 s. Not charged."),
    ("garbage", "Says noise in place of APPROVED. Reversed."),
    (
        "late-approval",
        "Approves after 400 s. Charged if acknowledged.",
    ),
    ("duplicate-answer", "Says APPROVED twice. Charged."),
    (
        "other-amount",
        "Approves one unit less, if that is acknowledged.",
    ),
    (
        "other-device",
        "The answer names another payment. Reversed.",
    ),
    ("unknown-fields", "More words than are known. Charged."),
    ("over-long", "A line that does not end. Reversed."),
    (
        "unmasked-pan",
        "The whole test card number 4111111111111111. Charged.",
    ),
];

/// A terminal with its own ledger.
#[derive(Debug, Default)]
pub struct Terminal {
    line: Vec<u8>,
    outputs: VecDeque<Output<Infallible, Infallible>>,
    faults: VecDeque<String>,
    asked: u32,
    trace: u32,
    /// Every payment by its reference.
    ledger: BTreeMap<String, Entry>,
    running: Option<Running>,
    dead_until: Option<Mono>,
    linked: bool,
}

#[derive(Debug, Clone)]
struct Entry {
    minor: u64,
    currency: String,
    trace: u32,
    standing: Standing,
    /// The trace that it takes back.
    takes_back: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Running,
    Approved,
    Charged,
    Declined,
    Stopped,
    Reversed,
}

#[derive(Debug)]
struct Running {
    reference: String,
    fault: Option<String>,
    /// When the customer is done, or the acknowledgement is overdue.
    at: Mono,
}

impl Terminal {
    fn say(&mut self, line: &str) {
        let line = format!("{line}\n").into_bytes();
        self.outputs.push_back(Output::Send(line));
    }

    fn hear(&mut self, now: Mono, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["HELLO"] => self.say("READY T0000001"),
            ["PAY", reference, minor, currency] => {
                self.asked += 1;
                self.begin(now, reference, minor, currency, None);
            }
            ["BACK", reference, minor, currency, trace] => {
                self.begin(now, reference, minor, currency, trace.parse().ok());
            }
            ["OK", reference] => self.acknowledged(reference, Standing::Charged),
            ["NO", reference] => self.acknowledged(reference, Standing::Reversed),
            ["STOP", reference] => self.stop(reference),
            ["ASK", reference] => self.tell(reference),
            _ => {}
        }
    }

    fn begin(
        &mut self,
        now: Mono,
        reference: &str,
        minor: &str,
        currency: &str,
        takes_back: Option<u32>,
    ) {
        let fault = self.faults.pop_front();
        if self.running.is_some() || fault.as_deref() == Some("busy") {
            return self.say(&format!("BUSY {reference}"));
        }
        let Ok(minor) = minor.parse() else { return };
        self.trace += 1;
        let entry = Entry {
            minor,
            currency: currency.to_owned(),
            trace: self.trace,
            standing: Standing::Running,
            takes_back,
        };
        self.ledger.insert(reference.to_owned(), entry);
        let mut at = now + DELAY;
        match fault.as_deref() {
            Some("silent") => {
                self.end(reference, Standing::Stopped);
                self.dead_until = Some(now + DEAD);
                return;
            }
            Some("lose-answer-before-card") => {
                self.end(reference, Standing::Stopped);
                return self.outputs.push_back(Output::Close);
            }
            Some("late-approval") => at = now + LATE,
            _ => {}
        }
        self.running = Some(Running {
            reference: reference.to_owned(),
            fault,
            at,
        });
    }

    /// The customer is done, or the till has not acknowledged.
    fn go_on(&mut self, now: Mono) {
        let Some(running) = self.running.take_if(|running| now >= running.at) else {
            return;
        };
        let Running {
            reference, fault, ..
        } = running;
        if self.standing(&reference) == Some(Standing::Approved) {
            return self.end(&reference, Standing::Reversed);
        }
        match fault.as_deref() {
            Some("decline") => {
                self.end(&reference, Standing::Declined);
                return self.say(&format!("DECLINED {reference}"));
            }
            Some("abort-by-customer") => {
                self.end(&reference, Standing::Stopped);
                return self.say(&format!("STOPPED {reference}"));
            }
            Some("lose-answer-after-approval") => {
                self.end(&reference, Standing::Charged);
                return self.outputs.push_back(Output::Close);
            }
            Some("garbage") => {
                self.end(&reference, Standing::Reversed);
                return self.say("\u{1}\u{2}APPROVED what 12 XXX");
            }
            Some("over-long") => {
                self.end(&reference, Standing::Reversed);
                return self.say(&"A".repeat(60_000));
            }
            Some("other-device") => {
                self.end(&reference, Standing::Reversed);
                let other = "0190e1a0-0000-7000-8000-000000000000";
                return self.say(&format!("APPROVED {other} 1010 EUR 7 Visa 1111"));
            }
            Some("other-amount") => {
                if let Some(entry) = self.ledger.get_mut(&reference) {
                    entry.minor -= 1;
                }
            }
            _ => {}
        }
        self.approve(now, reference, fault);
    }

    fn approve(&mut self, now: Mono, reference: String, fault: Option<String>) {
        self.end(&reference, Standing::Approved);
        if !self.linked {
            return self.end(&reference, Standing::Reversed);
        }
        let line = self.approved(&reference, fault.as_deref());
        self.say(&line);
        match fault.as_deref() {
            Some("duplicate-answer") => self.say(&line),
            Some("hang-up-after-approval") => {
                self.end(&reference, Standing::Reversed);
                return self.outputs.push_back(Output::Close);
            }
            _ => {}
        }
        let at = now + ACKNOWLEDGEMENT;
        self.running = Some(Running {
            reference,
            fault,
            at,
        });
    }

    fn approved(&self, reference: &str, fault: Option<&str>) -> String {
        let Some(entry) = self.ledger.get(reference) else {
            return format!("UNKNOWN {reference}");
        };
        let number = match fault {
            Some("unmasked-pan") => "4111111111111111",
            _ => "1111",
        };
        let more = match fault {
            Some("unknown-fields") => " LOYALTY 12",
            _ => "",
        };
        format!(
            "APPROVED {reference} {} {} {} Visa {number}{more}",
            entry.minor, entry.currency, entry.trace
        )
    }

    fn acknowledged(&mut self, reference: &str, standing: Standing) {
        let ours = |running: &mut Running| running.reference == reference;
        if self.standing(reference) == Some(Standing::Approved)
            && self.running.take_if(ours).is_some()
        {
            self.end(reference, standing);
        }
        if self.standing(reference) == Some(Standing::Charged) {
            self.say(&format!("DONE {reference}"));
        }
    }

    fn stop(&mut self, reference: &str) {
        let ours = |running: &mut Running| running.reference == reference;
        if self.standing(reference) == Some(Standing::Running)
            && self.running.take_if(ours).is_some()
        {
            self.end(reference, Standing::Stopped);
            self.say(&format!("STOPPED {reference}"));
        }
    }

    fn tell(&mut self, reference: &str) {
        let line = match self.standing(reference) {
            None => format!("UNKNOWN {reference}"),
            Some(Standing::Running | Standing::Approved) => format!("RUNNING {reference}"),
            Some(Standing::Charged) => self.approved(reference, None),
            Some(Standing::Declined) => format!("DECLINED {reference}"),
            Some(Standing::Stopped | Standing::Reversed) => format!("STOPPED {reference}"),
        };
        self.say(&line);
    }

    fn standing(&self, reference: &str) -> Option<Standing> {
        self.ledger.get(reference).map(|entry| entry.standing)
    }

    fn end(&mut self, reference: &str, standing: Standing) {
        let Some(entry) = self.ledger.get_mut(reference) else {
            return;
        };
        entry.standing = standing;
        if let (Standing::Charged, Some(trace)) = (standing, entry.takes_back) {
            let original = self.ledger.values_mut().find(|entry| entry.trace == trace);
            if let Some(original) = original {
                original.standing = Standing::Reversed;
            }
        }
    }

    fn reverse_approved(&mut self) {
        if let Some(Running { reference, .. }) = &self.running {
            let reference = reference.clone();
            if self.standing(&reference) == Some(Standing::Approved) {
                self.running = None;
                self.end(&reference, Standing::Reversed);
            }
        }
    }
}

impl SimulatedTerminal for Terminal {
    const FAULTS: &'static [(&'static str, &'static str)] = FAULTS;

    fn charged(&self) -> Vec<u64> {
        let stands =
            |entry: &&Entry| entry.standing == Standing::Charged && entry.takes_back.is_none();
        let mut entries: Vec<&Entry> = self.ledger.values().filter(stands).collect();
        entries.sort_by_key(|entry| entry.trace);
        entries.into_iter().map(|entry| entry.minor).collect()
    }

    fn payments_asked(&self) -> u32 {
        self.asked
    }

    fn arm_by_name(&mut self, faults: &str) -> Result<(), UnknownFault> {
        for name in faults.split(',').filter(|name| !name.is_empty()) {
            if !FAULTS.iter().any(|(known, _)| *known == name) {
                return Err(UnknownFault::new(name, FAULTS));
            }
            self.faults.push_back(name.to_owned());
        }
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
        self.dead_until.take_if(|until| now >= *until);
        match input {
            Input::LinkUp => {
                self.linked = true;
                self.line.clear();
            }
            Input::LinkDown => {
                self.linked = false;
                self.reverse_approved();
            }
            Input::Bytes(bytes) if self.dead_until.is_none() => {
                for byte in bytes {
                    if *byte == b'\n' {
                        let line = std::mem::take(&mut self.line);
                        self.hear(now, &String::from_utf8_lossy(&line));
                    } else {
                        self.line.push(*byte);
                    }
                }
            }
            Input::Bytes(_) | Input::Timeout | Input::Stored(_) => {}
        }
        self.go_on(now);
    }

    fn poll(&mut self) -> Output<Infallible, Infallible> {
        let running = self.running.as_ref().map(|running| running.at);
        let wait = running.into_iter().chain(self.dead_until).min();
        self.outputs.pop_front().unwrap_or(Output::Wait(wait))
    }
}
