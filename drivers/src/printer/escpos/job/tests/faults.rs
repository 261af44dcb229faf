//! What a printer tells of itself: paper, cover, cutter.

use super::*;

#[test]
fn faults_before_the_first_byte_are_waited_out_for_a_while() {
    let out = "ask 2, ask 4, [The printer is out of paper], waits";
    let beginning: &[_] = &[
        ("up", "up, greet"),
        ("print 1", "ask 1"),
        ("bytes 1e 32 7e", out),
        ("pass 1000", "ask 1"),
        ("bytes 1e 32 7e", "ask 2, ask 4"),
        ("pass 1000", "ask 1"),
    ];
    let mended: &[_] = &[
        (
            "bytes 16 12 12",
            "ask 2, ask 4, [The printer is ready], sign?",
        ),
        ("bytes 00", ""),
        ("pass 300", "store 1"),
    ];
    let other: &[_] = &[(
        "bytes 1e 16 12",
        "ask 2, ask 4, [The printer's cover is open], waits",
    )];
    // Silence after a fault is no sign of health.
    let given_up: &[_] = &[("pass 1000", ""), ("pass 117000", "1 not started")];
    for end in [mended, other, given_up] {
        check(GENERIC, Policy::Keep, &[beginning, end]);
    }
}

#[test]
fn faults_after_the_first_byte_are_waited_out_and_nothing_is_sent_again() {
    let waits: &[_] = &[
        ("pass 2000", "ask 1"),
        (
            "bytes 1e 32 7e",
            "ask 2, ask 4, [The printer is out of paper], waits",
        ),
        // However long it takes.
        ("pass 100000", "ask 1"),
        ("bytes 1e 32 7e", "ask 2, ask 4"),
        ("pass 100000", "ask 1"),
        (
            "bytes 1e 16 12",
            "ask 2, ask 4, [The printer's cover is open], waits",
        ),
    ];
    let mended: &[_] = &[
        ("pass 1000", "ask 1"),
        ("bytes 16 12 12", "ask 2, ask 4, [The printer is ready]"),
        ("bytes 37 22 23 20 20 20 00", "1 confirmed"),
    ];
    // Switched off, or its buffer was lost.
    let lost: &[_] = &[
        ("pass 1000", "ask 1"),
        ("bytes 16 12 12", "ask 2, ask 4, [The printer is ready]"),
        ("pass 5999", "ask 1"),
        ("pass 1", "1 unknown, close"),
    ];
    for end in [mended, lost] {
        check(
            EPSON,
            Policy::Keep,
            &[STORING_EPSON, SENDING_EPSON, waits, end],
        );
    }
}

#[test]
fn paper_that_ends_with_the_answer_is_unknown() {
    check(
        GENERIC,
        Policy::Keep,
        &[STORING, SENDING, &[("bytes 0f", "1 unknown, close")]],
    );
}

#[test]
fn an_automatic_status_tells_of_a_fault_too_and_ends_the_asking() {
    check(
        EPSON,
        Policy::Keep,
        &[
            STORING_EPSON,
            SENDING_EPSON,
            &[
                ("bytes 3c 00 00 00", "[The printer's cover is open], waits"),
                ("bytes 14 00 00 00", "[The printer is ready]"),
                ("bytes 37 22 23 20 20 20 00", "1 confirmed"),
                ("pass 600000", ""),
                ("bytes 10 00 03 00", "[The printer's roll is nearly empty]"),
            ],
        ],
    );
}

#[test]
fn an_idle_printer_is_asked_gently() {
    let asked: &[_] = &[
        ("up", "up, greet"),
        ("pass 0", "ask 1"),
        (
            "bytes 16 12 1e",
            "ask 2, ask 4, [The printer's roll is nearly empty]",
        ),
        ("pass 9999", ""),
        ("pass 1", "ask 1"),
    ];
    let broken: &[_] = &[
        (
            "bytes 1e 52 1a 12",
            "ask 2, ask 3, ask 4, [The printer's cutter is stuck]",
        ),
        ("down", "[The printer has not said how it is], down"),
        ("pass 600000", ""),
    ];
    // One that falls silent is unknown, and is left in peace after a while.
    let silent: &[_] = &[
        ("pass 1000", ""),
        ("pass 10000", "ask 1"),
        ("pass 1000", "[The printer has not said how it is]"),
        ("pass 10000", "ask 1"),
        ("pass 1000", ""),
        ("pass 600000", ""),
        ("print 1", "ask 1"),
    ];
    for end in [broken, silent] {
        check(GENERIC, Policy::Keep, &[asked, end]);
    }
    check(
        GENERIC,
        Policy::PerJob,
        &[&[("up", "up, greet"), ("pass 600000", "")]],
    );
}
