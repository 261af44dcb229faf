//! The journal beside one invoicing system.

mod differs;
mod extras;

use std::collections::{BTreeMap, BTreeSet};

use payment::{Currency, DeviceId, InvoiceRef, ReceiptNumber, Text, UpstreamId};

use differs::differs;

use super::{
    Due, Elsewhere, Finding, Given, Held, Kind, Stands, Taken, Total,
    finding::{minor, said},
    seen::{Seen, number},
};
use crate::upstream::Booked;

/// What the comparison with one system came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// Which system.
    pub upstream: UpstreamId,
    /// By what.
    pub judged: Judged,
    /// What each device took for it, and what it shows of that; what bears no number of ours stands
    /// under no device. Findings explain every cent of the difference.
    pub sums: Vec<Sums>,
    /// Payments of these days with the number of another desk.
    pub others: u32,
    /// What is not the same, the most urgent first.
    pub findings: Vec<Finding>,
}

/// By what a system was compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// By its list of payments.
    List,
    /// By what a person ticked off.
    Ticks,
    /// It cannot be compared: why, as a sentence.
    Nothing(Text),
}

/// One device's part in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    /// Which.
    pub device: Option<DeviceId>,
    /// In which currency.
    pub currency: Currency,
    /// What is due to the system by the journal.
    pub journal: Total,
    /// What the system shows.
    pub there: Total,
}

/// The numbers that a list shows and these days do not have: what the journal knows of them must be
/// given to [`compare`].
pub fn suspects(given: &Given<'_>) -> Vec<ReceiptNumber> {
    let Held::List(list) = given.held else {
        return Vec::new();
    };
    let taken: BTreeSet<&ReceiptNumber> = given.taken.iter().map(|taken| &taken.receipt).collect();
    let numbers: BTreeSet<ReceiptNumber> = list
        .iter()
        .filter(|booked| given.period.holds(booked.at))
        .filter_map(number)
        .filter(|n| given.devices.contains_key(n.device()) && !taken.contains(n))
        .collect();
    numbers.into_iter().collect()
}

/// Compares the journal with what one system shows.
pub fn compare(given: &Given<'_>) -> Compared {
    let empty = Vec::new();
    let (list, judged) = match given.held {
        Held::List(list) => (list, Judged::List),
        Held::Ticks => (&empty, Judged::Ticks),
        Held::Nothing(reason) => (&empty, Judged::Nothing(reason.clone())),
    };
    let mut work = Work {
        given,
        seen: Seen::of(given, list),
        sums: BTreeMap::new(),
        findings: Vec::new(),
    };
    for taken in given.taken {
        work.judge(taken);
    }
    work.extras();
    let others = work.seen.others;
    let mut findings = work.findings;
    findings.sort_by(|a, b| {
        let key = |f: &Finding| {
            (
                f.kind,
                f.device.clone(),
                f.receipt.clone(),
                f.invoice.clone(),
            )
        };
        key(a).cmp(&key(b))
    });
    Compared {
        upstream: given.upstream.clone(),
        judged,
        sums: work.sums.into_values().collect(),
        others,
        findings,
    }
}

struct Work<'a> {
    given: &'a Given<'a>,
    seen: Seen<'a>,
    sums: BTreeMap<(Option<DeviceId>, &'static str), Sums>,
    findings: Vec<Finding>,
}

/// A payment of ours that is due to the system.
#[derive(Clone, Copy)]
struct Ours<'a> {
    taken: &'a Taken,
    due: &'a Due,
}

impl<'a> Work<'a> {
    fn judge(&mut self, taken: &'a Taken) {
        let found = self
            .seen
            .ours
            .get(&taken.receipt)
            .cloned()
            .unwrap_or_default();
        let due = taken
            .due
            .iter()
            .find(|due| due.upstream == *self.given.upstream);
        let Some(due) = due else {
            for booked in found {
                self.surplus(taken, booked, "it was never due to it");
            }
            return;
        };
        let ours = Ours { taken, due };
        match (self.given.held, found.as_slice()) {
            (Held::List(_), []) => self.absent(ours),
            (Held::List(_), found) if due.stands == Stands::NeverSent => {
                for booked in found {
                    self.surplus(taken, booked, "it was cancelled before it was sent");
                }
            }
            (Held::List(_), found) => self.present(ours, found),
            (Held::Ticks | Held::Nothing(_), _) => self.unlisted(ours),
        }
    }

    /// The system shows it.
    fn present(&mut self, ours: Ours<'a>, found: &[&'a Booked]) {
        let Ours { taken, due } = ours;
        let (signed, currency) = (taken.signed(), taken.currency);
        // In another currency it counts nothing in this one.
        let there = found
            .iter()
            .filter(|booked| booked.currency.is_none_or(|other| other == currency))
            .map(|booked| minor(booked.amount, booked.back, currency))
            .fold(0, i64::saturating_add);
        let device = Some(taken.receipt.device().clone());
        let sums = self.sums(device, currency);
        sums.journal.add(signed);
        sums.there.add(there);
        let up = self.given.upstream;
        let receipt = &taken.receipt;
        let mut finding = self.finding(Kind::Differing, ours);
        finding.there = Some(there);
        let told = differs(self.given, ours, found, there);
        if let Some((text, next_step)) = told {
            finding.text = Text::new(&text);
            finding.next_step = Text::new(&next_step);
            self.findings.push(finding);
        } else if let Stands::Open { state, next_step } = due.stands {
            finding.kind = Kind::NotConfirmed;
            finding.text = Text::new(&format!(
                "{up} shows {receipt}, but here it is not confirmed yet ({state})."
            ));
            finding.next_step = Text::new(match state {
                "needs_operator" => {
                    "Choose “Try again”: it is looked for there first, and not booked twice."
                }
                _ => next_step,
            });
            self.findings.push(finding);
        }
    }

    /// The system does not show it.
    fn absent(&mut self, ours: Ours<'a>) {
        let Ours { taken, due } = ours;
        // What was taken back is not there, or is there together with what takes it back.
        let gone = taken.original.as_ref().filter(|_| is_cancel(taken));
        let gone = gone.is_some_and(|original| !self.seen.ours.contains_key(original));
        if due.stands == Stands::NeverSent || (is_over(due) && (taken.cancelled || gone)) {
            return;
        }
        if due.stands == Stands::ByHand && self.is_by_hand(ours) {
            return;
        }
        let device = Some(taken.receipt.device().clone());
        self.sums(device, taken.currency)
            .journal
            .add(taken.signed());
        let (up, receipt) = (self.given.upstream, &taken.receipt);
        let money = said(taken.signed(), taken.currency);
        let at = due.invoice.as_ref();
        let on = at.map_or_else(String::new, |invoice| format!(" on invoice {invoice}"));
        let (kind, text, next_step) = match due.stands {
            Stands::Open { state, next_step } => (
                Kind::NotDelivered,
                format!("{up} does not have {receipt} of {money} yet ({state})."),
                next_step.to_owned(),
            ),
            Stands::ByHand => (
                Kind::CannotTell,
                format!(
                    "A person has seen to {receipt} of {money}{on} by hand, and {up} shows nothing \
                     with its number."
                ),
                format!(
                    "Look for it in {up}. If it is there, write {receipt} as its number; if it was \
                     never entered, enter it."
                ),
            ),
            Stands::Confirmed | Stands::NeverSent => (
                Kind::Missing,
                format!(
                    "{up} said that it has {receipt} of {money}{on}, and does not show it.{}",
                    self.gap(taken)
                ),
                format!(
                    "Look{} in {up}. If it was taken out there by mistake, enter it again by hand with \
                     its number; if it was taken out for a reason, cancel or refund it here.",
                    at.map_or_else(String::new, |invoice| format!(" at invoice {invoice}"))
                ),
            ),
        };
        let mut finding = self.finding(kind, ours);
        finding.text = Text::new(&text);
        finding.next_step = Text::new(&next_step);
        self.findings.push(finding);
    }

    /// The numbers beside a missing one, if the system shows them: that proves the gap.
    fn gap(&self, taken: &Taken) -> String {
        let entry = |n: &ReceiptNumber| {
            let seal = self
                .seen
                .ours
                .get(n)?
                .iter()
                .find_map(|booked| booked.seal)?;
            Some(format!("{n} (entry {} of the journal)", seal.seq))
        };
        let shown = |n: &ReceiptNumber| entry(n).unwrap_or_else(|| n.to_string());
        let own = taken.seal.map_or_else(String::new, |seal| {
            format!(" Its entry in the journal is {}.", seal.seq)
        });
        let around = match self.seen.around(&taken.receipt) {
            (Some(before), Some(after)) => {
                format!(
                    " It shows {} and {} beside it.",
                    shown(before),
                    shown(after)
                )
            }
            (Some(before), None) => format!(" It shows {} before it.", shown(before)),
            (None, Some(after)) => format!(" It shows {} after it.", shown(after)),
            (None, None) => String::new(),
        };
        format!("{around}{own}")
    }

    /// Nothing is listed: only what a person ticked off is known, or not even that.
    fn unlisted(&mut self, ours: Ours<'a>) {
        let Ours { taken, due } = ours;
        if due.stands == Stands::NeverSent {
            return;
        }
        let ticks = *self.given.held == Held::Ticks;
        let device = Some(taken.receipt.device().clone());
        let sums = self.sums(device, taken.currency);
        sums.journal.add(taken.signed());
        let Stands::Open { state, next_step } = due.stands else {
            if ticks {
                sums.there.add(taken.signed());
            }
            return;
        };
        let (up, receipt) = (self.given.upstream, &taken.receipt);
        let money = said(taken.signed(), taken.currency);
        let mut finding = self.finding(Kind::NotDelivered, ours);
        let (text, next_step) = if ticks {
            (
                format!("{receipt} of {money} is not ticked off on the worklist {up}."),
                "Enter it as the worklist says, and tick it off with your name.",
            )
        } else {
            (
                format!("{up} does not have {receipt} of {money} yet ({state})."),
                next_step,
            )
        };
        finding.text = Text::new(&text);
        finding.next_step = Text::new(next_step);
        self.findings.push(finding);
    }

    /// Whether a row without a number is what a person entered by hand: that row is used up.
    fn is_by_hand(&mut self, ours: Ours<'a>) -> bool {
        let Ours { taken, due } = ours;
        let Some(invoice) = due.invoice.as_ref().map(InvoiceRef::as_str) else {
            return false;
        };
        let (signed, currency) = (taken.signed(), taken.currency);
        let same = |booked: &&Booked| {
            booked
                .invoice
                .as_ref()
                .is_some_and(|at| at.as_str() == invoice)
                && booked.currency.is_none_or(|other| other == currency)
                && minor(booked.amount, booked.back, currency) == signed
        };
        let Some(place) = self.seen.unnumbered.iter().position(same) else {
            return false;
        };
        self.seen.unnumbered.remove(place);
        let sums = self.sums(Some(taken.receipt.device().clone()), currency);
        sums.journal.add(signed);
        sums.there.add(signed);
        true
    }

    /// In which currency something counts that may not say it.
    fn currency(&self, booked: &Booked, device: Option<&DeviceId>) -> Currency {
        let devices = self.given.devices;
        let of = device.and_then(|device| devices.get(device));
        let of = of.or_else(|| devices.values().next()).copied();
        booked.currency.or(of).unwrap_or(Currency::XXX)
    }

    fn sums(&mut self, device: Option<DeviceId>, currency: Currency) -> &mut Sums {
        let key = (device.clone(), currency.code());
        self.sums.entry(key).or_insert_with(|| Sums {
            device,
            currency,
            journal: Total::default(),
            there: Total::default(),
        })
    }

    fn finding(&self, kind: Kind, Ours { taken, due }: Ours<'_>) -> Finding {
        Finding {
            kind,
            upstream: Some(self.given.upstream.clone()),
            device: Some(taken.receipt.device().clone()),
            receipt: Some(Text::new(&taken.receipt.to_string())),
            payment: Some(taken.payment),
            invoice: due
                .invoice
                .as_ref()
                .map(|invoice| Text::new(invoice.as_str())),
            currency: taken.currency,
            journal: Some(taken.signed()),
            there: None,
            text: Text::default(),
            next_step: Text::default(),
        }
    }
}

fn is_cancel(taken: &Taken) -> bool {
    matches!(taken.purpose, payment::Purpose::Cancel { .. })
}

fn is_over(due: &Due) -> bool {
    matches!(due.stands, Stands::Confirmed | Stands::ByHand)
}
