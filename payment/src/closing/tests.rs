use crate::{
    Approval, Intent, Method, Money, Payment, PaymentId, Purpose, ReceiptNumber, State, closing::*,
    parse_currency,
};

fn card(number: u8, purpose: Purpose, minor: i64, brand: Option<&str>) -> Payment {
    let intent = Intent {
        id: PaymentId::from_bytes([number; 16]),
        key: format!("key {number}").parse().unwrap(),
        device: "desk1".parse().unwrap(),
        purpose,
        money: Money::from_minor(minor, parse_currency("EUR").unwrap()).unwrap(),
        method: Method::Card,
        invoice: None,
        note: None,
        at: Timestamp::UNIX_EPOCH,
        services: crate::Services::default(),
        before: None,
    };
    let receipt = ReceiptNumber::new("desk1".parse().unwrap(), number.into());
    let mut payment = Payment::begin(intent, receipt);
    payment.state = State::Approved;
    let mut approval = Approval::default();
    approval.card.brand = brand.map(Text::from);
    payment.approval = Some(approval);
    payment
}

fn terminal(total_minor: Option<i64>, brands: &[(&str, u32, i64)]) -> DayTotals {
    let brands = brands.iter().map(|(brand, count, minor)| BrandTotal {
        brand: Text::from(*brand),
        count: *count,
        minor: *minor,
    });
    DayTotals {
        total_minor,
        receipts: Some((1, 9)),
        brands: brands.collect(),
    }
}

#[test]
fn brands_fall_into_the_terminals_buckets() {
    for (brand, expected) in [
        ("girocard", Bucket::Girocard),
        ("GIROCARD contactless", Bucket::Girocard),
        ("girocard/Maestro", Bucket::Girocard),
        ("ec-cash", Bucket::Girocard),
        ("Debit Mastercard", Bucket::Mastercard),
        ("MAESTRO", Bucket::Mastercard),
        ("Eurocard/Mastercard", Bucket::Mastercard),
        ("Visa Electron", Bucket::Visa),
        ("V PAY", Bucket::Visa),
        ("AMEX", Bucket::Amex),
        ("American Express", Bucket::Amex),
        ("Diners Club", Bucket::Diners),
        ("JCB", Bucket::Jcb),
        ("Postfinance", Bucket::Other),
        ("", Bucket::Other),
    ] {
        assert_eq!(Bucket::of(brand), expected, "{brand}");
    }
    for bucket in Bucket::ALL {
        assert_eq!(Bucket::of(bucket.as_str()), bucket);
    }
}

/// A girocard sale with a refund without a brand, a Visa sale that was cancelled, cash, a decline.
fn day() -> Vec<Payment> {
    let of = |number| PaymentId::from_bytes([number; 16]);
    let mut cash = card(6, Purpose::Sale, 99, None);
    cash.intent.method = Method::Cash;
    let mut declined = card(7, Purpose::Sale, 77, Some("VISA"));
    declined.state = State::Declined;
    vec![
        card(1, Purpose::Sale, 1000, Some("girocard")),
        card(2, Purpose::Sale, 500, Some("VISA")),
        card(3, Purpose::Refund { of: of(1) }, 300, None),
        card(4, Purpose::Cancel { of: of(2) }, 500, Some("V PAY")),
        card(5, Purpose::Sale, 250, None),
        cash,
        declined,
    ]
}

#[test]
fn our_totals_are_sales_less_what_was_given_back() {
    let ours = totals(&day());
    assert_eq!(ours.total_minor, Some(950));
    let brands: Vec<_> = ours
        .brands
        .iter()
        .map(|b| (b.brand.as_str(), b.count, b.minor))
        .collect();
    assert_eq!(
        brands,
        [("girocard", 2, 700), ("VISA", 2, 0), ("other", 1, 250)]
    );
}

#[test]
fn differences_are_sentences_with_both_sums() {
    let check = |terminal: &DayTotals, expected: &[&str]| {
        let found = compare(terminal, &day());
        let texts: Vec<&str> = found.iter().map(|d| d.text.as_str()).collect();
        assert_eq!(texts, expected);
    };
    check(
        &terminal(Some(950), &[("girocard", 1, 700), ("andere", 1, 250)]),
        &[],
    );
    check(&terminal(None, &[]), &[]);
    check(
        &terminal(Some(1450), &[]),
        &["All cards: the terminal closed EUR 14.50, but the journal says EUR 9.50."],
    );
    check(
        &terminal(
            Some(1250),
            &[("girocard", 1, 1000), ("other", 1, 250), ("JCB", 0, 0)],
        ),
        &[
            "All cards: the terminal closed EUR 12.50, but the journal says EUR 9.50.",
            "girocard: the terminal closed EUR 10.00, but the journal says EUR 7.00.",
        ],
    );
    let foreign = compare(&terminal(Some(-10), &[("VISA", 1, -10)]), &[]);
    assert_eq!(
        foreign[0].text.as_str(),
        "All cards: the terminal closed -10 minor units, but the journal says 0 minor units."
    );
    assert_eq!(
        (foreign[1].terminal_minor, foreign[1].journal_minor),
        (-10, 0)
    );
}
