//! What a reader knows of the deliveries that are not over: how many, and which.

use std::collections::BTreeMap;

use payment::{InvoiceRef, UpstreamId};
use rusqlite::{ToSql, named_params, params};

use crate::delivery::Delivery;

use super::{ReadError, Reader, rows::text_id};

/// The states of what is not over, in the order in which they are listed: what waits for a person
/// comes first.
pub const OPEN_STATES: [&str; 9] = [
    "needs_operator",
    "refused",
    "ambiguous",
    "withdrawing",
    "begun",
    "parked",
    "waiting",
    "sending",
    "queued",
];

/// Which deliveries to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpenFilter {
    /// To this upstream.
    pub upstream: Option<UpstreamId>,
    /// In this state, one of [`OPEN_STATES`]; in any, if none.
    pub state: Option<String>,
    /// Go on after the delivery of this number; only with a state.
    pub after: Option<i64>,
    /// Most deliveries.
    pub limit: u16,
}

/// A delivery that is not over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Its number, in the order in which they fell due.
    pub n: i64,
    /// What and where.
    pub delivery: Delivery,
    /// Whether an earlier payment of its invoice goes first.
    pub behind: bool,
}

impl Reader {
    /// How many deliveries to each upstream are in each state; those that are over are not counted.
    pub fn open_counts(&self) -> Result<BTreeMap<UpstreamId, BTreeMap<String, i64>>, ReadError> {
        let mut counts: BTreeMap<UpstreamId, BTreeMap<String, i64>> = BTreeMap::new();
        let mut statement = self.conn.prepare_cached(
            "SELECT upstream, state, count(*) FROM outbox INDEXED BY outbox_by_state
             WHERE place IN ('head', 'line') GROUP BY state, upstream",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let upstream: String = row.get(0)?;
            let of = counts.entry(text_id(&upstream)?).or_default();
            of.insert(row.get(1)?, row.get(2)?);
        }
        Ok(counts)
    }

    /// The deliveries to an upstream that go to one invoice and are not over.
    pub fn open_of_invoice(
        &self,
        upstream: &UpstreamId,
        invoice: &InvoiceRef,
    ) -> Result<Vec<Delivery>, ReadError> {
        let which = |place: &str| {
            format!("o.upstream = ?1 AND o.invoice = ?2 AND o.place = '{place}' ORDER BY o.line")
        };
        let params = [upstream.as_str(), invoice.as_str()];
        let mut open = self.deliveries(&which("head"), params)?;
        open.extend(self.deliveries(&which("line"), params)?);
        Ok(open)
    }

    /// The deliveries that are not over: those that wait for a person first, and within a state the
    /// oldest first.
    pub fn open_deliveries(&self, filter: &OpenFilter) -> Result<Vec<Open>, ReadError> {
        let one = filter.state.as_deref();
        let states = OPEN_STATES
            .iter()
            .filter(|s| one.is_none_or(|one| one == **s));
        let mut open = Vec::new();
        for state in states {
            let left = usize::from(filter.limit).saturating_sub(open.len());
            if left == 0 {
                break;
            }
            open.extend(self.open_of(state, filter, left)?);
        }
        Ok(open)
    }

    fn open_of(
        &self,
        state: &str,
        filter: &OpenFilter,
        limit: usize,
    ) -> Result<Vec<Open>, ReadError> {
        let upstream = filter.upstream.as_ref().map(UpstreamId::as_str);
        let after = filter.after.unwrap_or(0);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let params: &[(&str, &dyn ToSql)] = named_params! {
            ":state": state, ":upstream": upstream, ":after": after, ":limit": limit,
        };
        let found: Vec<(i64, String)> = self
            .conn
            .prepare_cached(
                "SELECT n, place FROM outbox INDEXED BY outbox_by_state
                 WHERE place IN ('head', 'line') AND state = :state AND n > :after
                   AND (:upstream IS NULL OR upstream = :upstream)
                 ORDER BY n LIMIT :limit",
            )?
            .query_map(params, |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let mut open = Vec::new();
        for (n, place) in found {
            // Gone between the two statements: then it is over.
            if let Some(delivery) = self.deliveries("o.n = ?1", params![n])?.pop() {
                let behind = place == "line";
                open.push(Open {
                    n,
                    delivery,
                    behind,
                });
            }
        }
        Ok(open)
    }
}
