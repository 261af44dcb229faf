//! The driver from outside: bytes in, bytes out, on a clock of our own.

use jiff::Timestamp;
use payment::Money;
use proptest::prelude::*;

use super::*;

const REQUEST: &str = "CZ0040300CJ012012345678901CA00201CE003978BA0010CD0010CB0041245";
const DONE: &str = "AE00210CC003001CI0011AC006658497AA016213975######7146AB0042707";

struct Desk {
    driver: CaisseAp,
    now: Mono,
    log: Vec<String>,
    events: Vec<Event>,
    facts: Vec<Fact>,
    sent: Vec<String>,
    disk: Option<bool>,
}

fn payment(n: u8) -> PaymentId {
    PaymentId::new(
        "2026-01-02T10:00:00Z".parse::<Timestamp>().unwrap(),
        [n; 10],
    )
}

impl Desk {
    fn new() -> Self {
        let mut desk = Self {
            driver: CaisseAp::new(CaisseApSettings {
                position: 1,
                identifier: "012345678901".to_owned(),
                currency: Currency::EUR,
                patience: Duration::from_mins(3),
                tickets: false,
            }),
            now: Mono::default(),
            log: Vec::new(),
            events: Vec::new(),
            facts: Vec::new(),
            sent: Vec::new(),
            disk: Some(true),
        };
        desk.drain();
        desk.takes(&["ready"]);
        desk
    }

    /// Connected, and asked for 12.45.
    fn paying() -> Self {
        let mut desk = Self::new();
        desk.input(Input::LinkUp);
        desk.pay(1, 1245);
        desk.takes(&["> request", "caisse-ap:asked"]);
        assert_eq!(desk.sent, [REQUEST]);
        desk
    }

    fn pay(&mut self, n: u8, minor: i64) {
        let money = Money::from_minor(minor, Currency::EUR).unwrap();
        let payment = payment(n);
        self.input(Input::Command(Command::Pay { payment, money }));
    }

    /// The terminal answers, and leaves the connection open.
    fn hears(&mut self, text: &str) {
        self.input(Input::Bytes(text.as_bytes()));
    }

    fn passes(&mut self, millis: u64) {
        self.now = self.now + Duration::from_millis(millis);
        self.input(Input::Timeout);
    }

    fn input(&mut self, input: Input<'_, Command>) {
        self.driver.handle(self.now, input);
        self.drain();
    }

    fn drain(&mut self) {
        let (mut store, mut closed) = (false, false);
        loop {
            match self.driver.poll() {
                Output::Wait(_) => break,
                Output::Send(bytes) => {
                    self.log.push("> request".into());
                    self.sent.push(String::from_utf8(bytes).unwrap());
                }
                Output::Open => self.log.push("open".into()),
                Output::Close => {
                    self.log.push("close".into());
                    closed = true;
                }
                Output::Event(event) => {
                    self.log.push(word(&event));
                    self.events.push(event);
                }
                Output::Store(fact) => {
                    self.log.push("store".into());
                    self.facts.push(fact);
                    store = true;
                }
            }
        }
        if closed {
            self.input(Input::LinkDown);
        }
        if let (true, Some(durable)) = (store, self.disk) {
            self.input(Input::Stored(durable));
        }
    }

    fn takes(&mut self, expected: &[&str]) {
        assert_eq!(self.log, expected);
        self.log.clear();
    }

    fn ending(&self) -> &Ending {
        let ending = self.events.iter().rev().find_map(|event| match event {
            Event::Ended { ending, .. } => Some(ending),
            _ => None,
        });
        ending.expect("it ended")
    }
}

fn word(event: &Event) -> String {
    match event {
        Event::Ready { .. } => "ready".into(),
        Event::NotReady { .. } => "not ready".into(),
        Event::Progress { code, .. } => code.to_string(),
        Event::Receipt { slip, .. } => format!("receipt {:?}", slip.copy),
        Event::LastTransaction(_) => "last".into(),
        Event::Queried { .. } => "queried".into(),
        Event::DayEnded(_) => "day".into(),
        Event::Served(_) => "served".into(),
        Event::Wants(_) | Event::Line(_) => "upkeep".into(),
        Event::Ended { ending, .. } => match ending {
            Ending::Completed => "completed".into(),
            Ending::Declined(_) => "declined".into(),
            Ending::Cancelled(_) => "cancelled".into(),
            Ending::Doubted(doubt) => format!("doubted {:?}", doubt.reason),
        },
    }
}

#[test]
fn an_approval_is_stored_and_then_it_is_over() {
    let mut desk = Desk::paying();
    desk.disk = None;
    desk.hears(&format!("{REQUEST}{DONE}"));
    desk.takes(&[]);
    desk.passes(500);
    desk.takes(&["store"]);
    desk.input(Input::Stored(true));
    desk.takes(&["completed", "close"]);
    let Fact::Approved(approved) = &desk.facts[0] else {
        panic!("{:?}", desk.facts);
    };
    assert_eq!(approved.approval.money.map(Money::minor), Some(1245));
    // Where the terminal hangs up, nothing is waited for.
    let mut desk = Desk::paying();
    desk.hears(&format!("{REQUEST}{DONE}"));
    desk.input(Input::LinkDown);
    desk.takes(&["store", "ready", "completed", "close"]);
    // What comes again is neither asked for nor stored again.
    desk.input(Input::LinkUp);
    desk.pay(1, 1245);
    desk.takes(&["close"]);
}

#[test]
fn what_cannot_be_stored_is_doubt() {
    let mut desk = Desk::paying();
    desk.disk = Some(false);
    desk.hears(&format!("{REQUEST}{DONE}"));
    desk.input(Input::LinkDown);
    desk.takes(&["store", "ready", "doubted NotStored", "close"]);
}

#[test]
fn the_link_may_come_and_go_while_an_approval_is_stored() {
    let mut desk = Desk::paying();
    desk.disk = None;
    desk.hears(&format!("{REQUEST}{DONE}"));
    desk.input(Input::LinkDown);
    desk.input(Input::LinkUp);
    desk.pay(2, 1245);
    desk.hears(REQUEST);
    desk.log.clear();
    desk.input(Input::Stored(true));
    desk.takes(&["completed", "close"]);
}

#[test]
fn each_answer_ends_as_it_must() {
    let other = |from: &str, to: &str| format!("{}{DONE}", REQUEST.replace(from, to));
    for (answer, expected) in [
        (format!("{REQUEST}AE00201AF00204"), "declined"),
        (format!("{REQUEST}AE00201AF01204 REFUSED  "), "declined"),
        (format!("{REQUEST}AE00201"), "declined"),
        (format!("{REQUEST}AE00201AF00299"), "declined"),
        (format!("{REQUEST}AE00201AF00206"), "cancelled"),
        (format!("{REQUEST}AE00201AF00208"), "cancelled"),
        (format!("{REQUEST}AE00201AF00211"), "cancelled"),
        (format!("{REQUEST}AE00201AF00201"), "doubted Contradiction"),
        (format!("{REQUEST}AE00201AF00203"), "doubted Contradiction"),
        (format!("{REQUEST}AE00210AF00209"), "doubted Contradiction"),
        (format!("{REQUEST}AE00210AF00201"), "completed"),
        (format!("{REQUEST}AE00210AF00200"), "completed"),
        (format!("{REQUEST}AE00211"), "doubted Garbage"),
        (format!("{REQUEST}AE00277"), "doubted Garbage"),
        (format!("{REQUEST}AE00210AE00201"), "doubted Garbage"),
        (other("CB0041245", "CB012000000001245"), "completed"),
        (other("CA00201", "CA0011"), "completed"),
        (other("CB0041245", "CB0041244"), "doubted OtherAmount"),
        (other("CE003978", "CE003840"), "doubted OtherAmount"),
        (other("CA00201", "CA00202"), "doubted Garbage"),
        (other("CD0010", "CD0012"), "doubted Garbage"),
        (
            other("CJ012012345678901", "CJ012999999999999"),
            "doubted Garbage",
        ),
        (
            format!(
                "{}AE00201AF00204",
                REQUEST.replace("CB0041245", "CB0041244")
            ),
            "doubted Garbage",
        ),
        ("HTTP/1.1 400 Bad Request".to_owned(), "doubted Garbage"),
        (format!("AE00210{REQUEST}ZZ003abcZZ003xyz"), "completed"),
        (format!("{REQUEST}{DONE}{REQUEST}{DONE}"), "completed"),
    ] {
        let mut desk = Desk::paying();
        desk.hears(&answer);
        desk.passes(500);
        desk.log
            .retain(|word| !matches!(word.as_str(), "store" | "close" | "ready"));
        desk.takes(&[expected]);
    }
}

#[test]
fn another_amount_is_named_to_the_person_who_decides() {
    let mut desk = Desk::paying();
    desk.hears(&format!(
        "{}{DONE}",
        REQUEST.replace("CB0041245", "CB0041244")
    ));
    desk.passes(500);
    let Ending::Doubted(doubt) = desk.ending() else {
        panic!("{:?}", desk.ending());
    };
    assert_eq!(doubt.other_amount.map(Money::minor), Some(1244));
}

/// Only a whole answer counts: a cut one is never a decline, and what was cut off comes never.
#[test]
fn a_connection_that_is_cut_anywhere_never_declines_what_was_done() {
    let answer = format!("{REQUEST}{DONE}");
    for end in 0..answer.len() {
        let mut desk = Desk::paying();
        desk.hears(&answer[..end]);
        desk.input(Input::LinkDown);
        assert!(
            matches!(desk.ending(), Ending::Doubted(_) | Ending::Completed),
            "{end}: {:?}",
            desk.ending()
        );
        desk.input(Input::LinkUp);
        desk.pay(1, 1245);
        assert_eq!(desk.sent.len(), 1, "law 4");
    }
}

#[test]
fn an_answer_with_a_cut_element_is_not_whole() {
    for (answer, approval) in [("AE00201AF0020", false), ("AE00210AC00665", true)] {
        for silent in [false, true] {
            let mut desk = Desk::paying();
            desk.hears(&format!("{REQUEST}{answer}"));
            if silent {
                desk.passes(180_000);
            } else {
                desk.input(Input::LinkDown);
            }
            let Ending::Doubted(doubt) = desk.ending() else {
                panic!("{answer}: {:?}", desk.ending());
            };
            assert_eq!(doubt.approval.is_some(), approval && !silent, "{answer}");
        }
    }
}

#[test]
fn a_receipt_behind_the_answer_is_waited_for() {
    let mut desk = Desk::paying();
    desk.hears(&format!("{REQUEST}AE00210"));
    desk.passes(400);
    desk.hears("ZT021CK003100AK008TUVS");
    desk.passes(400);
    desk.takes(&[]);
    desk.hears("Q0k=");
    desk.passes(499);
    desk.takes(&[]);
    desk.passes(1);
    desk.takes(&["store", "receipt Customer", "completed", "close"]);
}

#[test]
fn silence_is_doubt() {
    let mut desk = Desk::paying();
    desk.hears("CZ0040300");
    desk.passes(180_000);
    desk.takes(&["doubted Silence", "close"]);
}

#[test]
fn a_terminal_that_cannot_be_reached_was_not_asked() {
    let mut desk = Desk::new();
    desk.pay(1, 1245);
    desk.takes(&["cancelled", "not ready"]);
    desk.passes(5000);
    desk.takes(&["ready"]);
    // The same may then be asked for.
    desk.input(Input::LinkUp);
    desk.pay(1, 1245);
    desk.takes(&["> request", "caisse-ap:asked"]);
}

#[test]
fn what_it_does_not_know_is_refused() {
    let mut desk = Desk::new();
    for command in [Command::LastTransaction, Command::EndOfDay] {
        desk.input(Input::LinkUp);
        desk.input(Input::Command(command));
    }
    desk.takes(&["last", "close", "day", "close"]);
    desk.input(Input::LinkUp);
    let money = Money::from_minor(1010, Currency::CHF).unwrap();
    desk.input(Input::Command(Command::Refund {
        payment: payment(3),
        money,
        original: None,
    }));
    desk.takes(&["cancelled", "close"]);
    let mut desk = Desk::paying();
    desk.pay(2, 1245);
    desk.takes(&["cancelled"]);
}

proptest! {
    /// However an answer is cut, the same happens.
    #[test]
    fn cuts_change_nothing(cuts in prop::collection::vec(1..40_usize, 1..10)) {
        let mut desk = Desk::paying();
        let wire = format!("{REQUEST}{DONE}ZT021CK003100AK008TUVSQ0k=");
        let mut rest = wire.as_str();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break; }
            let (head, tail) = rest.split_at(rest.len().min(*cut));
            desk.hears(head);
            rest = tail;
        }
        desk.input(Input::LinkDown);
        desk.takes(&["store", "ready", "receipt Customer", "completed", "close"]);
    }

    /// Laws 2 and 4: whatever happens, a payment is asked for once, nothing is completed that is
    /// not stored, and everything ends once.
    #[test]
    fn no_order_of_inputs_breaks_the_laws(
        steps in prop::collection::vec((0..12_u8, prop::collection::vec(any::<u8>(), 0..40)), 0..60),
    ) {
        let mut desk = Desk::new();
        desk.disk = None;
        let mut asked = Vec::new();
        let mut kept = 0;
        for (step, junk) in steps {
            let n = u8::try_from(asked.len()).unwrap() + 1;
            match step {
                0 => { asked.push(payment(n)); desk.pay(n, 1245); }
                1 => { asked.push(payment(n)); desk.input(Input::LinkUp); desk.pay(n, 1245); }
                2 => desk.input(Input::LinkUp),
                3 => desk.input(Input::LinkDown),
                4 => desk.input(Input::Bytes(&junk)),
                5 => desk.passes(500),
                6 => desk.passes(200_000),
                7 => desk.hears(REQUEST),
                8 => desk.hears(DONE),
                9 => desk.hears("AE00201AF00204"),
                10 => desk.input(Input::Stored(false)),
                _ => { kept += 1; desk.input(Input::Stored(true)); }
            }
        }
        desk.input(Input::LinkDown);
        desk.input(Input::Stored(false));
        for id in &asked {
            let ends = desk.events.iter().filter(|e| matches!(e, Event::Ended { payment, .. } if payment == id));
            prop_assert_eq!(ends.count(), 1);
        }
        prop_assert!(desk.sent.len() <= asked.len(), "law 4");
        let completed = desk.log.iter().filter(|word| *word == "completed").count();
        prop_assert!(completed <= kept.min(desk.facts.len()), "law 2");
    }
}
