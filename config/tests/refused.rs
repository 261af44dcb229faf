//! Every file in `refused/` begins with the problems that it must be refused with.

use std::{fs, path::Path};

use config::{ConfigError, PrinterProfile, SecretSource};
use proptest::prelude::*;

const PROFILES: [PrinterProfile<'_>; 2] = [
    PrinterProfile {
        name: "epson-tm-t20iii",
        images: true,
        drawer: true,
    },
    PrinterProfile {
        name: "star-tsp143",
        images: false,
        drawer: false,
    },
];

fn problems(text: &str) -> Vec<String> {
    let credentials = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/credentials");
    let secrets = SecretSource::new(Some(credentials.clone()));
    match config::parse(text, Path::new("tilld.toml"), &secrets, &PROFILES) {
        Ok(config) => panic!("was accepted: {config:?}"),
        Err(ConfigError::Invalid { problems }) => problems
            .iter()
            .map(ToString::to_string)
            .map(|p| p.replace(&credentials.display().to_string(), "/run/credentials"))
            .collect(),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn each_mistake_is_named_with_its_place_and_its_cure() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/refused");
    let mut seen = 0;
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let expected: Vec<&str> = text
            .lines()
            .map_while(|line| line.strip_prefix("# refused: "))
            .collect();
        assert_eq!(problems(&text), expected, "{}", path.display());
        seen += 1;
    }
    assert!(seen > 40, "only {seen} files were found");
}

#[test]
fn the_message_of_all_is_one_line_for_each() {
    let text = "[[till]]\nid = \"A\"\ncurrency = \"EURO\"\n";
    let error = config::parse(
        text,
        Path::new("/etc/tilld/tilld.toml"),
        &SecretSource::default(),
        &[],
    )
    .unwrap_err()
    .to_string();
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("/etc/tilld/tilld.toml:2: till.id: “A”"));
    assert!(lines[1].starts_with("/etc/tilld/tilld.toml:3: till.currency: “EURO”"));
}

proptest! {
    /// A file with anything in the place of anything else: every answer but a panic is fine, and
    /// what is wrong is on a line that exists.
    #[test]
    fn no_text_makes_it_stumble(from in 0_usize..2500, length in 0_usize..80, put in "\\PC{0,12}|[\\[\\]{}=\".#\n ]{0,6}") {
        let example = include_str!("../examples/tilld.toml");
        let start = example.floor_char_boundary(from);
        let end = example.floor_char_boundary(start + length);
        let text = format!("{}{put}{}", &example[..start], &example[end..]);
        let lines = text.lines().count().max(1) + 1;
        if let Err(ConfigError::Invalid { problems }) =
            config::parse(&text, Path::new("x"), &SecretSource::default(), &PROFILES)
        {
            prop_assert!(!problems.is_empty());
            prop_assert!(problems.iter().all(|p| (1..=lines).contains(&p.line)));
        }
    }
}
