//! Whoever watches sees every fact once, also after a break.

use serde_json::{Value, json};
use simulator::terminal::zvt::Options;
use tests::{Desk, Wire};

fn cash() -> Value {
    json!({ "device": "cashbox", "amount": "1.00", "currency": "EUR", "method": "cash" })
}

/// The numbers and kinds of the next `n` facts after `after`.
async fn facts(client: &daemon::cli::client::Client, after: i64, n: usize) -> Vec<(i64, String)> {
    let mut events = client.events_after(after).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < n {
        let (name, data) = events.next().await.unwrap();
        if name == "payment" {
            let kind = data
                .pointer("/fact/kind")
                .and_then(Value::as_str)
                .unwrap()
                .to_owned();
            seen.push((data.get("seq").and_then(Value::as_i64).unwrap(), kind));
        }
    }
    seen
}

#[tokio::test]
async fn a_stream_resumes_without_a_gap() {
    let mut desk = Desk::set(Wire::Tcp, Options::default()).await;
    let client = desk.start().await;
    for i in 0..3 {
        client.pay(&format!("k{i}"), &cash()).await.unwrap();
    }
    let all = facts(&client, 0, 6).await;
    let numbers: Vec<i64> = all.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    let kinds: Vec<&str> = all.iter().map(|(_, kind)| kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "intended", "recorded", "intended", "recorded", "intended", "recorded"
        ]
    );
    desk.kill();
    let client = desk.start().await;
    client.pay("k9", &cash()).await.unwrap();
    assert_eq!(
        facts(&client, 4, 4)
            .await
            .iter()
            .map(|(s, _)| *s)
            .collect::<Vec<_>>(),
        [5, 6, 7, 8]
    );
}
