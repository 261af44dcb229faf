//! A real Tryton, spoken to without tilld's own code.
//!
//! Its networks send any request twice. What is begun twice is two drafts, of which one is removed.

use std::{collections::BTreeMap, fs, net::SocketAddr, path::Path};

use base64::{Engine, engine::general_purpose::URL_SAFE};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use simulator::{invoicing::Booked, proxy::Twice};

use crate::{
    Dice, Wish, World,
    desk::{TILLS, device, secret},
    ivvy::totals,
};

/// How many payments share an invoice.
const SHARES: u64 = 4;
/// The first invoice of this run.
const FIRST: u64 = 1_000;
/// The clinic's statement journals; several tills write into one.
const JOURNALS: [&str; 4] = ["till01", "till02", "till03", "till04"];

pub(crate) struct Tryton {
    http: reqwest::Client,
    /// Such as `http://127.0.0.1:8000/clinic`.
    url: String,
    clinic: Value,
    /// Tryton's own number of each invoice.
    invoices: BTreeMap<u64, u64>,
}

/// Payments that share invoices.
pub(crate) fn wishes(payments: u64, desks: usize, dice: &mut Dice) -> Vec<Wish> {
    let wish = |n: u64| {
        let desk = usize::try_from(n).unwrap_or_default() % desks;
        Wish {
            desk,
            device: device(desk, dice.below(TILLS)),
            invoice: FIRST + dice.below(payments / SHARES + 1),
            amount: dice.amount(),
            key: format!("wish-{n}"),
        }
    };
    (0..payments).map(wish).collect()
}

impl Tryton {
    /// Writes an invoice for what the payments of each come to.
    pub(crate) async fn open(clinic: &str, wishes: &[Wish]) -> Self {
        let clinic: Value = serde_json::from_slice(&fs::read(clinic).unwrap()).unwrap();
        let mut tryton = Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            url: clinic["url"].as_str().unwrap().to_owned(),
            clinic,
            invoices: BTreeMap::new(),
        };
        for (number, total) in totals(wishes) {
            let id = tryton.write_invoice(number, total).await;
            tryton.invoices.insert(number, id);
        }
        println!("{} invoices written in Tryton", tryton.invoices.len());
        tryton
    }

    async fn write_invoice(&self, number: u64, total: Decimal) -> u64 {
        let of = |name: &str| self.clinic[name].clone();
        let line = json!({
            "type": "line", "company": of("company"), "currency": of("currency"), "quantity": 1,
            "unit_price": total.to_string(), "account": of("revenue"), "invoice_type": "out",
            "description": "Consultation",
        });
        let body = json!({
            "type": "out", "number": number.to_string(), "company": of("company"),
            "currency": of("currency"), "party": of("party"), "invoice_address": of("address"),
            "account": of("receivable"), "journal": of("revenue_journal"),
            "invoice_date": jiff::Zoned::now().date().to_string(),
            "lines": [["create", [line]]],
        });
        let invoice = self
            .call("POST", "account.invoice?f=state", Some(&body))
            .await;
        let id = invoice["id"].as_u64().unwrap();
        let post = format!("account.invoice/{id}/post?f=state");
        let posted = self.call("POST", &post, Some(&json!({}))).await;
        assert_eq!(posted["state"], "posted");
        id
    }

    async fn search(&self, model: &str, domain: &Value, fields: &str) -> Vec<Value> {
        let domain = URL_SAFE.encode(domain.to_string());
        let found = self
            .call("GET", &format!("{model}?d={domain}{fields}"), None)
            .await;
        found.as_array().unwrap().clone()
    }

    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let url = format!("{}/rest/model/{path}", self.url);
        let mut request = self.http.request(method.parse().unwrap(), url);
        request = request.bearer_auth(self.clinic["clinic_key"].as_str().unwrap());
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }
}

impl World for Tryton {
    fn name(&self) -> &'static str {
        "a real Tryton"
    }

    fn address(&self) -> SocketAddr {
        let rest = self.url.trim_start_matches("http://");
        rest.split('/').next().unwrap().parse().unwrap()
    }

    fn twice(&self, _: usize) -> Twice {
        Twice::Any
    }

    fn section(&self, desk: usize, at: SocketAddr, dir: &Path) -> String {
        let database = self.url.rsplit('/').next().unwrap();
        let key = secret(dir, self.clinic["key"].as_str().unwrap());
        let journals: Vec<String> = (0..TILLS)
            .zip(JOURNALS.iter().cycle().skip(desk))
            .map(|(till, journal)| format!("{} = \"{journal}\"\n", device(desk, till)))
            .collect();
        let journals = journals.concat();
        format!(
            "[[upstream]]\nid = \"tryton\"\nkind = \"tryton\"\nurl = \"http://{at}/{database}\"\n\
             fence = \"3s\"\nkey = {{ file = \"{key}\" }}\n\
             [upstream.journals]\n{journals}"
        )
    }

    async fn booked(&self) -> Vec<Booked> {
        let counts = json!([["statement.state", "in", ["validated", "posted"]]]);
        let fields = "&f=number&f=amount&f=related_to";
        let lines = self.search("account.statement.line", &counts, fields).await;
        let booked = lines.iter().map(|line| {
            let related = line["related_to"].as_str().unwrap_or_default();
            let id: u64 = related
                .trim_start_matches("account.invoice,")
                .parse()
                .unwrap_or(0);
            let invoice = self.invoices.iter().find(|(_, of)| **of == id);
            Booked {
                invoice: invoice.map_or(0, |(number, _)| *number),
                receipt: line["number"].as_str().unwrap_or_default().to_owned(),
                amount: line["amount"]["decimal"].as_str().unwrap().parse().unwrap(),
            }
        });
        booked.collect()
    }

    async fn open(&self) -> BTreeMap<u64, Decimal> {
        let drafts = json!([["state", "!=", "posted"]]);
        let left = self.search("account.statement", &drafts, "&f=state").await;
        assert!(left.is_empty(), "statements were left behind: {left:?}");
        let all = json!([["type", "=", "out"]]);
        let found = self
            .search("account.invoice", &all, "&f=number&f=amount_to_pay")
            .await;
        let of = |invoice: &Value| -> Option<(u64, Decimal)> {
            let number = invoice["number"].as_str()?.parse().ok()?;
            Some((
                number,
                invoice["amount_to_pay"]["decimal"].as_str()?.parse().ok()?,
            ))
        };
        found.iter().filter_map(of).collect()
    }
}
