//! One job at the terminal: what is wanted, how far it is, and what an answer means for it. Pure: it
//! decides, and the session does.

use jiff::Timestamp;
use payment::{
    Approval, Cancellation, Currency, Doubt, DoubtReason, Money, PaymentId, Refusal, Text,
    closing::DayTotals,
};

use super::{
    reply::{Outcome, Totals, Verdict},
    request::Address,
};
use crate::{
    Mono,
    terminal::{DayEnd, Ending},
};

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wish {
    /// `s`. Our own wish: nobody hears of it but by what it changes.
    Status,
    /// `G`
    Last,
    /// `T`, then `C`.
    Day(Day),
    /// `X`, `P` or `S`: sent at most once, ever (law 4).
    Money(Request),
}

/// An end of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Day {
    /// The totals are told, or cannot be; now it is closed.
    pub(super) closing: bool,
    /// The total before, in cents.
    pub(super) total: Option<i64>,
}

/// What moves money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    /// `X` or `P`
    Pay { payment: PaymentId, money: Money },
    /// `S`
    Reverse {
        payment: PaymentId,
        money: Money,
        /// The number of the payment that is taken back.
        stan: u32,
    },
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Receipts are to be sent for, once there is a link.
    Enable,
    /// `E` left; its ACK is awaited.
    Enabling,
    /// `E` was acknowledged. A terminal that hangs up behind it does that now.
    Settling,
    /// The message itself is to leave, once there is a link.
    Ask,
    /// It left; its ACK is awaited.
    Asking,
    /// The terminal took it and works.
    Working,
    /// The approval is on its way to the disk.
    Storing,
    /// The end is known; receipts may come.
    Ending,
}

/// What ends a job of somebody else's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    Payment(PaymentId, Ending),
    Day(DayEnd),
}

/// A job.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) wish: Wish,
    pub(super) step: Step,
    /// None while the disk or the link is awaited.
    pub(super) deadline: Option<Mono>,
    /// How often its present message left on links that hold.
    pub(super) sends: u8,
    /// How often a link was in vain.
    pub(super) links: u8,
    /// How often an answer was refused by NAK.
    pub(super) naks: u8,
    /// Whether its receipts come here.
    pub(super) here: bool,
    pub(super) garbage: bool,
    pub(super) approval: Option<Approval>,
    pub(super) end: Option<End>,
}

/// What to do with a result.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// Make it durable, then acknowledge it.
    Store(Approval),
    /// Acknowledge it, and end.
    End(Ending),
    /// Do not acknowledge it, and end.
    Doubt(Doubt),
}

impl Wish {
    /// Its message; none when a number does not fit.
    pub(super) fn message(&self, address: &Address, extended: bool) -> Option<String> {
        match self {
            Self::Status => Some(address.status()),
            Self::Last => Some(address.last_result()),
            Self::Day(Day { closing: false, .. }) => Some(address.totals()),
            Self::Day(Day { closing: true, .. }) => Some(address.close()),
            Self::Money(Request::Pay { money, .. }) => address.pay(*money, extended),
            Self::Money(Request::Reverse { stan, .. }) => address.reverse(*stan),
        }
    }

    /// Whether its present message changes anything at the terminal, and so is not sent again.
    pub(super) fn changes(&self) -> bool {
        match self {
            Self::Status | Self::Last => false,
            Self::Day(day) => day.closing,
            Self::Money(_) => true,
        }
    }

    /// Whether its receipts are for our printer, if we have one.
    pub(super) fn prints(&self) -> bool {
        self.changes()
    }
}

impl Request {
    pub(super) fn payment(&self) -> PaymentId {
        match self {
            Self::Pay { payment, .. } | Self::Reverse { payment, .. } => *payment,
        }
    }

    pub(super) fn money(&self) -> Money {
        match self {
            Self::Pay { money, .. } | Self::Reverse { money, .. } => *money,
        }
    }

    /// Judges a result. `terminal` is the one that was asked, `last` the number of the result before.
    pub(super) fn judge(
        &self,
        outcome: &Outcome,
        terminal: Option<&str>,
        last: Option<u32>,
        now: Option<Timestamp>,
    ) -> Judgement {
        let currency = self.money().currency();
        let approval = outcome.approval(currency, now);
        let another = |id: &&Text| terminal.is_some_and(|asked| asked != id.as_str());
        if let Some(id) = outcome.terminal_id().filter(another) {
            let text = format!("A result came from another terminal, {id}.");
            return Judgement::Doubt(doubt(DoubtReason::Contradiction, &text, None));
        }
        let named = approval.money.filter(|money| *money != self.money());
        if let Some(named) = named {
            let asked = self.money();
            let text = format!("The terminal's result is for {named} instead of {asked}.");
            let approved = outcome.verdict == Verdict::Approved;
            return Judgement::Doubt(Doubt {
                other_amount: Some(named),
                ..doubt(
                    DoubtReason::OtherAmount,
                    &text,
                    approved.then_some(approval),
                )
            });
        }
        match &outcome.verdict {
            Verdict::Refused { code, text } => Judgement::End(refused(code, text)),
            Verdict::Unclear(code) => {
                let text = format!(
                    "The terminal ended with the code {code}, which says neither yes nor no."
                );
                Judgement::Doubt(doubt(DoubtReason::Contradiction, &text, None))
            }
            Verdict::Approved => self.judge_approval(outcome, approval, last),
        }
    }

    fn judge_approval(
        &self,
        outcome: &Outcome,
        approval: Approval,
        last: Option<u32>,
    ) -> Judgement {
        let pays = matches!(self, Self::Pay { .. });
        if pays && outcome.reversal {
            let text = "The terminal told of a cancel, but a payment was asked for.";
            return Judgement::Doubt(doubt(DoubtReason::Contradiction, text, None));
        }
        // What a cancel's number is, the specification does not say.
        if pays && outcome.stan.is_some() && outcome.stan == last {
            let text = "The terminal approved under the number of an earlier payment.";
            return Judgement::Doubt(doubt(DoubtReason::Contradiction, text, None));
        }
        Judgement::Store(approval)
    }
}

impl Job {
    pub(super) fn new(wish: Wish, print_here: bool) -> Self {
        let step = first_step(&wish, print_here);
        Self {
            wish,
            step,
            deadline: None,
            sends: 0,
            links: 0,
            naks: 0,
            here: false,
            garbage: false,
            approval: None,
            end: None,
        }
    }

    /// Which payment it is about.
    pub(super) fn payment(&self) -> Option<PaymentId> {
        match &self.wish {
            Wish::Money(request) => Some(request.payment()),
            Wish::Status | Wish::Last | Wish::Day(_) => None,
        }
    }

    /// On to the close of an end of day.
    pub(super) fn close_day(&mut self, total: Option<i64>, print_here: bool) {
        self.wish = Wish::Day(Day {
            closing: true,
            total,
        });
        self.step = first_step(&self.wish, print_here);
        (self.sends, self.links, self.naks) = (0, 0, 0);
        self.deadline = None;
    }

    /// How it ends when nothing more can be heard of it, after its message may have left.
    pub(super) fn lost(&self, reason: DoubtReason) -> Doubt {
        let (reason, text) = match reason {
            _ if self.garbage => (
                DoubtReason::Garbage,
                "The terminal's answers cannot be understood.",
            ),
            DoubtReason::LinkLost => (reason, "The connection to the terminal broke."),
            DoubtReason::NotStored => (
                reason,
                "The approval could not be stored, and the terminal was not told that it arrived.",
            ),
            _ => (reason, "The terminal stopped answering."),
        };
        let approval = self.approval.clone();
        doubt(reason, text, approval)
    }
}

fn first_step(wish: &Wish, print_here: bool) -> Step {
    if print_here && wish.prints() {
        Step::Enable
    } else {
        Step::Ask
    }
}

/// What `C` came to.
pub(super) fn day_end(totals: &Totals, before: Option<i64>) -> DayEnd {
    match totals {
        Totals::Told { terminal, host } => {
            if matches!((terminal, host), (Some(ours), Some(theirs)) if ours != theirs) {
                tracing::warn!("the terminal's total is not its host's");
            }
            DayEnd::Done(DayTotals {
                total_minor: terminal.or(before),
                ..DayTotals::default()
            })
        }
        Totals::Refused(words) => DayEnd::Refused(Refusal {
            code: Some("ecr17:01".into()),
            text: Text::new(&format!("The terminal says: {words}.")),
        }),
        Totals::Unclear => unknown_day("The terminal's answer says neither yes nor no", before),
    }
}

/// Nobody can tell whether the day was closed.
pub(super) fn unknown_day(why: &str, before: Option<i64>) -> DayEnd {
    let euros = |minor: i64| Money::from_minor(minor, Currency::EUR).ok();
    let total = match before.and_then(euros) {
        Some(total) => format!(" Before, its total was {total}."),
        None => String::new(),
    };
    DayEnd::Unknown(Text::new(&format!("{why}.{total}")))
}

/// A refusal by the terminal.
fn refused(code: &str, words: &Text) -> Ending {
    Ending::Declined(Refusal {
        code: Some(Text::new(&format!("ecr17:{code}"))),
        text: Text::new(&format!(
            "{words}. Try another card, or another way to pay."
        )),
    })
}

/// What the terminal was never asked for.
pub(super) fn not_asked(why: &str) -> Ending {
    Ending::Cancelled(Cancellation {
        code: None,
        text: Text::new(why),
    })
}

pub(super) fn doubt(reason: DoubtReason, text: &str, approval: Option<Approval>) -> Doubt {
    Doubt {
        reason,
        text: Text::new(text),
        approval,
        other_amount: None,
    }
}
