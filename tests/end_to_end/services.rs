//! What a terminal does besides payments: services, reports on paper, what it wants done, and how
//! its line does.

use std::{process::Command, sync::Arc, time::Duration};

use daemon::cli::client::{CallError, Client};
use jiff::civil::date;
use serde_json::{Value, json};
use simulator::terminal::zvt::Options;
use tests::{Desk, Wire, binary, card, text, until};

const BOTH: [Wire; 2] = [Wire::Serial, Wire::Tcp];

async fn desk(wire: Wire, millis: u64) -> (Desk, Client) {
    let options = Options {
        delay: Duration::from_millis(millis),
        clock: Some(date(2020, 1, 1).at(0, 0, 0, 0)),
        ..Options::default()
    };
    let mut desk = Desk::set(wire, options).await;
    let client = desk.start().await;
    desk.ready(&client).await;
    (desk, client)
}

async fn serve(client: &Client, body: Value) -> Result<Value, CallError> {
    client.post("/v1/devices/desk1/service", &body).await
}

async fn close(client: &Client, key: &str) -> Result<Value, CallError> {
    let path = "/v1/devices/desk1/close";
    client.post_with_key(path, key, &json!({})).await
}

async fn device(client: &Client) -> Value {
    client.get("/v1/devices/desk1").await.unwrap()
}

async fn slips(client: &Client) -> Vec<Value> {
    let slips = client.get("/v1/devices/desk1/slips").await.unwrap();
    slips["slips"].as_array().unwrap().clone()
}

/// The problem's kind, where there is one.
fn kind(answer: &Result<Value, CallError>) -> String {
    match answer {
        Err(CallError::Refused { kind, .. }) => kind.clone(),
        other => format!("{other:?}"),
    }
}

/// How many pages hold these words, once one does.
async fn pages_with(desk: &Desk, words: &[&str]) -> usize {
    let count = || {
        let pages = desk.printer.pages();
        let with = |page: &&String| words.iter().all(|word| page.contains(word));
        pages.iter().filter(with).count()
    };
    until(&format!("{words:?} is on paper"), || async { count() > 0 }).await;
    count()
}

async fn every_service(wire: Wire) {
    let (desk, client) = desk(wire, 30).await;
    client.pay("k1", &card("10.10", "156")).await.unwrap();
    desk.ready(&client).await;
    for (body, done) in [
        (json!({ "service": "diagnosis" }), "The diagnosis is done."),
        (
            json!({ "service": "initialisation" }),
            "The initialisation is done.",
        ),
        (
            json!({ "service": "display_text", "text": "Bin in fünf Minuten wieder da" }),
            "The terminal shows the text.",
        ),
        (
            json!({ "service": "set_clock" }),
            "The terminal's clock is set.",
        ),
        (
            json!({ "service": "repeat_receipt" }),
            "The last receipt is repeated.",
        ),
        (
            json!({ "service": "log_off" }),
            "The terminal is logged off.",
        ),
    ] {
        desk.ready(&client).await;
        let answer = serve(&client, body.clone()).await.unwrap();
        assert_eq!(text(&answer, "text"), done, "{body} over {wire:?}");
    }
    assert_eq!(
        desk.terminal.displayed(),
        ["Bin in fünf Minuten", "wieder da"]
    );
    let report = ["Terminal report", "desk1", "** DIAGNOSE **"];
    assert_eq!(pages_with(&desk, &report).await, 1);
    let repeated = ["COPY", "Terminal receipt", "KUNDENBELEG", "10,10"];
    assert_eq!(pages_with(&desk, &repeated).await, 1);
    let first = desk.terminal.charged();
    assert_eq!((first.len(), first[0].at.year()), (1, 2020), "no money");
    // Registered again, with the right time.
    until("the terminal is registered again", || async {
        client.pay("k2", &card("20.20", "156")).await.is_ok()
    })
    .await;
    let charged = desk.terminal.charged();
    assert_eq!(charged.len(), 2);
    assert!(charged[1].at.year() > 2020, "{charged:?}");
}

#[tokio::test]
async fn every_service_over_tcp() {
    every_service(Wire::Tcp).await;
}

#[tokio::test]
async fn every_service_over_serial() {
    every_service(Wire::Serial).await;
}

#[tokio::test]
async fn a_service_and_a_payment_never_meet() {
    for wire in BOTH {
        let (desk, client) = desk(wire, 1_500).await;
        let client = Arc::new(client);
        let behind = Arc::clone(&client);
        let diagnosis =
            tokio::spawn(async move { serve(&behind, json!({ "service": "diagnosis" })).await });
        until("the service runs", || async {
            text(&device(&client).await, "next_step").contains("busy with a service")
        })
        .await;
        let payment = client.pay_once("k1", &card("10.10", "156")).await;
        assert_eq!(kind(&payment), "device-serving");
        assert_eq!(kind(&close(&client, "c1").await), "device-serving");
        let second = serve(&client, json!({ "service": "log_off" })).await;
        assert_eq!(kind(&second), "device-serving");
        assert_eq!(desk.terminal.authorisations_seen(), 0, "it was not asked");
        diagnosis.await.unwrap().unwrap();
        desk.ready(&client).await;

        let behind = Arc::clone(&client);
        let paying = tokio::spawn(async move { behind.pay("k1", &card("10.10", "156")).await });
        until("the payment runs", || async {
            !device(&client).await["running"].is_null()
        })
        .await;
        let service = serve(&client, json!({ "service": "diagnosis" })).await;
        assert_eq!(kind(&service), "device-busy");
        let payment = paying.await.unwrap().unwrap();
        assert_eq!(text(&payment, "state"), "approved", "by the same key");
        assert_eq!(desk.terminal.charged().len(), 1);
    }
}

#[tokio::test]
async fn a_lost_link_ends_a_service() {
    for wire in BOTH {
        let (desk, client) = desk(wire, 30).await;
        desk.terminal.arm("hang-up-in-diagnosis".parse().unwrap());
        let lost = serve(&client, json!({ "service": "diagnosis" })).await;
        assert_eq!(kind(&lost), "service-not-done", "over {wire:?}");
        desk.ready(&client).await;
        serve(&client, json!({ "service": "diagnosis" }))
            .await
            .unwrap();
        desk.ready(&client).await;
        let payment = client.pay("k1", &card("10.10", "156")).await.unwrap();
        assert_eq!(text(&payment, "state"), "approved");
    }
}

#[tokio::test]
async fn nothing_disturbs_the_evidence_of_a_doubt() {
    for wire in BOTH {
        let (desk, client) = desk(wire, 30).await;
        desk.terminal.arm("no-stored-transaction".parse().unwrap());
        let payment = client.pay("k1", &card("10.10", "156")).await.unwrap();
        assert_eq!(text(&payment, "state"), "in_doubt");
        let service = serve(&client, json!({ "service": "initialisation" })).await;
        assert_eq!(kind(&service), "device-in-doubt");
    }
}

#[tokio::test]
async fn what_is_no_service_is_refused() {
    let (_desk, client) = desk(Wire::Tcp, 30).await;
    for (body, expected) in [
        (json!({ "service": "refund" }), "invalid-field"),
        (json!({ "service": "display_text" }), "invalid-field"),
        (
            json!({ "service": "display_text", "text": " " }),
            "invalid-field",
        ),
        (
            json!({ "service": "display_text", "text": "a\u{1b}b" }),
            "invalid-field",
        ),
        (
            json!({ "service": "display_text", "text": "x".repeat(161) }),
            "invalid-field",
        ),
        (
            json!({ "service": "diagnosis", "text": "x" }),
            "invalid-field",
        ),
        (
            json!({ "service": "diagnosis", "again": true }),
            "unknown-field",
        ),
        (json!({}), "invalid-body"),
    ] {
        assert_eq!(
            kind(&serve(&client, body.clone()).await),
            expected,
            "{body}"
        );
    }
    for (device, expected) in [("cashbox", "nothing-to-serve"), ("desk9", "unknown-device")] {
        let path = format!("/v1/devices/{device}/service");
        let answer = client.post(&path, &json!({ "service": "diagnosis" })).await;
        assert_eq!(kind(&answer), expected);
    }
    assert_eq!(
        kind(&client.get("/v1/devices/desk9").await),
        "unknown-device"
    );
}

/// The command line, as a person at the desk uses it.
#[tokio::test]
async fn till_terminal() {
    let (desk, client) = desk(Wire::Tcp, 30).await;
    let till = |args: &[&str]| {
        let mut command = Command::new(binary("till"));
        command.arg("--socket").arg(desk.path("tilld.sock"));
        command.arg("terminal").args(args);
        async move {
            // The simulators live in this runtime and must go on meanwhile.
            let output = tokio::task::spawn_blocking(move || command.output());
            let output = output.await.unwrap().unwrap();
            let all = [output.stdout, output.stderr].concat();
            let words = String::from_utf8(all).unwrap().trim().to_owned();
            (output.status.code().unwrap(), words)
        }
    };
    for (args, code, said) in [
        (&["diagnosis"][..], 0, "The diagnosis is done."),
        (&["initialise"], 0, "The initialisation is done."),
        (&["set-clock"], 0, "The terminal's clock is set."),
        (
            &["show", "Guten Tag", "--device", "desk1"],
            0,
            "The terminal shows the text.",
        ),
        (
            &["--device", "cashbox", "diagnosis"],
            1,
            "till: cashbox has no card terminal. Name a device that has one.",
        ),
        (&["log-off"], 0, "The terminal is logged off."),
    ] {
        desk.ready(&client).await;
        assert_eq!(till(args).await, (code, said.to_owned()), "{args:?}");
    }
    assert_eq!(desk.terminal.displayed(), ["Guten Tag"]);
}

#[tokio::test]
async fn the_report_of_a_day_is_printed_once() {
    for wire in BOTH {
        let (mut desk, client) = desk(wire, 30).await;
        client.pay("k1", &card("10.10", "156")).await.unwrap();
        desk.ready(&client).await;
        assert_eq!(
            text(&close(&client, "c1").await.unwrap(), "state"),
            "closed"
        );
        let report = ["Terminal report", "** KASSENSCHNITT **", "10,10"];
        assert_eq!(pages_with(&desk, &report).await, 1);
        until("the printer has confirmed it", || async {
            slips(&client).await[0].pointer("/printing/0/state") == Some(&json!("confirmed"))
        })
        .await;
        // A repeat of the request and a new start print nothing again.
        close(&client, "c1").await.unwrap();
        desk.kill();
        let client = desk.start().await;
        desk.ready(&client).await;
        let all = slips(&client).await;
        assert_eq!(all.len(), 1);
        assert_eq!(all[0]["copy"], "administration");
        assert_eq!(all[0]["printing"].as_array().unwrap().len(), 1);
        assert_eq!(all[0]["printing"][0]["kind"], "administration");
        assert!(all[0]["lines"].to_string().contains("10,10"));
        let cash =
            json!({ "device": "desk1", "amount": "1.00", "currency": "EUR", "method": "cash" });
        client.pay("k2", &cash).await.unwrap();
        pages_with(&desk, &["Receipt", "cash"]).await;
        assert_eq!(pages_with(&desk, &report).await, 1, "nothing was before it");
    }
}

/// Law 8 for reports too: what may be on paper is never printed again by itself.
#[tokio::test]
async fn a_report_that_may_be_on_paper_is_unknown() {
    let (mut desk, client) = desk(Wire::Tcp, 30).await;
    desk.printer.arm("slow".parse().unwrap());
    let closing = close(&client, "c1").await.unwrap();
    assert_eq!(text(&closing, "state"), "closed", "paper decides nothing");
    let state = |client: Client| async move {
        let slips = slips(&client).await;
        let state = slips.first().and_then(|s| s.pointer("/printing/0/state"));
        state.cloned().unwrap_or_default()
    };
    until("it is being printed", || async {
        state(desk.client()).await == "sending"
    })
    .await;
    desk.kill();
    desk.printer.clear();
    let client = desk.start().await;
    desk.ready(&client).await;
    assert_eq!(state(desk.client()).await, "unknown");
    let cash = json!({ "device": "desk1", "amount": "1.00", "currency": "EUR", "method": "cash" });
    client.pay("k2", &cash).await.unwrap();
    pages_with(&desk, &["Receipt", "cash"]).await;
    assert_eq!(state(desk.client()).await, "unknown");
    assert_eq!(
        slips(&client).await[0]["printing"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn an_end_of_day_that_is_due_is_an_action_and_no_loop() {
    for wire in BOTH {
        let (desk, client) = desk(wire, 30).await;
        assert!(device(&client).await["action"].is_null());
        desk.terminal.arm("end-of-day-required=9".parse().unwrap());
        for n in 1..=2 {
            let key = format!("k{n}");
            let refused = client.pay(&key, &card("10.10", "156")).await.unwrap();
            assert_eq!(text(&refused, "state"), "declined");
            let why = text(&refused["refusal"], "text");
            assert!(why.contains("till close"), "{why}");
            desk.ready(&client).await;
            let device = device(&client).await;
            let action = "close the day (till close desk1)";
            assert!(text(&device, "action").contains(action), "{device:#}");
            assert_eq!(text(&device, "next_step"), text(&device, "action"));
            assert_eq!(desk.terminal.authorisations_seen(), n, "asked once each");
        }
        assert_eq!(
            text(&close(&client, "c1").await.unwrap(), "state"),
            "closed"
        );
        desk.ready(&client).await;
        assert!(device(&client).await["action"].is_null());
        let paid = client.pay("k3", &card("10.10", "156")).await.unwrap();
        assert_eq!(text(&paid, "state"), "approved");
        assert_eq!(desk.terminal.authorisations_seen(), 3);
    }
}

/// The status of a registration is for the desk: what is needed is shown until it is done.
#[tokio::test]
async fn what_a_terminal_needs_is_an_action() {
    for wire in BOTH {
        let options = Options {
            delay: Duration::from_millis(30),
            needs: 0x03,
            ..Options::default()
        };
        let mut desk = Desk::set(wire, options).await;
        let client = desk.start().await;
        for (words, service) in [
            ("till terminal initialise --device desk1", "initialisation"),
            ("till terminal diagnosis --device desk1", "diagnosis"),
        ] {
            desk.ready(&client).await;
            let action = text(&device(&client).await, "action");
            assert!(action.contains(words), "{action}");
            serve(&client, json!({ "service": service })).await.unwrap();
        }
        desk.ready(&client).await;
        assert!(device(&client).await["action"].is_null());
        assert_eq!(
            text(&device(&client).await, "next_step"),
            "Ready for the next payment."
        );
    }
}

#[tokio::test]
async fn the_state_of_the_line_is_served() {
    let (desk, client) = desk(Wire::Serial, 30).await;
    let line = |name: &'static str| {
        let client = desk.client();
        async move { device(&client).await["line"][name].as_u64().unwrap() }
    };
    for name in [
        "naks_sent",
        "naks_received",
        "repeats",
        "crc_errors",
        "noise",
        "failures",
    ] {
        assert_eq!(line(name).await, 0, "{name}");
    }
    for (fault, raised) in [
        ("nak", ["naks_received", "repeats"]),
        ("bad-crc", ["crc_errors", "naks_sent"]),
        ("dle-noise", ["noise", "noise"]),
    ] {
        desk.terminal.arm(fault.parse().unwrap());
        let paid = client.pay(fault, &card("1.00", "156")).await.unwrap();
        assert_eq!(text(&paid, "state"), "approved");
        desk.ready(&client).await;
        until(fault, || async {
            line(raised[0]).await > 0 && line(raised[1]).await > 0
        })
        .await;
    }
    let (_desk, client) = self::desk(Wire::Tcp, 30).await;
    assert!(device(&client).await["line"].is_null(), "TCP has no line");
}
