//! One upstream's worker: the same for the real world and for a simulated one. Here is when it works;
//! what it does with a delivery is in [`deliver`].
//!
//! It sends one request at a time, so at most one create is in flight. What it must not know:
//! SQLite, sockets and how time is told ([`Outbox`], [`Http`], [`Clock`]).

mod deliver;

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;
use payment::{PaymentId, Text, UpstreamId};

use super::{Clock, Health, Http, Outbox, Settings, Standing, health::later, restarted};
use crate::upstream::{Class, HttpAnswer, Upstream};
use deliver::{Heard, Step};

/// What a round came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// Something moved: there may be more to do at once.
    Moved,
    /// Nothing to do until then, or until something new falls due.
    Idle(Option<Timestamp>),
}

/// Rows that are looked at in one round: one, unless the first ones cannot move.
const PAGE: u16 = 16;

/// The worker of one upstream.
pub struct Worker<O, H, C> {
    id: UpstreamId,
    upstream: Box<dyn Upstream>,
    outbox: O,
    http: H,
    clock: C,
    settings: Settings,
    health: Health,
    /// When the deliveries that this worker put off are due again.
    put_off: HashMap<PaymentId, Timestamp>,
    /// When the last request ended.
    asked_at: Option<Timestamp>,
    /// What was asked about a delivery whose next request the pace holds back.
    heard: Option<Heard>,
    /// Whether the upstream's own settings were looked at.
    checked: bool,
    /// What that look found.
    findings: Vec<Text>,
    random: u64,
}

impl<O: Outbox, H: Http, C: Clock> Worker<O, H, C> {
    /// A worker. `seed` is for jitter.
    pub fn new(
        config: &config::Upstream,
        upstream: Box<dyn Upstream>,
        (outbox, http, clock): (O, H, C),
        seed: u64,
    ) -> Self {
        Self {
            id: config.id.clone(),
            upstream,
            outbox,
            http,
            clock,
            settings: Settings {
                fence: config.fence,
            },
            health: Health::default(),
            put_off: HashMap::new(),
            asked_at: None,
            heard: None,
            checked: false,
            findings: Vec::new(),
            random: seed,
        }
    }

    /// How the upstream stands now.
    pub fn standing(&self) -> Standing {
        Standing {
            pause: self.health.pause(self.clock.now().steady),
            findings: self.findings.clone(),
        }
    }

    /// A person wants it to be tried now: a pause that was ours ends, and the upstream's settings are
    /// looked at again.
    pub fn hurry(&mut self) {
        self.health.hurry();
        self.checked = false;
    }

    /// How long it is until a moment that a round named.
    pub fn until(&self, at: Timestamp) -> Duration {
        let left = at.duration_since(self.clock.now().steady);
        Duration::try_from(left).unwrap_or_default()
    }

    /// Takes over what an earlier process left. To be called once, before the first round.
    ///
    /// # Errors
    /// When the outbox fails; it can be called again.
    pub async fn restart(&mut self) -> Result<(), O::Error> {
        let mut after = 0;
        loop {
            let begun = self.outbox.begun(&self.id, after, PAGE).await?;
            let Some((last, _)) = begun.last() else {
                return Ok(());
            };
            after = *last;
            for (_, delivery) in begun {
                if let Some(state) = restarted(&delivery.state, self.clock.now(), self.settings) {
                    self.commit(&delivery, state, delivery.attempts).await?;
                }
            }
        }
    }

    /// Takes the oldest due delivery one step on: at most one request.
    ///
    /// # Errors
    /// When the outbox fails. Nothing is lost: a request whose outcome could not be kept is found
    /// again as `sending`.
    pub async fn round(&mut self) -> Result<Round, O::Error> {
        let now = self.clock.now().steady;
        if let Some(until) = self.health.paused_until(now).or_else(|| self.paced(now)) {
            return Ok(Round::Idle(Some(until)));
        }
        if !self.checked
            && let Some(until) = self.check().await
        {
            return Ok(Round::Idle(Some(until)));
        }
        // The look at the settings counts too.
        if let Some(until) = self.paced(self.clock.now().steady) {
            return Ok(Round::Idle(Some(until)));
        }
        self.put_off.retain(|_, at| *at > now);
        for delivery in self.outbox.due(&self.id, now, PAGE).await? {
            match self.deliver(&delivery).await? {
                Step::Moved => return Ok(Round::Moved),
                Step::Paced(until) => return Ok(Round::Idle(Some(until))),
                Step::Stays => {}
            }
        }
        Ok(Round::Idle(self.put_off.values().min().copied()))
    }

    /// When the next request may leave, where the upstream wants a pace.
    fn paced(&self, now: Timestamp) -> Option<Timestamp> {
        let next = later(self.asked_at?, self.upstream.pace()?);
        (next > now).then_some(next)
    }

    /// Asks the upstream for its settings, once it is reached. Says until when nothing may be sent.
    async fn check(&mut self) -> Option<Timestamp> {
        let now = self.clock.now();
        let Some(request) = self.upstream.check(self.health.server_time(now.wall)) else {
            self.checked = true;
            return None;
        };
        let answer = self.http.send(request).await;
        let now = self.clock.now();
        self.asked_at = Some(now.steady);
        let random = self.random();
        if let HttpAnswer::NotSent { reason } = &answer {
            return Some(self.health.offline(now.steady, reason, random));
        }
        if let HttpAnswer::Unable { reason } = &answer {
            return Some(self.health.parked(now.steady, reason));
        }
        if let Class::NotExecuted {
            reason,
            retry_after,
        } = self.upstream.classify(now.wall, &answer)
        {
            let until = self
                .health
                .troubled(now.steady, &reason, retry_after, random);
            return Some(until);
        }
        let findings = self.upstream.read_check(&answer);
        for finding in &findings {
            tracing::warn!(upstream = %self.id, finding = %finding.text, "the configuration is wrong");
        }
        let parks = findings.iter().find(|finding| finding.parks);
        let pause = parks.map(|finding| self.health.parked(now.steady, &finding.text));
        // What parks is the pause's own reason.
        let rest = findings.into_iter().filter(|finding| !finding.parks);
        self.findings = rest.map(|finding| finding.text).collect();
        if pause.is_some() {
            return pause;
        }
        self.checked = true;
        None
    }

    /// SplitMix64: enough to spread retries.
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
