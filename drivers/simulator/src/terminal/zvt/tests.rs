use std::time::Duration;

use drivers::{
    Input, Machine, Mono, Output,
    terminal::zvt::{
        apdu::{Apdu, Reader, code},
        bmp,
        rs232::{self, Deframer, Found},
    },
};
use proptest::prelude::*;

use super::*;

mod faults;
mod memory;
mod served;

/// A till that acknowledges everything, on virtual time.
struct Till {
    terminal: Terminal,
    framing: Framing,
    now: Mono,
    reader: Reader,
    deframer: Deframer,
    /// Commands of the terminal in hexadecimal codes, its answers too.
    heard: Vec<Apdu>,
    naks: u32,
    hung_up: bool,
    acknowledge: bool,
}

const REGISTER: &[u8] = b"\0\0\0\x8e\x09\x78\x06\x06\x26\x04\x0a\x02\x06\xd3";
const PAY: &[u8] = b"\x04\0\0\0\0\x10\x10\x49\x09\x78\x19\x40";

impl Till {
    fn new(framing: Framing, faults: &str) -> Self {
        let mut terminal = Terminal::new(Options::default(), framing);
        terminal.arm(faults.parse().unwrap());
        let mut till = Self {
            terminal,
            framing,
            now: Mono::default(),
            reader: Reader::default(),
            deframer: Deframer::default(),
            heard: Vec::new(),
            naks: 0,
            hung_up: false,
            acknowledge: true,
        };
        till.give(Input::LinkUp);
        till
    }

    fn registered(framing: Framing, faults: &str) -> Self {
        let mut till = Self::new(framing, faults);
        till.send(code::REGISTRATION, REGISTER);
        assert_eq!(till.codes(), "8000 060F");
        till
    }

    fn give(&mut self, input: Input<'_, std::convert::Infallible>) -> Option<Mono> {
        self.terminal.handle(self.now, input);
        let mut answers = Vec::new();
        let wait = loop {
            match self.terminal.poll() {
                Output::Send(bytes) => answers.extend(self.take(&bytes)),
                Output::Close => {
                    self.hung_up = true;
                    self.terminal.handle(self.now, Input::LinkDown);
                    self.terminal.handle(self.now, Input::LinkUp);
                }
                Output::Open => {}
                Output::Wait(wait) => break wait,
            }
        };
        if answers.is_empty() {
            wait
        } else {
            self.give(Input::Bytes(&answers))
        }
    }

    /// Takes bytes of the terminal, and gives the bytes of the acknowledgement.
    fn take(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut answers = Vec::new();
        let mut apdus = Vec::new();
        match self.framing {
            Framing::Tcp => {
                self.reader.push(bytes);
                apdus.extend(std::iter::from_fn(|| self.reader.next()));
            }
            Framing::Serial => {
                for byte in bytes {
                    match self.deframer.push(*byte) {
                        Some(Found::Message(apdu)) => {
                            answers.push(rs232::ACK);
                            apdus.push(apdu);
                        }
                        Some(Found::Broken) => answers.push(rs232::NAK),
                        Some(Found::Nak) => {
                            self.naks += 1;
                            answers.extend(rs232::frame(&Apdu::accepted()));
                        }
                        Some(Found::Ack | Found::Noise) | None => {}
                    }
                }
            }
        }
        for apdu in apdus {
            if !apdu.is_answer() && self.acknowledge {
                answers.extend(self.wire(&Apdu::accepted()));
            }
            self.heard.push(apdu);
        }
        answers
    }

    fn wire(&self, apdu: &Apdu) -> Vec<u8> {
        match self.framing {
            Framing::Tcp => apdu.encode(),
            Framing::Serial => rs232::frame(apdu),
        }
    }

    /// Sends a command, byte by byte, and lets ten minutes pass.
    fn send(&mut self, code: u16, data: &[u8]) {
        self.heard.clear();
        let bytes = self.wire(&Apdu::new(code, data.to_vec()));
        let mut wait = None;
        for byte in bytes {
            wait = self.give(Input::Bytes(&[byte]));
        }
        let end = self.now + Duration::from_mins(10);
        while let Some(at) = wait.filter(|at| *at <= end) {
            self.now = at;
            wait = self.give(Input::Timeout);
        }
    }

    fn codes(&self) -> String {
        let codes: Vec<String> = self
            .heard
            .iter()
            .map(|apdu| format!("{:04X}", apdu.code))
            .collect();
        codes.join(" ")
    }

    fn charged(&self) -> Vec<u64> {
        self.terminal
            .books()
            .charged()
            .iter()
            .map(|t| t.amount)
            .collect()
    }

    /// Result codes of all 04 0F.
    fn results(&self) -> Vec<u8> {
        let statuses = self
            .heard
            .iter()
            .filter(|a| a.code == code::STATUS_INFORMATION);
        statuses
            .filter_map(|a| bmp::decode(a.data()).byte(0x27))
            .collect()
    }
}

#[test]
fn a_status_tells_what_a_real_one_tells() {
    let mut till = Till::registered(Framing::Tcp, "");
    till.send(code::AUTHORISATION, PAY);
    let status = till
        .heard
        .iter()
        .find(|a| a.code == code::STATUS_INFORMATION)
        .unwrap();
    let fields = bmp::decode(status.data());
    assert_eq!(fields.unread, 0);
    assert_eq!(fields.number(0x04), Some(1010));
    assert_eq!(fields.number(0x29), Some(28_004_869));
    assert_eq!(fields.number(0x87), Some(1));
    assert_eq!(fields.number(0x0c), Some(100_002), "two seconds after ten");
    assert_eq!(
        fields.last4.map(|last4| last4.to_string()),
        Some("1111".to_owned())
    );
    assert!(!status.data().windows(2).any(|w| w == [0x41, 0x11]));
}

#[test]
fn a_whole_card_number_is_sent_when_asked_for() {
    let mut till = Till::registered(Framing::Tcp, "unmasked-pan");
    till.send(code::AUTHORISATION, PAY);
    let has = |code: u16, needle: &[u8]| {
        let found = till.heard.iter().find(|a| a.code == code).unwrap();
        found.data().windows(needle.len()).any(|w| w == needle)
    };
    assert!(has(
        code::STATUS_INFORMATION,
        &[0x22, 0xf0, 0xf8, 0x41, 0x11]
    ));
    assert!(has(code::STATUS_INFORMATION, b"4111111111111111"));
    assert!(has(code::PRINT_BLOCK, b"4111111111111111"));
}

#[test]
fn receipts_come_the_way_the_till_asked_for() {
    for (register, prints) in [
        (
            &b"\0\0\0\x8e\x09\x78"[..],
            "06D1 06D1 06D1 06D1 06D1 06D1 06D1 06D1 ",
        ),
        (b"\0\0\0\x08\x09\x78", ""),
        (
            b"\0\0\0\x8a\x09\x78\x06\x06\x26\x04\x0a\x02\x06\xd3",
            "06D3 ",
        ),
    ] {
        let mut till = Till::registered(Framing::Tcp, "");
        till.send(code::REGISTRATION, register);
        till.send(code::AUTHORISATION, PAY);
        let expected = format!("8000 04FF 04FF 040F {prints}{prints}060F");
        assert_eq!(till.codes(), expected);
    }
}

#[test]
fn the_other_commands() {
    let mut till = Till::new(Framing::Serial, "");
    let mut check = |code: u16, data: &[u8], expected: &str| {
        till.send(code, data);
        assert_eq!(till.codes(), expected, "{code:04X}");
    };
    check(code::AUTHORISATION, PAY, "846B");
    check(code::REGISTRATION, b"\x12\x34\x56\x8e\x09\x78", "8437");
    check(code::REGISTRATION, b"\0\0\0\x8e\x07\x56", "846F");
    check(code::REGISTRATION, b"\0\0", "849A");
    check(code::REGISTRATION, REGISTER, "8000 060F");
    check(code::STATUS_ENQUIRY, b"", "8000 060F");
    check(code::REPEAT_RECEIPT, b"\0\0\0\x03\x03", "8000 061E");
    check(
        code::AUTHORISATION,
        PAY,
        "8000 04FF 04FF 040F 06D3 06D3 060F",
    );
    check(code::REPEAT_RECEIPT, b"\0\0\0\x03\x03", "8000 040F 060F");
    check(code::REPEAT_RECEIPT, b"\0\0\0", "8000 06D3 06D3 060F");
    check(code::REVERSAL, b"\0\0\0\x87\0\x09", "8000 061E");
    check(
        code::REVERSAL,
        b"\0\0\0\x87\0\x01",
        "8000 04FF 04FF 040F 06D3 06D3 060F",
    );
    check(code::REVERSAL, b"\0\0\0\x87\0\x01", "8000 061E");
    check(
        code::REFUND,
        b"\0\0\0\x04\0\0\0\0\x01\x00",
        "8000 04FF 04FF 040F 06D3 06D3 060F",
    );
    check(code::REFUND, b"\x12\x34\x56\x04\0\0\0\0\x01\x00", "8437");
    check(code::END_OF_DAY, b"\0\0\0", "8000 040F 06D3 060F");
    check(0x0670, b"", "8000 06D3 060F");
    check(0x0693, b"\0\0\0", "8000 06D3 060F");
    check(
        0x0691,
        b"\0\0\0\xaa\x26\x03\x04\x0c\x05\x06\x07",
        "8000 060F",
    );
    check(0x06e0, b"\xf1\xf1\xf0Hallo Welt", "8000");
    check(code::ABORT_REQUEST, b"", "8000");
    check(0x06c0, b"", "8483");
    check(code::LOG_OFF, b"", "8000");
    check(code::AUTHORISATION, PAY, "846B");
    assert_eq!(
        till.charged(),
        [] as [u64; 0],
        "the only payment was reversed"
    );
    assert_eq!(till.terminal.authorisations_seen(), 3);
}

#[test]
fn the_end_of_day_ends_its_own_demand() {
    let mut till = Till::registered(Framing::Tcp, "end-of-day-required=9");
    for _ in 0..2 {
        till.send(code::AUTHORISATION, PAY);
        assert_eq!(till.results(), [0xf0]);
    }
    till.send(code::END_OF_DAY, b"\0\0\0");
    till.send(code::AUTHORISATION, PAY);
    assert_eq!(till.results(), [0]);
}

#[test]
fn numbers_wrap() {
    let options = Options {
        next_receipt: 9999,
        next_trace: 999_999,
        ..Options::default()
    };
    let mut books = Terminal::new(options, Framing::Tcp).books;
    let mut next = || {
        let t = books.begin(Kind::Payment, 1, Standing::Committed);
        (t.receipt, t.trace)
    };
    assert_eq!([next(), next()], [(9999, 999_999), (1, 1)]);
}

#[test]
fn what_is_done_for_its_keeper_is_seen_and_printed() {
    let mut till = Till::registered(Framing::Tcp, "hang-up-in-diagnosis");
    till.send(code::DISPLAY_TEXT, b"\xf1\xf0\xf5Gleic\xf2\xf0\xf2h!");
    assert_eq!(till.terminal.displayed(), ["Gleic", "h!"]);
    for (asked, says) in [
        (code::INITIALISATION, "8000 06D3 060F"),
        (code::DIAGNOSIS, "8000"),
    ] {
        till.heard.clear();
        till.send(asked, b"\0\0\0");
        assert_eq!(till.codes(), says);
    }
}

#[test]
fn after_its_end_of_day_it_may_be_away() {
    let mut till = Till::registered(Framing::Tcp, "maintenance");
    till.send(code::END_OF_DAY, b"\0\0\0");
    let completion = till.heard.last().unwrap();
    assert_eq!(
        (completion.code, completion.data()),
        (code::COMPLETION, &[0x27, 0xe0][..])
    );
    till.send(code::END_OF_DAY, b"\0\0\0");
    assert_eq!(till.heard.last().unwrap().data(), b"");
}

#[test]
fn an_abort_is_heard_before_the_card_and_not_after() {
    for (after, codes, charged) in [
        (0, "8000 04FF 8000 040F 061E", &[][..]),
        (1, "8000 04FF 04FF 849C 040F 06D3 06D3 060F", &[1010]),
    ] {
        let mut till = Till::registered(Framing::Tcp, "");
        let pay = Apdu::new(code::AUTHORISATION, PAY.to_vec()).encode();
        till.heard.clear();
        till.give(Input::Bytes(&pay));
        till.now = till.now + Duration::from_secs(after);
        till.give(Input::Timeout);
        let abort = Apdu::new(code::ABORT_REQUEST, Vec::new()).encode();
        let mut wait = till.give(Input::Bytes(&abort));
        while let Some(at) = wait {
            till.now = at;
            wait = till.give(Input::Timeout);
        }
        assert_eq!(till.codes(), codes);
        assert_eq!(till.charged(), charged);
    }
}

proptest! {
    #[test]
    fn any_bytes_at_any_time_do_no_harm(
        serial in any::<bool>(),
        fault in prop::sample::select(FAULTS.iter().map(|(name, _)| *name).collect::<Vec<_>>()),
        pieces in prop::collection::vec(
            (0..300_u64, prop_oneof![
                prop::collection::vec(any::<u8>(), 0..40),
                Just(Apdu::new(code::AUTHORISATION, PAY.to_vec()).encode()),
                Just(Apdu::accepted().encode()),
                Just(rs232::frame(&Apdu::new(code::AUTHORISATION, PAY.to_vec()))),
                Just(rs232::frame(&Apdu::accepted())),
                Just(vec![rs232::ACK]),
            ]),
            0..30,
        ),
    ) {
        let framing = if serial { Framing::Serial } else { Framing::Tcp };
        let mut till = Till::registered(framing, fault);
        for (seconds, bytes) in &pieces {
            till.now = till.now + Duration::from_secs(*seconds);
            till.give(Input::Timeout);
            till.give(Input::Bytes(bytes));
        }
        let charged = u32::try_from(till.charged().len()).unwrap();
        prop_assert!(charged <= till.terminal.authorisations_seen());
    }
}
