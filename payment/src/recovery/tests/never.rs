//! What is never approved, whatever a terminal says.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::{super::*, support::*};
use crate::{PaymentId, StoredKind};

fn kind() -> impl Strategy<Value = StoredKind> {
    prop_oneof![
        4 => Just(StoredKind::Payment),
        2 => prop::option::of(1..4_u32)
            .prop_map(|original_trace| StoredKind::Reversal { original_trace }),
        1 => Just(StoredKind::EndOfDay),
        1 => Just(StoredKind::Refused),
    ]
}

fn number() -> impl Strategy<Value = Option<u32>> {
    prop::option::weighted(0.9, prop_oneof![1..5_u32, Just(9999), any::<u32>()])
}

prop_compose! {
    fn record()(
        receipt in number(),
        trace in number(),
        money in prop::option::weighted(0.9, prop_oneof![Just(eur(2040)), Just(eur(500)), Just(chf(2040))]),
        terminal in prop::option::weighted(0.9, prop_oneof![9 => Just("A"), 1 => Just("B")]),
        time in prop::option::of(-30..30_i64),
    ) -> Approval {
        Approval {
            money,
            terminal_id: terminal.map(Text::from),
            terminal_receipt: receipt,
            trace,
            terminal_time: time.map(|m| asked() + SignedDuration::from_mins(m)),
            ..Approval::default()
        }
    }
}

prop_compose! {
    fn any_case()(
        purpose in 0..3_u8,
        before in prop::option::weighted(0.9, prop::option::weighted(0.9, (kind(), record()))),
        seen in prop::option::of(record()),
        original in prop::option::of(record()),
        traces in any::<bool>(),
        restored in prop::bool::weighted(0.2),
    ) -> Case {
        let of = PaymentId::from_bytes([7; 16]);
        let before = before.map(|before| match before {
            None => Mark::Nothing,
            Some((kind, approval)) => Stored { kind, approval }.mark(),
        });
        Case {
            purpose: match purpose {
                0 => Purpose::Sale,
                1 => Purpose::Refund { of },
                _ => Purpose::Cancel { of },
            },
            before,
            seen,
            original,
            counting: if traces { Counting::Traces } else { Counting::Receipts },
            restored,
            ..sale(&Answer::Nothing)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a terminal says: never the record from before, never another amount, never another
    /// terminal, never a record of another kind.
    #[test]
    fn what_is_never_approved(case in any_case(), kind in kind(), record in record(), repeat in any::<bool>()) {
        let mut now = Stored { kind, approval: record };
        if let (true, Some(Mark::Transaction { transaction, terminal_id, terminal_receipt, trace, .. })) = (repeat, &case.before) {
            now.kind = *transaction;
            now.approval.terminal_id.clone_from(terminal_id);
            now.approval.terminal_receipt = *terminal_receipt;
            now.approval.trace = *trace;
        }
        let answer = Answer::Stored(Box::new(now.clone()));
        let Decision::Approved { approval, .. } = decide(&case, &answer) else { return Ok(()) };
        prop_assert!(!case.restored, "after a return to a copy, a memory proves nothing");
        prop_assert_eq!(&*approval, &now.approval);
        prop_assert!(now.approval.money.is_none_or(|money| money == case.money));
        let cancel = matches!(case.purpose, Purpose::Cancel { .. });
        prop_assert_eq!(matches!(now.kind, StoredKind::Reversal { .. }), cancel);
        prop_assert!(now.kind != StoredKind::EndOfDay);
        let tids = |tid: Option<&Text>| tid.is_none() || now.approval.terminal_id.is_none() || tid == now.approval.terminal_id.as_ref();
        prop_assert!(tids(case.seen.as_ref().and_then(|s| s.terminal_id.as_ref())));
        if let Some(Mark::Transaction { transaction, terminal_id, terminal_receipt, trace, .. }) = &case.before {
            prop_assert!(tids(terminal_id.as_ref()));
            let named = terminal_receipt.is_some() || trace.is_some();
            let same = *transaction == now.kind
                && (*terminal_receipt, *trace) == (now.approval.terminal_receipt, now.approval.trace);
            prop_assert!(!(named && same), "the record from before");
        }
    }
}
