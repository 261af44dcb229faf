//! What a reader knows of work that is due: print jobs and deliveries.
//!
//! Of what belongs to a payment, only what is approved is due, whatever the row's own state.

use jiff::Timestamp;
use payment::{DeviceId, PaymentId, PrinterId, ReceiptNumber, UpstreamId, limits};
use rusqlite::{OptionalExtension, Params, Row, params};

use crate::{delivery::Delivery, upstream::Seal};

use super::{
    Job, JobId, Printed, ReadError, Reader, SlipId,
    outbox::WAITS_FOR_ORIGINAL,
    reader::parse,
    rows::{Damaged, micros, moment, payment_id, text_id},
};

/// Which deliveries of an upstream to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// To whom.
    pub upstream: UpstreamId,
    /// What is done there, instead of what is due.
    pub ended: bool,
    /// Of payments that were taken there.
    pub device: Option<DeviceId>,
    /// Go on after this payment.
    pub after: Option<PaymentId>,
    /// Most deliveries; never more than [`limits::PAGE`].
    pub limit: u16,
}

impl Reader {
    /// The print jobs of a payment, oldest first.
    pub fn jobs_of(&self, payment: PaymentId) -> Result<Vec<Job>, ReadError> {
        self.jobs("payment = ?1 ORDER BY id", params![payment.as_bytes()])
    }

    /// The print jobs of a slip that belongs to no payment, oldest first.
    pub fn jobs_of_slip(&self, slip: SlipId) -> Result<Vec<Job>, ReadError> {
        self.jobs("slip = ?1 ORDER BY id", [slip])
    }

    /// The queued jobs of a printer that print slips, or whose payments are approved, oldest first.
    pub fn jobs_due(&self, printer: &PrinterId) -> Result<Vec<Job>, ReadError> {
        self.jobs(
            "printer = ?1 AND ready = 1 AND state = 'queued' ORDER BY id",
            params![printer.as_str()],
        )
    }

    /// The jobs of all printers that are being printed, oldest first. After a restart nobody knows
    /// what became of those that were being sent.
    pub fn jobs_under_way(&self) -> Result<Vec<Job>, ReadError> {
        self.jobs("state IN ('probing', 'sending', 'sent') ORDER BY id", [])
    }

    /// The jobs of a printer that wait for a person's word, newest first, at most `limit`.
    pub fn jobs_for_people(&self, printer: &PrinterId, limit: u16) -> Result<Vec<Job>, ReadError> {
        self.jobs(
            "printer = ?1 AND resolution IS NULL AND state IN ('unknown', 'failed')
             ORDER BY id DESC LIMIT ?2",
            params![printer.as_str(), limit],
        )
    }

    /// The job of that number.
    pub fn job(&self, id: JobId) -> Result<Option<Job>, ReadError> {
        Ok(self.jobs("id = ?1", [id])?.pop())
    }

    /// To whom a payment is due, and where each delivery stands, in the order it fell due.
    pub fn deliveries_of(&self, payment: PaymentId) -> Result<Vec<Delivery>, ReadError> {
        self.deliveries("o.payment = ?1 ORDER BY o.n", params![payment.as_bytes()])
    }

    /// What must be looked at now for an upstream: the longest due first, and what was never sent
    /// before all else. At most one payment of an invoice, the first that the upstream does not
    /// have yet.
    ///
    /// One that is being sent is among them: the worker knows its own, and after a restart there
    /// are none but others.
    pub fn deliveries_due(
        &self,
        upstream: &UpstreamId,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<Delivery>, ReadError> {
        self.deliveries(
            &format!(
                "o.upstream = ?1 AND o.place = 'head' AND o.next_at <= ?2
               AND NOT ({WAITS_FOR_ORIGINAL})
             ORDER BY o.next_at, o.line LIMIT ?3"
            ),
            params![upstream.as_str(), micros(now), limit],
        )
    }

    /// What a person copies to an upstream by hand, in the order in which it fell due; or, with
    /// `ended`, what is done there, the newest first.
    ///
    /// # Errors
    /// When the queue cannot be read.
    pub fn deliveries_listed(&self, listing: &Listing) -> Result<Vec<Delivery>, ReadError> {
        let (places, after, order) = if listing.ended {
            ("place = 'done'", "<", "DESC")
        } else {
            ("place IN ('head', 'line')", ">", "ASC")
        };
        let which = format!(
            "o.upstream = ?1 AND o.{places} AND (?2 IS NULL OR p.device = ?2)
             AND (?3 IS NULL OR o.line {after} (SELECT a.line FROM outbox a
                                                WHERE a.payment = ?3 AND a.upstream = ?1))
             ORDER BY o.line {order} LIMIT ?4"
        );
        self.deliveries(
            &which,
            params![
                listing.upstream.as_str(),
                listing.device.as_ref().map(DeviceId::as_str),
                listing.after.as_ref().map(PaymentId::as_bytes),
                listing.limit.min(limits::PAGE)
            ],
        )
    }

    /// The deliveries to an upstream that an earlier process began: all that wait for their moment,
    /// or were being sent. In the order in which they fell due, after number `after`.
    pub fn deliveries_begun(
        &self,
        upstream: &UpstreamId,
        after: i64,
        limit: u16,
    ) -> Result<Vec<(i64, Delivery)>, ReadError> {
        let found: Vec<i64> = self
            .conn
            .prepare_cached(
                "SELECT n FROM outbox INDEXED BY outbox_due
                 WHERE upstream = ?1 AND place = 'head' AND next_at > ?2 AND n > ?3
                 ORDER BY n LIMIT ?4",
            )?
            .query_map(
                params![upstream.as_str(), micros(Timestamp::MIN), after, limit],
                |row| row.get(0),
            )?
            .collect::<Result<_, _>>()?;
        let mut begun = Vec::new();
        for n in found {
            let delivery = self.deliveries("o.n = ?1", params![n])?.pop();
            begun.extend(delivery.map(|delivery| (n, delivery)));
        }
        Ok(begun)
    }

    /// When the next delivery to an upstream must be looked at; in the past means now.
    pub fn next_delivery_at(&self, upstream: &UpstreamId) -> Result<Option<Timestamp>, ReadError> {
        let next: Option<i64> = self
            .conn
            .prepare_cached(
                "SELECT next_at FROM outbox
                 WHERE upstream = ?1 AND place = 'head' AND next_at IS NOT NULL
                 ORDER BY next_at LIMIT 1",
            )?
            .query_row([upstream.as_str()], |row| row.get(0))
            .optional()?;
        Ok(next.map(moment).transpose()?)
    }

    fn jobs(&self, which: &str, params: impl Params) -> Result<Vec<Job>, ReadError> {
        let sql = format!(
            "SELECT id, payment, slip, printer, kind, body, at, instead_of, resolution,
                    cancel_asked
             FROM print_jobs WHERE {which}"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let mut rows = statement.query(params)?;
        let mut jobs = Vec::new();
        while let Some(row) = rows.next()? {
            jobs.push(job(row)?);
        }
        Ok(jobs)
    }

    pub(super) fn deliveries(
        &self,
        which: &str,
        params: impl Params,
    ) -> Result<Vec<Delivery>, ReadError> {
        let sql = format!(
            "SELECT o.upstream, p.body, o.body, o.attempts, q.device, q.receipt_seq,
                    j.seq, j.device_seq, j.hash, o.at, o.invoice, o.redirects
             FROM outbox o JOIN payments p ON p.id = o.payment
             LEFT JOIN payments q ON q.id = p.original
             LEFT JOIN journal j ON j.seq = p.approved_seq WHERE {which}"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let mut rows = statement.query(params)?;
        let mut deliveries = Vec::new();
        while let Some(row) = rows.next()? {
            deliveries.push(delivery(row)?);
        }
        Ok(deliveries)
    }
}

fn job(row: &Row<'_>) -> Result<Job, ReadError> {
    let (printer, kind, state): (String, String, String) = (row.get(3)?, row.get(4)?, row.get(5)?);
    let what: (Option<[u8; 16]>, Option<SlipId>) = (row.get(1)?, row.get(2)?);
    let what = match what {
        (Some(payment), None) => Printed::Payment(payment_id(payment)),
        (None, Some(slip)) => Printed::Slip(slip),
        (None, None) => Printed::Test,
        (Some(_), Some(_)) => {
            return Err(Damaged("what a print job prints".to_owned()).into());
        }
    };
    let (instead_of, resolved): (Option<String>, Option<String>) = (row.get(7)?, row.get(8)?);
    let resolved = resolved.map(|resolved| serde_json::from_str(&resolved));
    let asked: Option<String> = row.get(9)?;
    let asked = asked.map(|asked| serde_json::from_str(&asked));
    Ok(Job {
        id: row.get(0)?,
        what,
        printer: text_id(&printer)?,
        instead_of: instead_of.map(|id| text_id(&id)).transpose()?,
        cancel_asked: asked.transpose().map_err(Damaged::from)?,
        resolved: resolved.transpose().map_err(Damaged::from)?,
        kind: serde_json::from_str(&kind).map_err(Damaged::from)?,
        state: serde_json::from_str(&state).map_err(Damaged::from)?,
        at: moment(row.get(6)?)?,
    })
}

fn delivery(row: &Row<'_>) -> Result<Delivery, ReadError> {
    let (upstream, payment, state): (String, String, String) =
        (row.get(0)?, row.get(1)?, row.get(2)?);
    let original: (Option<String>, Option<i64>) = (row.get(4)?, row.get(5)?);
    let original = match original {
        (Some(device), Some(seq)) => {
            let seq = u64::try_from(seq).map_err(|_| Damaged("a receipt number".to_owned()))?;
            Some(ReceiptNumber::new(text_id(&device)?, seq))
        }
        _ => None,
    };
    let seal: (Option<i64>, Option<i64>, Option<[u8; 32]>) =
        (row.get(6)?, row.get(7)?, row.get(8)?);
    let seal = match seal {
        (Some(seq), Some(device_seq), Some(hash)) => Some(Seal {
            seq,
            device_seq,
            hash,
        }),
        _ => None,
    };
    let mut payment = parse(&payment)?;
    let invoice: Option<String> = row.get(10)?;
    payment.intent.invoice = invoice.as_deref().map(text_id).transpose()?;
    Ok(Delivery {
        upstream: text_id(&upstream)?,
        payment,
        original,
        seal,
        state: serde_json::from_str(&state).map_err(Damaged::from)?,
        attempts: row.get(3)?,
        redirects: row.get(11)?,
        changed_at: moment(row.get(9)?)?,
    })
}
