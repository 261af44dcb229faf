//! The laws of delivery, for any upstream.

use std::time::Duration;

use jiff::SignedDuration;
use payment::Purpose;
use simulator::invoicing::{Fault, System};
use sync::delivery::{Clock, DeliveryState};

use super::{
    Desk, Subject, Taken,
    answers::{self, Said},
    desk::Instead,
    eur,
};

/// Whatever goes wrong, and however often: nothing is booked twice, nothing is lost.
pub(crate) async fn every_fault_ends_with_each_payment_booked_once<S: Subject>() {
    let desk = Desk::<S>::new();
    for fault in Fault::ALL {
        for times in S::TIMES.iter().copied() {
            let (one, other) = desk.two_invoices();
            desk.sandbox.lock().arm(fault, times);
            // Two parts of one invoice: nothing but the receipt number tells them apart.
            let payments = [
                desk.take(one, "30.00"),
                desk.take(one, "30.00"),
                desk.take(other, "7.00"),
            ];
            desk.settle(&payments).await;
            desk.sandbox.lock().disarm();
            end_well(&desk, &payments, &format!("{fault} {times} times"));
        }
    }
}

/// Any faults in any order, and the process dies before and after requests.
pub(crate) async fn no_order_of_faults_and_crashes_books_twice_or_loses_anything<S: Subject>() {
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let desk = Desk::<S>::with_invoices(&[156, 157]);
        let payments: Vec<Taken> = (1..=4)
            .map(|_| desk.take(156 + dice.below(2), "20.00"))
            .collect();
        for _ in 0..dice.below(5) {
            let fault = Fault::ALL[usize::try_from(dice.below(Fault::ALL.len() as u64)).unwrap()];
            let times = u32::try_from(dice.below(3)).unwrap() + 1;
            desk.sandbox.lock().arm(fault, times);
        }
        for _ in 0..dice.below(12) {
            let instead = match dice.below(6) {
                0 => Some(Instead::CrashBefore),
                1 => Some(Instead::CrashAfter),
                _ => None,
            };
            desk.script.lock().unwrap().any.push_back(instead);
        }
        desk.settle(&payments).await;
        end_well(&desk, &payments, &format!("seed {seed}"));
    }
}

/// The end of payments that the system would take: each is there once, in its order.
fn end_well<S: Subject>(desk: &Desk<S>, payments: &[Taken], what: &str) {
    let booked = desk.booked();
    for taken in payments {
        let ours: Vec<_> = booked
            .iter()
            .filter(|b| b.receipt == taken.receipt())
            .collect();
        let right = |b: &&simulator::invoicing::Booked| {
            b.invoice == taken.invoice && b.amount == taken.payment.intent.money.amount()
        };
        match desk.state(taken) {
            DeliveryState::Confirmed { .. } => assert!(
                ours.len() == 1 && ours.iter().all(right),
                "{what}: confirmed, but the system holds {ours:?}"
            ),
            DeliveryState::NeedsOperator { reason } => {
                assert!(!S::SETTLES, "{what}: left to a person: {reason}");
                assert!(ours.len() <= 1, "{what}: {ours:?}");
            }
            // Its turn has not come while a person looks at the one before it.
            DeliveryState::Queued => assert!(!S::SETTLES && ours.is_empty(), "{what}: {ours:?}"),
            other => panic!("{what}: {other:?} is no end"),
        }
    }
    for Taken { invoice, .. } in payments {
        let of = |b: &&simulator::invoicing::Booked| b.invoice == *invoice;
        let order: Vec<&String> = booked.iter().filter(of).map(|b| &b.receipt).collect();
        assert!(order.is_sorted(), "{what}: out of order {order:?}");
    }
}

/// Other answers than the system's own, in place of the answer to a booking.
pub(crate) async fn a_hundred_answers_end_in_the_truth<S: Subject>() {
    let table = answers::table();
    assert!(table.len() >= 100, "only {} answers", table.len());
    let desk = Desk::<S>::new();
    for (n, said) in table.into_iter().enumerate() {
        let Said {
            answer,
            may_be_after,
            what,
        } = said;
        let both: &[bool] = if may_be_after {
            &[false, true]
        } else {
            &[false]
        };
        let steps = (0..S::STEPS).flat_map(|step| both.iter().map(move |after| (step, after)));
        // At later steps every fourth answer: nothing is sent on its word alone there.
        for (step, after) in steps.filter(|(step, _)| *step == 0 || n % 4 == *step) {
            let (one, other) = desk.two_invoices();
            let instead = match after {
                true => Instead::HearAfter(answer.clone()),
                false => Instead::Hear(answer.clone()),
            };
            let mut script = vec![None; step];
            script.push(Some(instead));
            desk.script.lock().unwrap().bookings.extend(script);
            let first = desk.take(one, "30.00");
            if step > 0 {
                // The answer is for the first payment's later step.
                desk.settle(std::slice::from_ref(&first)).await;
            }
            let other = desk.take(other, "7.00");
            desk.settle(&[first.clone(), other.clone()]).await;
            let what = format!(
                "{what}, {} booking",
                if *after { "after" } else { "without" }
            );
            let times = desk.times_booked(&first);
            match desk.state(&first) {
                DeliveryState::Confirmed { .. } => assert_eq!(times, 1, "{what}"),
                DeliveryState::NeedsOperator { reason } if S::SETTLES => {
                    // What only the last step was refused of counts already, and is said so.
                    let counts = step > 1 && reason.as_str().contains("is booked");
                    assert_eq!(times, usize::from(counts), "{what}: {reason}");
                    assert!(answers::may_be_final(&answer), "{what}: gave up: {reason}");
                }
                DeliveryState::NeedsOperator { .. } => assert!(times <= 1, "{what}"),
                state => panic!("{what}: {state:?} is no end"),
            }
            let state = desk.state(&other);
            let confirmed = matches!(state, DeliveryState::Confirmed { .. });
            assert!(confirmed, "{what}: another invoice was held up: {state:?}");
        }
    }
}

/// Other answers than the system's own, in place of the answer to a read-back.
pub(crate) async fn a_hundred_read_backs_confirm_nothing_by_mistake<S: Subject>() {
    let desk = Desk::<S>::new();
    for Said { answer, what, .. } in answers::table() {
        let (invoice, _) = desk.two_invoices();
        desk.sandbox.lock().arm(Fault::AnswerLostBeforeBooking, 1);
        let reads = [Instead::Hear(answer.clone()), Instead::Hear(answer)];
        desk.script.lock().unwrap().others.extend(reads);
        let first = desk.take(invoice, "30.00");
        desk.settle(std::slice::from_ref(&first)).await;
        match desk.state(&first) {
            DeliveryState::Confirmed { .. } => assert_eq!(desk.times_booked(&first), 1, "{what}"),
            DeliveryState::NeedsOperator { .. } => {
                assert_eq!(desk.times_booked(&first), 0, "{what}");
            }
            state => panic!("{what}: {state:?} is no end"),
        }
        // What was not asked for is not for the next.
        desk.script.lock().unwrap().others.clear();
        desk.sandbox.lock().disarm();
    }
}

/// What the system refuses for good waits for a person, in a sentence; other invoices go on.
pub(crate) async fn a_refusal_waits_for_a_person_and_blocks_no_other_invoice<S: Subject>() {
    let desk = Desk::<S>::with_invoices(&[156, 157]);
    let too_much = desk.take(156, "100.01");
    let behind = desk.take(156, "1.00");
    let unknown = desk.take(999, "1.00");
    let good = desk.take(157, "10.00");
    let all = [
        too_much.clone(),
        behind.clone(),
        unknown.clone(),
        good.clone(),
    ];
    desk.settle(&all).await;
    for refused in [&too_much, &unknown] {
        let said = desk.left_to_a_person(refused);
        assert!(said.len() > 10, "{said}");
        assert_eq!(desk.times_booked(refused), 0);
    }
    assert_eq!(
        desk.state(&behind),
        DeliveryState::Queued,
        "first in, first out"
    );
    assert!(matches!(desk.state(&good), DeliveryState::Confirmed { .. }));
    assert_eq!(desk.booked().len(), 1);
}

/// An hour without the system, and five hundred payments meanwhile.
pub(crate) async fn a_backlog_arrives_once_and_in_order<S: Subject>() {
    let invoices: Vec<u64> = (1..=20).collect();
    let desk = Desk::<S>::with_invoices(&invoices);
    desk.sandbox.lock().arm(Fault::Down, u32::MAX);
    for n in 0..500_u64 {
        desk.take(n % 20 + 1, "1.00");
    }
    let back = desk.clock.now().steady + Duration::from_hours(1);
    let sandbox = desk.sandbox.clone();
    desk.settle_until(&[], |now| {
        if now >= back {
            sandbox.lock().disarm();
        }
    })
    .await;
    let booked = desk.booked();
    assert_eq!(booked.len(), 500);
    for invoice in invoices {
        let of = booked.iter().filter(|b| b.invoice == invoice);
        let order: Vec<&String> = of.map(|b| &b.receipt).collect();
        assert_eq!(order.len(), 25);
        assert!(
            order.windows(2).all(|two| two[0] < two[1]),
            "{invoice}: {order:?}"
        );
    }
    let late = desk.clock.now().steady.duration_since(back) - SignedDuration::from_mins(5);
    assert!(late.as_secs() <= 70, "delivery resumed {late} late");
}

/// The system asks for twenty seconds (Retry-After), and gets them.
pub(crate) async fn a_wish_to_be_left_alone_is_granted<S: Subject>() {
    let desk = Desk::<S>::with_invoices(&[156]);
    desk.sandbox.lock().arm(Fault::TooMany, 1);
    let taken = desk.take(156, "1.00");
    desk.settle(std::slice::from_ref(&taken)).await;
    let asked = desk.requests.lock().unwrap().clone();
    let pause = asked[1].duration_since(asked[0]).as_secs();
    assert!(
        (20..=30).contains(&pause),
        "it was left alone for {pause} s"
    );
    assert_eq!(desk.times_booked(&taken), 1);
}

/// The machine's clock is off for good: one request finds out, the others are right at once. A
/// system that does not mind is not bothered.
pub(crate) async fn a_wrong_clock_costs_nothing<S: Subject>() {
    let desk = Desk::<S>::with_invoices(&[156]);
    desk.sandbox.lock().arm(Fault::ClockSkew, u32::MAX);
    let payments = [desk.take(156, "30.00"), desk.take(156, "20.00")];
    let began = desk.clock.now().wall;
    desk.settle(&payments).await;
    end_well(&desk, &payments, "clock");
    assert_eq!(desk.booked().len(), 2);
    let expected = 2 * S::STEPS + usize::from(S::MINDS_THE_CLOCK && !S::LOOKS_FIRST);
    assert_eq!(desk.asked.lock().unwrap().len(), expected);
    let took = desk.clock.now().wall.duration_since(began);
    assert_eq!(took.as_mins(), 5, "time was lost");
}

/// A cancel and a refund come after their payment, once; or a person reads what to enter.
pub(crate) async fn what_is_given_back_is_told_once_or_left_to_a_person<S: Subject>() {
    for fault in [None, Some(Fault::AnswerLostAfterBooking), Some(Fault::Down)] {
        let desk = Desk::<S>::with_invoices(&[156, 157]);
        if let Some(fault) = fault {
            desk.sandbox.lock().arm(fault, 1);
        }
        let first = desk.take(156, "30.00");
        let of = first.payment.intent.id;
        let refund = desk.begin(Purpose::Refund { of }, 156, "10.00");
        let second = desk.take(157, "7.00");
        let sales = [first.clone(), second.clone()];
        // A cancel of what never left would make both needless.
        desk.settle(&sales).await;
        let of = second.payment.intent.id;
        let cancel = desk.begin(Purpose::Cancel { of }, 157, "7.00");
        desk.settle(&sales).await;
        if !S::SETTLES && fault == Some(Fault::AnswerLostAfterBooking) {
            continue;
        }
        end_well(&desk, &sales, "sales");
        for (back, original) in [(&refund, &first), (&cancel, &second)] {
            if S::TAKES_RETURNS {
                let state = desk.state(back);
                let confirmed = matches!(state, DeliveryState::Confirmed { .. });
                assert!(confirmed, "{state:?}");
                let booked = desk.booked();
                let ours: Vec<_> = booked
                    .iter()
                    .filter(|b| b.receipt == back.receipt())
                    .collect();
                assert_eq!(ours.len(), 1);
                assert_eq!(ours[0].amount, -back.payment.intent.money.amount());
            } else {
                let said = desk.left_to_a_person(back);
                let words = [original.receipt(), back.receipt(), back.invoice.to_string()];
                assert!(words.iter().all(|word| said.contains(word)), "{said}");
                assert_eq!(desk.times_booked(back), 0);
            }
        }
    }
}

/// From the smallest unit to the largest amount.
pub(crate) async fn amounts_arrive_to_the_last_unit<S: Subject>() {
    let desk = Desk::<S>::new();
    let amounts = [
        "0.01",
        "0.10",
        "80.00",
        "80.10",
        "9007199254740993.01",
        "1234567.89",
    ];
    let allowed = payment::limits::MINOR_UNITS;
    let mut taken = Vec::new();
    for (n, amount) in (1..).zip(amounts) {
        let fits = amount
            .replace('.', "")
            .parse::<i64>()
            .is_ok_and(|minor| minor <= allowed);
        if fits {
            desk.sandbox.lock().add_invoice(n, eur(amount));
            taken.push(desk.take(n, amount));
        }
    }
    assert!(taken.len() >= 4);
    desk.sandbox
        .lock()
        .arm(Fault::AnswerLostAfterBooking, u32::from(S::SETTLES));
    desk.settle(&taken).await;
    end_well(&desk, &taken, "amounts");
    assert_eq!(desk.booked().len(), taken.len());
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}
