//! The terminal from outside: bytes in, bytes out.

use drivers::{Input, Machine, Mono, Output};

use super::*;

/// A till that acknowledges everything, and keeps what was said.
struct Till {
    terminal: Terminal,
    now: Mono,
    heard: Vec<String>,
    hung_up: u32,
}

impl Till {
    fn new(options: Options) -> Self {
        let mut till = Self {
            terminal: Terminal::new(options),
            now: Mono::default(),
            heard: Vec::new(),
            hung_up: 0,
        };
        till.give(Input::LinkUp);
        till
    }

    fn say(&mut self, payload: &str) {
        let check = payload.bytes().fold(0x7f, |check, byte| check ^ byte);
        let frame = [b"\x02", payload.as_bytes(), b"\x03", &[check]].concat();
        self.give(Input::Bytes(&frame));
        for _ in 0..40 {
            self.now = self.now + std::time::Duration::from_secs(1);
            self.give(Input::Timeout);
        }
    }

    fn give(&mut self, input: Input<'_, std::convert::Infallible>) {
        self.terminal.handle(self.now, input);
        let mut said = Vec::new();
        loop {
            match self.terminal.poll() {
                Output::Send(bytes) => said.push(bytes),
                Output::Close => {
                    self.hung_up += 1;
                    self.terminal.handle(self.now, Input::LinkDown);
                    self.terminal.handle(self.now, Input::LinkUp);
                }
                Output::Open => {}
                Output::Wait(_) => break,
            }
        }
        for bytes in said {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let is_message = text.starts_with('\x02');
            self.heard.push(text);
            if is_message {
                self.give(Input::Bytes(b"\x06\x03\x79"));
            }
        }
    }
}

fn pay() -> String {
    format!("000000000X000000010000000001010{:128}00000000", "")
}

#[test]
fn a_payment_with_its_receipt() {
    let mut till = Till::new(Options::default());
    till.say("000000000E1");
    assert_eq!(till.heard.concat(), "\x06\x03\x79");
    till.say(&pay());
    let heard = till.heard.concat();
    assert!(heard.contains("AVVICINARE CARTA    \x04"), "{heard:?}");
    assert!(
        heard.contains("123456780E00000541333******1234CLIA1B2C30021000"),
        "{heard:?}"
    );
    assert!(heard.contains("00001010"), "{heard:?}");
    assert!(
        heard.contains("EUR 10,10") && heard.contains('\x1b'),
        "{heard:?}"
    );
    assert_eq!(till.hung_up, 1, "after the procedure, not behind E");
    assert_eq!(till.terminal.books().charged().len(), 1);
    till.heard.clear();
    till.say("000000000G000000010000");
    assert!(till.heard.concat().contains("CLIA1B2C3"));
    // Receipts come out at the terminal again.
    till.heard.clear();
    till.say(&pay());
    assert!(!till.heard.concat().contains('\x1b'));
}

#[test]
fn only_the_last_payment_goes_back_by_its_number() {
    let mut till = Till::new(Options::default());
    till.say(&pay());
    till.say(&pay());
    for (stan, left) in [("000001", 2), ("000002", 1), ("000002", 1)] {
        till.say(&format!("000000000S00000001{stan}00"));
        assert_eq!(till.terminal.books().charged().len(), left);
    }
    till.heard.clear();
    till.say("000000000C0000000100000000");
    assert!(
        till.heard
            .concat()
            .contains("C00000000000000101000000000000010")
    );
    till.heard.clear();
    till.say("000000000T0000000100000000");
    assert!(till.heard.concat().contains("T000000000000000000000000"));
}

#[test]
fn what_is_wrong_is_refused() {
    let mut till = Till::new(Options::default());
    for wrong in [
        "876543210s",
        "000000000Z",
        "000000000X",
        "0",
        "000000000G000000010000",
    ] {
        till.heard.clear();
        till.say(wrong);
        assert_eq!(till.heard.concat(), "\x15\x03\x6a", "{wrong}");
    }
}

#[test]
fn every_fault_can_be_armed() {
    for (name, _) in FAULTS {
        let mut faults: Faults = name.parse().unwrap();
        assert!(faults.take().is_some(), "{name}");
    }
    let error = "declined".parse::<Faults>().unwrap_err().to_string();
    assert!(error.contains("still-working"), "{error}");
}
