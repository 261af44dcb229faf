//! What a reader knows of the payments of some days, for the comparison with other books.

use jiff::Timestamp;
use payment::{DeviceId, Payment, Purpose, ReceiptNumber, State, closing::Closing};
use rusqlite::{Row, params};

use super::{
    ReadError, Reader,
    reader::parse,
    rows::{Damaged, micros, text_id},
};
use crate::{
    delivery::DeliveryState,
    reconciliation::{Due, Elsewhere, Period, Stands, Taken},
    upstream::Seal,
};

/// Where a page of payments goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenAfter {
    at: i64,
    n: i64,
}

/// Ends of day that are read at once.
const CLOSINGS: u16 = 64;

impl Reader {
    /// A page of the approved payments of some days, in the order in which they began, and where the
    /// next page goes on, if there is more.
    ///
    /// It reads the index of these days only, and a page at a time: what is written meanwhile waits
    /// for nothing.
    pub fn taken(
        &self,
        period: &Period,
        after: Option<TakenAfter>,
        limit: u16,
    ) -> Result<(Vec<Taken>, Option<TakenAfter>), ReadError> {
        // Several statements, one moment.
        let _moment = self.conn.unchecked_transaction()?;
        let (begins, ends) = (micros(period.begins()), micros(period.ends()));
        let from = after.unwrap_or(TakenAfter { at: begins, n: 0 });
        let rows: Vec<Found> = self
            .conn
            .prepare_cached(
                "SELECT p.created_at, p.n, p.body, q.device, q.receipt_seq,
                        j.seq, j.device_seq, j.hash,
                        EXISTS (SELECT 1 FROM payments c WHERE c.original = p.id),
                        p.approved_seq <= ifnull((SELECT max(closed_seq) FROM closings
                                                  WHERE device = p.device
                                                    AND closed_seq IS NOT NULL), 0)
                 FROM payments p INDEXED BY payments_by_time
                 LEFT JOIN payments q ON q.id = p.original
                 LEFT JOIN journal j ON j.seq = p.approved_seq
                 WHERE p.created_at >= ?1 AND p.created_at < ?2 AND (p.created_at, p.n) > (?1, ?3)
                   AND p.state = 'approved'
                 ORDER BY p.created_at, p.n LIMIT ?4",
            )?
            .query_map(params![from.at, ends, from.n, limit], Found::read)?
            .collect::<Result<_, _>>()?;
        let more = rows.len() == usize::from(limit);
        let next = rows.last().filter(|_| more).map(|row| row.place);
        let taken = rows.iter().map(|row| self.whole(row));
        Ok((taken.collect::<Result<_, _>>()?, next))
    }

    /// What the journal knows of a number that is not among the approved payments of some days.
    pub fn elsewhere(&self, receipt: &ReceiptNumber) -> Result<Elsewhere, ReadError> {
        let found = self.payment_by_receipt(receipt)?;
        Ok(match found.map(|payment| payment.state) {
            None => Elsewhere::Unknown,
            Some(State::Approved) => Elsewhere::OtherDay,
            Some(other) => Elsewhere::Not(other),
        })
    }

    /// The ends of a device's day that were begun in some days, oldest first.
    pub fn closings_of(
        &self,
        device: &DeviceId,
        period: &Period,
    ) -> Result<Vec<Closing>, ReadError> {
        let mut before = i64::MAX;
        let mut found = Vec::new();
        loop {
            let rows: Vec<(i64, String)> = self
                .conn
                .prepare_cached(
                    "SELECT n, body FROM closings WHERE device = ?1 AND n < ?2
                     ORDER BY n DESC LIMIT ?3",
                )?
                .query_map(params![device.as_str(), before, CLOSINGS], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?
                .collect::<Result<_, _>>()?;
            let mut older = rows.is_empty();
            for (n, body) in rows {
                let closing: Closing = serde_json::from_str(&body).map_err(Damaged::from)?;
                before = n;
                older = closing.intent.at < period.begins();
                found.push(closing);
            }
            if older {
                break;
            }
        }
        let of = |at: Timestamp| period.begins() <= at && at < period.ends();
        found.retain(|closing| of(closing.intent.at));
        found.reverse();
        Ok(found)
    }

    /// With its deliveries, and whether it was taken back.
    fn whole(&self, row: &Found) -> Result<Taken, ReadError> {
        let payment = parse(&row.body)?;
        let Payment {
            intent, receipt, ..
        } = payment;
        let cancelled = row.named
            && self.linked(intent.id)?.iter().any(|by| {
                by.state == State::Approved && matches!(by.intent.purpose, Purpose::Cancel { .. })
            });
        let due: Vec<(String, Option<String>, String)> = self
            .conn
            .prepare_cached("SELECT upstream, invoice, body FROM outbox WHERE payment = ?1")?
            .query_map([intent.id.as_bytes()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?
            .collect::<Result<_, _>>()?;
        let due = due.into_iter().map(|(upstream, invoice, body)| {
            let state: DeliveryState = serde_json::from_str(&body)?;
            Ok(Due {
                upstream: text_id(&upstream)?,
                invoice: invoice.as_deref().map(text_id).transpose()?,
                stands: Stands::from(&state),
            })
        });
        Ok(Taken {
            payment: intent.id,
            purpose: intent.purpose,
            method: intent.method,
            minor: intent.money.minor(),
            currency: intent.money.currency(),
            at: intent.at,
            original: row.original()?,
            cancelled,
            settled: row.settled,
            seal: row.seal,
            due: due.collect::<Result<_, Damaged>>()?,
            receipt,
        })
    }
}

struct Found {
    place: TakenAfter,
    body: String,
    original: (Option<String>, Option<i64>),
    seal: Option<Seal>,
    named: bool,
    settled: bool,
}

impl Found {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let (at, n) = (row.get(0)?, row.get(1)?);
        let seal: (Option<i64>, Option<i64>, Option<[u8; 32]>) =
            (row.get(5)?, row.get(6)?, row.get(7)?);
        Ok(Self {
            place: TakenAfter { at, n },
            body: row.get(2)?,
            original: (row.get(3)?, row.get(4)?),
            seal: match seal {
                (Some(seq), Some(device_seq), Some(hash)) => Some(Seal {
                    seq,
                    device_seq,
                    hash,
                }),
                _ => None,
            },
            named: row.get(8)?,
            settled: row.get::<_, Option<bool>>(9)?.unwrap_or(false),
        })
    }

    fn original(&self) -> Result<Option<ReceiptNumber>, Damaged> {
        let (Some(device), Some(seq)) = &self.original else {
            return Ok(None);
        };
        let seq = u64::try_from(*seq).map_err(|_| Damaged("a receipt number".to_owned()))?;
        Ok(Some(ReceiptNumber::new(text_id(device)?, seq)))
    }
}
