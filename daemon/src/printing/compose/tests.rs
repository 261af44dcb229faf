//! Receipts as they are composed for a printer.

use config::SecretSource;
use drivers::{
    printer::escpos::{Profile, render},
    terminal::{SlipCopy, SlipLine},
};
use payment::{
    Approval, CardRef, Fact, Intent, Last4, Method, Money, PaymentId, Purpose, Services,
    parse_currency,
};

use super::*;

fn payment(purpose: Purpose, method: Method) -> Payment {
    let currency = parse_currency("EUR").unwrap();
    let items = [("Zahnreinigung", "80.10"), ("Versicherung", "-12.50")];
    let intent = Intent {
        id: PaymentId::new(Timestamp::UNIX_EPOCH, [0; 10]),
        key: "k".parse().unwrap(),
        device: "desk1".parse().unwrap(),
        purpose,
        money: Money::from_minor(6760, currency).unwrap(),
        method,
        invoice: Some("A/1?".parse().unwrap()),
        note: Some("not for paper".into()),
        services: Services::new(Some("1969-12-31"), items.into_iter(), currency).unwrap(),
        at: Timestamp::UNIX_EPOCH,
        before: None,
    };
    let mut payment = Payment::begin(intent, number(2));
    let card = CardRef {
        brand: Some("girocard".into()),
        last4: Some(Last4::new([1, 1, 1, 1]).unwrap()),
    };
    let approval = Approval {
        card,
        authorisation: Some("654321".into()),
        terminal_id: Some("28004869".into()),
        ..Approval::default()
    };
    let fact = match method {
        Method::Card => Fact::Approved(approval),
        _ => Fact::Recorded,
    };
    payment.add(&fact, Timestamp::UNIX_EPOCH).unwrap();
    payment
}

fn number(sequence: u64) -> ReceiptNumber {
    ReceiptNumber::new("desk1".parse().unwrap(), sequence)
}

fn slip(copy: SlipCopy, lines: &[&str]) -> Slip {
    let line = |text: &&str| SlipLine {
        text: (*text).into(),
        ..SlipLine::default()
    };
    Slip {
        copy,
        lines: lines.iter().map(line).collect(),
        signature: copy == SlipCopy::Merchant,
    }
}

/// `[receipt]` with these keys.
fn receipts(keys: &str) -> Receipts {
    let text = format!(
        "[daemon]\nmerchant = [\"Praxis\"]\n[receipt]\n{keys}\n[[till]]\nid = \"a\"\ncurrency = \"EUR\"\n"
    );
    let file = std::path::Path::new("tilld.toml");
    config::parse(&text, file, &SecretSource::default(), &[])
        .unwrap()
        .receipts
}

fn printed(payment: &Payment, kind: JobKind, slips: &[Slip], receipts: &Receipts) -> String {
    let desk = Desk {
        receipts,
        at: Timestamp::from_second(3600).unwrap(),
        zone: TimeZone::UTC,
    };
    let original = payment.intent.purpose.of().map(|_| number(1));
    let lines = compose(payment, original, slips, kind, &desk);
    let bytes = render(&lines, Profile::find("generic-58mm").unwrap());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Laws 6 and 9: the group, the number, and for money back the number of the first.
#[test]
fn a_receipt_says_what_it_is() {
    let of = PaymentId::new(Timestamp::UNIX_EPOCH, [1; 10]);
    for (purpose, english, german) in [
        (
            Purpose::Sale,
            ["Receipt", "Paid"],
            ["Zahlungsbeleg", "Bezahlt"],
        ),
        (
            Purpose::Cancel { of },
            ["Cancellation", "Taken back"],
            ["Storno", "Storniert"],
        ),
        (
            Purpose::Refund { of },
            ["Refund", "Given back"],
            ["Gutschrift", "Erstattet"],
        ),
    ] {
        let payment = payment(purpose, Method::Cash);
        for (language, words, amount) in [("en", english, "EUR 67.60"), ("de", german, "67,60 EUR")]
        {
            let receipts = receipts(&format!("language = \"{language}\""));
            let text = printed(&payment, JobKind::Customer, &[], &receipts);
            for word in words
                .into_iter()
                .chain(["desk1-000002", amount, "Praxis", "A/1?"])
            {
                assert!(text.contains(word), "{word} is missing in {text}");
            }
            assert!(text.contains("desk1\n"), "the device by itself: {text}");
            assert_eq!(text.contains("desk1-000001"), !purpose.is_sale());
            assert_eq!(
                text.contains(words[1]) && text.contains("Paid"),
                purpose.is_sale() && language == "en"
            );
            assert!(!text.contains("not for paper"), "the note is the clinic's");
        }
    }
}

#[test]
fn services_and_the_card_stand_on_it() {
    let text = printed(
        &payment(Purpose::Sale, Method::Card),
        JobKind::Customer,
        &[],
        &receipts("language = \"de\""),
    );
    for words in [
        "Leistung vom          31.12.1969",
        "Zahnreinigung              80,10",
        "Versicherung              -12,50",
        "Summe                      67,60",
        "Karte         girocard **** 1111",
        "Autorisierung             654321",
        "Terminal                28004869",
    ] {
        assert!(text.contains(words), "{words} is missing in {text}");
    }
}

/// Law 8: a reprint says so, at the top and at the bottom.
#[test]
fn a_copy_says_copy_twice() {
    let payment = payment(Purpose::Sale, Method::Cash);
    for (keys, word) in [
        ("language = \"en\"", "COPY 2"),
        ("language = \"de\"", "KOPIE / COPY 2"),
    ] {
        let text = printed(&payment, JobKind::Copy(2), &[], &receipts(keys));
        assert_eq!(text.matches(word).count(), 2, "{text}");
        assert!(!printed(&payment, JobKind::Customer, &[], &receipts(keys)).contains("COPY"));
    }
}

#[test]
fn each_reader_gets_the_terminals_lines_for_them_and_one_signs() {
    let payment = payment(Purpose::Sale, Method::Card);
    let slips = [
        slip(SlipCopy::Merchant, &["for the merchant"]),
        slip(SlipCopy::Customer, &["for the customer"]),
    ];
    for (kind, own, other, signs) in [
        (
            JobKind::Customer,
            "for the customer",
            "for the merchant",
            false,
        ),
        (
            JobKind::Copy(1),
            "for the customer",
            "for the merchant",
            false,
        ),
        (
            JobKind::Merchant,
            "for the merchant",
            "for the customer",
            true,
        ),
        (
            JobKind::MerchantCopy(1),
            "for the merchant",
            "for the customer",
            true,
        ),
    ] {
        let text = printed(&payment, kind, &slips, &receipts(""));
        assert!(
            text.contains(own) && !text.contains(other),
            "{kind:?}: {text}"
        );
        assert_eq!(text.contains("Signature"), signs, "{kind:?}");
        assert_eq!(text.contains("Merchant copy"), signs, "{kind:?}");
    }
}

/// What is in an address is escaped for it.
#[test]
fn a_code_and_a_footer() {
    let keys = "qr = \"https://a.example/{{ invoice }}?r={{ receipt }}\"\nfooter = [\"[bold]Thanks | {{ x }}\"]";
    let receipts = receipts(keys);
    let desk = Desk {
        receipts: &receipts,
        at: Timestamp::UNIX_EPOCH,
        zone: TimeZone::UTC,
    };
    let lines = compose(
        &payment(Purpose::Sale, Method::Cash),
        None,
        &[],
        JobKind::Customer,
        &desk,
    );
    let code = Line::Qr("https://a.example/A%2F1%3F?r=desk1-000002".to_owned());
    assert!(lines.contains(&code), "{lines:?}");
    let says = |line: &Line| matches!(line, Line::Text(text, _) if text.as_str() == "[bold]Thanks | {{ x }}");
    assert!(lines.iter().any(says), "{lines:?}");
}

/// A terminal gone mad, and still a receipt with its end.
#[test]
fn a_receipt_that_is_too_long_is_cut_off_with_a_mark() {
    let payment = payment(Purpose::Sale, Method::Card);
    let long = "x".repeat(100_000);
    let many = vec!["line"; 10_000];
    for (slip, marks) in [
        (slip(SlipCopy::Customer, &many), "[...]"),
        (slip(SlipCopy::Customer, &[&long]), "x..."),
    ] {
        let text = printed(&payment, JobKind::Copy(1), &[slip], &receipts(""));
        assert!(text.len() < 20_000, "{}", text.len());
        assert_eq!(text.matches(marks).count(), 1);
        assert_eq!(text.matches("COPY 1").count(), 2);
        assert!(text.contains("EUR 67.60"));
    }
}
