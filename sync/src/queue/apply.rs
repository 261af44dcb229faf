//! What each write changes in the database. Runs inside the writer's transaction; a write that is
//! refused is rolled back by the caller.
//!
//! This module must not know threads, files or how commits are grouped.

use jiff::Timestamp;
use payment::{
    DeviceId, DrawerKick, Fact, Intent, KickCause, Payment, PaymentId, PrinterId, State, may_return,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    Due, JobKind, Printed, Write, WriteError, Written, closing, decide, jobs, journal, numbers,
    outbox,
    rows::{Damaged, Fault, micros, whole_micros},
};

/// The bodies of the payments that name another, oldest first.
pub(super) const LINKED: &str = "SELECT body FROM payments WHERE original = ?1 ORDER BY n";

/// Carries out one write. `begins` is whether new payments are taken.
pub(super) fn apply(conn: &Connection, write: &Write, begins: bool) -> Result<Written, Fault> {
    match write {
        Write::Begin { intent, then, due } => begin(conn, intent, then, due, begins),
        Write::Add {
            payment,
            fact,
            at,
            due,
        } => add(conn, *payment, fact, *at, due),
        Write::Slip {
            payment,
            device,
            body,
            job,
            at,
        } => slip(conn, *payment, device, body, job.as_ref(), *at),
        Write::Copy {
            payment,
            printer,
            at,
        } => jobs::copy(
            conn,
            &load(conn, *payment)?,
            JobKind::Customer,
            printer,
            *at,
        ),
        Write::Job { job, state, at } => jobs::advance(conn, *job, state, *at),
        Write::MoveJob { job, to, at } => jobs::hand_over(conn, *job, to, *at),
        Write::CancelJob { job, name, at } => jobs::cancel(conn, *job, name, *at),
        Write::ResolveJob {
            job,
            outcome,
            name,
            at,
        } => jobs::resolve(conn, *job, *outcome, name, *at),
        Write::TestPage { printer, at } => {
            let job = jobs::insert(conn, Printed::Test, printer, JobKind::Test, *at)?;
            Ok(Written::Job(job))
        }
        Write::Kick {
            id,
            device,
            kick,
            at,
        } => {
            journal::append_kick(conn, device, *id, kick, whole_micros(*at))?;
            Ok(Written::Done)
        }
        Write::Delivery {
            payment,
            upstream,
            state,
            attempts,
            redirects,
            at,
        } => {
            let counts = (*attempts, *redirects);
            outbox::advance(conn, *payment, upstream, state, counts, *at)
        }
        Write::Decide {
            payment,
            decision,
            at,
        } => decide::decide(conn, *payment, decision, *at),
        Write::BeginClose {
            id,
            key,
            device,
            at,
        } => closing::begin(conn, *id, key, device, *at),
        Write::EndClose { id, outcome, at } => closing::end(conn, *id, outcome, *at),
    }
}

fn begin(
    conn: &Connection,
    intent: &Intent,
    then: &[Fact],
    due: &Due,
    begins: bool,
) -> Result<Written, Fault> {
    if let Some(known) = by_key(conn, intent.key.as_str())? {
        return Ok(if known.intent.wants_the_same(intent) {
            Written::Repeat(known)
        } else {
            Written::OtherContent(known)
        });
    }
    if !begins {
        return Err(WriteError::DiskFull.into());
    }
    if let Some(known) = find(conn, intent.id)? {
        // Another key for the same id: the state machine says why that cannot be.
        let event = Fact::Intended(intent.clone()).into();
        payment::apply(Some(known.state), &event).map_err(WriteError::from)?;
    }
    if let Some(of) = intent.purpose.of() {
        let original = load(conn, of)?;
        let others = linked(conn, of)?;
        let day_closed = closing::closed_since(conn, &original)?;
        may_return(intent, &original, &others, day_closed).map_err(WriteError::from)?;
    }
    let at = whole_micros(intent.at);
    let intent = Intent {
        at,
        ..intent.clone()
    };
    let receipt = numbers::next(conn, &intent.device)?;
    let first = Fact::Intended(intent.clone());
    let mut last = journal::append(conn, &intent.device, intent.id, &first, at)?;
    let mut payment = Payment::begin(intent, receipt);
    for fact in then {
        payment.add(fact, at).map_err(WriteError::from)?;
        last = journal::append(conn, &payment.intent.device, payment.intent.id, fact, at)?;
    }
    insert(conn, &payment, last)?;
    fall_due(conn, &payment, due, at)?;
    Ok(Written::Payment(payment))
}

pub(super) fn add(
    conn: &Connection,
    id: PaymentId,
    fact: &Fact,
    at: Timestamp,
    due: &Due,
) -> Result<Written, Fault> {
    let at = whole_micros(at);
    let mut payment = load(conn, id)?;
    payment.add(fact, at).map_err(WriteError::from)?;
    let seq = if payment::planted(6) && matches!(fact, Fact::Settled(_)) {
        journal::head(conn)?.0
    } else {
        journal::append(conn, &payment.intent.device, id, fact, at)?
    };
    let body = serde_json::to_string(&payment).map_err(Damaged::from)?;
    conn.prepare_cached(
        "UPDATE payments SET state = ?2, changed_at = ?3, body = ?4, approved_seq = ?5 WHERE id = ?1",
    )?
    .execute(params![
        id.as_bytes(),
        payment.state.as_str(),
        micros(at),
        body,
        approved_seq(&payment, seq)
    ])?;
    fall_due(conn, &payment, due, at)?;
    Ok(Written::Payment(payment))
}

fn slip(
    conn: &Connection,
    payment: Option<PaymentId>,
    device: &DeviceId,
    body: &str,
    job: Option<&(PrinterId, JobKind)>,
    at: Timestamp,
) -> Result<Written, Fault> {
    let payment = payment.map(|id| load(conn, id)).transpose()?;
    conn.prepare_cached("INSERT INTO slips (payment, device, body, at) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![
            payment.as_ref().map(|p| p.intent.id.as_bytes()),
            device.as_str(),
            body,
            micros(at)
        ])?;
    let Some((printer, kind)) = job else {
        return Ok(Written::Done);
    };
    let Some(payment) = payment else {
        let slip = Printed::Slip(conn.last_insert_rowid());
        return Ok(Written::Job(jobs::insert(conn, slip, printer, *kind, at)?));
    };
    let job = jobs::once(conn, &payment, printer, *kind, at)?;
    release(conn, &payment, at)?;
    Ok(Written::Job(job))
}

/// Everything of `due` becomes a row; each upstream, and each kind of receipt for a printer, once
/// per payment however often it falls due.
fn fall_due(conn: &Connection, payment: &Payment, due: &Due, at: Timestamp) -> Result<(), Fault> {
    for upstream in &due.upstreams {
        outbox::insert(conn, payment, upstream, at)?;
    }
    for (printer, kind) in &due.jobs {
        jobs::once(conn, payment, printer, *kind, at)?;
    }
    if let Some(printer) = &due.drawer {
        let id = payment.intent.id;
        let kick = DrawerKick {
            printer: printer.clone(),
            cause: KickCause::Cash { payment: id },
        };
        journal::append_kick(conn, &payment.intent.device, id.into(), &kick, at)?;
    }
    release(conn, payment, at)
}

/// What is due for an approved payment may be printed and delivered.
fn release(conn: &Connection, payment: &Payment, at: Timestamp) -> Result<(), Fault> {
    if payment.state != State::Approved {
        return Ok(());
    }
    jobs::release(conn, payment.intent.id, at)?;
    outbox::join_lines(conn, payment)
}

/// `last` is the number of its last entry in the journal.
fn insert(conn: &Connection, payment: &Payment, last: i64) -> Result<(), Fault> {
    let intent = &payment.intent;
    let body = serde_json::to_string(payment).map_err(Damaged::from)?;
    conn.prepare_cached(
        "INSERT INTO payments (id, key, device, receipt_seq, state, invoice, method, minor,
                               currency, created_at, changed_at, body, original, approved_seq)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?
    .execute(params![
        intent.id.as_bytes(),
        intent.key.as_str(),
        intent.device.as_str(),
        i64::try_from(payment.receipt.seq()).unwrap_or(i64::MAX),
        payment.state.as_str(),
        intent.invoice.as_ref().map(payment::InvoiceRef::as_str),
        intent.method.as_str(),
        intent.money.minor(),
        intent.money.currency().code(),
        micros(intent.at),
        micros(payment.changed_at),
        body,
        intent.purpose.of().as_ref().map(PaymentId::as_bytes),
        approved_seq(payment, last)
    ])?;
    Ok(())
}

/// The number of the entry that approved a payment: its last, for nothing follows.
pub(super) fn approved_seq(payment: &Payment, last: i64) -> Option<i64> {
    (payment.state == State::Approved).then_some(last)
}

/// The payments that name this one, oldest first.
fn linked(conn: &Connection, of: PaymentId) -> Result<Vec<Payment>, Fault> {
    let bodies = conn
        .prepare_cached(LINKED)?
        .query_map([of.as_bytes()], |row| row.get(0))?
        .collect::<Result<Vec<String>, _>>()?;
    let payments = bodies.iter().map(|body| serde_json::from_str(body));
    Ok(payments.collect::<Result<_, _>>().map_err(Damaged::from)?)
}

pub(super) fn load(conn: &Connection, id: PaymentId) -> Result<Payment, Fault> {
    find(conn, id)?.ok_or_else(|| WriteError::UnknownPayment(id).into())
}

fn find(conn: &Connection, id: PaymentId) -> Result<Option<Payment>, Fault> {
    let body: Option<String> = conn
        .prepare_cached("SELECT body FROM payments WHERE id = ?1")?
        .query_row([id.as_bytes()], |row| row.get(0))
        .optional()?;
    parse(body)
}

fn by_key(conn: &Connection, key: &str) -> Result<Option<Payment>, Fault> {
    let body: Option<String> = conn
        .prepare_cached("SELECT body FROM payments WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    parse(body)
}

fn parse(body: Option<String>) -> Result<Option<Payment>, Fault> {
    let payment = body.map(|body| serde_json::from_str(&body)).transpose();
    Ok(payment.map_err(Damaged::from)?)
}
