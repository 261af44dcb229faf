//! Databases with many payments, made by the queue itself.

use std::{fs, path::Path, time::Duration};

use jiff::Timestamp;
use payment::{
    Fact, Intent, Method, Money, PaymentId, PrinterId, Purpose, Services, UpstreamId,
    parse_currency,
};
use sync::{
    delivery::DeliveryState,
    queue::{Due, JobKind, JobState, Queue, Urgency, Write},
};

use crate::multiply;

/// Writes that are under way at once: one commit takes them all.
const TOGETHER: usize = 1024;
/// As many payments go to one invoice.
pub(crate) const SHARE: usize = 2;

/// Payments of a busy clinic's day.
pub(crate) const DAY: usize = 1000;
const SECONDS_OF_A_DAY: u64 = 24 * 60 * 60;
/// From one payment to the next.
const PACE: Duration = Duration::from_secs(20);

/// A cash payment of 10.10 at a till, now.
#[expect(clippy::disallowed_methods, reason = "it measures real time")]
pub(crate) fn intent(device: &str, key: &str, invoice: Option<&str>) -> Intent {
    intent_at(Timestamp::now(), device, key, invoice)
}

fn intent_at(at: Timestamp, device: &str, key: &str, invoice: Option<&str>) -> Intent {
    let mut random = [0; 10];
    getrandom::fill(&mut random).unwrap();
    Intent {
        id: PaymentId::new(at, random),
        key: key.parse().unwrap(),
        device: device.parse().unwrap(),
        purpose: Purpose::Sale,
        money: Money::parse("10.10", parse_currency("EUR").unwrap()).unwrap(),
        method: Method::Cash,
        invoice: invoice.map(|invoice| invoice.parse().unwrap()),
        note: None,
        at,
        services: Services::default(),
        before: None,
    }
}

/// The name of a payment's intention, by its number. Neighbours have names that are far apart, as those
/// have that clients make up.
pub(crate) fn key(n: usize) -> String {
    format!("{:016x}-{n:08}", mixed(n as u64))
}

/// A number that looks like chance: the last step of `SplitMix64`.
pub(crate) fn mixed(n: u64) -> u64 {
    let mut z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The invoice that a payment goes to, by its number.
pub(crate) fn invoice(n: usize) -> String {
    (n / SHARE + 1).to_string()
}

/// The day before today on which the last payment was taken, so that nothing of it is of today.
#[expect(clippy::disallowed_methods, reason = "it measures real time")]
pub(crate) fn last_day() -> Timestamp {
    let today = Timestamp::now().as_second().unsigned_abs() / SECONDS_OF_A_DAY;
    let day = (today - 1) * SECONDS_OF_A_DAY;
    Timestamp::from_second(day.try_into().unwrap()).unwrap()
}

/// A database with so many cash payments of these moments, due to this upstream. The queue makes them.
pub(crate) fn due(database: &Path, payments: usize, upstream: &str) {
    let due = Due {
        upstreams: vec![upstream.parse().unwrap()],
        ..Due::default()
    };
    write(database, payments, &due, last_day(), |_, _| Vec::new());
}

/// A database with so many cash payments, a thousand on each of the days before today, which were all
/// delivered to this upstream and printed at this printer. The queue makes the first day, and
/// [`multiply`] the others like it.
pub(crate) fn done(database: &Path, payments: usize, upstream: &str, printer: &str) {
    let printer: PrinterId = printer.parse().unwrap();
    let due = Due {
        upstreams: vec![upstream.parse().unwrap()],
        jobs: vec![(printer, JobKind::Customer)],
        drawer: None,
    };
    let days = u64::try_from(payments.saturating_sub(1) / DAY).unwrap();
    let first = last_day() - Duration::from_secs(days * SECONDS_OF_A_DAY);
    write(database, payments.min(DAY), &due, first, |n, intent| {
        let upstreams = due.upstreams.iter();
        let mut done: Vec<Write> = upstreams.map(|to| delivered(intent, to)).collect();
        for state in [JobState::Sending, JobState::Confirmed] {
            done.push(Write::Job {
                job: i64::try_from(n + 1).unwrap(),
                state,
                at: intent.at,
            });
        }
        done
    });
    multiply::days(database, payments, DAY, SECONDS_OF_A_DAY);
}

fn write(
    database: &Path,
    payments: usize,
    due: &Due,
    first: Timestamp,
    then: impl Fn(usize, &Intent) -> Vec<Write>,
) {
    fs::create_dir_all(database.parent().unwrap()).unwrap();
    let queue = Queue::open(database).unwrap();
    let mut made = 0;
    while made < payments {
        let until = payments.min(made + TOGETHER);
        let mut written = Vec::new();
        for n in made..until {
            let at = first + PACE * u32::try_from(n % DAY).unwrap();
            let intent = intent_at(at, "cashbox", &key(n), Some(&invoice(n)));
            let then = then(n, &intent);
            let begin = Write::Begin {
                intent,
                then: vec![Fact::Recorded],
                due: due.clone(),
            };
            for write in std::iter::once(begin).chain(then) {
                written.push(queue.submit(write, Urgency::Now));
            }
        }
        for pending in written {
            pending.wait().unwrap();
        }
        made = until;
    }
    queue.close();
}

fn delivered(intent: &Intent, upstream: &UpstreamId) -> Write {
    Write::Delivery {
        payment: intent.id,
        upstream: upstream.clone(),
        state: DeliveryState::Confirmed { remote_id: None },
        attempts: 1,
        redirects: 0,
        at: intent.at,
    }
}
