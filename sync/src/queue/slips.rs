//! What a reader knows of the receipts that terminals composed.

use jiff::Timestamp;
use payment::{DeviceId, PaymentId};
use rusqlite::{Row, params};

use super::{
    ReadError, Reader, SlipId,
    rows::{moment, text_id},
};

/// A terminal's slip that belongs to no payment: an end of day, a diagnosis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its number.
    pub id: SlipId,
    /// Which device's terminal composed it.
    pub device: DeviceId,
    /// The slip, serialized.
    pub body: String,
    /// When it came.
    pub at: Timestamp,
}

impl Reader {
    /// The slips of a payment, oldest first.
    pub fn slips_of(&self, payment: PaymentId) -> Result<Vec<String>, ReadError> {
        let slips = self
            .conn
            .prepare_cached("SELECT body FROM slips WHERE payment = ?1 ORDER BY id")?
            .query_map([payment.as_bytes()], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        Ok(slips)
    }

    /// The slip of that number, if it belongs to no payment.
    pub fn report(&self, id: SlipId) -> Result<Option<Report>, ReadError> {
        let sql = "SELECT id, device, body, at FROM slips WHERE id = ?1 AND payment IS NULL";
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query([id])?;
        rows.next()?.map(report).transpose()
    }

    /// The slips of a device's terminal that belong to no payment, newest first, at most `limit`.
    pub fn reports(&self, device: &DeviceId, limit: u16) -> Result<Vec<Report>, ReadError> {
        let sql = "SELECT id, device, body, at FROM slips
                   WHERE device = ?1 AND payment IS NULL ORDER BY id DESC LIMIT ?2";
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params![device.as_str(), limit])?;
        let mut reports = Vec::new();
        while let Some(row) = rows.next()? {
            reports.push(report(row)?);
        }
        Ok(reports)
    }
}

fn report(row: &Row<'_>) -> Result<Report, ReadError> {
    let device: String = row.get(1)?;
    Ok(Report {
        id: row.get(0)?,
        device: text_id(&device)?,
        body: row.get(2)?,
        at: moment(row.get(3)?)?,
    })
}
