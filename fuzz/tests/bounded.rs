//! Every target with its seeds and a bounded number of their mutations: the same ones on every run.
//!
//! `FUZZ_RUNS` says how many; without it, so many that it takes seconds.

#![expect(
    clippy::disallowed_methods,
    reason = "an input that takes long is a defect too"
)]

use std::{fs, path::PathBuf, time::Instant};

use fuzz::{
    SLOW, TARGETS,
    mutate::{Random, mutated},
};

/// Mutations for each target.
const RUNS: u64 = 4_000;
/// Longest input that is made.
const LONGEST: usize = 4096;
/// No input of that length may take this long, on any machine: what does is not linear.
const PATIENCE_SECONDS: u64 = 5;

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(name);
    let mut paths: Vec<PathBuf> = fs::read_dir(&dir)
        .unwrap_or_else(|e| panic!("{}: {e}", dir.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn any_bytes_are_survived() {
    let runs = std::env::var("FUZZ_RUNS").map_or(RUNS, |runs| runs.parse().unwrap());
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "{name} has no seeds");
        let runs = if SLOW.contains(name) { runs / 8 } else { runs };
        let begin = Instant::now();
        for seed in &seeds {
            run(name, *target, seed);
        }
        for number in 0..runs {
            let input = mutated(&seeds, &mut Random::new(number), LONGEST);
            run(name, *target, &input);
        }
        println!(
            "{name}: {} seeds, {runs} mutations, {:?}",
            seeds.len(),
            begin.elapsed()
        );
    }
}

/// Runs one input, and names it when it fails: it is the seed of the regression test.
fn run(name: &str, target: fuzz::Target, input: &[u8]) {
    let begin = Instant::now();
    let survived = std::panic::catch_unwind(|| target(input)).is_ok();
    assert!(survived, "{name} fails with {input:02x?}");
    assert!(
        begin.elapsed().as_secs() < PATIENCE_SECONDS,
        "{name} is slow with {input:02x?}"
    );
}
