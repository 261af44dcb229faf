//! Whether the journal is whole, and whether what is shown is what it says.

use std::collections::HashMap;

use payment::{
    ClosingId, DeliveryAction, DeliveryDecision, DeviceId, Fact, InvoiceRef, Payment, PaymentId,
    ReceiptNumber, RestorationFact, UpstreamId,
    closing::{Closing, ClosingFact, ClosingState},
};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    Entry, Happened, ReadError, Reader, VerifyError,
    apply::approved_seq,
    journal::{self, Hash, Stored},
    reader::{Moment, parse},
    rows::{micros, payment_id, text_id},
};

impl Reader {
    /// Walks the whole journal: numbers without gaps, every hash, every payment folded again and
    /// compared with the one that is shown. Returns the number of entries.
    ///
    /// Takes seconds per million entries, and keeps one moment in sight: never on the start path.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn verify(&self) -> Result<i64, VerifyError> {
        let moment = Moment::of(&self.conn)?;
        let sql = format!("SELECT {} FROM journal ORDER BY seq", journal::COLUMNS);
        let mut statement = moment.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let mut chain = Chain::default();
        let mut fold = Fold::default();
        let mut closings = Closings::default();
        let mut decisions = Decisions::default();
        while let Some(row) = rows.next()? {
            let stored = Stored::read(row)?;
            chain.follow(&stored)?;
            let entry = stored.entry().map_err(ReadError::from)?;
            match &entry.happened {
                Happened::Payment { payment, fact } => {
                    if let Some(ended) = fold.follow(&entry, *payment, fact)? {
                        compare(&moment, &ended, approved_seq(&ended, entry.seq))?;
                    }
                }
                Happened::Delivery { payment, decision } => {
                    decisions.follow(&moment, entry.seq, *payment, decision)?;
                }
                Happened::Closing { closing, fact } => {
                    let closed = closings.follow(&entry, *closing, fact)?;
                    if let Some((closing, seq)) = closed {
                        compare_closing(&moment, &closing, seq)?;
                    }
                }
                Happened::Restoration { fact, .. } => fold.leave_out(&entry, *fact)?,
                // Nothing is shown of it but the entry itself.
                Happened::Drawer { .. } => {}
            }
        }
        for open in fold.open.values() {
            compare(&moment, open, None)?;
        }
        decisions.compare(&moment)?;
        for open in closings.open.values() {
            compare_closing(&moment, open, None)?;
        }
        let shown: i64 = moment.query_row("SELECT count(*) FROM closings", [], |row| row.get(0))?;
        if shown != closings.known {
            let known = closings.known;
            return Err(VerifyError::ClosingCount { shown, known });
        }
        let shown: i64 = moment.query_row("SELECT count(*) FROM payments", [], |row| row.get(0))?;
        if shown == fold.known {
            Ok(chain.seq)
        } else {
            let known = fold.known;
            Err(VerifyError::Count { shown, known })
        }
    }
}

/// Where persons sent deliveries: the last word counts. A cancel or a refund goes with its payment, as long
/// as it is not delivered; when it was, the journal does not say.
#[derive(Default)]
struct Decisions {
    sent_to: HashMap<(PaymentId, UpstreamId), Vec<Sent>>,
}

/// To which invoice, or to none, and by which entry.
struct Sent {
    seq: i64,
    invoice: Option<InvoiceRef>,
}

impl Decisions {
    /// Adds a decision, which must be about a delivery that there is.
    fn follow(
        &mut self,
        conn: &Connection,
        seq: i64,
        payment: PaymentId,
        decision: &DeliveryDecision,
    ) -> Result<(), VerifyError> {
        let upstream = decision.upstream.clone();
        let known: bool = conn
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM outbox WHERE payment = ?1 AND upstream = ?2)",
            )?
            .query_row(params![payment.as_bytes(), upstream.as_str()], |row| {
                row.get(0)
            })?;
        if !known {
            let why = "it decides about what is not due there".to_owned();
            return Err(VerifyError::Impossible { seq, why });
        }
        let invoice = match &decision.action {
            DeliveryAction::SendTo { invoice } => Some(invoice.clone()),
            DeliveryAction::Unallocate => None,
            DeliveryAction::Retry | DeliveryAction::Keep | DeliveryAction::Entered => return Ok(()),
        };
        let sent = self.sent_to.entry((payment, upstream)).or_default();
        sent.push(Sent { seq, invoice });
        Ok(())
    }

    /// Every sale goes to the invoice that it names, or to which the journal says it was sent.
    fn compare(&self, conn: &Connection) -> Result<(), VerifyError> {
        let mut statement = conn.prepare(
            "SELECT o.payment, o.upstream, o.invoice, p.original
             FROM outbox o JOIN payments p ON p.id = o.payment
             WHERE o.redirects > 0 OR (p.original IS NULL AND o.invoice IS NOT p.invoice)",
        )?;
        let mut rows = statement.query([])?;
        let mut redirected = 0;
        while let Some(row) = rows.next()? {
            let (payment, upstream): ([u8; 16], String) = (row.get(0)?, row.get(1)?);
            let invoice: Option<String> = row.get(2)?;
            let payment = payment_id(payment);
            let upstream: UpstreamId = text_id(&upstream).map_err(ReadError::from)?;
            let original: Option<[u8; 16]> = row.get(3)?;
            let said = |of| self.sent_to.get(&(of, upstream.clone()));
            let last = said(payment).and_then(|sent| sent.last());
            let since = last.map_or(i64::MAX, |last| last.seq);
            let with = original.and_then(|original| said(payment_id(original)));
            let with = with.into_iter().flatten().filter(|sent| sent.seq > since);
            let mut said = last.into_iter().chain(with);
            if !said.any(|sent| sent.invoice.as_ref().map(InvoiceRef::as_str) == invoice.as_deref())
            {
                return Err(VerifyError::Delivery(payment));
            }
            redirected += 1;
        }
        if redirected == self.sent_to.len() {
            return Ok(());
        }
        let mut decided = self.sent_to.keys().map(|(payment, _)| *payment);
        decided
            .next()
            .map_or(Ok(()), |payment| Err(VerifyError::Delivery(payment)))
    }
}

/// The numbers and hashes so far.
#[derive(Default)]
struct Chain {
    seq: i64,
    hash: Hash,
    devices: HashMap<String, i64>,
}

impl Chain {
    fn follow(&mut self, entry: &Stored) -> Result<(), VerifyError> {
        let device_seq = self.devices.entry(entry.device.clone()).or_default();
        let wrong = if entry.seq != self.seq + 1 {
            Some("number")
        } else if entry.device_seq != *device_seq + 1 {
            Some("number for its device")
        } else if entry.prev_hash != self.hash {
            Some("link to the entry before")
        } else if entry.seal() != entry.hash {
            Some("hash")
        } else {
            None
        };
        if let Some(what) = wrong {
            let seq = entry.seq;
            return Err(VerifyError::Chain { seq, what });
        }
        *device_seq = entry.device_seq;
        self.seq = entry.seq;
        self.hash = entry.hash;
        Ok(())
    }
}

/// The payments that are not final yet; nothing can follow a final one.
#[derive(Default)]
struct Fold {
    open: HashMap<PaymentId, Payment>,
    receipts: HashMap<DeviceId, u64>,
    known: i64,
}

impl Fold {
    /// A return to a copy explains the gap that it makes in the receipt numbers (law 9).
    fn leave_out(&mut self, entry: &Entry, fact: RestorationFact) -> Result<(), VerifyError> {
        let RestorationFact::Restored(numbers) = fact;
        let last = self.receipts.entry(entry.device.clone()).or_default();
        if numbers.after != *last || numbers.next <= *last {
            return Err(VerifyError::Impossible {
                seq: entry.seq,
                why: format!("it leaves out receipt numbers after {last} otherwise"),
            });
        }
        *last = numbers.next - 1;
        Ok(())
    }

    /// Adds an entry; returns the payment when it is final with it.
    fn follow(
        &mut self,
        entry: &Entry,
        id: PaymentId,
        fact: &Fact,
    ) -> Result<Option<Payment>, VerifyError> {
        let impossible = |why: String| VerifyError::Impossible {
            seq: entry.seq,
            why,
        };
        if let Fact::Intended(intent) = fact {
            let receipt = self.receipts.entry(intent.device.clone()).or_default();
            *receipt += 1;
            self.known += 1;
            let receipt = ReceiptNumber::new(intent.device.clone(), *receipt);
            let same = intent.id == id && intent.device == entry.device;
            let payment = Payment::begin(intent.clone(), receipt);
            if !same || self.open.insert(id, payment).is_some() {
                return Err(impossible(
                    "it begins a payment twice or elsewhere".to_owned(),
                ));
            }
            return Ok(None);
        }
        let payment = self
            .open
            .get_mut(&id)
            .ok_or_else(|| impossible("its payment is final or was never begun".to_owned()))?;
        payment
            .add(fact, entry.at)
            .map_err(|illegal| impossible(illegal.to_string()))?;
        if payment.state.is_final() {
            return Ok(self.open.remove(&id));
        }
        Ok(None)
    }
}

/// The day ends that have not ended yet.
#[derive(Default)]
struct Closings {
    open: HashMap<ClosingId, Closing>,
    known: i64,
}

impl Closings {
    /// Adds an entry; returns the day end when it has ended with it, and the entry's number if the
    /// day was closed.
    fn follow(
        &mut self,
        entry: &Entry,
        id: ClosingId,
        fact: &ClosingFact,
    ) -> Result<Option<(Closing, Option<i64>)>, VerifyError> {
        let impossible = |why: &str| VerifyError::Impossible {
            seq: entry.seq,
            why: why.to_owned(),
        };
        if let ClosingFact::DayBegun(intent) = fact {
            self.known += 1;
            let same = intent.id == id && intent.device == entry.device;
            let begun = Closing::begin(intent.clone());
            if !same || self.open.insert(id, begun).is_some() {
                return Err(impossible("it begins a day end twice or elsewhere"));
            }
            return Ok(None);
        }
        let closing = self.open.remove(&id);
        let mut closing = closing
            .filter(|closing| closing.intent.device == entry.device)
            .ok_or_else(|| impossible("its day end has ended or was never begun"))?;
        if !closing.add(fact, entry.at) {
            return Err(impossible("it does not end a day end"));
        }
        let closed = matches!(closing.state, ClosingState::Closed(_));
        Ok(Some((closing, closed.then_some(entry.seq))))
    }
}

/// Every column of the row, and the day end in it, must be what the journal makes of it.
fn compare_closing(
    conn: &Connection,
    closing: &Closing,
    closed_seq: Option<i64>,
) -> Result<(), VerifyError> {
    let body: Option<String> = conn
        .prepare_cached(
            "SELECT body FROM closings
             WHERE id = ?1 AND key = ?2 AND device = ?3 AND state = ?4 AND closed_seq IS ?5",
        )?
        .query_row(
            params![
                closing.intent.id.as_bytes(),
                closing.intent.key.as_str(),
                closing.intent.device.as_str(),
                closing.state.as_str(),
                closed_seq
            ],
            |row| row.get(0),
        )
        .optional()?;
    let shown: Option<Closing> = body.and_then(|body| serde_json::from_str(&body).ok());
    if shown.as_ref() == Some(closing) {
        Ok(())
    } else {
        Err(VerifyError::Closing(closing.intent.id))
    }
}

/// Every column of the row, and the payment in it, must be what the journal makes of it.
fn compare(
    conn: &Connection,
    payment: &Payment,
    approved_seq: Option<i64>,
) -> Result<(), VerifyError> {
    let intent = &payment.intent;
    let body: Option<String> = conn
        .prepare_cached(
            "SELECT body FROM payments
             WHERE id = ?1 AND key = ?2 AND device = ?3 AND receipt_seq = ?4 AND state = ?5
               AND invoice IS ?6 AND method = ?7 AND minor = ?8 AND currency = ?9
               AND created_at = ?10 AND changed_at = ?11 AND original IS ?12
               AND approved_seq IS ?13",
        )?
        .query_row(
            params![
                intent.id.as_bytes(),
                intent.key.as_str(),
                intent.device.as_str(),
                i64::try_from(payment.receipt.seq()).unwrap_or(i64::MAX),
                payment.state.as_str(),
                intent.invoice.as_ref().map(InvoiceRef::as_str),
                intent.method.as_str(),
                intent.money.minor(),
                intent.money.currency().code(),
                micros(intent.at),
                micros(payment.changed_at),
                intent.purpose.of().as_ref().map(PaymentId::as_bytes),
                approved_seq
            ],
            |row| row.get(0),
        )
        .optional()?;
    let shown = body.and_then(|body| parse(&body).ok());
    if shown.as_ref() == Some(payment) {
        Ok(())
    } else {
        Err(VerifyError::Payment(intent.id))
    }
}
