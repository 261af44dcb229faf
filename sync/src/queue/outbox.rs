//! The lines of payments that wait for an upstream: one line per upstream and invoice, first in
//! first out. A payment joins its line when it is approved, and keeps its turn unless a person sends
//! it to another invoice: one that is in doubt holds nobody up. Payments without an invoice wait in no
//! line; but a cancel or refund waits for what it names, wherever that is.

use jiff::Timestamp;
use payment::{InvoiceRef, Payment, PaymentId, UpstreamId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::delivery::DeliveryState;

use super::{
    WriteError, Written, decide, numbers, restored,
    rows::{Damaged, Fault, micros, text_id},
};

/// [`DeliveryState::NeedsOperator`] as stored.
const NEEDS_OPERATOR: &str = "needs_operator";

/// Whether the upstream still has to get what the payment `p` of the row `o` names.
pub(super) const WAITS_FOR_ORIGINAL: &str = "p.original IS NOT NULL AND EXISTS
    (SELECT 1 FROM outbox s
     WHERE s.payment = p.original AND s.upstream = o.upstream AND s.place <> 'done')";

/// Makes a payment due to an upstream, off the line. Once per payment and upstream. What names
/// another payment goes to the invoice to which that one went.
pub(super) fn insert(
    conn: &Connection,
    payment: &Payment,
    upstream: &UpstreamId,
    at: Timestamp,
) -> Result<(), Fault> {
    // It may have been sent after the copy was made: then it is read back first.
    let of_a_copy = numbers::is_of_a_copy(conn, &payment.receipt)?;
    let (state, attempts) = if of_a_copy && !payment::planted(14) {
        (restored::delivery(), 1)
    } else {
        (DeliveryState::Queued, 0)
    };
    let body = serde_json::to_string(&state).map_err(Damaged::from)?;
    let invoice = payment.intent.invoice.as_ref().map(InvoiceRef::as_str);
    let original: Option<Option<String>> = match payment.intent.purpose.of() {
        None => None,
        Some(of) => conn
            .prepare_cached("SELECT invoice FROM outbox WHERE payment = ?1 AND upstream = ?2")?
            .query_row(params![of.as_bytes(), upstream.as_str()], |row| row.get(0))
            .optional()?,
    };
    conn.prepare_cached(
        "INSERT INTO outbox (payment, upstream, invoice, place, state, body, attempts, next_at, at)
         VALUES (?1, ?2, ?3, 'off', ?4, ?5, ?8, ?6, ?7) ON CONFLICT (payment, upstream) DO NOTHING",
    )?
    .execute(params![
        payment.intent.id.as_bytes(),
        upstream.as_str(),
        original.unwrap_or(invoice.map(str::to_owned)),
        state.as_str(),
        body,
        state.next_at().map(micros),
        micros(at),
        attempts
    ])?;
    Ok(())
}

/// The payment was approved: what is due of it joins its lines, unless it is a cancel of what never
/// left.
pub(super) fn join_lines(conn: &Connection, payment: &Payment) -> Result<(), Fault> {
    let rows: Vec<(i64, String)> = conn
        .prepare_cached(
            "SELECT n, upstream FROM outbox WHERE payment = ?1 AND place = 'off' ORDER BY n",
        )?
        .query_map([payment.intent.id.as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    for (n, upstream) in rows {
        let at = payment.changed_at;
        if decide::supersede(conn, payment, &text_id(&upstream)?, at)? {
            set(conn, n, &DeliveryState::Superseded, 0, at)?;
            end(conn, n)?;
        } else {
            join(conn, n)?;
        }
    }
    Ok(())
}

/// To the end of the line of its invoice; to the head, if nobody is there.
fn join(conn: &Connection, n: i64) -> Result<(), Fault> {
    conn.prepare_cached(
        "UPDATE outbox SET
             place = iif(EXISTS (SELECT 1 FROM outbox h
                                 WHERE h.upstream = outbox.upstream AND h.invoice = outbox.invoice
                                   AND h.place = 'head'), 'line', 'head'),
             line = (SELECT ifnull(max(line), 0) + 1 FROM outbox WHERE line IS NOT NULL)
         WHERE n = ?1",
    )?
    .execute([n])?;
    Ok(())
}

/// Moves a delivery on; when it ends, the next of its line comes to the head. `redirects` is how
/// often a person had sent it elsewhere when its request was made.
pub(super) fn advance(
    conn: &Connection,
    payment: PaymentId,
    upstream: &UpstreamId,
    state: &DeliveryState,
    (attempts, redirects): (u32, u32),
    at: Timestamp,
) -> Result<Written, Fault> {
    let sql = format!(
        "SELECT o.n, o.place, o.state, o.redirects, {WAITS_FOR_ORIGINAL}
         FROM outbox o JOIN payments p ON p.id = o.payment
         WHERE o.payment = ?1 AND o.upstream = ?2"
    );
    let row = conn
        .prepare_cached(&sql)?
        .query_row(params![payment.as_bytes(), upstream.as_str()], |row| {
            let fields: (i64, String, String, u32, bool) = (
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
            );
            Ok(fields)
        })
        .optional()?;
    let (n, place, from, sent_elsewhere, waits) =
        row.ok_or_else(|| WriteError::UnknownDelivery {
            payment,
            upstream: upstream.clone(),
        })?;
    if place == "done" {
        return Err(WriteError::Ended(from).into());
    }
    if sent_elsewhere != redirects {
        let upstream = upstream.clone();
        return Err(WriteError::Redirected { payment, upstream }.into());
    }
    let ends = match state {
        DeliveryState::Handled { .. } if from != NEEDS_OPERATOR => {
            return Err(WriteError::NotForOperator(from).into());
        }
        DeliveryState::Handled { .. }
        | DeliveryState::Confirmed { .. }
        | DeliveryState::Superseded => true,
        DeliveryState::Sending { .. } if place != "head" || waits => {
            let upstream = upstream.clone();
            return Err(WriteError::OutOfTurn { payment, upstream }.into());
        }
        DeliveryState::Queued
        | DeliveryState::Sending { .. }
        | DeliveryState::Begun { .. }
        | DeliveryState::Withdrawing { .. }
        | DeliveryState::Ambiguous { .. }
        | DeliveryState::Refused { .. }
        | DeliveryState::Waiting { .. }
        | DeliveryState::NeedsOperator { .. }
        | DeliveryState::Parked { .. } => false,
    };
    set(conn, n, state, attempts, at)?;
    if ends {
        end(conn, n)?;
    }
    Ok(Written::Done)
}

/// Where it stands now.
pub(super) fn set(
    conn: &Connection,
    n: i64,
    state: &DeliveryState,
    attempts: u32,
    at: Timestamp,
) -> Result<(), Fault> {
    let body = serde_json::to_string(state).map_err(Damaged::from)?;
    conn.prepare_cached(
        "UPDATE outbox SET state = ?2, body = ?3, attempts = ?4, next_at = ?5, at = ?6 WHERE n = ?1",
    )?
    .execute(params![
        n,
        state.as_str(),
        body,
        attempts,
        state.next_at().map(micros),
        micros(at)
    ])?;
    Ok(())
}

/// It is over: it leaves its line, and the next comes to the head.
pub(super) fn end(conn: &Connection, n: i64) -> Result<(), Fault> {
    let left = leave(conn, n, "done")?;
    promote(conn, &left)
}

/// It goes to another invoice, at the end of that line. One that is not approved yet joins its line
/// later.
pub(super) fn move_to(
    conn: &Connection,
    n: i64,
    invoice: Option<&InvoiceRef>,
) -> Result<(), Fault> {
    let invoice = invoice.map(InvoiceRef::as_str);
    let same: bool = conn
        .prepare_cached("SELECT invoice IS ?2 FROM outbox WHERE n = ?1")?
        .query_row(params![n, invoice], |row| row.get(0))?;
    if same {
        return Ok(());
    }
    put_last(conn, n, invoice)
}

/// To the end of the line of that invoice, where it may stand already: what names another payment goes
/// behind that one, or both would wait for each other.
pub(super) fn put_last(conn: &Connection, n: i64, invoice: Option<&str>) -> Result<(), Fault> {
    let left = leave(conn, n, "off")?;
    // Before it joins: it may be the line that it left.
    promote(conn, &left)?;
    conn.prepare_cached("UPDATE outbox SET invoice = ?2 WHERE n = ?1")?
        .execute(params![n, invoice])?;
    if left.place != "off" {
        join(conn, n)?;
    }
    Ok(())
}

/// The line that a delivery left.
struct Left {
    upstream: String,
    invoice: Option<String>,
    place: String,
}

fn leave(conn: &Connection, n: i64, place: &str) -> Result<Left, Fault> {
    let left = conn
        .prepare_cached("SELECT upstream, invoice, place FROM outbox WHERE n = ?1")?
        .query_row([n], |row| {
            Ok(Left {
                upstream: row.get(0)?,
                invoice: row.get(1)?,
                place: row.get(2)?,
            })
        })?;
    conn.prepare_cached("UPDATE outbox SET place = ?2 WHERE n = ?1")?
        .execute(params![n, place])?;
    Ok(left)
}

/// The next of the line comes to the head, if that is free now.
fn promote(conn: &Connection, left: &Left) -> Result<(), Fault> {
    if left.place != "head" {
        return Ok(());
    }
    conn.prepare_cached(
        "UPDATE outbox SET place = 'head' WHERE n =
             (SELECT n FROM outbox WHERE upstream = ?1 AND invoice = ?2 AND place = 'line'
              ORDER BY line LIMIT 1)",
    )?
    .execute(params![left.upstream, left.invoice])?;
    Ok(())
}
