//! The delivery's task: what its worker asks, and what goes to the invoicing system.

use std::time::Duration;

use simulator::invoicing::Request;
use sync::{
    delivery::{DeliveryState, Now},
    queue::{Urgency, Write, WriteError},
};

use super::{Life, disk::Origin};
use crate::{
    clinic::invoicing::BASE,
    office::{Asks, Told, no_answer, not_sent},
    world::{Inner, What, World},
};

impl World {
    pub(super) fn now(&self, life: &Life) -> Now {
        let (wall, since) = life.steady;
        let passed = self.agenda.now.since(since);
        Now {
            steady: wall.saturating_add(passed).unwrap_or(wall),
            wall: self.agenda.wall(),
        }
    }

    pub(crate) fn office(&mut self) {
        loop {
            let Some(life) = &self.life else { return };
            let now = self.now(life);
            let Some(life) = &mut self.life else { return };
            let asked = life.office.go_on(now);
            if asked.is_empty() {
                return;
            }
            for (number, asks) in asked {
                self.office_asks(number, asks);
                if self.life.is_none() {
                    return;
                }
            }
        }
    }

    fn office_asks(&mut self, number: u64, asks: Asks) {
        if self.dies() {
            return;
        }
        match asks {
            Asks::Due(now, limit) => {
                let upstream = &self.clinic.config.upstreams[0].id;
                let due = self.disk.reader().deliveries_due(upstream, now, limit);
                let due = due.map_err(|error| WriteError::Damaged(error.to_string()));
                if let Some(life) = &mut self.life {
                    life.office.tell(number, Told::Due(due));
                }
            }
            Asks::Begun(after, limit) => {
                let upstream = &self.clinic.config.upstreams[0].id;
                let begun = self.disk.reader().deliveries_begun(upstream, after, limit);
                let begun = begun.map_err(|error| WriteError::Damaged(error.to_string()));
                if let Some(life) = &mut self.life {
                    life.office.tell(number, Told::Begun(begun));
                }
            }
            Asks::Commit(change) => {
                let write = Write::Delivery {
                    payment: change.payment,
                    upstream: change.upstream,
                    state: change.state,
                    attempts: change.attempts,
                    redirects: change.redirects,
                    at: change.at,
                };
                self.write(Origin::Office(number), write, Urgency::Now);
            }
            Asks::Send(request) => self.send(number, request),
            Asks::Sleep(pause) => {
                let Some(life) = &mut self.life else { return };
                if life.office.was_called() {
                    life.office.tell(number, Told::Woken);
                } else {
                    self.later(pause, Inner::OfficeWakes(number));
                }
            }
        }
    }

    fn send(&mut self, number: u64, request: sync::upstream::HttpRequest) {
        let headers = request.headers.into_iter();
        let request = Request {
            method: request.method.to_owned(),
            path_and_query: request.url.strip_prefix(BASE).unwrap().to_owned(),
            headers: headers.map(|(n, v)| (n.to_string(), v)).collect(),
            body: request.body,
        };
        self.watch_a_request(&request);
        let random = &mut self.agenda.random;
        if self.offline || random.once_in(self.rough.loss.saturating_mul(2)) {
            let pause = random.while_of(1, 5000);
            return self.later(pause, Inner::Office(number, Told::Answer(not_sent())));
        }
        let life = self.life.as_ref().map_or(0, |life| life.number);
        if random.once_in(self.rough.loss.saturating_mul(2)) {
            let pause = Duration::from_secs(30);
            let answer = Told::Answer(no_answer());
            return self.later(pause, Inner::Office(number, answer));
        }
        if random.once_in(self.rough.overtaken) {
            // It is on its way for longer than its sender waits.
            let late = random.while_of(30_000, 240_000);
            self.agenda.after(late, What::Arrives(0, 0, request));
            let answer = Told::Answer(no_answer());
            return self.later(Duration::from_secs(30), Inner::Office(number, answer));
        }
        if !self.books.is_booking(&request) && random.once_in(self.rough.twice) {
            let again = random.while_of(5, 60_000);
            let request = request.clone();
            self.agenda.after(again, What::Arrives(0, 0, request));
        }
        let pause = self.agenda.random.while_of(5, 900);
        self.agenda
            .after(pause, What::Arrives(life, number, request));
    }

    /// Whether a request is durable as being sent: for the payment that it names. What has begun takes more
    /// than one, of which the later ones name no payment.
    pub(crate) fn is_sending(&self, request: &Request) -> bool {
        let upstream = &self.clinic.config.upstreams[0].id;
        let rows = self.disk.reader().deliveries_begun(upstream, 0, u16::MAX);
        let body = String::from_utf8_lossy(&request.body);
        let number = own_number(&body);
        rows.unwrap().iter().any(|(_, row)| {
            let ours = number.map(|number| number == row.payment.receipt.to_string());
            match &row.state {
                DeliveryState::Sending { .. } => ours == Some(true),
                DeliveryState::Begun { .. } | DeliveryState::Withdrawing { .. } => {
                    ours.unwrap_or(true)
                }
                DeliveryState::Queued
                | DeliveryState::Confirmed { .. }
                | DeliveryState::Superseded
                | DeliveryState::Ambiguous { .. }
                | DeliveryState::Refused { .. }
                | DeliveryState::Waiting { .. }
                | DeliveryState::NeedsOperator { .. }
                | DeliveryState::Handled { .. }
                | DeliveryState::Parked { .. } => false,
            }
        })
    }
}

/// The receipt number of what a request books, beside which others may be named.
fn own_number(body: &str) -> Option<&str> {
    const NAMED: [&str; 3] = ["\"reference\":\"", "\"number\":\"", "\"receiptNum\":\""];
    let (_, after) = NAMED.iter().find_map(|name| body.split_once(name))?;
    after.split(['"', ',']).next()
}
