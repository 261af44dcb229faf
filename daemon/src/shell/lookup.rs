//! What an invoicing system says of an invoice, before a payment is taken for it.
//!
//! It is asked away from the engine and for a short while only: a system that is away never keeps
//! anybody from paying.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use config::Config;
use jiff::Timestamp;
use payment::{Intent, InvoiceRef, Text, UpstreamId, with_decimals};
use rust_decimal::Decimal;
use sync::{
    delivery::{Client, Contact, Http, never_left},
    upstream::{self, Abilities, HttpAnswer, InvoiceSeen, Upstream},
};
use tokio::time::Instant;

use super::{
    Handle,
    reconcile::{TimedClient, Traffic},
};
use crate::problem::Problem;

/// Longest that a payment waits for the answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a system that did not answer is not asked.
const SILENCE: Duration = Duration::from_secs(30);

/// An invoicing system of the configuration.
pub struct Known {
    /// Its name.
    pub id: UpstreamId,
    /// What can be asked of it.
    pub can: Abilities,
    pub(super) system: Box<dyn Upstream>,
    pub(super) client: TimedClient,
    /// The way to its worker.
    pub contact: Arc<Contact>,
    /// Not asked before this moment, however this machine's clock is set.
    silent_until: Mutex<Option<Instant>>,
}

/// What one system says of an invoice.
#[derive(Debug)]
pub struct Asked {
    /// Which system.
    pub upstream: UpstreamId,
    /// What it says.
    pub seen: InvoiceSeen,
    /// What was paid here and has certainly not reached it yet.
    pub waiting: Decimal,
}

impl Known {
    /// All of them.
    pub(super) fn all(config: &Config) -> Vec<Self> {
        let client = Client::default();
        let sections = config.upstreams.iter();
        sections.map(|one| Self::of(one, &client)).collect()
    }

    fn of(section: &config::Upstream, client: &Client) -> Self {
        let system = upstream::from_config(section);
        Self {
            id: section.id.clone(),
            can: system.abilities(),
            system,
            client: TimedClient {
                client: client.clone(),
                traffic: Traffic::default(),
            },
            contact: Arc::default(),
            silent_until: Mutex::new(None),
        }
    }

    async fn ask(
        &self,
        now: Timestamp,
        steady: Instant,
        invoice: &InvoiceRef,
    ) -> Option<InvoiceSeen> {
        let request = self.system.invoice(now, invoice)?;
        let away = || InvoiceSeen::Unreadable {
            reason: Text::new(&format!("{} cannot be reached at this moment.", self.id)),
        };
        if self.silent().is_some_and(|until| until > steady) {
            return Some(away());
        }
        let answer = tokio::time::timeout(PATIENCE, self.client.send(request)).await;
        Some(match answer {
            Ok(answer @ HttpAnswer::Response { .. }) => self.system.read_invoice(invoice, &answer),
            Ok(
                HttpAnswer::NotSent { .. } | HttpAnswer::Unable { .. } | HttpAnswer::Lost { .. },
            )
            | Err(_) => {
                *self.silent() = steady.checked_add(SILENCE);
                away()
            }
        })
    }

    fn silent(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        let silent = self.silent_until.lock();
        silent.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handle {
    /// The invoicing systems.
    pub fn upstreams(&self) -> &[Known] {
        &self.upstreams
    }

    /// What the systems that can be asked say of an invoice.
    ///
    /// # Errors
    /// When the queue cannot be read.
    pub async fn ask_for_invoice(&self, invoice: &InvoiceRef) -> Result<Vec<Asked>, Problem> {
        let (now, steady) = (self.now(), Instant::now());
        let systems = self.upstreams.iter();
        let asked = systems.map(|known| known.ask(now, steady, invoice));
        let answers = futures_util::future::join_all(asked).await;
        let mut all = Vec::new();
        for (known, seen) in self.upstreams.iter().zip(answers) {
            let Some(seen) = seen else { continue };
            let waiting = self.waiting_for(&known.id, invoice).await?;
            all.push(Asked {
                upstream: known.id.clone(),
                seen,
                waiting,
            });
        }
        Ok(all)
    }

    /// What was paid for an invoice here and has certainly not reached that system yet.
    async fn waiting_for(
        &self,
        upstream: &UpstreamId,
        invoice: &InvoiceRef,
    ) -> Result<Decimal, Problem> {
        let (upstream, invoice) = (upstream.clone(), invoice.clone());
        let open = self
            .read(move |reader| reader.open_of_invoice(&upstream, &invoice))
            .await?;
        let paid = open
            .iter()
            .filter(|d| d.payment.intent.purpose.is_sale() && never_left(&d.state, d.attempts));
        Ok(paid.map(|d| d.payment.intent.money.amount()).sum())
    }

    /// Whether an invoice takes what is to be paid for it, as far as the systems say so. What was begun
    /// before under the same key goes on, whatever they say.
    ///
    /// # Errors
    /// When it does not.
    pub async fn may_pay(&self, intent: &Intent) -> Result<(), Problem> {
        let Some(invoice) = &intent.invoice else {
            return Ok(());
        };
        if !self.upstreams.iter().any(|known| known.can.invoice) {
            return Ok(());
        }
        let key = intent.key.clone();
        let known = self.read(move |reader| reader.payment_by_key(&key)).await?;
        if known.is_some() {
            return Ok(());
        }
        for asked in self.ask_for_invoice(invoice).await? {
            may_pay(intent, invoice, &asked)?;
        }
        Ok(())
    }
}

fn may_pay(intent: &Intent, invoice: &InvoiceRef, asked: &Asked) -> Result<(), Problem> {
    let (amount, currency) = (intent.money.amount(), intent.money.currency());
    match &asked.seen {
        InvoiceSeen::Open {
            outstanding,
            currency: in_currency,
        } => {
            let open = (*outstanding - asked.waiting).max(Decimal::ZERO);
            match in_currency {
                Some(other) if *other != currency => Err(Problem::InvoiceTakesNothing {
                    reason: Text::new(&format!(
                        "Invoice {invoice} is in {}, and the payment would be in {}.",
                        other.code(),
                        currency.code()
                    )),
                }),
                _ if amount > open => Err(Problem::Overpayment {
                    invoice: invoice.clone(),
                    open: with_decimals(open, currency),
                    currency: currency.code(),
                    amount,
                }),
                _ => Ok(()),
            }
        }
        InvoiceSeen::Closed { reason } | InvoiceSeen::NotFound { reason } => {
            let reason = reason.clone();
            Err(Problem::InvoiceTakesNothing { reason })
        }
        // Nobody is kept from paying by what cannot be known.
        InvoiceSeen::Unreadable { .. } => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use config::{IvvyOptions, Secret, UpstreamKind};
    use payment::{Method, Money, PaymentId, Purpose, parse_currency};

    use super::*;

    fn intent(amount: &str) -> Intent {
        let currency = parse_currency("EUR").unwrap();
        Intent {
            id: PaymentId::from_bytes([1; 16]),
            key: "k".parse().unwrap(),
            device: "desk1".parse().unwrap(),
            purpose: Purpose::Sale,
            money: Money::parse(amount, currency).unwrap(),
            method: Method::Card,
            invoice: Some("156".parse().unwrap()),
            note: None,
            services: payment::Services::default(),
            at: Timestamp::UNIX_EPOCH,
            before: None,
        }
    }

    #[test]
    fn only_what_is_known_to_be_too_much_is_refused() {
        let open = |open: &str, code: Option<&str>| InvoiceSeen::Open {
            outstanding: open.parse().unwrap(),
            currency: code.map(|code| parse_currency(code).unwrap()),
        };
        let said = || Text::from("The invoice is paid.");
        for (amount, seen, waiting, expected) in [
            ("80.00", open("80.00", Some("EUR")), "0", None),
            ("80.00", open("80", None), "0", None),
            ("80.01", open("80.00", None), "0", Some("overpayment")),
            ("80.00", open("80.00", None), "0.01", Some("overpayment")),
            ("1.00", open("-5.00", None), "0", Some("overpayment")),
            (
                "1.00",
                open("80.00", Some("CHF")),
                "0",
                Some("invoice-takes-nothing"),
            ),
            (
                "1.00",
                InvoiceSeen::Closed { reason: said() },
                "0",
                Some("invoice-takes-nothing"),
            ),
            (
                "1.00",
                InvoiceSeen::NotFound { reason: said() },
                "0",
                Some("invoice-takes-nothing"),
            ),
            (
                "1.00",
                InvoiceSeen::Unreadable { reason: said() },
                "0",
                None,
            ),
        ] {
            let asked = Asked {
                upstream: "books".parse().unwrap(),
                seen,
                waiting: waiting.parse().unwrap(),
            };
            let intent = intent(amount);
            let invoice = intent.invoice.clone().unwrap();
            let refused = may_pay(&intent, &invoice, &asked).err();
            let kind = refused.as_ref().map(|problem| problem.kind().0);
            assert_eq!(kind, expected, "{amount} {asked:?}");
            if let Some(problem) = refused {
                assert!(problem.to_string().contains("Nothing was charged."));
            }
        }
    }

    fn known() -> Known {
        let options = IvvyOptions::new("key".to_owned(), Secret::new("secret".to_owned()));
        let section = config::Upstream {
            id: "books".parse().unwrap(),
            // Nobody can listen there.
            url: "http://127.0.0.1:0".to_owned(),
            fence: Duration::from_mins(11),
            kind: UpstreamKind::Ivvy(Box::new(options)),
        };
        Known::of(&section, &Client::default())
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_silences_nobody() {
        let mut known = known();
        let invoice = "156".parse().unwrap();
        let wall: Timestamp = "2026-11-21T08:00:00Z".parse().unwrap();
        let (ahead, steady) = (wall + Duration::from_hours(9000), Instant::now());
        for (now, after, expected) in [
            (ahead, Duration::ZERO, true),
            (ahead, SILENCE / 2, false),
            (wall, SILENCE / 2, false),
            (wall, SILENCE, true),
            (ahead, SILENCE, false),
        ] {
            known.client.traffic = Traffic::default();
            let seen = known.ask(now, steady + after, &invoice).await;
            assert!(matches!(seen, Some(InvoiceSeen::Unreadable { .. })));
            let asked = known.client.traffic.quiet().is_some();
            assert_eq!(asked, expected, "{now} {after:?}");
        }
    }
}
