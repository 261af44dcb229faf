//! The terminals' books beside the journal: what was charged and what was given back.

use payment::{Method, Payment, PaymentId, Purpose, State};

use super::Found;
use crate::{
    clinic::{DEVICES, terminals::EARLIER},
    copies::Copies,
    world::World,
};

impl World {
    /// Laws 3, 4 and 6: what the terminals charged is what the journal says.
    pub(super) fn judge_terminals(&self, payments: &[Payment]) -> Found {
        for (number, device) in DEVICES.iter().enumerate().take(self.terminals.len()) {
            let card = |p: &&Payment| {
                p.intent.method == Method::Card && p.intent.device.as_str() == *device
            };
            let here: Vec<&Payment> = payments.iter().filter(card).collect();
            let terminal = &self.terminals[number].device.0;
            if terminal.asked() > self.sales_asked[number] {
                return Some((4, format!("{device} was asked more often than told to")));
            }
            let found = judge_sales(device, &here, &self.copies, &terminal.charged())
                .or_else(|| judge_refunds(device, &here, &terminal.refunded()?));
            if found.is_some() {
                return found;
            }
        }
        judge_returns(payments)
    }
}

/// Each sale is charged as often as the journal says, and nothing else is charged.
fn judge_sales(device: &str, here: &[&Payment], copies: &Copies, charged: &[u64]) -> Found {
    let mut known = vec![EARLIER];
    // What was paid after the copy was made, and then given back in part.
    for lost in copies.lost.iter().filter(|p| p.intent.purpose.is_sale()) {
        let minor = unsigned(lost.intent.money.minor());
        let back = copies.returns_of(lost.intent.id);
        let gone: u64 = back.map(|p| unsigned(p.intent.money.minor())).sum();
        known.extend([minor, minor.saturating_sub(gone)]);
    }
    for payment in here.iter().filter(|p| p.intent.purpose.is_sale()) {
        let id = payment.intent.id;
        let minor = unsigned(payment.intent.money.minor());
        let times = charged.iter().filter(|amount| **amount == minor).count();
        let back: Vec<&Payment> = given_back(id, here).collect();
        let cancel = |p: &&Payment| matches!(p.intent.purpose, Purpose::Cancel { .. });
        let cancelled = back.iter().any(cancel);
        let lost: u64 = copies
            .returns_of(id)
            .map(|p| unsigned(p.intent.money.minor()))
            .sum();
        let returned = !cancelled && (!back.is_empty() || lost > 0);
        let state = payment.state.as_str();
        match payment.state {
            State::Approved if cancelled && times != 0 => {
                return Some((6, format!("{id} is cancelled, but {device} has it charged")));
            }
            State::Approved if !cancelled && !returned && times != 1 => {
                return Some((
                    4,
                    format!("{id} is approved, and {device} has it {times} times"),
                ));
            }
            State::Declined | State::Cancelled if times != 0 => {
                return Some((3, format!("{id} is {state}, but {device} charged it")));
            }
            _ => {}
        }
        let gone: u64 = back.iter().map(|p| unsigned(p.intent.money.minor())).sum();
        let gone = gone + lost;
        // Some books have what is left of a payment.
        known.extend([minor, minor.saturating_sub(gone)]);
    }
    let stray = charged.iter().find(|amount| !known.contains(amount))?;
    Some((
        4,
        format!("{device} charged {stray}, which nobody knows of"),
    ))
}

/// Each refund is given as often as the journal says.
fn judge_refunds(device: &str, here: &[&Payment], refunded: &[u64]) -> Found {
    let refund = |p: &&&Payment| matches!(p.intent.purpose, Purpose::Refund { .. });
    here.iter().filter(refund).find_map(|payment| {
        let minor = unsigned(payment.intent.money.minor());
        let times = refunded.iter().filter(|amount| **amount == minor).count();
        let wanted = usize::from(payment.state == State::Approved);
        let (id, state) = (payment.intent.id, payment.state.as_str());
        let how = || format!("the refund {id} is {state}, and {device} has it {times} times");
        (times != wanted).then(|| (if times > wanted { 3 } else { 4 }, how()))
    })
}

/// What goes back names a payment that is there, and is not more than was paid.
fn judge_returns(payments: &[Payment]) -> Found {
    let all: Vec<&Payment> = payments.iter().collect();
    payments.iter().find_map(|payment| {
        let of = payment.intent.purpose.of()?;
        let Some(original) = payments.iter().find(|p| p.intent.id == of) else {
            return Some((
                6,
                format!("{} names nothing that is there", payment.intent.id),
            ));
        };
        let back: i64 = given_back(of, &all).map(|p| p.intent.money.minor()).sum();
        let too_much = back > original.intent.money.minor();
        too_much.then(|| (6, format!("more went back of {of} than was paid")))
    })
}

/// The approved cancels and refunds of a payment.
fn given_back<'a>(of: PaymentId, payments: &[&'a Payment]) -> impl Iterator<Item = &'a Payment> {
    payments
        .iter()
        .copied()
        .filter(move |p| p.intent.purpose.of() == Some(of) && p.state == State::Approved)
}

fn unsigned(minor: i64) -> u64 {
    u64::try_from(minor).unwrap_or(0)
}
