//! What a journal that goes on from a copy may no longer believe: all that was open in the copy may
//! have ended since, on paper, at the terminal and in the invoicing systems.
//!
//! Runs inside one transaction of the copy, before it takes the place of the database.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use payment::{
    DeviceId, Doubt, DoubtReason, Fact, PaymentId, ReceiptNumber, RestorationId, SkippedNumbers,
    Text,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    Due, JobState, apply, journal, numbers, outbox,
    rows::{Damaged, Fault, micros, payment_id, text_id, whole_micros},
};
use crate::delivery::{DeliveryState, UNFENCED};

/// Where a delivery stands that was open in the copy: read back before it is sent (law 7). The worker
/// that comes to it counts its fence: the clock of the day of the return may be days ahead.
pub(super) fn delivery() -> DeliveryState {
    DeliveryState::Ambiguous {
        fenced_until: UNFENCED,
        next_at: UNFENCED,
        reason: Text::from(
            "The database was restored from a copy; it may have been booked after the copy was made.",
        ),
    }
}

/// What a person has to know of a delivery that waited for one in the copy.
const SINCE_THE_COPY: &str = "The database was restored from a copy; after the copy was made it may \
     have been sent, or entered by hand. Look for it first.";

/// Where a print job stands that was open in the copy: a person looks (law 8).
pub(super) fn job() -> JobState {
    JobState::Unknown {
        reason: Text::from(
            "The database was restored from a copy; it may have been printed after the copy was made.",
        ),
    }
}

/// A payment without an outcome in the copy: what the terminal holds may be a later one (law 4).
fn doubt() -> Doubt {
    Doubt {
        reason: DoubtReason::Restored,
        text: Text::from(
            "The database was restored from a copy in which this payment had no outcome. Find out \
             whether it was charged.",
        ),
        approval: None,
        other_amount: None,
    }
}

/// What was open in the copy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opened {
    /// The payments that are in doubt now.
    pub payments: Vec<PaymentId>,
    /// How many deliveries are read back before they are sent.
    pub deliveries: usize,
    /// How many print jobs are not printed by themselves.
    pub jobs: usize,
    /// The receipt numbers that each device leaves out.
    pub numbers: BTreeMap<DeviceId, SkippedNumbers>,
}

/// The devices of a copy, and the last receipt number of each.
pub(super) fn devices(conn: &Connection) -> Result<BTreeMap<DeviceId, u64>, Fault> {
    let names = conn
        .prepare("SELECT DISTINCT device FROM journal")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<BTreeSet<String>, _>>()?;
    let mut devices = BTreeMap::new();
    for name in names {
        let device: DeviceId = text_id(&name)?;
        let last = numbers::last(conn, &device)?;
        devices.insert(device, last);
    }
    Ok(devices)
}

/// Writes down that the journal goes on from a copy. `next` is the next receipt number of each device.
pub(super) fn write(
    conn: &Connection,
    id: RestorationId,
    next: &BTreeMap<DeviceId, u64>,
    at: Timestamp,
) -> Result<Opened, Fault> {
    let at = whole_micros(at);
    let mut opened = Opened::default();
    for (device, next) in next {
        let after = numbers::last(conn, device)?;
        let next = (*next).max(after + 1);
        let skipped = SkippedNumbers { after, next };
        journal::append_restoration(conn, device, id, skipped, at)?;
        opened.numbers.insert(device.clone(), skipped);
    }
    let unfinished = conn
        .prepare(
            "SELECT id FROM payments
             WHERE state NOT IN ('approved', 'declined', 'cancelled') ORDER BY n",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<Result<Vec<[u8; 16]>, _>>()?;
    for payment in unfinished.into_iter().map(payment_id) {
        apply::add(conn, payment, &Fact::Doubted(doubt()), at, &Due::default())?;
        opened.payments.push(payment);
    }
    let state = delivery();
    if !payment::planted(14) {
        opened.deliveries = conn.execute(
            "UPDATE outbox
             SET state = ?1, body = ?2, attempts = max(attempts, 1), next_at = ?3, at = ?4
             WHERE place <> 'done' AND state <> 'needs_operator'",
            params![
                state.as_str(),
                serde_json::to_string(&state).map_err(Damaged::from)?,
                state.next_at().map(micros),
                micros(at)
            ],
        )?;
    }
    for (n, attempts, state) in for_a_person(conn)? {
        outbox::set(conn, n, &state, attempts.max(1), at)?;
    }
    let state = job();
    opened.jobs = conn.execute(
        "UPDATE print_jobs SET state = ?1, body = ?2, changed_at = ?3
         WHERE state NOT IN ('confirmed', 'cancelled', 'failed', 'unknown')",
        params![
            state.as_str(),
            serde_json::to_string(&state).map_err(Damaged::from)?,
            micros(at)
        ],
    )?;
    Ok(opened)
}

/// What waited for a person when the copy was made, with what the person has to know now.
fn for_a_person(conn: &Connection) -> Result<Vec<(i64, u32, DeliveryState)>, Fault> {
    let rows = conn
        .prepare(
            "SELECT n, attempts, body FROM outbox
             WHERE place <> 'done' AND state = 'needs_operator' ORDER BY n",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<Vec<(i64, u32, String)>, _>>()?;
    let mut asked = Vec::new();
    for (n, attempts, body) in rows {
        let mut state = serde_json::from_str(&body).map_err(Damaged::from)?;
        if let DeliveryState::NeedsOperator { reason } = &mut state {
            *reason = Text::new(&format!("{SINCE_THE_COPY} Before: {reason}"));
        }
        asked.push((n, attempts, state));
    }
    Ok(asked)
}

/// Whether a delivery stands as the return to a copy left it: nobody has looked since whether it was sent
/// after the copy was made. `at` is since when it stands there; the return wrote its own moment, to the
/// microsecond.
pub(super) fn is_as_restored(
    conn: &Connection,
    receipt: &ReceiptNumber,
    at: i64,
) -> Result<bool, Fault> {
    let returned = conn
        .prepare_cached(
            "SELECT at FROM journal WHERE device = ?1 AND kind = 'restored'
             ORDER BY seq DESC LIMIT 1",
        )?
        .query_row([receipt.device().as_str()], |row| row.get::<_, i64>(0))
        .optional()?;
    Ok(returned == Some(at) && numbers::is_of_a_copy(conn, receipt)?)
}
