//! Systems that programs cannot talk to: a payment becomes a row of exactly the fields of the
//! system's own form, and a person copies it there.
//!
//! Nothing is ever sent. What this module must not know: who ticked a row off, and when.

mod caspen;
mod dentaltap;
#[cfg(test)]
mod tests;

use config::{WorklistForm, WorklistOptions};
use jiff::{Timestamp, tz::TimeZone};
use payment::{InvoiceRef, Payment, Purpose, ReceiptNumber, Text, UpstreamId};

use super::{Abilities, Booking, Class, Found, HttpAnswer, HttpRequest, Unsendable, Upstream};

/// The list of one system.
#[derive(Debug, Clone)]
pub struct Worklist {
    id: UpstreamId,
    options: WorklistOptions,
}

/// What a person copies into the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it is to that system, in its words.
    pub task: &'static str,
    /// What stands in each of the form's fields, in their order.
    pub values: Vec<String>,
    /// What to do, one step after the other.
    pub steps: Vec<String>,
}

impl Worklist {
    /// The list of a section of the configuration.
    pub fn new(upstream: &config::Upstream, options: &WorklistOptions) -> Self {
        Self {
            id: upstream.id.clone(),
            options: options.clone(),
        }
    }

    /// All lists of a configuration.
    pub fn all(config: &config::Config) -> Vec<Self> {
        let lists = config.upstreams.iter();
        lists
            .filter_map(|upstream| match &upstream.kind {
                config::UpstreamKind::Worklist(options) => Some(Self::new(upstream, options)),
                _ => None,
            })
            .collect()
    }

    /// The upstream's name.
    pub fn id(&self) -> &UpstreamId {
        &self.id
    }

    /// Which form.
    pub fn form(&self) -> WorklistForm {
        self.options.form
    }

    /// The system's name, as a person knows it.
    pub fn system(&self) -> &'static str {
        match self.options.form {
            WorklistForm::Dentaltap => "Dentaltap",
            WorklistForm::Caspen => "Caspen",
        }
    }

    /// The form's fields, in their order.
    pub fn fields(&self) -> &'static [&'static str] {
        match self.options.form {
            WorklistForm::Dentaltap => &dentaltap::FIELDS,
            WorklistForm::Caspen => &caspen::FIELDS,
        }
    }

    /// The row of a payment. `original` is the number of the payment that a cancel or refund
    /// names; the form wants the time of day in `zone`.
    pub fn row(&self, payment: &Payment, original: Option<&ReceiptNumber>, zone: &TimeZone) -> Row {
        let copied = Copied {
            payment,
            of: original.map_or_else(|| "first".to_owned(), ToString::to_string),
            method: self
                .options
                .method(&payment.intent.device, payment.intent.method),
            at: payment
                .intent
                .at
                .to_zoned(zone.clone())
                .strftime("%Y-%m-%d %H:%M")
                .to_string(),
        };
        match self.options.form {
            WorklistForm::Dentaltap => dentaltap::row(&copied),
            WorklistForm::Caspen => caspen::row(&copied, self.options.location.as_deref()),
        }
    }

    /// What the delivery says to a person.
    fn by_hand(&self, payment: &Payment, original: Option<&ReceiptNumber>) -> Unsendable {
        let system = self.system();
        let (receipt, money) = (&payment.receipt, payment.intent.money);
        let what = match (payment.intent.purpose, original) {
            (Purpose::Sale, _) => format!("{receipt} of {money}"),
            (Purpose::Cancel { .. }, Some(of)) => format!("the cancel {receipt} of {of}"),
            (Purpose::Cancel { .. }, None) => format!("the cancel {receipt}"),
            (Purpose::Refund { .. }, Some(of)) => {
                format!("the refund {receipt} of {money} of {of}")
            }
            (Purpose::Refund { .. }, None) => format!("the refund {receipt} of {money}"),
        };
        let at = payment.intent.invoice.as_ref();
        let at = at.map_or_else(String::new, |invoice| format!(" at invoice {invoice}"));
        Unsendable(Text::new(&format!(
            "{system} takes nothing from programs. Enter {what}{at} there as the worklist says, and \
             tick it off."
        )))
    }
}

/// What the forms have in common.
struct Copied<'a> {
    payment: &'a Payment,
    /// The receipt number of the payment that a cancel or refund names.
    of: String,
    /// In the form's words.
    method: &'a str,
    /// Date and time, at the desk.
    at: String,
}

impl Copied<'_> {
    fn amount(&self) -> String {
        self.payment.intent.money.amount().to_string()
    }

    fn receipt(&self) -> String {
        self.payment.receipt.to_string()
    }

    fn invoice(&self) -> Option<&str> {
        self.payment.intent.invoice.as_ref().map(InvoiceRef::as_str)
    }
}

impl Upstream for Worklist {
    fn abilities(&self) -> Abilities {
        Abilities {
            cancel: true,
            refund: true,
            unallocated: true,
            ..Abilities::default()
        }
    }

    fn create(&self, _now: Timestamp, booking: &Booking<'_>) -> Result<HttpRequest, Unsendable> {
        Err(self.by_hand(booking.payment, booking.original))
    }

    fn classify(&self, _now: Timestamp, _answer: &HttpAnswer) -> Class {
        Class::NotSent {
            reason: Text::from("Nothing is sent to a worklist."),
        }
    }

    fn look_up(&self, _now: Timestamp, payment: &Payment) -> Result<HttpRequest, Unsendable> {
        Err(self.by_hand(payment, None))
    }

    fn find(&self, payment: &Payment, _answer: &HttpAnswer) -> Found {
        let Unsendable(reason) = self.by_hand(payment, None);
        Found::Conflict { reason }
    }
}
