use super::*;
use proptest::prelude::*;

/// An approved result of `X`, place by place as the specification counts.
fn extended() -> String {
    let result = [
        "12345678",            // 1: terminal
        "0E",                  // 9, 10
        "00",                  // 11: approved
        "0005413330000001234", // 13: card number, as far as it is told
        "CLI",                 // 32: contactless
        "A1B2C3",              // 35: authorisation
        "2111520",             // 41: the 211th day, 15:20
        "2",                   // 48: credit
        "88105000001",         // 49: acquirer
        "000042",              // 60: number
        "000007",              // 66: online number
        "000",                 // 72: action
        "00001010",            // 75: amount
        "0000000000",          // 83
    ];
    result.concat()
}

/// An approved result of `S`.
fn reversal() -> String {
    let mut text = extended();
    text.replace_range(34..40, "000000");
    text.replace_range(74..82, "00000000");
    text.truncate(84);
    text
}

fn refusal(code: &str) -> String {
    let mut text = extended();
    text.replace_range(10..12, code);
    text.replace_range(12..47, &format!("{:<24}00000000000", "CARTA SCADUTA"));
    text
}

fn decode(text: &str) -> Outcome {
    Outcome::decode(text.as_bytes()).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn cents(minor: i64) -> Option<Money> {
    Money::from_minor(minor, Currency::EUR).ok()
}

#[test]
fn an_approved_payment() {
    let text = extended();
    assert_eq!(text.len(), 92);
    let stored = decode(&text)
        .stored(Currency::EUR, Some(at("2028-07-29T16:00:00Z")))
        .unwrap();
    assert_eq!(stored.kind, StoredKind::Payment);
    let approval = stored.approval;
    assert_eq!(approval.money, cents(1010));
    assert_eq!(approval.card.last4.unwrap().to_string(), "1234");
    assert_eq!(approval.entry, EntryMode::Contactless);
    assert_eq!(approval.authorisation, Some("A1B2C3".into()));
    assert_eq!(approval.terminal_id, Some("12345678".into()));
    assert_eq!(
        (approval.trace, approval.terminal_receipt),
        (Some(42), None)
    );
    // The specification's own example: 29 July, 15:20; so the first of January is day 1.
    let time = approval.terminal_time.unwrap();
    assert_eq!(time.to_string(), "2028-07-29T15:20:00");
}

#[test]
fn a_short_result_names_no_amount() {
    let text = extended();
    let approval = decode(&text[..71]).approval(Currency::EUR, None);
    assert_eq!((approval.money, approval.trace), (None, Some(42)));
    assert_eq!(approval.terminal_time, None, "nobody knows the year");
    assert_eq!(Outcome::decode(&text.as_bytes()[..70]), None);
}

/// A customer who pays in the card's currency: the clinic's amount is the one that counts.
#[test]
fn an_exchanged_payment_has_the_amount_of_the_terminal() {
    let exchange = "100010850USD0000000010962";
    let mut text = extended();
    text.replace_range(9..10, "V");
    text.replace_range(82..92, exchange);
    text.push_str("0000000000");
    assert_eq!(text.len(), 117);
    let outcome = decode(&text);
    assert_eq!(outcome.money(Currency::EUR), cents(1010));
    assert!(!outcome.reversal);
}

#[test]
fn a_reversal_is_known_by_what_it_lacks_and_by_nothing_less() {
    let kind = |text: &str| decode(text).stored(Currency::EUR, None).unwrap().kind;
    let text = reversal();
    let original_trace = None;
    assert_eq!(kind(&text), StoredKind::Reversal { original_trace });
    let mut authorised = text.clone();
    authorised.replace_range(34..40, "000001");
    assert_eq!(kind(&authorised), StoredKind::Payment);
    let mut with_amount = text.clone();
    with_amount.replace_range(81..82, "1");
    assert_eq!(kind(&with_amount), StoredKind::Payment);
    let as_long_as_a_payment = format!("{text}00000000");
    assert_eq!(kind(&as_long_as_a_payment), StoredKind::Payment);
    assert_eq!(kind(&text[..71]), StoredKind::Payment);
}

#[test]
fn refusals_have_words_and_no_card() {
    let outcome = decode(&refusal("01"));
    let text = Text::from("CARTA SCADUTA");
    assert_eq!(outcome.verdict, Verdict::Refused { code: "01", text });
    let stored = outcome
        .stored(Currency::EUR, Some(at("2028-07-29T16:00:00Z")))
        .unwrap();
    assert_eq!(stored.kind, StoredKind::Refused);
    assert_eq!(stored.approval.card, CardRef::default());
    assert_eq!(stored.approval.terminal_time, None);
    assert_eq!(
        (stored.approval.money, stored.approval.trace),
        (cents(1010), Some(42))
    );
    assert!(matches!(
        decode(&refusal("05")).verdict,
        Verdict::Refused { .. }
    ));
    // An answer of the host that the terminal did not understand is no refusal.
    let unclear = decode(&refusal("09"));
    assert_eq!(unclear.verdict, Verdict::Unclear("09".into()));
    assert_eq!(unclear.stored(Currency::EUR, None), None);
}

#[test]
fn the_year_is_the_nearest() {
    for (told, now, expected) in [
        ((365, 23, 50), "2027-01-01T00:10:00Z", "2026-12-31T23:50:00"),
        ((1, 0, 10), "2026-12-31T23:50:00Z", "2027-01-01T00:10:00"),
        ((60, 12, 0), "2026-03-01T12:00:00Z", "2026-03-01T12:00:00"),
        ((366, 12, 0), "2029-01-01T12:00:00Z", "2028-12-31T12:00:00"),
    ] {
        let time = nearest(told, now.parse().unwrap()).unwrap();
        assert_eq!(time.to_string(), expected);
    }
    assert_eq!(nearest((0, 0, 0), Timestamp::UNIX_EPOCH), None);
    assert_eq!(nearest((1, 24, 0), Timestamp::UNIX_EPOCH), None);
}

#[test]
fn a_status() {
    let status = Status::decode(b"123456780s00000000002111261530200000001").unwrap();
    assert_eq!(
        (status.terminal_id, status.status),
        (Some("12345678".into()), '2')
    );
    let unnamed = Status::decode(b"000000000s000000000021112615303").unwrap();
    assert_eq!((unnamed.terminal_id, unnamed.status), (None, '3'));
    assert_eq!(Status::decode(b"123456780s00000000002111261530"), None);
    assert_eq!(Status::decode(b"123456780E000000000021112615302"), None);
}

#[test]
fn totals() {
    let close = b"123456780C0000000000000020200000000000001010";
    let (terminal, host) = (Some(2020), Some(1010));
    assert_eq!(
        Totals::decode(close, b'C'),
        Some(Totals::Told { terminal, host })
    );
    assert_eq!(Totals::decode(close, b'T'), None);
    let total = b"123456780T000000000000002020000000";
    let host = None;
    assert_eq!(
        Totals::decode(total, b'T'),
        Some(Totals::Told { terminal, host })
    );
    let refused = b"123456780C01NESSUN MOVIMENTO   1160000000000";
    assert_eq!(
        Totals::decode(refused, b'C'),
        Some(Totals::Refused("NESSUN MOVIMENTO".into()))
    );
    assert_eq!(Totals::decode(b"123456780C09", b'C'), Some(Totals::Unclear));
    // A card number where the total belongs.
    let number = b"123456780C0041111111111111110000000000001010";
    let (terminal, host) = (None, Some(1010));
    assert_eq!(
        Totals::decode(number, b'C'),
        Some(Totals::Told { terminal, host })
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_and_no_card_number_is_kept(
        head in "[0-9]{8}0[EVsCTeS]",
        tail in prop::collection::vec(any::<u8>(), 0..120),
        ascii in any::<bool>(),
    ) {
        let mut bytes = head.into_bytes();
        bytes.extend(tail.iter().map(|byte| if ascii { byte & 0x7f } else { *byte }));
        let shown = format!(
            "{:?} {:?} {:?}",
            Outcome::decode(&bytes).and_then(|o| o.stored(Currency::EUR, Some(at("2026-07-29T16:00:00Z")))),
            Status::decode(&bytes),
            Totals::decode(&bytes, b'C'),
        );
        prop_assert_eq!(payment::mask_card_numbers(&shown), shown);
    }
}
