//! Links that break, jobs that are given up, and the drawer.

use super::*;

#[test]
fn a_link_that_takes_nothing_is_waited_for_and_counted() {
    let stuck: &[_] = &[
        ("stuck", ""),
        ("stored", r"send \x1b@receipt\x1dr\x01"),
        ("pass 4999", ""),
        ("pass 1", "waits"),
        ("pass 3600000", ""),
    ];
    // Not one byte, and the first one.
    let ends: [&[_]; 5] = [
        &[(
            "down",
            "[The printer has not said how it is], 1 not started, down",
        )],
        &[
            ("take 1", ""),
            (
                "down",
                "[The printer has not said how it is], 1 unknown, down",
            ),
        ],
        &[
            ("cancel 1", "close"),
            ("down", "[The printer has not said how it is], 1 cancelled"),
        ],
        &[
            ("take 1", ""),
            ("cancel 1", "close"),
            ("down", "[The printer has not said how it is], 1 unknown"),
        ],
        &[
            ("take 1", ""),
            ("take 10", ""),
            ("take 1", "1 sent"),
            ("bytes 00", "1 confirmed"),
        ],
    ];
    for end in ends {
        check(GENERIC, Policy::Keep, &[STORING, stuck, end]);
    }
}

/// A printer that is offline holds the line: the receipt is in it, and the paper is out. It does not answer
/// what it was not asked, and that is no silence.
#[test]
fn a_printer_that_takes_no_questions_is_waited_for() {
    let held: &[_] = &[
        ("stuck", ""),
        ("pass 1000", "ask 1"),
        ("pass 1000", ""),
        ("pass 3999", ""),
        ("pass 1", "waits"),
        ("pass 3600000", ""),
        ("take 3", ""),
        ("free", ""),
    ];
    let confirmed: &[_] = &[("bytes 16 00", "1 confirmed")];
    // It has gone on, and then says nothing.
    let silent: &[_] = &[("pass 5999", "ask 1"), ("pass 1", "1 unknown, close")];
    for end in [confirmed, silent] {
        check(GENERIC, Policy::Keep, &[STORING, SENDING, held, end]);
    }
}

#[test]
fn no_receipt_begins_while_the_line_is_held() {
    let held: &[_] = &[
        ("stuck", ""),
        ("up", "up, greet"),
        ("print 1", "ask 1"),
        ("pass 1000", ""),
        ("pass 60000", ""),
    ];
    let free: &[_] = &[
        ("take 19", ""),
        ("free", ""),
        ("pass 1000", "ask 1"),
        (
            "bytes 16 12 12",
            "ask 2, ask 4, [The printer is ready], sign?",
        ),
    ];
    let never: &[_] = &[("pass 59000", "1 not started")];
    for end in [free, never] {
        check(GENERIC, Policy::Keep, &[held, end]);
    }
}

#[test]
fn lost_links_and_second_jobs() {
    let lost_before: &[_] = &[
        ("print 1", "1 not started"),
        ("up", "up, greet"),
        ("print 2", "ask 1"),
        ("print 2", ""),
        ("print 3", "3 not started"),
        ("down", "2 not started, down"),
        ("down", ""),
    ];
    check(GENERIC, Policy::Keep, &[lost_before]);
    let lost_after: &[_] = &[
        (
            "down",
            "[The printer has not said how it is], 1 unknown, down",
        ),
        ("print 2", "2 not started"),
    ];
    check(GENERIC, Policy::Keep, &[STORING, SENDING, lost_after]);
    // Its end was not told: what the new link is given is not counted as the receipt's.
    let begun: &[_] = &[
        ("stuck", ""),
        ("stored", r"send \x1b@receipt\x1dr\x01"),
        ("take 1", ""),
        (
            "up",
            "[The printer has not said how it is], 1 unknown, down, up, greet",
        ),
    ];
    check(GENERIC, Policy::Keep, &[STORING, begun]);
}

#[test]
fn a_job_can_be_given_up() {
    let early: &[_] = &[
        ("up", "up, greet"),
        ("print 1", "ask 1"),
        ("cancel 2", ""),
        ("cancel 1", "1 cancelled"),
        ("cancel 1", ""),
    ];
    check(GENERIC, Policy::Keep, &[early]);
    let storing: &[_] = &[("cancel 1", "1 cancelled"), ("stored", "")];
    check(GENERIC, Policy::Keep, &[STORING, storing]);
    // This one cannot forget.
    let sent: &[_] = &[("cancel 1", "1 unknown, close")];
    check(GENERIC, Policy::Keep, &[STORING, SENDING, sent]);
    let clearing: &[_] = &[
        ("cancel 1", "clear!"),
        ("pass 4999", ""),
        ("kick", "not kicked"),
        ("cancel 1", ""),
    ];
    let cleared: &[_] = &[("bytes 37 25 00", "1 unknown, close")];
    let silent: &[_] = &[("pass 1", "1 unknown, close")];
    let lost: &[_] = &[(
        "down",
        "[The printer has not said how it is], 1 unknown, down",
    )];
    // It had come out before.
    let printed: &[_] = &[
        ("bytes 37 22 23 20 20 20 00", ""),
        ("bytes 37 25 00", "1 confirmed"),
    ];
    for end in [cleared, silent, lost, printed] {
        check(
            EPSON,
            Policy::Keep,
            &[STORING_EPSON, SENDING_EPSON, clearing, end],
        );
    }
}

#[test]
fn a_drawer_is_opened_at_once_or_not_at_all() {
    let kick = r"send \x1bp\x00\x19\xfa, kicked";
    let closes = format!("{kick}, close");
    let out = "ask 2, ask 4, [The printer is out of paper]";
    check(
        GENERIC,
        Policy::Keep,
        &[&[
            ("kick", "not kicked"),
            ("up", "up, greet"),
            ("kick", kick),
            ("pass 0", "ask 1"),
            ("bytes 1e 32 7e", out),
            ("kick", "not kicked"),
        ]],
    );
    check(
        GENERIC,
        Policy::Keep,
        &[STORING, SENDING, &[("kick", kick)]],
    );
    check(
        GENERIC,
        Policy::PerJob,
        &[&[("up", "up, greet"), ("kick", &closes)]],
    );
    let none = Profile {
        drawer: false,
        ..real_time().clone()
    };
    check_profile(
        &none,
        Policy::Keep,
        &[&[("up", "up, greet"), ("kick", "not kicked")]],
    );
}
