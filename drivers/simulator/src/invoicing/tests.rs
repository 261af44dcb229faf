//! The real queue and the real worker against the sandbox: whatever goes wrong, each payment
//! ends up booked once.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::Timestamp;
use payment::{
    DeviceId, Fact, Intent, Method, Money, Payment, PaymentId, Text, UpstreamId, parse_currency,
};
use sync::{
    delivery::{self, Clock, DeliveryState, Http, Now, QueueOutbox, Round, Worker},
    queue::{Due, Queue, Urgency, Write, Written},
    upstream::{self, HttpAnswer, HttpRequest},
};

use super::*;

const BASE: &str = "https://ivvy.example";

/// The time, which passes only when it is told to.
#[derive(Clone)]
struct Virtual(Arc<Mutex<Timestamp>>);

impl Virtual {
    fn pass(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }
}

impl Clock for Virtual {
    fn now(&self) -> Now {
        let now = *self.0.lock().unwrap();
        Now {
            steady: now,
            wall: now,
        }
    }
}

/// The sandbox without a socket.
struct InProcess {
    sandbox: Shared,
    clock: Virtual,
}

impl Http for InProcess {
    async fn send(&self, request: HttpRequest) -> HttpAnswer {
        let headers = request.headers.into_iter();
        let request = Request {
            path_and_query: request.url.strip_prefix(BASE).unwrap().to_owned(),
            headers: headers.map(|(n, v)| (n.to_owned(), v)).collect(),
            body: request.body,
        };
        let now = self.clock.now().wall;
        let reply = self.sandbox.lock().handle(now, &request);
        let reason = Text::from("no answer");
        match reply {
            Reply::Answer(answer) => heard(&answer),
            Reply::Late(..) => {
                self.clock.pass(Duration::from_secs(30));
                HttpAnswer::Lost { reason }
            }
            Reply::Dropped => HttpAnswer::Lost { reason },
            Reply::Away => HttpAnswer::NotSent { reason },
        }
    }
}

fn heard(answer: &Answer) -> HttpAnswer {
    let value = |name| {
        let hit = answer.headers.iter().find(|(n, _)| *n == name);
        hit.map(|(_, value)| value.as_str())
    };
    HttpAnswer::response(
        answer.status,
        value("date"),
        value("retry-after"),
        answer.body.clone(),
    )
}

/// A desk with its queue, and the clinic's invoicing system.
struct Desk {
    queue: Queue,
    clock: Virtual,
    sandbox: Shared,
    _dir: tempfile::TempDir,
}

fn config(url: &str) -> config::Upstream {
    config::Upstream {
        id: upstream_id(),
        url: url.into(),
        fence: Duration::from_mins(11),
        kind: config::UpstreamKind::Ivvy {
            api_key: "key".into(),
            secret: config::Secret::new("secret".into()),
            methods: BTreeMap::from([(Method::Cash, 6)]),
        },
    }
}

fn upstream_id() -> UpstreamId {
    "ivvy".parse().unwrap()
}

fn eur(amount: &str) -> Money {
    Money::parse(amount, parse_currency("EUR").unwrap()).unwrap()
}

impl Desk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-11-21T00:10:00Z".parse().unwrap();
        Self {
            queue: Queue::open(&dir.path().join("queue.db")).unwrap(),
            clock: Virtual(Arc::new(Mutex::new(now))),
            sandbox: Shared::new(Sandbox::new("key", "secret")),
            _dir: dir,
        }
    }

    fn take(&self, n: u16, invoice: Option<&str>, amount: &str) -> Payment {
        let at = self.clock.now().wall;
        let mut random = [0; 10];
        random[8..].copy_from_slice(&n.to_be_bytes());
        let device: DeviceId = "desk1".parse().unwrap();
        let intent = Intent {
            id: PaymentId::new(at, random),
            key: format!("k{n}").parse().unwrap(),
            device,
            purpose: payment::Purpose::Sale,
            money: eur(amount),
            method: Method::Cash,
            invoice: invoice.map(|i| i.parse().unwrap()),
            note: None,
            at,
            before: None,
        };
        let due = Due {
            upstreams: vec![upstream_id()],
            jobs: vec![],
        };
        let then = vec![Fact::Recorded];
        let begin = Write::Begin { intent, then, due };
        match self.queue.submit(begin, Urgency::Now).wait().unwrap() {
            Written::Payment(payment) => payment,
            other => panic!("{other:?}"),
        }
    }

    fn state(&self, payment: &Payment) -> DeliveryState {
        let reader = self.queue.reader().unwrap();
        let mut all = reader.deliveries_of(payment.intent.id).unwrap();
        all.remove(0).state
    }

    /// Delivers until nothing is left to do; `watch` is called before each round.
    async fn settle(&self, mut watch: impl FnMut(Timestamp)) {
        let http = InProcess {
            sandbox: self.sandbox.clone(),
            clock: self.clock.clone(),
        };
        let config = config(BASE);
        let outbox = QueueOutbox::new(self.queue.clone()).unwrap();
        let parts = (outbox, http, self.clock.clone());
        let mut worker = Worker::new(&config, upstream::from_config(&config), parts, 1);
        worker.restart().await.unwrap();
        for _ in 0..20_000 {
            watch(self.clock.now().steady);
            match worker.round().await.unwrap() {
                Round::Moved => {}
                Round::Idle(Some(until)) => self.clock.pass(worker.until(until)),
                Round::Idle(None) => return,
            }
        }
        panic!("the worker never ends");
    }
}

/// Receipt numbers and amounts on an invoice.
fn booked(desk: &Desk, invoice: u64) -> Vec<String> {
    let sandbox = desk.sandbox.lock();
    let payments = sandbox.invoice(invoice).unwrap().payments.iter();
    payments
        .map(|p| format!("{} {}", p.receipt, p.amount))
        .collect()
}

#[tokio::test]
async fn every_fault_ends_with_each_payment_booked_once() {
    for fault in Fault::ALL {
        for times in [1, 2, 3, 7] {
            let desk = Desk::new();
            desk.sandbox.lock().arm(fault, times);
            // Two parts of one invoice: iVvy would take either of them twice.
            let payments = [
                desk.take(1, Some("156"), "30.00"),
                desk.take(2, Some("156"), "20.00"),
            ];
            desk.settle(|_| {}).await;
            assert_eq!(
                booked(&desk, 156),
                ["desk1-000001 30.00", "desk1-000002 20.00"],
                "{fault} {times} times"
            );
            for payment in payments {
                let state = desk.state(&payment);
                assert!(
                    matches!(state, DeliveryState::Confirmed { .. }),
                    "{fault} {times} times: {state:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn what_ivvy_refuses_waits_for_a_person_and_blocks_no_other_invoice() {
    let desk = Desk::new();
    desk.sandbox.lock().add_invoice(157, eur("10.00"));
    let refused = [
        desk.take(1, Some("156"), "80.01"),
        desk.take(2, Some("999"), "1.00"),
        desk.take(3, Some("INV-1"), "1.00"),
        desk.take(4, None, "1.00"),
    ];
    let good = desk.take(5, Some("157"), "10.00");
    desk.settle(|_| {}).await;
    let reasons = refused.map(|payment| match desk.state(&payment) {
        DeliveryState::NeedsOperator { reason } => reason.to_string(),
        other => panic!("{other:?}"),
    });
    let expected = [
        "Only 80.00 is open on the invoice",
        "iVvy says: Unable to find invoice (400/24238)",
        "“INV-1” is not the number",
        "The payment names no invoice",
    ];
    for (reason, expected) in reasons.iter().zip(expected) {
        assert!(reason.starts_with(expected), "{reason}");
    }
    assert!(matches!(desk.state(&good), DeliveryState::Confirmed { .. }));
    assert_eq!(desk.sandbox.lock().payments().len(), 1);
}

/// The machine's clock is off for good: one request finds out, all others are right at once.
#[tokio::test]
async fn a_wrong_clock_is_corrected_for_good() {
    let desk = Desk::new();
    desk.sandbox.lock().arm(Fault::ClockSkew, u32::MAX);
    let began = desk.clock.now().wall;
    desk.take(1, Some("156"), "30.00");
    desk.take(2, Some("156"), "20.00");
    desk.settle(|_| {}).await;
    assert_eq!(booked(&desk, 156).len(), 2);
    assert_eq!(desk.clock.now().wall, began, "no time was lost");
}

#[tokio::test]
async fn a_backlog_of_an_hour_arrives_once_and_in_order() {
    let desk = Desk::new();
    for invoice in 1..=40 {
        desk.sandbox.lock().add_invoice(invoice, eur("25.00"));
    }
    desk.sandbox.lock().arm(Fault::Down, u32::MAX);
    for n in 0..1000 {
        desk.take(n, Some(&(n % 40 + 1).to_string()), "1.00");
    }
    let back = desk.clock.now().steady + Duration::from_hours(1);
    let sandbox = desk.sandbox.clone();
    desk.settle(|now| {
        if now >= back {
            sandbox.lock().disarm();
        }
    })
    .await;
    assert_eq!(desk.sandbox.lock().payments().len(), 1000);
    for invoice in 1..=40 {
        let booked = booked(&desk, invoice);
        let mut in_order = booked.clone();
        in_order.sort();
        in_order.dedup();
        assert_eq!(booked.len(), 25);
        assert_eq!(booked, in_order, "invoice {invoice}");
    }
    let late = desk.clock.now().steady.duration_since(back);
    assert!(late.as_secs() <= 70, "delivery resumed {late} late");
}

#[tokio::test]
async fn a_payment_crosses_a_real_socket() {
    // Another test of this process may have installed it before.
    drop(rustls::crypto::ring::default_provider().install_default());
    let desk = Desk::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = config(&format!("http://{}", listener.local_addr().unwrap()));
    let server = tokio::spawn(serve(listener, desk.sandbox.clone()));
    let payment = desk.take(1, Some("156"), "80.00");

    let outbox = QueueOutbox::new(desk.queue.clone()).unwrap();
    let client = delivery::Client::new().unwrap();
    let parts = (outbox, client.clone(), delivery::SystemClock::new());
    let mut worker = Worker::new(&config, upstream::from_config(&config), parts, 1);
    assert_eq!(worker.round().await.unwrap(), Round::Moved);
    assert_eq!(booked(&desk, 156), ["desk1-000001 80.00"]);
    let confirmed = DeliveryState::Confirmed {
        remote_id: Some(Text::from("1")),
    };
    assert_eq!(desk.state(&payment), confirmed);

    // How real failures are told apart: broken after the request, or never connected.
    let request = || HttpRequest {
        method: "POST",
        url: format!("{}/api/1.0/test?action=ping", config.url),
        headers: vec![],
        body: vec![],
    };
    desk.sandbox.lock().arm(Fault::Down, 1);
    let broken = client.send(request()).await;
    assert!(matches!(broken, HttpAnswer::Lost { .. }), "{broken:?}");
    desk.sandbox.lock().arm(Fault::Redirect, 1);
    let redirect = client.send(request()).await;
    let is_302 = matches!(redirect, HttpAnswer::Response { status: 302, .. });
    assert!(is_302, "{redirect:?}");
    server.abort();
    assert!(server.await.unwrap_err().is_cancelled());
    let away = delivery::Client::new().unwrap().send(request()).await;
    assert!(matches!(away, HttpAnswer::NotSent { .. }), "{away:?}");
}
