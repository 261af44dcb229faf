//! What a person's decision about a delivery changes: the journal, and where the delivery stands.

use jiff::Timestamp;
use payment::{DeliveryAction, DeliveryDecision, InvoiceRef, Payment, PaymentId, UpstreamId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::delivery::{DeliveryState, Undecidable, decided, never_left};

use super::{
    WriteError, Written, apply, journal, outbox, restored,
    rows::{Damaged, Fault, whole_micros},
};

/// A delivery as it is stored.
struct Row {
    n: i64,
    place: String,
    state: DeliveryState,
    attempts: u32,
    /// Since when, in microseconds.
    at: i64,
}

/// Keeps the decision in the journal, and carries it out.
pub(super) fn decide(
    conn: &Connection,
    payment: PaymentId,
    decision: &DeliveryDecision,
    at: Timestamp,
) -> Result<Written, Fault> {
    let upstream = &decision.upstream;
    let row = row(conn, payment, upstream)?.ok_or_else(|| WriteError::UnknownDelivery {
        payment,
        upstream: upstream.clone(),
    })?;
    if row.place == "off" {
        return Err(WriteError::from(Undecidable::NotApproved).into());
    }
    let mut to = decided(&row.state, row.attempts, decision).map_err(WriteError::from)?;
    let at = whole_micros(at);
    let receipt = apply::load(conn, payment)?.receipt;
    let sends = match &decision.action {
        DeliveryAction::Retry | DeliveryAction::SendTo { .. } | DeliveryAction::Unallocate => true,
        DeliveryAction::Keep | DeliveryAction::Entered => false,
    };
    if sends && restored::is_as_restored(conn, &receipt, row.at)? {
        // The database that the copy replaced may have sent it, even a moment ago.
        to.state = restored::delivery();
        to.attempts = row.attempts.max(1);
    }
    journal::append_decision(conn, receipt.device(), payment, decision, at)?;
    outbox::set(conn, row.n, &to.state, to.attempts, at)?;
    match &decision.action {
        DeliveryAction::Retry => {}
        DeliveryAction::SendTo { invoice } => {
            redirect(conn, payment, upstream, row.n, Some(invoice))?;
        }
        DeliveryAction::Unallocate => redirect(conn, payment, upstream, row.n, None)?,
        DeliveryAction::Keep | DeliveryAction::Entered => outbox::end(conn, row.n)?,
    }
    Ok(Written::Done)
}

/// The delivery goes to another invoice, and what names its payment goes with it.
fn redirect(
    conn: &Connection,
    payment: PaymentId,
    upstream: &UpstreamId,
    n: i64,
    invoice: Option<&InvoiceRef>,
) -> Result<(), Fault> {
    conn.prepare_cached("UPDATE outbox SET redirects = redirects + 1 WHERE n = ?1")?
        .execute([n])?;
    outbox::move_to(conn, n, invoice)?;
    let followers: Vec<i64> = conn
        .prepare_cached(
            "SELECT o.n FROM payments p JOIN outbox o ON o.payment = p.id
             WHERE p.original = ?1 AND o.upstream = ?2 AND o.place <> 'done'
             ORDER BY o.line, o.n",
        )?
        .query_map(params![payment.as_bytes(), upstream.as_str()], |row| {
            row.get(0)
        })?
        .collect::<Result<_, _>>()?;
    for follower in followers {
        outbox::put_last(conn, follower, invoice.map(InvoiceRef::as_str))?;
    }
    Ok(())
}

/// A cancel of what never left makes both needless: the upstream hears of neither. Says whether it
/// was so.
pub(super) fn supersede(
    conn: &Connection,
    cancel: &Payment,
    upstream: &UpstreamId,
    at: Timestamp,
) -> Result<bool, Fault> {
    let payment::Purpose::Cancel { of } = cancel.intent.purpose else {
        return Ok(false);
    };
    let Some(sale) = row(conn, of, upstream)? else {
        return Ok(false);
    };
    let waits = sale.place == "head" || sale.place == "line";
    if !waits || !never_left(&sale.state, sale.attempts) {
        return Ok(false);
    }
    outbox::set(conn, sale.n, &DeliveryState::Superseded, 0, at)?;
    outbox::end(conn, sale.n)?;
    Ok(true)
}

fn row(conn: &Connection, payment: PaymentId, upstream: &UpstreamId) -> Result<Option<Row>, Fault> {
    let found: Option<(i64, String, String, u32, i64)> = conn
        .prepare_cached(
            "SELECT n, place, body, attempts, at FROM outbox WHERE payment = ?1 AND upstream = ?2",
        )?
        .query_row(params![payment.as_bytes(), upstream.as_str()], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
            ))
        })
        .optional()?;
    let Some((n, place, body, attempts, at)) = found else {
        return Ok(None);
    };
    let state = serde_json::from_str(&body).map_err(Damaged::from)?;
    Ok(Some(Row {
        n,
        place,
        state,
        attempts,
        at,
    }))
}
