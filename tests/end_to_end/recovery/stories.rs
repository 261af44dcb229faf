//! How a desk comes to each row of the table of recovery, and what is true afterwards.

use jiff::SignedDuration;
use payment::recovery::Row;
use simulator::terminal::zvt::{Act, Options};

use Step::{Away, Cancel, DayClosed, Fault, Happens, Paid, Refund, Restarted, Sale};

/// One way into a row.
pub(super) struct Story {
    /// The rows that decide, one after the other: the first is what the story is for.
    pub(super) rows: &'static [Row],
    /// What the terminal is like.
    pub(super) terminal: fn(&mut Options),
    pub(super) steps: &'static [Step],
    /// The payments that stand in the terminal's books afterwards.
    pub(super) books: &'static [u64],
    /// Whether the terminal did what was wanted, whatever anybody heard of it.
    pub(super) done: bool,
}

/// What happens at the desk. The last step is the wish that comes into doubt.
#[derive(Clone, Copy)]
pub(super) enum Step {
    /// A good payment of EUR 1.00.
    Paid,
    /// The daemon stops and starts.
    Restarted,
    /// The end of the day, through the daemon.
    DayClosed,
    /// The terminal will misbehave.
    Fault(&'static str),
    /// Something happens at the terminal without the daemon.
    Happens(Act),
    /// The same, when the terminal hangs up next.
    Away(&'static [Act]),
    /// A payment of this amount.
    Sale(&'static str),
    /// The good payment is to be cancelled.
    Cancel,
    /// The good payment is to be given back.
    Refund,
}

const LOST_BEFORE: Step = Fault("lose-answer-before-card");
const LOST_AFTER: Step = Fault("lose-answer-after-approval");
const LOST_AT_THE_END: Step = Fault("hang-up-before-completion");
const PAY: Step = Sale("10.10");

/// A terminal that nothing is special about, and books that are written by hand.
const fn story(
    rows: &'static [Row],
    steps: &'static [Step],
    books: &'static [u64],
    done: bool,
) -> Story {
    Story {
        rows,
        terminal: |_| (),
        steps,
        books,
        done,
    }
}

impl Story {
    /// What comes into doubt.
    pub(super) fn wish(&self) -> Step {
        self.steps.last().copied().unwrap()
    }

    const fn at(self, terminal: fn(&mut Options)) -> Self {
        Self { terminal, ..self }
    }
}

/// The rows that no ZVT terminal leads to, and why. Their stories are told too, and must come to
/// [`Row::Unsupported`]: a row that becomes reachable has to leave this list.
pub(super) const UNREACHABLE: &[(Row, &str)] = &[
    (Row::NothingStill, NO_PROOF),
    (Row::NothingAnyMore, NO_PROOF),
];

/// 06 20 without an 04 0F is seen in Portalum.Zvt's issue 26; the codes are in PA00P015, 10.
const NO_PROOF: &str = "No answer of a ZVT terminal proves an empty memory. There are terminals \
    that end 06 20 well, without an 04 0F, though they hold a receipt. “Function not possible” (83) \
    is said as well where repeating is switched off, and no other code means that nothing is \
    stored. Totals of zero are also those of a day that was just settled.";

/// The rows that another family leads to, and the test of that family that drives them.
pub(super) const TOLD_ELSEWHERE: &[(Row, &str)] = &[
    // ZVT repeats the last receipt that was stored, and a refusal is not (PA00P015, 2.10).
    (
        Row::NextIsRefused,
        "italy.rs::a_lost_refusal_is_found_in_the_memory",
    ),
    // A return to a copy concerns every family.
    (
        Row::Restored,
        "../restore.rs::a_later_payment_is_not_taken_for_one_of_the_copy",
    ),
    // ZVT knows no reference of ours.
    (
        Row::ReferenceApproved,
        "adyen.rs::our_reference_settles_doubt",
    ),
    (
        Row::ReferenceRefused,
        "adyen.rs::our_reference_settles_doubt",
    ),
    (
        Row::ReferenceUnknown,
        "adyen.rs::our_reference_settles_doubt",
    ),
    (
        Row::ReferenceElsewhere,
        "adyen.rs::another_terminal_that_knows_nothing_proves_nothing",
    ),
    (
        Row::ReferenceContradicts,
        "adyen.rs::a_terminal_that_forgot_an_approval_proves_nothing",
    ),
];

/// All of them, in the order of the table.
pub(super) const STORIES: &[Story] = &[
    story(
        &[Row::Busy, Row::NextIsOurs],
        &[Paid, LOST_AFTER, Fault("repeat-busy"), PAY],
        &[100, 1010],
        true,
    ),
    story(
        &[Row::NoAnswer, Row::SameAsBefore],
        &[Paid, LOST_BEFORE, Fault("repeat-hangs-up"), PAY],
        &[100],
        false,
    ),
    story(
        &[Row::Unsupported],
        &[Paid, Fault("no-stored-transaction"), PAY],
        &[100, 1010],
        true,
    ),
    // A new terminal, and still.
    story(&[Row::NothingStill], &[LOST_BEFORE, PAY], &[], false),
    // Set up anew in the middle of it.
    story(
        &[Row::NothingAnyMore],
        &[Paid, LOST_BEFORE, Away(&[Act::BeginAnew]), PAY],
        &[100],
        false,
    ),
    // Exchanged, and another till was faster with the same amount.
    story(
        &[Row::OtherTerminal],
        &[
            Paid,
            LOST_BEFORE,
            Away(&[Act::Swap(28_004_870), Act::Sale(1010)]),
            PAY,
        ],
        &[100, 1010],
        false,
    ),
    story(
        &[Row::EndOfDayStill],
        &[Paid, DayClosed, LOST_BEFORE, PAY],
        &[100],
        false,
    )
    .at(|terminal| terminal.numbers_days = true),
    story(
        &[Row::ClosedSince],
        &[Paid, LOST_AFTER, Away(&[Act::EndOfDay]), PAY],
        &[100, 1010],
        true,
    ),
    // A day that closed without us and without a payment looks the same.
    story(
        &[Row::ClosedSince],
        &[Paid, LOST_BEFORE, Away(&[Act::EndOfDay]), PAY],
        &[100],
        false,
    ),
    // Set up anew, and another till took its first payment, with our number and our amount.
    story(
        &[Row::NumbersAgain],
        &[
            Paid,
            LOST_BEFORE,
            Away(&[Act::BeginAnew, Act::Sale(1010)]),
            PAY,
        ],
        &[100, 1010],
        false,
    ),
    // The last payment's approval comes again, and is taken for ours.
    story(
        &[Row::SeenBefore],
        &[Paid, Fault("stale-status"), Sale("1.00")],
        &[100],
        false,
    ),
    story(
        &[Row::SameAsBefore],
        &[Paid, LOST_BEFORE, PAY],
        &[100],
        false,
    ),
    // What was there before is not known, but it is the very payment that was to be cancelled.
    story(
        &[Row::OriginalStands],
        &[
            Paid,
            Fault("repeat-unknown"),
            Restarted,
            LOST_BEFORE,
            Cancel,
        ],
        &[100],
        false,
    ),
    story(
        &[Row::SeenIsStored],
        &[Paid, LOST_AT_THE_END, PAY],
        &[100, 1010],
        true,
    ),
    story(
        &[Row::SeenIsStored],
        &[Paid, LOST_AT_THE_END, Cancel],
        &[],
        true,
    ),
    story(
        &[Row::SeenTakenBack],
        &[Paid, LOST_AT_THE_END, Away(&[Act::Reversal]), PAY],
        &[100],
        false,
    ),
    story(
        &[Row::TakenBack],
        &[Paid, Fault("auto-reversal"), PAY],
        &[100],
        false,
    ),
    story(&[Row::CancelStored], &[Paid, LOST_AFTER, Cancel], &[], true),
    // Paid and taken back: two records.
    story(
        &[Row::OtherReversal],
        &[Paid, LOST_AFTER, Away(&[Act::Reversal]), PAY],
        &[100],
        false,
    ),
    story(
        &[Row::NoReversal],
        &[Paid, LOST_BEFORE, Away(&[Act::Sale(500)]), Cancel],
        &[100, 500],
        false,
    ),
    story(
        &[Row::OtherAmount],
        &[Paid, LOST_BEFORE, Away(&[Act::Sale(500)]), PAY],
        &[100, 500],
        false,
    ),
    // The first payment of a new terminal.
    story(&[Row::BeforeUnknown], &[LOST_AFTER, PAY], &[1010], true),
    story(
        &[Row::NotTheSeen],
        &[Paid, LOST_AT_THE_END, Away(&[Act::Sale(500)]), PAY],
        &[100, 1010, 500],
        true,
    ),
    story(
        &[Row::Uncountable],
        &[Paid, LOST_AFTER, PAY],
        &[100, 1010],
        true,
    )
    .at(|terminal| terminal.names_receipts = false),
    // As `NumbersAgain`, with a number that cannot be ours.
    story(
        &[Row::Older],
        &[
            Paid,
            LOST_BEFORE,
            Away(&[Act::BeginAnew, Act::Sale(1010)]),
            PAY,
        ],
        &[100, 1010],
        false,
    )
    .at(|terminal| terminal.next_receipt = 470),
    // Another till came between, before ours or after it.
    story(
        &[Row::TooNew],
        &[Paid, Happens(Act::Sale(500)), LOST_AFTER, PAY],
        &[100, 500, 1010],
        true,
    ),
    story(
        &[Row::TooNew],
        &[Paid, LOST_AFTER, Away(&[Act::Sale(1010)]), PAY],
        &[100, 1010, 1010],
        true,
    ),
    story(
        &[Row::NoAmount],
        &[Paid, LOST_AFTER, PAY],
        &[100, 1010],
        true,
    )
    .at(|terminal| terminal.names_amounts = false),
    // The terminal's clock lost more than a day.
    story(
        &[Row::OtherTime],
        &[
            Paid,
            Happens(Act::Clock(SignedDuration::from_hours(-25))),
            LOST_AFTER,
            PAY,
        ],
        &[100, 1010],
        true,
    ),
    story(
        &[Row::NextIsOurs],
        &[Paid, LOST_AFTER, PAY],
        &[100, 1010],
        true,
    ),
    story(
        &[Row::NextIsOurs],
        &[Paid, LOST_AFTER, Refund],
        &[100],
        true,
    ),
    // 9999 is followed by 1.
    story(
        &[Row::NextIsOurs],
        &[Paid, LOST_AFTER, PAY],
        &[100, 1010],
        true,
    )
    .at(|terminal| terminal.next_receipt = 9999),
];
