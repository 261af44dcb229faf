use super::*;
use payment::{DeviceId, Intent, Method, Money, Payment, PaymentId, Purpose, ReceiptNumber, Text};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn a_payment(note: Option<&str>, invoice: Option<&str>) -> Payment {
    let at: jiff::Timestamp = "2026-11-21T00:10:00Z".parse().unwrap();
    let device: DeviceId = "desk1".parse().unwrap();
    let intent = Intent {
        id: PaymentId::new(at, [0; 10]),
        key: "k".parse().unwrap(),
        device: device.clone(),
        purpose: Purpose::Sale,
        money: Money::parse("80.10", payment::parse_currency("EUR").unwrap()).unwrap(),
        method: Method::Cash,
        invoice: invoice.map(|i| i.parse().unwrap()),
        note: note.map(Text::new),
        at,
        services: payment::Services::default(),
        before: None,
    };
    Payment::begin(intent, ReceiptNumber::new(device, 1))
}

fn values(note: Option<&str>) -> Values {
    let secrets = BTreeMap::from([("token".to_owned(), crate::Secret::new("s3".to_owned()))]);
    Values::new(&a_payment(note, Some("A/1?")), None, &secrets)
}

fn filled(text: &str, place: Place) -> String {
    match Template::check(text, place, &["token"]) {
        Ok(template) => template
            .render(&values(Some("say \"x\"")))
            .unwrap_or_else(|e| format!("this: {e}")),
        Err(error) => error.to_string(),
    }
}

#[test]
fn values_are_written_as_their_place_needs() {
    for (text, place, expected) in [
        (r#"{"a":{{ amount }}}"#, Place::Json, r#"{"a":80.10}"#),
        (r#"{"a":"{{ amount }}"}"#, Place::Json, r#"{"a":"80.10"}"#),
        (r#"{"a":{{ note }}}"#, Place::Json, r#"{"a":"say \"x\""}"#),
        (
            r#"{"a":"<{{ note }}>"}"#,
            Place::Json,
            r#"{"a":"<say \"x\">"}"#,
        ),
        (
            r#"{"a":{{ "By " ~ device }}}"#,
            Place::Json,
            r#"{"a":"By desk1"}"#,
        ),
        (r#"{"a":{{ original }}}"#, Place::Json, r#"{"a":null}"#),
        (r#"{"a":"{{ original }}"}"#, Place::Json, r#"{"a":""}"#),
        (
            "[{% if note %}{{ sequence }}{% endif %}]",
            Place::Json,
            "[1]",
        ),
        (
            "a={{ note }}&b={{ original }}",
            Place::Form,
            "a=say%20%22x%22&b=",
        ),
        (
            "/i/{{ invoice }}?r={{ receipt }}",
            Place::Path,
            "/i/A%2F1%3F?r=desk1-000001",
        ),
        ("Bearer {{ secret.token }}", Place::Header, "Bearer s3"),
        ("{{ note | safe }}", Place::Json, r#""say \"x\"""#),
        // What a payment lacks is told for that payment.
        (
            "/{{ original }}",
            Place::Path,
            "this: a value that is needed here is not there",
        ),
    ] {
        assert_eq!(filled(text, place), expected, "{text}");
    }
}

#[test]
fn what_cannot_be_used_is_told_when_it_is_checked() {
    for (text, place, expected) in [
        (
            "{{ recipt }}",
            Place::Json,
            "“recipt” is not known here; the names are receipt, ",
        ),
        (
            "{{ receipt.number }}",
            Place::Json,
            "“receipt.number” is not known",
        ),
        (
            "{{ secret.other }}",
            Place::Header,
            "“secret.other” is not known",
        ),
        (
            "/{{ secret.token }}",
            Place::Path,
            "“secret.token” is not known",
        ),
        (
            "{% if 0 %}{{ nobody }}{% endif %}1",
            Place::Json,
            "“nobody” is not known",
        ),
        ("{{ receipt", Place::Json, "is not a template"),
        ("{{ receipt | money }}", Place::Json, "is not a template"),
        ("{% include 'x' %}", Place::Json, "is not a template"),
        (r#"{"a":{{ receipt }}"#, Place::Json, "does not become JSON"),
        (
            r#"{"a":"\{{ note }}"}"#,
            Place::Json,
            "cannot be filled in: a backslash",
        ),
        ("{{ amount * 100 }}", Place::Json, "cannot be filled in"),
        (
            "{{ 1.5 }}",
            Place::Json,
            "cannot be filled in: a number cannot be sent",
        ),
        (
            "{{ [1] }}",
            Place::Json,
            "cannot be filled in: a sequence cannot be sent",
        ),
        (
            "{% set x %}{{ note }}{% endset %}{{ x }}",
            Place::Json,
            "cannot be filled in",
        ),
        (
            "{% for i in range(100000) %}{% endfor %}1",
            Place::Json,
            "“range” is not known",
        ),
        (
            "payments",
            Place::Path,
            "cannot be filled in: an address begins",
        ),
        (
            "/a b",
            Place::Path,
            "cannot be filled in: an address begins",
        ),
        (
            "/../x",
            Place::Path,
            "cannot be filled in: an address cannot hold",
        ),
        ("a\nb", Place::Header, "cannot be filled in: a header holds"),
    ] {
        let said = filled(text, place);
        assert!(said.starts_with(expected), "{text}: {said}");
    }
    let error = Template::check("[1,\n{{ recipt }}]", Place::Json, &[]).unwrap_err();
    assert_eq!(error.line(), 2);
}

proptest! {
    /// Whatever a person types, the body keeps its shape, and the value arrives as it was.
    #[test]
    fn no_data_breaks_out_of_a_body(note in "\\PC{0,40}|[\"\\\\{}\\[\\],:%'\n\u{fdd0}\u{fdd1}]{0,12}") {
        let body = r#"{"a":{{ note }},"b":["x {{ note }} y",1],"c":{{ amount }}}"#;
        let template = Template::check(body, Place::Json, &[]).unwrap();
        let payment = a_payment(Some(&note), None);
        let kept = payment.intent.note.as_ref().unwrap().as_str().replace(['\u{fdd0}', '\u{fdd1}'], "");
        let text = template.render(&Values::new(&payment, None, &BTreeMap::new())).unwrap();
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        let expected = format!("x {kept} y");
        prop_assert_eq!(read.as_object().unwrap().len(), 3);
        prop_assert_eq!(read["a"].as_str(), Some(kept.as_str()));
        prop_assert_eq!(read["b"][0].as_str(), Some(expected.as_str()));
        prop_assert_eq!(read["b"].as_array().unwrap().len(), 2);
    }

    /// Any text as a template: told what is wrong, or usable.
    #[test]
    fn any_text_is_survived(text in "(\\{\\{|\\}\\}|\\{%|%\\}|[a-z_|.~ \"0-9\\[\\]{}/]){0,30}") {
        for place in [Place::Json, Place::Form, Place::Path, Place::Header] {
            if let Ok(template) = Template::check(&text, place, &["token"]) {
                drop(template.render(&values(None)));
            }
        }
    }
}
