//! Each thing that can happen to a request, by itself.

use super::{
    server::Fate,
    world::{settle, world},
};

fn check(fates: &[Fate], expected: &str) {
    let shared = world(1, fates);
    settle(&shared);
    let end = shared.with(|w| {
        let row = w.rows.values().next().unwrap();
        let elapsed = w.now.unwrap().as_second() - 1_795_219_200;
        format!(
            "{} booked {} creates {} attempts {} after {elapsed} s",
            row.state.as_str(),
            w.booked.len(),
            w.creates,
            row.attempts
        )
    });
    assert!(end.starts_with(expected), "{fates:?}: {end}");
}

#[test]
fn every_fate_by_itself_ends_well() {
    check(
        &[Fate::Well],
        "confirmed booked 1 creates 1 attempts 1 after 1 s",
    );
    check(
        &[Fate::NotSent],
        "confirmed booked 1 creates 2 attempts 1 after 3 s",
    );
    check(
        &[Fate::LostBefore],
        "confirmed booked 1 creates 2 attempts 2 after 66",
    );
    check(
        &[Fate::LostAfter],
        "confirmed booked 1 creates 1 attempts 1 after 662 s",
    );
    check(
        &[Fate::Late],
        "confirmed booked 1 creates 1 attempts 1 after 662 s",
    );
    check(
        &[Fate::Status500After],
        "confirmed booked 1 creates 1 attempts 1 after 662 s",
    );
    check(
        &[Fate::TooMany],
        "confirmed booked 1 creates 2 attempts 2 after 8 s",
    );
    check(
        &[Fate::Stale],
        "confirmed booked 1 creates 2 attempts 2 after 7 s",
    );
    check(
        &[Fate::BadKey],
        "confirmed booked 1 creates 2 attempts 2 after 303 s",
    );
    check(
        &[Fate::Unable],
        "confirmed booked 1 creates 2 attempts 1 after 303 s",
    );
    check(
        &[Fate::Portal],
        "confirmed booked 1 creates 2 attempts 2 after 66",
    );
    check(
        &[Fate::RefusedAnyway],
        "needs_operator booked 0 creates 1 attempts 1",
    );
    check(
        &[Fate::CrashBefore],
        "confirmed booked 1 creates 2 attempts 2 after 66",
    );
    check(
        &[Fate::CrashAfter],
        "confirmed booked 1 creates 1 attempts 1 after 662 s",
    );
    check(
        &[Fate::DiskFull],
        "confirmed booked 1 creates 1 attempts 1 after 66",
    );
    // A refusal after a lost answer is a hint that the first one was booked.
    check(
        &[Fate::LostAfter, Fate::Portal, Fate::RefusedAnyway],
        "confirmed booked 1 creates 1",
    );
}
