//! `/v1/events`: what happens, as server-sent events.
//!
//! Facts carry the journal's number as their event id, so that `Last-Event-ID` resumes without a
//! gap: the stream is read from the journal, and what is broadcast only wakes it up. Progress and
//! device events are passing, and carry no id.

mod feed;

use std::{convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, header},
    response::IntoResponse,
};
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::timeout,
};

pub(super) use feed::Feed;

use super::Api;
use crate::{engine::Notice, problem::Problem};

/// How often a comment says that the stream is alive.
const ALIVE: Duration = Duration::from_secs(15);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsQuery {
    after: Option<i64>,
}

pub(super) async fn stream(
    State(api): State<Api>,
    headers: HeaderMap,
    query: Result<Query<EventsQuery>, QueryRejection>,
) -> Result<impl IntoResponse, Problem> {
    let Query(query) = query.map_err(|e| Problem::InvalidQuery(e.body_text()))?;
    let last = headers.get("last-event-id").and_then(|v| v.to_str().ok());
    let last = last.and_then(|v| v.trim().parse().ok()).or(query.after);
    // Listen first, then look where the journal stands, so that nothing falls between.
    let notices = api.shell.notices();
    let seen = match last {
        Some(seq) => seq.max(0),
        None => api.shell.read(|reader| Ok(reader.head()?.0)).await?,
    };
    api.feed.look_again().await;
    let watcher = Watcher {
        feed: api.feed,
        notices,
        seen,
        journal: true,
    };
    let events = stream::unfold(watcher, |mut watcher| async move {
        let text = watcher.next().await?;
        Some((Ok::<_, Infallible>(text), watcher))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, Body::from_stream(events)))
}

/// One who watches, and how far they have read. Who reads nothing is not asked for more, and costs
/// nothing: notices pass by, and the journal waits.
struct Watcher {
    feed: Feed,
    notices: Receiver<Notice>,
    /// The number of the last entry that they were sent.
    seen: i64,
    /// Whether the journal may hold more.
    journal: bool,
}

impl Watcher {
    /// The next events, as they are sent.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.journal {
                if let Some((last, text)) = self.feed.after(self.seen).await.ok()? {
                    self.seen = last;
                    return Some(text);
                }
                self.journal = false;
            }
            let Ok(notice) = timeout(ALIVE, self.notices.recv()).await else {
                return Some(Bytes::from_static(b":\n\n"));
            };
            match notice {
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
                    return Some(passing("progress", &data));
                }
                Ok(Notice::Printer(view)) => return Some(passing("printer", &json!(view))),
                Ok(Notice::Device(view)) => return Some(passing("device", &json!(view))),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

fn passing(name: &str, data: &Value) -> Bytes {
    format!("event: {name}\ndata: {data}\n\n").into()
}
