//! The driver from outside: bytes in, bytes out, on a clock of our own.

use std::time::Duration;

use config::ZvtCharset;
use jiff::Timestamp;
use payment::{Approval, Currency, Money, PaymentId};
use proptest::prelude::*;

use super::*;
use crate::terminal::zvt::rs232;

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
    /// What `store` is answered; none is no answer.
    disk: Option<bool>,
    /// Whether the terminal's line acknowledges frames.
    acks: bool,
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
        let settings = ZvtSettings {
            currency: Currency::EUR,
            password: [0x12, 0x34, 0x56],
            charset: ZvtCharset::Latin1,
            answer_timeout: Duration::from_secs(5),
            completion_timeout: Duration::from_secs(180),
            print_here,
        };
        let mut desk = Self {
            zvt: Zvt::new(settings, framing),
            framing,
            now: Mono::default(),
            deadline: None,
            log: Vec::new(),
            events: Vec::new(),
            stored: Vec::new(),
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
                Output::Close => self.log.push("close".into()),
                Output::Event(event) => {
                    self.log.push(word(&event));
                    self.events.push(event);
                }
                Output::Store(approved) => {
                    self.log.push("store".into());
                    self.stored.push(approved.approval);
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
        let [class, instruction] = apdu.code.to_be_bytes();
        self.log.push(format!("> {class:02X} {instruction:02X}"));
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
        Event::Ended { ending, .. } => match ending {
            Ending::Completed => "completed".into(),
            Ending::Declined(r) => format!("declined {}", r.code.clone().unwrap_or_default()),
            Ending::Cancelled(c) => format!("cancelled {}", c.code.clone().unwrap_or_default()),
            Ending::Doubted(doubt) => format!("doubted {:?}", doubt.reason),
        },
    }
}

const BOTH: [Framing; 2] = [Framing::Serial, Framing::Tcp];

#[test]
fn a_payment_from_registration_to_completion() {
    for framing in BOTH {
        let mut desk = Desk::paying(framing, true);
        desk.says("04 FF 0E");
        desk.says("04 FF 16 01 06 06 24 04 07 02 50 49");
        desk.takes(&["progress zvt:0E", "> 80 00", "progress zvt:16", "> 80 00"]);
        desk.says(GOOD);
        desk.takes(&["store", "> 80 00"]);
        desk.says(SLIP);
        desk.takes(&["receipt Customer", "> 80 00"]);
        desk.says("06 0F");
        desk.takes(&["completed", "> 80 00"]);
        let approval = &desk.stored[0];
        assert_eq!(approval.money, Some(euros(1010)));
        assert_eq!(
            (approval.trace, approval.terminal_receipt),
            (Some(10), Some(1010))
        );
        // The payment is never asked for again; the next one is.
        desk.pay(1, 1010);
        desk.takes(&[]);
        desk.pay(2, 500);
        desk.takes(&["> 06 01"]);
    }
}

/// What the terminal says after it took the request, what comes of it, and how it ends.
fn check(says: &[&str], disk: bool, expected: &[&str]) {
    for framing in BOTH {
        let mut desk = Desk::paying(framing, true);
        desk.disk = Some(disk);
        for message in says {
            desk.says(message);
        }
        desk.takes(expected);
    }
}

#[test]
fn endings() {
    check(
        &["04 0F 27 05", "06 1E 05"],
        true,
        &["> 80 00", "declined zvt:05", "> 80 00"],
    );
    check(
        &["04 0F 27 6C", "06 1E 6C"],
        true,
        &["> 80 00", "cancelled zvt:6C", "> 80 00"],
    );
    check(&["06 1E F0"], true, &["declined zvt:F0", "> 80 00"]);
    check(
        &["04 0F 27 05", "06 1E"],
        true,
        &["> 80 00", "declined zvt:05", "> 80 00"],
    );
    // The PIN was wrong at first.
    check(
        &["04 0F 27 37", GOOD, "06 0F"],
        true,
        &["> 80 00", "store", "> 80 00", "completed", "> 80 00"],
    );
    // A repeated result is answered again and not stored again.
    check(
        &[GOOD, GOOD, "06 0F", GOOD],
        true,
        &[
            "store",
            "> 80 00",
            "> 80 00",
            "completed",
            "> 80 00",
            "> 80 00",
        ],
    );
    check(
        &[GOOD, "06 1E 6C"],
        true,
        &[
            "store",
            "> 80 00",
            "doubted Contradiction",
            "not ready",
            "> 80 00",
        ],
    );
    check(
        &["06 0F"],
        true,
        &["doubted Contradiction", "not ready", "> 80 00"],
    );
    // The same answer again when it comes again: it must not become an acknowledgement.
    check(
        &[GOOD, GOOD],
        false,
        &[
            "store",
            "doubted NotStored",
            "not ready",
            "> 84 FF",
            "> 84 FF",
        ],
    );
    check(
        &[OTHER, OTHER, "06 1E 05"],
        true,
        &[
            "doubted OtherAmount",
            "not ready",
            "> 84 66",
            "> 84 66",
            "> 80 00",
        ],
    );
    // A result without a result code.
    check(
        &["04 0F 04 00"],
        true,
        &["doubted Garbage", "not ready", "> 84 66"],
    );
    // Menus and other commands that we do not know.
    check(&["04 0D 00"], true, &["> 84 83"]);
    // Reversal records are no approval.
    check(
        &["04 0F 27 00 37 00 00 09", "06 0F"],
        true,
        &["> 80 00", "doubted Contradiction", "not ready", "> 80 00"],
    );
}

#[test]
fn the_terminal_refuses_at_once() {
    for framing in BOTH {
        for (error, ending) in [("84 6C", "cancelled zvt:6C"), ("84 F0", "declined zvt:F0")] {
            let mut desk = Desk::ready(framing, true);
            desk.pay(1, 1010);
            desk.says(error);
            desk.takes(&["> 06 01", ending]);
        }
    }
}

#[test]
fn other_amounts_are_named() {
    let mut desk = Desk::paying(Framing::Tcp, true);
    desk.says(OTHER);
    let doubt = desk.doubt();
    assert_eq!(doubt.other_amount, Some(euros(2020)));
    let text = doubt.text.as_str();
    assert!(
        text.contains("EUR 20.20") && text.contains("EUR 10.10"),
        "{text}"
    );
}

#[test]
fn a_link_that_breaks_leaves_doubt() {
    for framing in BOTH {
        let mut desk = Desk::ready(framing, true);
        desk.input(Input::LinkDown);
        desk.takes(&["not ready"]);
        desk.pay(1, 1010);
        desk.takes(&["cancelled "]);

        for said in [
            &[][..],
            &["80 00"],
            &["80 00", "04 FF 0E"],
            &["80 00", GOOD],
        ] {
            let mut desk = Desk::ready(framing, true);
            desk.pay(1, 1010);
            for message in said {
                desk.says(message);
            }
            desk.log.clear();
            desk.input(Input::LinkDown);
            desk.takes(&["doubted LinkLost", "not ready"]);
            assert_eq!(desk.doubt().approval.is_some(), said.contains(&GOOD));
        }
        // Not stored yet, and stored too late.
        let mut desk = Desk::paying(framing, false);
        desk.disk = None;
        desk.says(GOOD);
        desk.input(Input::LinkDown);
        desk.input(Input::Stored(true));
        desk.takes(&["store", "doubted LinkLost", "not ready"]);
    }
}

#[test]
fn an_acknowledged_approval_stands_when_the_terminal_prints() {
    // A serial terminal confirmed our acknowledgement.
    let mut desk = Desk::paying(Framing::Serial, false);
    desk.says(GOOD);
    desk.input(Input::LinkDown);
    desk.takes(&["store", "> 80 00", "completed", "not ready"]);
    // Over TCP nobody knows, until the terminal goes on.
    let mut desk = Desk::paying(Framing::Tcp, false);
    desk.says(GOOD);
    desk.input(Input::LinkDown);
    desk.takes(&["store", "> 80 00", "doubted LinkLost", "not ready"]);
    let mut desk = Desk::paying(Framing::Tcp, false);
    desk.says(GOOD);
    desk.says("04 FF 0B");
    desk.input(Input::LinkDown);
    desk.takes(&[
        "store",
        "> 80 00",
        "progress zvt:0B",
        "> 80 00",
        "completed",
        "not ready",
    ]);
}

#[test]
fn silence() {
    // T3.
    let mut desk = Desk::ready(Framing::Tcp, true);
    desk.pay(1, 1010);
    desk.passes(4999);
    desk.takes(&["> 06 01"]);
    desk.passes(1);
    desk.takes(&["doubted Silence", "not ready", "close"]);
    for framing in BOTH {
        // T4, restarted by 04 FF; then one request to stop.
        let mut desk = Desk::paying(framing, true);
        desk.passes(179_999);
        desk.says("04 FF 0A");
        desk.passes(179_999);
        desk.takes(&["progress zvt:0A", "> 80 00"]);
        desk.passes(1);
        desk.takes(&["> 06 B0"]);
        desk.passes(9_999);
        desk.takes(&[]);
        desk.passes(1);
        assert_eq!(desk.log[0], "doubted Silence");
        // The terminal's own timeout replaces T4.
        let mut desk = Desk::paying(framing, true);
        desk.says("04 FF 0A 04");
        desk.passes(239_999);
        desk.takes(&["progress zvt:0A", "> 80 00"]);
    }
}

#[test]
fn the_desk_wants_to_stop() {
    for framing in BOTH {
        let mut desk = Desk::ready(framing, true);
        desk.pay(1, 1010);
        let abort = || {
            Input::Command(Command::Abort {
                payment: payment(1),
            })
        };
        desk.input(abort());
        desk.takes(&["> 06 01"]);
        desk.says("80 00");
        desk.takes(&["> 06 B0"]);
        desk.input(abort());
        // A refused wish is no end.
        desk.says("84 83");
        desk.takes(&[]);
        desk.says("06 1E 6C");
        desk.takes(&["cancelled zvt:6C", "> 80 00"]);
    }
}

#[test]
fn left_overs_are_answered_and_never_taken() {
    for framing in BOTH {
        let mut desk = Desk::ready(framing, true);
        desk.says("04 FF 17");
        desk.says("06 1E 77");
        desk.pay(1, 1010);
        desk.says(GOOD);
        desk.says("06 0F");
        desk.takes(&["> 80 00", "> 80 00", "> 06 01", "> 80 00", "> 80 00"]);
        desk.says("80 00");
        desk.says("06 1E 05");
        desk.takes(&["declined zvt:05", "> 80 00"]);
        assert_eq!(desk.stored, []);
    }
}

#[test]
fn a_registration_that_fails_is_tried_again() {
    for framing in BOTH {
        for refusal in ["84 1E 6F", "84 37", "84 83"] {
            let mut desk = Desk::new(framing, false);
            desk.says(refusal);
            desk.takes(&["> 06 00", "not ready"]);
            desk.passes(2_000);
            desk.says("80 00");
            desk.says("06 0F 49 07 56");
            desk.takes(&["> 06 00", "not ready", "> 80 00"]);
        }
    }
    let mut desk = Desk::new(Framing::Tcp, false);
    desk.passes(5_000);
    desk.takes(&["> 06 00", "not ready", "close"]);
    desk.input(Input::LinkDown);
    desk.input(Input::LinkUp);
    desk.takes(&["> 06 00"]);
}

proptest! {
    /// However bytes are cut, the same happens.
    #[test]
    fn cuts_change_nothing(cuts in prop::collection::vec(1..30_usize, 1..10), serial in any::<bool>()) {
        let mut desk = Desk::ready(if serial { Framing::Serial } else { Framing::Tcp }, true);
        desk.pay(1, 1010);
        // An ACK would come in the middle of a frame here, where no terminal sends one.
        desk.acks = false;
        let wire: Vec<u8> = ["80 00", "04 FF 0E", GOOD, SLIP, "06 0F"]
            .iter()
            .flat_map(|message| desk.wire(message))
            .collect();
        let mut rest = &wire[..];
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break; }
            let (head, tail) = rest.split_at(rest.len().min(*cut));
            desk.input(Input::Bytes(head));
            rest = tail;
        }
        desk.log.retain(|word| !word.starts_with('>'));
        desk.takes(&["progress zvt:0E", "store", "receipt Customer", "completed"]);
    }

    /// Laws 2 and 4: whatever a terminal, a disk and a desk do, money is asked for once for each
    /// payment, nothing is acknowledged while an approval is stored, and each payment ends once.
    #[test]
    fn no_order_of_inputs_breaks_the_laws(
        steps in prop::collection::vec((0..16_u8, prop::collection::vec(any::<u8>(), 0..12)), 0..60),
        serial in any::<bool>(),
        print_here in any::<bool>(),
    ) {
        let mut desk = Desk::ready(if serial { Framing::Serial } else { Framing::Tcp }, print_here);
        desk.disk = None;
        let mut storing = false;
        let mut asked = Vec::new();
        for (step, junk) in steps {
            let before = desk.stored.len();
            match step {
                0 => {
                    let n = u8::try_from(asked.len()).unwrap() + 2;
                    asked.push(payment(n));
                    desk.pay(n, 1010);
                }
                1 => desk.input(Input::LinkDown),
                2 => desk.input(Input::LinkUp),
                3 => desk.input(Input::Bytes(&junk)),
                4 => desk.passes(200_000),
                5 => desk.passes(1_000),
                6 => { storing = false; desk.input(Input::Stored(junk.len() > 4)); }
                7 => desk.says("80 00"),
                8 => desk.says(GOOD),
                9 => desk.says(REGISTERED),
                10 => desk.says("06 1E 05"),
                11 => desk.says(SLIP),
                12 => desk.says("04 FF 0A"),
                13 => desk.says(OTHER),
                14 => desk.says("06 0F"),
                _ => desk.input(Input::Command(Command::Abort { payment: payment(2) })),
            }
            storing |= desk.stored.len() > before;
            if storing && !matches!(step, 1 | 2) && desk.stored.len() == before {
                prop_assert!(!desk.log.iter().any(|w| w == "> 80 00"), "{:?}", desk.log);
            }
            // The operation is over: its approval is no longer waited for.
            storing &= !desk.log.iter().any(|w| w.starts_with("doubted"));
            let requests = desk.log.iter().filter(|w| *w == "> 06 01").count();
            prop_assert!(requests <= usize::from(step == 0));
            desk.log.clear();
        }
        for id in asked {
            let ends = desk.events.iter().filter(|e| matches!(e, Event::Ended { payment, .. } if *payment == id));
            prop_assert!(ends.count() <= 1);
        }
    }
}
