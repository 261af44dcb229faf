//! The way to the invoicing system: the delivery's worker as a task that this world polls, with its
//! rows, its requests and its sleep as questions that the world answers when it likes.

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use jiff::Timestamp;
use payment::{Text, UpstreamId};
use simulator::invoicing;
use sync::{
    delivery::{Change, Clock, Delivery, Http, Now, Outbox, Worker, step},
    queue::WriteError,
    upstream::{self, HttpAnswer, HttpRequest},
};

/// What the worker asks of its world.
#[derive(Debug)]
pub(crate) enum Asks {
    /// What is due at this moment, at most so many.
    Due(Timestamp, u16),
    /// What was begun, after this number, at most so many.
    Begun(i64, u16),
    /// This must be durable.
    Commit(Box<Change>),
    /// This is to be sent.
    Send(HttpRequest),
    /// It sleeps so long, unless it is woken.
    Sleep(Duration),
}

/// What it is told.
pub(crate) enum Told {
    Due(Result<Vec<Delivery>, WriteError>),
    Begun(Result<Vec<(i64, Delivery)>, WriteError>),
    Committed(Result<(), WriteError>),
    Answer(HttpAnswer),
    Woken,
}

/// What it hears where nothing is lost.
pub(crate) fn heard(answer: &invoicing::Answer) -> HttpAnswer {
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

pub(crate) fn no_answer() -> HttpAnswer {
    HttpAnswer::Lost {
        reason: "The invoicing system did not answer in time.".into(),
    }
}

pub(crate) fn not_sent() -> HttpAnswer {
    HttpAnswer::NotSent {
        reason: "The invoicing system cannot be reached. Check the network.".into(),
    }
}

#[derive(Default)]
struct Counter {
    asked: VecDeque<(u64, Asks)>,
    told: HashMap<u64, Told>,
    next: u64,
    now: Option<Now>,
    /// A person wants it to be tried now.
    hurried: bool,
}

/// The counter between the worker and the world. Questions and answers are numbered.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Counter>>);

impl Shared {
    fn with<T>(&self, act: impl FnOnce(&mut Counter) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn ask(&self, asks: Asks) -> Question {
        let number = self.with(|counter| {
            counter.next += 1;
            counter.asked.push_back((counter.next, asks));
            counter.next
        });
        Question {
            counter: self.clone(),
            number,
        }
    }
}

/// Ready when it is answered.
struct Question {
    counter: Shared,
    number: u64,
}

impl Future for Question {
    type Output = Told;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Told> {
        let told = self.counter.with(|c| c.told.remove(&self.number));
        told.map_or(Poll::Pending, Poll::Ready)
    }
}

impl Clock for Shared {
    fn now(&self) -> Now {
        let now = self.with(|counter| counter.now);
        now.unwrap_or(Now {
            steady: Timestamp::UNIX_EPOCH,
            wall: Timestamp::UNIX_EPOCH,
        })
    }
}

impl Outbox for Shared {
    type Error = WriteError;

    async fn due(
        &self,
        _: &UpstreamId,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<Delivery>, WriteError> {
        match self.ask(Asks::Due(now, limit)).await {
            Told::Due(due) => due,
            Told::Begun(_) | Told::Committed(_) | Told::Answer(_) | Told::Woken => {
                Err(WriteError::Closed)
            }
        }
    }

    async fn begun(
        &self,
        _: &UpstreamId,
        after: i64,
        limit: u16,
    ) -> Result<Vec<(i64, Delivery)>, WriteError> {
        match self.ask(Asks::Begun(after, limit)).await {
            Told::Begun(begun) => begun,
            Told::Due(_) | Told::Committed(_) | Told::Answer(_) | Told::Woken => {
                Err(WriteError::Closed)
            }
        }
    }

    async fn commit(&self, change: Change) -> Result<bool, WriteError> {
        match self.ask(Asks::Commit(Box::new(change))).await {
            Told::Committed(Ok(())) => Ok(true),
            Told::Committed(Err(
                WriteError::Ended(_) | WriteError::Redirected { .. } | WriteError::OutOfTurn { .. },
            )) => Ok(false),
            Told::Committed(Err(error)) => Err(error),
            Told::Due(_) | Told::Begun(_) | Told::Answer(_) | Told::Woken => {
                Err(WriteError::Closed)
            }
        }
    }
}

impl Http for Shared {
    async fn send(&self, request: HttpRequest) -> HttpAnswer {
        match self.ask(Asks::Send(request)).await {
            Told::Answer(answer) => answer,
            Told::Due(_) | Told::Begun(_) | Told::Committed(_) | Told::Woken => {
                HttpAnswer::NotSent {
                    reason: Text::from("Nothing was sent. Try again."),
                }
            }
        }
    }
}

/// One life of a worker.
pub(crate) struct Office {
    shared: Shared,
    task: Pin<Box<dyn Future<Output = ()>>>,
    /// The question that ends with the worker's sleep.
    asleep: Option<u64>,
    /// Something fell due while it was awake.
    look_again: bool,
}

impl Office {
    pub(crate) fn open(config: &config::Upstream, seed: u64) -> Self {
        let shared = Shared::default();
        let parts = (shared.clone(), shared.clone(), shared.clone());
        let mut worker = Worker::new(config, upstream::from_config(config), parts, seed);
        let counter = shared.clone();
        let task = Box::pin(async move {
            let mut begun = false;
            loop {
                if counter.with(|c| std::mem::take(&mut c.hurried)) {
                    worker.hurry();
                }
                let pause = step(&mut worker, &mut begun).await;
                counter.ask(Asks::Sleep(pause)).await;
            }
        });
        Self {
            shared,
            task,
            asleep: None,
            look_again: false,
        }
    }

    /// Lets the worker go on as far as it can, and gives what it asks then.
    pub(crate) fn go_on(&mut self, now: Now) -> Vec<(u64, Asks)> {
        self.shared.with(|counter| counter.now = Some(now));
        let mut context = Context::from_waker(Waker::noop());
        // It has no end of its own.
        while self.task.as_mut().poll(&mut context).is_ready() {}
        let asked: Vec<(u64, Asks)> = self.shared.with(|c| c.asked.drain(..).collect());
        for (number, asks) in &asked {
            if let Asks::Sleep(_) = asks {
                self.asleep = Some(*number);
            }
        }
        asked
    }

    /// Answers a question.
    pub(crate) fn tell(&mut self, number: u64, told: Told) {
        if self.asleep == Some(number) {
            self.asleep = None;
        }
        self.shared
            .with(|counter| counter.told.insert(number, told));
    }

    /// Whether it sleeps with this question.
    pub(crate) fn sleeps(&self, number: u64) -> bool {
        self.asleep == Some(number)
    }

    /// Something may have fallen due: a sleeping worker looks at once, another one when it is done.
    pub(crate) fn wake(&mut self) -> bool {
        let asleep = self.asleep;
        if let Some(number) = asleep {
            self.tell(number, Told::Woken);
        } else {
            self.look_again = true;
        }
        asleep.is_some()
    }

    /// A person asks to try again.
    pub(crate) fn hurry(&mut self) {
        self.shared.with(|counter| counter.hurried = true);
    }

    /// Whether it was called while it was awake.
    pub(crate) fn was_called(&mut self) -> bool {
        std::mem::take(&mut self.look_again)
    }
}
