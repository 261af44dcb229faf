//! Where a payment stands, and which events may follow: the state machine, as one pure function.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{DoubtReason, Fact, Settlement};

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Wanted, and durable; no device was asked yet.
    Intended,
    /// The terminal may have been asked. Seen only while it runs: the journal goes from intent to
    /// outcome, so a card payment found `Intended` after a restart may have been asked for too.
    AtTerminal,
    /// Money was taken, but the terminal's operation has not ended: it could still reverse.
    Approving,
    /// Money was taken. Final.
    Approved,
    /// No money was taken, says the terminal or the issuer. Final.
    Declined,
    /// It ended before money could be taken. Final.
    Cancelled,
    /// Nobody can tell whether money was taken.
    InDoubt,
}

/// An event in a payment's life: a durable fact, or the passing moment at which the terminal is
/// asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "an event lives as long as one call, and nearly all are facts"
)]
pub enum Event {
    /// The request goes to the terminal.
    Sent,
    /// Something that the journal keeps.
    Fact(Fact),
}

impl From<Fact> for Event {
    fn from(fact: Fact) -> Self {
        Self::Fact(fact)
    }
}

/// An event that cannot follow. Always a defect or a manipulated journal: never shown to the desk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a payment that is {state} cannot become {event}")]
pub struct Illegal {
    /// Where the payment stood; none before its intent.
    pub state: Standing,
    /// What was to follow.
    pub event: &'static str,
}

/// A state, or nothing yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing(pub Option<State>);

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.map_or("not begun", State::as_str))
    }
}

impl State {
    /// All states.
    pub const ALL: [Self; 7] = [
        Self::Intended,
        Self::AtTerminal,
        Self::Approving,
        Self::Approved,
        Self::Declined,
        Self::Cancelled,
        Self::InDoubt,
    ];

    /// The word used in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::AtTerminal => "at_terminal",
            Self::Approving => "approving",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
            Self::InDoubt => "in_doubt",
        }
    }

    /// The word used in the API: a payment is `approved` to the world only once it is final, and
    /// still `at_terminal` until then.
    pub fn shown(self) -> &'static str {
        if self == Self::Approving {
            Self::AtTerminal.as_str()
        } else {
            self.as_str()
        }
    }

    /// Whether nothing but a new, linked payment can follow.
    pub fn is_final(self) -> bool {
        match self {
            Self::Approved | Self::Declined | Self::Cancelled => true,
            Self::Intended | Self::AtTerminal | Self::Approving | Self::InDoubt => false,
        }
    }

    /// Whether money may have been taken for it.
    pub fn may_hold_money(self) -> bool {
        match self {
            Self::AtTerminal | Self::Approving | Self::Approved | Self::InDoubt => true,
            Self::Intended | Self::Declined | Self::Cancelled => false,
        }
    }

    /// Whether the terminal that took it may take another payment (law 4).
    pub fn holds_terminal(self) -> bool {
        !self.is_final()
    }
}

/// What follows. `None` is a payment that does not exist yet.
///
/// # Errors
/// When the event cannot follow, so that no order of events can make money appear or vanish.
pub fn apply(state: Option<State>, event: &Event) -> Result<State, Illegal> {
    let illegal = |event| {
        Err(Illegal {
            state: Standing(state),
            event,
        })
    };
    let fact = match (state, event) {
        (Some(State::Intended), Event::Sent) => return Ok(State::AtTerminal),
        (_, Event::Sent) => return illegal("sent"),
        (_, Event::Fact(fact)) => fact,
    };
    let Some(from) = state else {
        let begins = matches!(fact, Fact::Intended(_));
        return if begins {
            Ok(State::Intended)
        } else {
            illegal(fact.kind())
        };
    };
    match (from, fact) {
        (State::Intended, Fact::Recorded) => Ok(State::Approved),
        (State::Intended | State::AtTerminal, Fact::Approved(_)) => Ok(State::Approving),
        (State::Approving, Fact::Completed) => Ok(State::Approved),
        (State::Intended | State::AtTerminal, Fact::Declined(_)) => Ok(State::Declined),
        (State::Intended | State::AtTerminal, Fact::Cancelled(_)) => Ok(State::Cancelled),
        (State::Intended | State::AtTerminal | State::Approving, Fact::Doubted(_)) => {
            Ok(State::InDoubt)
        }
        // It was in doubt when the copy was made, and now less is known than then; or an approval was heard
        // meanwhile, which the terminal may still take back.
        (State::InDoubt, Fact::Doubted(doubt))
            if doubt.reason == DoubtReason::Restored || doubt.approval.is_some() =>
        {
            Ok(State::InDoubt)
        }
        (State::InDoubt, Fact::Settled(Settlement::Approved { .. })) => Ok(State::Approved),
        (State::InDoubt, Fact::Settled(Settlement::Declined { .. })) => Ok(State::Declined),
        _ => illegal(fact.kind()),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        Approval, Cancellation, Doubt, DoubtReason, Intent, Method, Money, PaymentId, Purpose,
        Refusal, Text, Verdict, parse_currency,
    };

    fn facts() -> Vec<Fact> {
        let text = Text::from("why");
        let by = || Verdict::Person {
            name: text.clone(),
            reason: text.clone(),
        };
        vec![
            Fact::Intended(Intent {
                id: PaymentId::new(Timestamp::UNIX_EPOCH, [0; 10]),
                key: "k".parse().unwrap(),
                device: "desk1".parse().unwrap(),
                purpose: Purpose::Sale,
                money: Money::from_minor(1010, parse_currency("EUR").unwrap()).unwrap(),
                method: Method::Card,
                invoice: None,
                note: None,
                at: Timestamp::UNIX_EPOCH,
                services: crate::Services::default(),
                before: None,
            }),
            Fact::Recorded,
            Fact::Approved(Approval::default()),
            Fact::Completed,
            Fact::Declined(Refusal {
                code: None,
                text: text.clone(),
            }),
            Fact::Cancelled(Cancellation {
                code: None,
                text: text.clone(),
            }),
            Fact::Doubted(Doubt {
                reason: DoubtReason::Silence,
                text: text.clone(),
                approval: None,
                other_amount: None,
            }),
            Fact::Doubted(Doubt {
                reason: DoubtReason::Restored,
                text: text.clone(),
                approval: None,
                other_amount: None,
            }),
            Fact::Doubted(Doubt {
                reason: DoubtReason::Restart,
                text: text.clone(),
                approval: Some(Approval::default()),
                other_amount: None,
            }),
            Fact::Settled(Settlement::Approved {
                by: by(),
                approval: None,
            }),
            Fact::Settled(Settlement::Declined { by: by() }),
        ]
    }

    fn events() -> Vec<Event> {
        facts()
            .into_iter()
            .map(Event::from)
            .chain([Event::Sent])
            .collect()
    }

    /// The whole table at a glance: a reader checks this, and the code is checked against it.
    #[test]
    fn the_table_of_states_and_events() {
        let states: Vec<Option<State>> = [None]
            .into_iter()
            .chain(State::ALL.into_iter().map(Some))
            .collect();
        let legal: Vec<String> = states
            .iter()
            .flat_map(|state| events().into_iter().map(move |event| (*state, event)))
            .filter_map(|(state, event)| apply(state, &event).ok().map(|to| (state, event, to)))
            .map(|(state, event, to)| {
                let event = match &event {
                    Event::Sent => "Sent".to_owned(),
                    Event::Fact(Fact::Settled(Settlement::Approved { .. })) => "Settled+".into(),
                    Event::Fact(Fact::Settled(Settlement::Declined { .. })) => "Settled-".into(),
                    Event::Fact(Fact::Doubted(doubt)) if doubt.reason == DoubtReason::Restored => {
                        "restored".into()
                    }
                    Event::Fact(Fact::Doubted(doubt)) if doubt.approval.is_some() => "heard".into(),
                    Event::Fact(fact) => fact.kind().to_owned(),
                };
                format!("{state:?} {event} {to:?}")
                    .replace("Some(", "")
                    .replace(')', "")
            })
            .collect();
        assert_eq!(
            legal,
            [
                "None intended Intended",
                "Intended recorded Approved",
                "Intended approved Approving",
                "Intended declined Declined",
                "Intended cancelled Cancelled",
                "Intended doubted InDoubt",
                "Intended restored InDoubt",
                "Intended heard InDoubt",
                "Intended Sent AtTerminal",
                "AtTerminal approved Approving",
                "AtTerminal declined Declined",
                "AtTerminal cancelled Cancelled",
                "AtTerminal doubted InDoubt",
                "AtTerminal restored InDoubt",
                "AtTerminal heard InDoubt",
                "Approving completed Approved",
                "Approving doubted InDoubt",
                "Approving restored InDoubt",
                "Approving heard InDoubt",
                "InDoubt restored InDoubt",
                "InDoubt heard InDoubt",
                "InDoubt Settled+ Approved",
                "InDoubt Settled- Declined",
            ]
        );
    }

    proptest! {
        /// Laws 3, 4 and 6: whatever order events come in, an illegal one changes nothing, what is
        /// final stays, an approval is never folded into a decline without a settlement, and doubt
        /// ends by a settlement only.
        #[test]
        fn no_order_of_events_breaks_the_laws(picks in prop::collection::vec(0..12_usize, 0..40)) {
            let events = events();
            let mut state = None;
            let mut approved = false;
            let mut settled = false;
            let mut sent = 0;
            for event in picks.iter().map(|i| &events[*i]) {
                let Ok(next) = apply(state, event) else { continue };
                prop_assert!(state.is_none_or(|s: State| !s.is_final()), "{state:?} was final");
                if state == Some(State::InDoubt) {
                    settled |= matches!(event, Event::Fact(Fact::Settled(_)));
                    prop_assert!(settled || next == State::InDoubt);
                }
                sent += usize::from(matches!(event, Event::Sent));
                approved |= matches!(event, Event::Fact(Fact::Approved(_)));
                state = Some(next);
                if approved && !settled {
                    prop_assert!(next.may_hold_money(), "an approval became {next:?}");
                }
            }
            prop_assert!(sent <= 1, "the terminal was asked {sent} times");
        }
    }
}
