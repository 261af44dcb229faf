use payment::{Intent, PaymentId, State};

use super::support::*;
use crate::queue::{Due, Filter, ReadError, reader::page};

/// Eleven payments at two devices, for two invoices, in three states; two begun at one moment.
fn desk() -> Desk {
    let desk = Desk::new();
    for number in 1..=11_u8 {
        let invoice = ["A", "B"][usize::from(number % 2)];
        let device = ["desk1", "desk2", "desk1"][usize::from(number % 3)];
        let intent = Intent {
            device: device.parse().unwrap(),
            at: at(if number == 6 { 5 } else { number.into() }),
            ..for_invoice(number, invoice)
        };
        let payment = desk.begin(intent, Due::default());
        if number % 4 == 1 {
            desk.add(&payment, facts().remove(0), Due::default());
        } else if number % 4 == 2 {
            desk.add(&payment, facts().remove(5), Due::default());
        }
    }
    desk
}

fn numbers(payments: &[payment::Payment]) -> Vec<u8> {
    let number = |p: &payment::Payment| (1..=11).find(|n| id(*n) == p.intent.id).unwrap();
    payments.iter().map(number).collect()
}

fn check(filter: &Filter, expected: &[u8]) {
    let desk = desk();
    let reader = desk.queue.reader().unwrap();
    let all = reader.payments(filter).unwrap();
    assert_eq!(numbers(&all.payments), expected, "{filter:?}");
    assert_eq!(all.next, None);
    // Page by page it is the same.
    for limit in 1..=4 {
        let mut after: Option<PaymentId> = None;
        let mut found = Vec::new();
        loop {
            let page = reader
                .payments(&Filter {
                    after,
                    limit,
                    ..filter.clone()
                })
                .unwrap();
            assert!(page.payments.len() <= usize::from(limit));
            found.extend(numbers(&page.payments));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, expected, "{filter:?} by {limit}");
    }
}

#[test]
fn lists_are_newest_first_and_filtered() {
    let base = Filter::default;
    check(&base(), &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    let device = || Some("desk2".parse().unwrap());
    let invoice = || Some("B".parse().unwrap());
    check(
        &Filter {
            device: device(),
            ..base()
        },
        &[10, 7, 4, 1],
    );
    check(
        &Filter {
            invoice: invoice(),
            ..base()
        },
        &[11, 9, 7, 5, 3, 1],
    );
    check(
        &Filter {
            invoice: invoice(),
            device: device(),
            ..base()
        },
        &[7, 1],
    );
    let states = |states: &[State]| states.to_vec();
    check(
        &Filter {
            states: states(&[State::Approved]),
            ..base()
        },
        &[9, 5, 1],
    );
    check(
        &Filter {
            states: states(&[State::InDoubt, State::Approved, State::InDoubt]),
            ..base()
        },
        &[10, 9, 6, 5, 2, 1],
    );
    check(
        &Filter {
            states: states(&[State::InDoubt]),
            device: device(),
            ..base()
        },
        &[10],
    );
    check(
        &Filter {
            states: states(&[State::Approved]),
            invoice: invoice(),
            ..base()
        },
        &[9, 5, 1],
    );
    check(
        &Filter {
            from: Some(at(3)),
            to: Some(at(7)),
            ..base()
        },
        &[6, 5, 4, 3],
    );
    check(
        &Filter {
            from: Some(at(3)),
            to: Some(at(9)),
            device: device(),
            ..base()
        },
        &[7, 4],
    );
}

#[test]
fn a_page_goes_on_only_after_a_payment_that_exists() {
    let desk = desk();
    let filter = Filter {
        after: Some(id(99)),
        ..Filter::default()
    };
    let error = desk.queue.reader().unwrap().payments(&filter).unwrap_err();
    assert!(matches!(error, ReadError::UnknownCursor(_)), "{error}");
}

#[test]
fn the_unfinished_are_oldest_first() {
    let desk = desk();
    let unfinished = desk.queue.reader().unwrap().unfinished().unwrap();
    assert_eq!(numbers(&unfinished), [2, 3, 4, 6, 7, 8, 10, 11]);
}

/// What is newer than a page is not walked on the way to it.
#[test]
fn a_page_in_the_middle_reads_no_more_than_the_first() {
    let desk = Desk::new();
    for number in 1..=200 {
        let intent = Intent {
            at: at(number.into()),
            ..for_invoice(number, "A")
        };
        desk.begin(intent, Due::default());
    }
    let raw = desk.raw();
    for (index, hits) in [
        (
            "payments_by_device",
            "device = 'desk1' AND state = 'intended'",
        ),
        ("payments_by_time", "TRUE"),
        ("payments_by_state", "state = 'intended'"),
        ("payments_by_invoice", "invoice = 'A'"),
    ] {
        let steps = |second: i64| {
            let mut statement = raw.prepare(&page(index, hits, "")).unwrap();
            let before = at(second).as_microsecond();
            let params = rusqlite::named_params! {
                ":from": i64::MIN, ":at": before, ":n": 0, ":limit": 5,
            };
            let rows = statement
                .query_map(params, |row| row.get::<_, i64>(1))
                .unwrap();
            assert_eq!(rows.count(), 5, "{index}");
            statement.get_status(rusqlite::StatementStatus::VmStep)
        };
        let (first, middle) = (steps(1000), steps(100));
        assert!(middle < first + 20, "{index}: {first} and {middle} steps");
    }
}

/// Ten million rows must not be walked: each kind of statement that the writer and the readers use
/// finds its rows by an index, in order.
#[test]
fn no_statement_walks_a_table() {
    let desk = Desk::new();
    let raw = desk.raw();
    for sql in [
        "SELECT body FROM payments WHERE id = ?",
        "SELECT body FROM payments WHERE key = ?",
        "SELECT ifnull(max(receipt_seq), 0) FROM payments WHERE device = ?",
        "SELECT ifnull(max(device_seq), 0) FROM journal WHERE device = ?",
        &page("payments_by_device", "device = ?", " AND state = ?"),
        &page("payments_by_time", "TRUE", ""),
        &page("payments_by_state", "TRUE", " AND state = ?"),
        &page("payments_by_invoice", "invoice = ?", ""),
        "SELECT n FROM outbox WHERE payment = ? AND place = 'off'",
        "SELECT 1 FROM outbox WHERE upstream = ? AND invoice = ? AND place = 'head'",
        "SELECT ifnull(max(line), 0) + 1 FROM outbox WHERE line IS NOT NULL",
        "SELECT n FROM outbox WHERE upstream = ? AND invoice = ? AND place = 'line'
         ORDER BY line LIMIT 1",
        "SELECT o.upstream, p.body FROM outbox o JOIN payments p ON p.id = o.payment
         WHERE o.upstream = ? AND o.place = 'head' AND o.next_at <= ? ORDER BY o.next_at, o.line",
        "SELECT next_at FROM outbox WHERE upstream = ? AND place = 'head' AND next_at IS NOT NULL
         ORDER BY next_at LIMIT 1",
        "SELECT id FROM print_jobs WHERE printer = ? AND ready = 1 AND state = 'queued' ORDER BY id",
        "SELECT id FROM print_jobs
         WHERE payment = ? AND ifnull(instead_of, printer) = ? AND kind = ?",
        "SELECT id FROM print_jobs
         WHERE printer = ? AND resolution IS NULL AND state IN ('unknown', 'failed')
         ORDER BY id DESC LIMIT ?",
        "SELECT count(*) FROM print_jobs WHERE (payment = ? OR slip = ?) AND kind LIKE '{\"copy\"%'",
        "SELECT id FROM print_jobs WHERE slip = ? ORDER BY id",
        "SELECT body FROM slips WHERE payment = ? ORDER BY id",
        "SELECT body FROM slips WHERE device = ? AND payment IS NULL ORDER BY id DESC LIMIT ?",
        "SELECT body FROM payments WHERE original = ? ORDER BY n",
        "SELECT body FROM payments WHERE device = ? AND method = 'card' AND approved_seq IS NOT NULL
         ORDER BY approved_seq DESC LIMIT 1",
        "SELECT body FROM payments WHERE device = ? AND method = 'card' AND approved_seq > ?
         ORDER BY approved_seq",
        "SELECT max(closed_seq) FROM closings WHERE device = ? AND closed_seq IS NOT NULL",
        "SELECT body FROM closings WHERE device = ? AND state = 'begun'",
        "SELECT body FROM closings WHERE state = 'begun' ORDER BY device",
        "SELECT body FROM closings WHERE device = ? ORDER BY n DESC LIMIT ?",
        "SELECT body FROM closings WHERE device = ? AND closed_seq IS NOT NULL
         ORDER BY closed_seq DESC LIMIT 1",
    ] {
        let mut statement = raw.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let count = statement.parameter_count();
        let plan: Vec<String> = statement
            .query_map(rusqlite::params_from_iter(vec![1; count]), |row| row.get(3))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        for step in plan {
            // These indexes hold little else than what is wanted.
            let small = step.contains("outbox_order") || step.contains("closings_begun");
            let walks = step.starts_with("SCAN") && !small;
            assert!(!walks && !step.contains("TEMP B-TREE"), "{sql}: {step}");
        }
    }
}
