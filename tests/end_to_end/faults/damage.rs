//! The database is damaged: a page is lost, a row was changed by hand, the end of the log is torn.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use daemon::cli::client::{CallError, Client};
use serde_json::Value;
use tests::{Desk, card, text, until};

use super::{cash, desk, is_whole, keys, till};

const PAGE: usize = 4096;
const PAYMENTS: usize = 24;

/// A desk that has taken payments and is closed, and a copy of its database, which stands alone.
async fn after_a_day() -> (Desk, PathBuf, Vec<u8>) {
    let mut desk = desk().await;
    let client = desk.start().await;
    desk.ready(&client).await;
    client.pay("k0", &card("10.10", "156")).await.unwrap();
    until("it is booked", || async { desk.outstanding() != "80.00" }).await;
    for number in 1..PAYMENTS {
        client.pay(&format!("k{number}"), &cash()).await.unwrap();
    }
    let copy = desk.path("copy.db");
    let (code, said) = till(&desk, &["backup", copy.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{said}");
    assert!(desk.stop().await);
    let whole = fs::read(&copy).unwrap();
    (desk, copy, whole)
}

fn expected() -> Vec<String> {
    (0..PAYMENTS).map(|number| format!("k{number}")).collect()
}

/// The database of a daemon that does not run becomes this file, without a log.
fn replace(desk: &Desk, bytes: &[u8]) -> PathBuf {
    let database = desk.path("state/tilld.db");
    for log in ["state/tilld.db-wal", "state/tilld.db-shm"] {
        drop(fs::remove_file(desk.path(log)));
    }
    fs::write(&database, bytes).unwrap();
    database
}

/// Damages a file in place.
fn spoil(file: &Path, at: usize, bytes: &[u8]) {
    let file = fs::File::options().write(true).open(file).unwrap();
    file.write_all_at(bytes, u64::try_from(at).unwrap())
        .unwrap();
}

/// Starts a daemon on a damaged database, and uses it. It either answers what is true, or refuses and
/// says how to restore, or ends and its log says so. Returns whether it refused.
async fn use_it(desk: &mut Desk, page: usize) -> bool {
    let (starts, logged) = (desk.starts(), desk.log().len());
    desk.spawn(&[]);
    until("it runs or ends", || async {
        desk.starts() > starts || !desk.lives()
    })
    .await;
    let mut refused = false;
    if desk.lives() {
        let client = desk.client();
        if let Some(list) = told(
            client.get("/v1/payments?limit=100").await,
            page,
            &mut refused,
        ) {
            let rows = list.get("payments").and_then(Value::as_array).unwrap();
            let keys: Vec<_> = rows.iter().rev().map(|row| text(row, "key")).collect();
            assert_eq!(keys, expected(), "page {page}");
        }
        let again = client.pay_once("k1", &cash()).await;
        let new = client.pay_once("new", &cash()).await;
        for answer in [again, new] {
            if let Some(payment) = told(answer, page, &mut refused) {
                assert_eq!(text(&payment, "state"), "approved", "page {page}");
            }
        }
    }
    if desk.has_ended() {
        refused = true;
        let log = desk.log();
        let last = log[logged..].lines().last().unwrap_or_default();
        assert!(last.contains("restore"), "page {page}: {last}");
    } else {
        desk.kill();
    }
    refused
}

fn told(answer: Result<Value, CallError>, page: usize, refused: &mut bool) -> Option<Value> {
    match answer {
        Ok(value) => Some(value),
        Err(CallError::Refused { kind, detail }) => {
            *refused = true;
            // A write that meets the damage stops the daemon, and its log says how to restore.
            let named = kind == "storage-damaged" && detail.contains("till restore FILE");
            assert!(
                named
                    || ["storage-failed", "storage-unreadable", "stopping"]
                        .contains(&kind.as_str()),
                "page {page}: {kind}: {detail}"
            );
            None
        }
        // It ended meanwhile.
        Err(_) => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_page_is_found_and_a_copy_is_restored() {
    let (mut desk, copy, whole) = after_a_day().await;
    let (mut kinds, mut refused) = (BTreeSet::new(), 0);
    for page in 0..whole.len() / PAGE {
        // The first page begins with the file's own head.
        let kind = whole[page * PAGE + if page == 0 { 100 } else { 0 }];
        let database = replace(&desk, &whole);
        spoil(&database, page * PAGE, &[0xa5; PAGE]);
        let (code, said) = till(&desk, &["verify", database.to_str().unwrap()]);
        assert_eq!(code, Some(1), "page {page}: {said}");
        assert!(said.contains("restore"), "page {page}: {said}");
        // The first page of each kind, and some more.
        if kinds.insert(kind) || page % 6 == 0 {
            refused += usize::from(use_it(&mut desk, page).await);
        }
    }
    assert!(refused > 0, "no damage was met");
    // Leaves of tables and of indices (SQLite's file format, 1.6).
    assert!(kinds.is_superset(&[0x0d, 0x0a].into()), "{kinds:?}");

    let database = replace(&desk, &whole);
    spoil(&database, PAGE, &[0xa5; 2 * PAGE]);
    let (code, said) = till(&desk, &["restore", copy.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{said}");
    let client = desk.start().await;
    assert_eq!(keys(&client).await, expected());
    is_whole(&client).await;
    assert_eq!(desk.terminal.charged().len(), 1);
    client.pay("new", &cash()).await.unwrap();
    assert!(desk.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_changed_by_hand_is_named_and_a_copy_is_restored() {
    let (mut desk, copy, whole) = after_a_day().await;
    let places = whole.windows(5).enumerate();
    let places: Vec<usize> = places
        .filter(|(_, bytes)| bytes == b"10.10")
        .map(|(at, _)| at)
        .collect();
    let mut named = None;
    for at in places {
        let database = replace(&desk, &whole);
        spoil(&database, at, b"10.40");
        let (code, said) = till(&desk, &["verify", database.to_str().unwrap()]);
        if code == Some(1) && said.contains("journal entry 1 was changed") {
            named = Some((at, said));
        }
    }
    let Some((at, said)) = named else {
        panic!("no change of the journal was found");
    };
    assert!(said.contains("till restore FILE"), "{said}");
    spoil(&replace(&desk, &whole), at, b"10.40");
    let client = desk.start().await;
    let seen = client.get("/v1/verify").await.unwrap();
    assert_eq!(seen.get("whole"), Some(&Value::Bool(false)), "{seen}");
    let step = text(&seen, "next_step");
    assert!(step.contains("till restore FILE"), "{step}");
    let (code, said) = till(&desk, &["verify"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(desk.stop().await);
    // A database that is not whole is replaced without being asked twice.
    let (code, said) = till(&desk, &["restore", copy.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{said}");
    let client = desk.start().await;
    assert_eq!(keys(&client).await, expected());
    is_whole(&client).await;
    assert!(desk.stop().await);
}

/// Where the log's transactions end.
fn commits(log: &[u8]) -> Vec<usize> {
    // SQLite's file format, 4.1: the frame that ends a transaction has the database's size.
    let number = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().unwrap());
    let frame = 24 + usize::try_from(number(8)).unwrap();
    let salt = (number(16), number(20));
    let frames = (32..log.len()).step_by(frame);
    let frames = frames.filter(|at| at + frame <= log.len());
    let current = frames.filter(|at| (number(at + 8), number(at + 12)) == salt);
    let ends = current.filter(|at| number(at + 4) > 0);
    ends.map(|at| at + frame).collect()
}

async fn taken(desk: &mut Desk) -> (Client, Vec<String>) {
    let client = desk.start().await;
    let keys = keys(&client).await;
    (client, keys)
}

#[tokio::test]
async fn a_log_that_ends_anywhere_gives_exactly_what_was_committed_until_there() {
    const TAKEN: usize = 6;
    let mut desk = desk().await;
    // Each payment is one transaction, if nothing is to be delivered.
    let config = fs::read_to_string(desk.config()).unwrap();
    let upstreams = config.split_once("[[upstream]]").unwrap().1;
    desk.amend(&format!("[[upstream]]{upstreams}"), "");
    let client = desk.start().await;
    for number in 0..TAKEN {
        client.pay(&format!("k{number}"), &cash()).await.unwrap();
    }
    desk.kill();
    let (file, wal) = (desk.path("state/tilld.db"), desk.path("state/tilld.db-wal"));
    let (database, log) = (fs::read(&file).unwrap(), fs::read(&wal).unwrap());
    let commits = commits(&log);
    let last = *commits.last().unwrap();
    // The first of them may be in the database already: after it, the log begins anew.
    let before = commits[commits.len().saturating_sub(TAKEN)];
    // At the end, a byte before it, in the head and in the middle of each of the last transactions.
    let mut cuts: BTreeSet<usize> = [last, last - 1, before, before + 12].into();
    cuts.extend(
        commits
            .windows(2)
            .rev()
            .take(TAKEN - 1)
            .map(|w| w[0].midpoint(w[1])),
    );
    for cut in cuts {
        fs::write(&file, &database).unwrap();
        fs::write(&wal, &log[..cut]).unwrap();
        drop(fs::remove_file(desk.path("state/tilld.db-shm")));
        let lost = commits.iter().filter(|end| **end > cut).count();
        let kept: Vec<_> = (0..TAKEN - lost).map(|n| format!("k{n}")).collect();
        let (client, found) = taken(&mut desk).await;
        assert_eq!(found, kept, "cut at {cut} of {last}");
        is_whole(&client).await;
        let payment = client.pay("k5", &cash()).await.unwrap();
        let number = format!(
            "cashbox-{:06}",
            if lost == 0 { TAKEN } else { kept.len() + 1 }
        );
        assert_eq!(text(&payment, "receipt"), number, "{payment}");
        desk.kill();
    }
}
