//! Each fault, and what becomes of the money by it.

use super::*;

/// The codes of a payment that nothing goes wrong with.
const GOOD: &str = "8000 04FF 04FF 040F 06D3 06D3 060F";

/// A fault, the codes that the terminal sends, the results of its 04 0F, and what it charges.
const TABLE: &[(&str, &str, &[u8], &[u64])] = &[
    ("", GOOD, &[0], &[1010]),
    ("decline", "8000 04FF 04FF 040F 061E", &[5], &[]),
    (
        "decline-then-approve",
        "8000 04FF 04FF 040F 04FF 040F 06D3 06D3 060F",
        &[0x37, 0],
        &[1010],
    ),
    (
        "abort-by-customer",
        "8000 04FF 04FF 040F 061E",
        &[0x6c],
        &[],
    ),
    ("refuse", "84FF", &[], &[]),
    ("busy", "849C", &[], &[]),
    ("end-of-day-required", "8000 040F 061E", &[0xf0], &[]),
    ("lose-answer-before-card", "8000", &[], &[]),
    ("lose-answer-after-approval", "8000 04FF 04FF", &[], &[1010]),
    ("hang-up-after-approval", "8000 04FF 04FF 040F", &[0], &[]),
    (
        "power-loss-after-approval",
        "8000 04FF 04FF 040F 06D3 06D3",
        &[0],
        &[1010],
    ),
    (
        "abort-after-approval",
        "8000 04FF 04FF 040F 061E",
        &[0],
        &[],
    ),
    ("late-approval", GOOD, &[0], &[1010]),
    ("silent", "", &[], &[]),
    ("slow", GOOD, &[0], &[1010]),
    ("garbage", "8000 04FF 04FF", &[], &[]),
    ("over-long", "8000 04FF 04FF", &[], &[]),
    ("nak", GOOD, &[0], &[1010]),
    ("bad-crc", GOOD, &[0], &[1010]),
    ("dle-noise", GOOD, &[0], &[1010]),
    (
        "duplicate-status",
        "8000 04FF 04FF 040F 040F 06D3 06D3 060F",
        &[0, 0],
        &[1010],
    ),
    ("other-amount", GOOD, &[0], &[1009]),
    ("no-amount", GOOD, &[0], &[1010]),
    ("partial-segments", GOOD, &[0], &[1010]),
    ("coalesce", GOOD, &[0], &[1010]),
    ("unknown-fields", GOOD, &[0], &[1010]),
    ("unmasked-pan", GOOD, &[0], &[1010]),
    ("swapped", "8000", &[], &[]),
    ("no-stored-transaction", "8000 04FF 04FF", &[], &[1010]),
    ("last-is-reversal", "8000 04FF 04FF", &[], &[]),
    ("last-is-end-of-day", "8000 04FF 04FF", &[], &[1010]),
    ("auto-reversal", "8000 04FF 04FF", &[], &[]),
    ("stale-status", "8000 04FF 04FF", &[], &[]),
    (
        "hang-up-before-completion",
        "8000 04FF 04FF 040F 06D3 06D3",
        &[0],
        &[1010],
    ),
    ("repeat-busy", GOOD, &[0], &[1010]),
    ("repeat-hangs-up", GOOD, &[0], &[1010]),
    ("repeat-unknown", GOOD, &[0], &[1010]),
    ("maintenance", GOOD, &[0], &[1010]),
    ("hang-up-in-diagnosis", GOOD, &[0], &[1010]),
    ("stale-amount", "849C", &[], &[]),
];

#[test]
fn each_fault_does_what_its_table_says() {
    for (fault, codes, results, charged) in TABLE.iter().copied() {
        for framing in [Framing::Tcp, Framing::Serial] {
            let mut till = Till::registered(framing, fault);
            till.send(code::AUTHORISATION, PAY);
            // On TCP, noise may look like the head of a message.
            assert_eq!(till.codes(), codes, "{fault} {framing:?}");
            assert_eq!(till.results(), results, "{fault} {framing:?}");
            assert_eq!(till.charged(), charged, "{fault} {framing:?}");
            assert_eq!(till.terminal.authorisations_seen(), 1, "{fault}");
            let nak = u32::from(fault == "nak" && framing == Framing::Serial);
            assert_eq!(till.naks, nak, "{fault} {framing:?}");
        }
    }
    assert_eq!(
        Fault::ALL.len(),
        39,
        "a new fault belongs into the table above"
    );
}

#[test]
fn the_table_of_faults_says_what_becomes_of_the_money() {
    for (name, what) in FAULTS {
        let mut till = Till::registered(Framing::Serial, name);
        till.send(code::AUTHORISATION, PAY);
        let expected = what.to_lowercase().contains("charge") && !what.contains("Not charged");
        assert_eq!(!till.charged().is_empty(), expected, "{name}: {what}");
    }
}

#[test]
fn what_is_not_acknowledged_is_reversed() {
    for framing in [Framing::Tcp, Framing::Serial] {
        let mut till = Till::registered(framing, "");
        till.acknowledge = false;
        // Without intermediate statuses, 04 0F is the first that needs an acknowledgement.
        let mut register = REGISTER.to_vec();
        *register.get_mut(3).unwrap() = 0x86;
        till.send(code::REGISTRATION, &register);
        till.send(code::AUTHORISATION, PAY);
        assert_eq!(till.codes(), "8000 040F 061E");
        assert_eq!(till.charged(), [] as [u64; 0]);
        let standing = till
            .terminal
            .books()
            .transactions()
            .first()
            .map(|t| t.standing);
        assert_eq!(standing, Some(Standing::Reversed));
    }
}

#[test]
fn a_late_approval_comes_on_the_next_connection() {
    let mut till = Till::registered(Framing::Tcp, "late-approval");
    let pay = Apdu::new(code::AUTHORISATION, PAY.to_vec()).encode();
    till.give(Input::Bytes(&pay));
    till.now = till.now + Duration::from_secs(1);
    till.give(Input::Timeout);
    till.now = till.now + Duration::from_secs(190);
    assert_eq!(
        till.give(Input::LinkDown),
        None,
        "nothing to do without a link"
    );
    till.now = till.now + Duration::from_secs(30);
    till.heard.clear();
    till.give(Input::LinkUp);
    assert_eq!(till.codes(), "040F 06D3 06D3 060F");
    assert_eq!(till.charged(), [1010]);
}

#[test]
fn the_dead_wake_and_go_on() {
    let mut till = Till::registered(Framing::Serial, "silent");
    till.send(code::AUTHORISATION, PAY);
    till.send(code::STATUS_ENQUIRY, b"");
    assert_eq!(till.codes(), "8000 060F");
    till.send(code::AUTHORISATION, PAY);
    assert_eq!(till.charged(), [1010]);
}

#[test]
fn a_link_that_it_dropped_is_down_and_nothing_more_is_to_be_done() {
    for fault in ["lose-answer-before-card", "hang-up-after-approval"] {
        let mut terminal = Terminal::new(Options::default(), Framing::Tcp);
        terminal.arm(fault.parse().unwrap());
        let mut now = Mono::default();
        terminal.handle(now, Input::LinkUp);
        let mut outputs = Vec::new();
        for apdu in [
            Apdu::new(code::REGISTRATION, REGISTER.to_vec()),
            Apdu::accepted(),
            Apdu::new(code::AUTHORISATION, PAY.to_vec()),
            Apdu::accepted(),
            Apdu::accepted(),
        ] {
            terminal.handle(now, Input::Bytes(&apdu.encode()));
            now = now + Duration::from_secs(1);
            terminal.handle(now, Input::Timeout);
            outputs.extend(std::iter::from_fn(|| match terminal.poll() {
                Output::Send(bytes) => Some(bytes),
                Output::Open | Output::Close | Output::Wait(_) => None,
            }));
        }
        assert!(!outputs.is_empty(), "{fault}");
        assert_eq!(terminal.poll(), Output::Close, "{fault}");
        terminal.handle(now, Input::LinkDown);
        assert!(matches!(terminal.poll(), Output::Wait(_)), "{fault}");
    }
}
