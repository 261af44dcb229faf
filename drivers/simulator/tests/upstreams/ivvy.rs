//! iVvy.

use std::time::Duration;

use config::{IvvyMethod, IvvyOptions};
use payment::{Method, Purpose};
use simulator::invoicing::{Fault, Ivvy, Request, System};
use sync::{
    delivery::DeliveryState,
    upstream::{self, HttpAnswer, HttpRequest, InvoiceSeen, When},
};

use crate::kit::{Desk, Instead, Subject, Taken, conformance};

const URL: &str = "https://upstream.example";

fn section(url: &str, change: impl FnOnce(&mut IvvyOptions)) -> config::Upstream {
    let secret = config::Secret::new("my secret key".into());
    let mut options = IvvyOptions::new("key".into(), secret);
    options.pace = Duration::ZERO;
    change(&mut options);
    config::Upstream {
        id: "ivvy".parse().unwrap(),
        url: url.into(),
        fence: Duration::from_mins(11),
        kind: config::UpstreamKind::Ivvy(Box::new(options)),
    }
}

struct Subjected;

impl Subject for Subjected {
    type System = Ivvy;

    const SETTLES: bool = true;
    const MINDS_THE_CLOCK: bool = true;
    const LOOKS_FIRST: bool = true;
    const TAKES_RETURNS: bool = false;
    const SECRETS: &'static [&'static str] = &["my secret key"];

    fn system() -> Ivvy {
        Ivvy::new("key", "my secret key")
    }

    fn config(url: &str) -> config::Upstream {
        section(url, |_| {})
    }
}

conformance!(Subjected);

/// In iVvy's words.
#[tokio::test]
async fn what_ivvy_refuses_is_said_as_it_is() {
    let desk = Desk::<Subjected>::with_invoices(&[156]);
    let too_much = desk.take(156, "100.01");
    let unknown = desk.take(999, "1.00");
    desk.settle(&[too_much.clone(), unknown.clone()]).await;
    for (taken, expected) in [
        (&too_much, "Only 100.00 is open on the invoice"),
        (&unknown, "iVvy has no invoice 999, or this key may not"),
    ] {
        let said = desk.left_to_a_person(taken);
        assert!(said.starts_with(expected), "{said}");
    }
    assert_eq!(desk.asked.lock().unwrap().len(), 0, "nothing was sent");
}

/// A database that was restored from a backup tells again what iVvy has: it is seen, not sent.
#[tokio::test]
async fn what_is_there_already_is_not_sent() {
    let desk = Desk::<Subjected>::with_invoices(&[156]);
    let taken = desk.take(156, "30.00");
    desk.settle(std::slice::from_ref(&taken)).await;
    assert_eq!(desk.times_booked(&taken), 1);
    let restored = |other: bool| {
        let mut restored = Desk::<Subjected>::new();
        restored.sandbox = desk.sandbox.clone();
        if other {
            restored.two_invoices();
        }
        let again = restored.take(156, "30.00");
        assert_eq!(again.receipt(), taken.receipt());
        (restored, again)
    };
    let (same, again) = restored(false);
    same.settle(std::slice::from_ref(&again)).await;
    assert!(matches!(
        same.state(&again),
        DeliveryState::Confirmed { .. }
    ));
    // The same receipt number of another payment: its notes bear another seal of the journal.
    let (other, again) = restored(true);
    other.settle(&[]).await;
    let said = other.left_to_a_person(&again);
    assert!(said.contains("of another payment"), "{said}");
    for restored in [same, other] {
        assert_eq!(restored.asked.lock().unwrap().len(), 0);
        assert_eq!(restored.booked().len(), 1);
    }
}

/// iVvy refuses to overpay, but a part of an invoice that something on the way sends again is booked
/// twice: it is seen when it is read back, never called confirmed, and left to a person. Others go on.
#[tokio::test]
async fn a_part_that_is_booked_twice_is_seen() {
    let desk = Desk::<Subjected>::with_invoices(&[156, 157]);
    let doubled = desk.take(156, "30.00");
    let behind = desk.take(156, "5.00");
    let other = desk.take(157, "7.00");
    desk.script
        .lock()
        .unwrap()
        .bookings
        .push_back(Some(Instead::Twice));
    desk.settle(std::slice::from_ref(&other)).await;
    assert_eq!(desk.times_booked(&doubled), 2);
    let said = desk.left_to_a_person(&doubled);
    let expected = format!("iVvy holds receipt {} 2 times.", doubled.receipt());
    assert!(said.starts_with(&expected), "{said}");
    assert_eq!(
        desk.times_booked(&behind),
        0,
        "its invoice waits for the person"
    );
    assert!(matches!(
        desk.state(&other),
        DeliveryState::Confirmed { .. }
    ));
}

/// Refunds of a booking's invoices, where the configuration allows them.
struct WithRefunds;

impl Subject for WithRefunds {
    type System = Ivvy;

    const SETTLES: bool = true;
    const MINDS_THE_CLOCK: bool = true;
    const LOOKS_FIRST: bool = true;
    const TAKES_RETURNS: bool = false;
    const SECRETS: &'static [&'static str] = &["my secret key"];

    fn system() -> Ivvy {
        Ivvy::new("key", "my secret key")
    }

    fn config(url: &str) -> config::Upstream {
        section(url, |options| options.refunds_to_bookings = true)
    }
}

/// A sale on invoice 156, which belongs to a booking, and a refund of it.
fn sale_and_refund(desk: &Desk<WithRefunds>) -> (Taken, Taken) {
    desk.sandbox.lock().belongs_to_booking(156, 1683, 92471);
    let sale = desk.take(156, "30.00");
    let of = sale.payment.intent.id;
    (sale, desk.begin(Purpose::Refund { of }, 156, "10.00"))
}

#[tokio::test]
async fn a_refund_is_booked_on_its_booking_once() {
    let desk = Desk::<WithRefunds>::with_invoices(&[156, 157, 158]);
    let (_, refund) = sale_and_refund(&desk);
    // An invoice of no booking takes none: a person does it.
    let other = desk.take(157, "5.00");
    let of = other.payment.intent.id;
    let by_hand = desk.begin(Purpose::Refund { of }, 157, "5.00");
    let last = desk.take(158, "5.00");
    // A cancel of what never left would make both needless.
    desk.settle(std::slice::from_ref(&last)).await;
    let of = last.payment.intent.id;
    let cancel = desk.begin(Purpose::Cancel { of }, 158, "5.00");
    desk.settle(std::slice::from_ref(&refund)).await;
    assert!(matches!(
        desk.state(&refund),
        DeliveryState::Confirmed { .. }
    ));
    let booked = desk.booked();
    let ours: Vec<_> = booked
        .iter()
        .filter(|b| b.receipt == refund.receipt())
        .collect();
    assert_eq!(ours.len(), 1);
    assert_eq!(ours[0].amount, -refund.payment.intent.money.amount());
    assert!(desk.left_to_a_person(&by_hand).contains("refund EUR 5.00"));
    assert!(
        desk.left_to_a_person(&cancel)
            .contains("cannot be told of a cancel")
    );
}

/// A refund may be spread over the booking's invoices: a lost answer is for a person, and it is
/// never sent twice.
#[tokio::test]
async fn a_refund_without_an_answer_is_left_to_a_person() {
    for fault in [
        Fault::AnswerLostAfterBooking,
        Fault::AnswerLostBeforeBooking,
        Fault::LateBooking,
        Fault::ServerErrorAfterBooking,
    ] {
        let desk = Desk::<WithRefunds>::with_invoices(&[156]);
        let (sale, refund) = sale_and_refund(&desk);
        desk.settle_until(&[], |_| {
            if matches!(desk.state(&sale), DeliveryState::Confirmed { .. }) {
                desk.sandbox.lock().disarm();
                desk.sandbox.lock().arm(fault, u32::MAX);
            }
        })
        .await;
        let said = desk.left_to_a_person(&refund);
        assert!(
            said.starts_with("It may be booked already."),
            "{fault}: {said}"
        );
        assert!(desk.times_booked(&refund) <= 1, "{fault}");
    }
}

/// A method that iVvy does not have holds up its own payments only, and is told at the start.
#[tokio::test]
async fn a_wrong_method_parks_its_own_payments_only() {
    struct Wrong;

    impl Subject for Wrong {
        type System = Ivvy;

        const SETTLES: bool = true;
        const MINDS_THE_CLOCK: bool = true;
        const TAKES_RETURNS: bool = false;
        const SECRETS: &'static [&'static str] = &[];

        fn system() -> Ivvy {
            Ivvy::new("key", "my secret key")
        }

        fn config(url: &str) -> config::Upstream {
            section(url, |options| {
                let own = [(Method::Cash, IvvyMethod::Custom(4711))].into();
                options.methods.devices = [("desk1".parse().unwrap(), own)].into();
                options
                    .methods
                    .all
                    .insert(Method::Other, IvvyMethod::Number(77));
            })
        }
    }

    let desk = Desk::<Wrong>::with_invoices(&[156]);
    let taken = desk.take(156, "1.00");
    let ivvy = upstream::from_config(&Wrong::config(URL));
    let now = taken.payment.intent.at;
    let found = |desk: &Desk<Wrong>| {
        let answer = ask(desk, &ivvy.check(now).unwrap());
        let findings = ivvy.read_check(&answer);
        assert!(findings.iter().all(|finding| !finding.parks));
        let texts = findings.iter().map(|finding| finding.text.to_string());
        texts.collect::<Vec<_>>()
    };
    let before = found(&desk);
    assert_eq!(before.len(), 2, "{before:?}");
    assert!(
        before[0]
            .starts_with("iVvy has no payment method 77, which the configuration names for other:"),
        "{before:?}"
    );
    assert!(
        before[1].contains("custom payment method 4711"),
        "{before:?}"
    );
    assert!(before[1].contains("for cash at desk1"), "{before:?}");
    // It is added in iVvy while the payment waits.
    let mut parked = 0;
    desk.settle_until(&[], |_| {
        if matches!(desk.state(&taken), DeliveryState::Parked { .. }) {
            parked += 1;
            desk.sandbox.lock().add_custom_method(4711, "EFTPOS desk1");
        }
    })
    .await;
    assert!(parked > 0, "it did not wait");
    assert!(matches!(
        desk.state(&taken),
        DeliveryState::Confirmed { .. }
    ));
    assert_eq!(desk.sandbox.lock().payments()[0].custom, Some(4711));
    assert_eq!(found(&desk).len(), 1);
}

/// One request past the network.
fn ask<S: Subject>(desk: &Desk<S>, request: &HttpRequest) -> HttpAnswer {
    let headers = request.headers.iter();
    let request = Request {
        method: request.method.to_owned(),
        path_and_query: request.url.strip_prefix(URL).unwrap().to_owned(),
        headers: headers.map(|(n, v)| (n.to_string(), v.clone())).collect(),
        body: request.body.clone(),
    };
    let now = "2026-11-21T00:10:00Z".parse().unwrap();
    let answer = desk.sandbox.lock().answer(now, &request);
    HttpAnswer::response(answer.status, None, None, answer.body)
}

/// What the comparison reads: every payment and refund of some days, over pages.
#[tokio::test]
async fn the_list_shows_all_payments_and_refunds() {
    let invoices: Vec<u64> = (1..=120).collect();
    let desk = Desk::<WithRefunds>::with_invoices(&invoices);
    let taken: Vec<Taken> = invoices.iter().map(|id| desk.take(*id, "2.50")).collect();
    desk.sandbox.lock().belongs_to_booking(7, 1, 2);
    let of = taken[6].payment.intent.id;
    let refund = desk.begin(Purpose::Refund { of }, 7, "1.50");
    desk.settle(&taken).await;
    let ivvy = upstream::from_config(&WithRefunds::config(URL));
    let now = taken[0].payment.intent.at;
    let mut listed = Vec::new();
    for page in 0.. {
        let request = ivvy.list(now, now, now, page).unwrap();
        let answer = ask(&desk, &request);
        let page = ivvy.read_list(&answer).unwrap();
        listed.extend(page.payments);
        if !page.more {
            break;
        }
    }
    assert_eq!(listed.len(), 121);
    let find = |taken: &Taken| {
        let receipt = taken.receipt();
        let hit = listed
            .iter()
            .find(|b| b.receipt.as_ref().is_some_and(|r| r.as_str() == receipt));
        hit.cloned().unwrap()
    };
    for taken in &taken {
        let booked = find(taken);
        assert_eq!(booked.invoice.unwrap().as_str(), taken.invoice.to_string());
        assert_eq!(booked.amount, taken.payment.intent.money.amount());
        assert!(!booked.back && booked.at == Some(When::At(taken.payment.intent.at)));
    }
    let back = find(&refund);
    assert!(back.back && back.amount == refund.payment.intent.money.amount());
    // A part of a list, or somebody else's page, is none.
    let mut answer = ask(&desk, &ivvy.list(now, now, now, 0).unwrap());
    if let HttpAnswer::Response { body, .. } = &mut answer {
        body.truncate(body.len() / 2);
    }
    assert!(ivvy.read_list(&answer).is_err());
}

/// What the desk sees before it asks for the card.
#[tokio::test]
async fn an_invoice_is_seen_before_the_sale() {
    let desk = Desk::<Subjected>::with_invoices(&[156]);
    let ivvy = upstream::from_config(&Subjected::config(URL));
    let now = "2026-11-21T00:10:00Z".parse().unwrap();
    let seen = |desk: &Desk<Subjected>, invoice: &str| {
        let invoice = invoice.parse().unwrap();
        let request = ivvy.invoice(now, &invoice)?;
        Some(ivvy.read_invoice(&invoice, &ask(desk, &request)))
    };
    let Some(InvoiceSeen::Open {
        outstanding,
        currency,
    }) = seen(&desk, "156")
    else {
        panic!("not open");
    };
    assert_eq!(outstanding.to_string(), "100");
    assert_eq!(currency.map(|c| c.code()), Some("EUR"));
    let taken = desk.take(156, "100.00");
    desk.settle(std::slice::from_ref(&taken)).await;
    assert!(matches!(
        seen(&desk, "156"),
        Some(InvoiceSeen::Closed { .. })
    ));
    assert!(matches!(
        seen(&desk, "999"),
        Some(InvoiceSeen::NotFound { .. })
    ));
    assert_eq!(seen(&desk, "INV-1"), None);
}

/// More requests in a second than iVvy takes: the rest waits, and arrives once.
#[tokio::test]
async fn too_many_requests_only_take_longer() {
    struct Limited;

    impl Subject for Limited {
        type System = Ivvy;

        const SETTLES: bool = true;
        const MINDS_THE_CLOCK: bool = true;
        const TAKES_RETURNS: bool = false;
        const SECRETS: &'static [&'static str] = &[];

        fn system() -> Ivvy {
            Ivvy::new("key", "my secret key").with_limit(3)
        }

        fn config(url: &str) -> config::Upstream {
            section(url, |_| {})
        }
    }

    let desk = Desk::<Limited>::with_invoices(&[156, 157, 158]);
    let taken: Vec<Taken> = [156, 157, 158].map(|id| desk.take(id, "1.00")).into();
    desk.settle(&taken).await;
    for taken in &taken {
        assert!(matches!(desk.state(taken), DeliveryState::Confirmed { .. }));
        assert_eq!(desk.times_booked(taken), 1);
    }
}
