//! The documentation is true: its commands run, and its lists name what the code has.

use std::{fs, path::PathBuf, process::Command};

use payment::State;
use simulator::{
    invoicing, printer,
    terminal::{adyen, caisse_ap, concert, ecr17, zvt},
};
use tests::{Desk, Wire, binary, until};

const PAGES: &[&str] = &[
    "README.md",
    "docs/api.md",
    "docs/receipts.md",
    "docs/operations.md",
    "docs/simulators.md",
    "docs/ivvy.md",
    "docs/http.md",
    "docs/tryton.md",
    "docs/worklist.md",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The blocks that begin with these words.
fn blocks<'a>(page: &'a str, begin: &str) -> Vec<&'a str> {
    page.split(begin)
        .skip(1)
        .filter_map(|rest| rest.split("\n```").next())
        .collect()
}

/// Every block marked `sh tested` is run by `sh -eu` against a simulated desk, all of a page in
/// one shell, so that a later block may use what an earlier one set.
async fn run(page: &str) {
    let text = read(page);
    let script = blocks(&text, "\n```sh tested\n").join("\n");
    if script.is_empty() {
        return;
    }
    let options = zvt::Options {
        delay: std::time::Duration::from_millis(100),
        ..zvt::Options::default()
    };
    let mut desk = Desk::set(Wire::Tcp, options).await;
    let client = desk.start().await;
    desk.ready(&client).await;
    until("the address is in the log", || async {
        desk.log().contains("ready url=")
    })
    .await;
    let programs = binary("till").with_file_name("");
    let path = std::env::var("PATH").unwrap();
    let mut command = Command::new("sh");
    command
        .args(["-eu", "-c", &script])
        .current_dir(root())
        .env("PATH", format!("{}:{path}", programs.display()))
        .env("TILLD_CONFIG", desk.config())
        .env("STATE", desk.path("state"))
        .env("SOCKET", desk.path("tilld.sock"))
        .env("URL", desk.url())
        .env("no_proxy", "*");
    // The simulators live in this runtime and must go on meanwhile.
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{page}:\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test]
async fn the_commands_of_every_page_run() {
    for page in PAGES {
        run(page).await;
    }
}

/// The block of the section “Restore”, line by line; the service manager is this test.
#[tokio::test(flavor = "multi_thread")]
async fn a_restore_goes_as_the_page_says() {
    let page = read("docs/operations.md");
    let section = page.split("\n## Restore\n").nth(1).unwrap();
    let block = blocks(section, "\n```sh\n")[0];
    let mut desk = Desk::set(Wire::Tcp, zvt::Options::default()).await;
    let client = desk.start().await;
    let body = serde_json::json!({
        "device": "cashbox", "amount": "1.00", "currency": "EUR", "method": "cash",
    });
    client.pay("k1", &body).await.unwrap();
    let copy = desk.path("copy.db").display().to_string();
    let file = fs::File::create(&copy).unwrap();
    client.download("/v1/backup", &file).await.unwrap();
    client.pay("k2", &body).await.unwrap();
    desk.kill();
    // The log would mend what it holds.
    fs::remove_file(desk.path("state/tilld.db-wal")).unwrap();
    fs::write(desk.path("state/tilld.db"), "damaged").unwrap();
    let programs = binary("till").with_file_name("");
    let path = std::env::var("PATH").unwrap();
    desk.spawn(&[]);
    until("it refuses to start", || async { !desk.lives() }).await;
    for line in block.lines() {
        match line.trim_start_matches("sudo ") {
            "systemctl stop tilld" => assert!(desk.has_ended()),
            "systemctl start tilld" => drop(desk.start().await),
            line => {
                let line = line
                    .replace("/media/backup/tilld-2026-11-20.db", &copy)
                    .replace("desk1-000123", "cashbox-000002");
                let done = Command::new("sh")
                    .args(["-eu", "-c", &line])
                    .env("PATH", format!("{}:{path}", programs.display()))
                    .env("TILLD_CONFIG", desk.config())
                    .output()
                    .unwrap();
                assert!(done.status.success(), "{line}: {done:?}");
            }
        }
    }
    let payment = desk.client().pay("k3", &body).await.unwrap();
    assert_eq!(tests::text(&payment, "receipt"), "cashbox-000003");
}

#[test]
fn every_problem_is_in_the_api_page() {
    let page = read("docs/api.md");
    let code = read("daemon/src/problem.rs");
    // Each kind stands in front of its status: `("kind", 404)`.
    let kinds: Vec<&str> = code
        .split("(\"")
        .filter_map(|rest| rest.split_once("\", "))
        .filter(|(_, status)| status.starts_with(|c: char| c.is_ascii_digit()))
        .map(|(kind, _)| kind)
        .collect();
    assert!(kinds.len() > 25, "only {} kinds were found", kinds.len());
    for kind in kinds {
        let row = format!("| `urn:tilld:problem:{kind}` |");
        assert!(page.contains(&row), "docs/api.md lacks {row}");
    }
    for state in State::ALL {
        let row = format!("| `{}` |", state.shown());
        assert!(page.contains(&row), "docs/api.md lacks the state {row}");
    }
}

#[test]
fn every_route_is_in_the_api_page() {
    let page = read("docs/api.md");
    let code = read("daemon/src/api/mod.rs");
    let routes: Vec<&str> = code
        .split(".route(\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(routes.len() > 5, "{routes:?}");
    for route in routes {
        assert!(
            page.contains(&format!("{route}`")),
            "docs/api.md lacks {route}"
        );
    }
}

/// The support tables of the README are what the drivers declare.
#[test]
fn the_readme_shows_what_the_drivers_declare() {
    let output = Command::new(binary("tilld"))
        .arg("drivers")
        .output()
        .unwrap();
    let tables = String::from_utf8(output.stdout).unwrap();
    let tables: Vec<&str> = tables.trim_end().split("\n\n").collect();
    assert_eq!(tables.len(), 2, "terminals and printers");
    for table in tables {
        assert!(read("README.md").contains(table), "{table}");
    }
}

#[test]
fn every_fault_is_in_the_simulators_page() {
    let page = read("docs/simulators.md");
    let terminals = [
        zvt::FAULTS,
        concert::FAULTS,
        caisse_ap::FAULTS,
        ecr17::FAULTS,
        adyen::FAULTS,
    ]
    .concat();
    for (name, what) in terminals.iter().chain(printer::FAULTS) {
        let row = format!("| `{name}` | {what} |");
        assert!(page.contains(&row), "docs/simulators.md lacks {row}");
    }
    for fault in invoicing::Fault::ALL {
        let row = format!("| `{fault}` |");
        assert!(page.contains(&row), "docs/simulators.md lacks {row}");
    }
}

#[test]
fn every_option_of_the_printer_is_in_the_simulators_page() {
    let page = read("docs/simulators.md");
    let output = Command::new(binary("tilld"))
        .args(["simulate", "printer", "--help"])
        .output()
        .unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let options: Vec<&str> = help
        .split_whitespace()
        .filter(|word| word.starts_with("--") && *word != "--help")
        .collect();
    assert!(options.len() > 8, "{help}");
    for option in options {
        let row = format!("| `{option}");
        assert!(page.contains(&row), "docs/simulators.md lacks {option}");
    }
}

/// Folders and tests that ARCHITECTURE.md names in its code map and its laws.
#[test]
fn the_architecture_names_what_is_there() {
    let page = read("ARCHITECTURE.md");
    let folders: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("### `")?.split('`').next())
        .collect();
    assert!(folders.len() > 10, "{folders:?}");
    for folder in folders {
        assert!(root().join(folder).exists(), "{folder} is not there");
    }
    let laws: Vec<(&str, &str)> = page
        .split("`test:")
        .skip(1)
        .filter_map(|rest| rest.split('`').next()?.split_once("::"))
        .collect();
    assert!(laws.len() > 10, "{laws:?}");
    for (file, name) in laws {
        let found = read(file).contains(&format!("fn {name}("));
        assert!(found, "{file} has no test {name}");
    }
}
