//! What can be read of payments and of the journal. A reader sees what is durable, never what is
//! being written.

use std::{ops::Deref, path::Path};

use jiff::Timestamp;
use payment::{
    DeviceId, IdempotencyKey, InvoiceRef, Mark, Payment, PaymentId, Purpose, ReceiptNumber, State,
    StoredKind, limits,
};
use rusqlite::{Connection, OptionalExtension, Params, ToSql, named_params, params};

use super::{
    Entry, OpenError, ReadError, apply,
    journal::{self, Hash, Stored},
    rows::{Damaged, micros},
    store,
};

/// A connection that only reads. Moves between threads, but is used by one at a time.
#[derive(Debug)]
pub struct Reader {
    pub(super) conn: Connection,
}

/// One moment for several questions, inside a transaction that is open or without one.
pub(super) struct Moment<'a>(&'a Connection);

impl<'a> Moment<'a> {
    pub(super) fn of(conn: &'a Connection) -> rusqlite::Result<Self> {
        conn.prepare_cached("SAVEPOINT moment")?.execute([])?;
        Ok(Self(conn))
    }

    fn end(&self) -> rusqlite::Result<()> {
        self.0.prepare_cached("RELEASE moment")?.execute([])?;
        Ok(())
    }
}

impl Deref for Moment<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0
    }
}

impl Drop for Moment<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::error!(%error, "a reader cannot let go of its moment");
        }
    }
}

/// Which payments to list. Everything that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// In one of these states; in any, when empty.
    pub states: Vec<State>,
    /// Taken there.
    pub device: Option<DeviceId>,
    /// For this invoice.
    pub invoice: Option<InvoiceRef>,
    /// Begun at this moment or later.
    pub from: Option<Timestamp>,
    /// Begun before this moment.
    pub to: Option<Timestamp>,
    /// Go on after this payment: [`Page::next`] of the page before.
    pub after: Option<PaymentId>,
    /// Most payments; never more than [`limits::PAGE`].
    pub limit: u16,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            states: Vec::new(),
            device: None,
            invoice: None,
            from: None,
            to: None,
            after: None,
            limit: limits::PAGE,
        }
    }
}

/// A page of payments, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The payments.
    pub payments: Vec<Payment>,
    /// Where the next page goes on, if there is more.
    pub next: Option<PaymentId>,
}

/// The states of payments that something must still become of.
const UNFINISHED: [State; 4] = [
    State::Intended,
    State::AtTerminal,
    State::Approving,
    State::InDoubt,
];

/// When a payment began, its number and its JSON.
type Row = (i64, i64, String);

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let conn = store::open_reader(path)?;
        Ok(Self { conn })
    }

    /// The payment of that id.
    pub fn payment(&self, id: PaymentId) -> Result<Option<Payment>, ReadError> {
        self.one(
            "SELECT body FROM payments WHERE id = ?1",
            params![id.as_bytes()],
        )
    }

    /// The payment of that receipt number.
    pub fn payment_by_receipt(
        &self,
        receipt: &ReceiptNumber,
    ) -> Result<Option<Payment>, ReadError> {
        let seq = i64::try_from(receipt.seq()).unwrap_or(i64::MAX);
        self.one(
            "SELECT body FROM payments WHERE device = ?1 AND receipt_seq = ?2",
            params![receipt.device().as_str(), seq],
        )
    }

    /// The payment of that idempotency key.
    pub fn payment_by_key(&self, key: &IdempotencyKey) -> Result<Option<Payment>, ReadError> {
        self.one(
            "SELECT body FROM payments WHERE key = ?1",
            params![key.as_str()],
        )
    }

    /// The cancels and refunds that name a payment, oldest first, whatever became of them.
    pub fn linked(&self, of: PaymentId) -> Result<Vec<Payment>, ReadError> {
        self.conn
            .prepare_cached(apply::LINKED)?
            .query_map([of.as_bytes()], |row| row.get(0))?
            .collect::<Result<Vec<String>, _>>()?
            .iter()
            .map(|body| Ok(parse(body)?))
            .collect()
    }

    /// The last transaction of a device's terminal that the journal knows as approved. The terminal
    /// may hold a newer one: an end of day, or what was not done through this daemon.
    pub fn last_mark(&self, device: &DeviceId) -> Result<Option<Mark>, ReadError> {
        let last = self.one(
            "SELECT body FROM payments
             WHERE device = ?1 AND method = 'card' AND approved_seq IS NOT NULL
             ORDER BY approved_seq DESC LIMIT 1",
            params![device.as_str()],
        )?;
        let Some(last) = last else { return Ok(None) };
        let transaction = match last.intent.purpose {
            Purpose::Sale | Purpose::Refund { .. } => StoredKind::Payment,
            Purpose::Cancel { of } => StoredKind::Reversal {
                original_trace: self.payment(of)?.and_then(|p| p.approval?.trace),
            },
        };
        Ok(last.approval.map(|approval| {
            let kind = transaction;
            payment::Stored { kind, approval }.mark()
        }))
    }

    /// A page of payments, newest first: by the moment they began, and within one moment by the
    /// order in which they were written.
    ///
    /// # Errors
    /// Also when there is no payment to go on after.
    pub fn payments(&self, filter: &Filter) -> Result<Page, ReadError> {
        let limit = usize::from(filter.limit.clamp(1, limits::PAGE));
        // Several statements, one moment.
        let _moment = Moment::of(&self.conn)?;
        let before = self.cursor(filter.after)?;
        let mut rows = self.rows(filter, before, limit + 1)?;
        rows.sort_unstable_by_key(|(at, n, _)| std::cmp::Reverse((*at, *n)));
        let more = rows.len() > limit;
        rows.truncate(limit);
        let payments = rows
            .into_iter()
            .map(|(_, _, body)| parse(&body))
            .collect::<Result<Vec<Payment>, _>>()?;
        let next = payments.last().filter(|_| more).map(|p| p.intent.id);
        Ok(Page { payments, next })
    }

    /// All payments that are not final, oldest first.
    pub fn unfinished(&self) -> Result<Vec<Payment>, ReadError> {
        let _moment = Moment::of(&self.conn)?;
        let mut rows = Vec::new();
        for state in UNFINISHED {
            rows.extend(
                self.conn
                    .prepare_cached(
                        "SELECT created_at, n, body FROM payments INDEXED BY payments_by_state
                         WHERE state = ?1",
                    )?
                    .query_map([state.as_str()], row)?
                    .collect::<Result<Vec<Row>, _>>()?,
            );
        }
        rows.sort_unstable_by_key(|(at, n, _)| (*at, *n));
        rows.into_iter()
            .map(|(_, _, body)| Ok(parse(&body)?))
            .collect()
    }

    /// The entries of the journal after `seq`, oldest first, at most `limit`.
    pub fn events_after(&self, seq: i64, limit: u16) -> Result<Vec<Entry>, ReadError> {
        let sql = format!(
            "SELECT {} FROM journal WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            journal::COLUMNS
        );
        let stored = self
            .conn
            .prepare_cached(&sql)?
            .query_map(params![seq, limit], Stored::read)?
            .collect::<Result<Vec<Stored>, _>>()?;
        stored.iter().map(|s| Ok(s.entry()?)).collect()
    }

    /// The number and the hash of the journal's last entry; zeros while it is empty. Kept outside
    /// of this machine, it seals everything before it.
    pub fn head(&self) -> Result<(i64, Hash), ReadError> {
        Ok(journal::head(&self.conn)?)
    }

    fn one(&self, sql: &str, params: impl Params) -> Result<Option<Payment>, ReadError> {
        let body: Option<String> = self
            .conn
            .prepare_cached(sql)?
            .query_row(params, |row| row.get(0))
            .optional()?;
        Ok(body.map(|body| parse(&body)).transpose()?)
    }

    /// The place from which a page goes on downwards.
    fn cursor(&self, after: Option<PaymentId>) -> Result<(i64, i64), ReadError> {
        let Some(id) = after else {
            return Ok((i64::MAX, i64::MAX));
        };
        self.conn
            .prepare_cached("SELECT created_at, n FROM payments WHERE id = ?1")?
            .query_row([id.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?
            .ok_or(ReadError::UnknownCursor(id))
    }

    /// The newest `limit` rows of each index stretch that can hold a hit; the page is among them.
    fn rows(
        &self,
        filter: &Filter,
        before: (i64, i64),
        limit: usize,
    ) -> Result<Vec<Row>, ReadError> {
        let mut states: Vec<State> =
            match (filter.states.as_slice(), &filter.invoice, &filter.device) {
                ([], None, Some(_)) => State::ALL.to_vec(),
                (states, _, _) => states.to_vec(),
            };
        states.sort_unstable_by_key(|state| state.as_str());
        states.dedup();
        let (index, hits) = match (&filter.invoice, &filter.device) {
            (Some(_), Some(_)) => (
                "payments_by_invoice",
                "invoice = :invoice AND device = :device",
            ),
            (Some(_), None) => ("payments_by_invoice", "invoice = :invoice"),
            (None, Some(_)) => ("payments_by_device", "device = :device"),
            (None, None) if states.is_empty() => ("payments_by_time", "TRUE"),
            (None, None) => ("payments_by_state", "TRUE"),
        };
        let of_state = if states.is_empty() {
            ""
        } else {
            " AND state = :state"
        };
        let sql = page(index, hits, of_state);
        let mut statement = self.conn.prepare_cached(&sql)?;
        let invoice = filter.invoice.as_ref().map(InvoiceRef::as_str);
        let device = filter.device.as_ref().map(DeviceId::as_str);
        let from = filter.from.map_or(i64::MIN, micros);
        let last = filter
            .to
            .map_or(i64::MAX, |to| micros(to).saturating_sub(1));
        let before = before.min((last, i64::MAX));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut params: Vec<(&str, &dyn ToSql)> = named_params! {
            ":from": from, ":at": before.0, ":n": before.1, ":limit": limit,
        }
        .to_vec();
        if invoice.is_some() {
            params.push((":invoice", &invoice));
        }
        if device.is_some() {
            params.push((":device", &device));
        }
        if states.is_empty() {
            let found = statement.query_map(params.as_slice(), row)?;
            return Ok(found.collect::<Result<_, _>>()?);
        }
        let mut rows = Vec::new();
        for state in &states {
            let word = state.as_str();
            let mut params = params.clone();
            params.push((":state", &word));
            let found = statement.query_map(params.as_slice(), row)?;
            rows.extend(found.collect::<Result<Vec<Row>, _>>()?);
        }
        Ok(rows)
    }
}

/// The newest rows of an index below a place.
///
/// It has one upper bound: of two, SQLite would seek by one and walk all rows down to the other.
pub(super) fn page(index: &str, hits: &str, of_state: &str) -> String {
    format!(
        "SELECT created_at, n, body FROM payments INDEXED BY {index}
         WHERE {hits}{of_state} AND created_at >= :from
           AND created_at <= :at AND (created_at, n) < (:at, :n)
         ORDER BY created_at DESC, n DESC LIMIT :limit"
    )
}

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

pub(super) fn parse(body: &str) -> Result<Payment, Damaged> {
    Ok(serde_json::from_str(body)?)
}
