//! iVvy through its public surface: answers in, classes out.

use config::Secret;
use jiff::Timestamp;
use payment::{Money, PaymentId, Purpose, ReceiptNumber, parse_currency};
use proptest::prelude::*;

use super::*;
pub(super) use crate::upstream::samples::{booking, payment};

/// The configuration's own defaults.
pub(super) fn options() -> IvvyOptions {
    IvvyOptions::new("key".into(), Secret::new("my secret key".into()))
}

fn ivvy() -> Ivvy {
    with(&options())
}

fn with(options: &IvvyOptions) -> Ivvy {
    let upstream = config::Upstream {
        id: "ivvy".parse().unwrap(),
        url: "https://ivvy.example".into(),
        fence: Duration::from_mins(11),
        kind: config::UpstreamKind::Ivvy(Box::new(options.clone())),
    };
    Ivvy::new(&upstream, options)
}

fn now() -> Timestamp {
    "2026-11-21T00:10:00Z".parse().unwrap()
}

#[test]
fn a_request_is_signed_over_what_is_sent() {
    let request = ivvy()
        .create(now(), &booking(&payment(1, Some("156"), "80.10")))
        .unwrap();
    let header = |name: &str| {
        let hit = request.headers.iter().find(|(n, _)| n == name);
        hit.map(|(_, value)| value.as_str()).unwrap()
    };
    let uri = "/api/1.0/invoice?action=addPayment";
    assert_eq!(request.url, format!("https://ivvy.example{uri}"));
    assert_eq!(header("Content-Type"), "application/json");
    assert_eq!(header("IVVY-Date"), "2026-11-21 00:10:00");
    assert_eq!(header("X-Api-Version"), "1.0");
    let md5 = sign::content_md5(&request.body);
    assert_eq!(header("Content-MD5"), md5);
    let text = sign::string_to_sign(&md5, uri, "2026-11-21 00:10:00");
    let signature = sign::signature("my secret key", &text).unwrap();
    assert_eq!(
        header("X-Api-Authorization"),
        format!("IWS key:{signature}")
    );
}

/// Every row of the table of answers: status, body, class.
#[test]
#[expect(clippy::too_many_lines, reason = "a table is read whole")]
fn the_table_of_answers() {
    for (status, body, expected) in [
        (
            200,
            r#"{"Success":true,"Id":5452}"#,
            "Confirmed { remote_id: Some(\"5452\")",
        ),
        (
            200,
            r#"{"success":true,"id":"5452"}"#,
            "Confirmed { remote_id: Some(\"5452\")",
        ),
        (200, r#"{"success":true}"#, "Ambiguous"),
        (
            200,
            r#"{"Success":true,"refundDetails":[{"invoiceId":1736,"refundId":180}]}"#,
            "Confirmed { remote_id: Some(\"180\")",
        ),
        (200, r#"{"Success":true,"refundDetails":[]}"#, "Ambiguous"),
        (400, r#"{"errorCode":400,"specificCode":24136}"#, "Refused"),
        (400, r#"{"errorCode":400,"specificCode":24145}"#, "Refused"),
        (400, r#"{"errorCode":400,"specificCode":24149}"#, "Refused"),
        (
            200,
            r#"{"success":false,"message":"no"}"#,
            "Refused { reason: \"iVvy says: no\"",
        ),
        (
            200,
            r#"{"success":true,"id":5452,"errorCode":500}"#,
            "Ambiguous",
        ),
        (500, r#"{"success":true,"id":5452}"#, "Ambiguous"),
        (
            401,
            r#"{"errorCode":401,"specificCode":23005}"#,
            "ClockSkew { skew: Some(1m)",
        ),
        (
            401,
            r#"{"errorCode":"401","specificCode":"23005"}"#,
            "ClockSkew",
        ),
        (
            401,
            r#"{"errorCode":401,"message":"Unauthorized"}"#,
            "Parked",
        ),
        (200, r#"{"errorCode":403}"#, "Parked"),
        (462, r#"{"errorCode":462}"#, "Parked"),
        (463, r#"{"errorCode":463}"#, "Parked"),
        (404, r#"{"errorCode":404}"#, "Parked"),
        (404, "<html>", "Parked"),
        (405, "", "Parked"),
        (406, "", "Parked"),
        (501, "", "Parked"),
        (429, "", "NotExecuted { reason: \"iVvy takes no more"),
        (
            429,
            r#"{"errorCode":429,"specificCode":24299}"#,
            "NotExecuted",
        ),
        (
            400,
            r#"{"errorCode":400,"message":"'id' does not validate","specificCode":23016,"additionalMessages":["Value must be a whole number"]}"#,
            "NeedsOperator { reason: \"iVvy says: 'id' does not validate; Value must be a whole number (400/23016)\"",
        ),
        (
            400,
            r#"{"errorCode":400,"specificCode":23017}"#,
            "NeedsOperator",
        ),
        (
            400,
            r#"{"errorCode":400,"specificCode":24235}"#,
            "NeedsOperator",
        ),
        (
            400,
            r#"{"errorCode":400,"specificCode":24236}"#,
            "Misconfigured",
        ),
        (
            400,
            r#"{"errorCode":400,"specificCode":24237}"#,
            "NeedsOperator",
        ),
        (
            400,
            r#"{"errorCode":400,"specificCode":24238}"#,
            "NeedsOperator",
        ),
        (400, r#"{"errorCode":400,"specificCode":24239}"#, "Refused"),
        (
            400,
            r#"{"errorCode":400,"specificCode":24240}"#,
            "Ambiguous",
        ),
        (400, r#"{"errorCode":400,"specificCode":99999}"#, "Refused"),
        (460, r#"{"errorCode":460}"#, "Ambiguous"),
        (461, r#"{"errorCode":461}"#, "Ambiguous"),
        (500, r#"{"errorCode":500}"#, "Ambiguous"),
        (503, "<html>", "Ambiguous"),
        (200, "<html>Log in to the guest network</html>", "Ambiguous"),
        (200, r#"{"Success":true,"Id":54"#, "Ambiguous"),
        (302, "", "Ambiguous"),
        (401, "<html>", "Ambiguous"),
        (403, "<html>", "Ambiguous"),
    ] {
        let date = Some("Sat, 21 Nov 2026 00:11:00 GMT");
        let answer = HttpAnswer::response(status, date, None, body.as_bytes().to_vec());
        let class = format!("{:?}", ivvy().classify(now(), &answer));
        assert!(class.starts_with(expected), "{status} {body}: {class}");
    }
    let reason = || Text::from("gone");
    for (answer, expected) in [
        (HttpAnswer::NotSent { reason: reason() }, "NotSent"),
        (HttpAnswer::Unable { reason: reason() }, "Parked"),
        (HttpAnswer::Lost { reason: reason() }, "Ambiguous"),
    ] {
        let class = format!("{:?}", ivvy().classify(now(), &answer));
        assert!(class.starts_with(expected), "{answer:?}: {class}");
    }
}

/// What `getInvoice` may show of a payment of 80.10 on invoice 156.
#[test]
#[expect(clippy::too_many_lines, reason = "a table is read whole")]
fn the_table_of_read_backs() {
    let invoice = |rest: &str| format!(r#"{{"id":156,"currency":"EUR",{rest}}}"#);
    let listed = |payments: &str| {
        invoice(&format!(
            r#""totalCost":100,"amountPaid":0,"currentStatus":0,"payments":[{payments}]"#
        ))
    };
    let ours = r#"{"id":9,"receiptNum":"desk1-000001","amountPaid":80.1}"#;
    for (body, expected) in [
        (listed(ours), "Present { remote_id: Some(\"9\") }"),
        (
            listed(r#"{"ID":9,"ReceiptNum":"desk1-000001","AmountPaid":80.09999999999999}"#),
            "Present",
        ),
        (
            listed(&format!(
                r#"{{"id":8,"receiptNum":729424,"amountPaid":80.1}},{ours}"#
            )),
            "Present",
        ),
        (listed(""), "Absent { obstacle: None }"),
        (
            listed(r#"{"id":8,"receiptNum":"desk1-0000011","amountPaid":80.1}"#),
            "Absent { obstacle: None }",
        ),
        (
            listed(&format!("{ours},{ours}")),
            "Conflict { reason: \"iVvy holds receipt desk1-000001 2 times",
        ),
        (
            listed(r#"{"id":9,"receiptNum":"desk1-000001","amountPaid":8.01}"#),
            "Conflict { reason: \"iVvy holds receipt desk1-000001 with another amount",
        ),
        (
            listed(r#"{"id":9,"receiptNum":"desk1-000001"}"#),
            "Conflict",
        ),
        (listed("7"), "Unreadable"),
        (
            invoice(r#""totalCost":80,"amountPaid":0,"currentStatus":0,"payments":null"#),
            "Absent { obstacle: Some(\"Only 80.00 is open",
        ),
        (
            invoice(r#""totalCost":80.1,"amountPaid":0.0,"currentStatus":1,"payments":null"#),
            "Absent { obstacle: None }",
        ),
        (
            invoice(r#""totalCost":100,"amountPaid":10,"currentStatus":0"#),
            "Unreadable",
        ),
        (
            invoice(r#""totalCost":100,"amountPaid":100,"currentStatus":2,"payments":[]"#),
            "Absent { obstacle: Some(\"The invoice is paid already",
        ),
        (
            invoice(r#""totalCost":100,"amountPaid":0,"currentStatus":4,"payments":[]"#),
            "Absent { obstacle: Some(\"The invoice is cancelled",
        ),
        (
            r#"{"id":156,"currency":"CHF","payments":[]}"#.to_owned(),
            "Absent { obstacle: Some(\"The invoice is in CHF",
        ),
        (
            format!(r#"{{"id":156,"currency":"CHF","payments":[{ours}]}}"#),
            "Conflict",
        ),
        (
            format!(r#"{{"id":157,"currency":"EUR","payments":[{ours}]}}"#),
            "Unreadable",
        ),
        (
            r#"{"errorCode":400,"specificCode":24137}"#.to_owned(),
            "Conflict { reason: \"iVvy has no invoice 156",
        ),
        (
            r#"{"errorCode":500,"specificCode":null}"#.to_owned(),
            "Unreadable",
        ),
        ("<html>".to_owned(), "Unreadable"),
        (listed(ours)[..60].to_owned(), "Unreadable"),
    ] {
        let answer = HttpAnswer::response(200, None, None, body.clone().into_bytes());
        let payment = payment(1, Some("156"), "80.10");
        let found = format!("{:?}", ivvy().find(&payment, &answer));
        assert!(found.starts_with(expected), "{body}: {found}");
    }
}

proptest! {
    /// Hostile bytes are never a confirmation, and never break anything.
    #[test]
    fn any_bytes_are_an_answer(status in 0..1000_u16, body in prop::collection::vec(any::<u8>(), 0..200)) {
        let answer = HttpAnswer::response(status, None, None, body);
        let confirmed = matches!(ivvy().classify(now(), &answer), Class::Confirmed { .. });
        prop_assert!(!confirmed);
        let found = ivvy().find(&payment(1, Some("156"), "80.10"), &answer);
        prop_assert!(matches!(found, Found::Unreadable { .. }), "{:?}", found);
    }

    /// The amount on the wire is the decimal itself, for any amount.
    #[test]
    fn amounts_are_exact(minor in 1..=payment::limits::MINOR_UNITS) {
        let mut payment = payment(1, Some("156"), "1.00");
        payment.intent.money = Money::from_minor(minor, parse_currency("EUR").unwrap()).unwrap();
        let request = ivvy().create(now(), &booking(&payment)).unwrap();
        let body = String::from_utf8(request.body).unwrap();
        let expected = format!(r#""amountPaid":{}.{:02},"#, minor / 100, minor % 100);
        prop_assert!(body.contains(&expected), "{}", body);
    }
}

/// How the lists of `getOptions` look is not documented: any of these tells, and nothing else does.
#[test]
fn methods_are_checked_however_they_are_listed() {
    let mut named = options();
    let custom = config::IvvyMethod::Custom(4711);
    named.methods.all.insert(payment::Method::Card, custom);
    let found = |body: &str| {
        let answer = HttpAnswer::response(200, None, None, body.as_bytes().to_vec());
        with(&named).read_check(&answer).len()
    };
    for (body, expected) in [
        (
            r#"{"paymentMethods":[3,5,6,11],"customPaymentMethods":[{"id":4711,"name":"x"}]}"#,
            0,
        ),
        (
            r#"{"PaymentMethods":{"3":"a","5":"b","6":"c"},"customPaymentMethods":[]}"#,
            2,
        ),
        (
            r#"{"paymentMethods":[{"value":"6","description":"Cash"}]}"#,
            3,
        ),
        (
            r#"{"paymentMethods":[{"name":"Cash"}],"customPaymentMethods":"none"}"#,
            0,
        ),
        (r#"{"errorCode":500,"paymentMethods":[]}"#, 0),
        ("<html>", 0),
    ] {
        assert_eq!(found(body), expected, "{body}");
    }
}

/// A fee is a part of the amount that makes the invoice cost more.
#[test]
fn a_fee_does_not_count_as_too_much() {
    let mut named = options();
    let fee = config::IvvyFee {
        kind: config::IvvyFeeKind::Percentage(rust_decimal::Decimal::new(15, 1)),
        excluded_taxes: vec![],
    };
    named.fees = [(payment::Method::Cash, fee)].into();
    let body = r#"{"id":156,"currency":"EUR","totalCost":230,"amountPaid":0,"currentStatus":0,"payments":[]}"#;
    let answer = HttpAnswer::response(200, None, None, body.as_bytes().to_vec());
    for (amount, fits) in [("233.45", true), ("233.46", true), ("233.50", false)] {
        let found = with(&named).find(&payment(1, Some("156"), amount), &answer);
        let free = matches!(found, Found::Absent { obstacle: None });
        assert_eq!(free, fits, "{amount}: {found:?}");
    }
}

/// A person gets all that must be typed into iVvy.
#[test]
fn a_cancel_or_refund_is_a_person_s_work() {
    let original: ReceiptNumber = "desk1-000001".parse().unwrap();
    let said = |purpose, original| {
        let mut payment = payment(7, Some("156"), "80.10");
        payment.intent.purpose = purpose;
        let booking = Booking {
            original,
            ..booking(&payment)
        };
        let request = ivvy().create(now(), &booking);
        request.unwrap_err().to_string()
    };
    let of = PaymentId::from_bytes([1; 16]);
    assert_eq!(
        said(Purpose::Cancel { of }, Some(&original)),
        "iVvy cannot be told of a cancel. Open invoice 156 in iVvy, cancel the payment desk1-000001 \
         of EUR 80.10 there, note desk1-000007 as the reason, and mark this delivery as handled."
    );
    assert_eq!(
        said(Purpose::Refund { of }, Some(&original)),
        "iVvy cannot be told of a refund. Open invoice 156 in iVvy, refund EUR 80.10 of the payment \
         desk1-000001 there, note desk1-000007 as its number, and mark this delivery as handled."
    );
    assert!(said(Purpose::Refund { of }, None).contains("of the first payment there"));
}
