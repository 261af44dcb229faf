//! What comes from the terminal uncalled, and approvals on their way to the disk (law 2).

use payment::DoubtReason;

use super::{Heard, Phase, Zvt, fingerprint};
use crate::{
    Mono, Output,
    terminal::{
        Ending, Event, Fact,
        zvt::{
            apdu::{Apdu, code},
            codes::result,
            message::{PrintBlock, PrintLine, StatusInformation},
            operation::Stage,
        },
    },
};
use payment::PaymentId;

/// More messages than a terminal sends while the disk is awaited.
const MAX_HELD: usize = 16;

/// A fact on its way to the disk. There is never more than one.
pub(super) struct Storing {
    whose: Whose,
    /// The result that is being stored; it may come again meanwhile.
    result: Heard,
    /// What came meanwhile. It is answered afterwards: an answer now could be taken for the
    /// acknowledgement of the approval.
    held: Vec<Apdu>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The running operation's.
    Operation,
    /// Nobody's: left over from an earlier operation.
    LeftOver,
    /// The link was lost before the disk answered: the answer concerns nobody any more.
    Gone,
}

impl Zvt {
    /// Asks the disk for the running operation's approval.
    pub(super) fn store(&mut self, result: Heard, fact: Fact) {
        let whose = match fact {
            Fact::Approved(_) => Whose::Operation,
            Fact::LeftOver(_) => Whose::LeftOver,
        };
        self.storing = Some(Storing {
            whose,
            result,
            held: Vec::new(),
        });
        // An answer to something earlier must not leave now, and be taken for this one's (law 2).
        self.transport.withdraw_answers();
        self.outputs.push_back(Output::Store(fact));
    }

    /// Whether an acknowledgement waits for the disk, so that nothing else may be said.
    pub(super) fn is_storing(&self) -> bool {
        let storing = self.storing.as_ref();
        storing.is_some_and(|storing| storing.whose != Whose::Gone)
    }

    /// Keeps a message for later if the disk is awaited; whether it did.
    pub(super) fn held_back(&mut self, apdu: &Apdu) -> bool {
        let Some(storing) = &mut self.storing else {
            return false;
        };
        // Of a lost link's store only the answer is awaited: what needs no store of its own goes on.
        let waits = match storing.whose {
            Whose::Operation | Whose::LeftOver => true,
            Whose::Gone => !storing.held.is_empty() || apdu.code == code::STATUS_INFORMATION,
        };
        let again = storing.whose != Whose::Gone && storing.result.print == fingerprint(apdu);
        if waits && !again && storing.held.len() < MAX_HELD {
            storing.held.push(apdu.clone());
        }
        waits
    }

    /// The link is gone, and with it whoever waited for an acknowledgement.
    pub(super) fn forget_held(&mut self) {
        if let Some(storing) = &mut self.storing {
            storing.whose = Whose::Gone;
            storing.held.clear();
        }
    }

    /// Law 2: an approval is acknowledged here and nowhere else.
    pub(super) fn stored(&mut self, now: Mono, durable: bool) {
        let Some(storing) = self.storing.take() else {
            return;
        };
        let result = storing.result;
        match (storing.whose, durable) {
            (Whose::Gone, _) => {}
            (Whose::LeftOver, true) => self.answer_result(now, result, Apdu::accepted()),
            (Whose::LeftOver, false) => {
                self.answer_result(now, result, Apdu::refused(result::NOT_ISSUED));
            }
            (Whose::Operation, true) => {
                if let Phase::Operating(operation) = &mut self.phase {
                    operation.stage = Stage::Running;
                    operation.deadline = Some(now + self.settings.completion_timeout);
                }
                self.answer_result(now, result, Apdu::accepted());
            }
            (Whose::Operation, false) => {
                self.answer_result(now, result, Apdu::refused(result::SYSTEM_ERROR));
                if let Phase::Operating(operation) = &self.phase {
                    let text =
                        "The approval could not be stored; the terminal was told to reverse.";
                    let doubt = operation.doubt(DoubtReason::NotStored, text);
                    self.end(now, Ending::Doubted(doubt));
                }
            }
        }
        self.postpone(now);
        for apdu in storing.held {
            self.message(now, &apdu);
        }
        // What came before the acknowledgement does not show that it arrived.
        if let Phase::Operating(operation) = &mut self.phase {
            operation.acknowledgement_seen = false;
        }
        self.take_waiting(now);
    }

    /// A terminal that waited for us could not answer meanwhile: T3 begins anew.
    fn postpone(&mut self, now: Mono) {
        let until = now + self.settings.answer_timeout;
        match &mut self.phase {
            Phase::Registering { deadline, .. } => *deadline = until.max(*deadline),
            Phase::Operating(operation) if operation.stage == Stage::Asked => {
                operation.deadline = Some(until);
            }
            Phase::Enquiring(enquiry) => enquiry.deadline = until.max(enquiry.deadline),
            Phase::Operating(_) | Phase::Down | Phase::Waiting(_) | Phase::Ready => {}
        }
    }

    /// What belongs to no operation of ours is answered, so that the terminal comes to its end,
    /// and never taken for ours. An approval is kept first: it may settle a doubt.
    pub(super) fn left_over(&mut self, now: Mono, apdu: &Apdu) {
        if apdu.is_answer() {
            return;
        }
        match apdu.code {
            code::PRINT_LINE | code::PRINT_BLOCK => self.print(now, apdu, None),
            code::STATUS_INFORMATION => match self.answer_before(apdu) {
                Some(answer) => self.answer(now, answer),
                None => self.left_over_result(now, apdu),
            },
            code::INTERMEDIATE_STATUS | code::COMPLETION | code::ABORT | code::TIME => {
                self.answer(now, Apdu::accepted());
            }
            _ => self.answer(now, Apdu::refused(result::NOT_POSSIBLE)),
        }
    }

    fn left_over_result(&mut self, now: Mono, apdu: &Apdu) {
        let status = StatusInformation::decode(apdu.data(), self.settings.charset);
        let heard = self.heard(apdu);
        match status.result {
            Some(0) => {
                let stored = status.stored(self.settings.currency, self.time(now));
                self.store(heard, Fact::LeftOver(stored));
            }
            Some(_) => self.answer_result(now, heard, Apdu::accepted()),
            // It may be an approval: what cannot be read is not taken.
            None => self.answer_result(now, heard, Apdu::refused(result::NOT_ISSUED)),
        }
    }

    /// What a result that came before was answered: a repetition hears the same.
    pub(super) fn answer_before(&self, apdu: &Apdu) -> Option<Apdu> {
        let (before, answer) = self.answered.as_ref()?;
        (*before == fingerprint(apdu)).then(|| answer.clone())
    }

    /// Paper never decides money: what is to be printed is accepted at once (law 8).
    pub(super) fn print(&mut self, now: Mono, apdu: &Apdu, payment: Option<PaymentId>) {
        self.answer(now, Apdu::accepted());
        let charset = self.settings.charset;
        let slips = match apdu.code {
            code::PRINT_LINE => PrintLine::decode(apdu.data())
                .and_then(|line| self.slips.line(&line, charset))
                .into_iter()
                .collect(),
            _ => PrintBlock::decode(apdu.data())
                .map(|block| self.slips.block(&block, charset))
                .unwrap_or_default(),
        };
        for slip in slips {
            self.event(Event::Receipt { payment, slip });
        }
    }

    pub(super) fn answer_result(&mut self, now: Mono, result: Heard, answer: Apdu) {
        self.answered = Some((result.print, answer.clone()));
        self.answer_to(now, answer, result.number);
    }
}
