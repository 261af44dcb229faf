//! Terminals that are absent, silent, strange or broken: never a hang, never a false decline, and
//! never a second charge.

use std::time::Duration;

use simulator::terminal::zvt::Options;
use tests::{Desk, Wire, card, text};

/// What a card payment comes to with a fault, what the terminal took, and how often it was asked.
async fn sale_with(wire: Wire, fault: &str) -> (String, usize, u32) {
    let options = Options {
        delay: Duration::from_millis(30),
        ..Options::default()
    };
    let mut desk = Desk::set(wire, options).await;
    let client = desk.start().await;
    desk.ready(&client).await;
    // A good payment first, so that the terminal holds something that is older.
    client.pay("k0", &card("1.00", "156")).await.unwrap();
    desk.ready(&client).await;
    desk.terminal.arm(fault.parse().unwrap());
    let payment = client.pay("k1", &card("10.10", "156")).await.unwrap();
    let books = desk.terminal.books();
    let state = text(&payment, "state");
    let others = books.charged().len().checked_sub(1);
    let charged = others.unwrap_or_else(|| panic!("{fault}: {state}, {:?}", books.transactions()));
    (state, charged, desk.terminal.authorisations_seen() - 1)
}

async fn check(wire: Wire, rows: &[(&str, &str, usize)]) {
    for (fault, state, charged) in rows {
        let (found, taken, asked) = sale_with(wire, fault).await;
        assert_eq!(
            (found.as_str(), taken, asked),
            (*state, *charged, 1),
            "{fault} over {wire:?}"
        );
    }
}

/// What a fault comes to, once the terminal has been asked for its last transaction.
const BOTH: &[(&str, &str, usize)] = &[
    ("decline", "declined", 0),
    ("decline-then-approve", "approved", 1),
    ("abort-by-customer", "cancelled", 0),
    ("lose-answer-before-card", "declined", 0),
    ("lose-answer-after-approval", "approved", 1),
    ("hang-up-after-approval", "declined", 0),
    ("abort-after-approval", "declined", 0),
    ("duplicate-status", "approved", 1),
    ("other-amount", "declined", 0),
    ("no-amount", "approved", 1),
    ("unmasked-pan", "approved", 1),
    ("no-stored-transaction", "in_doubt", 1),
    ("last-is-reversal", "in_doubt", 0),
    ("last-is-end-of-day", "in_doubt", 1),
];

#[tokio::test]
async fn over_tcp() {
    check(Wire::Tcp, BOTH).await;
    check(
        Wire::Tcp,
        &[
            ("partial-segments", "approved", 1),
            ("coalesce", "approved", 1),
        ],
    )
    .await;
}

#[tokio::test]
async fn over_a_serial_line() {
    check(Wire::Serial, BOTH).await;
    check(
        Wire::Serial,
        &[
            ("nak", "approved", 1),
            ("bad-crc", "approved", 1),
            ("dle-noise", "approved", 1),
        ],
    )
    .await;
}

/// Law 10: a marked card number goes through every field that can carry one, and is found nowhere.
#[tokio::test]
async fn no_card_number_is_kept_anywhere() {
    let options = Options {
        delay: Duration::from_millis(30),
        ..Options::default()
    };
    let mut desk = Desk::set(Wire::Serial, options).await;
    let client = desk.start().await;
    desk.ready(&client).await;
    desk.terminal.arm("unmasked-pan".parse().unwrap());
    let payment = client.pay("k1", &card("10.10", "156")).await.unwrap();
    assert_eq!(
        payment.pointer("/card/last4").and_then(|l| l.as_str()),
        Some("1111")
    );
    tests::until("the receipt comes out", || async {
        !desk.printer.pages().is_empty()
    })
    .await;
    tests::until("the invoice is paid", || async {
        desk.outstanding() == "69.90"
    })
    .await;
    let mut events = client.events_after(0).await.unwrap();
    let mut seen = String::new();
    while !seen.contains("completed") {
        let (_, data) = events.next().await.unwrap();
        seen.push_str(&data.to_string());
    }
    let mut places = vec![("events".to_owned(), seen.into_bytes())];
    places.push(("answer".to_owned(), payment.to_string().into_bytes()));
    places.push((
        "paper".to_owned(),
        desk.printer.pages().concat().into_bytes(),
    ));
    places.push((
        "upstream".to_owned(),
        format!("{:?}", desk.sandbox.lock().payments()).into(),
    ));
    for file in std::fs::read_dir(desk.path("state"))
        .unwrap()
        .chain(std::fs::read_dir(desk.path(".")).unwrap())
    {
        let path = file.unwrap().path();
        if path.is_file() {
            places.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    assert!(places.len() >= 6, "database, log and the rest are searched");
    for (name, bytes) in places {
        for pan in [
            &b"4111111111111111"[..],
            b"411111111111",
            b"\x41\x11\x11\x11\x11\x11\x11\x11",
        ] {
            assert!(
                !bytes.windows(pan.len()).any(|w| w == pan),
                "a card number in {name}"
            );
        }
    }
}
