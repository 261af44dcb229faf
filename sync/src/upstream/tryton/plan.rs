//! What comes next for a payment, by what Tryton holds of it.

use payment::{InvoiceRef, Payment, Purpose, Text};
use rust_decimal::Decimal;

use super::{
    Tryton,
    answer::{closed, invoice, journal, not_found, unread},
    line::{Line, State, id, lines, records},
    request::Draft,
    unsendable,
};
use crate::upstream::{
    Booking, Class, Found, HttpAnswer, HttpRequest, Plan, Unsendable, json::Json,
};

/// What Tryton holds under a receipt number.
enum Held {
    Nothing,
    /// Drafts that count nothing, beside another of the same: the last of them.
    Surplus(Line),
    One(Line),
    /// A person cancelled it.
    Cancelled(Line),
    Wrong(Text),
}

impl Tryton {
    /// A sale or a refund: a statement of its own.
    pub(super) fn plan_statement(
        &self,
        booking: &Booking<'_>,
        heard: &[HttpAnswer],
    ) -> Result<Plan, Unsendable> {
        let payment = booking.payment;
        let number = invoice_of(payment)?;
        let (own, heard) = match heard.split_first() {
            None => return Ok(Plan::Ask(self.ask_lines(&payment.receipt))),
            Some((first, rest)) => (first, rest),
        };
        let Some(held) = lines(own, &payment.receipt.to_string()) else {
            return Ok(Plan::Stop(unread(own)));
        };
        Ok(match judge(payment, &held) {
            Held::Nothing => self.plan_draft(booking, number, heard),
            Held::Surplus(draft) => self.remove(&draft, "surplus"),
            Held::One(line) => self.go_on(&line),
            Held::Cancelled(line) => Plan::Stop(Class::NeedsOperator {
                reason: cancelled(payment, &line),
            }),
            Held::Wrong(reason) => Plan::Stop(Class::NeedsOperator { reason }),
        })
    }

    /// The step after the one where a statement stands.
    fn go_on(&self, line: &Line) -> Plan {
        let button = match line.state {
            State::Draft => "validate_statement",
            State::Validated if self.post => "post",
            State::Validated | State::Posted | State::Cancelled => {
                return Plan::Stop(Class::Confirmed {
                    remote_id: Some(name(line.statement)),
                });
            }
        };
        going_on(line, self.press(line.statement, button))
    }

    fn remove(&self, draft: &Line, step: &str) -> Plan {
        Plan::GoOn {
            remote_id: name(draft.statement),
            step: Text::new(step),
            request: self.delete_statement(draft.statement),
        }
    }

    /// The draft, once the journal and the invoice are known.
    fn plan_draft(&self, booking: &Booking<'_>, number: &InvoiceRef, heard: &[HttpAnswer]) -> Plan {
        let payment = booking.payment;
        let name = self.journal(&payment.intent.device);
        let (first, second) = match heard {
            [] => return Plan::Ask(self.ask_journal(name)),
            [_] => return Plan::Ask(self.ask_invoice(number)),
            [first, second, ..] => (first, second),
        };
        let journal = match journal(name, payment, first) {
            Ok(journal) => journal,
            Err(class) => return Plan::Stop(class),
        };
        let found = match invoice(second) {
            Ok(Some(found)) => found,
            Ok(None) => return for_a_person(&not_found(number)),
            Err(class) => return Plan::Stop(class),
        };
        let money = payment.intent.money;
        let (amount, code) = (money.amount(), money.currency().code());
        if found.currency != code {
            return for_a_person(&format!(
                "The invoice {number} is in {}, but the payment is in {code}. Enter it in Tryton by \
                 hand, and mark this delivery as handled.",
                found.currency
            ));
        }
        if found.company != journal.company {
            return Plan::Stop(Class::Misconfigured {
                reason: Text::new(&format!(
                    "The statement journal “{name}” and the invoice {number} are of different companies \
                     in Tryton. Name another under [upstream.journals]."
                )),
            });
        }
        let sale = payment.intent.purpose == Purpose::Sale;
        if sale && let Some(reason) = closed(number, &found) {
            return for_a_person(&reason);
        }
        if sale && found.open < amount {
            return for_a_person(&format!(
                "Only {} is open on the invoice {number}, and Tryton takes no more than that. Book \
                 the rest on another invoice, or pay it back.",
                found.open
            ));
        }
        Plan::Book(self.draft(
            booking,
            &Draft {
                company: journal.company,
                journal: journal.id,
                party: found.party,
                account: found.account,
                amount: signed(payment),
                related_to: sale.then_some(found.id),
            },
        ))
    }

    /// A cancel. A statement that is not posted is cancelled. One that is posted stands for good: its
    /// payment is taken off the invoice, and a statement of less than nothing stands against it.
    pub(super) fn plan_cancel(
        &self,
        booking: &Booking<'_>,
        heard: &[HttpAnswer],
    ) -> Result<Plan, Unsendable> {
        let payment = booking.payment;
        let number = invoice_of(payment)?;
        let Some(receipt) = booking.original else {
            return Err(unsendable(
                "It is not known which payment is taken back. Enter it in Tryton by hand.",
            ));
        };
        let (own, original, heard) = match heard {
            [] => return Ok(Plan::Ask(self.ask_lines(&payment.receipt))),
            [_] => return Ok(Plan::Ask(self.ask_lines(receipt))),
            [own, original, rest @ ..] => (own, original, rest),
        };
        let Some(held) = lines(own, &payment.receipt.to_string()) else {
            return Ok(Plan::Stop(unread(own)));
        };
        let Some(first) = lines(original, &receipt.to_string()) else {
            return Ok(Plan::Stop(unread(original)));
        };
        let held = judge(payment, &held);
        let line = match first.as_slice() {
            [one] if one.amount == payment.intent.money.amount() => one,
            _ => {
                return Ok(for_a_person(&format!(
                    "Tryton does not hold the payment {receipt} once and with this amount. Take it \
                     back there on invoice {number} by hand, and mark this delivery as handled."
                )));
            }
        };
        Ok(match (line.state, held) {
            (_, Held::Wrong(reason)) => Plan::Stop(Class::NeedsOperator { reason }),
            (_, Held::Surplus(draft)) => self.remove(&draft, "surplus"),
            (State::Cancelled, Held::One(draft)) if draft.state == State::Draft => {
                self.remove(&draft, "surplus")
            }
            (State::Cancelled, _) => Plan::Stop(Class::Confirmed {
                remote_id: Some(name(line.statement)),
            }),
            (State::Draft | State::Validated, Held::Nothing) => {
                going_on(line, self.press(line.statement, "cancel"))
            }
            (State::Posted, Held::Nothing) => self.plan_draft(booking, number, heard),
            (_, Held::Cancelled(own)) => Plan::Stop(Class::NeedsOperator {
                reason: cancelled(payment, &own),
            }),
            (_, Held::One(own)) if own.state == State::Draft => {
                self.plan_unlinking(&own, line, heard)
            }
            (_, Held::One(own)) => self.go_on(&own),
        })
    }

    /// Takes the first payment off its invoice, and then goes on with the statement against it.
    fn plan_unlinking(&self, own: &Line, first: &Line, heard: &[HttpAnswer]) -> Plan {
        let (Some(movement), Some(invoice)) = (first.movement, first.invoice) else {
            return self.go_on(own);
        };
        let Some(answer) = heard.first() else {
            return Plan::Ask(self.ask_move_lines(movement, first.account));
        };
        let Some(found) = records(answer) else {
            return Plan::Stop(unread(answer));
        };
        for line in found {
            let reconciled = line.at("/reconciliation");
            let linked = line.at("/invoice_payments").and_then(Json::list);
            let (Some(reconciled), Some(linked), Some(line)) =
                (reconciled, linked, line.at("/id").and_then(id))
            else {
                return Plan::Stop(unread(answer));
            };
            if let Some(reconciliation) = id(reconciled) {
                return going_on(own, self.delete_reconciliation(reconciliation));
            }
            if linked.iter().any(|one| id(*one) == Some(invoice)) {
                return going_on(own, self.unlink(invoice, line));
            }
        }
        self.go_on(own)
    }

    /// A draft is removed. What is validated counts already.
    pub(super) fn plan_withdrawal(&self, booking: &Booking<'_>, heard: &[HttpAnswer]) -> Plan {
        let payment = booking.payment;
        let Some(answer) = heard.first() else {
            return Plan::Ask(self.ask_lines(&payment.receipt));
        };
        let Some(held) = lines(answer, &payment.receipt.to_string()) else {
            return Plan::Stop(unread(answer));
        };
        let of = |state| held.iter().find(move |line| line.state == state);
        if let Some(draft) = of(State::Draft) {
            return self.remove(draft, "draft");
        }
        if let Some(line) = of(State::Validated) {
            let statement = line.statement;
            return for_a_person(&format!(
                "It is booked in Tryton as statement {statement}, but cannot be posted. Post it \
                 there, and mark this delivery as handled."
            ));
        }
        match of(State::Posted) {
            Some(line) => Plan::Stop(Class::Confirmed {
                remote_id: Some(name(line.statement)),
            }),
            None => Plan::Gone,
        }
    }

    /// What a read-back shows.
    pub(super) fn found(&self, payment: &Payment, answer: &HttpAnswer) -> Found {
        let reason = match answer {
            HttpAnswer::NotSent { reason }
            | HttpAnswer::Unable { reason }
            | HttpAnswer::Lost { reason } => reason.clone(),
            HttpAnswer::Response { .. } => {
                Text::from("Tryton's answer does not show its statements.")
            }
        };
        let Some(held) = lines(answer, &payment.receipt.to_string()) else {
            return Found::Unreadable { reason };
        };
        match judge(payment, &held) {
            Held::Nothing => Found::Absent { obstacle: None },
            Held::Cancelled(line) => Found::Conflict {
                reason: cancelled(payment, &line),
            },
            Held::Wrong(reason) => Found::Conflict { reason },
            Held::Surplus(line) => begun(&line),
            Held::One(line) => match self.go_on(&line) {
                Plan::Stop(_) => Found::Present {
                    remote_id: Some(name(line.statement)),
                },
                Plan::Ask(_) | Plan::Book(_) | Plan::GoOn { .. } | Plan::Gone => begun(&line),
            },
        }
    }
}

fn begun(line: &Line) -> Found {
    Found::Begun {
        remote_id: name(line.statement),
        step: Text::new(line.state.as_str()),
    }
}

/// What is held under a payment's number. Drafts count nothing: what is too much of them goes.
fn judge(payment: &Payment, held: &[Line]) -> Held {
    let receipt = &payment.receipt;
    let of = |states: [State; 2]| -> Vec<&Line> {
        let of = |line: &&Line| states.contains(&line.state);
        held.iter().filter(of).collect()
    };
    let booked = of([State::Validated, State::Posted]);
    let drafts = of([State::Draft, State::Draft]);
    let alive = booked.first().or(drafts.first()).copied();
    let wanted = signed(payment);
    if booked
        .iter()
        .chain(&drafts)
        .any(|line| line.amount != wanted)
    {
        return Held::Wrong(Text::new(&format!(
            "Tryton holds receipt {receipt} with another amount than {wanted}. Correct it there."
        )));
    }
    if booked.len() > 1 {
        return Held::Wrong(Text::new(&format!(
            "Tryton holds receipt {receipt} {} times. Remove the surplus there.",
            booked.len()
        )));
    }
    let surplus = if booked.is_empty() {
        drafts.get(1..).and_then(<[_]>::last)
    } else {
        drafts.last()
    };
    if let Some(line) = surplus {
        return Held::Surplus(Line::clone(line));
    }
    let sale = payment.intent.purpose == Purpose::Sale;
    match (alive, held.first()) {
        (Some(line), _) if sale && line.invoice.is_none() => Held::Wrong(Text::new(&format!(
            "Tryton holds receipt {receipt} as statement {}, but not on its invoice any more. Put it \
             on the invoice there, and mark this delivery as handled.",
            line.statement
        ))),
        (Some(line), _) => Held::One(line.clone()),
        (None, Some(line)) => Held::Cancelled(line.clone()),
        (None, None) => Held::Nothing,
    }
}

fn cancelled(payment: &Payment, line: &Line) -> Text {
    let (receipt, statement) = (&payment.receipt, line.statement);
    Text::new(&format!(
        "Somebody cancelled receipt {receipt} in Tryton (statement {statement}). Book it there again if \
         it counts, and mark this delivery as handled."
    ))
}

fn going_on(line: &Line, request: HttpRequest) -> Plan {
    Plan::GoOn {
        remote_id: name(line.statement),
        step: Text::new(line.state.as_str()),
        request,
    }
}

fn name(statement: u64) -> Text {
    Text::new(&statement.to_string())
}

/// The amount as the line bears it.
fn signed(payment: &Payment) -> Decimal {
    let amount = payment.intent.money.amount();
    match payment.intent.purpose {
        Purpose::Sale => amount,
        Purpose::Cancel { .. } | Purpose::Refund { .. } => -amount,
    }
}

fn invoice_of(payment: &Payment) -> Result<&InvoiceRef, Unsendable> {
    payment.intent.invoice.as_ref().ok_or_else(|| {
        unsendable(
            "The payment names no invoice, and Tryton needs one to know whose it is. Enter it in Tryton \
             by hand, and mark this delivery as handled.",
        )
    })
}

fn for_a_person(reason: &str) -> Plan {
    Plan::Stop(Class::NeedsOperator {
        reason: Text::new(reason),
    })
}
