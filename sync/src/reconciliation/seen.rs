//! What an invoicing system shows, ordered by our numbers.

use std::{collections::BTreeMap, ops::Bound};

use payment::ReceiptNumber;

use super::Given;
use crate::upstream::Booked;

/// The list, by numbers.
pub(super) struct Seen<'a> {
    /// What bears a number of this desk.
    pub(super) ours: BTreeMap<ReceiptNumber, Vec<&'a Booked>>,
    /// What bears no number of any desk.
    pub(super) unnumbered: Vec<&'a Booked>,
    /// How much of these days bears the number of another desk.
    pub(super) others: u32,
}

impl<'a> Seen<'a> {
    pub(super) fn of(given: &Given<'a>, list: &'a [Booked]) -> Self {
        let mut seen = Self {
            ours: BTreeMap::new(),
            unnumbered: Vec::new(),
            others: 0,
        };
        for booked in list {
            match number(booked) {
                Some(receipt) if given.devices.contains_key(receipt.device()) => {
                    seen.ours.entry(receipt).or_default().push(booked);
                }
                Some(_) if given.period.holds(booked.at) => {
                    seen.others = seen.others.saturating_add(1);
                }
                Some(_) => {}
                None => seen.unnumbered.push(booked),
            }
        }
        seen
    }

    /// The nearest numbers of the same device, before and after, that the system shows.
    pub(super) fn around(
        &self,
        receipt: &ReceiptNumber,
    ) -> (Option<&ReceiptNumber>, Option<&ReceiptNumber>) {
        let after = (Bound::Excluded(receipt), Bound::Unbounded);
        let beside = |found: &&ReceiptNumber| found.device() == receipt.device();
        (
            self.ours
                .range(..receipt)
                .next_back()
                .map(|(n, _)| n)
                .filter(beside),
            self.ours.range(after).next().map(|(n, _)| n).filter(beside),
        )
    }
}

/// The number of ours or another desk's that it bears.
pub(super) fn number(booked: &Booked) -> Option<ReceiptNumber> {
    booked.receipt.as_ref()?.as_str().trim().parse().ok()
}
