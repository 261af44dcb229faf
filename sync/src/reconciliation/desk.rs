//! The journal beside the terminals' ends of day.

use std::collections::BTreeMap;

use payment::{
    Currency, DeviceId, Method, Text,
    closing::{Closing, ClosingState},
};

use super::{Finding, Kind, Period, Taken, Total};

/// What one device took in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtDesk {
    /// Which.
    pub device: DeviceId,
    /// In which currency.
    pub currency: Currency,
    /// What was taken.
    pub taken: Total,
    /// What was given back; as amounts above zero.
    pub given_back: Total,
    /// Card payments, cancels and refunds; what was given back is taken off.
    pub cards: Total,
    /// Those of them after which the terminal's day was not closed.
    pub unsettled: Total,
    /// The ends of day that were begun in these days.
    pub settlements: Vec<Settlement>,
}

/// An end of a terminal's day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// What is known of it.
    pub closing: Closing,
    /// What the terminal says in all, in the smallest unit.
    pub terminal: Option<i64>,
    /// What the journal says.
    pub journal: Option<i64>,
}

/// What each device took, and how that goes with its terminal's ends of day.
pub fn at_the_desk(
    period: &Period,
    devices: &BTreeMap<DeviceId, Currency>,
    taken: &[Taken],
    closings: &[Closing],
) -> (Vec<AtDesk>, Vec<Finding>) {
    let mut all: BTreeMap<(DeviceId, &'static str), AtDesk> = BTreeMap::new();
    for (device, currency) in devices {
        entry(&mut all, device, *currency);
    }
    for taken in taken {
        let desk = entry(&mut all, taken.receipt.device(), taken.currency);
        if taken.purpose.is_sale() {
            desk.taken.add(taken.minor);
        } else {
            desk.given_back.add(taken.minor);
        }
        if taken.method == Method::Card {
            desk.cards.add(taken.signed());
            if !taken.settled {
                desk.unsettled.add(taken.signed());
            }
        }
    }
    let mut findings = Vec::new();
    for closing in closings {
        let at = closing.intent.at;
        let Some(currency) = devices.get(&closing.intent.device) else {
            continue;
        };
        if at < period.begins() || at >= period.ends() {
            continue;
        }
        findings.extend(told(closing, *currency));
        let balance = match &closing.state {
            ClosingState::Closed(balance) => Some(balance),
            ClosingState::Begun | ClosingState::Refused(_) | ClosingState::Unknown(_) => None,
        };
        let settlement = Settlement {
            terminal: balance.and_then(|balance| balance.terminal.total_minor),
            journal: balance.and_then(|balance| balance.journal.total_minor),
            closing: closing.clone(),
        };
        let desk = entry(&mut all, &closing.intent.device, *currency);
        desk.settlements.push(settlement);
    }
    (all.into_values().collect(), findings)
}

fn entry<'a>(
    all: &'a mut BTreeMap<(DeviceId, &'static str), AtDesk>,
    device: &DeviceId,
    currency: Currency,
) -> &'a mut AtDesk {
    let key = (device.clone(), currency.code());
    all.entry(key).or_insert_with(|| AtDesk {
        device: device.clone(),
        currency,
        taken: Total::default(),
        given_back: Total::default(),
        cards: Total::default(),
        unsettled: Total::default(),
        settlements: Vec::new(),
    })
}

/// What is to be said of an end of day.
fn told(closing: &Closing, currency: Currency) -> Vec<Finding> {
    let finding = |kind, journal, there, text: &Text| Finding {
        kind,
        upstream: None,
        device: Some(closing.intent.device.clone()),
        receipt: None,
        payment: None,
        invoice: None,
        currency,
        journal,
        there,
        text: text.clone(),
        next_step: Text::new(closing.next_step()),
    };
    match &closing.state {
        ClosingState::Closed(balance) => {
            let differences = balance.differences.iter();
            differences
                .map(|one| {
                    let (journal, there) = (Some(one.journal_minor), Some(one.terminal_minor));
                    finding(Kind::Settlement, journal, there, &one.text)
                })
                .collect()
        }
        ClosingState::Unknown(reason) => {
            vec![finding(Kind::CannotTell, None, None, &reason.text)]
        }
        ClosingState::Begun | ClosingState::Refused(_) => Vec::new(),
    }
}
