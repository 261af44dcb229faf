//! What a whole answer means.

use payment::{Doubt, DoubtReason, Text};

use super::{
    super::{
        message::{Answer, Status},
        reason::{self, Kind},
    },
    CaisseAp, Phase,
};
use crate::{
    Output,
    terminal::{Approved, Ending, Event, Fact, Slip, request::Request},
};

impl CaisseAp {
    /// The answer is whole.
    pub(super) fn judge(&mut self) {
        let Phase::Asked {
            request, hearing, ..
        } = std::mem::replace(&mut self.phase, Phase::Down(None))
        else {
            return;
        };
        let answer = hearing.answer;
        let garbage = DoubtReason::Garbage;
        if answer.contradicts {
            let text = "The terminal's answer contradicts itself, or cannot be read.";
            return self.doubted(request.payment, garbage, text, None);
        }
        if !answer.answers(&self.order(&request)) {
            let text = "The terminal's answer is for another till, or for another request.";
            return self.doubted(request.payment, garbage, text, None);
        }
        let asked = request.money;
        let same = answer.minor == Some(asked.minor())
            && answer.currency == Some(asked.currency().numeric());
        let kind = answer
            .reason
            .and_then(reason::meaning)
            .map(|meaning| meaning.kind);
        match (answer.status, kind) {
            (Some(Status::Done), Some(Kind::Refused | Kind::Stopped))
                if answer.reason != Some(NO_REASON) =>
            {
                let text = "The terminal says that it was done, and names a reason why it was not.";
                let approval = Some(answer.approval());
                let reason = DoubtReason::Contradiction;
                self.doubted(request.payment, reason, text, approval);
            }
            (Some(Status::Done), _) if same => self.approved(request, answer),
            (Some(Status::Done), _) => self.other_amount(&request, &answer),
            (Some(Status::NotDone), Some(Kind::Done)) => {
                let text = "The terminal says that it was not done, and that it was authorised.";
                let reason = DoubtReason::Contradiction;
                self.doubted(request.payment, reason, text, None);
            }
            (Some(Status::NotDone), _) if same => {
                self.receipts(&request, answer.slips);
                self.over(request.payment, reason::ending(answer.reason));
            }
            (Some(Status::NotDone), _) => {
                let text =
                    "The terminal says that it did not do something, but names another amount.";
                self.doubted(request.payment, garbage, text, None);
            }
            (Some(Status::Taken), _) => {
                let text = "The terminal only says that it has the request, not how it ended.";
                self.doubted(request.payment, garbage, text, None);
            }
            (Some(Status::Unknown) | None, _) => {
                let text = "The terminal ended with a status that is in no list.";
                self.doubted(request.payment, garbage, text, None);
            }
        }
    }

    fn approved(&mut self, request: Request, answer: Answer) {
        let approval = answer.approval();
        self.outputs
            .push_back(Output::Store(Fact::Approved(Approved {
                payment: request.payment,
                approval: approval.clone(),
            })));
        self.phase = Phase::Storing {
            request,
            approval,
            slips: answer.slips,
        };
    }

    fn other_amount(&mut self, request: &Request, answer: &Answer) {
        let other_amount = answer.money();
        let named = other_amount.map_or_else(
            || "an amount that cannot be read".to_owned(),
            |money| money.to_string(),
        );
        let asked = request.money;
        let doubt = Doubt {
            reason: DoubtReason::OtherAmount,
            text: Text::new(&format!(
                "The terminal approved {named} instead of {asked}."
            )),
            approval: Some(answer.approval()),
            other_amount,
        };
        self.over(request.payment, Ending::Doubted(doubt));
    }

    /// The protocol has no acknowledgement: what is durable is over.
    pub(super) fn stored(&mut self, durable: bool) {
        let phase = std::mem::replace(&mut self.phase, Phase::Down(None));
        let Phase::Storing {
            request,
            approval,
            slips,
        } = phase
        else {
            self.phase = phase;
            return;
        };
        if durable {
            self.receipts(&request, slips);
            self.over(request.payment, Ending::Completed);
        } else {
            let text = "The terminal approved, but that could not be written to the disk.";
            let reason = DoubtReason::NotStored;
            self.doubted(request.payment, reason, text, Some(approval));
        }
    }

    fn receipts(&mut self, request: &Request, slips: Vec<Slip>) {
        for slip in slips {
            let payment = Some(request.payment);
            self.event(Event::Receipt { payment, slip });
        }
    }
}

/// `AF` 00 names no reason at all, and so contradicts nothing.
const NO_REASON: u8 = 0;
