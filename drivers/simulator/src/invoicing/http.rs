//! An invoicing system with a plain HTTP API of its own, for `kind = "http"`.
//!
//! `POST /v1/invoices/{id}/payments`, `POST /v1/refunds` and `/v1/cancels` book,
//! `GET /v1/payments?reference=…` reads back. It can remember idempotency keys and check Standard
//! Webhooks' signatures. It refuses to overpay, and takes the same reference twice.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use payment::Money;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::Sha256;

use super::{Answer, Booked, Request, System, json};

/// How old, or how far ahead, a signature may be, in seconds.
const TOLERANCE: i64 = 300;

/// One clinic's account.
#[derive(Debug, Default)]
pub struct HttpApi {
    token: String,
    signing: Option<Vec<u8>>,
    /// The answers by their keys, if they are remembered.
    remembered: Option<BTreeMap<String, Remembered>>,
    invoices: BTreeMap<u64, Decimal>,
    booked: Vec<Booked>,
}

/// The body of a request, and the status and body of its answer.
type Remembered = (Vec<u8>, u16, String);

/// Status, code and message of a refusal.
type Refusal = (u16, &'static str, &'static str);

#[derive(Deserialize)]
struct Booking {
    reference: String,
    amount: Box<RawValue>,
    #[serde(default)]
    invoice: Option<String>,
}

impl HttpApi {
    /// An account that is opened by this token.
    pub fn new(token: &str) -> Self {
        Self {
            token: token.to_owned(),
            ..Self::default()
        }
    }

    /// Takes only what is signed with this key.
    #[must_use]
    pub fn with_signing(mut self, key: &[u8]) -> Self {
        self.signing = Some(key.to_vec());
        self
    }

    /// Gives the first answer again when an `Idempotency-Key` comes again.
    #[must_use]
    pub fn with_memory(mut self) -> Self {
        self.remembered = Some(BTreeMap::new());
        self
    }

    fn check(&self, clock: Timestamp, request: &Request) -> Result<(), Refusal> {
        let wanted = format!("Bearer {}", self.token);
        if request.header("authorization") != Some(&wanted) {
            return Err((401, "unauthorised", "The token is wrong"));
        }
        let Some(key) = &self.signing else {
            return Ok(());
        };
        let unsigned = (401, "unsigned", "The signature is wrong");
        let header = |name| request.header(name).ok_or(unsigned);
        let (id, time) = (header("webhook-id")?, header("webhook-timestamp")?);
        let given = header("webhook-signature")?.split(' ');
        let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| unsigned)?;
        mac.update(format!("{id}.{time}.").as_bytes());
        mac.update(&request.body);
        let right = given
            .filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok())
            .any(|one| mac.clone().verify_slice(&one).is_ok());
        if !right || id.is_empty() {
            return Err(unsigned);
        }
        let time: i64 = time.parse().map_err(|_| unsigned)?;
        if (clock.as_second() - time).abs() > TOLERANCE {
            return Err((401, "stale", "The signature is too old"));
        }
        Ok(())
    }

    fn act(&mut self, request: &Request) -> Result<(u16, String), Refusal> {
        let path = request.path_and_query.as_str();
        let gone = (404, "not_found", "There is nothing here");
        match request.method.as_str() {
            "GET" => {
                let wanted = path.strip_prefix("/v1/payments?reference=").ok_or(gone)?;
                Ok((200, self.list(wanted)))
            }
            "POST" => {
                let invalid = (400, "invalid", "The body does not validate");
                let booking: Booking =
                    serde_json::from_slice(&request.body).map_err(|_| invalid)?;
                let amount: Decimal = booking.amount.get().parse().map_err(|_| invalid)?;
                let id = |text: &str| text.parse::<u64>().ok();
                let of = || booking.invoice.as_deref().and_then(id).ok_or(invalid);
                let (invoice, amount) = match path {
                    "/v1/refunds" | "/v1/cancels" => (of()?, -amount),
                    _ => {
                        let id = path
                            .strip_prefix("/v1/invoices/")
                            .and_then(|p| p.strip_suffix("/payments"));
                        let known = (404, "no_invoice", "There is no such invoice");
                        let id = id.ok_or(gone)?.parse().map_err(|_| known)?;
                        (id, amount)
                    }
                };
                self.book(invoice, booking.reference, amount)
            }
            _ => Err((405, "method", "This method is not for here")),
        }
    }

    fn book(
        &mut self,
        invoice: u64,
        receipt: String,
        amount: Decimal,
    ) -> Result<(u16, String), Refusal> {
        let total = self.invoices.get(&invoice);
        let total = *total.ok_or((404, "no_invoice", "There is no such invoice"))?;
        let on = self.booked.iter().filter(|b| b.invoice == invoice);
        let paid: Decimal = on.map(|b| b.amount).sum();
        if paid + amount > total {
            return Err((422, "overpaid", "That is more than is open on the invoice"));
        }
        self.booked.push(Booked {
            invoice,
            receipt,
            amount,
        });
        Ok((
            201,
            format!(r#"{{"payment":{{"id":"p{}"}}}}"#, self.booked.len()),
        ))
    }

    fn list(&self, receipt: &str) -> String {
        let items: Vec<String> = (1..)
            .zip(&self.booked)
            .filter(|(_, booked)| booked.receipt == receipt)
            .map(|(id, booked)| {
                let (receipt, amount) = (
                    serde_json::Value::from(booked.receipt.as_str()),
                    booked.amount,
                );
                format!(r#"{{"id":"p{id}","reference":{receipt},"amount":{amount}}}"#)
            })
            .collect();
        format!(
            r#"{{"items":[{}],"total":{}}}"#,
            items.join(","),
            items.len()
        )
    }
}

impl System for HttpApi {
    fn add_invoice(&mut self, id: u64, total: Money) {
        self.invoices.insert(id, total.amount());
    }

    fn answer(&mut self, clock: Timestamp, request: &Request) -> Answer {
        if let Err(refusal) = self.check(clock, request) {
            let (status, body) = refused(refusal);
            return json(clock, status, &body);
        }
        let key = request.header("idempotency-key").map(str::to_owned);
        let known = key
            .as_ref()
            .zip(self.remembered.as_ref())
            .and_then(|(key, all)| all.get(key));
        if let Some((body, status, answer)) = known {
            if *body == request.body {
                return json(clock, *status, answer);
            }
            let (status, body) = refused((422, "key_reused", "The key was for something else"));
            return json(clock, status, &body);
        }
        let (status, body) = self.act(request).unwrap_or_else(refused);
        if let (Some(key), Some(all)) = (key, self.remembered.as_mut()) {
            all.insert(key, (request.body.clone(), status, body.clone()));
        }
        json(clock, status, &body)
    }

    fn is_booking(&self, request: &Request) -> bool {
        request.method == "POST"
    }

    fn trouble(&self, status: u16) -> String {
        format!(r#"{{"error":{{"code":"trouble","message":"Status {status}"}}}}"#)
    }

    fn booked(&self) -> Vec<Booked> {
        self.booked.clone()
    }
}

fn refused((status, code, message): Refusal) -> (u16, String) {
    let body = format!(r#"{{"error":{{"code":"{code}","message":"{message}"}}}}"#);
    (status, body)
}
