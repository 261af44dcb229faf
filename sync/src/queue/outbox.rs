//! The lines of payments that wait for an upstream: one line per upstream and invoice, first in
//! first out. A payment joins its line when it is approved, and never changes its turn: one that is
//! in doubt holds nobody up. Payments without an invoice wait in no line.

use jiff::Timestamp;
use payment::{InvoiceRef, Payment, PaymentId, UpstreamId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::delivery::DeliveryState;

use super::{
    WriteError, Written, numbers, restored,
    rows::{Damaged, Fault, micros},
};

/// [`DeliveryState::NeedsOperator`] as stored.
const NEEDS_OPERATOR: &str = "needs_operator";

/// Makes a payment due to an upstream, off the line. Once per payment and upstream.
pub(super) fn insert(
    conn: &Connection,
    payment: &Payment,
    upstream: &UpstreamId,
    at: Timestamp,
) -> Result<(), Fault> {
    // It may have been sent after the copy was made: then it is read back first.
    let (state, attempts) = if numbers::is_of_a_copy(conn, &payment.receipt)? {
        (restored::delivery(at), 1)
    } else {
        (DeliveryState::Queued, 0)
    };
    let body = serde_json::to_string(&state).map_err(Damaged::from)?;
    conn.prepare_cached(
        "INSERT INTO outbox (payment, upstream, invoice, place, state, body, attempts, next_at, at)
         VALUES (?1, ?2, ?3, 'off', ?4, ?5, ?8, ?6, ?7) ON CONFLICT (payment, upstream) DO NOTHING",
    )?
    .execute(params![
        payment.intent.id.as_bytes(),
        upstream.as_str(),
        payment.intent.invoice.as_ref().map(InvoiceRef::as_str),
        state.as_str(),
        body,
        state.next_at().map(micros),
        micros(at),
        attempts
    ])?;
    Ok(())
}

/// The payment was approved: what is due of it joins its lines.
pub(super) fn join_lines(conn: &Connection, payment: &Payment) -> Result<(), Fault> {
    let invoice = payment.intent.invoice.as_ref().map(InvoiceRef::as_str);
    let rows: Vec<(i64, String)> = conn
        .prepare_cached(
            "SELECT n, upstream FROM outbox WHERE payment = ?1 AND place = 'off' ORDER BY n",
        )?
        .query_map([payment.intent.id.as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    for (n, upstream) in rows {
        let taken: bool = conn
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM outbox
                                WHERE upstream = ?1 AND invoice = ?2 AND place = 'head')",
            )?
            .query_row(params![upstream, invoice], |row| row.get(0))?;
        conn.prepare_cached(
            "UPDATE outbox SET place = ?2, line = (SELECT ifnull(max(line), 0) + 1 FROM outbox
                                                   WHERE line IS NOT NULL)
             WHERE n = ?1",
        )?
        .execute(params![n, if taken { "line" } else { "head" }])?;
    }
    Ok(())
}

/// Moves a delivery on; when it ends, the next of its line comes to the head.
pub(super) fn advance(
    conn: &Connection,
    payment: PaymentId,
    upstream: &UpstreamId,
    state: &DeliveryState,
    attempts: u32,
    at: Timestamp,
) -> Result<Written, Fault> {
    let row = conn
        .prepare_cached(
            "SELECT n, invoice, place, state FROM outbox WHERE payment = ?1 AND upstream = ?2",
        )?
        .query_row(params![payment.as_bytes(), upstream.as_str()], |row| {
            let fields: (i64, Option<String>, String, String) =
                (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            Ok(fields)
        })
        .optional()?;
    let (n, invoice, place, from) = row.ok_or_else(|| WriteError::UnknownDelivery {
        payment,
        upstream: upstream.clone(),
    })?;
    if place == "done" {
        return Err(WriteError::Ended(from).into());
    }
    let ends = match state {
        DeliveryState::Handled { .. } if from != NEEDS_OPERATOR => {
            return Err(WriteError::NotForOperator(from).into());
        }
        DeliveryState::Handled { .. }
        | DeliveryState::Confirmed { .. }
        | DeliveryState::Superseded => true,
        DeliveryState::Sending { .. } if place != "head" => {
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
    let body = serde_json::to_string(state).map_err(Damaged::from)?;
    conn.prepare_cached(
        "UPDATE outbox SET place = ?2, state = ?3, body = ?4, attempts = ?5, next_at = ?6, at = ?7
         WHERE n = ?1",
    )?
    .execute(params![
        n,
        if ends { "done" } else { &place },
        state.as_str(),
        body,
        attempts,
        state.next_at().map(micros),
        micros(at)
    ])?;
    if ends && place == "head" {
        conn.prepare_cached(
            "UPDATE outbox SET place = 'head' WHERE n =
                 (SELECT n FROM outbox WHERE upstream = ?1 AND invoice = ?2 AND place = 'line'
                  ORDER BY line LIMIT 1)",
        )?
        .execute(params![upstream.as_str(), invoice])?;
    }
    Ok(Written::Done)
}
