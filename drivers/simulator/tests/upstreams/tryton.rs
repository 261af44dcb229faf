//! Tryton 8: a booking in three steps.

use std::{collections::BTreeMap, time::Duration};

use jiff::tz::TimeZone;
use simulator::invoicing::Tryton;

use crate::kit::{Desk, Subject, conformance};

const KEY: &str = "not-a-real-key";

struct Subjected;

pub(crate) fn section(url: &str, key: &str, post: bool) -> config::Upstream {
    config::Upstream {
        id: "tryton".parse().unwrap(),
        url: format!("{url}/clinic"),
        fence: Duration::from_mins(11),
        kind: config::UpstreamKind::Tryton(Box::new(config::TrytonOptions {
            key: config::Secret::new(key.into()),
            journals: BTreeMap::new(),
            post,
            time_zone: Some(TimeZone::UTC),
        })),
    }
}

impl Subject for Subjected {
    type System = Tryton;

    const SETTLES: bool = true;
    const MINDS_THE_CLOCK: bool = false;
    const TAKES_RETURNS: bool = true;
    const STEPS: usize = 3;
    const SECRETS: &'static [&'static str] = &[KEY];

    fn system() -> Tryton {
        Tryton::new(KEY, &["desk1"])
    }

    fn config(url: &str) -> config::Upstream {
        section(url, KEY, true)
    }
}

conformance!(Subjected);

/// In Tryton's words, or in ours where it was seen before.
#[tokio::test]
async fn what_tryton_refuses_is_said_as_it_is() {
    let desk = Desk::<Subjected>::with_invoices(&[156]);
    let too_much = desk.take(156, "100.01");
    let unknown = desk.take(999, "1.00");
    desk.settle(&[too_much.clone(), unknown.clone()]).await;
    for (taken, expected) in [
        (&too_much, "Only 100.00 is open on the invoice 156"),
        (&unknown, "Tryton has no invoice 999"),
    ] {
        let said = desk.left_to_a_person(taken);
        assert!(said.starts_with(expected), "{said}");
    }
}
