//! The journal: what happened, in order, each entry sealed to the one before it.
//!
//! # The format, for ever
//!
//! One row is one fact: `seq` counts all entries from 1, `device_seq` counts the entries of a
//! `device` from 1, both without gaps. `at` is microseconds since 1970-01-01 UTC (finer time is cut
//! off), `kind` is [`Fact::kind`], [`ClosingFact::kind`], [`RestorationFact::kind`] or
//! [`DrawerFact::kind`], or `delivery_decided`, `payment` the 16 bytes of the payment's UUID, of the day
//! end's for the kinds `day_…`, of the restoration's for the kind `restored`, or of the opening's for
//! the kinds `drawer_…`, and `body` the fact's content as JSON text, `null` for a fact without content.
//!
//! `hash` is SHA-256 over eight fields, each a length in bytes (32 bits, big-endian) and that many
//! bytes, in this order: `prev_hash` (32 bytes), `seq` (64 bits, big-endian), `device` (UTF-8),
//! `device_seq` (64 bits, big-endian), `at` (64 bits, big-endian, two's complement), `kind` (UTF-8),
//! `payment` (16 bytes), `body` (UTF-8, byte by byte as stored). `prev_hash` is the `hash` of entry
//! `seq - 1`; the first entry's is 32 zero bytes.
//!
//! This module must not know payments as shown, the outbox or print jobs.

use jiff::Timestamp;
use payment::{
    ClosingId, DeliveryDecision, DeviceId, DrawerFact, DrawerKick, Fact, KickId, PaymentId,
    RestorationFact, RestorationId, SkippedNumbers, closing::ClosingFact,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::{Digest, Sha256};

use super::rows::{Damaged, Fault, micros, moment, payment_id, text_id};

/// The seal of a journal entry: SHA-256.
pub type Hash = [u8; 32];

/// One entry of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number among all entries, counted from 1, without gaps.
    pub seq: i64,
    /// Where it happened.
    pub device: DeviceId,
    /// Its number among the entries of that device, counted from 1, without gaps.
    pub device_seq: i64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub happened: Happened,
}

/// A fact, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// To a payment.
    Payment {
        /// Which.
        payment: PaymentId,
        /// What.
        fact: Fact,
    },
    /// To the end of a terminal's day.
    Closing {
        /// Which.
        closing: ClosingId,
        /// What.
        fact: ClosingFact,
    },
    /// To the journal itself.
    Restoration {
        /// Which.
        restoration: RestorationId,
        /// What.
        fact: RestorationFact,
    },
    /// To the delivery of a payment: a person decided. The payment stays as it is.
    Delivery {
        /// Of which payment.
        payment: PaymentId,
        /// What was decided.
        decision: DeliveryDecision,
    },
    /// To a cash drawer.
    Drawer {
        /// Which opening.
        kick: KickId,
        /// What.
        fact: DrawerFact,
    },
}

/// The word for a person's decision about a delivery.
const DECIDED: &str = "delivery_decided";

impl Happened {
    /// The word used in the journal.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Payment { fact, .. } => fact.kind(),
            Self::Closing { fact, .. } => fact.kind(),
            Self::Restoration { fact, .. } => fact.kind(),
            Self::Delivery { .. } => DECIDED,
            Self::Drawer { fact, .. } => fact.kind(),
        }
    }
}

/// An entry as it is stored.
pub(super) struct Stored {
    pub(super) seq: i64,
    pub(super) device: String,
    pub(super) device_seq: i64,
    pub(super) at: i64,
    pub(super) kind: String,
    pub(super) payment: [u8; 16],
    pub(super) body: String,
    pub(super) prev_hash: Hash,
    pub(super) hash: Hash,
}

/// The columns that [`Stored::read`] takes.
pub(super) const COLUMNS: &str =
    "seq, device, device_seq, at, kind, payment, body, prev_hash, hash";

impl Stored {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            device: row.get(1)?,
            device_seq: row.get(2)?,
            at: row.get(3)?,
            kind: row.get(4)?,
            payment: row.get(5)?,
            body: row.get(6)?,
            prev_hash: row.get(7)?,
            hash: row.get(8)?,
        })
    }

    /// The hash that the entry must have.
    pub(super) fn seal(&self) -> Hash {
        let mut sha = Sha256::new();
        for field in [
            self.prev_hash.as_slice(),
            &self.seq.to_be_bytes(),
            self.device.as_bytes(),
            &self.device_seq.to_be_bytes(),
            &self.at.to_be_bytes(),
            self.kind.as_bytes(),
            &self.payment,
            self.body.as_bytes(),
        ] {
            // No field comes near 4 GiB: SQLite refuses texts above 1 GB.
            let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
            sha.update(length.to_be_bytes());
            sha.update(field);
        }
        sha.finalize().into()
    }

    /// The entry as a value.
    pub(super) fn entry(&self) -> Result<Entry, Damaged> {
        Ok(Entry {
            seq: self.seq,
            device: text_id(&self.device)?,
            device_seq: self.device_seq,
            at: moment(self.at)?,
            happened: happened(&self.kind, self.payment, &self.body)?,
        })
    }
}

/// Adds a payment's fact at the end, and returns its number. `at` must be whole microseconds, so
/// that what is shown and what the journal says are the same.
pub(super) fn append(
    conn: &Connection,
    device: &DeviceId,
    payment: PaymentId,
    fact: &Fact,
    at: Timestamp,
) -> Result<i64, Fault> {
    let body = body(fact).map_err(Damaged::from)?;
    append_row(conn, device, (fact.kind(), *payment.as_bytes(), body), at)
}

/// Adds a day end's fact at the end, like a payment's.
pub(super) fn append_closing(
    conn: &Connection,
    device: &DeviceId,
    closing: ClosingId,
    fact: &ClosingFact,
    at: Timestamp,
) -> Result<i64, Fault> {
    let body = match fact {
        ClosingFact::DayBegun(intent) => serde_json::to_string(intent),
        ClosingFact::DayClosed(balance) => serde_json::to_string(balance),
        ClosingFact::DayRefused(reason) | ClosingFact::DayUnknown(reason) => {
            serde_json::to_string(reason)
        }
    };
    let body = body.map_err(Damaged::from)?;
    append_row(conn, device, (fact.kind(), *closing.as_bytes(), body), at)
}

/// Adds what a return to a copy means for a device, like a payment's fact.
pub(super) fn append_restoration(
    conn: &Connection,
    device: &DeviceId,
    id: RestorationId,
    numbers: SkippedNumbers,
    at: Timestamp,
) -> Result<i64, Fault> {
    let body = serde_json::to_string(&numbers).map_err(Damaged::from)?;
    let kind = RestorationFact::Restored(numbers).kind();
    append_row(conn, device, (kind, *id.as_bytes(), body), at)
}

/// Adds a person's decision about the delivery of a payment at the end.
pub(super) fn append_decision(
    conn: &Connection,
    device: &DeviceId,
    payment: PaymentId,
    decision: &DeliveryDecision,
    at: Timestamp,
) -> Result<i64, Fault> {
    let body = serde_json::to_string(decision).map_err(Damaged::from)?;
    append_row(conn, device, (DECIDED, *payment.as_bytes(), body), at)
}

/// Adds the opening of a cash drawer at the end, like a payment's fact.
pub(super) fn append_kick(
    conn: &Connection,
    device: &DeviceId,
    id: KickId,
    kick: &DrawerKick,
    at: Timestamp,
) -> Result<i64, Fault> {
    let body = serde_json::to_string(kick).map_err(Damaged::from)?;
    let kind = DrawerFact::DrawerKicked(kick.clone()).kind();
    append_row(conn, device, (kind, *id.as_bytes(), body), at)
}

fn append_row(
    conn: &Connection,
    device: &DeviceId,
    (kind, about, body): (&str, [u8; 16], String),
    at: Timestamp,
) -> Result<i64, Fault> {
    let (last, prev_hash) = head(conn)?;
    let mut entry = Stored {
        seq: last + 1,
        device: device.as_str().to_owned(),
        device_seq: last_of(conn, device)? + 1,
        at: micros(at),
        kind: kind.to_owned(),
        payment: about,
        body,
        prev_hash,
        hash: [0; 32],
    };
    entry.hash = entry.seal();
    conn.prepare_cached(
        "INSERT INTO journal (seq, device, device_seq, at, kind, payment, body, prev_hash, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        entry.seq,
        entry.device,
        entry.device_seq,
        entry.at,
        entry.kind,
        entry.payment,
        entry.body,
        entry.prev_hash,
        entry.hash
    ])?;
    Ok(entry.seq)
}

/// The number and the hash of the last entry; zeros when there is none.
pub(super) fn head(conn: &Connection) -> rusqlite::Result<(i64, Hash)> {
    let last = conn
        .prepare_cached("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(last.unwrap_or((0, [0; 32])))
}

fn last_of(conn: &Connection, device: &DeviceId) -> rusqlite::Result<i64> {
    conn.prepare_cached("SELECT ifnull(max(device_seq), 0) FROM journal WHERE device = ?1")?
        .query_row([device.as_str()], |row| row.get(0))
}

fn body(fact: &Fact) -> serde_json::Result<String> {
    match fact {
        Fact::Intended(intent) => serde_json::to_string(intent),
        Fact::Recorded | Fact::Completed => Ok("null".to_owned()),
        Fact::Approved(approval) => serde_json::to_string(approval),
        Fact::Declined(refusal) => serde_json::to_string(refusal),
        Fact::Cancelled(cancellation) => serde_json::to_string(cancellation),
        Fact::Doubted(doubt) => serde_json::to_string(doubt),
        Fact::Settled(settlement) => serde_json::to_string(settlement),
    }
}

fn happened(kind: &str, about: [u8; 16], body: &str) -> Result<Happened, Damaged> {
    let fact = match kind {
        "day_begun" => ClosingFact::DayBegun(serde_json::from_str(body)?),
        "day_closed" => ClosingFact::DayClosed(serde_json::from_str(body)?),
        "day_refused" => ClosingFact::DayRefused(serde_json::from_str(body)?),
        "day_unknown" => ClosingFact::DayUnknown(serde_json::from_str(body)?),
        "restored" => {
            return Ok(Happened::Restoration {
                restoration: RestorationId::from_bytes(about),
                fact: RestorationFact::Restored(serde_json::from_str(body)?),
            });
        }
        DECIDED => {
            return Ok(Happened::Delivery {
                payment: payment_id(about),
                decision: serde_json::from_str(body)?,
            });
        }
        "drawer_kicked" => {
            return Ok(Happened::Drawer {
                kick: KickId::from_bytes(about),
                fact: DrawerFact::DrawerKicked(serde_json::from_str(body)?),
            });
        }
        _ => {
            return Ok(Happened::Payment {
                payment: payment_id(about),
                fact: fact(kind, body)?,
            });
        }
    };
    Ok(Happened::Closing {
        closing: ClosingId::from_bytes(about),
        fact,
    })
}

fn fact(kind: &str, body: &str) -> Result<Fact, Damaged> {
    Ok(match kind {
        "intended" => Fact::Intended(serde_json::from_str(body)?),
        "recorded" => Fact::Recorded,
        "approved" => Fact::Approved(serde_json::from_str(body)?),
        "completed" => Fact::Completed,
        "declined" => Fact::Declined(serde_json::from_str(body)?),
        "cancelled" => Fact::Cancelled(serde_json::from_str(body)?),
        "doubted" => Fact::Doubted(serde_json::from_str(body)?),
        "settled" => Fact::Settled(serde_json::from_str(body)?),
        other => return Err(Damaged(format!("a fact of the kind “{other}”"))),
    })
}
