//! A payment as it is shown: its intent and all its facts, folded.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Approval, Cancellation, Doubt, Event, Fact, Illegal, Intent, ReceiptNumber, Refusal,
    Settlement, State, Verdict, apply,
};

/// A payment: what was wanted, where it stands, and what is known.
///
/// A projection: it can always be folded again from the journal's facts, and is never edited
/// by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// What was wanted.
    pub intent: Intent,
    /// The number on its receipt.
    pub receipt: ReceiptNumber,
    /// Where it stands.
    pub state: State,
    /// The terminal's approval, once there is one that stands or may stand.
    pub approval: Option<Approval>,
    /// Why no money was taken.
    pub refusal: Option<Refusal>,
    /// Why it ended before money could be taken.
    pub cancellation: Option<Cancellation>,
    /// What made the outcome uncertain; kept after it is settled.
    pub doubt: Option<Doubt>,
    /// Who or what settled the doubt.
    pub verdict: Option<Verdict>,
    /// When the last fact was recorded.
    pub changed_at: Timestamp,
}

impl Payment {
    /// The payment that an intent begins.
    pub fn begin(intent: Intent, receipt: ReceiptNumber) -> Self {
        let changed_at = intent.at;
        Self {
            intent,
            receipt,
            state: State::Intended,
            approval: None,
            refusal: None,
            cancellation: None,
            doubt: None,
            verdict: None,
            changed_at,
        }
    }

    /// Adds a fact.
    ///
    /// # Errors
    /// When the fact cannot follow; the payment is then unchanged.
    pub fn add(&mut self, fact: &Fact, at: Timestamp) -> Result<(), Illegal> {
        self.state = apply(Some(self.state), &Event::Fact(fact.clone()))?;
        self.changed_at = at;
        match fact {
            Fact::Intended(_) | Fact::Recorded | Fact::Completed => {}
            Fact::Approved(approval) => self.approval = Some(approval.clone()),
            Fact::Declined(refusal) => self.refusal = Some(refusal.clone()),
            Fact::Cancelled(cancellation) => self.cancellation = Some(cancellation.clone()),
            Fact::Doubted(doubt) => {
                self.approval = doubt.approval.clone().or(self.approval.take());
                self.doubt = Some(doubt.clone());
            }
            Fact::Settled(Settlement::Approved { by, approval }) => {
                self.approval = approval.clone().or(self.approval.take());
                self.verdict = Some(by.clone());
            }
            Fact::Settled(Settlement::Declined { by }) => {
                self.approval = None;
                self.verdict = Some(by.clone());
            }
        }
        Ok(())
    }
}
