//! Jobs as a printer sees them: what it is sent for what it answers, and when.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Stands for a receipt.
const RECEIPT: &[u8] = b"\x1b@receipt";

/// A printer with a real-time status and nothing better.
fn real_time() -> &'static Profile {
    Profile::find("star-tsp600").unwrap()
}

/// A machine and its clock.
struct Bench {
    printer: EscPos,
    now: Mono,
}

impl Bench {
    fn new(profile: &Profile, policy: Policy) -> Self {
        Self {
            printer: EscPos::new(profile, policy),
            now: Mono::default(),
        }
    }

    /// Gives one input and returns what came of it.
    fn give(&mut self, input: Input<'_, Command>) -> Vec<Output<Fact, Event>> {
        self.printer.handle(self.now, input);
        std::iter::from_fn(|| match self.printer.poll() {
            Output::Wait(_) => None,
            output => Some(output),
        })
        .collect()
    }

    /// As [`give`](Self::give), in words: `up`, `down`, `print 1`, `bytes 16 12`, `pass 1500` (ms).
    fn say(&mut self, input: &str) -> String {
        let (word, rest) = input.split_once(' ').unwrap_or((input, ""));
        let hex = || {
            rest.split(' ')
                .map(|byte| u8::from_str_radix(byte, 16).unwrap())
        };
        let outputs = match word {
            "up" => self.give(Input::LinkUp),
            "down" => self.give(Input::LinkDown),
            "print" => self.give(Input::Command(print(rest.parse().unwrap()))),
            "bytes" => self.give(Input::Bytes(&hex().collect::<Vec<u8>>())),
            "stored" => self.give(Input::Stored(true)),
            "not-stored" => self.give(Input::Stored(false)),
            "cancel" => self.give(Input::Command(Command::Cancel {
                job: rest.parse().unwrap(),
            })),
            "kick" => self.give(Input::Command(Command::Kick {
                drawer: Drawer::default(),
            })),
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
    match output {
        Output::Send(bytes) if bytes == b"\x10\x04\x01\x10\x04\x02\x10\x04\x04" => "ask".to_owned(),
        Output::Send(bytes) => format!("send {}", bytes.escape_ascii()),
        Output::Store(Fact::Sending { job }) => format!("store {job}"),
        Output::Open => "open".to_owned(),
        Output::Close => "close".to_owned(),
        Output::Wait(_) => "wait".to_owned(),
        Output::Event(Event::Ready) => "ready".to_owned(),
        Output::Event(Event::NotReady { .. }) => "not ready".to_owned(),
        Output::Event(Event::Waiting { reason, .. }) => {
            let first = reason.as_str().split('.').next().unwrap_or_default();
            format!("waiting: {first}")
        }
        Output::Event(Event::Status(status)) => format!("status {status:?}"),
        Output::Event(Event::Sent { job }) => format!("{job} sent"),
        Output::Event(Event::Kicked { .. }) => "kicked".to_owned(),
        Output::Event(Event::NotKicked { .. }) => "not kicked".to_owned(),
        Output::Event(Event::Ended { job, ending }) => match ending {
            Ending::Cancelled(_) => format!("{job} cancelled"),
            Ending::Confirmed => format!("{job} confirmed"),
            Ending::NotStarted(_) => format!("{job} not started"),
            Ending::Unknown(_) => format!("{job} unknown"),
        },
    }
}

fn check(profile: &str, policy: Policy, steps: &[(&str, &str)]) {
    check_profile(Profile::find(profile).unwrap(), policy, steps);
}

fn check_profile(profile: &Profile, policy: Policy, steps: &[(&str, &str)]) {
    let mut bench = Bench::new(profile, policy);
    for (number, (input, expected)) in steps.iter().enumerate() {
        assert_eq!(bench.say(input), *expected, "step {number}: {input}");
    }
}

const EPSON: &str = "epson-tm-t20iii";
const GENERIC: &str = "generic-80mm";
/// What each sends: the receipt, and the question behind it.
const SENT_1: &str = r"send \x1b@receipt\x1d(H\x06\x0000!   , 1 sent";
const SENT_PAPER: &str = r"send \x1b@receipt\x1dr\x01, 1 sent";

#[test]
fn a_process_id_confirms() {
    check(
        EPSON,
        Policy::Keep,
        &[
            ("up", "ready"),
            ("print 1", "ask"),
            ("bytes 16", ""),
            ("bytes 12 12", "store 1"),
            ("stored", SENT_1),
            ("pass 2000", "ask"),
            // Another job's ID, and a barrier that this printer was not asked for.
            ("bytes 16 12 12 37 22 22 20 20 20 00 00", ""),
            ("bytes 37 22 21 20", ""),
            ("bytes 20 20 00", "1 confirmed"),
            ("pass 60000", ""),
            ("print 2", "ask"),
        ],
    );
}

#[test]
fn the_paper_sensor_confirms() {
    check(
        GENERIC,
        Policy::PerJob,
        &[
            ("up", "ready"),
            // A late answer from before does not confirm.
            ("print 1", "ask"),
            ("bytes 00 16 12 1e", "store 1"),
            ("stored", SENT_PAPER),
            ("bytes 00", "1 confirmed, close"),
            ("down", ""),
        ],
    );
}

#[test]
fn real_time_status_is_believed_after_the_time_that_the_data_need() {
    check_profile(
        real_time(),
        Policy::Keep,
        &[
            ("up", "ready"),
            ("print 1", "ask"),
            ("bytes 12 12 12", "store 1"),
            ("stored", r"send \x1b@receipt, 1 sent"),
            ("bytes 12 12 12", ""),
            ("pass 2000", "ask"),
            ("bytes 12 12", ""),
            ("bytes 12", "1 confirmed"),
        ],
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
        &[
            ("up", "ready"),
            ("print 1", "ask"),
            ("bytes 12 12 12", "store 1"),
            ("stored", r"send \x1b@receipt, 1 sent"),
            ("pass 2000", "ask"),
            ("bytes 12 12 12 00", ""),
            ("pass 3999", "ask"),
            ("bytes 12 12 12", ""),
            ("pass 1", "1 unknown, close"),
        ],
    );
}

#[test]
fn silence_is_unknown_and_the_link_is_made_anew() {
    check(
        GENERIC,
        Policy::Keep,
        &[
            ("up", "ready"),
            ("print 1", "ask"),
            ("pass 999", ""),
            ("pass 1", "store 1"),
            ("stored", SENT_PAPER),
            ("pass 2000", "ask"),
            ("pass 3999", ""),
            ("pass 1", "1 unknown, close"),
            ("print 2", "2 not started"),
            ("down", ""),
            ("up", "ready"),
        ],
    );
}

#[test]
fn faults_before_the_first_byte_are_waited_out_for_a_while() {
    let out = "waiting: The printer is out of paper";
    let beginning = [
        ("up", "ready"),
        ("print 1", "ask"),
        ("bytes 1e 32 7e", out),
        ("pass 1000", "ask"),
        ("bytes 1e 32 7e", ""),
        ("pass 1000", "ask"),
    ];
    let mended = [
        ("bytes 16 12 12", "store 1"),
        ("stored", SENT_PAPER),
        ("bytes 00", "1 confirmed"),
    ];
    let other = [("bytes 1e 16 12", "waiting: The printer's cover is open")];
    // Silence after a fault is no sign of health.
    let given_up = [("pass 1000", ""), ("pass 117000", "1 not started")];
    for end in [mended.as_slice(), &other, &given_up] {
        check(GENERIC, Policy::Keep, &[&beginning, end].concat());
    }
}

#[test]
fn faults_after_the_first_byte_are_waited_out_and_nothing_is_sent_again() {
    check(
        EPSON,
        Policy::Keep,
        &[
            ("up", "ready"),
            ("print 1", "ask"),
            ("bytes 16 12 12", "store 1"),
            ("stored", SENT_1),
            ("pass 2000", "ask"),
            ("bytes 1e 32 7e", "waiting: The printer is out of paper"),
            ("pass 5000", "ask"),
            ("bytes 1e 32 7e", ""),
            ("pass 5000", "ask"),
            ("bytes 1e 16 12", "waiting: The printer's cover is open"),
            ("pass 1000", "ask"),
            ("bytes 16 12 12", ""),
            ("bytes 37 22 21 20 20 20 00", "1 confirmed"),
        ],
    );
}

#[test]
fn a_printer_that_is_switched_off_in_the_middle_is_unknown() {
    check(
        EPSON,
        Policy::PerJob,
        &[
            ("up", "ready"),
            ("print 1", "ask"),
            ("bytes 16 12 12", "store 1"),
            ("stored", SENT_1),
            ("pass 2000", "ask"),
            ("bytes 1e 32 7e", "waiting: The printer is out of paper"),
            ("pass 6000", "1 unknown, close"),
        ],
    );
}

#[test]
fn paper_that_ends_with_the_answer_is_unknown() {
    check(
        GENERIC,
        Policy::Keep,
        &[
            ("up", "ready"),
            ("print 1", "ask"),
            ("bytes 12 12 12", "store 1"),
            ("stored", SENT_PAPER),
            ("bytes 0f", "1 unknown, close"),
        ],
    );
}

#[test]
fn an_automatic_status_tells_of_a_fault_too() {
    check(
        EPSON,
        Policy::Keep,
        &[
            ("up", "ready"),
            ("print 1", "ask"),
            ("bytes 16 12 12", "store 1"),
            ("stored", SENT_1),
            ("bytes 3c 00 00 00", "waiting: The printer's cover is open"),
            ("bytes 14 00 00 00", ""),
        ],
    );
}

#[test]
fn lost_links_and_second_jobs() {
    let lost_before = [
        ("print 1", "1 not started"),
        ("up", "ready"),
        ("print 2", "ask"),
        ("print 2", ""),
        ("print 3", "3 not started"),
        ("down", "2 not started, not ready"),
        ("down", ""),
    ];
    let lost_after = [
        ("up", "ready"),
        ("print 1", "ask"),
        ("bytes 12 12 12", "store 1"),
        ("stored", SENT_PAPER),
        ("down", "1 unknown, not ready"),
        ("print 2", "2 not started"),
    ];
    check(GENERIC, Policy::Keep, &lost_before);
    check(GENERIC, Policy::Keep, &lost_after);
}

#[test]
fn nothing_is_sent_before_it_is_durable() {
    let probed = [
        ("up", "ready"),
        ("print 1", "ask"),
        ("bytes 12 12 12", "store 1"),
    ];
    let patient = [("pass 600000", ""), ("stored", SENT_PAPER)];
    let refused = [("not-stored", "1 not started"), ("print 2", "ask")];
    // What comes late is not for the next job.
    let late = [
        ("down", "1 not started, not ready"),
        ("up", "ready"),
        ("print 2", "ask"),
        ("bytes 12 12 12", "store 2"),
        ("stored", ""),
        ("not-stored", "2 not started"),
    ];
    for end in [patient.as_slice(), &refused, &late] {
        check(GENERIC, Policy::Keep, &[&probed, end].concat());
    }
}

#[test]
fn what_did_not_leave_can_be_given_up() {
    let begun = [("up", "ready"), ("print 1", "ask")];
    let other = [
        ("cancel 2", ""),
        ("cancel 1", "1 cancelled"),
        ("cancel 1", ""),
    ];
    let storing = [
        ("bytes 12 12 12", "store 1"),
        ("cancel 1", "1 cancelled"),
        ("stored", ""),
    ];
    let sent = [
        ("bytes 12 12 12", "store 1"),
        ("stored", SENT_PAPER),
        ("cancel 1", "1 unknown, close"),
    ];
    for end in [other.as_slice(), &storing, &sent] {
        check(GENERIC, Policy::Keep, &[&begun, end].concat());
    }
}

#[test]
fn a_drawer_is_opened_at_once_or_not_at_all() {
    let kick = r"send \x1bp\x00\x19\xfa, kicked";
    check(
        GENERIC,
        Policy::Keep,
        &[("kick", "not kicked"), ("up", "ready"), ("kick", kick)],
    );
    let closes = format!("{kick}, close");
    check(
        GENERIC,
        Policy::PerJob,
        &[("up", "ready"), ("kick", &closes)],
    );
}

#[test]
fn process_ids_are_printable_and_differ() {
    for (job, expected) in [(0, b"    "), (94, b"~   "), (95, b" !  "), (-1, b"!   ")] {
        assert_eq!(token(job), *expected, "{job}");
    }
    assert!(
        token(JobId::MIN)
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
}

fn chances() -> impl Strategy<Value = Vec<Chance>> {
    let sound = prop::sample::select(vec![
        b"\x12\x12\x12".to_vec(),
        b"\x1e\x32\x7e".to_vec(),
        b"\x00".to_vec(),
        b"\x0c".to_vec(),
        b"\x37\x22!   \0".to_vec(),
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
    ];
    prop::collection::vec(chance, 0..60)
}

proptest! {
    /// In any order of inputs: each job ends once, its receipt leaves at most once and only when that
    /// is durable, `NotStarted` and `Cancelled` mean that it never left, and the others that it did.
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
                        let was_sent = sent && running == Some(job);
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
