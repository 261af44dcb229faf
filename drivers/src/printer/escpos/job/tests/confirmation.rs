//! What says that a job is on paper, and what does not.

use super::*;

#[test]
fn a_process_id_confirms() {
    check(
        EPSON,
        Policy::Keep,
        &[
            STORING_EPSON,
            SENDING_EPSON,
            &[
                ("pass 1000", "ask 1"),
                // Another job's ID, the one before the receipt, and a barrier that this printer was
                // not asked for.
                ("bytes 16 12 12 37 22 25 20 20 20 00 00", "ask 2, ask 4"),
                ("bytes 37 22 22 20 20 20 00", ""),
                ("bytes 37 22 23 20", ""),
                ("bytes 20 20 00", "1 confirmed"),
                // It still stands where it stood, and needs not say so again.
                ("print 2", "ask 1"),
                ("bytes 16 12 12", "ask 2, ask 4, store 2"),
            ],
        ],
    );
}

#[test]
fn the_paper_sensor_confirms() {
    check(
        GENERIC,
        Policy::PerJob,
        &[
            STORING,
            SENDING,
            &[
                ("bytes 00", "1 confirmed, close"),
                ("down", "[The printer has not said how it is]"),
            ],
        ],
    );
}

/// The answer to a question that somebody asked before us is not ours.
#[test]
fn a_late_answer_from_before_does_not_confirm() {
    check(
        GENERIC,
        Policy::Keep,
        &[
            &[
                ("up", "up, greet"),
                ("print 1", "ask 1"),
                (
                    "bytes 00 16 12 12",
                    "ask 2, ask 4, [The printer is ready], sign?",
                ),
                ("bytes 00", ""),
                ("pass 200", ""),
                ("bytes 00", ""),
                ("pass 200", ""),
                ("pass 100", "store 1"),
                ("bytes 00", ""),
            ],
            SENDING,
            &[("bytes 00", "1 confirmed")],
        ],
    );
}

/// A program that was killed left half an image: the printer swallows the question.
#[test]
fn half_a_command_is_filled_up_before_a_receipt() {
    let begun: &[_] = &[
        ("up", "up, greet"),
        ("print 1", "ask 1"),
        (
            "bytes 16 12 12",
            "ask 2, ask 4, [The printer is ready], sign?",
        ),
        ("pass 1000", r"8192 NULs \x1dr\x01, ask 1"),
        ("bytes 16 12 12", "ask 2, ask 4"),
    ];
    let filled: &[_] = &[
        ("bytes 00", ""),
        ("pass 300", "store 1"),
        ("stored", SENT),
        ("bytes 00", "1 confirmed"),
    ];
    check(GENERIC, Policy::Keep, &[begun, filled]);
    // Not by one that never gives the sign: then nothing it says proves anything.
    let mut steps = begun.to_vec();
    for _ in 0..8 {
        steps.push(("pass 5000", r"8192 NULs \x1dr\x01, ask 1"));
        steps.push(("bytes 16 12 12", "ask 2, ask 4"));
    }
    steps.extend([
        ("pass 5000", "store 1, ask 1"),
        ("stored", SENT),
        ("bytes 00", ""),
    ]);
    steps.extend([
        ("pass 6000", "1 unknown, close"),
        ("down", "[The printer has not said how it is]"),
    ]);
    // It took what was sent before, and is not kept waiting again.
    steps.extend([("up", "up, greet"), ("print 2", "ask 1")]);
    steps.push((
        "bytes 16 12 12",
        "ask 2, ask 4, [The printer is ready], store 2",
    ));
    check(GENERIC, Policy::Keep, &[&steps]);
}

#[test]
fn real_time_status_is_believed_after_the_time_that_the_data_need() {
    let filled = format!("{FINE}, 8192 NULs , store 1");
    check_profile(
        real_time(),
        Policy::Keep,
        &[&[
            ("up", "up, greet"),
            ("print 1", "ask 1"),
            ("bytes 12 12 12", &filled),
            ("stored", r"send \x1b@receipt, 1 sent"),
            ("bytes 12 12 12", ""),
            ("pass 1000", "ask 1"),
            ("bytes 12 12", "ask 2, ask 4"),
            ("bytes 12", "1 confirmed"),
        ]],
    );
}

#[test]
fn a_printer_that_confirms_nothing_is_never_believed() {
    let profile = Profile {
        confirmation: Confirmation::None,
        ..real_time().clone()
    };
    check_profile(
        &profile,
        Policy::Keep,
        &[&[
            ("up", "up, greet"),
            ("print 1", "ask 1"),
            (
                "bytes 16 12 12",
                "ask 2, ask 4, [The printer is ready], 8192 NULs , store 1",
            ),
            ("stored", r"send \x1b@receipt, 1 sent"),
            ("pass 2000", "ask 1"),
            ("bytes 16 12 12 00", "ask 2, ask 4"),
            ("pass 3999", "ask 1"),
            ("bytes 16 12 12", "ask 2, ask 4"),
            ("pass 1", "1 unknown, close"),
        ]],
    );
}

#[test]
fn silence_is_unknown_and_the_link_is_made_anew() {
    check(
        GENERIC,
        Policy::Keep,
        &[&[
            ("up", "up, greet"),
            ("print 1", "ask 1"),
            ("pass 999", ""),
            ("pass 1", "sign?"),
            ("pass 1000", r"8192 NULs \x1dr\x01, ask 1"),
            ("pass 5000", "store 1"),
            ("stored", SENT),
            ("pass 1000", "ask 1"),
            ("pass 4999", ""),
            ("pass 1", "1 unknown, close"),
            ("print 2", "2 not started"),
            ("down", ""),
            ("up", "up, greet"),
        ]],
    );
}

#[test]
fn process_ids_are_printable_and_differ() {
    for (job, side, expected) in [
        (0, Side::Before, b"    "),
        (0, Side::Behind, b"!   "),
        (47, Side::Before, b"~   "),
        (47, Side::Behind, b" !  "),
        (-1, Side::Before, b"\"   "),
    ] {
        assert_eq!(token(job, side), *expected, "{job}");
    }
    assert!(
        token(JobId::MIN, Side::Behind)
            .iter()
            .all(|byte| (0x20..=0x7e).contains(byte))
    );
}
