//! Statements, invoices, and what a statement does to an invoice.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::super::Booked;

const COMPANY: u64 = 36;
const PARTY: u64 = 214;
const RECEIVABLE: u64 = 286;
/// Its own number for the currency.
const EUR: u64 = 208;
/// The first journal's number.
const JOURNAL: u64 = 15;
/// The first invoice's number.
const INVOICE: u64 = 500;

/// A refusal: a sentence, or a page with a status.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Status 400.
    Said(String),
    /// This status.
    Page(u16),
}

#[derive(Debug)]
struct Invoice {
    id: u64,
    number: String,
    total: Decimal,
    /// The statements that pay it.
    payments: Vec<u64>,
    /// Set when it is paid.
    reconciliation: Option<u64>,
}

impl Invoice {
    fn state(&self) -> &'static str {
        match self.reconciliation {
            Some(_) => "paid",
            None => "posted",
        }
    }
}

#[derive(Debug, Clone)]
struct Statement {
    id: u64,
    state: &'static str,
    journal: u64,
    number: String,
    amount: Decimal,
    date: Value,
    description: Value,
    invoice: Option<u64>,
    movement: Option<u64>,
}

/// All that the database holds.
#[derive(Debug)]
pub(super) struct Book {
    journals: Vec<String>,
    invoices: Vec<Invoice>,
    statements: Vec<Statement>,
    last: u64,
}

impl Book {
    pub(super) fn new(devices: &[&str]) -> Self {
        Self {
            journals: devices.iter().map(|&device| device.to_owned()).collect(),
            invoices: Vec::new(),
            statements: Vec::new(),
            last: 1000,
        }
    }

    pub(super) fn add_invoice(&mut self, number: &str, total: Decimal) {
        self.invoices.retain(|invoice| invoice.number != number);
        self.last += 1;
        self.invoices.push(Invoice {
            id: INVOICE + self.last,
            number: number.to_owned(),
            total,
            payments: Vec::new(),
            reconciliation: None,
        });
    }

    pub(super) fn invoice_named(&self, number: &str) -> Option<(Decimal, &'static str)> {
        let hit = self.invoices.iter().find(|one| one.number == number)?;
        Some((self.open(hit), hit.state()))
    }

    /// What counts, in the order in which it was begun.
    pub(super) fn booked(&self) -> Vec<Booked> {
        let counts = self
            .statements
            .iter()
            .filter(|s| matches!(s.state, "validated" | "posted"));
        let booked = counts.map(|statement| {
            let of = |id| self.invoices.iter().find(|i| Some(i.id) == id);
            let invoice = of(statement.invoice).and_then(|i| i.number.parse().ok());
            Booked {
                invoice: invoice.unwrap_or_default(),
                receipt: statement.number.clone(),
                amount: statement.amount,
            }
        });
        booked.collect()
    }

    pub(super) fn create(&mut self, body: &Value) -> Result<u64, Refusal> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let name = text(&body["name"]).unwrap_or_default();
        if body["journal"].is_null() {
            let said = "A value is required for field \"Journal\" in record \"{name}\" of \"Account \
                        Statement\".";
            return Err(Refusal::Said(said.replace("{name}", &name)));
        }
        let journal = body["journal"].as_u64().unwrap_or_default();
        let known = journal
            .checked_sub(JOURNAL)
            .and_then(|n| usize::try_from(n).ok());
        if known.is_none_or(|n| n >= self.journals.len()) {
            return Err(Refusal::Said(format!(
                "You are trying to read records \"{journal}\" of \"Account Statement Journal\" that \
                 don't exist."
            )));
        }
        let line = &body["lines"][0][1][0];
        let number = text(&line["number"]).ok_or(Refusal::Page(400))?;
        let amount = text(&line["amount"]).and_then(|amount| amount.parse::<Decimal>().ok());
        let amount = amount.ok_or(Refusal::Page(400))?;
        if amount.scale() > 2 {
            return Err(Refusal::Said(format!(
                "The number of digits in the value \"'{amount}'\" for field \"Amount\" in record \
                 \"{name}\" of \"Account Statement Line\" exceeds the limit of \"(None, 2)\"."
            )));
        }
        let related = line["related_to"].as_str();
        let invoice = related.and_then(|r| r.strip_prefix("account.invoice,")?.parse().ok());
        if let Some(id) = invoice {
            let of = self.invoices.iter().find(|one| one.id == id);
            let of = of.ok_or(Refusal::Page(400))?;
            if of.state() != "posted" {
                return Err(Refusal::Said(format!(
                    "The value \"{}\" for field \"Related To\" in record \"{name}\" of \"Account \
                     Statement Line\" is not valid according to its domain.",
                    of.number
                )));
            }
        }
        self.last += 1;
        self.statements.push(Statement {
            id: self.last,
            state: "draft",
            journal,
            number,
            amount,
            date: line["date"].clone(),
            description: line["description"].clone(),
            invoice,
            movement: None,
        });
        Ok(self.last)
    }

    pub(super) fn press(&mut self, id: u64, button: &str) -> Result<(), Refusal> {
        let place = self.place(id)?;
        let statement = self.statements[place].clone();
        let to = match (button, statement.state) {
            ("validate_statement", "draft") => {
                self.validate(&statement)?;
                self.last += 1;
                self.statements[place].movement = Some(self.last);
                "validated"
            }
            ("post", "validated") => "posted",
            ("cancel", "draft" | "validated") => {
                self.take_off(id);
                self.statements[place].movement = None;
                "cancelled"
            }
            ("validate_statement" | "post" | "cancel", _) => {
                return Err(Refusal::Said(format!(
                    "You can not call \"{button}\" on \"{}\" of \"Account Statement\".",
                    statement.number
                )));
            }
            _ => return Err(Refusal::Page(403)),
        };
        self.statements[place].state = to;
        Ok(())
    }

    /// Pays the invoice, if the statement names one.
    fn validate(&mut self, statement: &Statement) -> Result<(), Refusal> {
        let Some(place) = self
            .invoices
            .iter()
            .position(|i| Some(i.id) == statement.invoice)
        else {
            return Ok(());
        };
        let invoice = &self.invoices[place];
        let number = &invoice.number;
        if statement.amount.is_sign_negative() {
            return Err(Refusal::Said(format!(
                "The value for field \"Payment Lines\" in record \"{number}\" of \"Account Invoice\" \
                 is not valid according to its domain."
            )));
        }
        let left = self.open(invoice) - statement.amount;
        if left.is_sign_negative() {
            return Err(Refusal::Said(format!(
                "Payment lines amount on invoice \"{number}\" can not be greater than the invoice \
                 amount."
            )));
        }
        let other = |s: &&Statement| {
            s.state == "draft" && s.invoice == statement.invoice && s.id != statement.id
        };
        if left.is_zero() && self.statements.iter().any(|s| other(&s)) {
            let said = "Validating the statements will remove paid invoices from other draft \
                        statements.";
            return Err(Refusal::Said(said.to_owned()));
        }
        self.last += 1;
        let reconciliation = left.is_zero().then_some(self.last);
        let invoice = &mut self.invoices[place];
        invoice.payments.push(statement.id);
        invoice.reconciliation = reconciliation;
        Ok(())
    }

    fn take_off(&mut self, statement: u64) {
        for invoice in &mut self.invoices {
            if invoice.payments.contains(&statement) {
                invoice.payments.retain(|id| *id != statement);
                invoice.reconciliation = None;
            }
        }
    }

    pub(super) fn delete_statement(&mut self, id: u64) -> Result<(), Refusal> {
        let place = self.place(id)?;
        let statement = &self.statements[place];
        if !matches!(statement.state, "draft" | "cancelled") {
            let said = format!(
                "To delete statement \"{}\" you must cancel it.",
                statement.number
            );
            return Err(Refusal::Said(said));
        }
        self.statements.remove(place);
        Ok(())
    }

    pub(super) fn delete_reconciliation(&mut self, id: u64) -> Result<(), Refusal> {
        let mut invoices = self.invoices.iter_mut();
        let hit = invoices.find(|one| one.reconciliation == Some(id));
        hit.ok_or(Refusal::Page(404))?.reconciliation = None;
        Ok(())
    }

    /// Removes payments from an invoice; answers with its state.
    pub(super) fn unlink(&mut self, id: u64, body: &Value) -> Result<&'static str, Refusal> {
        let removed = &body["payment_lines"][0];
        if removed[0] != "remove" {
            return Err(Refusal::Page(400));
        }
        let lines = removed[1].as_array().ok_or(Refusal::Page(400))?;
        let invoice = self.invoices.iter_mut().find(|one| one.id == id);
        let invoice = invoice.ok_or(Refusal::Page(404))?;
        // A statement's line on the party's account bears the statement's number here.
        invoice.payments.retain(|id| !lines.contains(&json!(id)));
        Ok(invoice.state())
    }

    /// The records of a model, with all that can be asked of each.
    pub(super) fn records(&self, model: &str) -> Option<Vec<Value>> {
        Some(match model {
            "account.statement" => self.statements.iter().map(|s| self.statement(s)).collect(),
            "account.statement.line" => self.statements.iter().map(|s| self.line(s)).collect(),
            "account.statement.journal" => (JOURNAL..)
                .zip(&self.journals)
                .map(|(id, _)| self.journal(id))
                .collect(),
            "account.invoice" => self.invoices.iter().map(|i| self.invoice(i)).collect(),
            "account.move.line" => {
                let moved = self.statements.iter().filter(|s| s.movement.is_some());
                moved.map(|s| self.move_line(s)).collect()
            }
            _ => return None,
        })
    }

    fn statement(&self, statement: &Statement) -> Value {
        json!({
            "__name__": "account.statement", "id": statement.id, "state": statement.state,
            "name": statement.number, "journal": self.journal(statement.journal),
        })
    }

    fn line(&self, statement: &Statement) -> Value {
        let related = statement.invoice.map(|id| format!("account.invoice,{id}"));
        let date = statement.date.as_str().unwrap_or_default();
        let mut day = date
            .split('-')
            .map(|part| part.parse::<u64>().unwrap_or_default());
        let (year, month, day) = (day.next(), day.next(), day.next());
        json!({
            "__name__": "account.statement.line", "id": statement.id, "number": statement.number,
            "amount": decimal(statement.amount), "account": RECEIVABLE, "related_to": related,
            "move": statement.movement, "statement": self.statement(statement),
            "date": { "__class__": "date", "year": year, "month": month, "day": day },
            "description": statement.description,
        })
    }

    fn journal(&self, id: u64) -> Value {
        let place = id
            .checked_sub(JOURNAL)
            .and_then(|n| usize::try_from(n).ok());
        let name = place.and_then(|n| self.journals.get(n));
        json!({
            "__name__": "account.statement.journal", "id": id, "name": name, "company": COMPANY,
            "validation": "number_of_lines", "currency": currency(),
        })
    }

    fn invoice(&self, invoice: &Invoice) -> Value {
        json!({
            "__name__": "account.invoice", "id": invoice.id, "number": invoice.number, "type": "out",
            "state": invoice.state(), "company": COMPANY, "party": PARTY, "account": RECEIVABLE,
            "amount_to_pay": decimal(self.open(invoice)), "currency": currency(),
        })
    }

    fn move_line(&self, statement: &Statement) -> Value {
        let pays = |invoice: &&Invoice| invoice.payments.contains(&statement.id);
        let invoice = self.invoices.iter().find(pays);
        json!({
            "__name__": "account.move.line", "id": statement.id, "account": RECEIVABLE,
            "move": statement.movement,
            "reconciliation": invoice.and_then(|invoice| invoice.reconciliation),
            "invoice_payments": invoice.iter().map(|invoice| invoice.id).collect::<Vec<_>>(),
        })
    }

    fn open(&self, invoice: &Invoice) -> Decimal {
        let pays = |s: &&Statement| invoice.payments.contains(&s.id);
        let paid: Decimal = self.statements.iter().filter(pays).map(|s| s.amount).sum();
        invoice.total - paid
    }

    fn place(&self, id: u64) -> Result<usize, Refusal> {
        let place = self.statements.iter().position(|s| s.id == id);
        place.ok_or(Refusal::Page(404))
    }
}

fn currency() -> Value {
    json!({ "__name__": "currency.currency", "id": EUR, "code": "EUR" })
}

fn decimal(amount: Decimal) -> Value {
    // Nothing has no cents there.
    let text = if amount.is_zero() {
        "0".to_owned()
    } else {
        amount.to_string()
    };
    json!({ "__class__": "Decimal", "decimal": text })
}
