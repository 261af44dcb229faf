//! Jobs as a printer sees them: what it is sent for what it answers, and when.

mod confirmation;
mod ends;
mod faults;

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
        // A new link is empty.
        if matches!(input, Input::LinkDown | Input::LinkUp) {
            self.left = 0;
            if self.taken <= self.receipt_at {
                self.receipt_at = usize::MAX;
            }
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
