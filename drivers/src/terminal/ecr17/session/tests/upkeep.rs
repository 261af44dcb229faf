//! Readiness, the ways to make check bytes, the memory and the end of a day.

use payment::StoredKind;

use super::*;

#[test]
fn each_way_is_found_out_from_the_first_answer() {
    for way in Lrc::ALL {
        // The terminal answers whatever it hears, refuses it, or says nothing.
        for habit in ["answers", "refuses", "silent"] {
            let mut desk = Desk::with(settings(false));
            desk.lrc = way;
            desk.up();
            for _ in 0..4 {
                if habit == "answers" || !desk.log.last().unwrap().contains("another") {
                    break;
                }
                if habit == "refuses" {
                    desk.naks();
                } else {
                    desk.passes(5000);
                    desk.down();
                    desk.up();
                }
            }
            desk.says(OPERATIVE);
            assert_eq!(
                desk.log.last().unwrap(),
                "ready 12345678",
                "{way:?} {habit}"
            );
            desk.log.clear();
            desk.down();
            desk.pay(1, 1010);
            desk.up();
            desk.takes(&["open", "> X"]);
        }
    }
}

#[test]
fn a_wrong_way_in_the_configuration_is_named() {
    for refuses in [true, false] {
        let mut desk = Desk::with(Ecr17Settings {
            lrc: Some(Lrc::Payload),
            ..settings(false)
        });
        desk.lrc = Lrc::StxPayloadEtx;
        desk.up();
        if refuses {
            desk.naks();
            desk.naks();
            desk.naks();
        } else {
            desk.says(OPERATIVE);
        }
        let cure = "Write lrc = \"stx+payload+etx\" in [terminal.ecr17].";
        assert!(desk.reason().ends_with(cure), "{}", desk.reason());
        desk.log.clear();
        desk.pay(1, 1010);
        desk.takes(&["cancelled"]);
    }
}

#[test]
fn a_terminal_that_is_not_operative_is_not_ready_and_looked_at_again() {
    for status in "013456789".chars() {
        let mut desk = Desk::with(settings(false));
        desk.up();
        desk.acks();
        desk.says(&OPERATIVE.replacen("10002", &format!("1000{status}"), 1));
        desk.takes(&["open", "> s", "ack", "not ready"]);
        assert!(desk.reason().ends_with('.'), "{}", desk.reason());
        desk.down();
        desk.passes(10_000);
        desk.up();
        desk.says(OPERATIVE);
        desk.takes(&["open", "> s", "ack", "ready 12345678"]);
    }
}

#[test]
fn another_terminal_than_configured_is_named() {
    let mut desk = Desk::with(settings(false));
    desk.ecr17.settings.address.terminal = "87654321".into();
    desk.up();
    desk.says(OPERATIVE);
    let reason = desk.reason();
    assert!(
        reason.contains("12345678") && reason.contains("87654321"),
        "{reason}"
    );
}

/// A terminal that hangs up while idle is ready all the same.
#[test]
fn idle_hang_ups_are_not_heard_of_at_the_desk() {
    let mut desk = Desk::ready(true);
    for _ in 0..3 {
        desk.passes(60_000);
        desk.up();
        desk.acks();
        desk.says(OPERATIVE);
        desk.down();
        desk.takes(&["open", "> s", "ack"]);
    }
}

#[test]
fn a_dead_terminal_is_known_and_comes_back() {
    let mut desk = Desk::ready(true);
    desk.passes(60_000);
    for _ in 0..2 {
        desk.down();
        desk.passes(1000);
    }
    desk.down();
    desk.takes(&["open", "open", "open", "not ready"]);
    desk.passes(10_000);
    desk.up();
    desk.says(OPERATIVE);
    desk.takes(&["open", "> s", "ack", "ready 12345678"]);
}

#[test]
fn the_last_result_is_told_as_it_was() {
    let original_trace = None;
    for (result, kind) in [
        (approved(1010, 7), StoredKind::Payment),
        (refused(8), StoredKind::Refused),
        (reversed(9), StoredKind::Reversal { original_trace }),
    ] {
        let mut desk = Desk::ready(false);
        desk.command(Command::LastTransaction);
        desk.up();
        desk.acks();
        desk.says(&result);
        assert_eq!(desk.last[0].kind, kind);
        desk.takes(&["open", "> G", "ack", &format!("last {kind:?}")]);
    }
}

#[test]
fn a_memory_that_tells_nothing_proves_nothing() {
    let mut desk = Desk::ready(false);
    desk.command(Command::LastTransaction);
    desk.up();
    for _ in 0..3 {
        desk.naks();
    }
    desk.takes(&["open", "> G", "> G", "> G", "last unsupported"]);
    desk.passes(1000);
    desk.down();
    desk.command(Command::LastTransaction);
    desk.up();
    desk.passes(5000);
    desk.down();
    desk.up();
    desk.passes(5000);
    desk.takes(&[
        "close",
        "open",
        "> G",
        "close",
        "open",
        "> G",
        "close",
        "last no answer",
        "not ready",
    ]);
}

#[test]
fn a_day_ends_with_its_total() {
    let mut desk = Desk::ready(true);
    desk.command(Command::EndOfDay);
    desk.up();
    desk.acks();
    desk.says("123456780T000000000000002020000000");
    desk.takes(&["open", "> T", "ack", "close"]);
    desk.down();
    desk.up();
    desk.acks();
    desk.passes(200);
    desk.acks();
    desk.takes(&["open", "> E", "> C"]);
    desk.says("123456780C0000000000000020200000000000002020");
    desk.says("123456780SCHIUSURA}\x1b");
    desk.takes(&[
        "ack",
        "ack",
        "receipt Administration",
        "day done Some(2020)",
    ]);
}

#[test]
fn a_close_that_is_lost_is_unknown_and_not_repeated() {
    let mut desk = Desk::ready(false);
    desk.command(Command::EndOfDay);
    desk.up();
    desk.acks();
    desk.says("123456780T000000000000002020000000");
    desk.down();
    desk.up();
    desk.acks();
    desk.down();
    desk.takes(&["open", "> T", "ack", "close", "open", "> C", "day unknown"]);
}

#[test]
fn a_refused_close_is_refused() {
    let mut desk = Desk::ready(false);
    desk.command(Command::EndOfDay);
    desk.up();
    for _ in 0..3 {
        desk.naks();
    }
    desk.down();
    desk.up();
    desk.says("123456780C01NESSUN MOVIMENTO   1160000000000");
    desk.takes(&[
        "open",
        "> T",
        "> T",
        "> T",
        "close",
        "open",
        "> C",
        "ack",
        "day refused",
    ]);
}

#[test]
fn a_service_gets_its_answer() {
    let mut desk = Desk::ready(false);
    desk.command(Command::Service(crate::terminal::Service::Diagnosis));
    desk.takes(&["served false"]);
    let (payment, purpose) = (payment(1), payment::Purpose::Sale);
    desk.command(Command::Query {
        payment,
        purpose,
        money: euros(1),
    });
    desk.takes(&["queried"]);
}
