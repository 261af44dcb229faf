//! The ZVT driver against recorded traces.

use std::{fs, path::Path, time::Duration};

use config::ZvtCharset;
use drivers::terminal::{
    Command, Ending, Event,
    zvt::{self, Zvt, ZvtSettings},
};
use jiff::Timestamp;
use payment::{Currency, Money, PaymentId};
use simulator::terminal::zvt::{Framing, Replay};

use crate::world::World;

fn play(name: &str, framing: Framing, minor: i64) -> World<Zvt, Replay> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("traces/zvt-{name}.trace"));
    let replay = Replay::parse(&fs::read_to_string(path).unwrap()).unwrap();
    assert!(!replay.name().is_empty());
    let settings = ZvtSettings {
        currency: Currency::EUR,
        password: [0x12, 0x34, 0x56],
        charset: ZvtCharset::Latin1,
        answer_timeout: Duration::from_secs(5),
        completion_timeout: Duration::from_mins(3),
        print_here: true,
        numbered: false,
        manner: zvt::message::Manner::default(),
    };
    let ours = match framing {
        Framing::Serial => zvt::Framing::Serial,
        Framing::Tcp => zvt::Framing::Tcp,
    };
    let mut world = World::new(Zvt::new(settings, ours), replay.framed(framing));
    let ready = |event: &Event| matches!(event, Event::Ready { .. });
    world.run(Duration::from_mins(1), |world| {
        world.events.iter().any(ready)
    });
    let at: Timestamp = "2021-05-13T10:00:00Z".parse().unwrap();
    world.command(Command::Pay {
        payment: PaymentId::new(at, [1; 10]),
        money: Money::from_minor(minor, Currency::EUR).unwrap(),
    });
    let ended = |event: &Event| matches!(event, Event::Ended { .. });
    world.run(Duration::from_mins(1), |world| {
        world.events.iter().any(ended)
    });
    world
}

#[test]
fn the_driver_follows_every_trace() {
    for framing in [Framing::Serial, Framing::Tcp] {
        for (name, minor, code) in [
            ("approved", 1200, None),
            ("aborted", 1000, Some("zvt:6C")),
            ("declined", 1234, Some("zvt:05")),
        ] {
            let world = play(name, framing, minor);
            assert_eq!(world.device.mismatch(), None, "{name} {framing:?}");
            assert!(world.device.is_over(), "{name} {framing:?}");
            let ending = world.events.iter().find_map(|event| match event {
                Event::Ended { ending, .. } => Some(ending.clone()),
                _ => None,
            });
            let said = match ending.unwrap() {
                Ending::Completed => None,
                Ending::Declined(refusal) => refusal.code,
                Ending::Cancelled(cancellation) => cancellation.code,
                Ending::Doubted(doubt) => panic!("{name}: {doubt:?}"),
            };
            assert_eq!(said.as_ref().map(payment::Text::as_str), code, "{name}");
            assert_eq!(world.facts.len(), usize::from(name == "approved"));
        }
    }
}

#[test]
fn another_amount_is_no_part_of_the_trace() {
    let world = play("approved", Framing::Tcp, 1201);
    let mismatch = world.device.mismatch().unwrap().to_string();
    assert!(
        mismatch.starts_with("line 8: the till said 06 01"),
        "{mismatch}"
    );
}
