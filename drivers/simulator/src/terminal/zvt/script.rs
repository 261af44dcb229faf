//! What the terminal does in an operation, step by step, and how each fault changes it.

use std::{collections::VecDeque, time::Duration};

use drivers::terminal::zvt::apdu::{Apdu, code};

use super::{Act, Fault, Options, books::Kind, message};

/// One step. The next follows when this one is done.
#[derive(Debug)]
pub(super) enum Step {
    /// Answers the till's command.
    Answer(Apdu),
    /// Sends a command, and waits for the till's acknowledgement.
    Say(Apdu),
    /// Does nothing for a while. The till may abort meanwhile if `cancellable`.
    Pause { length: Duration, cancellable: bool },
    /// The issuer approves: a new, open transaction.
    Approve,
    /// 04 0F with the transaction, and waits for the acknowledgement.
    Status,
    /// 04 0F with the transaction, without waiting.
    Shout,
    /// A new transaction that is declined with this code, and its 04 0F.
    Decline(u8),
    /// The receipts.
    Prints,
    /// All is acknowledged: the transaction stands.
    Commit,
    /// Undoes the transaction and ends with 06 1E.
    Fail(u8),
    /// 04 0F of what was stored last, once more.
    Stale,
    /// Something that its own keys can do too.
    Happen(Act),
    /// Undoes the open transaction, and stores a receipt of that alone.
    AutoReverse,
    /// Forgets what was stored last.
    Forget,
    /// Bytes that mean nothing.
    Noise,
    /// A frame without an end.
    OverLong,
    /// Drops the link.
    HangUp,
    /// Hears and says nothing for so long; not even what was to be said before.
    Dead(Duration),
}

/// A running operation.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) kind: Kind,
    pub(super) amount: u64,
    pub(super) fault: Option<Fault>,
    pub(super) steps: VecDeque<Step>,
}

/// How long an update takes.
pub(super) const UPDATE: Duration = Duration::from_mins(2);
/// How long the dead stay dead.
const DEAD: Duration = Duration::from_secs(30);

/// Error codes (PA00P015, chapter 10).
pub(super) mod error {
    pub(in super::super) const PIN_WRONG: u8 = 0x37;
    pub(in super::super) const DECLINED: u8 = 0x05;
    pub(in super::super) const NOT_REGISTERED: u8 = 0x6b;
    pub(in super::super) const ABORTED: u8 = 0x6c;
    pub(in super::super) const CURRENCY: u8 = 0x6f;
    pub(in super::super) const NOT_POSSIBLE: u8 = 0x83;
    pub(in super::super) const PROTOCOL: u8 = 0x9a;
    pub(in super::super) const BUSY: u8 = 0x9c;
    pub(in super::super) const UPDATES: u8 = 0xe0;
    pub(in super::super) const REVERSAL_NOT_POSSIBLE: u8 = 0xb5;
    pub(in super::super) const END_OF_DAY_DUE: u8 = 0xf0;
    pub(in super::super) const SYSTEM: u8 = 0xff;
}

/// What happens with money: payment, refund or reversal.
///
/// `shown` says whether the till asked for intermediate statuses; `options` how long the
/// customer and the issuer take together.
pub(super) fn money(fault: Option<Fault>, shown: bool, options: &Options) -> VecDeque<Step> {
    let delay = options.delay;
    let mut steps = VecDeque::new();
    match fault {
        Some(Fault::Refuse) => return [Step::Answer(Apdu::refused(error::SYSTEM))].into(),
        Some(Fault::Busy | Fault::StaleAmount) => {
            return [Step::Answer(Apdu::refused(error::BUSY))].into();
        }
        Some(Fault::Silent) => return [Step::Dead(DEAD)].into(),
        _ => steps.push_back(Step::Answer(Apdu::accepted())),
    }
    match fault {
        Some(Fault::LoseAnswerBeforeCard) => {
            steps.push_back(Step::HangUp);
            return steps;
        }
        Some(Fault::Swapped) => {
            let other = options.terminal_id.wrapping_add(1) % 100_000_000;
            steps.extend([Step::Happen(Act::Swap(other)), Step::HangUp]);
            return steps;
        }
        Some(Fault::EndOfDayRequired) => {
            steps.extend(declined(error::END_OF_DAY_DUE));
            return steps;
        }
        _ => {}
    }
    let show = |steps: &mut VecDeque<Step>, status, text| {
        if shown {
            steps.push_back(Step::Say(message::intermediate(status, text)));
        }
    };
    show(&mut steps, 0x0a, "Karte vorhalten");
    steps.push_back(Step::Pause {
        length: delay / 2,
        cancellable: true,
    });
    show(&mut steps, 0x16, "PIN eingeben");
    if fault == Some(Fault::DeclineThenApprove) {
        steps.push_back(Step::Decline(error::PIN_WRONG));
        show(&mut steps, 0x16, "PIN eingeben");
    }
    steps.push_back(Step::Pause {
        length: match fault {
            Some(Fault::Slow) => Duration::from_secs(150),
            Some(Fault::LateApproval) => options.late,
            _ => delay / 2,
        },
        cancellable: false,
    });
    steps.extend(ending(fault));
    steps
}

fn declined(code: u8) -> [Step; 2] {
    [Step::Decline(code), Step::Fail(code)]
}

fn ending(fault: Option<Fault>) -> Vec<Step> {
    let completed = || Step::Say(Apdu::new(code::COMPLETION, Vec::new()));
    match fault {
        Some(Fault::Decline) => declined(error::DECLINED).into(),
        Some(Fault::AbortByCustomer) => declined(error::ABORTED).into(),
        Some(Fault::LoseAnswerAfterApproval) => {
            vec![Step::Approve, Step::Commit, Step::HangUp]
        }
        Some(Fault::NoStoredTransaction) => {
            vec![Step::Approve, Step::Commit, Step::Forget, Step::HangUp]
        }
        Some(Fault::LastIsReversal) => {
            let reversal = Step::Happen(Act::Reversal);
            vec![Step::Approve, Step::Commit, reversal, Step::HangUp]
        }
        Some(Fault::AutoReversal) => {
            vec![Step::Approve, Step::AutoReverse, Step::HangUp]
        }
        Some(Fault::StaleStatus) => vec![Step::Stale, Step::HangUp],
        Some(Fault::LastIsEndOfDay) => {
            let end_of_day = Step::Happen(Act::EndOfDay);
            vec![Step::Approve, Step::Commit, end_of_day, Step::HangUp]
        }
        Some(Fault::HangUpAfterApproval) => vec![Step::Approve, Step::Shout, Step::HangUp],
        Some(Fault::HangUpBeforeCompletion) => vec![
            Step::Approve,
            Step::Status,
            Step::Prints,
            Step::Commit,
            Step::HangUp,
        ],
        Some(Fault::PowerLossAfterApproval) => vec![
            Step::Approve,
            Step::Status,
            Step::Prints,
            Step::Commit,
            Step::Dead(DEAD),
        ],
        Some(Fault::AbortAfterApproval) => {
            vec![Step::Approve, Step::Status, Step::Fail(error::SYSTEM)]
        }
        Some(fault @ (Fault::Garbage | Fault::OverLong)) => vec![
            Step::Approve,
            if fault == Fault::Garbage {
                Step::Noise
            } else {
                Step::OverLong
            },
            // Until it has left.
            Step::Pause {
                length: Duration::from_secs(1),
                cancellable: false,
            },
            Step::Dead(DEAD),
        ],
        Some(Fault::DuplicateStatus) => vec![
            Step::Approve,
            Step::Status,
            Step::Status,
            Step::Prints,
            Step::Commit,
            completed(),
        ],
        _ => vec![
            Step::Approve,
            Step::Status,
            Step::Prints,
            Step::Commit,
            completed(),
        ],
    }
}
