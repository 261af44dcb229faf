//! One upstream's worker: the same for the real world and for a simulated one.
//!
//! It sends one request at a time, so at most one create is in flight. What it must not know:
//! SQLite, sockets and how time is told ([`Outbox`], [`Http`], [`Clock`]).

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;
use payment::{PaymentId, Text, UpstreamId};

use super::{
    Action, Change, Clock, Delivery, DeliveryState, Health, Http, Now, Outbox, Reply, Settings,
    Standing, after_go_on, after_plan, after_read, after_send, health::later, next, restarted,
    sending, withdrawn,
};
use crate::upstream::{Class, HttpAnswer, HttpRequest, Upstream};

/// What a round came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// Something moved: there may be more to do at once.
    Moved,
    /// Nothing to do until then, or until something new falls due.
    Idle(Option<Timestamp>),
}

/// What became of a delivery in a round.
enum Step {
    Moved,
    /// Nothing is to be done about it now.
    Stays,
    /// Its next request may not leave before.
    Paced(Timestamp),
}

/// Most questions before a request that changes something.
const QUESTIONS: usize = 12;
/// How much later than the pace allows what was asked still counts.
const STILL_NEW: Duration = Duration::from_secs(5);
/// Spared beyond the date at which an upstream refuses a request.
const SPARE: Duration = Duration::from_mins(1);

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

/// The answers to what had to be known about a delivery.
struct Heard {
    /// The delivery as it was.
    delivery: Delivery,
    answers: Vec<HttpAnswer>,
    /// Until when they are new enough.
    until: Timestamp,
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

    /// Takes one delivery one step on.
    async fn deliver(&mut self, delivery: &Delivery) -> Result<Step, O::Error> {
        let action = match self.next(delivery).await {
            Ok(action) => action,
            Err(until) => return Ok(Step::Paced(until)),
        };
        match action {
            Action::Send(request) => self.send(delivery, request).await?,
            Action::GoOn {
                remote_id,
                step,
                request,
            } => self.go_on(delivery, (remote_id, step), request).await?,
            Action::Stop(class) => self.stop(delivery, class).await?,
            Action::Gone => {
                let state = withdrawn(&delivery.state, self.clock.now(), &mut self.health);
                self.commit(delivery, state, delivery.attempts).await?;
            }
            Action::Ask(_) => {
                let reason = Text::from("The invoicing system had to be asked too much.");
                self.stop(delivery, Class::Ambiguous { reason }).await?;
            }
            Action::ReadBack(request) => self.read_back(delivery, request).await?,
            Action::Become(state) => {
                self.commit(delivery, state, delivery.attempts).await?;
            }
            Action::Wait(at) => {
                self.put_off.insert(delivery.payment.intent.id, at);
                return Ok(Step::Stays);
            }
            Action::Nothing => return Ok(Step::Stays),
        }
        Ok(Step::Moved)
    }

    /// What to do next, with the answers to all that had to be asked for it; or until when the pace
    /// holds the next request back.
    async fn next(&mut self, delivery: &Delivery) -> Result<Action, Timestamp> {
        let now = self.clock.now().steady;
        let heard = self.heard.take();
        let heard = heard.filter(|heard| heard.delivery == *delivery && now <= heard.until);
        let mut answers = heard.map_or_else(Vec::new, |heard| heard.answers);
        loop {
            let action = next(
                delivery,
                self.clock.now(),
                &self.health,
                self.settings,
                self.upstream.as_ref(),
                &answers,
            );
            let leaves = match &action {
                Action::Ask(_) => answers.len() < QUESTIONS,
                Action::Send(_) | Action::GoOn { .. } | Action::ReadBack(_) => true,
                Action::Stop(_)
                | Action::Gone
                | Action::Become(_)
                | Action::Wait(_)
                | Action::Nothing => false,
            };
            if leaves && let Some(until) = self.paced(self.clock.now().steady) {
                self.heard = Some(Heard {
                    delivery: delivery.clone(),
                    answers,
                    until: later(until, STILL_NEW),
                });
                return Err(until);
            }
            match action {
                Action::Ask(request) if leaves => {
                    let answer = self.http.send(request).await;
                    self.asked_at = Some(self.clock.now().steady);
                    answers.push(answer);
                }
                action => return Ok(action),
            }
        }
    }

    async fn stop(&mut self, delivery: &Delivery, class: Class) -> Result<(), O::Error> {
        let now = self.clock.now();
        let random = self.random();
        let state = after_plan(delivery, class, now, &mut self.health, random);
        self.commit(delivery, state, delivery.attempts).await?;
        Ok(())
    }

    async fn go_on(
        &mut self,
        delivery: &Delivery,
        (remote_id, step): (Text, Text),
        request: HttpRequest,
    ) -> Result<(), O::Error> {
        let known = match &delivery.state {
            DeliveryState::Withdrawing { .. } => true,
            DeliveryState::Begun {
                remote_id: id,
                step: at,
                ..
            } => *id == remote_id && *at == step,
            _ => false,
        };
        if !known {
            // What a crash would find again is durable before the request leaves.
            let next_at = self.clock.now().steady;
            let state = DeliveryState::Begun {
                remote_id,
                step,
                next_at,
                reason: None,
            };
            self.commit(delivery, state, delivery.attempts).await?;
            return Ok(());
        }
        let fence = self.fence(self.clock.now());
        let answer = self.http.send(request).await;
        let now = self.clock.now();
        self.asked_at = Some(now.steady);
        let class = self.upstream.classify(now.wall, &answer);
        let random = self.random();
        let reply = match answer {
            HttpAnswer::Response { status: ..500, .. } => Reply::Heard,
            // Something on the way gave up waiting; the system may be at it still.
            HttpAnswer::Response {
                status: 502..=504, ..
            }
            | HttpAnswer::Lost { .. } => Reply::Lost { fence },
            // It is in trouble and wants to be left alone.
            HttpAnswer::Response { .. }
            | HttpAnswer::NotSent { .. }
            | HttpAnswer::Unable { .. } => Reply::Over,
        };
        let state = after_go_on(
            &delivery.state,
            (class, reply),
            now,
            &mut self.health,
            random,
        );
        self.commit(delivery, state, delivery.attempts).await?;
        Ok(())
    }

    async fn send(&mut self, delivery: &Delivery, request: HttpRequest) -> Result<(), O::Error> {
        let attempts = delivery.attempts.saturating_add(1);
        let now = self.clock.now();
        let fence = self.fence(now);
        let state = sending(now);
        if !self.commit(delivery, state, attempts).await? {
            return Ok(());
        }
        let answer = self.http.send(request).await;
        let now = self.clock.now();
        let class = self.upstream.classify(now.wall, &answer);
        let random = self.random();
        let doubt = self.upstream.doubt(now.wall, &delivery.payment);
        let heard = is_its_own(&class);
        let state = after_send(
            delivery,
            doubt,
            class,
            now,
            &mut self.health,
            Settings { fence },
            random,
        );
        self.heed(&answer, heard, now);
        // What never left is no attempt.
        let attempts = match answer {
            HttpAnswer::NotSent { .. } | HttpAnswer::Unable { .. } => delivery.attempts,
            HttpAnswer::Response { .. } | HttpAnswer::Lost { .. } => attempts,
        };
        self.commit(delivery, state, attempts).await?;
        Ok(())
    }

    /// How long a request that leaves now may still be carried out.
    fn fence(&self, now: Now) -> Duration {
        let stale = self.upstream.stale_after();
        let stale = stale.filter(|_| self.health.has_measured(now));
        let fence = self.settings.fence;
        stale.map_or(fence, |stale| fence.min(stale.saturating_add(SPARE)))
    }

    /// What an answer says beside its class: the server's time, where it is its own, and whether it
    /// wants to be left alone.
    fn heed(&mut self, answer: &HttpAnswer, own: bool, now: Now) {
        self.asked_at = Some(now.steady);
        let HttpAnswer::Response { date, .. } = answer else {
            return;
        };
        if let Some(date) = date.filter(|_| own) {
            self.health.measure(now, date);
        }
        if let Some(wish) = answer.wish() {
            self.health.leave_alone(now.steady, wish);
        }
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

    async fn read_back(
        &mut self,
        delivery: &Delivery,
        request: HttpRequest,
    ) -> Result<(), O::Error> {
        let answer = self.http.send(request).await;
        let now = self.clock.now();
        let found = self.upstream.find(&delivery.payment, &answer);
        let class = self.upstream.classify(now.wall, &answer);
        let random = self.random();
        let state = after_read(
            &delivery.state,
            found,
            &class,
            now,
            &mut self.health,
            random,
        );
        self.heed(&answer, is_its_own(&class), now);
        self.commit(delivery, state, delivery.attempts).await?;
        Ok(())
    }

    async fn commit(
        &mut self,
        delivery: &Delivery,
        state: DeliveryState,
        attempts: u32,
    ) -> Result<bool, O::Error> {
        let payment = delivery.payment.intent.id;
        if let Some(at) = state.next_at() {
            self.put_off.insert(payment, at);
        } else {
            self.put_off.remove(&payment);
        }
        let at = self.clock.now().wall;
        tracing::info!(%payment, upstream = %self.id, state = state.as_str(), attempts, "delivery");
        let change = Change {
            upstream: self.id.clone(),
            payment,
            state,
            attempts,
            redirects: delivery.redirects,
            at,
        };
        self.outbox.commit(change).await
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

/// Whether an answer is the upstream's own for certain: anybody on the way may have given another.
fn is_its_own(class: &Class) -> bool {
    !matches!(
        class,
        Class::Ambiguous { .. } | Class::NotSent { .. } | Class::ClockSkew { .. }
    )
}
