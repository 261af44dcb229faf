//! Jobs as a printer sees them: what it is sent for what it answers, and when.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::printer::{Drawer, JobId};

/// Stands for a receipt.
const RECEIPT: &[u8] = b"\x1b@receipt";

/// A printer with a real-time status and nothing better.
fn real_time() -> &'static Profile {
    Profile::find("star-tsp600").unwrap()
}

/// A machine, its clock and its link.
struct Bench {
    printer: EscPos,
    now: Mono,
    /// The link takes nothing by itself.
    stuck: bool,
    left: usize,
    /// Bytes that the link has taken since the beginning.
    taken: usize,
    /// How many those were when the last receipt's turn came.
    receipt_at: usize,
}

impl Bench {
    fn new(profile: &Profile, policy: Policy) -> Self {
        Self {
            printer: EscPos::new(profile, policy),
            now: Mono::default(),
            stuck: false,
            left: 0,
            taken: 0,
            receipt_at: 0,
        }
    }

    /// Gives one input and returns what came of it, also by the link's taking the bytes.
    fn give(&mut self, input: Input<'_, Command>) -> Vec<Output<Fact, Event>> {
        if matches!(input, Input::LinkDown) {
            self.left = 0;
        }
        self.printer.handle(self.now, input);
        let mut outputs = self.drain();
        let before = self.left;
        for output in &outputs {
            if let Output::Send(bytes) = output {
                if bytes.starts_with(RECEIPT) {
                    self.receipt_at = self.taken + self.left;
                }
                self.left += bytes.len();
            }
        }
        if self.left > before {
            let taken = if self.stuck { 0 } else { self.left };
            outputs.extend(self.take(taken));
        }
        outputs
    }

    fn take(&mut self, bytes: usize) -> Vec<Output<Fact, Event>> {
        self.printer.backlog(self.now, self.left);
        let bytes = bytes.min(self.left);
        self.left -= bytes;
        self.taken += bytes;
        self.printer.backlog(self.now, self.left);
        self.drain()
    }

    fn drain(&mut self) -> Vec<Output<Fact, Event>> {
        std::iter::from_fn(|| match self.printer.poll() {
            Output::Wait(_) => None,
            output => Some(output),
        })
        .collect()
    }

    /// As [`give`](Self::give), in words: `up`, `down`, `print 1`, `bytes 16 12`, `pass 1500` (ms),
    /// `stuck`, `free`, `take 3`.
    fn say(&mut self, input: &str) -> String {
        let (word, rest) = input.split_once(' ').unwrap_or((input, ""));
        let number = || rest.parse().unwrap();
        let hex = || {
            rest.split(' ')
                .map(|byte| u8::from_str_radix(byte, 16).unwrap())
        };
        let outputs = match word {
            "up" => self.give(Input::LinkUp),
            "down" => self.give(Input::LinkDown),
            "print" => self.give(Input::Command(print(number()))),
            "bytes" => self.give(Input::Bytes(&hex().collect::<Vec<u8>>())),
            "stored" => self.give(Input::Stored(true)),
            "not-stored" => self.give(Input::Stored(false)),
            "cancel" => self.give(Input::Command(Command::Cancel { job: number() })),
            "kick" => self.give(Input::Command(Command::Kick {
                drawer: Drawer::default(),
            })),
            "stuck" => {
                self.stuck = true;
                Vec::new()
            }
            "free" => {
                self.stuck = false;
                Vec::new()
            }
            "take" => self.take(rest.parse().unwrap()),
            "pass" => {
                self.now = self.now + Duration::from_millis(rest.parse().unwrap());
                self.give(Input::Timeout)
            }
            _ => panic!("{input}?"),
        };
        outputs.iter().map(shown).collect::<Vec<_>>().join(", ")
    }
}

fn print(job: JobId) -> Command {
    Command::Print {
        job,
        bytes: RECEIPT.to_vec(),
    }
}

fn shown(output: &Output<Fact, Event>) -> String {
    let first = |text: &str| text.split('.').next().unwrap_or_default().to_owned();
    match output {
        Output::Send(bytes) => match bytes.as_slice() {
            [0x10, 0x04, query] => format!("ask {query}"),
            b"\x1dr\x01" => "sign?".to_owned(),
            [0, .., 0] if bytes.len() == 16 => "greet".to_owned(),
            [0, .., 0x1d, b'a', 0x0f] if bytes.len() == 19 => "greet and tell!".to_owned(),
            b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08" => "clear!".to_owned(),
            [0, rest @ ..] => {
                let nuls = 1 + rest.iter().take_while(|byte| **byte == 0).count();
                let rest = rest.get(nuls - 1..).unwrap_or_default();
                format!("{nuls} NULs {}", rest.escape_ascii())
            }
            bytes => format!("send {}", bytes.escape_ascii()),
        },
        Output::Store(Fact::Sending { job }) => format!("store {job}"),
        Output::Open => "open".to_owned(),
        Output::Close => "close".to_owned(),
        Output::Wait(_) => "wait".to_owned(),
        Output::Event(Event::Ready) => "up".to_owned(),
        Output::Event(Event::NotReady { .. }) => "down".to_owned(),
        Output::Event(Event::Status(status)) => format!("[{}]", first(status.sentence())),
        Output::Event(Event::Waiting { .. }) => "waits".to_owned(),
        Output::Event(Event::Sent { job }) => format!("{job} sent"),
        Output::Event(Event::Kicked { .. }) => "kicked".to_owned(),
        Output::Event(Event::NotKicked { .. }) => "not kicked".to_owned(),
        Output::Event(Event::Ended { job, ending }) => match ending {
            Ending::Confirmed => format!("{job} confirmed"),
            Ending::NotStarted(_) => format!("{job} not started"),
            Ending::Cancelled(_) => format!("{job} cancelled"),
            Ending::Unknown(_) => format!("{job} unknown"),
        },
    }
}

fn check(profile: &str, policy: Policy, steps: &[&[(&str, &str)]]) {
    check_profile(Profile::find(profile).unwrap(), policy, steps);
}

fn check_profile(profile: &Profile, policy: Policy, steps: &[&[(&str, &str)]]) {
    let mut bench = Bench::new(profile, policy);
    for (number, (input, expected)) in steps.iter().copied().flatten().enumerate() {
        assert_eq!(bench.say(input), *expected, "step {number}: {input}");
    }
}

const EPSON: &str = "epson-tm-t20iii";
const GENERIC: &str = "generic-80mm";
/// What a healthy printer leads to.
const FINE: &str = "ask 2, ask 4, [The printer is ready]";
/// What each sends: the receipt, and the question behind it.
const SENT_EPSON: &str = r"send \x1b@receipt\x1da\x0f\x1d(H\x06\x0000#   , 1 sent";
const SENT: &str = r"send \x1b@receipt\x1dr\x01, 1 sent";

/// Up to the moment before the first byte, at a printer whose paper sensor answers.
const STORING: &[(&str, &str)] = &[
    ("up", "up, greet"),
    ("print 1", "ask 1"),
    (
        "bytes 16 12 12",
        "ask 2, ask 4, [The printer is ready], sign?",
    ),
    ("bytes 00", ""),
    ("pass 300", "store 1"),
];
/// The same at one of Epson's.
const STORING_EPSON: &[(&str, &str)] = &[
    ("up", "up, greet and tell!"),
    ("print 1", "ask 1"),
    (
        "bytes 16 12 12",
        r#"ask 2, ask 4, [The printer is ready], send \x1d(H\x06\x0000\"   "#,
    ),
    ("bytes 37 22 22 20 20 20 00", "store 1"),
];
const SENDING: &[(&str, &str)] = &[("stored", SENT)];
const SENDING_EPSON: &[(&str, &str)] = &[("stored", SENT_EPSON)];

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
}

#[test]
fn nothing_is_sent_before_it_is_durable() {
    let patient: &[_] = &[("pass 600000", "ask 1"), ("stored", SENT)];
    let refused: &[_] = &[("not-stored", "1 not started"), ("print 2", "ask 1")];
    // What comes late is not for the next job.
    let late: &[_] = &[
        (
            "down",
            "[The printer has not said how it is], 1 not started, down",
        ),
        ("up", "up, greet"),
        ("print 2", "ask 1"),
        (
            "bytes 16 12 12",
            "ask 2, ask 4, [The printer is ready], store 2",
        ),
        ("stored", ""),
        ("not-stored", "2 not started"),
    ];
    for end in [patient, refused, late] {
        check(GENERIC, Policy::Keep, &[STORING, end]);
    }
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

#[derive(Debug, Clone)]
enum Chance {
    Up,
    Down,
    Print,
    Bytes(Vec<u8>),
    Pass(u64),
    Stored(bool),
    Cancel,
    Kick,
    Stuck(bool),
    Take(usize),
}

fn chances() -> impl Strategy<Value = Vec<Chance>> {
    let sound = prop::sample::select(vec![
        b"\x12\x12\x12".to_vec(),
        b"\x1e\x32\x7e".to_vec(),
        b"\x00".to_vec(),
        b"\x0c".to_vec(),
        b"\x37\x22\"   \0".to_vec(),
        b"\x37\x22#   \0".to_vec(),
        b"\x37\x25\0".to_vec(),
        b"\x1c\0\x0f\0".to_vec(),
    ]);
    let chance = prop_oneof![
        2 => Just(Chance::Up),
        1 => Just(Chance::Down),
        3 => Just(Chance::Print),
        6 => sound.prop_map(Chance::Bytes),
        2 => prop::collection::vec(any::<u8>(), 0..12).prop_map(Chance::Bytes),
        4 => (0..9000_u64).prop_map(Chance::Pass),
        4 => prop::bool::weighted(0.9).prop_map(Chance::Stored),
        1 => Just(Chance::Cancel),
        1 => Just(Chance::Kick),
        1 => any::<bool>().prop_map(Chance::Stuck),
        2 => (0..60_usize).prop_map(Chance::Take),
    ];
    prop::collection::vec(chance, 0..60)
}

proptest! {
    /// In any order of inputs: each job ends once, its receipt leaves at most once and only when that
    /// is durable, `NotStarted` and `Cancelled` mean that the link took nothing of it, and the others
    /// that it did.
    #[test]
    fn a_job_ends_once_and_is_sent_at_most_once(chances in chances(), profile in 0..3, per_job: bool) {
        let profile = match profile {
            0 => Profile::find(EPSON).unwrap(),
            1 => Profile::find(GENERIC).unwrap(),
            _ => real_time(),
        };
        let mut bench = Bench::new(profile, if per_job { Policy::PerJob } else { Policy::Keep });
        let mut asked = 0;
        let mut running = None;
        let mut sent = false;
        let mut storing = VecDeque::new();
        let mut durable = false;
        let mut ended = BTreeMap::new();
        for chance in chances.into_iter().chain([Chance::Down]) {
            let outputs = match chance {
                Chance::Up => bench.give(Input::LinkUp),
                Chance::Down => bench.give(Input::LinkDown),
                Chance::Bytes(bytes) => bench.give(Input::Bytes(&bytes)),
                Chance::Pass(ms) => {
                    bench.now = bench.now + Duration::from_millis(ms);
                    bench.give(Input::Timeout)
                }
                Chance::Stored(kept) => {
                    let Some(fact) = storing.pop_front() else { continue };
                    durable = kept && storing.is_empty() && Some(fact) == running;
                    bench.give(Input::Stored(kept))
                }
                Chance::Cancel => bench.give(Input::Command(Command::Cancel { job: asked })),
                Chance::Stuck(stuck) => {
                    bench.stuck = stuck;
                    continue;
                }
                Chance::Take(bytes) => bench.take(bytes),
                Chance::Kick => bench.give(Input::Command(Command::Kick { drawer: Drawer::Pin5 })),
                Chance::Print => {
                    asked += 1;
                    let outputs = bench.give(Input::Command(print(asked)));
                    if !outputs.iter().any(|o| matches!(o, Output::Event(Event::Ended { .. }))) {
                        running = Some(asked);
                        sent = false;
                        durable = false;
                    }
                    outputs
                }
            };
            for output in outputs {
                match output {
                    Output::Send(bytes) if bytes.starts_with(RECEIPT) => {
                        prop_assert!(!sent && running.is_some() && durable);
                        sent = true;
                    }
                    Output::Store(Fact::Sending { job }) => {
                        prop_assert_eq!(Some(job), running);
                        storing.push_back(job);
                    }
                    Output::Event(Event::Ended { job, ending }) => {
                        let left = sent && running == Some(job);
                        let was_sent = left && bench.taken > bench.receipt_at;
                        let nothing = matches!(ending, Ending::NotStarted(_) | Ending::Cancelled(_));
                        prop_assert_eq!(was_sent, !nothing);
                        prop_assert!(ended.insert(job, ending).is_none());
                        if running == Some(job) {
                            running = None;
                        }
                    }
                    _ => {}
                }
            }
        }
        prop_assert_eq!(ended.len(), usize::try_from(asked).unwrap());
    }
}
