//! The simulated iVvy.
//!
//! Its limits are scaled down: it takes a request whose date is at most two seconds off, the network
//! makes a request at most half a second late, and the fence is three seconds (with the real iVvy: five
//! minutes and eleven).
//!
//! Every other desk is behind a network that sends any request twice, against HTTP's rules. Each of
//! its payments is all of its invoice, so that iVvy refuses the second; two halves it would
//! book, and no client can prevent that. The other desks pay shares of common invoices.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

use payment::{Money, parse_currency};
use rust_decimal::Decimal;
use simulator::{
    invoicing::{self, Booked, Sandbox, Shared, System},
    proxy::Twice,
};
use tokio::net::TcpListener;

use crate::{
    Dice, Wish, World,
    desk::{TILLS, device, secret},
};

/// How many payments share an invoice.
const SHARES: u64 = 5;
/// The first invoice of those that are shared.
const SHARED: u64 = 1_000_000;

pub(crate) struct Ivvy {
    address: SocketAddr,
    sandbox: Shared<invoicing::Ivvy>,
    totals: BTreeMap<u64, Decimal>,
}

/// Payments whole and in shares.
pub(crate) fn wishes(payments: u64, desks: usize, dice: &mut Dice) -> Vec<Wish> {
    let wish = |n: u64| {
        let desk = usize::try_from(n).unwrap_or_default() % desks;
        let whole = twice(desk) == Twice::Any;
        Wish {
            desk,
            device: device(desk, dice.below(TILLS)),
            invoice: if whole {
                1000 + n
            } else {
                SHARED + dice.below(payments / SHARES / 2 + 1)
            },
            amount: dice.amount(),
            key: format!("wish-{n}"),
        }
    };
    (0..payments).map(wish).collect()
}

fn twice(desk: usize) -> Twice {
    match desk % 2 {
        0 => Twice::Any,
        _ => Twice::Idempotent,
    }
}

/// What the payments of each invoice come to.
pub(crate) fn totals(wishes: &[Wish]) -> BTreeMap<u64, Decimal> {
    let mut totals = BTreeMap::new();
    for wish in wishes {
        *totals.entry(wish.invoice).or_insert(Decimal::ZERO) += wish.amount;
    }
    totals
}

impl Ivvy {
    pub(crate) async fn serve(wishes: &[Wish]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let totals = totals(wishes);
        let tolerance = jiff::SignedDuration::from_secs(2);
        let mut ivvy = invoicing::Ivvy::new("key", "secret").with_tolerance(tolerance);
        let eur = parse_currency("EUR").unwrap();
        for (invoice, total) in &totals {
            ivvy.add_invoice(*invoice, Money::parse(&total.to_string(), eur).unwrap());
        }
        let sandbox = Shared::new(Sandbox::new(ivvy));
        tokio::spawn(invoicing::serve(listener, sandbox.clone()));
        Self {
            address,
            sandbox,
            totals,
        }
    }
}

impl World for Ivvy {
    fn name(&self) -> &'static str {
        "the simulated iVvy"
    }

    fn address(&self) -> SocketAddr {
        self.address
    }

    fn twice(&self, desk: usize) -> Twice {
        twice(desk)
    }

    fn section(&self, _: usize, at: SocketAddr, dir: &Path) -> String {
        let secret = secret(dir, "secret");
        format!(
            "[[upstream]]\nid = \"ivvy\"\nkind = \"ivvy\"\nurl = \"http://{at}\"\nfence = \"3s\"\n\
             api_key = \"key\"\nsecret = {{ file = \"{secret}\" }}\npace = \"0s\"\n"
        )
    }

    async fn booked(&self) -> Vec<Booked> {
        self.sandbox.lock().booked()
    }

    async fn open(&self) -> BTreeMap<u64, Decimal> {
        let mut open = self.totals.clone();
        for booked in self.booked().await {
            *open.get_mut(&booked.invoice).unwrap() -= booked.amount;
        }
        open
    }
}
