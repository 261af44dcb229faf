//! An invoicing system that speaks Tryton 8's REST interface, as far as statements need it.
//!
//! It was made by what a real Tryton answers, and `tests/tryton/run` puts the same requests to both. It
//! takes the same receipt number twice; a draft changes no balance; what is done already is refused.

mod book;
mod search;

use jiff::Timestamp;
use payment::Money;
use serde_json::{Value, json};

use super::{Answer, Booked, Request, System, answer};
use book::{Book, Refusal};

/// One database, `clinic`.
#[derive(Debug)]
pub struct Tryton {
    key: String,
    book: Book,
}

impl Tryton {
    /// A database that this key opens, with a statement journal for each of these devices.
    pub fn new(key: &str, devices: &[&str]) -> Self {
        Self {
            key: key.to_owned(),
            book: Book::new(devices),
        }
    }

    /// What is to be paid of an invoice, and its state.
    pub fn invoice(&self, number: u64) -> Option<(rust_decimal::Decimal, &'static str)> {
        self.book.invoice_named(&number.to_string())
    }

    fn act(&mut self, request: &Request) -> Result<(u16, String), Refusal> {
        if request.header("authorization") != Some(&format!("Bearer {}", self.key)) {
            return Err(Refusal::Page(401));
        }
        let (path, query) = split(&request.path_and_query);
        let path = path.strip_prefix("/clinic/rest/model/");
        let path = path.ok_or(Refusal::Page(404))?;
        let parts: Vec<&str> = path.split('/').collect();
        let body = || serde_json::from_slice(&request.body).map_err(|_| Refusal::Page(400));
        let number = |id: &str| id.parse::<u64>().map_err(|_| Refusal::Page(404));
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", [model]) => {
                let records = self.book.records(model).ok_or(Refusal::Page(400))?;
                let found = search::search(records, &query).ok_or(Refusal::Page(400))?;
                Ok((200, Value::Array(found).to_string()))
            }
            ("POST", ["account.statement"]) => {
                let id = self.book.create(&body()?)?;
                Ok((200, self.shown(id, &query)?))
            }
            ("POST", ["account.statement", id, button]) => {
                let id = number(id)?;
                self.book.press(id, button)?;
                Ok((200, self.shown(id, &query)?))
            }
            ("DELETE", ["account.statement", id]) => {
                self.book.delete_statement(number(id)?)?;
                Ok((204, String::new()))
            }
            ("DELETE", ["account.move.reconciliation", id]) => {
                self.book.delete_reconciliation(number(id)?)?;
                Ok((204, String::new()))
            }
            ("PUT", ["account.invoice", id]) => {
                let id = number(id)?;
                let state = self.book.unlink(id, &body()?)?;
                let shown = json!({ "__name__": "account.invoice", "id": id, "state": state });
                Ok((200, shown.to_string()))
            }
            _ => Err(Refusal::Page(405)),
        }
    }

    fn shown(&self, id: u64, query: &[(&str, String)]) -> Result<String, Refusal> {
        let records = self.book.records("account.statement");
        let mut records = records.ok_or(Refusal::Page(400))?;
        records.retain(|record| record["id"] == json!(id));
        let found = search::project(&records, query);
        found
            .first()
            .map(Value::to_string)
            .ok_or(Refusal::Page(404))
    }
}

/// A path, and the values of its query.
fn split(target: &str) -> (&str, Vec<(&str, String)>) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pairs = query.split('&').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        Some((name, value.replace("%3D", "=")))
    });
    (path, pairs.collect())
}

impl System for Tryton {
    fn add_invoice(&mut self, id: u64, total: Money) {
        self.book.add_invoice(&id.to_string(), total.amount());
    }

    fn answer(&mut self, clock: Timestamp, request: &Request) -> Answer {
        match self.act(request) {
            Ok((status, body)) => answer(clock, status, "application/json", &body),
            Err(Refusal::Said(message)) => {
                let body = json!({ "status": 400, "message": message, "description": "" });
                answer(clock, 400, "application/json", &body.to_string())
            }
            Err(Refusal::Page(status)) => {
                let body = format!("<!doctype html>\n<html lang=en>\n<title>{status}</title>\n");
                answer(clock, status, "text/html; charset=utf-8", &body)
            }
        }
    }

    fn is_booking(&self, request: &Request) -> bool {
        request.method != "GET"
    }

    fn trouble(&self, status: u16) -> String {
        format!("<!doctype html>\n<html lang=en>\n<title>{status}</title>\n")
    }

    fn booked(&self) -> Vec<Booked> {
        self.book.booked()
    }
}
