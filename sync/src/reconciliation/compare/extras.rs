//! What the system shows, and should not by the journal.

use std::collections::BTreeSet;

use payment::{Currency, DeviceId, ReceiptNumber, State, Text};

use super::{Elsewhere, Finding, Kind, Taken, Work, minor, said};
use crate::upstream::Booked;

impl Work<'_> {
    /// What the system shows and these days do not have.
    pub(super) fn extras(&mut self) {
        let known: BTreeSet<&ReceiptNumber> = self.given.taken.iter().map(|t| &t.receipt).collect();
        let ours = self.seen.ours.iter().filter(|(n, _)| !known.contains(n));
        let strange: Vec<(ReceiptNumber, Vec<&Booked>)> =
            ours.map(|(n, found)| (n.clone(), found.clone())).collect();
        for (receipt, found) in strange {
            let known = self.given.elsewhere.get(&receipt);
            for booked in found {
                if self.given.period.holds(booked.at) {
                    self.strange(
                        &receipt,
                        known.copied().unwrap_or(Elsewhere::Unknown),
                        booked,
                    );
                }
            }
        }
        for booked in std::mem::take(&mut self.seen.unnumbered) {
            if self.given.period.holds(booked.at) {
                self.unnumbered(booked);
            }
        }
    }

    /// It bears a number of this desk that these days do not have.
    fn strange(&mut self, receipt: &ReceiptNumber, known: Elsewhere, booked: &Booked) {
        let up = self.given.upstream;
        let (text, next_step) = match known {
            Elsewhere::OtherDay => return,
            Elsewhere::Not(State::Declined | State::Cancelled) => (
                format!("{up} shows {receipt}, but here no money was taken for it."),
                format!("Look at {receipt} here and at the terminal's report, then correct {up}."),
            ),
            Elsewhere::Not(_) => (
                format!("{up} shows {receipt}, but here its outcome is not known yet."),
                format!("Settle {receipt} here first: look at the terminal's own records."),
            ),
            Elsewhere::Unknown => (
                format!(
                    "{up} shows {receipt}, and this desk's journal has no such number: the journal \
                     was set back or lost its end, or somebody else used the number."
                ),
                "Run till verify. If the database was put back from a copy, follow “After a restore” \
                 in the operator's manual; otherwise call support."
                    .to_owned(),
            ),
        };
        let device = receipt.device().clone();
        let currency = self.currency(booked, Some(&device));
        self.extra((Some(device), currency), booked, (&text, &next_step));
    }

    fn unnumbered(&mut self, booked: &Booked) {
        let up = self.given.upstream;
        let currency = self.currency(booked, None);
        let money = said(minor(booked.amount, booked.back, currency), currency);
        let word = booked.receipt.as_ref().map_or_else(
            || "without a number".to_owned(),
            |number| format!("with the number “{number}”, which is none of ours"),
        );
        let on = booked.invoice.as_ref();
        let on = on.map_or_else(String::new, |invoice| format!(" on invoice {invoice}"));
        let what = if booked.back {
            "money back"
        } else {
            "a payment"
        };
        self.extra(
            (None, currency),
            booked,
            (
                &format!("{up} shows {what} of {money}{on} {word}."),
                "Ask who entered it. If it was paid elsewhere, nothing is to be done; if it was paid \
                 at this desk, write the receipt's number there.",
            ),
        );
    }

    /// One of ours that should not be there.
    pub(super) fn surplus(&mut self, taken: &Taken, booked: &Booked, why: &str) {
        let (up, receipt) = (self.given.upstream, &taken.receipt);
        let device = Some(receipt.device().clone());
        self.extra(
            (device, taken.currency),
            booked,
            (
                &format!("{up} shows {receipt}, though {why}."),
                &format!("Remove it in {up}."),
            ),
        );
    }

    fn extra(
        &mut self,
        (device, currency): (Option<DeviceId>, Currency),
        booked: &Booked,
        (text, next_step): (&str, &str),
    ) {
        let there = minor(booked.amount, booked.back, currency);
        self.sums(device.clone(), currency).there.add(there);
        self.findings.push(Finding {
            kind: Kind::Extra,
            upstream: Some(self.given.upstream.clone()),
            device,
            receipt: booked.receipt.clone(),
            payment: None,
            invoice: booked.invoice.clone(),
            currency,
            journal: None,
            there: Some(there),
            text: Text::new(text),
            next_step: Text::new(next_step),
        });
    }
}
