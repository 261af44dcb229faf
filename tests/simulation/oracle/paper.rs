//! The paper and the drawer beside the journal.

use std::collections::HashMap;

use payment::{Payment, State};
use sync::queue::{JobKind, JobState};

use super::Found;
use crate::{till::wire_of, world::World};

impl World {
    /// How often each receipt is on paper, but for copies.
    pub(crate) fn receipts_on_paper(&self) -> HashMap<String, usize> {
        let uncut = self.printer.device.0.uncut();
        let pages = self.paper.iter().map(String::as_str);
        let pages: Vec<&str> = pages.chain([uncut.as_str()]).collect();
        originals(&pages)
    }

    /// Laws 8 and 9: no receipt twice without the word COPY, and each with its device.
    pub(super) fn judge_paper(&self, payments: &[Payment]) -> Found {
        let roll = &self.printer.device.0;
        let uncut = roll.uncut();
        let pages = self.paper.iter().map(String::as_str);
        let pages = pages.chain([uncut.as_str()]);
        let lines: Vec<&str> = pages.flat_map(str::lines).collect();
        let mut printed = self.receipts_on_paper();
        for payment in payments {
            let receipt = payment.receipt.to_string();
            let times = printed.remove(&receipt).unwrap_or_default();
            let jobs = self.disk.reader().jobs_of(payment.intent.id).unwrap();
            let ours = jobs
                .iter()
                .filter(|job| !matches!(job.kind, JobKind::Copy(_) | JobKind::MerchantCopy(_)));
            let ours: Vec<_> = ours.collect();
            let before = self.copies.printed.get(&receipt).copied();
            if times > ours.len().max(before.unwrap_or_default()) {
                return Some((8, format!("{receipt} is on paper {times} times")));
            }
            let confirmed = ours.iter().filter(|job| job.state == JobState::Confirmed);
            let confirmed = confirmed.count();
            // A torn receipt before it may have eaten the beginning of a line.
            let seen = lines.iter().filter(|line| line.contains(&receipt)).count();
            if seen < confirmed {
                return Some((
                    8,
                    format!("{receipt} is confirmed and on paper {seen} times"),
                ));
            }
            if payment.state == State::Approved
                && ours.is_empty()
                && wire_of(&payment.intent.device).is_some()
            {
                return Some((8, format!("{receipt} has no receipt to print")));
            }
        }
        let pulses = usize::try_from(roll.drawer_pulses()).unwrap_or(usize::MAX);
        let kicks = self.kicks() + self.copies.lost_kicks;
        if pulses > kicks {
            return Some((
                6,
                format!("the drawer opened {pulses} times, and the journal says {kicks}"),
            ));
        }
        let mut strays = printed.into_keys().filter(|number| is_whole(number));
        let stray = strays.find(|number| !self.copies.has_lost(number));
        stray.map(|number| {
            (
                9,
                format!("a receipt {number} is on paper and not in the journal"),
            )
        })
    }
}

/// How often each receipt is on paper without the word COPY above its head. A copy ends with that word,
/// too, unless it is torn.
fn originals(pages: &[&str]) -> HashMap<String, usize> {
    let mut printed = HashMap::new();
    for page in pages {
        let (mut copy, mut above) = (false, false);
        for line in page.lines().filter(|line| !line.trim().is_empty()) {
            if line.contains("Praxis") {
                copy = above;
            }
            above = line.contains("COPY");
            if let Some((_, number)) = line.split_once("Receipt no.")
                && !copy
            {
                let number = number.trim_start_matches(':').trim();
                *printed.entry(number.to_owned()).or_default() += 1;
            }
        }
    }
    printed
}

/// Whether that is a receipt's number, and not what is left of one.
fn is_whole(number: &str) -> bool {
    let digits = number.split_once('-').map_or("", |(_, digits)| digits);
    digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit())
}
