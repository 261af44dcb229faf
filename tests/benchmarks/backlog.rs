//! Databases with many payments, made by the queue itself.

use std::{fs, path::Path};

use jiff::Timestamp;
use payment::{
    Fact, Intent, Method, Money, PaymentId, Purpose, Services, UpstreamId, parse_currency,
};
use sync::{
    delivery::DeliveryState,
    queue::{Due, Queue, Urgency, Write},
};

/// Writes that are under way at once: one commit takes them all.
const TOGETHER: usize = 1024;
/// As many payments go to one invoice.
pub(crate) const SHARE: usize = 2;

/// A cash payment of 10.10 at a till.
#[expect(clippy::disallowed_methods, reason = "it measures real time")]
pub(crate) fn intent(device: &str, key: &str, invoice: Option<&str>) -> Intent {
    let at = Timestamp::now();
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

/// A database with so many cash payments, due to this upstream if there is one, and `delivered` or not.
pub(crate) fn make(database: &Path, payments: usize, upstream: Option<&str>, delivered: bool) {
    fs::create_dir_all(database.parent().unwrap()).unwrap();
    let queue = Queue::open(database).unwrap();
    let due = Due {
        upstreams: upstream.iter().map(|u| u.parse().unwrap()).collect(),
        ..Due::default()
    };
    let mut made = 0;
    while made < payments {
        let until = payments.min(made + TOGETHER);
        let mut written = Vec::new();
        for n in made..until {
            let invoice = (n / SHARE + 1).to_string();
            let intent = intent("cashbox", &format!("backlog-{n:08}"), Some(&invoice));
            let arrived = delivered.then(|| delivery(&intent, &due));
            let then = vec![Fact::Recorded];
            let due = due.clone();
            written.push(queue.submit(Write::Begin { intent, then, due }, Urgency::Now));
            for write in arrived.into_iter().flatten() {
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

fn delivery(intent: &Intent, due: &Due) -> Vec<Write> {
    let confirmed = |upstream: &UpstreamId| Write::Delivery {
        payment: intent.id,
        upstream: upstream.clone(),
        state: DeliveryState::Confirmed { remote_id: None },
        attempts: 1,
        redirects: 0,
        at: intent.at,
    };
    due.upstreams.iter().map(confirmed).collect()
}
