//! What the terminal does in an operation, step by step, and how each fault changes it.

use std::{collections::VecDeque, time::Duration};

use super::{
    Fault,
    books::{Kind, Standing},
};

/// One step. The next follows when this one is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Acknowledges the request.
    Ack,
    /// Acknowledges it in one segment with what follows.
    AckLater,
    /// Refuses the request.
    Nak,
    /// Tells what it does.
    Progress(&'static str),
    /// Does nothing for a while.
    Pause(Duration),
    /// The host decides: a new transaction, and a result that is kept.
    Decide(Standing),
    /// Sends the kept result, and waits for the ACK.
    Result,
    /// The same, the first time with a wrong check byte.
    BadResult,
    /// The same, and does not hear the first ACK.
    DeafResult,
    /// Sends it without waiting.
    Shout,
    /// Sends the result that was kept before.
    Stale,
    /// Sends this message, and waits for the ACK.
    Say(String),
    /// The receipt, if the till prints it.
    Tickets,
    /// Half of it.
    HalfTicket,
    /// Bytes that mean nothing.
    Noise,
    /// A message without an end.
    OverLong,
    /// Drops the connection.
    HangUp,
    /// Hears and says nothing for so long.
    Dead(Duration),
    /// Its result cannot be asked for.
    Forget,
    /// It wants a DLL for so long.
    Misalign(Duration),
    /// The session is closed.
    Close,
}

/// How long the dead stay dead.
const DEAD: Duration = Duration::from_secs(30);

/// What moves money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Movement {
    pub(super) kind: Kind,
    pub(super) amount: u64,
    pub(super) extended: bool,
}

/// A payment or a reversal: `delay` is how long customer and host take together, `late` how long a
/// late approval takes.
pub(super) fn money(fault: Option<Fault>, delay: Duration, late: Duration) -> VecDeque<Step> {
    let mut steps = VecDeque::new();
    match fault {
        Some(Fault::Refuse) => return [Step::Nak].into(),
        Some(Fault::Silent) => return [Step::Dead(DEAD)].into(),
        Some(Fault::StillWorking) => {
            let work = Step::Pause(Duration::from_secs(20));
            let charge = Step::Decide(Standing::Charged);
            return [Step::Ack, Step::HangUp, work, charge].into();
        }
        Some(Fault::LoseAnswerBeforeCard) => return [Step::Ack, Step::HangUp].into(),
        Some(Fault::NotAligned) => return [Step::Ack, Step::Misalign(DEAD), Step::HangUp].into(),
        Some(Fault::NoAcknowledgement) => {}
        Some(Fault::Coalesce) => steps.push_back(Step::AckLater),
        _ => steps.push_back(Step::Ack),
    }
    steps.push_back(Step::Progress("AVVICINARE CARTA"));
    steps.push_back(Step::Pause(delay / 2));
    steps.push_back(Step::Progress("DIGITARE PIN"));
    steps.push_back(Step::Pause(match fault {
        Some(Fault::Slow) => Duration::from_secs(150),
        Some(Fault::LateApproval) => late,
        _ => delay / 2,
    }));
    steps.extend(ending(fault));
    steps
}

fn ending(fault: Option<Fault>) -> Vec<Step> {
    let charge = Step::Decide(Standing::Charged);
    match fault {
        Some(Fault::Decline | Fault::AbortByCustomer | Fault::UnknownCode) => {
            vec![
                Step::Decide(Standing::Declined),
                Step::Result,
                Step::Tickets,
            ]
        }
        Some(Fault::LoseAnswerAfterApproval) => vec![charge, Step::HangUp],
        Some(Fault::LoseRefusal) => vec![Step::Decide(Standing::Declined), Step::HangUp],
        Some(Fault::NoMemory) => vec![charge, Step::Forget, Step::HangUp],
        Some(Fault::HangUpAfterApproval) => vec![charge, Step::Shout, Step::HangUp],
        Some(fault @ (Fault::Garbage | Fault::OverLong)) => vec![
            charge,
            if fault == Fault::Garbage {
                Step::Noise
            } else {
                Step::OverLong
            },
            // Until it has left.
            Step::Pause(Duration::from_secs(1)),
            Step::Dead(DEAD),
        ],
        Some(Fault::BadLrc) => vec![charge, Step::BadResult, Step::Tickets],
        Some(Fault::LostAcknowledgement) => vec![charge, Step::DeafResult, Step::Tickets],
        Some(Fault::DuplicateAnswer) => vec![charge, Step::Shout, Step::Result, Step::Tickets],
        Some(Fault::StaleAnswer) => vec![Step::Stale, charge, Step::Result, Step::Tickets],
        Some(Fault::TicketFirst) => vec![charge, Step::Tickets, Step::Result],
        Some(Fault::HalfTicket) => vec![charge, Step::Result, Step::HalfTicket],
        _ => vec![charge, Step::Result, Step::Tickets],
    }
}
