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
    desk.terminal.arm(fault.parse().unwrap());
    let payment = client.pay("k1", &card("10.10", "156")).await.unwrap();
    (
        text(&payment, "state"),
        desk.terminal.charged().len(),
        desk.terminal.authorisations_seen(),
    )
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

const BOTH: &[(&str, &str, usize)] = &[
    ("decline", "declined", 0),
    ("decline-then-approve", "approved", 1),
    ("abort-by-customer", "cancelled", 0),
    ("lose-answer-before-card", "in_doubt", 0),
    ("lose-answer-after-approval", "in_doubt", 1),
    ("hang-up-after-approval", "in_doubt", 0),
    ("abort-after-approval", "in_doubt", 0),
    ("duplicate-status", "approved", 1),
    ("other-amount", "in_doubt", 0),
    ("no-amount", "approved", 1),
    ("unmasked-pan", "approved", 1),
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
    // A pseudo-terminal cannot hang up; a lost answer is silence, for which the clock of the
    // driver's own tests is better suited.
    let hangs_up = [
        "lose-answer-before-card",
        "lose-answer-after-approval",
        "hang-up-after-approval",
    ];
    let rows: Vec<_> = BOTH
        .iter()
        .copied()
        .filter(|row| !hangs_up.contains(&row.0))
        .collect();
    check(Wire::Serial, &rows).await;
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
    let mut places = vec![("answer".to_owned(), payment.to_string().into_bytes())];
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
