use payment::{Approval, Fact};
use sha2::{Digest, Sha256};

use super::support::*;
use crate::queue::{Due, VerifyError};

#[test]
fn entries_are_neither_changed_nor_deleted_nor_replaced() {
    let desk = Desk::new();
    desk.approved(intent(1), due());
    let raw = desk.raw();
    for (sql, says) in [
        ("UPDATE journal SET at = 0", "append-only"),
        ("UPDATE journal SET seq = seq + 100", "append-only"),
        ("DELETE FROM journal", "append-only"),
        ("DELETE FROM journal WHERE seq = 3", "append-only"),
        (
            "INSERT OR REPLACE INTO journal SELECT * FROM journal WHERE seq = 3",
            "no gaps",
        ),
        (
            "INSERT OR REPLACE INTO journal SELECT 4, device, device_seq, at, kind, payment, body, \
             prev_hash, hash FROM journal WHERE seq = 3",
            "no gaps",
        ),
        ("DELETE FROM payments", "no payment is deleted"),
        ("DELETE FROM outbox", "nothing due"),
        ("DELETE FROM print_jobs", "no print job"),
    ] {
        let error = raw.execute(sql, []).unwrap_err().to_string();
        assert!(error.contains(says), "{sql}: {error}");
    }
    assert_eq!(desk.queue.reader().unwrap().verify().unwrap(), 3);
}

#[test]
fn entries_are_read_in_order_with_numbers_per_device() {
    let desk = Desk::new();
    desk.begin(at_device(1, "desk1"), Due::default());
    desk.approved(at_device(2, "desk2"), Due::default());
    desk.begin(at_device(3, "desk1"), Due::default());
    let reader = desk.queue.reader().unwrap();
    let shown = |entries: Vec<crate::queue::Entry>| -> Vec<String> {
        let entry = |e: crate::queue::Entry| {
            format!(
                "{} {} {} {}",
                e.seq,
                e.device,
                e.device_seq,
                e.happened.kind()
            )
        };
        entries.into_iter().map(entry).collect()
    };
    assert_eq!(
        shown(reader.events_after(0, 100).unwrap()),
        [
            "1 desk1 1 intended",
            "2 desk2 1 intended",
            "3 desk2 2 approved",
            "4 desk2 3 completed",
            "5 desk1 2 intended"
        ]
    );
    assert_eq!(
        shown(reader.events_after(2, 1).unwrap()),
        ["3 desk2 2 approved"]
    );
    assert!(reader.events_after(5, 100).unwrap().is_empty());
}

/// The format in the module's head, built here by hand: a change of either is a change for ever.
#[test]
fn the_hash_is_the_documented_one() {
    let desk = Desk::new();
    desk.begin(intent(1), Due::default());
    let body: String = desk
        .raw()
        .query_row("SELECT body FROM journal", [], |row| row.get(0))
        .unwrap();
    assert_eq!(
        body,
        format!(
            r#"{{"id":"{}","key":"key 1","device":"desk1","money":{{"amount":"10.10","currency":"EUR"}},"method":"card","at":"2027-01-15T08:00:01Z"}}"#,
            id(1)
        )
    );
    let mut bytes = Vec::new();
    let mut field = |field: &[u8]| {
        bytes.extend(u32::try_from(field.len()).unwrap().to_be_bytes());
        bytes.extend(field);
    };
    field(&[0; 32]);
    field(&1_u64.to_be_bytes());
    field(b"desk1");
    field(&1_u64.to_be_bytes());
    field(&1_800_000_001_000_000_u64.to_be_bytes());
    field(b"intended");
    field(id(1).as_bytes());
    field(body.as_bytes());
    let hash: [u8; 32] = Sha256::digest(&bytes).into();
    assert_eq!(desk.queue.reader().unwrap().head().unwrap(), (1, hash));
}

#[test]
fn every_manipulation_is_found() {
    for (sql, found) in [
        (
            "UPDATE journal SET at = at + 1 WHERE seq = 2",
            "its hash is wrong",
        ),
        (
            "UPDATE journal SET kind = 'declined' WHERE seq = 2",
            "its hash is wrong",
        ),
        (
            "UPDATE journal SET body = replace(body, '10.10', '1.10') WHERE seq = 1",
            "its hash is wrong",
        ),
        (
            "UPDATE journal SET hash = zeroblob(32) WHERE seq = 1",
            "its hash is wrong",
        ),
        (
            "UPDATE journal SET prev_hash = zeroblob(32) WHERE seq = 2",
            "link to the entry before",
        ),
        (
            "DELETE FROM journal WHERE seq = 2",
            "journal entry 3 was changed or is out of place: its number",
        ),
        (
            "DELETE FROM journal WHERE seq = 4",
            "2 payments are shown, but the journal knows 1",
        ),
        ("DELETE FROM journal WHERE seq >= 3", "is shown otherwise"),
        (
            "DELETE FROM journal",
            "2 payments are shown, but the journal knows 0",
        ),
        (
            "UPDATE payments SET state = 'declined' WHERE receipt_seq = 1",
            "is shown otherwise",
        ),
        (
            "UPDATE payments SET minor = 1 WHERE receipt_seq = 2",
            "is shown otherwise",
        ),
        (
            "UPDATE payments SET body = replace(body, '10.10', '1.10') WHERE receipt_seq = 1",
            "is shown otherwise",
        ),
        (
            "UPDATE payments SET receipt_seq = 7 WHERE receipt_seq = 1",
            "is shown otherwise",
        ),
        (
            "DELETE FROM payments WHERE receipt_seq = 2",
            "is shown otherwise",
        ),
    ] {
        let desk = Desk::new();
        desk.approved(intent(1), Due::default());
        desk.begin(intent(2), Due::default());
        let reader = desk.queue.reader().unwrap();
        assert_eq!(reader.verify().unwrap(), 4);
        let raw = desk.raw();
        raw.execute_batch(
            "DROP TRIGGER journal_is_not_updated; DROP TRIGGER journal_is_not_deleted;
             DROP TRIGGER payments_are_not_deleted; PRAGMA foreign_keys = OFF;",
        )
        .unwrap();
        raw.execute(sql, []).unwrap();
        let error = reader.verify().expect_err(sql);
        assert!(error.to_string().contains(found), "{sql}: {error}");
    }
}

/// Whoever seals a fact that cannot be has the hashes right, and is found all the same.
#[test]
fn a_sealed_fact_that_cannot_follow_is_found() {
    let desk = Desk::new();
    let payment = desk.approved(intent(1), Due::default());
    let again = Fact::Approved(Approval::default());
    crate::queue::journal::append(
        &desk.raw(),
        &payment.intent.device,
        payment.intent.id,
        &again,
        at(0),
    )
    .unwrap();
    let error = desk.queue.reader().unwrap().verify().unwrap_err();
    assert!(
        matches!(error, VerifyError::Impossible { seq: 4, .. }),
        "{error}"
    );
}
