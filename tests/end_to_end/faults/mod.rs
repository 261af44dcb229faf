//! What a machine and its callers do to a daemon: they hang up; it is stopped for a while, runs out of files, its disk is full,
//! fails or becomes read-only, its database is damaged, its clock is set.

mod callers;
mod clock;
mod damage;
mod disk;
mod read_only;
mod strangers;

use std::{
    fs,
    io::Write,
    process::{Child, Command, Stdio},
    time::Duration,
};

use daemon::cli::client::{CallError, Client};
use serde_json::{Value, json};
use simulator::terminal::zvt::Options;
use tests::{Desk, Wire, binary, card, text, until};

async fn desk() -> Desk {
    let options = Options {
        delay: Duration::from_millis(100),
        ..Options::default()
    };
    Desk::set(Wire::Tcp, options).await
}

fn cash() -> Value {
    json!({ "device": "cashbox", "amount": "1.00", "currency": "EUR", "method": "cash" })
}

/// `till` beside the desk: its exit code, and what it says.
fn till(desk: &Desk, words: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(binary("till"))
        .args(words)
        .env("TILLD_CONFIG", desk.config())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

/// The payments that there are, oldest first, by their keys.
async fn keys(client: &Client) -> Vec<String> {
    let list = client.get("/v1/payments?limit=100").await.unwrap();
    let rows = list.get("payments").and_then(Value::as_array).unwrap();
    rows.iter().rev().map(|row| text(row, "key")).collect()
}

/// What kind of problem it is, and what it tells the person at the desk.
fn refusal(answer: Result<Value, CallError>) -> (String, String) {
    match answer {
        Err(CallError::Refused { kind, detail }) => (kind, detail),
        other => panic!("{other:?}"),
    }
}

/// Attaches to the daemon; from then on that happens to its calls of those names. `None` where that is
/// not allowed.
fn inject(desk: &Desk, calls: &str, fault: &str) -> Option<Child> {
    let pid = desk.pid().to_string();
    let inject = format!("inject={calls}:{fault}");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-p", &pid, "-e"]);
    strace.args([&format!("trace={calls}"), "-e", &inject]);
    let child = strace.stdout(Stdio::null()).spawn().ok()?;
    let status = format!("/proc/{pid}/status");
    for _ in 0..200 {
        let status = fs::read_to_string(&status).unwrap_or_default();
        let tracer = status.lines().find_map(|l| l.strip_prefix("TracerPid:"));
        if tracer.is_some_and(|tracer| tracer.trim() != "0") {
            return Some(child);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    None
}

async fn is_whole(client: &Client) {
    let seen = client.get("/v1/verify").await.unwrap();
    assert_eq!(seen.get("whole"), Some(&json!(true)), "{seen}");
}

#[tokio::test]
async fn a_daemon_that_is_stopped_for_a_while_takes_the_payment_once() {
    let mut desk = desk().await;
    let client = desk.start().await;
    desk.ready(&client).await;
    let paying = tokio::spawn({
        let client = client.clone();
        async move { client.pay("k1", &card("10.10", "156")).await }
    });
    until("the terminal works on it", || async {
        desk.terminal.authorisations_seen() == 1
    })
    .await;
    desk.signal("STOP");
    // The terminal approves meanwhile, and nobody acknowledges it.
    tokio::time::sleep(Duration::from_secs(2)).await;
    desk.signal("CONT");
    let payment = paying.await.unwrap().unwrap();
    let charged = usize::from(text(&payment, "state") == "approved");
    assert_eq!(desk.terminal.charged().len(), charged, "{payment}");
    assert_eq!(desk.terminal.authorisations_seen(), 1);
    let again = client.pay("k1", &card("10.10", "156")).await.unwrap();
    assert_eq!(text(&again, "id"), text(&payment, "id"));
}

/// Callers who hold every file that the daemon may open keep it from serving, and from nothing else.
#[tokio::test]
async fn a_daemon_without_a_free_file_goes_on_when_there_is_one() {
    let mut desk = desk().await;
    let starts = desk.starts();
    desk.spawn(&["bash", "-c", "ulimit -n 48; exec \"$@\"", "few files"]);
    until("it is ready", || async { desk.starts() > starts }).await;
    let client = desk.client();
    desk.ready(&client).await;
    let url = desk.url();
    let address = url.strip_prefix("http://").unwrap();
    let held: Vec<_> = (0..80)
        .map(|_| {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            stream.write_all(b"GET /healthz HTTP/1.1\r\n").unwrap();
            stream
        })
        .collect();
    let slow = tokio::time::timeout(Duration::from_secs(2), desk.client().get("/healthz")).await;
    assert!(
        !matches!(slow, Ok(Ok(_))),
        "there were files left: {slow:?}"
    );
    drop(held);
    let payment = client.pay("k1", &card("10.10", "156")).await.unwrap();
    assert_eq!(text(&payment, "state"), "approved");
    is_whole(&client).await;
    assert!(desk.stop().await);
}
