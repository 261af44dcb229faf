//! The invoicing systems of a clinic: how each kind is configured here, and its books.

use jiff::Timestamp;
use simulator::invoicing::{Booked, Fault, HttpApi, Ivvy, Reply, Request, Sandbox, System, Tryton};

use super::DEVICES;

/// The invoicing system, whatever its kind.
pub(crate) trait Books {
    fn handle(&mut self, now: Timestamp, request: &Request) -> Reply;
    fn arrive(&mut self, now: Timestamp);
    fn is_booking(&self, request: &Request) -> bool;
    fn booked(&self) -> Vec<Booked>;
    fn arm(&mut self, fault: Fault);
    fn disarm(&mut self);
    fn add_invoice(&mut self, id: u64, total: payment::Money);
}

impl<S: System> Books for Sandbox<S> {
    fn handle(&mut self, now: Timestamp, request: &Request) -> Reply {
        Self::handle(self, now, request)
    }

    fn arrive(&mut self, now: Timestamp) {
        Self::arrive(self, now);
    }

    fn is_booking(&self, request: &Request) -> bool {
        S::is_booking(self, request)
    }

    fn booked(&self) -> Vec<Booked> {
        S::booked(self)
    }

    fn arm(&mut self, fault: Fault) {
        Self::arm(self, fault, 1);
    }

    fn disarm(&mut self) {
        Self::disarm(self);
    }

    fn add_invoice(&mut self, id: u64, total: payment::Money) {
        S::add_invoice(self, id, total);
    }
}

/// A worklist: nothing is sent, and a person types.
struct Worklist;

impl Books for Worklist {
    fn handle(&mut self, _: Timestamp, _: &Request) -> Reply {
        Reply::Away
    }

    fn arrive(&mut self, _: Timestamp) {}

    fn is_booking(&self, _: &Request) -> bool {
        // Whatever is sent to nobody is wrong.
        true
    }

    fn booked(&self) -> Vec<Booked> {
        Vec::new()
    }

    fn arm(&mut self, _: Fault) {}

    fn disarm(&mut self) {}

    fn add_invoice(&mut self, _: u64, _: payment::Money) {}
}

/// The kind of the invoicing system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Office {
    Ivvy,
    Http,
    Tryton,
    Worklist,
}

pub(crate) const BASE: &str = "https://upstream.example";
pub(super) const SECRET: &str = "my secret key";
pub(super) const KEY: &str = "not-a-real-key";

const IVVY: &str = r#"
[[upstream]]
id = "office"
kind = "ivvy"
url = "https://upstream.example"
api_key = "key"
secret = { credential = "secret" }
[upstream.methods]
card = 11
cash = 6
"#;

const TRYTON: &str = r#"
[[upstream]]
id = "office"
kind = "tryton"
url = "https://upstream.example/clinic"
key = { credential = "key" }
time_zone = "UTC"
"#;

const WORKLIST: &str = r#"
[[upstream]]
id = "office"
kind = "worklist"
form = "dentaltap"
"#;

const HTTP: &str = r#"
message = "/error/message"
[upstream.secrets]
token = { credential = "secret" }
[upstream.headers]
Authorization = "Bearer {{ secret.token }}"
[upstream.create]
path = "/v1/invoices/{{ invoice }}/payments"
body = '{"reference":{{ receipt }},"amount":{{ amount }},"group":{{ device }},"note":"{{ note }}"}'
[upstream.success]
status = "201"
remote_id = "/payment/id"
[[upstream.answer]]
status = "401"
pointer = "/error/code"
equals = "stale"
class = "clock"
[[upstream.answer]]
status = "404"
pointer = "/error/code"
equals = "no_invoice"
class = "refused"
[upstream.look_up]
path = "/v1/payments?reference={{ receipt }}"
list = "/items"
receipt = "/reference"
amount = "/amount"
remote_id = "/id"
total = "/total"
[upstream.cancel]
path = "/v1/cancels"
body = '{"invoice":{{ invoice }},"reference":{{ receipt }},"of":{{ original }},"amount":{{ amount }}}'
[upstream.refund]
path = "/v1/refunds"
body = '{"invoice":{{ invoice }},"reference":{{ receipt }},"of":{{ original }},"amount":{{ amount }}}'
"#;

impl Office {
    pub(crate) fn books(self) -> Box<dyn Books> {
        match self {
            Self::Ivvy => Box::new(Sandbox::new(Ivvy::new("key", SECRET))),
            Self::Http => Box::new(Sandbox::new(HttpApi::new(SECRET))),
            Self::Tryton => Box::new(Sandbox::new(Tryton::new(KEY, &DEVICES))),
            Self::Worklist => Box::new(Worklist),
        }
    }

    pub(super) fn section(self) -> String {
        match self {
            Self::Ivvy => IVVY.to_owned(),
            Self::Tryton => TRYTON.to_owned(),
            Self::Worklist => WORKLIST.to_owned(),
            Self::Http => {
                format!(
                    "\n[[upstream]]\nid = \"office\"\nkind = \"http\"\nurl = \"{BASE}\"\n{HTTP}"
                )
            }
        }
    }
}
