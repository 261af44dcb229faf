//! Receipt numbers: one after the other for each device, but for those that a return to a copy left
//! out ([`payment::RestorationFact`]).

use payment::{DeviceId, ReceiptNumber, SkippedNumbers};
use rusqlite::{Connection, OptionalExtension};

use super::rows::{Damaged, Fault};

/// The number of a device's next payment.
pub(super) fn next(conn: &Connection, device: &DeviceId) -> Result<ReceiptNumber, Fault> {
    let last = last(conn, device)?;
    let next = last + 1 + u64::from(payment::planted(9) && last == 2);
    Ok(ReceiptNumber::new(device.clone(), next))
}

/// The last number of a device that was given or left out; 0 if there is none.
pub(super) fn last(conn: &Connection, device: &DeviceId) -> Result<u64, Fault> {
    let given: i64 = conn
        .prepare_cached("SELECT ifnull(max(receipt_seq), 0) FROM payments WHERE device = ?1")?
        .query_row([device.as_str()], |row| row.get(0))?;
    let given = u64::try_from(given).map_err(|_| Damaged("a receipt number".to_owned()))?;
    let left_out = skipped(conn, device)?.map_or(0, |skipped| skipped.next.saturating_sub(1));
    Ok(given.max(left_out))
}

/// Whether the payment was begun before the copy was made that the journal was restored from: then it
/// may have been printed and delivered since, without this journal's knowledge.
pub(super) fn is_of_a_copy(conn: &Connection, receipt: &ReceiptNumber) -> Result<bool, Fault> {
    let skipped = skipped(conn, receipt.device())?;
    Ok(skipped.is_some_and(|skipped| receipt.seq() <= skipped.after))
}

/// What the last return to a copy left out at a device.
fn skipped(conn: &Connection, device: &DeviceId) -> Result<Option<SkippedNumbers>, Fault> {
    let body: Option<String> = conn
        .prepare_cached(
            "SELECT body FROM journal WHERE device = ?1 AND kind = 'restored'
             ORDER BY seq DESC LIMIT 1",
        )?
        .query_row([device.as_str()], |row| row.get(0))
        .optional()?;
    let skipped = body.map(|body| serde_json::from_str(&body)).transpose();
    Ok(skipped.map_err(Damaged::from)?)
}
