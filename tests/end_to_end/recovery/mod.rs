//! Every row of the table of recovery, reached as a desk reaches it: the real daemon, a terminal
//! behind a real wire, and something that goes wrong. That row decides, and no other with the same
//! outcome; then the terminal's books, the journal and the upstream tell the same.

mod stories;

use std::time::Duration;

use daemon::cli::client::{CallError, Client};
use payment::recovery::{Outcome, Row};
use serde_json::{Value, json};
use simulator::terminal::zvt::Options;
use tests::{Desk, Wire, card, text, until};

use stories::{STORIES, Step, Story, TOLD_ELSEWHERE, UNREACHABLE};

/// One test for each row and wire.
macro_rules! rows {
    ($($name:ident $row:ident)*) => {
        over!(over_serial Serial $($name $row)*);
        over!(over_tcp Tcp $($name $row)*);
    };
}

macro_rules! over {
    ($wires:ident $wire:ident $($name:ident $row:ident)*) => {
        mod $wires {
            use super::{Row, Wire, play};

            pub(super) const TESTED: &[Row] = &[$(Row::$row),*];

            $(#[tokio::test]
            async fn $name() {
                play(Wire::$wire, Row::$row).await;
            })*
        }
    };
}

rows! {
    busy Busy
    no_answer NoAnswer
    unsupported Unsupported
    nothing_still NothingStill
    nothing_any_more NothingAnyMore
    other_terminal OtherTerminal
    end_of_day_still EndOfDayStill
    closed_since ClosedSince
    numbers_again NumbersAgain
    seen_before SeenBefore
    same_as_before SameAsBefore
    original_stands OriginalStands
    seen_is_stored SeenIsStored
    seen_taken_back SeenTakenBack
    taken_back TakenBack
    cancel_stored CancelStored
    other_reversal OtherReversal
    no_reversal NoReversal
    other_amount OtherAmount
    before_unknown BeforeUnknown
    not_the_seen NotTheSeen
    uncountable Uncountable
    older Older
    too_new TooNew
    no_amount NoAmount
    other_time OtherTime
    next_is_ours NextIsOurs
}

#[test]
fn every_row_is_driven_over_every_wire() {
    for row in Row::ALL {
        if let Some((_, test)) = TOLD_ELSEWHERE.iter().find(|(told, _)| told == row) {
            is_there(test);
            continue;
        }
        let told = STORIES.iter().any(|story| story.rows.first() == Some(row));
        let tested = [over_serial::TESTED, over_tcp::TESTED].map(|rows| rows.contains(row));
        assert_eq!(
            (told, tested),
            (true, [true, true]),
            "{row:?} is not driven"
        );
    }
}

/// A test of a family, as `file::name`.
fn is_there(test: &str) {
    let (file, name) = test.split_once("::").unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/end_to_end/families");
    let text = std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
    assert!(text.contains(&format!("fn {name}(")), "there is no {test}");
}

async fn play(wire: Wire, row: Row) {
    let of_the_row = |story: &&Story| story.rows.first() == Some(&row);
    for story in STORIES.iter().filter(of_the_row) {
        let mut options = Options {
            delay: Duration::from_millis(30),
            ..Options::default()
        };
        (story.terminal)(&mut options);
        let desk = Desk::set(wire, options).await;
        Play { desk, story }.run().await;
    }
}

/// A story at a desk of its own. Its good payment has the key `k0`, the one in doubt `k1`.
struct Play {
    desk: Desk,
    story: &'static Story,
}

impl Play {
    async fn run(mut self) {
        let mut client = self.desk.start().await;
        let mut wish = Value::Null;
        for step in self.story.steps {
            self.desk.ready(&client).await;
            match *step {
                Step::Paid => {
                    let paid = client.pay("k0", &card("1.00", "156")).await.unwrap();
                    ends(&client, &text(&paid, "id"), "approved").await;
                }
                Step::Restarted => {
                    assert!(self.desk.stop().await);
                    client = self.desk.start().await;
                }
                Step::DayClosed => {
                    let path = "/v1/devices/desk1/close";
                    let closed = client.post_with_key(path, "c0", &json!({})).await.unwrap();
                    assert_eq!(text(&closed, "state"), "closed");
                }
                Step::Fault(fault) => self.desk.terminal.arm(fault.parse().unwrap()),
                Step::Happens(act) => self.desk.terminal.act(act),
                Step::Away(acts) => self.desk.terminal.act_while_away(acts),
                Step::Sale(_) | Step::Cancel | Step::Refund => {
                    wish = wished(&client, *step).await.unwrap();
                }
            }
        }
        let id = text(&wish, "id");
        let row = self.decided(&id).await;
        self.what_follows(&client, &id, row).await;
    }

    /// Waits until the story's rows have decided, and no other: the last of them.
    async fn decided(&self, id: &str) -> Row {
        let rows = self.story.rows;
        let unreachable = UNREACHABLE.iter().find(|(row, _)| rows.contains(row));
        let (wanted, why) = match unreachable {
            Some((_, why)) => (&[Row::Unsupported][..], *why),
            None => (rows, "other rows decided"),
        };
        until("the terminal was asked", || async {
            self.rows(id).len() >= wanted.len()
        })
        .await;
        let named: Vec<String> = wanted.iter().map(|row| format!("{row:?}")).collect();
        assert_eq!(self.rows(id), named, "{rows:?}: {why}");
        *wanted.last().unwrap()
    }

    /// The rows that decided so far: each once, however often it decided in a line.
    fn rows(&self, id: &str) -> Vec<String> {
        let log = self.desk.log();
        let mark = format!("payment={id} row=");
        let told = log.lines().filter_map(|line| line.split_once(&mark));
        let mut rows: Vec<String> = told
            .map(|(_, rest)| rest.split(' ').next().unwrap_or_default().to_owned())
            .collect();
        rows.dedup();
        rows
    }

    /// What the row decides is what the journal holds; a doubt waits for a person, who reads the
    /// terminal's books. In the end all agree, and nobody was asked twice.
    async fn what_follows(&self, client: &Client, id: &str, row: Row) {
        let truth = if self.story.done {
            "approved"
        } else {
            "declined"
        };
        match row.outcome() {
            Outcome::Approved => ends(client, id, "approved").await,
            Outcome::Declined => ends(client, id, "declined").await,
            Outcome::InDoubt => {
                ends(client, id, "in_doubt").await;
                self.waits_for_a_person(client).await;
                let path = format!("/v1/payments/{id}/resolve");
                let body = json!({
                    "outcome": truth, "name": "A. Clerk", "reason": "read at the terminal",
                });
                client.post(&path, &body).await.unwrap();
            }
            Outcome::AskAgain => panic!("{row:?} does not end a story"),
        }
        ends(client, id, truth).await;
        let again = wished(client, self.story.wish()).await.unwrap();
        let who = if row.outcome() == Outcome::InDoubt {
            "person"
        } else {
            "terminal"
        };
        assert_eq!(again.pointer("/verdict/from"), Some(&json!(who)));
        assert_eq!(
            (text(&again, "id"), text(&again, "state")),
            (id.to_owned(), truth.to_owned()),
            "a repeat hears the same"
        );
        if row.outcome() == Outcome::Approved {
            let books = self.desk.terminal.books();
            let last = books.transactions().last().map(|last| last.receipt);
            assert_eq!(again.get("terminal_receipt"), Some(&json!(last)), "ours");
        }
        let terminal = &self.desk.terminal;
        let sales = |step: &&Step| matches!(step, Step::Paid | Step::Sale(_));
        let asked = self.story.steps.iter().filter(sales).count();
        assert_eq!(
            usize::try_from(terminal.authorisations_seen()),
            Ok(asked),
            "each was asked for once"
        );
        let books: Vec<u64> = terminal.charged().iter().map(|t| t.amount).collect();
        assert_eq!(books, self.story.books, "the terminal's books");
        self.booked(client).await;
    }

    /// The desk sees why, the terminal takes nothing new, and the upstream hears nothing of it.
    async fn waits_for_a_person(&self, client: &Client) {
        let devices = client.get("/v1/devices").await.unwrap();
        let evidence = devices.pointer("/devices/1/running/evidence");
        assert!(evidence.is_some_and(Value::is_string), "{devices:#}");
        let next = client.pay_once("k2", &card("2.00", "156")).await;
        let refused = matches!(
            &next,
            Err(CallError::Refused { kind, .. }) if kind == "device-in-doubt"
        );
        assert!(refused, "{next:?}");
        self.booked(client).await;
    }

    /// Every sale that the journal calls approved is booked upstream, once, and nothing else is.
    async fn booked(&self, client: &Client) {
        let list = client.get("/v1/payments").await.unwrap();
        let all = list.get("payments").and_then(Value::as_array).unwrap();
        let mut approved: Vec<String> = all
            .iter()
            .filter(|p| text(p, "purpose") == "sale" && text(p, "state") == "approved")
            .map(|p| text(p, "receipt"))
            .collect();
        approved.sort();
        let booked = || {
            let sandbox = self.desk.sandbox.lock();
            let mut booked: Vec<String> = sandbox
                .payments()
                .iter()
                .map(|p| p.receipt.clone())
                .collect();
            booked.sort();
            booked
        };
        until("every delivery has arrived", || async {
            booked().len() >= approved.len()
        })
        .await;
        assert_eq!(booked(), approved, "journal and upstream");
    }
}

/// Waits until a payment is nothing else than this.
async fn ends(client: &Client, id: &str, expected: &str) {
    let path = format!("/v1/payments/{id}");
    let state = || async { text(&client.get(&path).await.unwrap(), "state") };
    until("the journal holds what was decided", || async {
        let state = state().await;
        state == expected || ["approved", "declined", "cancelled"].contains(&state.as_str())
    })
    .await;
    assert_eq!(state().await, expected, "the journal");
}

/// Asks the daemon for what comes into doubt; a repeat hears of the first.
async fn wished(client: &Client, wish: Step) -> Result<Value, CallError> {
    let (what, body) = match wish {
        Step::Sale(amount) => return client.pay("k1", &card(amount, "156")).await,
        Step::Cancel => ("cancel", json!({})),
        Step::Refund => ("refund", json!({})),
        _ => panic!("a story ends with a wish"),
    };
    let list = client.get("/v1/payments").await?;
    let all = list.get("payments").and_then(Value::as_array).unwrap();
    let good = all.iter().find(|p| text(p, "key") == "k0").unwrap();
    let path = format!("/v1/payments/{}/{what}", text(good, "id"));
    client.post_with_key(&path, "k1", &body).await
}
