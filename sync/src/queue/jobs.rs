//! What happens to print jobs in the database.

use jiff::Timestamp;
use payment::{Payment, PaymentId, PrinterId, State, Text};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    CancelAsked, JobId, JobKind, JobOutcome, JobState, Printed, Resolved, SlipId, WriteError,
    Written,
    apply::load,
    numbers, restored,
    rows::{Damaged, Fault, micros, payment_id, text_id, whole_micros},
};

/// A job as far as what happens to it goes.
struct Row {
    payment: Option<PaymentId>,
    slip: Option<SlipId>,
    printer: PrinterId,
    kind: JobKind,
    state: JobState,
    resolved: bool,
}

/// A payment's job of that kind at that printer, or the one that is there already.
pub(super) fn once(
    conn: &Connection,
    payment: &Payment,
    printer: &PrinterId,
    kind: JobKind,
    at: Timestamp,
) -> Result<JobId, Fault> {
    let id = payment.intent.id;
    let body = serde_json::to_string(&kind).map_err(Damaged::from)?;
    let known: Option<JobId> = conn
        .prepare_cached(
            "SELECT id FROM print_jobs
             WHERE payment = ?1 AND ifnull(instead_of, printer) = ?2 AND kind = ?3",
        )?
        .query_row(params![id.as_bytes(), printer.as_str(), body], |row| {
            row.get(0)
        })
        .optional()?;
    if let Some(known) = known {
        return Ok(known);
    }
    let job = insert(conn, Printed::Payment(id), printer, kind, at)?;
    if numbers::is_of_a_copy(conn, &payment.receipt)? {
        set(conn, job, &restored::job(), at)?;
    }
    Ok(job)
}

/// The columns `payment` and `slip`.
fn columns(what: Printed) -> (Option<[u8; 16]>, Option<SlipId>) {
    match what {
        Printed::Payment(payment) => (Some(*payment.as_bytes()), None),
        Printed::Slip(slip) => (None, Some(slip)),
        Printed::Test => (None, None),
    }
}

/// Only a payment's receipt waits: for the approval.
pub(super) fn insert(
    conn: &Connection,
    what: Printed,
    printer: &PrinterId,
    kind: JobKind,
    at: Timestamp,
) -> Result<JobId, Fault> {
    let (payment, slip) = columns(what);
    let kind = serde_json::to_string(&kind).map_err(Damaged::from)?;
    let body = serde_json::to_string(&JobState::Queued).map_err(Damaged::from)?;
    conn.prepare_cached(
        "INSERT INTO print_jobs (payment, slip, printer, kind, ready, state, body, at, changed_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
    )?
    .execute(params![
        payment,
        slip,
        printer.as_str(),
        kind,
        payment.is_none(),
        JobState::Queued.as_str(),
        body,
        micros(at)
    ])?;
    Ok(conn.last_insert_rowid())
}

/// The payment is approved: its receipts fall due now.
pub(super) fn release(conn: &Connection, payment: PaymentId, at: Timestamp) -> Result<(), Fault> {
    conn.prepare_cached(
        "UPDATE print_jobs SET ready = 1, at = ?2 WHERE payment = ?1 AND ready = 0",
    )?
    .execute(params![payment.as_bytes(), micros(at)])?;
    Ok(())
}

/// The next copy of a payment's receipt of that kind, or the one that waits.
pub(super) fn copy(
    conn: &Connection,
    payment: &Payment,
    kind: JobKind,
    printer: &PrinterId,
    at: Timestamp,
) -> Result<Written, Fault> {
    let id = payment.intent.id;
    if payment.state != State::Approved {
        return Err(WriteError::NothingToCopy(id).into());
    }
    let job = next_copy(conn, Printed::Payment(id), kind, printer, at)?;
    release(conn, id, at)?;
    Ok(Written::Job(job))
}

fn next_copy(
    conn: &Connection,
    what: Printed,
    of: JobKind,
    printer: &PrinterId,
    at: Timestamp,
) -> Result<JobId, Fault> {
    let (payment, slip) = columns(what);
    // The kind of a copy is an object: {"copy":1}. The clinic's copies are numbered by themselves.
    let kinds = match of.copied(0) {
        JobKind::MerchantCopy(_) => r#"{"merchant_copy"%"#,
        _ => r#"{"copy"%"#,
    };
    let (copies, waiting): (u32, Option<JobId>) = conn
        .prepare_cached(
            "SELECT count(*),
                    max(id) FILTER (WHERE state IN ('queued', 'probing', 'sending', 'sent'))
             FROM print_jobs WHERE (payment = ?1 OR slip = ?2) AND kind LIKE ?3",
        )?
        .query_row(params![payment, slip, kinds], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let kind = of.copied(copies.saturating_add(1));
    waiting.map_or_else(|| insert(conn, what, printer, kind, at), Ok)
}

/// The next state, if it can follow.
pub(super) fn advance(
    conn: &Connection,
    job: JobId,
    state: &JobState,
    at: Timestamp,
) -> Result<Written, Fault> {
    let from = row(conn, job)?.state;
    if !from.may_become(state) {
        return Err(WriteError::Ended(from.as_str().to_owned()).into());
    }
    set(conn, job, state, at)?;
    Ok(Written::Done)
}

/// To another printer, as long as nothing was sent to the first.
pub(super) fn hand_over(
    conn: &Connection,
    job: JobId,
    to: &PrinterId,
    at: Timestamp,
) -> Result<Written, Fault> {
    let from = row(conn, job)?.state;
    match from {
        JobState::Queued | JobState::Probing => {}
        JobState::Sending
        | JobState::Sent
        | JobState::Confirmed
        | JobState::Cancelled { .. }
        | JobState::Failed { .. }
        | JobState::Unknown { .. } => {
            return Err(WriteError::Ended(from.as_str().to_owned()).into());
        }
    }
    set(conn, job, &JobState::Queued, at)?;
    conn.prepare_cached(
        "UPDATE print_jobs SET instead_of = ifnull(instead_of, printer), printer = ?2 WHERE id = ?1",
    )?
    .execute(params![job, to.as_str()])?;
    Ok(Written::Done)
}

/// A person takes it back. Where a printer has begun, who it was is kept, the first of them.
pub(super) fn cancel(
    conn: &Connection,
    job: JobId,
    name: &Text,
    at: Timestamp,
) -> Result<Written, Fault> {
    match row(conn, job)?.state {
        JobState::Queued => {}
        JobState::Probing | JobState::Sending | JobState::Sent => {
            let asked = CancelAsked {
                name: name.clone(),
                at: whole_micros(at),
            };
            let body = serde_json::to_string(&asked).map_err(Damaged::from)?;
            conn.prepare_cached(
                "UPDATE print_jobs SET cancel_asked = ?2, changed_at = ?3
                 WHERE id = ?1 AND cancel_asked IS NULL",
            )?
            .execute(params![job, body, micros(at)])?;
            return Ok(Written::JobBegun);
        }
        ended @ (JobState::Confirmed
        | JobState::Cancelled { .. }
        | JobState::Failed { .. }
        | JobState::Unknown { .. }) => {
            return Err(WriteError::Ended(ended.as_str().to_owned()).into());
        }
    }
    let state = JobState::Cancelled { name: name.clone() };
    set(conn, job, &state, at)?;
    Ok(Written::Done)
}

/// A person's word. A copy is a job of its own, at the same printer.
pub(super) fn resolve(
    conn: &Connection,
    job: JobId,
    outcome: JobOutcome,
    name: &Text,
    at: Timestamp,
) -> Result<Written, Fault> {
    let row = row(conn, job)?;
    let waits = match (&row.state, outcome) {
        (JobState::Unknown { .. }, _) => true,
        (JobState::Failed { .. }, JobOutcome::Copy | JobOutcome::NotNeeded) => true,
        (JobState::Failed { .. }, JobOutcome::CameOut) => false,
        (
            JobState::Queued
            | JobState::Probing
            | JobState::Sending
            | JobState::Sent
            | JobState::Confirmed
            | JobState::Cancelled { .. },
            _,
        ) => false,
    };
    if !waits || row.resolved {
        let stands = if row.resolved {
            "settled"
        } else {
            row.state.as_str()
        };
        return Err(WriteError::NothingToResolve(job, stands.to_owned()).into());
    }
    let copy = match (outcome, row.payment, row.slip) {
        (JobOutcome::CameOut | JobOutcome::NotNeeded, _, _) => None,
        (JobOutcome::Copy, Some(payment), _) => {
            match copy(conn, &load(conn, payment)?, row.kind, &row.printer, at)? {
                Written::Job(job) => Some(job),
                _ => None,
            }
        }
        (JobOutcome::Copy, None, Some(slip)) => {
            let what = Printed::Slip(slip);
            Some(next_copy(conn, what, row.kind, &row.printer, at)?)
        }
        (JobOutcome::Copy, None, None) => return Err(WriteError::NoCopyOf(job).into()),
    };
    let resolved = Resolved {
        outcome,
        name: name.clone(),
        at: whole_micros(at),
        copy,
    };
    let body = serde_json::to_string(&resolved).map_err(Damaged::from)?;
    conn.prepare_cached("UPDATE print_jobs SET resolution = ?2, changed_at = ?3 WHERE id = ?1")?
        .execute(params![job, body, micros(at)])?;
    Ok(copy.map_or(Written::Done, Written::Job))
}

fn set(conn: &Connection, job: JobId, state: &JobState, at: Timestamp) -> Result<(), Fault> {
    let body = serde_json::to_string(state).map_err(Damaged::from)?;
    conn.prepare_cached(
        "UPDATE print_jobs SET state = ?2, body = ?3, changed_at = ?4 WHERE id = ?1",
    )?
    .execute(params![job, state.as_str(), body, micros(at)])?;
    Ok(())
}

fn row(conn: &Connection, job: JobId) -> Result<Row, Fault> {
    type Columns = (
        Option<[u8; 16]>,
        Option<SlipId>,
        String,
        String,
        String,
        bool,
    );
    let found: Option<Columns> = conn
        .prepare_cached(
            "SELECT payment, slip, printer, kind, body, resolution IS NOT NULL
             FROM print_jobs WHERE id = ?1",
        )?
        .query_row([job], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
            ))
        })
        .optional()?;
    let (payment, slip, printer, kind, body, resolved) =
        found.ok_or(WriteError::UnknownJob(job))?;
    Ok(Row {
        payment: payment.map(payment_id),
        slip,
        printer: text_id(&printer)?,
        kind: serde_json::from_str(&kind).map_err(Damaged::from)?,
        state: serde_json::from_str(&body).map_err(Damaged::from)?,
        resolved,
    })
}
