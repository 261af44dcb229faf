//! The ends of terminals' days: how they are written, and what a reader knows of them.

use jiff::Timestamp;
use payment::{
    ClosingId, DeviceId, IdempotencyKey, Payment,
    closing::{
        Balance, Closing, ClosingFact, ClosingIntent, ClosingState, DayTotals, Reason, compare,
        totals,
    },
};
use rusqlite::{Connection, OptionalExtension, Params, params};

use super::{
    ReadError, Reader, WriteError, Written, journal,
    reader::parse,
    rows::{Damaged, Fault, whole_micros},
    write::CloseOutcome,
};

/// Begins a day end, unless its key was used before or one is running on the device.
pub(super) fn begin(
    conn: &Connection,
    id: ClosingId,
    key: &IdempotencyKey,
    device: &DeviceId,
    at: Timestamp,
) -> Result<Written, Fault> {
    if let Some(known) = one(conn, "key = ?1", [key.as_str()])? {
        return Ok(if known.intent.device == *device {
            Written::ClosingRepeat(known)
        } else {
            Written::ClosingElsewhere(known)
        });
    }
    if let Some(running) = one(conn, "device = ?1 AND state = 'begun'", [device.as_str()])? {
        return Ok(Written::ClosingRepeat(running));
    }
    if one(conn, "id = ?1", [id.as_bytes()])?.is_some() {
        return Err(WriteError::ClosingEnded(id).into());
    }
    let at = whole_micros(at);
    let closing = Closing::begin(ClosingIntent {
        id,
        key: key.clone(),
        device: device.clone(),
        at,
    });
    let fact = ClosingFact::DayBegun(closing.intent.clone());
    journal::append_closing(conn, device, id, &fact, at)?;
    conn.prepare_cached(
        "INSERT INTO closings (id, key, device, state, body) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        id.as_bytes(),
        key.as_str(),
        device.as_str(),
        closing.state.as_str(),
        serde_json::to_string(&closing).map_err(Damaged::from)?
    ])?;
    Ok(Written::Closing(closing))
}

/// Ends a day end. What the terminal says is compared with the journal in the same transaction.
pub(super) fn end(
    conn: &Connection,
    id: ClosingId,
    outcome: &CloseOutcome,
    at: Timestamp,
) -> Result<Written, Fault> {
    let known = one(conn, "id = ?1", [id.as_bytes()])?;
    let mut closing = known.ok_or(WriteError::UnknownClosing(id))?;
    let at = whole_micros(at);
    let device = closing.intent.device.clone();
    let fact = match outcome {
        CloseOutcome::Closed(terminal) => ClosingFact::DayClosed(balance(conn, &device, terminal)?),
        CloseOutcome::Refused(text) => ClosingFact::DayRefused(Reason { text: text.clone() }),
        CloseOutcome::Unknown(text) => ClosingFact::DayUnknown(Reason { text: text.clone() }),
    };
    if !closing.add(&fact, at) {
        return Err(WriteError::ClosingEnded(id).into());
    }
    let seq = journal::append_closing(conn, &device, id, &fact, at)?;
    let closed = matches!(closing.state, ClosingState::Closed(_));
    conn.prepare_cached(
        "UPDATE closings SET state = ?2, closed_seq = ?3, body = ?4 WHERE id = ?1",
    )?
    .execute(params![
        id.as_bytes(),
        closing.state.as_str(),
        closed.then_some(seq),
        serde_json::to_string(&closing).map_err(Damaged::from)?
    ])?;
    Ok(Written::Closing(closing))
}

/// Whether the device's day was closed after the payment was approved.
pub(super) fn closed_since(conn: &Connection, payment: &Payment) -> Result<bool, Fault> {
    let since = conn
        .prepare_cached(
            "SELECT p.approved_seq < (SELECT max(closed_seq) FROM closings
                                      WHERE device = p.device AND closed_seq IS NOT NULL)
             FROM payments p WHERE p.id = ?1",
        )?
        .query_row([payment.intent.id.as_bytes()], |row| {
            row.get::<_, Option<bool>>(0)
        })
        .optional()?;
    Ok(since.flatten().unwrap_or(false))
}

fn balance(conn: &Connection, device: &DeviceId, terminal: &DayTotals) -> Result<Balance, Fault> {
    let payments: Vec<Payment> = conn
        .prepare_cached(
            "SELECT body FROM payments
             WHERE device = ?1 AND method = 'card' AND approved_seq >
                   (SELECT ifnull(max(closed_seq), 0) FROM closings
                    WHERE device = ?1 AND closed_seq IS NOT NULL)
             ORDER BY approved_seq",
        )?
        .query_map([device.as_str()], |row| row.get(0))?
        .collect::<Result<Vec<String>, _>>()?
        .iter()
        .map(|body| parse(body))
        .collect::<Result<_, _>>()?;
    Ok(Balance {
        terminal: terminal.clone(),
        journal: totals(&payments),
        differences: compare(terminal, &payments),
    })
}

fn one(conn: &Connection, which: &str, params: impl Params) -> Result<Option<Closing>, Fault> {
    Ok(several(conn, which, params)?
        .map_err(WriteError::from)?
        .pop())
}

/// Outside: SQLite cannot. Inside: a row is damaged.
fn several(
    conn: &Connection,
    which: &str,
    params: impl Params,
) -> rusqlite::Result<Result<Vec<Closing>, Damaged>> {
    let sql = format!("SELECT body FROM closings WHERE {which}");
    let bodies = conn
        .prepare_cached(&sql)?
        .query_map(params, |row| row.get(0))?
        .collect::<Result<Vec<String>, _>>()?;
    let closings = bodies.iter().map(|body| serde_json::from_str(body));
    Ok(closings.collect::<Result<_, _>>().map_err(Damaged::from))
}

impl Reader {
    /// The day end of that id.
    pub fn closing(&self, id: ClosingId) -> Result<Option<Closing>, ReadError> {
        Ok(several(&self.conn, "id = ?1", [id.as_bytes()])??.pop())
    }

    /// The day end of that idempotency key.
    pub fn closing_by_key(&self, key: &IdempotencyKey) -> Result<Option<Closing>, ReadError> {
        Ok(several(&self.conn, "key = ?1", [key.as_str()])??.pop())
    }

    /// The day ends of a device, newest first, at most `limit`.
    pub fn closings(&self, device: &DeviceId, limit: u16) -> Result<Vec<Closing>, ReadError> {
        let which = "device = ?1 ORDER BY n DESC LIMIT ?2";
        Ok(several(
            &self.conn,
            which,
            params![device.as_str(), limit],
        )??)
    }

    /// The last day end of a device that closed its day.
    pub fn last_closing(&self, device: &DeviceId) -> Result<Option<Closing>, ReadError> {
        let which = "device = ?1 AND closed_seq IS NOT NULL ORDER BY closed_seq DESC LIMIT 1";
        Ok(several(&self.conn, which, [device.as_str()])??.pop())
    }

    /// The day ends that were begun and have not ended: after a restart nobody knows what became
    /// of them.
    pub fn unfinished_closings(&self) -> Result<Vec<Closing>, ReadError> {
        Ok(several(&self.conn, "state = 'begun' ORDER BY device", [])??)
    }
}
