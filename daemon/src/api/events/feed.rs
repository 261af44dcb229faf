//! The journal as readers of the events are told it: read and written down once, whoever listens.
//!
//! A page is text that never changes, and readers share it. Those who keep up find the newest pages in
//! the tail; those who come from behind share pages that begin at round numbers. While somebody reads a
//! page from the database, the others wait for it, so that readers ask the database one at a time.

use std::{collections::VecDeque, sync::Arc};

use axum::body::Bytes;
use serde_json::json;
use sync::queue::{Entry, Happened};
use tokio::sync::{
    Mutex,
    broadcast::{Receiver, error::TryRecvError},
};

use crate::{engine::Notice, problem::Problem, shell::Handle};

/// Most entries of a page.
const PAGE: u16 = 100;
/// Most pages that are kept of the tail; most have one entry.
const TAIL: usize = 64;
/// Most pages that are kept for those who come from behind.
const HISTORY: usize = 16;

/// The journal as text. Cheap to clone.
#[derive(Clone)]
pub(in crate::api) struct Feed {
    shell: Handle,
    tail: Arc<Mutex<Tail>>,
    history: Arc<Mutex<Pages>>,
}

/// What was written last.
struct Tail {
    notices: Receiver<Notice>,
    /// The number of the last entry that was seen.
    head: Option<i64>,
    /// Whether the journal may go on after the head.
    behind: bool,
    pages: Pages,
}

impl Feed {
    pub(in crate::api) fn new(shell: Handle) -> Self {
        let tail = Tail {
            notices: shell.notices(),
            head: None,
            behind: true,
            pages: Pages::keeping(TAIL),
        };
        Self {
            shell,
            tail: Arc::new(Mutex::new(tail)),
            history: Arc::new(Mutex::new(Pages::keeping(HISTORY))),
        }
    }

    /// Has the journal looked at again, though no notice came: whoever wrote to it may have been given up
    /// before they could tell.
    pub(super) async fn look_again(&self) {
        self.tail.lock().await.behind = true;
    }

    /// Some of the entries after that number, and the number of the last of these; none when there is
    /// nothing after it.
    pub(super) async fn after(&self, seq: i64) -> Result<Option<(i64, Bytes)>, Problem> {
        {
            let mut tail = self.tail.lock().await;
            if seq >= tail.follow(&self.shell).await? {
                return Ok(None);
            }
            if let Some(rest) = tail.pages.rest(seq) {
                return Ok(Some(rest));
            }
        }
        let mut history = self.history.lock().await;
        if let Some(rest) = history.rest(seq) {
            return Ok(Some(rest));
        }
        let begin = seq - seq.rem_euclid(i64::from(PAGE));
        let page = Page::of(begin, numbered(&entries(&self.shell, begin).await?));
        let rest = page.rest(seq);
        history.keep(page);
        Ok(rest)
    }
}

impl Tail {
    /// The number of the journal's last entry, after a look at what is new.
    async fn follow(&mut self, shell: &Handle) -> Result<i64, Problem> {
        loop {
            match self.notices.try_recv() {
                Ok(Notice::Journal) | Err(TryRecvError::Lagged(_)) => self.behind = true,
                Ok(Notice::Progress { .. } | Notice::Printer(_) | Notice::Device(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        let head = match self.head {
            Some(head) if !self.behind => return Ok(head),
            Some(head) => {
                let new = entries(shell, head).await?;
                let last = new.last().map_or(head, |entry| entry.seq);
                if !new.is_empty() {
                    self.pages.keep(Page::of(head, numbered(&new)));
                }
                if new.len() < usize::from(PAGE) {
                    last
                } else {
                    // Nobody listened for a long time: what lies between is history.
                    newest(shell).await?
                }
            }
            None => newest(shell).await?,
        };
        self.head = Some(head);
        self.behind = false;
        Ok(head)
    }
}

async fn entries(shell: &Handle, after: i64) -> Result<Vec<Entry>, Problem> {
    shell
        .read(move |reader| reader.events_after(after, PAGE))
        .await
}

async fn newest(shell: &Handle) -> Result<i64, Problem> {
    shell.read(|reader| Ok(reader.head()?.0)).await
}

/// Entries of the journal that follow each other.
struct Page {
    /// The entry before.
    after: i64,
    /// The number of each entry, and where its text ends.
    ends: Vec<(i64, usize)>,
    text: Bytes,
}

impl Page {
    fn of(after: i64, entries: impl Iterator<Item = (i64, String)>) -> Self {
        let mut text = String::new();
        let mut ends = Vec::new();
        for (seq, event) in entries {
            text.push_str(&event);
            ends.push((seq, text.len()));
        }
        let text = Bytes::from(text);
        Self { after, ends, text }
    }

    /// What comes after that number, and the number of its last entry; none when that is not all here.
    fn rest(&self, seq: i64) -> Option<(i64, Bytes)> {
        let (last, _) = *self.ends.last()?;
        if seq < self.after || seq >= last {
            return None;
        }
        let known = self.ends.partition_point(|(of, _)| *of <= seq);
        let from = known.checked_sub(1).and_then(|n| self.ends.get(n));
        Some((last, self.text.slice(from.map_or(0, |(_, end)| *end)..)))
    }
}

/// The pages that were used last, newest use first.
struct Pages {
    kept: VecDeque<Page>,
    most: usize,
}

impl Pages {
    fn keeping(most: usize) -> Self {
        let kept = VecDeque::with_capacity(most);
        Self { kept, most }
    }

    fn rest(&mut self, seq: i64) -> Option<(i64, Bytes)> {
        let (n, rest) = (self.kept.iter().enumerate())
            .find_map(|(n, page)| page.rest(seq).map(|rest| (n, rest)))?;
        if let Some(page) = self.kept.remove(n) {
            self.kept.push_front(page);
        }
        Some(rest)
    }

    fn keep(&mut self, page: Page) {
        // The journal's last page was read before it was full.
        self.kept.retain(|known| known.after != page.after);
        self.kept.truncate(self.most.saturating_sub(1));
        self.kept.push_front(page);
    }
}

/// Entries as server-sent events, with their numbers.
fn numbered(entries: &[Entry]) -> impl Iterator<Item = (i64, String)> {
    entries.iter().map(|entry| (entry.seq, event(entry)))
}

fn event(entry: &Entry) -> String {
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
    format!("event: {name}\ndata: {data}\nid: {}\n\n", entry.seq)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each entry is told as its number in a line.
    fn page(after: i64, entries: i64) -> Page {
        let entries = after + 1..=after + entries;
        Page::of(after, entries.map(|seq| (seq, format!("{seq}\n"))))
    }

    fn numbers(text: &Bytes) -> Vec<i64> {
        let text = std::str::from_utf8(text).unwrap();
        text.lines().map(|line| line.parse().unwrap()).collect()
    }

    proptest! {
        /// Whatever pages were kept, and whichever of them overlap, what comes after a number begins
        /// with the next one, leaves none out and ends with the number that it names.
        #[test]
        fn what_comes_after_a_number_is_told_without_a_gap(
            kept in prop::collection::vec((0..30_i64, 0..8_i64), 0..12),
            asked in prop::collection::vec(-1..40_i64, 1..20),
        ) {
            let mut pages = Pages::keeping(5);
            for (after, entries) in kept {
                pages.keep(page(after, entries));
                prop_assert!(pages.kept.len() <= 5);
            }
            for seq in asked {
                let held = pages.kept.iter().any(|page| {
                    page.after <= seq && page.ends.iter().any(|(of, _)| *of > seq)
                });
                let rest = pages.rest(seq);
                prop_assert_eq!(rest.is_some(), held);
                if let Some((last, text)) = rest {
                    let expected: Vec<i64> = (seq + 1..=last).collect();
                    prop_assert!(last > seq);
                    prop_assert_eq!(numbers(&text), expected);
                }
            }
        }
    }

    #[test]
    fn what_is_asked_for_stays_and_a_longer_page_takes_the_place_of_a_shorter() {
        let mut pages = Pages::keeping(2);
        pages.keep(page(0, 2));
        pages.keep(page(2, 2));
        assert!(pages.rest(0).is_some());
        pages.keep(page(4, 1));
        assert!(pages.rest(0).is_some() && pages.rest(2).is_none());
        pages.keep(page(4, 3));
        let (last, text) = pages.rest(5).unwrap();
        assert_eq!((last, numbers(&text)), (7, vec![6, 7]));
        assert!(pages.rest(0).is_some());
    }
}
