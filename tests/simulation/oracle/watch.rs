//! What is watched while the world runs, at single steps: what is durable before it is done, and what
//! people are told.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use daemon::{
    api::check_names,
    engine::{Answer, Effect, Taken},
    problem::Problem,
};
use drivers::terminal::{Command, Fact};
use payment::{DeviceId, State, advice, closing::ClosingIntent};
use simulator::invoicing::Request;
use sync::queue::JobState;

use super::cards::CARD;
use crate::{trouble::Room, world::World};

/// So long after there is room, whatever was written before has its answer.
const SYNCED: Duration = Duration::from_secs(10);

impl World {
    /// Laws 1 and 4: what goes to a terminal is durable, goes once, and never past a doubt.
    pub(crate) fn watch_a_command(&mut self, number: usize, device: &DeviceId, command: &Command) {
        let (payment, sale) = match command {
            Command::Pay { payment, .. } => (*payment, true),
            Command::Reverse { payment, .. } | Command::Refund { payment, .. } => (*payment, false),
            Command::EndOfDay => {
                self.watch_a_closing(device);
                return self.watch_a_service(device);
            }
            Command::Service(_) => return self.watch_a_service(device),
            Command::LastTransaction | Command::Query { .. } | Command::Abort { .. } => return,
        };
        if self.disk.reader().payment(payment).unwrap().is_none() {
            return self.breaks(
                1,
                format!("{device} is asked for {payment}, which is not durable"),
            );
        }
        if !self.asked.insert(payment) {
            return self.breaks(4, format!("{device} is asked for {payment} twice"));
        }
        self.sales_asked[number] += u32::from(sale);
        let unfinished = self.disk.reader().unfinished().unwrap();
        let other = unfinished.into_iter().find(|other| {
            other.state == State::InDoubt
                && other.intent.device == *device
                && other.intent.id != payment
        });
        if let Some(other) = other {
            let other = other.intent.id;
            self.breaks(
                4,
                format!("{device} is asked for {payment} while {other} is in doubt"),
            );
        }
    }

    /// Law 4: whatever changes a terminal's memory waits for the payment that may be in it.
    fn watch_a_service(&mut self, device: &DeviceId) {
        let unfinished = self.disk.reader().unfinished().unwrap();
        // That an approved one is complete may be on its way to the disk.
        let mut open = unfinished.iter().filter(|p| p.approval.is_none());
        if let Some(payment) = open.find(|p| p.intent.device == *device) {
            let id = payment.intent.id;
            self.breaks(4, format!("{device} serves while {id} is open"));
        }
    }

    /// Laws 1 and 4: the end of a day is durable before its terminal is asked, and somebody waits for it
    /// who has asked as often.
    fn watch_a_closing(&mut self, device: &DeviceId) {
        let begun = self.disk.reader().unfinished_closings().unwrap();
        let Some(closing) = begun.into_iter().find(|c| c.intent.device == *device) else {
            let how = format!("{device} is asked to end a day, and that is not durable");
            return self.breaks(1, how);
        };
        let ClosingIntent { id, key, .. } = closing.intent;
        let mut wanted = self.people.intentions.iter_mut();
        let Some(wanted) = wanted.find(|intention| intention.key == key) else {
            return self.breaks(5, format!("the day end {id} has a key that nobody used"));
        };
        wanted.closes += 1;
        if wanted.open == 0 || wanted.closes > wanted.tries {
            self.breaks(4, format!("the day end {id} is asked for again by itself"));
        }
    }

    /// Law 2: a terminal hears that its approval is kept when it is.
    pub(crate) fn watch_an_acknowledgement(&mut self, number: usize, kept: bool) {
        let fact = self.unstored[number].take();
        let (true, Some(Fact::Approved(approved))) = (kept, fact) else {
            return;
        };
        let payment = approved.payment;
        let row = self.disk.reader().payment(payment).unwrap();
        if row.is_none_or(|row| row.approval.is_none()) {
            self.breaks(
                2,
                format!("the approval of {payment} is acknowledged and not durable"),
            );
        }
    }

    /// Law 10, where a bare card number is under way.
    pub(crate) fn watch_an_effect(&mut self, effect: &Effect) {
        if self.bare_cards && format!("{effect:?}").contains(CARD) {
            self.breaks(10, "a card number is in what the engine does".to_owned());
        }
    }

    /// Laws 7 and 10: nothing is sent before it is durable as being sent.
    pub(crate) fn watch_a_request(&mut self, request: &Request) {
        if self.books.is_booking(request) && !self.is_sending(request) {
            let (path, body) = (&request.path_and_query, &request.body);
            let body = String::from_utf8_lossy(body);
            let how = format!("{path} {body} is sent, and its payment not durable as being sent");
            self.breaks(7, how);
        }
        if self.bare_cards && String::from_utf8_lossy(&request.body).contains(CARD) {
            self.breaks(
                10,
                "a card number is sent to the invoicing system".to_owned(),
            );
        }
    }

    /// Law 8: before its first byte, a job is durable as being sent.
    pub(crate) fn watch_a_first_byte(&mut self, allowed: bool) {
        let begun = self.disk.reader().jobs_under_way().unwrap();
        let durable = begun.iter().any(|job| job.state == JobState::Sending);
        if allowed && !durable {
            self.breaks(
                8,
                "a job is printed and not durable as being sent".to_owned(),
            );
        }
    }

    /// Law 12: a stranger on this machine or elsewhere calls, and is turned away.
    pub(crate) fn a_stranger_calls(&mut self) {
        const PORT: u16 = 8455;
        let random = &mut self.agenda.random;
        let host = random.pick(&[
            "127.0.0.1:8455",
            "localhost:8455",
            "rebound.example:8455",
            "127.0.0.1:80",
        ]);
        let origin = random.pick(&[
            None,
            Some("http://localhost:8455"),
            Some("http://evil.example"),
            Some("https://localhost:8455"),
            Some("null"),
        ]);
        let ours = host.ends_with(":8455") && !host.starts_with("rebound");
        let own_page = origin.is_none_or(|origin| origin == "http://localhost:8455");
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        let let_in = check_names(&headers, PORT).is_ok();
        if let_in != (ours && own_page) {
            let how = format!("a call to {host} from {origin:?} is let in: {let_in}");
            self.breaks(12, how);
        }
    }

    /// Law 13: whatever the desk shows says what to do next.
    pub(crate) fn watch_the_desk(&mut self) {
        if !self.steps.is_multiple_of(8) {
            return;
        }
        let Some(life) = &self.life else { return };
        let silent = life.engine.desk().devices.into_iter();
        let silent = silent
            .into_iter()
            .find(|view| !is_sentence(&view.next_step));
        if let Some(view) = silent {
            let how = format!("{} says “{}” as its next step", view.id, view.next_step);
            self.breaks(13, how);
        }
    }

    pub(crate) fn watch_an_answer(&mut self, answer: &Answer) {
        let room = self.agenda.now.since(self.room_since);
        if let (Err(Problem::StorageFull), Room::Plenty) = (answer, self.room)
            && room > SYNCED
        {
            self.breaks(13, "the disk has room, and is said to be full".to_owned());
        }
        let said = match answer {
            Ok(Taken::Accepted(p) | Taken::Ended(p) | Taken::Repeat(p)) => {
                advice::next_step(p).to_owned()
            }
            Ok(Taken::Closing(_)) => return,
            Ok(Taken::Served(text)) => text.to_string(),
            Err(problem) => problem.to_string(),
        };
        if !is_sentence(&said) {
            self.breaks(13, format!("an answer says “{said}” and not what to do"));
        }
    }
}

fn is_sentence(text: &str) -> bool {
    text.split_whitespace().count() > 1 && text.ends_with(['.', ')', '!', '?'])
}
