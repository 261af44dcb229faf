//! `kind = "ivvy"`

use std::{collections::BTreeMap, time::Duration};

use payment::Method;
use rust_decimal::Decimal;

use super::{
    super::{Names, section::Section},
    MethodNames, Options, per_device,
};
use crate::Secret;

/// iVvy's numbers: 3 Direct Deposit, 5 Cheque, 6 Cash, 11 Point of Sale.
const METHODS: [(Method, u8); 5] = [
    (Method::Card, 11),
    (Method::Cash, 6),
    (Method::Cheque, 5),
    (Method::BankTransfer, 3),
    (Method::Other, 11),
];
/// iVvy says that there is a limit, but not which.
const PACE: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

/// The options of `kind = "ivvy"`.
#[derive(Debug, Clone)]
pub struct IvvyOptions {
    /// The public half of the key.
    pub api_key: String,
    /// The secret half.
    pub secret: Secret,
    /// What iVvy calls each method; see the iVvy page of the documentation.
    pub methods: MethodNames<IvvyMethod>,
    /// The fees that amounts include.
    pub fees: BTreeMap<Method, IvvyFee>,
    /// Whether iVvy is told of refunds of invoices that belong to a booking of a venue.
    pub refunds_to_bookings: bool,
    /// The shortest time between two requests.
    pub pace: Duration,
}

/// A payment method of iVvy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IvvyMethod {
    /// One of iVvy's own, by its number.
    Number(u8),
    /// One of the clinic's, by its number among the custom ones.
    Custom(u32),
}

/// A fee that an amount includes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IvvyFee {
    /// How it is reckoned.
    pub kind: IvvyFeeKind,
    /// The numbers of the taxes that are not taken of it.
    pub excluded_taxes: Vec<u32>,
}

/// How a fee is reckoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IvvyFeeKind {
    /// As a part of the invoice.
    Percentage(Decimal),
    /// Always the same.
    Amount(Decimal),
}

impl IvvyOptions {
    /// With a key, and the default of everything else.
    pub fn new(api_key: String, secret: Secret) -> Self {
        let devices = BTreeMap::new();
        Self {
            api_key,
            secret,
            methods: MethodNames {
                all: defaults(),
                devices,
            },
            fees: BTreeMap::new(),
            refunds_to_bookings: false,
            pace: PACE,
        }
    }
}

impl Options for IvvyOptions {
    const KEYS: &'static [&'static str] = &[
        "api_key",
        "secret",
        "methods",
        "devices",
        "fees",
        "refunds_to_bookings",
        "pace",
    ];

    fn read(section: &mut Section<'_, '_, '_>, names: &Names<'_>) -> Option<Self> {
        let api_key = section.required_text("api_key", "…");
        if api_key.is_some_and(|key| !key.bytes().all(|b| b.is_ascii_graphic())) {
            // It becomes a part of an HTTP header.
            section.note(
                "api_key",
                "holds a space or another character that no key has; copy it again",
            );
        }
        if !section.has("secret") {
            let text =
                "is missing; write secret = { credential = \"name\" } or { file = \"/path\" }";
            section.note("secret", text);
        }
        let secret = section.secret("secret", names.secrets);
        let methods = per_device::read(section, names, defaults(), method);
        let fees = fees(section);
        let refunds_to_bookings = section.flag("refunds_to_bookings").unwrap_or_default();
        let pace = section.duration("pace", PACE, Duration::ZERO..=MINUTE);
        Some(Self {
            api_key: api_key?.to_owned(),
            secret: secret?,
            methods,
            fees,
            refunds_to_bookings,
            pace: pace?,
        })
    }

    fn secrets(&self) -> Vec<&Secret> {
        vec![&self.secret]
    }
}

fn defaults() -> BTreeMap<Method, IvvyMethod> {
    let methods = METHODS.into_iter();
    methods
        .map(|(method, number)| (method, IvvyMethod::Number(number)))
        .collect()
}

/// A number, or `{ custom = 4711 }`.
fn method(section: &mut Section<'_, '_, '_>, key: &str) -> Option<IvvyMethod> {
    if section.is_table(key) {
        let mut inner = section.inner(key, &["custom"])?;
        if !inner.has("custom") {
            inner.note("custom", "is missing; write { custom = 4711 }");
        }
        return inner.number("custom").map(IvvyMethod::Custom);
    }
    match section.byte(key)? {
        7 => {
            let text = "7 is for card gateways of iVvy's own, which refuse payments from outside; \
                        write 11 for a terminal";
            section.note(key, text);
            None
        }
        13 => {
            let text = "13 is for the clinic's own methods; write which, as { custom = 4711 }";
            section.note(key, text);
            None
        }
        number => Some(IvvyMethod::Number(number)),
    }
}

/// `[upstream.fees]`: for each method, `{ percentage = "1.5" }` or `{ amount = "0.30" }`.
fn fees(section: &mut Section<'_, '_, '_>) -> BTreeMap<Method, IvvyFee> {
    let words = Method::ALL.map(Method::as_str);
    let Some(mut table) = section.inner("fees", &words) else {
        return BTreeMap::new();
    };
    let methods = Method::ALL.into_iter();
    methods
        .filter_map(|method| Some((method, fee(&mut table, method.as_str())?)))
        .collect()
}

fn fee(table: &mut Section<'_, '_, '_>, key: &str) -> Option<IvvyFee> {
    let mut fee = table.inner(key, &["percentage", "amount", "excluded_taxes"])?;
    let excluded_taxes = fee.numbers("excluded_taxes").unwrap_or_default();
    let (percentage, amount) = (decimal(&mut fee, "percentage"), decimal(&mut fee, "amount"));
    let kind = match (fee.has("percentage"), fee.has("amount")) {
        (true, false) => IvvyFeeKind::Percentage(percentage?),
        (false, true) => IvvyFeeKind::Amount(amount?),
        (true, true) | (false, false) => {
            let text = "needs either percentage or amount; write { percentage = \"1.5\" } or \
                        { amount = \"0.30\" }";
            table.note(key, text);
            return None;
        }
    };
    Some(IvvyFee {
        kind,
        excluded_taxes,
    })
}

/// A text, as amounts are everywhere: a number of TOML is a binary fraction.
fn decimal(section: &mut Section<'_, '_, '_>, key: &str) -> Option<Decimal> {
    let text = section.text(key)?;
    let number = Decimal::from_str_exact(text).ok();
    let number = number.filter(|n| *n > Decimal::ZERO && *n < Decimal::ONE_HUNDRED);
    if number.is_none() {
        section.note(key, "must be a number over 0 and under 100, such as \"1.5\"");
    }
    number
}
