//! Concert V2 and Caisse-AP: their parsers, their drivers and their simulators.

use std::time::Duration;

use drivers::{
    Output,
    terminal::{
        Command, Event,
        caisse_ap::{
            CaisseAp, CaisseApSettings,
            element::{Reader, inner},
            message::Answer,
        },
        concert::{
            Concert, ConcertSettings,
            frame::{Deframer, Found, NAK, frame},
        },
    },
};
use jiff::Timestamp;
use payment::{Money, PaymentId, parse_currency};
use simulator::terminal::{SimulatedTerminal, caisse_ap, concert};

use crate::machines::{Step, run};

/// The bytes of a serial line. What is found says nothing of a card but four digits.
pub fn concert_line(data: &[u8]) {
    let mut deframer = Deframer::default();
    let found = data.iter().filter_map(|byte| deframer.push(*byte));
    for found in found {
        if let Found::Answer(answer) = found {
            let _: Option<_> = answer.money();
            assert!((0..100_000_000).contains(&answer.minor));
        }
    }
    let mut again = Deframer::default();
    let data: Vec<u8> = data.iter().map(|byte| byte % 64 + 32).take(100).collect();
    let bytes = frame(&data);
    let found: Vec<Found> = bytes.iter().filter_map(|b| again.push(*b)).collect();
    assert!(matches!(found[..], [Found::Answer(_) | Found::Strange]));
}

/// An answer over TCP, cut as its first byte says: the cuts change nothing.
pub fn caisse_ap_answer(data: &[u8]) {
    let Some((size, stream)) = data.split_first() else {
        return;
    };
    let read = |size: usize| {
        let mut answer = Answer::default();
        let mut reader = Reader::default();
        let broken = stream.chunks(size).any(|part| {
            reader
                .push(part, |tag, value| answer.take(tag, value))
                .is_err()
        });
        (answer, broken)
    };
    let (answer, broken) = read(usize::from(*size).max(1));
    let (whole, broken_at_once) = read(stream.len().max(1));
    assert_eq!(broken, broken_at_once);
    assert!(broken || answer == whole);
    let shown = format!("{:?} {:?}", answer.approval(), answer.slips);
    assert_eq!(
        payment::mask_card_numbers(&shown),
        shown,
        "no card number is taken over"
    );
    let _: Option<_> = inner(stream);
}

/// The Concert driver. A request leaves again after a NAK only (law 4).
pub fn concert_driver(data: &[u8]) {
    let Ok(currency) = parse_currency("EUR") else {
        return;
    };
    let mut machine = Concert::new(ConcertSettings {
        position: 1,
        currency,
        patience: Duration::from_mins(3),
    });
    let (mut sent, mut ended, mut naks, mut commands) = (0, 0, 0, 0);
    run(&mut machine, data, pay, |output, step| match output {
        Output::Send(bytes) => sent += usize::from(bytes.len() > 1),
        Output::Event(Event::Ended { .. }) => ended += 1,
        Output::Wait(_) => match step {
            Step::Bytes(bytes) => {
                naks += bytes.iter().map(|b| usize::from(*b == NAK)).sum::<usize>();
            }
            Step::Command(_) => commands += 1,
            _ => {}
        },
        _ => {}
    });
    assert!(sent <= 1 + naks, "law 4 is broken");
    assert!(ended <= commands, "an end for a command at most");
}

/// The Caisse-AP driver. It asks for money once (law 4).
pub fn caisse_ap_driver(data: &[u8]) {
    let Ok(currency) = parse_currency("EUR") else {
        return;
    };
    let mut machine = CaisseAp::new(CaisseApSettings {
        position: 1,
        identifier: "012345678901".to_owned(),
        currency,
        patience: Duration::from_mins(3),
        tickets: true,
    });
    let (mut sent, mut ended, mut commands) = (0, 0, 0);
    run(&mut machine, data, pay, |output, step| match output {
        Output::Send(_) => sent += 1,
        Output::Event(Event::Ended { .. }) => ended += 1,
        Output::Wait(_) => commands += usize::from(matches!(step, Step::Command(_))),
        _ => {}
    });
    assert!(sent <= 1, "law 4 is broken");
    assert!(ended <= commands, "an end for a command at most");
}

/// One payment, again and again, or a wish to stop it.
fn pay(which: u8) -> Option<Command> {
    let currency = parse_currency("EUR").ok()?;
    let payment = PaymentId::new(Timestamp::from_second(1_795_000_000).ok()?, [7; 10]);
    let money = Money::from_minor(1010, currency).ok()?;
    Some(match which % 2 {
        0 => Command::Pay { payment, money },
        _ => Command::Abort { payment },
    })
}

/// The simulated Concert terminal, with a fault by its first byte.
pub fn simulated_concert(data: &[u8]) {
    simulated(concert::Terminal::new(concert::Options::default()), data);
}

/// The simulated Caisse-AP terminal, with a fault by its first byte.
pub fn simulated_caisse_ap(data: &[u8]) {
    simulated(
        caisse_ap::Terminal::new(caisse_ap::Options::default()),
        data,
    );
}

fn simulated<T: SimulatedTerminal>(mut terminal: T, data: &[u8]) {
    let Some((first, data)) = data.split_first() else {
        return;
    };
    if let Some((name, _)) = T::FAULTS.get(usize::from(*first)) {
        assert!(terminal.arm_by_name(name).is_ok());
    }
    run(&mut terminal, data, |_| None, |_, _| {});
    let asked = usize::try_from(terminal.payments_asked()).unwrap_or(usize::MAX);
    assert!(
        terminal.charged().len() <= asked,
        "no charge without a command"
    );
}
