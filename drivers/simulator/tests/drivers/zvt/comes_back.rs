//! A till or a terminal that was away finds the other as it was left, and goes on.

use super::*;

/// After how many deliveries a till dies, how long the next one takes to come, and whether that
/// one keeps what is left over.
fn deaths() -> impl Iterator<Item = (u32, u64, bool)> {
    let pauses = (1..60).flat_map(|n| [(n, 40), (n, 3000)]);
    pauses.flat_map(|(n, pause)| [(n, pause, true), (n, pause, false)])
}

/// A till that starts anew finds a terminal in the middle of whatever the last one asked.
#[test]
fn a_new_till_is_ready_soon_wherever_the_last_one_died() {
    for command in [
        Command::LastTransaction,
        Command::EndOfDay,
        Command::Service(Service::RepeatReceipt),
        Command::Pay {
            payment: payment(2),
            money: euros(1010),
        },
    ] {
        for (deliveries, pause, durable) in deaths() {
            let mut world = world(Framing::Serial, "", true);
            pay(&mut world, 1);
            world.dies_after = Some(deliveries);
            world.command(command.clone());
            world.run(Duration::from_secs(20), World::is_dead);
            if !world.is_dead() {
                break;
            }
            world.run(Duration::from_millis(pause), |_| false);
            world.durable = durable;
            world.succeed(driver(Framing::Serial, true));
            let born = world.now;
            world.run(HOUR, is_ready);
            let away = world.now.since(born);
            assert!(
                is_ready(&world) && away < Duration::from_secs(50),
                "{command:?}, after {deliveries}, {pause} ms, {durable}: {away:?}"
            );
            assert!(matches!(last(&mut world), LastTransaction::Stored(_)));
        }
    }
}

#[test]
fn what_an_earlier_till_left_is_ended_and_the_next_payment_goes_through() {
    for framing in BOTH {
        let mut world = world(framing, "stale-amount", true);
        pay(&mut world, 1);
        assert!(matches!(endings(&world, 1)[..], [Ending::Declined(_)]));
        pay(&mut world, 2);
        assert_eq!(endings(&world, 2), [&Ending::Completed]);
        assert_eq!(world.device.authorisations_seen(), 2);
    }
}

#[test]
fn a_terminal_that_updates_itself_comes_back() {
    for framing in BOTH {
        let mut world = world(framing, "maintenance", true);
        world.command(Command::EndOfDay);
        world.run(Duration::from_secs(30), |_| false);
        let done = |event: &Event| matches!(event, Event::DayEnded(DayEnd::Done(_)));
        assert!(world.events.iter().any(done));
        assert!(!is_ready(&world));
        let away = world.now;
        world.run(HOUR, is_ready);
        assert!(
            world.now.since(away) < Duration::from_mins(5),
            "{framing:?}"
        );
        pay(&mut world, 1);
        assert_eq!(endings(&world, 1), [&Ending::Completed]);
    }
}
