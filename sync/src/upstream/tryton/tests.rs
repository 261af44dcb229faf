//! What is planned by what Tryton holds, and what its answers mean.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE};
use config::{Secret, TrytonOptions};
use jiff::{Timestamp, tz::TimeZone};
use payment::{PaymentId, Purpose};

use super::super::samples::{booking, payment};
use super::*;

fn tryton(post: bool) -> Tryton {
    let options = TrytonOptions {
        key: Secret::new("key".into()),
        journals: BTreeMap::from([("desk2".parse().unwrap(), "Front desk".to_owned())]),
        post,
        time_zone: Some(TimeZone::get("Australia/Sydney").unwrap()),
    };
    let upstream = config::Upstream {
        id: "tryton".parse().unwrap(),
        url: "https://tryton.example/clinic".to_owned(),
        fence: Duration::from_mins(11),
        kind: config::UpstreamKind::Tryton(Box::new(options.clone())),
    };
    Tryton::new(&upstream, &options)
}

fn ok(body: &str) -> HttpAnswer {
    HttpAnswer::response(200, None, None, body.as_bytes().to_vec())
}

/// Statement, state, amount, invoice, move.
type Held<'a> = (u64, &'a str, &'a str, Option<u64>, Option<u64>);

/// Lines as Tryton shows them.
fn lines(held: &[Held<'_>]) -> HttpAnswer {
    of("desk1-000001", held)
}

fn of(number: &str, held: &[Held<'_>]) -> HttpAnswer {
    let lines: Vec<_> = held
        .iter()
        .map(|(statement, state, amount, invoice, movement)| {
            serde_json::json!({
                "__name__": "account.statement.line", "id": statement + 100, "number": number,
                "amount": { "__class__": "Decimal", "decimal": amount }, "account": 286,
                "related_to": invoice.map(|id| format!("account.invoice,{id}")), "move": movement,
                "statement": { "__name__": "account.statement", "id": statement, "state": state },
            })
        })
        .collect();
    ok(&serde_json::Value::from(lines).to_string())
}

const JOURNAL: &str = r#"[{"id":15,"name":"desk1","company":36,"validation":"number_of_lines",
    "currency":{"id":208,"code":"EUR"}}]"#;

fn invoice(state: &str, open: &str, code: &str) -> HttpAnswer {
    ok(&format!(
        r#"[{{"id":503,"number":"156","state":"{state}","company":36,"party":214,"account":286,
            "amount_to_pay":{{"__class__":"Decimal","decimal":"{open}"}},
            "currency":{{"id":208,"code":"{code}"}}}}]"#
    ))
}

/// The plan in a line.
fn said(plan: Result<Plan, Unsendable>) -> String {
    let shown = |request: &HttpRequest| {
        let path = request.url.split("/rest/model/").nth(1).unwrap();
        format!("{} {}", request.method, path.split('?').next().unwrap())
    };
    match plan {
        Ok(Plan::Ask(request)) => format!("ask {}", shown(&request)),
        Ok(Plan::Book(request)) => format!("book {}", shown(&request)),
        Ok(Plan::GoOn {
            remote_id, request, ..
        }) => format!("go on {remote_id} {}", shown(&request)),
        Ok(Plan::Stop(Class::Confirmed { remote_id })) => format!("booked {remote_id:?}"),
        Ok(Plan::Stop(Class::NeedsOperator { reason })) => format!("person {reason}"),
        Ok(Plan::Stop(class)) => format!("{class:?}"),
        Ok(Plan::Gone) => "gone".to_owned(),
        Err(Unsendable(reason)) => format!("cannot {reason}"),
    }
}

#[test]
fn what_is_held_says_what_comes_next() {
    let sale = payment(1, Some("156"), "30.00");
    let none = || lines(&[]);
    let (journal, open) = (|| ok(JOURNAL), || invoice("posted", "100.00", "EUR"));
    let held = |state| lines(&[(7, state, "30.00", Some(503), None)]);
    for (heard, expected) in [
        (vec![], "ask GET account.statement.line"),
        (vec![none()], "ask GET account.statement.journal"),
        (vec![none(), journal()], "ask GET account.invoice"),
        (
            vec![none(), journal(), open()],
            "book POST account.statement",
        ),
        (
            vec![held("draft")],
            "go on 7 POST account.statement/7/validate_statement",
        ),
        (
            vec![held("validated")],
            "go on 7 POST account.statement/7/post",
        ),
        (vec![held("posted")], "booked Some(\"7\")"),
        (
            vec![held("cancelled")],
            "person Somebody cancelled receipt desk1-000001",
        ),
        // Something on the way sent the draft twice.
        (
            vec![lines(&[
                (7, "draft", "30.00", Some(503), None),
                (8, "draft", "30.00", Some(503), None),
            ])],
            "go on 8 DELETE account.statement/8",
        ),
        (
            vec![lines(&[
                (7, "posted", "30.00", Some(503), Some(1)),
                (8, "draft", "30.00", Some(503), None),
            ])],
            "go on 8 DELETE account.statement/8",
        ),
        (
            vec![lines(&[
                (7, "posted", "30.00", Some(503), Some(1)),
                (8, "validated", "30.00", Some(503), Some(2)),
            ])],
            "person Tryton holds receipt desk1-000001 2 times.",
        ),
        (
            vec![lines(&[(7, "posted", "30.01", Some(503), None)])],
            "person Tryton holds receipt desk1-000001 with another amount than 30.00.",
        ),
        (
            vec![lines(&[(7, "posted", "30.00", None, None)])],
            "person Tryton holds receipt desk1-000001 as statement 7, but not on its invoice",
        ),
    ] {
        let plan = said(tryton(true).plan(sale.intent.at, &booking(&sale), &heard));
        assert!(plan.starts_with(expected), "{plan}\nand not: {expected}");
    }
    let kept = tryton(false).plan(sale.intent.at, &booking(&sale), &[held("validated")]);
    assert_eq!(said(kept), "booked Some(\"7\")");
    let nowhere = payment(1, None, "30.00");
    let plan = said(tryton(true).plan(sale.intent.at, &booking(&nowhere), &[]));
    assert!(
        plan.starts_with("cannot The payment names no invoice"),
        "{plan}"
    );
}

#[test]
fn what_is_read_before_may_stop_it() {
    let sale = payment(1, Some("156"), "30.00");
    let none = || lines(&[]);
    let (journal, open) = (|| ok(JOURNAL), || invoice("posted", "100.00", "EUR"));
    for (heard, expected) in [
        // What the invoice says before anything is sent.
        (
            vec![none(), journal(), invoice("paid", "0", "EUR")],
            "person The invoice 156 is paid already.",
        ),
        (
            vec![none(), journal(), invoice("draft", "100.00", "EUR")],
            "person The invoice 156 is not posted yet.",
        ),
        (
            vec![none(), journal(), invoice("posted", "29.99", "EUR")],
            "person Only 29.99 is open on the invoice 156",
        ),
        (
            vec![none(), journal(), invoice("posted", "100.00", "USD")],
            "person The invoice 156 is in USD",
        ),
        (
            vec![none(), journal(), ok("[]")],
            "person Tryton has no invoice 156.",
        ),
        (vec![none(), ok("[]"), open()], "Misconfigured"),
        (
            vec![
                none(),
                ok(&JOURNAL.replace("number_of_lines", "balance")),
                open(),
            ],
            "Misconfigured",
        ),
        (
            vec![none(), ok(&JOURNAL.replace("36", "37")), open()],
            "Misconfigured",
        ),
        (
            vec![none(), ok(&JOURNAL.replace("EUR", "USD")), open()],
            "Misconfigured",
        ),
        // What cannot be read proves nothing.
        (vec![ok("[7]")], "Ambiguous"),
        (
            vec![of(
                "desk1-000002",
                &[(7, "posted", "30.00", Some(503), None)],
            )],
            "Ambiguous",
        ),
        (vec![ok("{}")], "Ambiguous"),
        (vec![none(), ok("<html>")], "ask GET account.invoice"),
        (vec![none(), ok("<html>"), open()], "Ambiguous"),
    ] {
        let plan = said(tryton(true).plan(sale.intent.at, &booking(&sale), &heard));
        assert!(plan.starts_with(expected), "{plan}\nand not: {expected}");
    }
}

#[test]
fn a_cancel_goes_by_where_the_first_payment_stands() {
    let mut cancel = payment(2, Some("156"), "30.00");
    cancel.intent.purpose = Purpose::Cancel {
        of: PaymentId::new(Timestamp::UNIX_EPOCH, [1; 10]),
    };
    let original = payment(1, Some("156"), "30.00").receipt;
    let booking = Booking {
        payment: &cancel,
        original: Some(&original),
        seal: None,
        redirects: 0,
    };
    let own = |held: &[_]| of("desk1-000002", held);
    let first = |state| lines(&[(7, state, "30.00", Some(503), Some(370))]);
    let draft = || own(&[(9, "draft", "-30.00", None, None)]);
    let moved = |reconciliation: &str, payments: &str| {
        ok(&format!(
            r#"[{{"id":170,"reconciliation":{reconciliation},"invoice_payments":{payments}}}]"#
        ))
    };
    for (heard, expected) in [
        (
            vec![own(&[]), first("validated")],
            "go on 7 POST account.statement/7/cancel",
        ),
        (vec![own(&[]), first("cancelled")], "booked Some(\"7\")"),
        (
            vec![own(&[]), first("posted")],
            "ask GET account.statement.journal",
        ),
        (
            vec![
                own(&[]),
                first("posted"),
                ok(JOURNAL),
                invoice("paid", "0", "EUR"),
            ],
            "book POST account.statement",
        ),
        (vec![draft(), first("posted")], "ask GET account.move.line"),
        (
            vec![draft(), first("posted"), moved("460", "[503]")],
            "go on 9 DELETE account.move.reconciliation/460",
        ),
        (
            vec![draft(), first("posted"), moved("null", "[503]")],
            "go on 9 PUT account.invoice/503",
        ),
        (
            vec![draft(), first("posted"), moved("null", "[]")],
            "go on 9 POST account.statement/9/validate_statement",
        ),
        (
            vec![
                own(&[(9, "posted", "-30.00", None, Some(371))]),
                first("posted"),
            ],
            "booked Some(\"9\")",
        ),
        (
            vec![own(&[]), lines(&[])],
            "person Tryton does not hold the payment desk1-000001",
        ),
    ] {
        let plan = said(tryton(true).plan(cancel.intent.at, &booking, &heard));
        assert!(plan.starts_with(expected), "{plan}\nand not: {expected}");
    }
}

#[test]
fn what_cannot_go_on_is_taken_away_unless_it_counts() {
    let sale = payment(1, Some("156"), "30.00");
    let held = |state| lines(&[(7, state, "30.00", Some(503), None)]);
    for (answer, expected) in [
        (held("draft"), "go on 7 DELETE account.statement/7"),
        (
            held("validated"),
            "person It is booked in Tryton as statement 7",
        ),
        (held("posted"), "booked Some(\"7\")"),
        (lines(&[]), "gone"),
    ] {
        let plan = said(tryton(true).withdraw(sale.intent.at, &booking(&sale), &[answer]));
        assert!(plan.starts_with(expected), "{plan}");
    }
}

#[test]
fn answers_mean_what_the_table_says() {
    let statement = r#"{"__name__":"account.statement","id":116,"state":"draft"}"#;
    let said =
        |message: &str| format!(r#"{{"status":400,"message":"{message}","description":""}}"#);
    let overpaid =
        said("Payment lines amount on invoice 5 can not be greater than the invoice amount.");
    let draft =
        said("Validating the statements will remove paid invoices from other draft statements.");
    let again = said("You can not call post on 12 of Account Statement.");
    let rights = said("Calling button post on Account Statement is not allowed.");
    for (status, body, expected) in [
        (
            200,
            statement,
            "Begun { remote_id: \"116\", step: \"draft\" }",
        ),
        (200, &statement.replace("statement", "invoice"), "Ambiguous"),
        (200, "<html>", "Ambiguous"),
        (204, "", "Ambiguous"),
        (302, "", "Ambiguous"),
        (400, &overpaid, "Refused"),
        (400, &draft, "Blocked"),
        (400, &again, "Ambiguous"),
        (400, &rights, "Parked"),
        (400, "<!doctype html>", "Refused"),
        (401, "<!doctype html>", "Parked"),
        (403, "<!doctype html>", "Parked"),
        (404, "<!doctype html>", "Misconfigured"),
        (408, "", "Ambiguous"),
        (422, "", "Refused"),
        (429, "", "NotExecuted"),
        (500, "", "Ambiguous"),
        (503, "", "Ambiguous"),
    ] {
        let answer = HttpAnswer::response(status, None, None, body.as_bytes().to_vec());
        let class = format!(
            "{:?}",
            tryton(true).classify(Timestamp::UNIX_EPOCH, &answer)
        );
        assert!(class.starts_with(expected), "{status} {body}: {class}");
    }
}

/// The day is the clinic's, the amount exact, the journal the device's.
#[test]
fn the_draft_says_it_in_tryton_s_words() {
    let mut sale = payment(1, Some("156"), "80.10");
    // The 22nd in Sydney.
    sale.intent.at = "2026-11-21T23:10:00Z".parse().unwrap();
    let heard = [lines(&[]), ok(JOURNAL), invoice("posted", "100.00", "EUR")];
    let plan = tryton(true).plan(sale.intent.at, &booking(&sale), &heard);
    let Ok(Plan::Book(request)) = plan else {
        panic!("{plan:?}");
    };
    assert_eq!(
        request.url,
        "https://tryton.example/clinic/rest/model/account.statement?f=state"
    );
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(
        body,
        serde_json::json!({
            "name": "desk1-000001", "company": 36, "journal": 15, "date": "2026-11-22",
            "number_of_lines": 1, "total_amount": "80.10",
            "lines": [["create", [{
                "number": "desk1-000001", "date": "2026-11-22", "amount": "80.10", "party": 214,
                "account": 286, "related_to": "account.invoice,503", "description": "Device desk1",
            }]]],
        })
    );
    let device: DeviceId = "desk2".parse().unwrap();
    let ask = tryton(true).ask_journal(tryton(true).journal(&device));
    let domain = ask
        .url
        .split("d=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    let domain = String::from_utf8(URL_SAFE.decode(domain).unwrap()).unwrap();
    assert_eq!(domain, r#"[["name","=","Front desk"]]"#);
}
