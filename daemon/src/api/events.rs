//! `/v1/events`: what happens, as server-sent events.
//!
//! Facts carry the journal's number as their event id, so that `Last-Event-ID` resumes without a
//! gap: the stream is read from the journal, and what is broadcast only wakes it up. Progress and
//! device events are passing, and carry no id.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, stream};
use serde::Deserialize;
use serde_json::json;
use sync::queue::{Entry, Happened};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::Api;
use crate::{engine::Notice, problem::Problem};

/// Most journal entries read at once.
const BATCH: u16 = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsQuery {
    after: Option<i64>,
}

pub(super) async fn stream(
    State(api): State<Api>,
    headers: HeaderMap,
    query: Result<Query<EventsQuery>, QueryRejection>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let Query(query) = query.map_err(|e| Problem::InvalidQuery(e.body_text()))?;
    let last = headers.get("last-event-id").and_then(|v| v.to_str().ok());
    let last = last.and_then(|v| v.trim().parse().ok()).or(query.after);
    // Listen first, then look where the journal stands, so that nothing falls between.
    let notices = api.shell.notices();
    let cursor = match last {
        Some(seq) => seq,
        None => api.shell.read(|reader| Ok(reader.head()?.0)).await?,
    };
    let watcher = Watcher {
        api,
        notices,
        cursor,
        ready: VecDeque::new(),
        journal: true,
    };
    let events = stream::unfold(watcher, |mut watcher| async move {
        watcher.next().await.map(|event| (Ok(event), watcher))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

/// One who watches, and how far they have read.
struct Watcher {
    api: Api,
    notices: Receiver<Notice>,
    cursor: i64,
    ready: VecDeque<Event>,
    /// Whether the journal may hold more than was read.
    journal: bool,
}

impl Watcher {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.journal {
                self.read_journal().await?;
                continue;
            }
            match self.notices.recv().await {
                // Too slow a reader loses passing events; facts are in the journal.
                Ok(Notice::Journal) | Err(RecvError::Lagged(_)) => self.journal = true,
                Ok(Notice::Progress {
                    device,
                    payment,
                    code,
                    text,
                }) => {
                    let data = json!({
                        "group": device, "device": device, "payment": payment, "code": code, "text": text,
                    });
                    self.ready.extend(event("progress", &data));
                }
                Ok(Notice::Printer(view)) => self.ready.extend(event("printer", &json!(view))),
                Ok(Notice::Device(view)) => self.ready.extend(event("device", &json!(view))),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    async fn read_journal(&mut self) -> Option<()> {
        let after = self.cursor;
        let entries = self
            .api
            .shell
            .read(move |reader| reader.events_after(after, BATCH))
            .await
            .ok()?;
        self.journal = entries.len() == usize::from(BATCH);
        for entry in entries {
            self.cursor = entry.seq;
            self.ready.extend(fact(&entry));
        }
        Some(())
    }
}

fn fact(entry: &Entry) -> Option<Event> {
    let (name, id, fact) = match &entry.happened {
        Happened::Payment { payment, fact } => ("payment", payment.to_string(), json!(fact)),
        Happened::Closing { closing, fact } => ("closing", closing.to_string(), json!(fact)),
        Happened::Restoration { restoration, fact } => {
            ("restoration", restoration.to_string(), json!(fact))
        }
        Happened::Delivery { payment, decision } => {
            let fact = json!({ "kind": entry.happened.kind(), "body": decision });
            ("payment", payment.to_string(), fact)
        }
        Happened::Drawer { kick, fact } => ("drawer", kick.to_string(), json!(fact)),
    };
    let data = json!({
        "seq": entry.seq,
        "at": entry.at,
        "group": entry.device,
        "device": entry.device,
        name: id,
        "fact": fact,
    });
    event(name, &data).map(|event| event.id(entry.seq.to_string()))
}

fn event(name: &str, data: &serde_json::Value) -> Option<Event> {
    Event::default().event(name).json_data(data).ok()
}
