//! What a person reads, for every form and every kind of payment.

use std::collections::BTreeMap;

use config::MethodNames;
use payment::{Method, PaymentId};

use super::*;
use crate::upstream::samples::{booking, payment};

fn worklist(form: WorklistForm) -> Worklist {
    let config = config::parse(
        &format!(
            "[[till]]\nid = \"desk1\"\ncurrency = \"EUR\"\n[[upstream]]\nid = \"list\"\n\
             kind = \"worklist\"\nform = \"{}\"\n[upstream.devices.desk1]\ncash = \"Cash desk-1\"\n",
            form.as_str()
        ),
        std::path::Path::new("tilld.toml"),
        &config::SecretSource::new(None),
        &[],
    );
    Worklist::all(&config.unwrap()).remove(0)
}

fn row(form: WorklistForm, purpose: Purpose, invoice: Option<&str>) -> Row {
    let mut payment = payment(7, invoice, "80.10");
    payment.intent.purpose = purpose;
    let original: ReceiptNumber = "desk1-000001".parse().unwrap();
    let original = purpose.of().map(|_| &original);
    let zone = TimeZone::get("Europe/Vienna").unwrap();
    worklist(form).row(&payment, original, &zone)
}

fn of() -> PaymentId {
    PaymentId::from_bytes([1; 16])
}

#[test]
fn the_fields_are_the_form_s() {
    for (form, expected) in [
        (
            WorklistForm::Dentaltap,
            "Type=Cash desk-1; Amount=80.10; Date/Time=2026-11-21 01:10; Group=desk1; \
             Notes=desk1-000007",
        ),
        (
            WorklistForm::Caspen,
            "Client=; Location=; Payment date=2026-11-21; Payment method=Cash desk-1; \
             Amount=80.10; Description=desk1-000007",
        ),
    ] {
        for purpose in [
            Purpose::Sale,
            Purpose::Cancel { of: of() },
            Purpose::Refund { of: of() },
        ] {
            let row = row(form, purpose, Some("156"));
            let fields = worklist(form).fields();
            assert_eq!(fields.len(), row.values.len());
            let said: Vec<String> = fields
                .iter()
                .zip(&row.values)
                .map(|(field, value)| format!("{field}={value}"))
                .collect();
            assert_eq!(said.join("; "), expected);
        }
    }
}

/// A refund leaves the invoice's balance, a cancel raises it, and the steps never mix them up.
#[test]
fn a_refund_and_a_cancel_keep_their_meaning() {
    let (refund, cancel) = (Purpose::Refund { of: of() }, Purpose::Cancel { of: of() });
    for form in WorklistForm::ALL {
        let refund = row(form, refund, Some("156")).steps.join(" ");
        let cancel = row(form, cancel, Some("156")).steps.join(" ");
        for (said, means, never) in [
            (&refund, "balance", "raises"),
            (&refund, "as it", "rises"),
            (&cancel, "again", "as it"),
        ] {
            assert!(said.contains(means), "{said}");
            assert!(!said.contains(never), "{said}");
        }
        for said in [&refund, &cancel] {
            assert!(said.contains("desk1-000001"), "{said}");
            assert!(said.contains("invoice 156"), "{said}");
            assert!(said.contains("80.10"), "{said}");
        }
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table is read whole")]
fn every_task_has_the_word_of_its_system() {
    let (refund, cancel) = (Purpose::Refund { of: of() }, Purpose::Cancel { of: of() });
    for (form, purpose, invoice, task, word) in [
        (
            WorklistForm::Dentaltap,
            Purpose::Sale,
            Some("156"),
            "Add Payment",
            "Create Payment",
        ),
        (
            WorklistForm::Dentaltap,
            Purpose::Sale,
            None,
            "Replenish",
            "Balance page",
        ),
        (
            WorklistForm::Dentaltap,
            refund,
            Some("156"),
            "Refund",
            "Press Refund",
        ),
        (
            WorklistForm::Dentaltap,
            refund,
            None,
            "Withdrawal",
            "withdrawal",
        ),
        (
            WorklistForm::Dentaltap,
            cancel,
            Some("156"),
            "Delete/Cancel",
            "Press Delete/Cancel",
        ),
        (
            WorklistForm::Dentaltap,
            cancel,
            None,
            "Delete/Cancel",
            "delete the transaction",
        ),
        (
            WorklistForm::Caspen,
            Purpose::Sale,
            Some("156"),
            "New payment",
            "Pay invoice, New payment",
        ),
        (
            WorklistForm::Caspen,
            Purpose::Sale,
            None,
            "Standalone payment",
            "Existing payment",
        ),
        (
            WorklistForm::Caspen,
            refund,
            Some("156"),
            "Refund",
            "credit note",
        ),
        (
            WorklistForm::Caspen,
            refund,
            None,
            "Refund",
            "Choose Refund",
        ),
        (
            WorklistForm::Caspen,
            cancel,
            Some("156"),
            "Void",
            "Delete its allocation",
        ),
        (
            WorklistForm::Caspen,
            cancel,
            None,
            "Void",
            "gives no money back",
        ),
    ] {
        let row = row(form, purpose, invoice);
        assert_eq!(row.task, task);
        let steps = row.steps.join(" ");
        assert!(steps.contains(word), "{steps}");
        for step in &row.steps {
            assert!(step.ends_with('.'), "not a sentence: {step}");
        }
    }
}

#[test]
fn a_device_has_its_own_name_for_a_method_or_that_of_all() {
    let device: payment::DeviceId = "desk1".parse().unwrap();
    let methods = |own: &[(Method, &str)]| {
        let own = own
            .iter()
            .map(|(method, name)| (*method, (*name).to_owned()));
        MethodNames {
            all: BTreeMap::from([(Method::Card, "EFTPOS".to_owned())]),
            devices: BTreeMap::from([(device.clone(), own.collect())]),
        }
    };
    let one = methods(&[(Method::Card, "EFTPOS desk-1")]);
    assert_eq!(one.at(&device, Method::Card).unwrap(), "EFTPOS desk-1");
    let none = methods(&[]);
    assert_eq!(none.at(&device, Method::Card).unwrap(), "EFTPOS");
    let other = "desk2".parse().unwrap();
    assert_eq!(one.at(&other, Method::Card).unwrap(), "EFTPOS");
}

/// Nothing is sent, whatever is asked of it.
#[test]
fn a_person_is_asked_at_once() {
    let list = worklist(WorklistForm::Dentaltap);
    let at = Timestamp::UNIX_EPOCH;
    let payment = payment(7, Some("156"), "80.10");
    let said = list.create(at, &booking(&payment)).unwrap_err().to_string();
    assert_eq!(
        said,
        "Dentaltap takes nothing from programs. Enter desk1-000007 of EUR 80.10 at invoice 156 \
         there as the worklist says, and tick it off."
    );
    assert_eq!(list.look_up(at, &payment).unwrap_err().to_string(), said);
}
