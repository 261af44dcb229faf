//! A worklist: nothing is sent, whatever happens, and a person does the rest.

use std::path::Path;

use payment::{Purpose, Text};
use simulator::invoicing::HttpApi;
use sync::{
    delivery::DeliveryState,
    queue::{Urgency, Write},
};

use crate::kit::{self, Desk, Subject, Taken};

struct Subjected;

impl Subject for Subjected {
    /// Never asked.
    type System = HttpApi;

    const SETTLES: bool = false;
    const MINDS_THE_CLOCK: bool = false;
    const TAKES_RETURNS: bool = false;
    const SECRETS: &'static [&'static str] = &[];

    fn system() -> HttpApi {
        HttpApi::new("token")
    }

    fn config(_url: &str) -> config::Upstream {
        let text = "[[till]]\nid = \"desk1\"\ncurrency = \"EUR\"\n\
                    [[upstream]]\nid = \"list\"\nkind = \"worklist\"\nform = \"caspen\"\n";
        let secrets = config::SecretSource::new(None);
        let config = config::parse(text, Path::new("tilld.toml"), &secrets, &[]).unwrap();
        config.upstreams.into_iter().next().unwrap()
    }
}

#[tokio::test]
async fn every_fault_ends_with_each_payment_left_to_a_person() {
    kit::every_fault_ends_with_each_payment_booked_once::<Subjected>().await;
}

#[tokio::test]
async fn no_order_of_faults_and_crashes_loses_anything() {
    kit::no_order_of_faults_and_crashes_books_twice_or_loses_anything::<Subjected>().await;
}

fn tick_off(desk: &Desk<Subjected>, taken: &Taken) {
    let write = Write::Delivery {
        payment: taken.payment.intent.id,
        upstream: Desk::<Subjected>::id(),
        state: DeliveryState::Handled {
            name: Text::from("Anna"),
            reason: Text::from("It was entered in Caspen."),
        },
        attempts: 0,
        redirects: 0,
        at: taken.payment.intent.at,
    };
    desk.queue.submit(write, Urgency::Now).wait().unwrap();
}

/// A sale, its refund and the next sale of an invoice come up one after the other, each when the
/// one before is ticked off; nothing is ever sent, and nothing is left to do in between.
#[tokio::test]
async fn an_invoice_is_worked_down_in_its_order() {
    let desk = Desk::<Subjected>::with_invoices(&[156, 157]);
    let sale = desk.take(156, "30.00");
    let of = sale.payment.intent.id;
    let refund = desk.begin(Purpose::Refund { of }, 156, "10.00");
    let next = desk.take(156, "5.00");
    let other = desk.take(157, "7.00");
    desk.settle(&[]).await;
    for behind in [&refund, &next] {
        assert_eq!(desk.state(behind), DeliveryState::Queued);
    }
    assert!(desk.left_to_a_person(&other).contains("invoice 157"));
    for (taken, words) in [
        (&sale, "invoice 156"),
        (&refund, "the refund"),
        (&next, "5.00"),
    ] {
        let said = desk.left_to_a_person(taken);
        assert!(
            said.contains(words) && said.contains(&taken.receipt()),
            "{said}"
        );
        tick_off(&desk, taken);
        desk.settle(&[]).await;
    }
    assert!(matches!(desk.state(&next), DeliveryState::Handled { .. }));
    assert_eq!(desk.asked.lock().unwrap().len(), 0, "something was sent");
    assert_eq!(desk.booked().len(), 0);
}
