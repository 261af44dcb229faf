//! Random writes against a model in memory.

use std::collections::BTreeMap;

use payment::{Fact, Payment, PaymentId, ReceiptNumber, State};
use proptest::prelude::*;

use super::support::*;
use crate::queue::{Due, Filter, Pending, Urgency, Write, WriteError, Written};

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
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (0..8_u8, 0..8_u8, 0..3_u8, prop::option::of(0..8_usize)).prop_map(
            |(number, key, device, then)| Op::Begin {
                number,
                key,
                device,
                then
            }
        ),
        (0..8_u8, 0..8_usize).prop_map(|(number, fact)| Op::Add { number, fact }),
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
    }
}

/// What the queue must hold: the rules of the payment crate, and a count.
#[derive(Default)]
struct Model {
    payments: BTreeMap<PaymentId, Payment>,
    facts: i64,
}

impl Model {
    /// The outcome in a word, and the payment.
    fn write(&mut self, write: &Write) -> (&'static str, Option<Payment>) {
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
            other => panic!("{other:?}"),
        }
    }

    fn keep(
        &mut self,
        mut payment: Payment,
        facts: &[Fact],
        at: jiff::Timestamp,
    ) -> (&'static str, Option<Payment>) {
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

fn outcome(pending: Pending) -> (&'static str, Option<Payment>) {
    match pending.wait() {
        Ok(Written::Payment(payment)) => ("written", Some(payment)),
        Ok(Written::Repeat(payment)) => ("repeat", Some(payment)),
        Ok(Written::OtherContent(payment)) => ("other content", Some(payment)),
        Err(WriteError::Illegal(_)) => ("illegal", None),
        Err(WriteError::UnknownPayment(_)) => ("unknown", None),
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
        let approved = model.payments.values().filter(|p| p.state == State::Approved).count();
        let due = reader.deliveries_due(&"books".parse().unwrap(), at(0), 100).unwrap();
        prop_assert_eq!(due.len(), approved);
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
