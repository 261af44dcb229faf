//! The example, the documentation and the defaults.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use config::{
    AdyenEnvironment, Config, ConfigError, Ecr17Lrc, IvvyFee, IvvyFeeKind, IvvyMethod,
    PrinterProfile, Protocol, SecretSource, UpstreamKind, ZvtOptions,
};
use payment::Method;
use rust_decimal::Decimal;

const PROFILES: [PrinterProfile<'_>; 1] = [PrinterProfile {
    name: "epson-tm-t20iii",
    images: true,
    drawer: true,
}];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    let secrets = SecretSource::new(Some(root().join("tests/credentials")));
    config::parse(text, Path::new("tilld.toml"), &secrets, &PROFILES)
}

fn zvt(config: &Config) -> &ZvtOptions {
    let Protocol::Zvt(options) = &config.terminals[0].protocol else {
        panic!("another protocol: {config:?}");
    };
    options
}

const TERMINAL: &str = r#"
[[terminal]]
id = "desk1"
protocol = "zvt"
link = "tcp:192.0.2.20:20007"
currency = "EUR"
"#;

#[test]
fn the_example_is_a_whole_configuration() {
    let secrets = SecretSource::new(Some(root().join("tests/credentials")));
    let config = config::load(&root().join("examples/tilld.toml"), &secrets, &PROFILES).unwrap();
    insta::assert_debug_snapshot!(config);
    let UpstreamKind::Ivvy(ivvy) = &config.upstreams[0].kind else {
        panic!("another kind");
    };
    assert_eq!(ivvy.secret.expose(), "not-a-real-secret");
}

#[test]
fn one_device_is_enough_and_the_rest_has_defaults() {
    let config = parse(TERMINAL).unwrap();
    insta::assert_debug_snapshot!(config);
    assert_eq!(zvt(&config).password.expose(), "000000");
}

#[test]
fn an_italian_terminal_needs_nothing_but_its_address() {
    let text = TERMINAL.replace("\"zvt\"", "\"ecr17\"");
    let options = |text: &str| {
        let Protocol::Ecr17(options) = parse(text).unwrap().terminals.remove(0).protocol else {
            panic!("it is an ECR17 terminal");
        };
        options
    };
    let plain = options(&text);
    assert_eq!((plain.lrc, plain.extended), (Ecr17Lrc::Detect, true));
    assert_eq!(plain.terminal_id, "00000000");
    let exact = "[terminal.ecr17]\nlrc = \"stx+payload\"\nterminal_id = \"12345678\"\n\
                 register = \"00000002\"\nextended = false\ncompletion_timeout = \"2m\"\n";
    let exact = options(&format!("{text}{exact}"));
    assert_eq!((exact.lrc, exact.extended), (Ecr17Lrc::StxPayload, false));
    assert_eq!(
        (&*exact.terminal_id, &*exact.register),
        ("12345678", "00000002")
    );
    assert_eq!(exact.completion_timeout, Duration::from_mins(2));
}

#[test]
fn a_terminal_prints_here_when_it_has_a_printer() {
    let printer = "[[printer]]\nid = \"front\"\nlink = \"file:/dev/usb/lp0\"\nprofile = \"epson-tm-t20iii\"\n";
    for (options, expected) in [
        ("", false),
        ("printer = \"front\"", true),
        (
            "printer = \"front\"\n[terminal.zvt]\ncharset = \"7bit\"",
            true,
        ),
        (
            "printer = \"front\"\n[terminal.zvt]\nprint_here = false",
            false,
        ),
        ("[terminal.zvt]\nprint_here = false", false),
    ] {
        let config = parse(&format!("{TERMINAL}{options}\n{printer}")).unwrap();
        assert_eq!(zvt(&config).print_here, expected, "{options}");
    }
}

#[test]
fn options_reach_their_places() {
    let text = format!(
        "{TERMINAL}{}",
        r#"
[terminal.zvt]
password = { credential = "six-digits" }
answer_timeout = "7s"
completion_timeout = "4m"
number_messages = true
amounts_at_terminal = false
administration_at_terminal = false
service_menu = false
capitals = true

[[upstream]]
id = "ivvy"
kind = "ivvy"
url = "http://127.0.0.1:8080/"
fence = "1h"
api_key = "abc"
secret = { credential = "ivvy-secret" }
methods = { card = 9, other = { custom = 0x10 } }
devices.desk1 = { card = { custom = 4711 } }
fees.card = { percentage = "1.5", excluded_taxes = [3, 4] }
fees.cash = { amount = "0.30" }
refunds_to_bookings = true
pace = "2s"
"#
    );
    let config = parse(&text).unwrap();
    let options = zvt(&config);
    assert_eq!(options.password.expose(), "123456");
    assert_eq!(options.answer_timeout, Duration::from_secs(7));
    assert_eq!(options.completion_timeout, Duration::from_mins(4));
    assert!(options.number_messages && options.capitals);
    let allowed = [
        options.amounts_at_terminal,
        options.administration_at_terminal,
        options.service_menu,
    ];
    assert_eq!(allowed, [false; 3]);
    let upstream = &config.upstreams[0];
    assert_eq!(upstream.url, "http://127.0.0.1:8080");
    assert_eq!(upstream.fence, Duration::from_hours(1));
    let UpstreamKind::Ivvy(ivvy) = &upstream.kind else {
        panic!("another kind");
    };
    let own = IvvyMethod::Number;
    let expected = [
        (Method::Card, own(9)),
        (Method::Cash, own(6)),
        (Method::Cheque, own(5)),
        (Method::BankTransfer, own(3)),
        (Method::Other, IvvyMethod::Custom(16)),
    ];
    assert_eq!(ivvy.methods.all, BTreeMap::from(expected));
    let at = |device: &str| ivvy.methods.at(&device.parse().unwrap(), Method::Card);
    assert_eq!(at("desk1"), Some(&IvvyMethod::Custom(4711)));
    assert_eq!(at("desk2"), Some(&own(9)));
    let fee = |kind, excluded_taxes| IvvyFee {
        kind,
        excluded_taxes,
    };
    let expected = [
        (
            Method::Card,
            fee(IvvyFeeKind::Percentage(Decimal::new(15, 1)), vec![3, 4]),
        ),
        (
            Method::Cash,
            fee(IvvyFeeKind::Amount(Decimal::new(30, 2)), vec![]),
        ),
    ];
    assert_eq!(ivvy.fees, BTreeMap::from(expected));
    assert!(ivvy.refunds_to_bookings);
    assert_eq!(ivvy.pace, Duration::from_secs(2));
}

#[test]
fn an_adyen_terminal_has_defaults_and_a_root_that_is_read() {
    let root = tempfile::NamedTempFile::new().unwrap();
    let text = format!(
        r#"
[[terminal]]
id = "desk1"
protocol = "adyen"
link = "https:192.0.2.22:8443"
currency = "EUR"
[terminal.adyen]
poi_id = "V400m-123456789"
passphrase = {{ credential = "six-digits" }}
key_identifier = "clinic"
key_version = 1
root = "{}"
"#,
        root.path().display()
    );
    let problem = parse(&text).unwrap_err().to_string();
    assert!(problem.contains("holds no certificate"), "{problem}");
    fs::write(root.path(), "-----BEGIN CERTIFICATE-----\n").unwrap();
    let config = parse(&text).unwrap();
    let Protocol::Adyen(options) = &config.terminals[0].protocol else {
        panic!("not Adyen");
    };
    assert_eq!(options.root, "-----BEGIN CERTIFICATE-----\n");
    assert_eq!(options.environment, AdyenEnvironment::Live);
    assert_eq!(options.sale_id, None);
    assert_eq!(options.payment_timeout, Duration::from_secs(150));
    assert_eq!(
        config.terminals[0].protocol.patience(),
        Duration::from_secs(150)
    );
}

const DOCUMENTATION: &str = include_str!("../../docs/configuration.md");

/// A block of the documentation shows one table; what it needs beside it is added.
#[test]
fn every_block_of_the_documentation_is_right() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    fs::write(secret.path(), "123456\n").unwrap();
    let root = tempfile::NamedTempFile::new().unwrap();
    fs::write(root.path(), "-----BEGIN CERTIFICATE-----\n").unwrap();
    let blocks: Vec<&str> = DOCUMENTATION
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(blocks.len() >= 6, "only {} blocks", blocks.len());
    for block in blocks {
        let mut whole = block.to_owned();
        for (path, there) in [
            ("desk1-password", &secret),
            ("adyen-passphrase", &secret),
            ("adyen-terminal-root.pem", &root),
        ] {
            let there = there.path().display().to_string();
            whole = whole.replace(&format!("/etc/tilld/{path}"), &there);
        }
        if !block.contains("[[terminal]]") && !block.contains("[[till]]") {
            whole.push_str("\n[[till]]\nid = \"desk1\"\ncurrency = \"EUR\"\n");
        }
        if block.contains("printer =") && !block.contains("[[printer]]") {
            whole.push_str("\n[[printer]]\nid = \"front\"\nlink = \"file:/dev/usb/lp0\"\n");
            whole.push_str("profile = \"epson-tm-t20iii\"\n");
        }
        if let Err(problem) = parse(&whole) {
            panic!("{problem}\nin:\n{whole}");
        }
    }
}

/// The keys are those that the messages name for a wrong one.
#[test]
fn every_key_is_documented() {
    let text =
        fs::read_to_string(root().join("tests/refused/unknown-keys-everywhere.toml")).unwrap();
    let ConfigError::Invalid { problems } = parse(&text).unwrap_err() else {
        panic!("other error");
    };
    let keys: BTreeSet<&str> = problems
        .iter()
        .filter_map(|p| p.text.split_once("the keys here are "))
        .flat_map(|(_, keys)| keys.split(", "))
        .collect();
    assert!(keys.len() > 20, "{keys:?}");
    for key in keys {
        let row = format!("| `{key}` |");
        let table = format!("[upstream.{key}]");
        let section = format!("[terminal.{key}]");
        let list = format!("[[upstream.{key}]]");
        assert!(
            [row, table, section, list]
                .iter()
                .any(|t| DOCUMENTATION.contains(t)),
            "{key} is not in docs/configuration.md"
        );
    }
}

/// The template of the page is one.
#[test]
fn the_template_of_the_documentation_is_right() {
    let page = include_str!("../../docs/receipts.md");
    let begin = "```text\n";
    let template = page
        .split(begin)
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let layout = config::Layout::check(template.unwrap(), payment::receipt::Language::German);
    assert!(layout.is_ok(), "{layout:?}");
}

/// What a template may name stands in its page.
#[test]
fn every_name_of_a_template_is_documented() {
    let page = include_str!("../../docs/http.md");
    for (name, what) in config::VARIABLES {
        let row = format!("| `{name}` | {what} |");
        assert!(page.contains(&row), "docs/http.md lacks {row}");
    }
    for (name, what) in config::LIST_VARIABLES
        .iter()
        .chain(config::INVOICE_VARIABLES)
    {
        let row = format!("| `{name}` | {what} |");
        assert!(page.contains(&row), "docs/http.md lacks {row}");
    }
    let page = include_str!("../../docs/receipts.md");
    for (name, what) in config::RECEIPT_VARIABLES {
        let row = format!("| `{name}` | {what} |");
        assert!(page.contains(&row), "docs/receipts.md lacks {row}");
    }
}
