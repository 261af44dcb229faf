//! Compares the journal with the terminals' ends of day and the invoicing systems, when somebody asks.
//!
//! All of it is read over connections that only read, a page at a time, and a system is asked at its
//! own pace, behind the deliveries. What it comes to, [`sync::reconciliation`] says.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use payment::{Currency, DeviceId, Payment, Text, UpstreamId, parse_currency};
use sync::{
    delivery::{Client, Http, SystemClock},
    reconciliation::{
        AtDesk, Compared, Finding, Given, Held, Kind, Pause, Period, Taken, amount, at_the_desk,
        compare, fetch, look_up, suspects,
    },
    upstream::{Booked, HttpAnswer, HttpRequest},
};
use tokio::time::{Instant, sleep};

use super::{Handle, Known};
use crate::problem::Problem;

/// Most payments that are compared at once: what is known of them lies in memory.
const MOST: usize = 200_000;
/// Payments that are read at once.
const PAGE: u16 = 500;
/// Most payments that are looked up by themselves before they are called missing.
const LOOKED_UP: usize = 50;
/// Longest that a question waits for the deliveries of its system.
const YIELDS: u32 = 10;

/// What a comparison came to.
#[derive(Debug)]
pub struct Reconciled {
    /// Of which days.
    pub period: Period,
    /// When it was made.
    pub at: Timestamp,
    /// What the devices took, and their terminals' ends of day.
    pub desks: Vec<AtDesk>,
    /// What the terminals' ends of day show.
    pub settlements: Vec<Finding>,
    /// Each invoicing system.
    pub upstreams: Vec<Compared>,
}

impl Reconciled {
    /// All that was found, in the order of its list.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        let systems = self.upstreams.iter().flat_map(|one| &one.findings);
        self.settlements.iter().chain(systems)
    }

    /// How much of a kind was found.
    pub fn count(&self, kind: Kind) -> usize {
        self.findings()
            .filter(|finding| finding.kind == kind)
            .count()
    }
}

/// The questions that go to one system, its deliveries among them.
#[derive(Debug, Clone, Default)]
pub(super) struct Traffic(Arc<Mutex<Option<Instant>>>);

impl Traffic {
    fn mark(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// How long it has been quiet.
    pub(super) fn quiet(&self) -> Option<Duration> {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.map(|last| last.elapsed())
    }
}

/// A client that notes when it was last used, so that a comparison can wait for its turn.
#[derive(Debug, Clone)]
pub(super) struct TimedClient {
    pub(super) client: Client,
    pub(super) traffic: Traffic,
}

impl Http for TimedClient {
    async fn send(&self, request: HttpRequest) -> HttpAnswer {
        self.traffic.mark();
        let answer = self.client.send(request).await;
        self.traffic.mark();
        answer
    }
}

impl Pause for Traffic {
    async fn pause(&self, at_least: Duration) {
        sleep(at_least).await;
        for _ in 0..YIELDS {
            match self.quiet().and_then(|quiet| at_least.checked_sub(quiet)) {
                None | Some(Duration::ZERO) => break,
                Some(left) => sleep(left).await,
            }
        }
        self.mark();
    }
}

impl Handle {
    /// Compares the payments of some days with everything else that knows of them; or with one
    /// invoicing system only.
    ///
    /// # Errors
    /// When there are too many, or the queue cannot be read. A system that cannot be asked is no
    /// error: the report says so.
    pub async fn reconcile(
        &self,
        period: Period,
        only: Option<&UpstreamId>,
    ) -> Result<Reconciled, Problem> {
        // Two at a time would only keep each other waiting at the same systems.
        let _alone = self.reconciling.lock().await;
        let devices = self.currencies();
        let chosen = self
            .upstreams
            .iter()
            .filter(|known| only.is_none_or(|id| known.id == *id));
        let chosen: Vec<&Known> = chosen.collect();
        // Before the journal: what arrives meanwhile is not missing then.
        let lists = chosen.iter().map(|known| self.held(known, &period));
        let lists: Vec<Held> = futures_util::future::join_all(lists).await;
        let taken = self.taken(&period).await?;
        let mut closings = Vec::new();
        for device in devices.keys() {
            let (device, of) = (device.clone(), period.clone());
            let read = self.read(move |reader| reader.closings_of(&device, &of));
            closings.extend(read.await?);
        }
        let (desks, settlements) = at_the_desk(&period, &devices, &taken, &closings);
        let mut upstreams = Vec::new();
        for (known, held) in chosen.into_iter().zip(lists) {
            let books = (&period, &devices, taken.as_slice());
            upstreams.push(self.compared(known, held, books).await?);
        }
        Ok(Reconciled {
            at: self.now(),
            period,
            desks,
            settlements,
            upstreams,
        })
    }

    /// The devices of the configuration, with their currencies.
    fn currencies(&self) -> BTreeMap<DeviceId, Currency> {
        let desk = self.desk();
        let devices = desk.devices.iter();
        devices
            .filter_map(|device| Some((device.id.clone(), parse_currency(device.currency).ok()?)))
            .collect()
    }

    async fn taken(&self, period: &Period) -> Result<Vec<Taken>, Problem> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let of = period.clone();
            let read = self.read(move |reader| reader.taken(&of, after, PAGE));
            let (page, next) = read.await?;
            all.extend(page);
            if all.len() > MOST {
                return Err(Problem::InvalidQuery(format!(
                    "these days have more than {MOST} payments; name fewer days"
                )));
            }
            after = next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// What a system shows of these days.
    async fn held(&self, known: &Known, period: &Period) -> Held {
        let id = &known.id;
        if self.worklists.iter().any(|list| list.id() == id) {
            return Held::Ticks;
        }
        if !known.can.list {
            return Held::Nothing(Text::new(&format!(
                "{id} cannot be compared: it has no list of payments that could be asked for. Look \
                 there yourself."
            )));
        }
        let way = (&known.client, &SystemClock::new(), &known.client.traffic);
        match fetch(known.system.as_ref(), period, way).await {
            Ok(list) => Held::List(list),
            Err(reason) => Held::Nothing(Text::new(&format!(
                "{id} could not be compared: {reason} Try again later."
            ))),
        }
    }

    async fn compared(
        &self,
        known: &Known,
        mut held: Held,
        (period, devices, taken): (&Period, &BTreeMap<DeviceId, Currency>, &[Taken]),
    ) -> Result<Compared, Problem> {
        let mut elsewhere = BTreeMap::new();
        let given = Given {
            upstream: &known.id,
            period,
            devices,
            taken,
            elsewhere: &BTreeMap::new(),
            held: &held,
        };
        for receipt in suspects(&given) {
            let of = receipt.clone();
            let found = self.read(move |reader| reader.elsewhere(&of)).await?;
            elsewhere.insert(receipt, found);
        }
        let first = compare(&Given {
            elsewhere: &elsewhere,
            ..given
        });
        let seen = self.seen_by_themselves(known, &first, taken).await?;
        let Held::List(list) = &mut held else {
            return Ok(first);
        };
        if seen.is_empty() {
            return Ok(first);
        }
        list.extend(seen);
        Ok(compare(&Given {
            upstream: &known.id,
            period,
            devices,
            taken,
            elsewhere: &elsewhere,
            held: &held,
        }))
    }

    /// What a list left out, but the system shows when it is asked for it alone: a list may be cut
    /// short, or change while it is read.
    async fn seen_by_themselves(
        &self,
        known: &Known,
        compared: &Compared,
        taken: &[Taken],
    ) -> Result<Vec<Booked>, Problem> {
        let missing = compared.findings.iter().filter(|f| f.kind == Kind::Missing);
        let mut seen = Vec::new();
        for id in missing
            .filter_map(|finding| finding.payment)
            .take(LOOKED_UP)
        {
            let Some(taken) = taken.iter().find(|taken| taken.payment == id) else {
                continue;
            };
            let rows = self.read(move |reader| reader.deliveries_of(id)).await?;
            // With the invoice that it went to there.
            let row = rows.into_iter().find(|row| row.upstream == known.id);
            let Some(payment) = row.map(|row| row.payment) else {
                continue;
            };
            let way = (&known.client, &SystemClock::new(), &known.client.traffic);
            if look_up(known.system.as_ref(), &payment, way).await == Ok(true) {
                seen.push(shown(&payment, taken));
            }
        }
        Ok(seen)
    }
}

/// What a system shows that has a payment as it should be.
fn shown(payment: &Payment, taken: &Taken) -> Booked {
    let invoice = payment.intent.invoice.as_ref();
    Booked {
        receipt: Some(Text::new(&taken.receipt.to_string())),
        amount: amount(i128::from(taken.minor), taken.currency),
        currency: Some(taken.currency),
        back: !taken.purpose.is_sale(),
        invoice: invoice.map(|invoice| Text::new(invoice.as_str())),
        remote_id: None,
        at: None,
        seal: None,
    }
}
