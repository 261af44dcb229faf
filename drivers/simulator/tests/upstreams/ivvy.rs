//! iVvy.

use std::time::Duration;

use simulator::invoicing::Ivvy;

use crate::kit::{Desk, Subject, conformance};

struct Subjected;

impl Subject for Subjected {
    type System = Ivvy;

    const SETTLES: bool = true;
    const MINDS_THE_CLOCK: bool = true;
    const TAKES_RETURNS: bool = false;
    const SECRETS: &'static [&'static str] = &["my secret key"];

    fn system() -> Ivvy {
        Ivvy::new("key", "my secret key")
    }

    fn config(url: &str) -> config::Upstream {
        config::Upstream {
            id: "ivvy".parse().unwrap(),
            url: url.into(),
            fence: Duration::from_mins(11),
            kind: config::UpstreamKind::Ivvy(Box::new(config::IvvyOptions {
                pace: Duration::ZERO,
                ..config::IvvyOptions::new(
                    "key".into(),
                    config::Secret::new("my secret key".into()),
                )
            })),
        }
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
        (&unknown, "iVvy says: Unable to find invoice (400/24238)"),
    ] {
        let said = desk.left_to_a_person(taken);
        assert!(said.starts_with(expected), "{said}");
    }
}
