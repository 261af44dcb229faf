//! A desk with its queue, and the clinic's invoicing system, in virtual time.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::Timestamp;
use payment::{
    DeviceId, Fact, Intent, Method, Money, Payment, PaymentId, Purpose, Text, UpstreamId,
    parse_currency,
};
use simulator::invoicing::{Answer, Booked, Reply, Request, Sandbox, Shared, System};
use sync::{
    delivery::{Clock, DeliveryState, Http, Now, QueueOutbox, Round, Worker},
    queue::{Due, Queue, Urgency, Write, Written},
    upstream::{self, HttpAnswer, HttpRequest},
};
use tokio::sync::Notify;

use super::Subject;

const BASE: &str = "https://upstream.example";
/// How many invoices a run may have.
pub(crate) const INVOICES: u64 = 1_000_000;

/// The time, which passes only when it is told to.
#[derive(Clone)]
pub(crate) struct Virtual(Arc<Mutex<Timestamp>>);

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

/// What happens to one request beside the sandbox's own faults.
#[derive(Debug, Clone)]
pub(crate) enum Instead {
    /// The process dies before the request reaches the system.
    CrashBefore,
    /// The process dies when the system has carried the request out.
    CrashAfter,
    /// The system does nothing, and this is heard.
    Hear(Answer),
    /// The system carries it out, and this is heard.
    HearAfter(Answer),
    /// Something on the way sends it again, and no answer is heard.
    Twice,
}

/// What happens to the next requests: any, only bookings, or only others.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) any: VecDeque<Option<Instead>>,
    pub(crate) bookings: VecDeque<Option<Instead>>,
    pub(crate) others: VecDeque<Instead>,
}

/// A payment that the desk took.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) payment: Payment,
    pub(crate) invoice: u64,
}

impl Taken {
    pub(crate) fn receipt(&self) -> String {
        self.payment.receipt.to_string()
    }
}

/// The desk.
pub(crate) struct Desk<S: Subject> {
    pub(crate) queue: Queue,
    pub(crate) clock: Virtual,
    pub(crate) sandbox: Shared<S::System>,
    pub(crate) script: Arc<Mutex<Script>>,
    /// When each booking was asked for.
    pub(crate) asked: Arc<Mutex<Vec<Timestamp>>>,
    /// When each request was sent.
    pub(crate) requests: Arc<Mutex<Vec<Timestamp>>>,
    last: Mutex<u64>,
    run: u64,
    _dir: tempfile::TempDir,
}

/// The sandbox without a socket.
struct InProcess<S: Subject> {
    sandbox: Shared<S::System>,
    clock: Virtual,
    script: Arc<Mutex<Script>>,
    asked: Arc<Mutex<Vec<Timestamp>>>,
    requests: Arc<Mutex<Vec<Timestamp>>>,
    crashed: Arc<Notify>,
}

impl<S: Subject> Http for InProcess<S> {
    async fn send(&self, request: HttpRequest) -> HttpAnswer {
        let headers = request.headers.into_iter();
        let request = Request {
            method: request.method.to_owned(),
            path_and_query: request.url.strip_prefix(BASE).unwrap().to_owned(),
            headers: headers.map(|(n, v)| (n.to_string(), v)).collect(),
            body: request.body,
        };
        let now = self.clock.now().wall;
        self.requests.lock().unwrap().push(now);
        let books = self.sandbox.lock().is_booking(&request);
        if books {
            self.asked.lock().unwrap().push(now);
        }
        let instead = {
            let mut script = self.script.lock().unwrap();
            let any = script.any.pop_front().flatten();
            any.or_else(|| {
                if books {
                    script.bookings.pop_front().flatten()
                } else {
                    script.others.pop_front()
                }
            })
        };
        let serve = || self.sandbox.lock().handle(now, &request);
        let reason = Text::from("No answer came.");
        match instead {
            Some(Instead::CrashBefore) => self.crash().await,
            Some(Instead::CrashAfter) => {
                serve();
                self.crash().await
            }
            Some(Instead::Hear(answer)) => heard(&answer),
            Some(Instead::HearAfter(answer)) => {
                serve();
                heard(&answer)
            }
            Some(Instead::Twice) => {
                serve();
                serve();
                HttpAnswer::Lost { reason }
            }
            None => match serve() {
                Reply::Answer(answer) => heard(&answer),
                Reply::Late(..) => {
                    self.clock.pass(Duration::from_secs(30));
                    HttpAnswer::Lost { reason }
                }
                Reply::Dropped => HttpAnswer::Lost { reason },
                Reply::Away => HttpAnswer::NotSent { reason },
            },
        }
    }
}

impl<S: Subject> InProcess<S> {
    async fn crash(&self) -> HttpAnswer {
        self.crashed.notify_one();
        std::future::pending().await
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

pub(crate) fn eur(amount: &str) -> Money {
    Money::parse(amount, parse_currency("EUR").unwrap()).unwrap()
}

impl<S: Subject> Desk<S> {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-11-21T00:10:00Z".parse().unwrap();
        let run = S::run();
        Self {
            queue: Queue::open(&dir.path().join("queue.db")).unwrap(),
            clock: Virtual(Arc::new(Mutex::new(now))),
            sandbox: Shared::new(Sandbox::new(S::system())),
            script: Arc::default(),
            asked: Arc::default(),
            requests: Arc::default(),
            last: Mutex::new(1000),
            run,
            _dir: dir,
        }
    }

    /// A desk whose system has these invoices, of EUR 100.00 each.
    pub(crate) fn with_invoices(ids: &[u64]) -> Self {
        let desk = Self::new();
        for id in ids {
            desk.sandbox.lock().add_invoice(*id, eur("100.00"));
        }
        desk
    }

    pub(crate) fn id() -> UpstreamId {
        S::config(BASE).id
    }

    /// Two invoices of EUR 100.00 that nothing is booked on.
    pub(crate) fn two_invoices(&self) -> (u64, u64) {
        let first = self.next();
        for id in [first, first + 1] {
            self.sandbox.lock().add_invoice(id, eur("100.00"));
        }
        (first, first + 1)
    }

    /// A number that was not there before, nor the next.
    fn next(&self) -> u64 {
        let mut last = self.last.lock().unwrap();
        *last += 2;
        *last
    }

    /// Takes a payment.
    pub(crate) fn take(&self, invoice: u64, amount: &str) -> Taken {
        self.begin(Purpose::Sale, invoice, amount)
    }

    pub(crate) fn begin(&self, purpose: Purpose, invoice: u64, amount: &str) -> Taken {
        let at = self.clock.now().wall;
        let n = self.next();
        let mut random = [0; 10];
        random[2..].copy_from_slice(&n.to_be_bytes());
        let device: DeviceId = format!("desk{}", self.run + 1).parse().unwrap();
        let number = self.run * INVOICES + invoice;
        let intent = Intent {
            id: PaymentId::new(at, random),
            key: format!("k{n}").parse().unwrap(),
            device,
            purpose,
            money: eur(amount),
            method: Method::Cash,
            invoice: Some(number.to_string().parse().unwrap()),
            note: Some(Text::new("Tag \"1\", \\ {{ x }} </p>\u{e9}")),
            at,
            services: payment::Services::default(),
            before: None,
        };
        let due = Due {
            drawer: None,
            upstreams: vec![Self::id()],
            jobs: vec![],
        };
        let then = vec![Fact::Recorded];
        let begin = Write::Begin { intent, then, due };
        match self.queue.submit(begin, Urgency::Now).wait().unwrap() {
            Written::Payment(payment) => Taken { payment, invoice },
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn state(&self, taken: &Taken) -> DeliveryState {
        let reader = self.queue.reader().unwrap();
        let mut all = reader.deliveries_of(taken.payment.intent.id).unwrap();
        all.remove(0).state
    }

    /// What the system holds.
    pub(crate) fn booked(&self) -> Vec<Booked> {
        self.sandbox.lock().booked()
    }

    pub(crate) fn times_booked(&self, taken: &Taken) -> usize {
        let receipt = taken.receipt();
        let booked = self.booked();
        booked.iter().filter(|b| b.receipt == receipt).count()
    }

    /// The sentence of a payment that waits for a person.
    pub(crate) fn left_to_a_person(&self, taken: &Taken) -> String {
        match self.state(taken) {
            DeliveryState::NeedsOperator { reason } => reason.to_string(),
            other => panic!("{} is {other:?}", taken.receipt()),
        }
    }

    /// Delivers until nothing is left to do, through crashes, and looks at every step whether what
    /// is said of these payments is true.
    pub(crate) async fn settle(&self, payments: &[Taken]) {
        self.settle_until(payments, |_| {}).await;
    }

    /// The same; `watch` is called before each round.
    pub(crate) async fn settle_until(&self, payments: &[Taken], mut watch: impl FnMut(Timestamp)) {
        let config = S::config(BASE);
        let mut seen = HashMap::new();
        for life in 0..200 {
            let crashed = Arc::new(Notify::new());
            let http = InProcess::<S> {
                sandbox: self.sandbox.clone(),
                clock: self.clock.clone(),
                script: Arc::clone(&self.script),
                asked: Arc::clone(&self.asked),
                requests: Arc::clone(&self.requests),
                crashed: Arc::clone(&crashed),
            };
            let outbox = QueueOutbox::new(self.queue.clone()).unwrap();
            let parts = (outbox, http, self.clock.clone());
            let mut worker = Worker::new(&config, upstream::from_config(&config), parts, life);
            worker.restart().await.unwrap();
            for step in 0.. {
                assert!(step < 20_000, "the worker never ends");
                watch(self.clock.now().steady);
                let round = tokio::select! {
                    biased;
                    () = crashed.notified() => break,
                    round = worker.round() => round.unwrap(),
                };
                self.sandbox.lock().arrive(self.clock.now().wall);
                self.check_words(payments, &mut seen);
                match round {
                    Round::Moved => {}
                    Round::Idle(Some(until)) => self.clock.pass(worker.until(until)),
                    Round::Idle(None) => {
                        self.clock.pass(Duration::from_mins(5));
                        self.sandbox.lock().arrive(self.clock.now().wall);
                        return;
                    }
                }
            }
        }
        panic!("the process dies for ever");
    }

    /// What a state says is so, and its sentence is one.
    fn check_words(&self, payments: &[Taken], seen: &mut HashMap<String, DeliveryState>) {
        for taken in payments {
            let receipt = taken.receipt();
            let state = self.state(taken);
            if seen.get(&receipt) == Some(&state) {
                continue;
            }
            let times = self.times_booked(taken);
            let so = match &state {
                DeliveryState::Confirmed { .. } => times == 1,
                DeliveryState::Waiting { .. } | DeliveryState::Parked { .. } => times == 0,
                _ => times <= 1,
            };
            assert!(
                so,
                "{receipt} is booked {times} times and said to be {state:?}"
            );
            if let Some(reason) = reason(&state) {
                check_sentence::<S>(reason.as_str());
            }
            seen.insert(receipt, state);
        }
    }
}

fn reason(state: &DeliveryState) -> Option<&Text> {
    match state {
        DeliveryState::Ambiguous { reason, .. }
        | DeliveryState::Refused { reason, .. }
        | DeliveryState::Waiting { reason, .. }
        | DeliveryState::NeedsOperator { reason }
        | DeliveryState::Withdrawing { reason, .. }
        | DeliveryState::Parked { reason, .. } => Some(reason),
        DeliveryState::Begun { reason, .. } => reason.as_ref(),
        _ => None,
    }
}

fn check_sentence<S: Subject>(said: &str) {
    let words = said.split_whitespace().count();
    assert!(words > 2, "not a sentence: {said}");
    assert!(said.ends_with(['.', ')']), "not a sentence: {said}");
    assert!(!said.contains('<'), "a page is no sentence: {said}");
    for secret in S::SECRETS {
        assert!(!said.contains(secret), "a secret is shown: {said}");
    }
}
