//! Cases with the row that must match.

use jiff::civil::date;

use super::{super::*, support::*};
use crate::StoredKind;

type Line = (Case, Answer, Row);

fn others() -> Vec<Line> {
    let unknown = || sale(&Answer::Unsupported);
    vec![
        (sale(&paid(470, 480)), Answer::Busy, Row::Busy),
        (sale(&paid(470, 480)), Answer::NoAnswer, Row::NoAnswer),
        (
            seen(unknown(), 471, 481),
            Answer::Unsupported,
            Row::Unsupported,
        ),
        (sale(&Answer::Nothing), Answer::Nothing, Row::NothingStill),
        (
            seen(sale(&Answer::Nothing), 1, 1),
            Answer::Nothing,
            Row::NothingStill,
        ),
        (sale(&paid(470, 480)), Answer::Nothing, Row::NothingAnyMore),
        (unknown(), Answer::Nothing, Row::NothingAnyMore),
        // The terminal was swapped.
        (
            sale(&paid(470, 480)),
            changed(471, 481, |a| a.terminal_id = Some(Text::from("29009999"))),
            Row::OtherTerminal,
        ),
        (
            seen(unknown(), 471, 481),
            changed(471, 481, |a| a.terminal_id = Some(Text::from("29009999"))),
            Row::OtherTerminal,
        ),
        // End-of-day records.
        (
            sale(&day_end(None, Some(480))),
            day_end(None, Some(480)),
            Row::EndOfDayStill,
        ),
        (
            sale(&day_end(None, Some(480))),
            day_end(None, Some(490)),
            Row::ClosedSince,
        ),
        (
            sale(&paid(470, 480)),
            day_end(None, Some(490)),
            Row::ClosedSince,
        ),
        // Without a number it may be another day's.
        (
            sale(&day_end(None, None)),
            day_end(None, None),
            Row::ClosedSince,
        ),
        // The stale receipt: what was there before, with the amount that was wanted.
        (sale(&paid(470, 480)), paid(470, 480), Row::SameAsBefore),
        (
            seen(sale(&paid(470, 480)), 471, 481),
            paid(470, 480),
            Row::SameAsBefore,
        ),
        (
            seen(sale(&paid(470, 480)), 470, 480),
            paid(470, 480),
            Row::SeenBefore,
        ),
        // A terminal that was reset counts anew: the same numbers, another payment.
        (
            sale(&changed(470, 480, |a| a.money = Some(eur(500)))),
            paid(470, 480),
            Row::NumbersAgain,
        ),
        (
            sale(&reversal(470, 480, Some(479))),
            reversal(470, 480, Some(479)),
            Row::SameAsBefore,
        ),
        // Only one number, and the same.
        (
            sale(&changed(470, 480, |a| a.trace = None)),
            changed(470, 480, |a| a.trace = None),
            Row::SameAsBefore,
        ),
    ]
}

fn reversals() -> Vec<Line> {
    let before = || sale(&paid(470, 480));
    let unknown = || sale(&Answer::Unsupported);
    vec![
        (
            seen(before(), 471, 481),
            reversal(472, 482, Some(481)),
            Row::SeenTakenBack,
        ),
        (
            seen(unknown(), 471, 481),
            reversal(472, 482, Some(481)),
            Row::SeenTakenBack,
        ),
        (
            seen(before(), 471, 481),
            reversal(471, 482, Some(480)),
            Row::OtherReversal,
        ),
        (before(), reversal(471, 481, None), Row::TakenBack),
        (before(), reversal(472, 482, None), Row::OtherReversal),
        (unknown(), reversal(471, 481, None), Row::OtherReversal),
        (
            before(),
            stored(
                StoredKind::Reversal {
                    original_trace: None,
                },
                Approval {
                    money: Some(eur(500)),
                    ..approval(471, 481)
                },
            ),
            Row::OtherReversal,
        ),
    ]
}

fn cancels() -> Vec<Line> {
    vec![
        (
            cancel(&paid(470, 480)),
            reversal(471, 481, Some(480)),
            Row::CancelStored,
        ),
        (
            cancel(&paid(474, 484)),
            reversal(476, 486, Some(480)),
            Row::CancelStored,
        ),
        (
            cancel(&paid(470, 480)),
            reversal(471, 481, None),
            Row::CancelStored,
        ),
        (
            cancel(&paid(470, 480)),
            reversal(472, 482, None),
            Row::TooNew,
        ),
        (
            cancel(&paid(470, 480)),
            reversal(469, 479, None),
            Row::Older,
        ),
        (
            cancel(&paid(474, 484)),
            reversal(475, 485, Some(473)),
            Row::OtherReversal,
        ),
        (
            cancel(&reversal(475, 485, Some(480))),
            reversal(475, 485, Some(480)),
            Row::SameAsBefore,
        ),
        (cancel(&paid(470, 480)), paid(470, 480), Row::SameAsBefore),
        (
            cancel(&Answer::Unsupported),
            paid(470, 480),
            Row::OriginalStands,
        ),
        (cancel(&paid(470, 480)), paid(471, 481), Row::NoReversal),
        (
            cancel(&Answer::Unsupported),
            reversal(471, 481, Some(480)),
            Row::BeforeUnknown,
        ),
        (
            seen(cancel(&Answer::Unsupported), 471, 481),
            reversal(471, 481, Some(480)),
            Row::SeenIsStored,
        ),
    ]
}

fn payments() -> Vec<Line> {
    let before = || sale(&paid(470, 480));
    let unknown = || sale(&Answer::Unsupported);
    vec![
        (seen(before(), 471, 481), paid(471, 481), Row::SeenIsStored),
        (seen(unknown(), 471, 481), paid(471, 481), Row::SeenIsStored),
        (
            seen(unknown(), 471, 481),
            changed(471, 481, |a| a.money = Some(eur(500))),
            Row::OtherAmount,
        ),
        (seen(before(), 471, 481), paid(471, 499), Row::NotTheSeen),
        (
            seen(sale(&Answer::Nothing), 1, 1),
            paid(2, 2),
            Row::NotTheSeen,
        ),
        (unknown(), paid(471, 481), Row::BeforeUnknown),
        (before(), paid(471, 481), Row::NextIsOurs),
        (sale(&Answer::Nothing), paid(17, 3), Row::NextIsOurs),
        (
            sale(&day_end(None, Some(480))),
            paid(1, 481),
            Row::NextIsOurs,
        ),
        (
            sale(&day_end(Some(470), Some(480))),
            paid(471, 481),
            Row::NextIsOurs,
        ),
        (sale(&day_end(None, None)), paid(1, 481), Row::NextIsOurs),
        (sale(&day_end(None, Some(480))), paid(471, 479), Row::Older),
        (
            sale(&reversal(470, 480, None)),
            paid(471, 481),
            Row::NextIsOurs,
        ),
        // A record without any number proves nothing.
        (
            sale(&Answer::Nothing),
            changed(1, 1, |a| (a.terminal_receipt, a.trace) = (None, None)),
            Row::Uncountable,
        ),
        // The receipt number wraps.
        (sale(&paid(9999, 480)), paid(1, 481), Row::NextIsOurs),
        (sale(&paid(1, 480)), paid(9999, 479), Row::Older),
        (before(), paid(472, 482), Row::TooNew),
        (before(), paid(469, 479), Row::Older),
        // The number began again with another trace: nobody knows.
        (before(), paid(470, 481), Row::Older),
        (before(), paid(70_000, 481), Row::Uncountable),
        (
            before(),
            changed(471, 481, |a| a.terminal_receipt = None),
            Row::Uncountable,
        ),
        (
            before(),
            changed(471, 481, |a| a.money = Some(eur(2041))),
            Row::OtherAmount,
        ),
        (
            before(),
            changed(471, 481, |a| a.money = Some(chf(2040))),
            Row::OtherAmount,
        ),
        (
            before(),
            changed(471, 481, |a| a.money = None),
            Row::NoAmount,
        ),
    ]
}

fn times() -> Vec<Line> {
    let before = || sale(&paid(470, 480));
    vec![
        // Yesterday, at the same amount.
        (
            before(),
            changed(471, 481, |a| {
                a.terminal_time = Some(date(2026, 10, 5).at(22, 40, 0, 0));
            }),
            Row::OtherTime,
        ),
        (
            before(),
            changed(471, 481, |a| a.terminal_time = None),
            Row::NextIsOurs,
        ),
        // The year was guessed when the record was read.
        (
            before(),
            changed(471, 481, |a| {
                a.terminal_time = Some(date(2027, 10, 6).at(22, 40, 0, 0));
            }),
            Row::NextIsOurs,
        ),
    ]
}

fn traces() -> Vec<Line> {
    let before = || by_traces(&traced(StoredKind::Payment, 480));
    let refused = |trace| traced(StoredKind::Refused, trace);
    let paid = |trace| traced(StoredKind::Payment, trace);
    let other = |change: fn(&mut Approval)| {
        let mut record = Approval {
            terminal_receipt: None,
            ..approval(0, 481)
        };
        change(&mut record);
        stored(StoredKind::Refused, record)
    };
    vec![
        (before(), paid(480), Row::SameAsBefore),
        (before(), paid(481), Row::NextIsOurs),
        // Refusals and calls to the host take numbers too.
        (before(), paid(490), Row::NextIsOurs),
        (before(), paid(479), Row::Older),
        // Another desk may have taken its own payment back, after ours.
        (
            before(),
            traced(
                StoredKind::Reversal {
                    original_trace: None,
                },
                481,
            ),
            Row::OtherReversal,
        ),
        (by_traces(&refused(480)), refused(480), Row::SameAsBefore),
        (before(), refused(481), Row::NextIsRefused),
        (before(), refused(479), Row::Older),
        (
            by_traces(&Answer::Unsupported),
            refused(481),
            Row::BeforeUnknown,
        ),
        (seen(before(), 471, 481), refused(482), Row::NotTheSeen),
        (
            before(),
            other(|a| a.money = Some(eur(500))),
            Row::OtherAmount,
        ),
        (before(), other(|a| a.money = None), Row::NoAmount),
        (before(), other(|a| a.trace = None), Row::Uncountable),
        (
            before(),
            other(|a| a.terminal_time = Some(date(2026, 10, 5).at(22, 40, 0, 0))),
            Row::OtherTime,
        ),
        // By receipts, one between is one too many.
        (
            sale(&super::support::paid(470, 480)),
            stored(StoredKind::Refused, approval(472, 482)),
            Row::TooNew,
        ),
    ]
}

fn references() -> Vec<Line> {
    let asked = || sale(&unknown_reference("29001234"));
    let found = |change: fn(&mut Approval)| {
        let mut approval = approval(471, 481);
        change(&mut approval);
        Answer::Found(Box::new(approval))
    };
    let refused = || {
        let text = "The card was refused.".into();
        Answer::Refused(Refusal { code: None, text })
    };
    vec![
        (asked(), found(|_| {}), Row::ReferenceApproved),
        (
            seen(asked(), 471, 481),
            found(|_| {}),
            Row::ReferenceApproved,
        ),
        (
            asked(),
            found(|a| a.money = Some(eur(2041))),
            Row::OtherAmount,
        ),
        (
            asked(),
            found(|a| a.money = Some(chf(2040))),
            Row::OtherAmount,
        ),
        (asked(), found(|a| a.money = None), Row::NoAmount),
        (
            cancel(&unknown_reference("29001234")),
            found(|a| a.money = None),
            Row::ReferenceApproved,
        ),
        (
            asked(),
            found(|a| a.terminal_id = Some(Text::from("29009999"))),
            Row::OtherTerminal,
        ),
        (asked(), refused(), Row::ReferenceRefused),
        (seen(asked(), 471, 481), refused(), Row::ReferenceRefused),
        (
            asked(),
            unknown_reference("29001234"),
            Row::ReferenceUnknown,
        ),
        (
            seen(asked(), 471, 481),
            unknown_reference("29001234"),
            Row::ReferenceContradicts,
        ),
        (
            asked(),
            unknown_reference("29009999"),
            Row::ReferenceElsewhere,
        ),
        (
            asked(),
            Answer::NotFound { terminal_id: None },
            Row::ReferenceElsewhere,
        ),
        (
            sale(&Answer::Unsupported),
            unknown_reference("29001234"),
            Row::ReferenceElsewhere,
        ),
        (asked(), Answer::Busy, Row::Busy),
        // Its memory was not read before: what it holds cannot be compared.
        (asked(), paid(471, 481), Row::Uncountable),
    ]
}

/// All of them.
fn copies() -> Vec<Line> {
    let before = || sale(&paid(470, 480));
    vec![
        // After a return to a copy, the next record may be a later payment of the same amount.
        (restored(before()), paid(471, 481), Row::Restored),
        (restored(before()), paid(470, 480), Row::Restored),
        (
            restored(sale(&Answer::Nothing)),
            Answer::Nothing,
            Row::Restored,
        ),
        (
            restored(seen(before(), 471, 481)),
            paid(471, 481),
            Row::Restored,
        ),
        (restored(before()), Answer::Busy, Row::Busy),
        (
            restored(sale(&unknown_reference("A"))),
            unknown_reference("A"),
            Row::Restored,
        ),
        (
            restored(sale(&Answer::Nothing)),
            Answer::Found(Box::new(approval(471, 481))),
            Row::ReferenceApproved,
        ),
        (
            restored(sale(&unknown_reference("A"))),
            Answer::Refused(Refusal {
                code: None,
                text: "The card was refused.".into(),
            }),
            Row::ReferenceRefused,
        ),
    ]
}

pub(super) fn table() -> Vec<Line> {
    [
        others(),
        reversals(),
        cancels(),
        payments(),
        copies(),
        times(),
        traces(),
        references(),
    ]
    .concat()
}
