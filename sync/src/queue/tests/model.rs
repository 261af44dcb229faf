//! Random writes against a model in memory.

use std::collections::{BTreeMap, BTreeSet};

use payment::{
    ClosingId, DeviceId, Fact, IdempotencyKey, Intent, Money, Payment, PaymentId, Purpose,
    ReceiptNumber, State,
    closing::{Closing, ClosingFact, ClosingIntent, ClosingState, DayTotals, Reason},
    parse_currency,
};
use proptest::prelude::*;

use super::support::*;
use crate::queue::{CloseOutcome, Due, Filter, Pending, Urgency, Write, WriteError, Written};

/// One write, as small numbers.
#[derive(Debug, Clone)]
enum Op {
    Begin {
        number: u8,
        key: u8,
        device: u8,
        then: Option<usize>,
    },
    Add {
        number: u8,
        fact: usize,
    },
    /// By card, approved at once.
    Paid {
        number: u8,
    },
    Return {
        number: u8,
        of: u8,
        minor: i64,
        cancel: bool,
    },
    BeginClose {
        number: u8,
        device: u8,
    },
    EndClose {
        number: u8,
        outcome: u8,
    },
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (0..8_u8, 0..8_u8, 0..3_u8, prop::option::of(0..8_usize)).prop_map(
            |(number, key, device, then)| Op::Begin {
                number,
                key,
                device,
                then
            }
        ),
        3 => (0..12_u8, 0..8_usize).prop_map(|(number, fact)| Op::Add { number, fact }),
        3 => (0..4_u8).prop_map(|number| Op::Paid { number }),
        4 => (4..16_u8, 0..5_u8, prop_oneof![Just(500_i64), Just(1010)], any::<bool>()).prop_map(
            |(number, of, minor, cancel)| Op::Return {
                number,
                of,
                minor,
                cancel
            }
        ),
        2 => (0..6_u8, 0..2_u8).prop_map(|(number, device)| Op::BeginClose { number, device }),
        2 => (0..6_u8, 0..3_u8).prop_map(|(number, outcome)| Op::EndClose { number, outcome }),
    ]
}

fn write(op: &Op) -> Write {
    match op {
        Op::Begin {
            number,
            key,
            device,
            then,
        } => {
            let mut intent = at_device(*number, &format!("desk{device}"));
            intent.key = format!("key {key}").parse().unwrap();
            Write::Begin {
                intent,
                then: then.map(|fact| facts().remove(fact)).into_iter().collect(),
                due: due(),
            }
        }
        Op::Add { number, fact } => add(id(*number), facts().remove(*fact), due()),
        Op::Paid { number } => Write::Begin {
            intent: at_device(*number, "desk1"),
            then: vec![facts().remove(1), Fact::Completed],
            due: due(),
        },
        Op::Return {
            number,
            of,
            minor,
            cancel,
        } => {
            let of = id(*of);
            let purpose = if *cancel {
                Purpose::Cancel { of }
            } else {
                Purpose::Refund { of }
            };
            let money = Money::from_minor(*minor, parse_currency("EUR").unwrap()).unwrap();
            let intent = Intent {
                purpose,
                money,
                ..at_device(*number, "desk1")
            };
            Write::Begin {
                intent,
                then: Vec::new(),
                due: due(),
            }
        }
        Op::BeginClose { number, device } => begin_close(*number, &format!("desk{device}")),
        Op::EndClose { number, outcome } => end_close(
            *number,
            match outcome {
                0 => CloseOutcome::Closed(DayTotals::default()),
                1 => CloseOutcome::Refused("no".into()),
                _ => CloseOutcome::Unknown("silence".into()),
            },
        ),
    }
}

/// What the queue must hold: the rules of the payment crate, and a count.
#[derive(Default)]
struct Model {
    payments: BTreeMap<PaymentId, Payment>,
    closings: BTreeMap<ClosingId, Closing>,
    /// The payments that were approved before their terminal's day was closed.
    closed: BTreeSet<PaymentId>,
    facts: i64,
}

type Outcome = (&'static str, Option<Payment>);

impl Model {
    /// The outcome in a word, and the payment.
    fn write(&mut self, write: &Write) -> Outcome {
        match write {
            Write::Begin { intent, then, .. } => {
                if let Some(known) = self.payments.values().find(|p| p.intent.key == intent.key) {
                    let same = known.intent.wants_the_same(intent);
                    let word = if same { "repeat" } else { "other content" };
                    return (word, Some(known.clone()));
                }
                if self.payments.contains_key(&intent.id) {
                    return ("illegal", None);
                }
                if let Some(word) = self.cannot_return(intent) {
                    return (word, None);
                }
                let here = self
                    .payments
                    .values()
                    .filter(|p| p.intent.device == intent.device);
                let seq = u64::try_from(here.count()).unwrap() + 1;
                let receipt = ReceiptNumber::new(intent.device.clone(), seq);
                let payment = Payment::begin(intent.clone(), receipt);
                self.keep(payment, then, intent.at)
            }
            Write::Add {
                payment, fact, at, ..
            } => match self.payments.get(payment) {
                None => ("unknown", None),
                Some(payment) => self.keep(payment.clone(), std::slice::from_ref(fact), *at),
            },
            Write::BeginClose {
                id, key, device, ..
            } => self.begin_close(*id, key, device, write),
            Write::EndClose { id, outcome, .. } => (self.end_close(*id, outcome), None),
            other => panic!("{other:?}"),
        }
    }

    /// The rules once more, from the other end: what was ever promised back.
    fn cannot_return(&self, intent: &Intent) -> Option<&'static str> {
        let of = intent.purpose.of()?;
        let Some(original) = self.payments.get(&of) else {
            return Some("unknown");
        };
        let lives = |p: &&Payment| !matches!(p.state, State::Declined | State::Cancelled);
        let promised: i64 = self
            .payments
            .values()
            .filter(|p| p.intent.purpose.of() == Some(of))
            .filter(lives)
            .map(|p| p.intent.money.minor())
            .sum();
        let cancel = matches!(intent.purpose, Purpose::Cancel { .. });
        let allowed = original.state == State::Approved
            && original.intent.purpose.is_sale()
            && original.intent.device == intent.device
            && promised + intent.money.minor() <= 1010
            && (!cancel || (intent.money.minor() == 1010 && !self.closed.contains(&of)));
        (!allowed).then_some("cannot return")
    }

    fn begin_close(
        &mut self,
        id: ClosingId,
        key: &IdempotencyKey,
        device: &DeviceId,
        write: &Write,
    ) -> Outcome {
        let known = self.closings.values().find(|c| c.intent.key == *key);
        if let Some(known) = known {
            let same = known.intent.device == *device;
            return (if same { "repeat" } else { "elsewhere" }, None);
        }
        let running = |c: &Closing| c.intent.device == *device && c.state == ClosingState::Begun;
        if self.closings.values().any(running) {
            return ("repeat", None);
        }
        let Write::BeginClose { at, .. } = write else {
            panic!("{write:?}");
        };
        let closing = Closing::begin(ClosingIntent {
            id,
            key: key.clone(),
            device: device.clone(),
            at: *at,
        });
        self.closings.insert(id, closing);
        self.facts += 1;
        ("written", None)
    }

    fn end_close(&mut self, id: ClosingId, outcome: &CloseOutcome) -> &'static str {
        let Some(closing) = self.closings.get_mut(&id) else {
            return "unknown";
        };
        let reason = Reason { text: "x".into() };
        if !closing.add(&ClosingFact::DayUnknown(reason), at(0)) {
            return "illegal";
        }
        self.facts += 1;
        if matches!(outcome, CloseOutcome::Closed(_)) {
            let device = &closing.intent.device;
            let here = |p: &&Payment| p.state == State::Approved && p.intent.device == *device;
            let ids = self.payments.values().filter(here).map(|p| p.intent.id);
            self.closed.extend(ids);
        }
        "written"
    }

    fn keep(&mut self, mut payment: Payment, facts: &[Fact], at: jiff::Timestamp) -> Outcome {
        if facts.iter().any(|fact| payment.add(fact, at).is_err()) {
            return ("illegal", None);
        }
        let begun = self
            .payments
            .insert(payment.intent.id, payment.clone())
            .is_none();
        self.facts += i64::try_from(facts.len()).unwrap() + i64::from(begun);
        ("written", Some(payment))
    }
}

fn outcome(pending: Pending) -> Outcome {
    match pending.wait() {
        Ok(Written::Payment(payment)) => ("written", Some(payment)),
        Ok(Written::Repeat(payment)) => ("repeat", Some(payment)),
        Ok(Written::OtherContent(payment)) => ("other content", Some(payment)),
        Err(WriteError::Illegal(_)) => ("illegal", None),
        Ok(Written::Closing(_)) => ("written", None),
        Ok(Written::ClosingRepeat(_)) => ("repeat", None),
        Ok(Written::ClosingElsewhere(_)) => ("elsewhere", None),
        Err(WriteError::ClosingEnded(_)) => ("illegal", None),
        Err(WriteError::CannotReturn(_)) => ("cannot return", None),
        Err(WriteError::UnknownPayment(_) | WriteError::UnknownClosing(_)) => ("unknown", None),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// In batches of any size, the queue answers and holds what the model does; the projection is
    /// the fold of the journal; and what is due is what is approved.
    #[test]
    fn the_queue_is_the_fold_of_its_journal(batches in prop::collection::vec(prop::collection::vec(op(), 1..6), 1..12)) {
        let mut desk = Desk::new();
        let mut model = Model::default();
        for (round, batch) in batches.iter().enumerate() {
            let writes: Vec<Write> = batch.iter().map(write).collect();
            let answers: Vec<Pending> = writes
                .iter()
                .map(|write| desk.queue.submit(write.clone(), Urgency::Now))
                .collect();
            for (write, answer) in writes.iter().zip(answers) {
                prop_assert_eq!(outcome(answer), model.write(write), "{:?}", write);
            }
            if round == 5 {
                desk = desk.reopen();
            }
        }
        let reader = desk.queue.reader().unwrap();
        prop_assert_eq!(reader.verify().unwrap(), model.facts);
        let mut listed = reader.payments(&Filter::default()).unwrap().payments;
        listed.sort_by_key(|p| p.intent.id);
        prop_assert_eq!(&listed, &model.payments.values().cloned().collect::<Vec<_>>());
        for sale in model.payments.values().filter(|p| p.intent.purpose.is_sale()) {
            let linked = reader.linked(sale.intent.id).unwrap();
            let back = linked.iter().filter(|p| p.state == State::Approved);
            let back: i64 = back.map(|p| p.intent.money.minor()).sum();
            prop_assert!(back <= sale.intent.money.minor(), "more given back than paid");
        }
        let begun = model.closings.values().filter(|c| c.state == ClosingState::Begun).count();
        prop_assert_eq!(reader.unfinished_closings().unwrap().len(), begun);
        let approved = model.payments.values().filter(|p| p.state == State::Approved).count();
        let due = reader.deliveries_due(&"books".parse().unwrap(), at(0), 100).unwrap();
        // A refund waits for its sale, and of what was cancelled before it left nothing is told.
        let is_approved = |p: &&Payment| p.state == State::Approved;
        let cancelled: Vec<PaymentId> = model
            .payments
            .values()
            .filter(is_approved)
            .filter_map(|p| match p.intent.purpose {
                Purpose::Cancel { of } => Some(of),
                Purpose::Sale | Purpose::Refund { .. } => None,
            })
            .collect();
        let sales = model.payments.values().filter(is_approved).filter(|p| {
            p.intent.purpose.is_sale() && !cancelled.contains(&p.intent.id)
        });
        prop_assert_eq!(due.len(), sales.count());
        prop_assert_eq!(reader.jobs_due(&"front".parse().unwrap()).unwrap().len(), approved);
        let unfinished = model.payments.values().filter(|p| !p.state.is_final()).count();
        prop_assert_eq!(reader.unfinished().unwrap().len(), unfinished);
    }
}

/// Moments are kept in whole microseconds, and what is answered is what is kept.
#[test]
fn finer_time_is_cut_off() {
    let desk = Desk::new();
    let mut intent = intent(1);
    intent.at = jiff::Timestamp::from_nanosecond(1_800_000_000_123_456_789).unwrap();
    let payment = desk.begin(intent, Due::default());
    assert_eq!(payment.intent.at.as_nanosecond(), 1_800_000_000_123_456_000);
    let reader = desk.queue.reader().unwrap();
    assert_eq!(reader.payment(id(1)).unwrap(), Some(payment));
    assert_eq!(reader.verify().unwrap(), 1);
}
