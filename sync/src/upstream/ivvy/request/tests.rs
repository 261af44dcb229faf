//! The bodies, byte by byte.

use config::{IvvyFee, MethodNames};
use payment::{Approval, CardRef, DeviceId, Method};

use super::*;
use crate::upstream::{
    Seal,
    ivvy::tests::{self, payment},
};

fn body(method: Method, invoice: Option<&str>, changed: &[(Method, u8)]) -> String {
    let mut payment = payment(1, invoice, "80.10");
    payment.intent.method = method;
    let mut options = tests::options();
    let changed = changed.iter().copied();
    let changed = changed.map(|(method, number)| (method, IvvyMethod::Number(number)));
    options.methods.all.extend(changed);
    told(&payment, &options)
}

fn told(payment: &Payment, options: &IvvyOptions) -> String {
    add_payment(&tests::booking(payment), options)
        .map_or_else(|e| e.to_string(), |bytes| String::from_utf8(bytes).unwrap())
}

#[test]
fn bodies_by_method() {
    let common = |number: u8, more: &str| {
        format!(
            r#"{{"invoiceId":156,"paidDate":"2026-11-21 00:10:00","amountPaid":80.10,"paymentMethod":{number},"receiptNum":"desk1-000001","notes":"Device desk1"{more}}}"#
        )
    };
    for (method, number, more) in [
        (Method::Card, 11, ""),
        (Method::Cash, 6, ""),
        (Method::Cheque, 5, r#","chequeNumber":"desk1-000001""#),
        (
            Method::BankTransfer,
            3,
            r#","eftTransferDate":"2026-11-21 00:10:00","eftPaymentReference":"desk1-000001""#,
        ),
        (Method::Other, 11, ""),
    ] {
        assert_eq!(body(method, Some("156"), &[]), common(number, more));
    }
    assert_eq!(
        body(Method::Card, Some("156"), &[(Method::Card, 1)]),
        common(1, r#","cardType":"0""#)
    );
}

#[test]
fn what_ivvy_cannot_take_is_said_in_a_sentence() {
    let cash = |invoice, methods: &[_]| body(Method::Cash, invoice, methods);
    assert!(cash(None, &[]).starts_with("The payment names no invoice"));
    for wrong in ["INV-1", "0156", "-1", "1.5", "99999999999999999999999"] {
        assert!(
            cash(Some(wrong), &[]).contains("not the number of"),
            "{wrong}"
        );
    }
    let mut options = tests::options();
    options.methods.all.clear();
    let said = told(&payment(1, Some("156"), "80.10"), &options);
    assert!(said.contains("Add it under"), "{said}");
    for number in [7, 13] {
        let said = cash(Some("156"), &[(Method::Cash, number)]);
        assert!(said.contains("cannot be used"), "{said}");
    }
}

/// The device's own method is the group in iVvy's reports.
#[test]
fn a_device_has_a_custom_method_of_its_own() {
    let desk1: DeviceId = "desk1".parse().unwrap();
    let own = |id| [(Method::Cash, IvvyMethod::Custom(id))].into();
    let mut options = tests::options();
    options.methods = MethodNames {
        devices: [(desk1, own(4711))].into(),
        ..options.methods
    };
    let mut payment = payment(1, Some("156"), "80.10");
    let said = told(&payment, &options);
    let custom = r#""paymentMethod":13,"customPaymentMethodId":4711,"#;
    assert!(said.contains(custom), "{said}");
    payment.intent.device = "desk2".parse().unwrap();
    let said = told(&payment, &options);
    assert!(said.contains(r#""paymentMethod":6,"receiptNum""#), "{said}");
}

#[test]
fn fees_are_named_and_reckoned() {
    let payment = payment(1, Some("156"), "233.45");
    for (kind, excluded_taxes, expected, reckoned) in [
        (
            IvvyFeeKind::Percentage(Decimal::new(15, 1)),
            vec![3, 4],
            r#","feePercentage":1.5,"feeExcludedTaxIds":[3,4]}"#,
            "3.45",
        ),
        (
            IvvyFeeKind::Amount(Decimal::new(30, 2)),
            vec![],
            r#","feeAmount":0.30}"#,
            "0.30",
        ),
    ] {
        let mut options = tests::options();
        let named = IvvyFee {
            kind,
            excluded_taxes,
        };
        options.fees = [(Method::Cash, named)].into();
        let said = told(&payment, &options);
        assert!(said.ends_with(expected), "{said}");
        assert_eq!(fee(&payment, &options).to_string(), reckoned);
    }
    assert_eq!(fee(&payment, &tests::options()), Decimal::ZERO);
}

#[test]
fn card_types_by_the_terminal_s_words() {
    for (brand, expected) in [
        ("VISA DEBIT", "1"),
        ("V PAY", "1"),
        ("Mastercard", "2"),
        ("Maestro", "2"),
        ("AMEX", "3"),
        ("American Express", "3"),
        ("Diners Club", "4"),
        ("girocard", "0"),
        ("", "0"),
    ] {
        let mut payment = payment(1, Some("156"), "80.10");
        payment.approval = Some(Approval {
            card: CardRef {
                brand: Some(brand.into()),
                ..CardRef::default()
            },
            ..Approval::default()
        });
        assert_eq!(card_type(&payment), expected, "{brand}");
    }
}

#[test]
fn notes_bear_device_and_seal() {
    let mut payment = payment(1, Some("156"), "80.10");
    payment.intent.note = Some("deposit".into());
    let seal = Seal {
        seq: 123,
        device_seq: 45,
        hash: [0xab; 32],
    };
    let booking = Booking {
        seal: Some(&seal),
        ..tests::booking(&payment)
    };
    let hash = "ab".repeat(32);
    let expected = format!("Device desk1, journal 123, 45 of the device, {hash}. deposit");
    assert_eq!(notes(&booking), expected);
}

/// iVvy turns "0012" into 12 and "1E5" into 100000: no receipt number of ours is a number.
#[test]
fn no_receipt_number_is_a_number() {
    for device in ["e", "e1", "x", "inf", "infinity", "nan", "d-1", "a1e5"] {
        let Ok(device) = device.parse::<DeviceId>() else {
            continue;
        };
        for seq in [1, 12, 999_999, 1_000_000] {
            let receipt = ReceiptNumber::new(device.clone(), seq).to_string();
            assert!(receipt.parse::<f64>().is_err(), "{receipt}");
            assert!(serde_json::from_str::<f64>(&receipt).is_err(), "{receipt}");
        }
    }
    for number in ["0012-000001", "1E5-000001", "1-000001"] {
        assert!(number.parse::<ReceiptNumber>().is_err(), "{number}");
    }
}
