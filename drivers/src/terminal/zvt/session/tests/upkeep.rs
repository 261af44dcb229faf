//! Questions that move no money, step by step.

use payment::StoredKind;

use super::*;
use payment::closing::DayTotals;

const BOTH: [Framing; 2] = [Framing::Serial, Framing::Tcp];

/// What the terminal says to a command, and what comes of it.
fn check(command: &Command, says: &[&str], expected: &[&str]) {
    for framing in BOTH {
        let mut desk = Desk::ready(framing, true);
        desk.command(command.clone());
        for message in says {
            desk.says(message);
        }
        desk.takes(expected);
    }
}

#[test]
fn the_last_transaction() {
    let check = |says: &[&str], expected: &[&str]| {
        let asked = [&["> 06 20"], expected].concat();
        check(&Command::LastTransaction, says, &asked);
    };
    for (record, last) in [
        (GOOD, "last Payment"),
        (
            "04 0F 27 00 37 00 00 09",
            "last Reversal { original_trace: Some(9) }",
        ),
        ("04 0F 27 00 60 F0 F0 F1 00", "last EndOfDay"),
    ] {
        check(&["80 00", record, "06 0F"], &["> 80 00", last, "> 80 00"]);
    }
    // Some terminals hold a transaction and do not tell it: that is not nothing.
    check(&["80 00", "06 0F"], &["last unsupported", "> 80 00"]);
    check(&["80 00", "06 1E 83"], &["last unsupported", "> 80 00"]);
    check(&["84 83"], &["last unsupported"]);
    check(
        &["80 00", "04 0F 27 05", "06 0F"],
        &["> 80 00", "last unsupported", "> 80 00"],
    );
    check(
        &["80 00", "04 0F 04 00", "06 0F"],
        &["> 80 00", "last no answer", "> 80 00"],
    );
    for busy in ["84 9C", "84 A0", "84 E0"] {
        check(&[busy], &["last busy"]);
    }
    check(&["80 00", "06 1E E0"], &["last busy", "> 80 00"]);
}

#[test]
fn no_question_is_left_without_an_end() {
    let services = [
        Service::Diagnosis,
        Service::RepeatReceipt,
        Service::DisplayText(Text::new("Hallo")),
        Service::LogOff,
    ];
    let services = services.map(|service| (Command::Service(service), "not served "));
    let questions = [
        (Command::LastTransaction, "last no answer"),
        (Command::EndOfDay, "day unknown"),
    ];
    for (command, end) in questions.into_iter().chain(services) {
        for framing in BOTH {
            for said in [&[][..], &["04 FF 0E"]] {
                let mut desk = Desk::ready(framing, true);
                desk.command(command.clone());
                for message in said {
                    desk.says(message);
                }
                desk.log.clear();
                desk.input(Input::LinkDown);
                desk.takes(&[end, "not ready"]);

                let mut desk = Desk::ready(framing, true);
                desk.command(command.clone());
                desk.log.clear();
                desk.passes(200_000);
                assert_eq!(desk.log.first().map(String::as_str), Some(end));
                desk.input(Input::LinkDown);
                let ends = desk.log.iter().filter(|word| *word == end).count();
                assert_eq!(ends, 1);
            }
        }
        let mut desk = Desk::new(Framing::Tcp, true);
        desk.log.clear();
        desk.command(command);
        assert_eq!(desk.log.len(), 1, "refused at once: {:?}", desk.log);
    }
}

#[test]
fn the_end_of_day() {
    const HEAD: &str = "04 0F 27 00 04 00 00 00 00 60 00 0C 13 20 57 0D 05 13 60 F0 F5 F3 01 99 02 03 05 00 00 00 00 60 00";
    // Six other brands without a payment.
    let totals = format!("{HEAD}{}", " 00".repeat(42));
    let totals = totals.as_str();
    let check = |says: &[&str], expected: &[&str]| {
        let asked = [&["> 06 50"], expected].concat();
        check(&Command::EndOfDay, says, &asked);
    };
    check(
        &["80 00", "04 FF 0F", totals, SLIP, "06 0F"],
        &[
            "> 80 00",
            "> 80 00",
            "receipt Customer",
            "> 80 00",
            "day done",
            "> 80 00",
        ],
    );
    check(&["80 00", "06 0F"], &["day done", "> 80 00"]);
    check(&["84 77"], &["day refused zvt:77"]);
    check(
        &["80 00", "04 0F 27 77", "06 1E"],
        &["> 80 00", "day refused zvt:77", "> 80 00"],
    );
    check(
        &["80 00", totals, "06 1E 77"],
        &["> 80 00", "day unknown", "> 80 00"],
    );
    // The terminal updates itself: it is asked again later.
    check(
        &["80 00", totals, "06 0F 27 E0"],
        &["> 80 00", "day done", "not ready", "> 80 00"],
    );
    let mut desk = Desk::ready(Framing::Tcp, true);
    desk.command(Command::EndOfDay);
    for message in ["80 00", totals, "06 0F"] {
        desk.says(message);
    }
    let Some(Event::DayEnded(DayEnd::Done(done))) = desk.events.last() else {
        panic!("{:?}", desk.events);
    };
    let DayTotals {
        total_minor,
        receipts,
        brands,
    } = done;
    assert_eq!((*total_minor, *receipts), (Some(6000), Some((199, 203))));
    let girocard = &brands[0];
    assert_eq!(
        (girocard.brand.as_str(), girocard.count, girocard.minor),
        ("girocard", 5, 6000)
    );
    assert_eq!(brands.len(), 7);
}

#[test]
fn services() {
    let time = jiff::civil::DateTime::constant(2026, 3, 4, 5, 6, 7, 0);
    for (service, asked) in [
        (Service::Diagnosis, "> 06 70"),
        (Service::Initialisation, "> 06 93"),
        (Service::SetClock(time), "> 06 91"),
        (Service::RepeatReceipt, "> 06 20"),
    ] {
        let command = Command::Service(service);
        check(
            &command,
            &["80 00", "04 FF C9", SLIP, "06 0F"],
            &[
                asked,
                "> 80 00",
                "receipt Customer",
                "> 80 00",
                "served",
                "> 80 00",
            ],
        );
        check(
            &command,
            &["80 00", "06 1E 64"],
            &[asked, "not served zvt:64", "> 80 00"],
        );
        check(&command, &["84 83"], &[asked, "not served zvt:83"]);
    }
    let shows = Command::Service(Service::DisplayText(Text::new("Hallo Welt")));
    check(&shows, &["80 00"], &["> 06 E0", "served"]);
    let log_off = Command::Service(Service::LogOff);
    check(&log_off, &["80 00"], &["> 06 02", "served", "not ready"]);
    // Registered again before anything else.
    let mut desk = Desk::ready(Framing::Tcp, true);
    desk.command(log_off);
    desk.says("80 00");
    desk.pay(1, 1010);
    desk.passes(2_000);
    desk.takes(&["> 06 02", "served", "not ready", "cancelled ", "> 06 00"]);
}

#[test]
fn an_idle_terminal_is_asked_how_it_is() {
    for framing in BOTH {
        let mut desk = Desk::ready(framing, true);
        desk.passes(59_999);
        desk.takes(&[]);
        desk.passes(1);
        desk.says("80 00");
        desk.says("06 0F F0 F0 F7 32 2E 31 34 2E 31 35 00");
        desk.takes(&["> 05 01", "> 80 00"]);
        // Something is wrong with it: until it is over.
        desk.passes(60_000);
        desk.says("80 00");
        desk.says("06 0F F0");
        desk.takes(&["> 05 01", "not ready", "> 80 00"]);
        desk.passes(10_000);
        desk.says("80 00");
        desk.says("06 0F 00");
        desk.takes(&["> 05 01", "ready 29001006", "> 80 00"]);
        // It does not answer: half a connection is none.
        desk.passes(60_000);
        desk.passes(5_000);
        assert_eq!(desk.log[..2], ["> 05 01", "not ready"]);
        assert_eq!(
            desk.log.contains(&"close".to_owned()),
            framing == Framing::Tcp
        );
    }
    // It does not know the question, or not in this form.
    for refusal in ["84 83", "84 9A"] {
        let mut desk = Desk::ready(Framing::Tcp, true);
        desk.passes(60_000);
        desk.says(refusal);
        desk.passes(600_000);
        desk.takes(&["> 05 01"]);
        desk.pay(1, 1010);
        desk.takes(&["> 06 01"]);
    }
    let mut desk = Desk::ready(Framing::Tcp, true);
    desk.passes(60_000);
    desk.says("84 E0");
    desk.takes(&["> 05 01", "not ready"]);
}

#[test]
fn a_payment_waits_for_our_own_question() {
    for framing in BOTH {
        let mut desk = Desk::ready(framing, true);
        desk.passes(60_000);
        desk.pay(1, 1010);
        desk.pay(2, 1010);
        desk.takes(&["> 05 01", "cancelled "]);
        desk.says("80 00");
        desk.says("06 0F 00");
        desk.takes(&["> 80 00", "> 06 01"]);
    }
}

#[test]
fn what_an_earlier_till_left_on_the_display_is_ended_before_a_payment() {
    for framing in BOTH {
        for (then, expected) in [
            ("06 0F 00", &["ready 29001006", "> 80 00", "> 06 01"][..]),
            ("06 0F 9C", &["cancelled ", "> 80 00"]),
        ] {
            let mut desk = Desk::ready(framing, true);
            desk.passes(60_000);
            desk.pay(1, 1010);
            desk.says("80 00");
            desk.says("06 0F 9C");
            desk.says("80 00");
            desk.says("80 00");
            desk.says(then);
            let mut said = desk.log.clone();
            said.sort();
            let mut all = [
                &["> 05 01", "not ready", "> 80 00", "> 06 B0", "> 05 01"],
                expected,
            ]
            .concat();
            all.sort_unstable();
            assert_eq!(said, all);
            assert_eq!(desk.money_requests, usize::from(then == "06 0F 00"));
        }
        // The terminal refuses the payment itself: it is not asked for again.
        let mut desk = Desk::ready(framing, true);
        desk.pay(1, 1010);
        desk.says("84 9C");
        desk.says("84 83");
        desk.says("80 00");
        desk.says("06 0F 00");
        desk.takes(&[
            "> 06 01",
            "declined zvt:9C",
            "> 06 B0",
            "> 05 01",
            "> 80 00",
        ]);
    }
}

#[test]
fn a_payment_that_waits_can_be_aborted() {
    let mut desk = Desk::ready(Framing::Tcp, true);
    desk.passes(60_000);
    desk.pay(1, 1010);
    desk.command(Command::Abort {
        payment: payment(1),
    });
    desk.says("80 00");
    desk.says("06 0F 00");
    desk.takes(&["> 05 01", "cancelled ", "> 80 00"]);
}

#[test]
fn messages_are_numbered_when_the_terminal_can() {
    let mut desk = Desk::numbered();
    desk.says("80 00");
    desk.says("06 0F 19 00 29 65 00 00 28 49 09 78 06 0C 26 04 0A 02 06 D3 1F 73 03 00 00 00");
    desk.log.clear();
    desk.pay(1, 1010);
    assert_eq!(
        desk.sent.last().unwrap().data().last_chunk(),
        Some(&[0_u8, 0, 1])
    );
    desk.says("80 00 06 06 1F 73 03 00 00 01");
    desk.says("04 FF 17 06 06 1F 73 03 00 00 02");
    let answer = desk.sent.last().unwrap();
    assert_eq!(answer.encode(), hex("80 00 08 06 06 1F 73 03 00 00 02"));
    // The number of the approval, although something came after it.
    desk.disk = None;
    desk.says("04 0F 27 00 06 06 1F 73 03 00 00 03");
    desk.says("04 FF 17 06 06 1F 73 03 00 00 04");
    desk.input(Input::Stored(true));
    let answers: Vec<u8> = desk
        .sent
        .iter()
        .rev()
        .take(2)
        .map(|a| a.data()[7])
        .collect();
    assert_eq!(answers, [4, 3]);
}

#[test]
fn the_year_of_what_is_stored_comes_from_the_clock() {
    let told = |desk: &mut Desk| {
        desk.command(Command::LastTransaction);
        desk.says("80 00");
        desk.says("04 0F 27 00 0C 23 59 58 0D 12 31");
        desk.says("06 0F");
        match desk.events.last() {
            Some(Event::LastTransaction(LastTransaction::Stored(stored))) => {
                assert_eq!(stored.kind, StoredKind::Payment);
                stored
                    .approval
                    .terminal_time
                    .map(jiff::civil::DateTime::year)
            }
            other => panic!("{other:?}"),
        }
    };
    let mut desk = Desk::ready(Framing::Tcp, true);
    assert_eq!(told(&mut desk), None);
    desk.zvt = desk.zvt.with_clock("2026-01-01T00:01:00Z".parse().unwrap());
    assert_eq!(told(&mut desk), Some(2025));
}
