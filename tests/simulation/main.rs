//! A simulated world: clinic, daemon, people, network, clock and disk in one process, on one seeded
//! scheduler and in virtual time. Every durable step, every send and receive is a point where the world
//! may crash, lose, delay, cut or refuse. `tests/world` runs it.
//!
//! With `--load` it is an hour in which fifty programs ask at once, on four devices.
//!
//! `world --seed N` tells the whole story of one seed; `world --seeds COUNT --from FIRST` runs many,
//! and tells the story of the first that breaks a law. `world --planted COUNT` plants the bugs of
//! [`payment::planted`] one by one, and wants each to be found within so many seeds.
#![expect(
    clippy::unwrap_used,
    reason = "a world that cannot be made fails loudly"
)]
#![expect(clippy::indexing_slicing, reason = "its own tables")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "its output is its purpose"
)]
#![expect(clippy::disallowed_methods, reason = "it measures real time")]

mod agenda;
mod clinic;
mod copies;
mod office;
mod oracle;
mod people;
mod random;
mod till;
mod trouble;
mod wire;
mod world;

use std::{
    io::{self, Write as _},
    ops::Range,
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Instant,
};

use agenda::Broken;
use world::{Day, World};

const USAGE: &str = "usage: world [--load] --seed N [--bug B] | world [--load] --seeds COUNT \
                     [--from FIRST] [--threads N] [--bug B] | world --planted COUNT";
/// The laws that the planted bugs break: one for each law, then one for each of a return to a copy,
/// a drawer, a service, a request that is overtaken, a clock that is set, an approval that is heard again
/// after a crash, a payment that is called handled though nobody has done it, and the end of a day that is
/// asked for before it is durable, or again after a crash, or under another key.
const BUGS: [u8; 23] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 7, 6, 4, 7, 3, 4, 7, 1, 4, 5,
];

struct Args {
    seed: Option<u64>,
    seeds: u64,
    from: u64,
    threads: usize,
    /// Seeds within which the bug that is planted against each law must be found.
    planted: u64,
    /// The number of the bug that is planted; none for zero.
    bug: u8,
    day: Day,
}

fn args() -> Option<Args> {
    let mut args = Args {
        seed: None,
        seeds: 0,
        from: 1,
        threads: thread::available_parallelism().map_or(1, usize::from),
        planted: 0,
        bug: 0,
        day: Day::Usual,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        if word == "--load" {
            args.day = Day::Crowded;
            continue;
        }
        let number: u64 = words.next()?.parse().ok()?;
        match word.as_str() {
            "--seed" => args.seed = Some(number),
            "--seeds" => args.seeds = number,
            "--from" => args.from = number,
            "--threads" => args.threads = usize::try_from(number).ok()?.max(1),
            "--planted" => args.planted = number,
            "--bug" => args.bug = u8::try_from(number).ok()?,
            _ => return None,
        }
    }
    (args.seed.is_some() || args.seeds > 0 || args.planted > 0).then_some(args)
}

fn main() -> ExitCode {
    let Some(args) = args() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    if args.planted > 0 {
        return find_planted(args.planted, args.threads);
    }
    if let Some(seed) = args.seed {
        return match tell(seed, args.day, args.bug) {
            None => ExitCode::SUCCESS,
            Some(_) => ExitCode::FAILURE,
        };
    }
    let begun = Instant::now();
    let seeds = args.from..args.from.saturating_add(args.seeds);
    let (run, broken) = search(seeds, args.day, args.threads, args.bug);
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{run} seeds in {seconds:.1} s, {:.0} a second",
        per_second(run, seconds)
    );
    let Some((seed, _)) = broken else {
        println!("every law holds");
        return ExitCode::SUCCESS;
    };
    drop(tell(seed, args.day, args.bug));
    let load = match args.day {
        Day::Usual => "",
        Day::Crowded => "--load ",
    };
    println!("tell it again: tests/world {load}--seed {seed}");
    ExitCode::FAILURE
}

#[expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "a rate, and no money"
)]
fn per_second(run: u64, seconds: f64) -> f64 {
    run as f64 / seconds
}

/// Runs seeds until one breaks a law. How many were run, and the lowest that was found.
fn search(seeds: Range<u64>, day: Day, threads: usize, bug: u8) -> (u64, Option<(u64, Broken)>) {
    let next = AtomicU64::new(seeds.start);
    let end = seeds.end;
    let worst = AtomicU64::new(end);
    let found = thread::scope(|scope| {
        let runs: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    plant(bug);
                    let mut run = 0;
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= end || seed > worst.load(Ordering::Relaxed) {
                            return (run, None);
                        }
                        run += 1;
                        if let Some(broken) = live(&mut World::new(seed, day, false)) {
                            worst.fetch_min(seed, Ordering::Relaxed);
                            return (run, Some((seed, broken)));
                        }
                    }
                })
            })
            .collect();
        runs.into_iter()
            .map(|run| run.join().unwrap())
            .collect::<Vec<_>>()
    });
    let run = found.iter().map(|(run, _)| run).sum();
    let broken = found.into_iter().filter_map(|(_, broken)| broken);
    (run, broken.min_by_key(|(seed, _)| *seed))
}

/// The laws: the first bugs are numbered by them.
const LAWS: u8 = 13;
/// The others need rarer days, such as a second crash after a return to a copy: so many times as long.
const RARER: u64 = 4;

/// Plants each bug, and looks how soon it is found.
fn find_planted(laws_within: u64, threads: usize) -> ExitCode {
    let mut missed = 0;
    for (bug, law) in (1..).zip(BUGS) {
        let within = if bug <= LAWS {
            laws_within
        } else {
            RARER * laws_within
        };
        match search(1..within + 1, Day::Usual, threads, bug).1 {
            Some((seed, broken)) if broken.law == law => {
                println!("bug {bug}: seed {seed}: {broken}");
            }
            Some((seed, broken)) => {
                missed += 1;
                println!("bug {bug}: seed {seed} finds something else: {broken}");
            }
            None => {
                missed += 1;
                println!("bug {bug}: it is not found within {within} seeds");
            }
        }
    }
    println!(
        "{} of {} planted bugs were found, one against each law within {laws_within} seeds, the others within {}",
        BUGS.len() - missed,
        BUGS.len(),
        RARER * laws_within
    );
    if missed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Plants a bug in this thread, where bugs can be planted.
#[cfg(feature = "planted")]
fn plant(bug: u8) {
    payment::plant(bug);
}

#[cfg(not(feature = "planted"))]
fn plant(bug: u8) {
    assert_eq!(
        bug, 0,
        "build it with --features planted, as tests/world does"
    );
}

/// Runs a world. A panic in it is a defect of the product or of the world.
fn live(world: &mut World) -> Option<Broken> {
    let ended = panic::catch_unwind(AssertUnwindSafe(|| world.run()));
    ended.unwrap_or_else(|_| {
        Some(Broken {
            law: 0,
            how: "something panicked".to_owned(),
        })
    })
}

/// Runs one seed and prints all that happened.
fn tell(seed: u64, day: Day, bug: u8) -> Option<Broken> {
    plant(bug);
    let mut world = World::new(seed, day, true);
    let broken = live(&mut world);
    let verdict = match &broken {
        None => format!("seed {}: every law holds", world.seed),
        Some(broken) => format!("seed {}: {broken}", world.seed),
    };
    let mut out = io::stdout().lock();
    for line in world.agenda.story.iter().flatten().chain([&verdict]) {
        // Whoever reads may have seen enough.
        if writeln!(out, "{line}").is_err() {
            break;
        }
    }
    broken
}
