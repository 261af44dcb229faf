use super::*;

#[test]
fn the_first_word_shows_whether_they_understand_each_other() {
    let wrong = NexoCrypto::new("another", "clinic", 1);
    let garbage = frame(b"<html>");
    let rejected = frame(REJECT.as_bytes());
    let table = Table::linked();
    let sealed = table.last().answer_as(WELL, &wrong, |_| ());
    for answer in [garbage, rejected, sealed] {
        let mut table = Table::linked();
        assert_eq!(table.last().category(), "Diagnosis");
        table.input(Input::Bytes(&answer));
        let reason = table.reason().unwrap();
        for word in ["passphrase", "key identifier", "key version"] {
            assert!(reason.contains(word), "{reason}");
        }
        table.command(pay(1));
        assert!(matches!(table.endings()[..], [Ending::Cancelled(_)]));
        table.pass();
        table.reply(WELL);
        assert!(
            table
                .events
                .iter()
                .any(|e| matches!(e, Event::Ready { .. }))
        );
    }
}

#[test]
fn another_terminal_is_named_at_the_first_word() {
    let mut table = Table::linked();
    let answer = table.last().answer_as(WELL, &crypto(), |header| {
        header["POIID"] = "V400m-987654321".into();
    });
    table.input(Input::Bytes(&answer));
    assert!(table.reason().unwrap().contains("poi_id"));
}

/// A terminal that wants a login gets one, and then takes the payment that waited.
#[test]
fn a_terminal_that_is_logged_out_is_logged_in() {
    let login = r#""LoginResponse":{"Response":{"Result":"Success"}}"#;
    let mut table = Table::linked();
    table.reply(&failure("DiagnosisResponse", "LoggedOut"));
    assert_eq!(table.last().category(), "Login");
    table.reply(login);
    let ready = Event::Ready {
        terminal_id: Some(Text::new(POI)),
    };
    assert_eq!(table.events, [ready]);

    let mut table = Table::linked();
    table.reply(&failure("DiagnosisResponse", "LoggedOut"));
    table.reply(&failure("LoginResponse", "NotAllowed"));
    assert!(table.reason().is_some(), "it says why");
}

#[test]
fn a_terminal_says_how_it_is() {
    for (body, words) in [
        (WELL.replace("OK", "Busy"), "busy"),
        (WELL.replace("OK", "Maintenance"), "maintained"),
        (WELL.replace("OK", "Unreachable"), "network"),
        (failure("DiagnosisResponse", "Busy"), "busy"),
    ] {
        let mut table = Table::linked();
        table.reply(&body);
        assert!(
            table.reason().unwrap().contains(words),
            "{:?}",
            table.reason()
        );
        table.pass();
        table.reply(WELL);
        let ready = Event::Ready {
            terminal_id: Some(Text::new(POI)),
        };
        assert_eq!(table.events.last(), Some(&ready));
    }
}

#[test]
fn an_idle_terminal_is_looked_at_and_a_payment_waits_for_that() {
    let mut table = Table::ready();
    table.pass();
    assert_eq!(table.now.elapsed(), Duration::from_mins(1));
    assert_eq!(table.asked_for("Diagnosis"), 2);
    table.command(pay(1));
    table.command(pay(2));
    assert_eq!(table.asked_for("Payment"), 0);
    assert!(
        matches!(table.endings()[..], [Ending::Cancelled(_)]),
        "one waits"
    );
    table.reply(WELL);
    assert_eq!(table.asked_for("Payment"), 1);
    let mut table = Table::ready();
    table.pass();
    table.command(pay(1));
    table.pass();
    assert!(matches!(table.endings()[..], [Ending::Cancelled(_)]));
    assert_eq!((table.closed, table.asked_for("Payment")), (1, 0));
}

fn repeated(response: &str) -> String {
    format!(
        r#""TransactionStatusResponse":{{"Response":{{"Result":"Success"}},"RepeatedMessageResponse":{{"MessageHeader":{{"MessageCategory":"Payment","MessageClass":"Service","MessageType":"Response","POIID":"{POI}","SaleID":"{SALE}","ServiceID":"{}"}},"RepeatedResponseMessageBody":{{{response}}}}}}}"#,
        of_payment(payment(1))
    )
}

/// The answer to a question about payment 1, asked long after.
fn asked_about(body: &str) -> (Queried, Table) {
    let mut table = Table::ready();
    table.now = table.now + Duration::from_secs(30);
    table.command(query(1));
    let about = table.last().body["TransactionStatusRequest"].clone();
    assert_eq!(
        about["MessageReference"]["ServiceID"],
        of_payment(payment(1)).as_str()
    );
    assert_eq!(about["MessageReference"]["MessageCategory"], "Payment");
    table.reply(body);
    let answers = table.answers();
    assert_eq!(answers.len(), 1);
    (answers[0].clone(), table)
}

#[test]
fn a_terminal_tells_what_became_of_a_payment() {
    let (answer, table) = asked_about(&repeated(APPROVED));
    let Queried::Approved(approval) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(approval.money, Some(euros(1010)));
    assert!(
        table
            .events
            .iter()
            .any(|e| matches!(e, Event::Receipt { .. }))
    );
    let (answer, _) = asked_about(&repeated(&failure("PaymentResponse", "Refusal")));
    assert!(matches!(answer, Queried::Refused(_)), "{answer:?}");
    let (answer, _) = asked_about(&failure("TransactionStatusResponse", "InProgress"));
    assert!(matches!(answer, Queried::Running(_)), "{answer:?}");
    let (answer, _) = asked_about(&failure("TransactionStatusResponse", "NotFound"));
    let terminal_id = Some(Text::new(POI));
    assert_eq!(answer, Queried::Unknown { terminal_id });
    let another = repeated(APPROVED).replace(&of_payment(payment(1)), &of_payment(payment(2)));
    for unclear in [
        another,
        repeated(""),
        repeated(r#""ReversalResponse":{"Response":{"Result":"Success"}}"#),
        failure("TransactionStatusResponse", "NotAllowed"),
        r#""TransactionStatusResponse":{"Response":{"Result":"Success"}}"#.to_owned(),
        WELL.to_owned(),
    ] {
        let (answer, _) = asked_about(&unclear);
        assert!(
            matches!(answer, Queried::NoAnswer(_)),
            "{unclear}: {answer:?}"
        );
    }
}

/// The request may still lie in a buffer: it is not known yet, and yet not absent.
#[test]
fn right_after_the_request_not_found_proves_nothing() {
    let mut table = Table::ready();
    table.now = table.now + Duration::from_mins(5);
    table.command(pay(1));
    table.input(Input::LinkDown);
    table.input(Input::LinkUp);
    table.reply(WELL);
    table.command(query(1));
    table.reply(&failure("TransactionStatusResponse", "NotFound"));
    assert!(matches!(table.answers()[..], [Queried::Running(_)]));
    table.now = table.now + Duration::from_secs(15);
    table.command(query(1));
    table.reply(&failure("TransactionStatusResponse", "NotFound"));
    assert!(matches!(table.answers()[..], [_, Queried::Unknown { .. }]));
}

#[test]
fn every_question_has_an_answer() {
    let mut table = Table::linked();
    table.command(Command::LastTransaction);
    table.reply(WELL);
    table.command(Command::EndOfDay);
    table.command(Command::Service(crate::terminal::Service::Diagnosis));
    table.command(query(1));
    table.input(Input::LinkDown);
    table.command(query(1));
    table.command(pay(1));
    let said: Vec<&str> = table
        .events
        .iter()
        .map(|event| match event {
            Event::Ready { .. } => "ready",
            Event::NotReady { .. } => "not ready",
            Event::LastTransaction(LastTransaction::Unsupported(_)) => "last",
            Event::DayEnded(DayEnd::Refused(_)) => "day",
            Event::Served(Err(_)) => "service",
            Event::Queried {
                answer: Queried::NoAnswer(_),
                ..
            } => "query",
            Event::Ended {
                ending: Ending::Cancelled(_),
                ..
            } => "cancelled",
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        said,
        [
            "ready",
            "last",
            "day",
            "service",
            "query",
            "not ready",
            "query",
            "cancelled"
        ]
    );
}
