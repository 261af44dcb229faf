//! What the terminal holds as its last transaction, whoever made it.

use super::*;

/// What 06 20 repeats: the messages, and the last 04 0F's receipt, trace and original trace.
fn repeated(till: &mut Till) -> (String, [Option<u64>; 3]) {
    till.heard.clear();
    till.send(code::REPEAT_RECEIPT, b"\0\0\0\x03\x03");
    let status = till
        .heard
        .iter()
        .find(|a| a.code == code::STATUS_INFORMATION);
    let numbers = status.map(|apdu| {
        let fields = bmp::decode(apdu.data());
        [0x87, 0x0b, 0x37].map(|tag| fields.number(tag))
    });
    (till.codes(), numbers.unwrap_or_default())
}

#[test]
fn its_memory_holds_what_happens_without_the_till() {
    let told = "8000 040F 060F";
    let numbers = |receipt, trace, original| {
        let all = [receipt, trace, original];
        (
            told.to_owned(),
            all.map(|n: u64| Some(n).filter(|n| *n > 0)),
        )
    };
    let mut till = Till::registered(Framing::Tcp, "");
    assert_eq!(repeated(&mut till).0, "8000 061E", "nothing yet");
    for (act, expected, charged) in [
        (Act::Sale(500), numbers(1, 1, 0), &[500][..]),
        (Act::Reversal, numbers(2, 2, 1), &[]),
        (Act::Sale(700), numbers(3, 3, 0), &[700]),
        (Act::EndOfDay, numbers(0, 0, 0), &[700]),
        (Act::Sale(800), numbers(4, 4, 0), &[700, 800]),
    ] {
        till.terminal.act(act);
        assert_eq!(repeated(&mut till), expected, "{act:?}");
        assert_eq!(till.charged(), charged, "{act:?}");
    }
    for act in [Act::BeginAnew, Act::Swap(1)] {
        till.terminal.act(act);
        assert_eq!(repeated(&mut till).0, "8000 061E", "{act:?}");
        till.terminal.act(Act::Sale(900));
    }
    assert_eq!(repeated(&mut till), numbers(2, 2, 0), "counted anew");
    assert_eq!(
        till.charged(),
        [700, 800, 900, 900],
        "money stays where it is"
    );
}

#[test]
fn an_end_of_day_may_have_a_number_and_a_record_may_lack_some() {
    let mut till = Till::registered(Framing::Tcp, "");
    till.terminal.options.numbers_days = true;
    till.terminal.options.names_receipts = false;
    till.terminal.options.names_amounts = false;
    till.terminal.act(Act::EndOfDay);
    assert_eq!(repeated(&mut till).1, [None, Some(1), None]);
    till.terminal.act(Act::Sale(500));
    assert_eq!(repeated(&mut till).1, [None, Some(2), None]);
    let status = till.heard.get(1).unwrap();
    assert_eq!(bmp::decode(status.data()).number(0x04), None);
}

#[test]
fn what_happens_while_it_is_away_is_there_when_it_is_back() {
    let mut till = Till::registered(Framing::Tcp, "lose-answer-before-card");
    till.terminal.act_while_away(&[Act::Sale(500)]);
    assert_eq!(
        repeated(&mut till).0,
        "8000 061E",
        "it has not happened yet"
    );
    till.send(code::AUTHORISATION, PAY);
    assert!(till.hung_up);
    assert_eq!(till.charged(), [500]);
}

#[test]
fn a_reversal_by_itself_has_the_number_that_the_payment_would_have_had() {
    let mut till = Till::registered(Framing::Tcp, "auto-reversal");
    till.terminal.act(Act::Sale(500));
    till.send(code::AUTHORISATION, PAY);
    let last = repeated(&mut till);
    assert_eq!(last.1, [Some(2), Some(2), Some(2)]);
    assert_eq!(till.charged(), [500]);
}

#[test]
fn what_it_takes_back_by_itself_is_never_an_earlier_payment() {
    for fault in ["last-is-reversal", "auto-reversal"] {
        let mut till = Till::registered(Framing::Tcp, fault);
        till.terminal.act(Act::Sale(500));
        till.send(code::REFUND, b"\0\0\0\x04\0\0\0\0\x01\x00");
        assert_eq!(till.charged(), [500], "{fault}");
    }
}

#[test]
fn the_question_for_its_memory_goes_wrong_once() {
    for (fault, codes) in [
        ("repeat-busy", "849C"),
        ("repeat-hangs-up", ""),
        ("repeat-unknown", "8483"),
    ] {
        let mut till = Till::registered(Framing::Tcp, fault);
        till.terminal.act(Act::Sale(500));
        assert_eq!(repeated(&mut till).0, codes);
        assert_eq!(repeated(&mut till).0, "8000 040F 060F", "{fault}");
    }
}
