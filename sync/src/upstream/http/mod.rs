//! An HTTP API that the configuration describes: templates for what is sent, and rules for what
//! the answers mean.
//!
//! Every request of one payment is the same, byte for byte, whenever it is sent: only what is
//! signed with a time differs. So a server that remembers a key or a receipt number takes it once.

mod answer;
mod list;
mod sign;
#[cfg(test)]
mod tests;

use std::fmt;

use config::{Body, Call, HttpOptions, KeyStyle, Template, TemplateError, Values};
use jiff::Timestamp;
use payment::{InvoiceRef, Payment, Purpose, ReceiptNumber, Text};

use super::{
    Abilities, Booking, Class, Doubt, Found, HttpAnswer, HttpRequest, InvoiceSeen, ListPage,
    Unsendable, Upstream,
};

/// One API.
pub struct HttpApi {
    id: String,
    url: String,
    options: HttpOptions,
}

impl HttpApi {
    /// The API of a section of the configuration.
    pub fn new(upstream: &config::Upstream, options: &HttpOptions) -> Self {
        Self {
            id: upstream.id.to_string(),
            url: upstream.url.clone(),
            options: options.clone(),
        }
    }

    /// What books, cancels or refunds; or what a person does instead.
    fn call(
        &self,
        payment: &Payment,
        original: Option<&ReceiptNumber>,
    ) -> Result<&Call, Unsendable> {
        let (call, word) = match payment.intent.purpose {
            Purpose::Sale => return Ok(&self.options.create),
            Purpose::Cancel { .. } => (&self.options.cancel, "cancel"),
            Purpose::Refund { .. } => (&self.options.refund, "refund"),
        };
        call.as_ref().ok_or_else(|| {
            let (id, receipt, money) = (&self.id, &payment.receipt, payment.intent.money);
            let of = original.map_or_else(
                || "the first payment".to_owned(),
                |original| format!("the payment {original}"),
            );
            let at = match &payment.intent.invoice {
                Some(invoice) => format!("invoice {invoice}"),
                None => "the right invoice".to_owned(),
            };
            unsendable(&format!(
                "The configuration has no {word} for {id}. Open {at} there, {word} {of} of {money}, \
                 note {receipt} as its number, and mark this delivery as handled."
            ))
        })
    }

    fn request(
        &self,
        call: &Call,
        values: &Values,
        (message_id, now): (&str, Timestamp),
    ) -> Result<HttpRequest, Unsendable> {
        let path = self.fill(&call.path, "path", values)?;
        let (kind, body) = match &call.body {
            None => (None, String::new()),
            Some(Body::Json(template)) => {
                let body = self.fill(template, "body", values)?;
                (Some("application/json"), body)
            }
            Some(Body::Form(template)) => {
                let body = self.fill(template, "form", values)?;
                (Some("application/x-www-form-urlencoded"), body)
            }
        };
        let mut headers = Vec::new();
        headers.extend(kind.map(|kind| ("Content-Type".into(), kind.to_owned())));
        for (name, template) in &self.options.headers {
            let value = self.fill(template, name, values)?;
            headers.push((name.clone().into(), value));
        }
        if let Some(key) = &self.options.signing {
            let signed = sign::headers(key.expose(), message_id, now, body.as_bytes());
            let signed = signed.ok_or_else(|| unsendable("The request cannot be signed."))?;
            headers.extend(signed.map(|(name, value)| (name.into(), value)));
        }
        Ok(HttpRequest {
            method: call.method,
            url: format!("{}{path}", self.url),
            headers,
            body: body.into_bytes(),
        })
    }

    fn fill(&self, template: &Template, name: &str, values: &Values) -> Result<String, Unsendable> {
        template.render(values).map_err(|error| {
            let id = &self.id;
            unsendable(&match error {
                TemplateError::Missing => format!(
                    "The {name} of {id} needs a value that this payment does not have, such as its \
                     invoice. Enter the payment there by hand, and mark this delivery as handled."
                ),
                other => format!(
                    "The {name} of {id} {other}. Enter the payment there by hand, and mark this \
                     delivery as handled."
                ),
            })
        })
    }
}

impl fmt::Debug for HttpApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpApi")
            .field("id", &self.id)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Upstream for HttpApi {
    fn abilities(&self) -> Abilities {
        let options = &self.options;
        Abilities {
            look_up: options.look_up.is_some(),
            cancel: options.cancel.is_some(),
            refund: options.refund.is_some(),
            unallocated: !options.create.path.names("invoice"),
            invoice: options.invoice.is_some(),
            list: options.list.is_some(),
        }
    }

    fn create(&self, now: Timestamp, booking: &Booking<'_>) -> Result<HttpRequest, Unsendable> {
        let Booking {
            payment,
            original,
            redirects,
            seal,
        } = *booking;
        let call = self.call(payment, original)?;
        let mut values = Values::new(payment, original, &self.options.secrets);
        if let Some(seal) = seal {
            let (hash, text) = (hex::encode(seal.hash), seal.to_string());
            values = values.with_seal(seal.seq, seal.device_seq, &hash, &text);
        }
        // Sent to another invoice it is another request: a server that knows the key would give the old
        // answer.
        let id = match redirects {
            0 => payment.intent.id.to_string(),
            n => format!("{}-{n}", payment.intent.id),
        };
        let mut request = self.request(call, &values, (&id, now))?;
        let key = match self.options.idempotency_key {
            None => return Ok(request),
            Some(KeyStyle::Quoted) => format!("\"{id}\""),
            Some(KeyStyle::Bare) => id,
        };
        request.headers.push(("Idempotency-Key".into(), key));
        Ok(request)
    }

    fn classify(&self, now: Timestamp, answer: &HttpAnswer) -> Class {
        answer::classify(&self.options, now, answer)
    }

    fn look_up(&self, now: Timestamp, payment: &Payment) -> Result<HttpRequest, Unsendable> {
        let look_up = self.options.look_up.as_ref();
        let look_up = look_up.ok_or_else(|| {
            let id = &self.id;
            unsendable(&format!("The configuration has no look_up for {id}."))
        })?;
        let values = Values::new(payment, None, &self.options.secrets);
        // Not the booking's own name: a receiver that knows that one would not look.
        let id = format!("{}_look_up", payment.intent.id);
        self.request(&look_up.call, &values, (&id, now))
    }

    fn doubt(&self, now: Timestamp, payment: &Payment) -> Doubt {
        if self.options.look_up.is_some() {
            return Doubt::ReadBack;
        }
        // It was sent after it was taken: until then the server remembers it for certain.
        let age = now.duration_since(payment.intent.at);
        let remembered = |lasts| age >= jiff::SignedDuration::ZERO && age < lasts;
        let lasts = self.options.idempotent_for;
        match lasts.and_then(|lasts| jiff::SignedDuration::try_from(lasts).ok()) {
            Some(lasts) if remembered(lasts) => Doubt::SendAgain,
            _ => Doubt::Person,
        }
    }

    fn find(&self, payment: &Payment, answer: &HttpAnswer) -> Found {
        match &self.options.look_up {
            Some(look_up) => answer::find(&self.id, look_up, payment, answer),
            None => Found::Unreadable {
                reason: Text::from("There is nothing to read back with."),
            },
        }
    }

    fn invoice(&self, now: Timestamp, invoice: &InvoiceRef) -> Option<HttpRequest> {
        let look_up = self.options.invoice.as_ref()?;
        let values = Values::of_invoice(invoice, &self.options.secrets);
        let id = format!("invoice_{}", now.as_millisecond());
        self.request(&look_up.call, &values, (&id, now)).ok()
    }

    fn read_invoice(&self, _: &InvoiceRef, answer: &HttpAnswer) -> InvoiceSeen {
        match &self.options.invoice {
            Some(look_up) => list::invoice_seen(&self.id, look_up, answer),
            None => InvoiceSeen::Unreadable {
                reason: Text::from("This system cannot be asked for an invoice."),
            },
        }
    }

    fn list(
        &self,
        now: Timestamp,
        from: Timestamp,
        to: Timestamp,
        page: u32,
    ) -> Option<HttpRequest> {
        let list = self.options.list.as_ref()?;
        let values = Values::of_list(from, to, page, &self.options.secrets);
        let id = format!("list_{}_{page}", now.as_millisecond());
        self.request(&list.call, &values, (&id, now)).ok()
    }

    fn read_list(&self, answer: &HttpAnswer) -> Result<ListPage, Text> {
        match &self.options.list {
            Some(list) => list::read(&self.id, list, answer),
            None => Err(Text::from("The configuration has no list for this system.")),
        }
    }
}

fn unsendable(reason: &str) -> Unsendable {
    Unsendable(Text::new(reason))
}
