//! What to measure, and where to write it.

use std::path::PathBuf;

const USAGE: &str =
    "tests/bench [--quick] [--only NAME[,NAME]] [--payments COUNT] [--out DIRECTORY] [--readme]
  --quick     in a minute or two, less sharp
  --only      some of: payment throughput slow idle drain many load receipt
  --payments  in the large database, which is compared with one of a thousand: 1000000 unless given,
              50000 if quick
  --out       where the results go, and the disk that is measured: target/bench unless given
  --readme    puts the table into README.md";

/// What can be measured.
pub(crate) const NAMES: [&str; 8] = [
    "payment",
    "throughput",
    "slow",
    "idle",
    "drain",
    "many",
    "load",
    "receipt",
];

pub(crate) struct Options {
    pub(crate) quick: bool,
    only: Vec<String>,
    pub(crate) payments: Option<usize>,
    pub(crate) out: PathBuf,
    pub(crate) readme: Option<PathBuf>,
}

impl Options {
    pub(crate) fn read(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            quick: false,
            only: Vec::new(),
            payments: None,
            out: "target/bench".into(),
            readme: None,
        };
        let usage = || USAGE.to_owned();
        let mut words = words;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(usage);
            match word.as_str() {
                "--quick" => options.quick = true,
                "--readme" => options.readme = Some("README.md".into()),
                "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
                "--payments" => {
                    options.payments = Some(value()?.parse().map_err(|_| usage())?);
                }
                "--out" => options.out = value()?.into(),
                _ => return Err(usage()),
            }
        }
        if options
            .only
            .iter()
            .any(|name| !NAMES.contains(&name.as_str()))
        {
            return Err(usage());
        }
        Ok(options)
    }

    /// Whether this is to be measured.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }
}
