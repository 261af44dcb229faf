//! The terminal's totals beside ours.

use rust_decimal::Decimal;

use crate::{Currency, Method, Payment, Purpose, State, Text};

use super::{BrandTotal, DayTotals, Difference};

/// The brands that terminals sum up apart (ZVT: BMP 60 of the end of day).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// girocard, the former ec-Karte.
    Girocard,
    /// JCB.
    Jcb,
    /// Mastercard with its Maestro.
    Mastercard,
    /// American Express.
    Amex,
    /// Visa with its V PAY.
    Visa,
    /// Diners Club.
    Diners,
    /// All others.
    Other,
}

impl Bucket {
    /// All, in the terminal's order.
    pub const ALL: [Self; 7] = [
        Self::Girocard,
        Self::Jcb,
        Self::Mastercard,
        Self::Amex,
        Self::Visa,
        Self::Diners,
        Self::Other,
    ];

    /// The name on lists.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Girocard => "girocard",
            Self::Jcb => "JCB",
            Self::Mastercard => "Mastercard",
            Self::Amex => "Amex",
            Self::Visa => "VISA",
            Self::Diners => "Diners",
            Self::Other => "other",
        }
    }

    /// The bucket of a brand as terminals write it, by the words in it. A card of two brands is a
    /// girocard first.
    pub fn of(brand: &str) -> Self {
        const WORDS: [(&str, Bucket); 13] = [
            ("girocard", Bucket::Girocard),
            ("ec-cash", Bucket::Girocard),
            ("ec cash", Bucket::Girocard),
            ("jcb", Bucket::Jcb),
            ("mastercard", Bucket::Mastercard),
            ("eurocard", Bucket::Mastercard),
            ("maestro", Bucket::Mastercard),
            ("amex", Bucket::Amex),
            ("american express", Bucket::Amex),
            ("visa", Bucket::Visa),
            ("v pay", Bucket::Visa),
            ("vpay", Bucket::Visa),
            ("diners", Bucket::Diners),
        ];
        let brand = brand.to_lowercase();
        let hit = WORDS.iter().find(|(word, _)| brand.contains(word));
        hit.map_or(Self::Other, |(_, bucket)| *bucket)
    }
}

/// Our totals: the approved card payments among these, what was given back taken off.
pub fn totals(payments: &[Payment]) -> DayTotals {
    let cards = || {
        payments
            .iter()
            .filter(|p| p.intent.method == Method::Card && p.state == State::Approved)
    };
    let brands = Bucket::ALL.into_iter().filter_map(|bucket| {
        let mut total = BrandTotal {
            brand: Text::from(bucket.as_str()),
            count: 0,
            minor: 0,
        };
        for payment in cards().filter(|p| bucket_of(p, payments) == bucket) {
            total.count = total.count.saturating_add(1);
            total.minor = total.minor.saturating_add(signed(payment));
        }
        (total.count > 0).then_some(total)
    });
    DayTotals {
        total_minor: Some(cards().map(signed).fold(0, i64::saturating_add)),
        receipts: None,
        brands: brands.collect(),
    }
}

/// Where the terminal's totals are not those of our payments since the last closing. What the
/// terminal does not tell is not compared. Counts are not compared: terminals count what was given
/// back in different ways.
pub fn compare(terminal: &DayTotals, payments: &[Payment]) -> Vec<Difference> {
    let ours = totals(payments);
    let currency = payments.first().map(|p| p.intent.money.currency());
    let mut differences = Vec::new();
    if let (Some(theirs), Some(ours)) = (terminal.total_minor, ours.total_minor) {
        differences.extend(difference(None, theirs, ours, currency));
    }
    if !terminal.brands.is_empty() {
        for bucket in Bucket::ALL {
            let theirs = sum(&terminal.brands, bucket);
            let ours = sum(&ours.brands, bucket);
            differences.extend(difference(Some(bucket), theirs, ours, currency));
        }
    }
    differences
}

fn difference(
    bucket: Option<Bucket>,
    terminal_minor: i64,
    journal_minor: i64,
    currency: Option<Currency>,
) -> Option<Difference> {
    if terminal_minor == journal_minor {
        return None;
    }
    let what = bucket.map_or("All cards", Bucket::as_str);
    let text = format!(
        "{what}: the terminal closed {}, but the journal says {}.",
        shown(terminal_minor, currency),
        shown(journal_minor, currency)
    );
    Some(Difference {
        brand: bucket.map(|bucket| Text::from(bucket.as_str())),
        terminal_minor,
        journal_minor,
        text: Text::new(&text),
    })
}

/// `EUR -10.10`; in minor units while no payment says which currency it is.
fn shown(minor: i64, currency: Option<Currency>) -> String {
    match currency {
        Some(currency) => {
            let decimals = currency.exponent().map_or(2, u32::from);
            format!("{} {}", currency.code(), Decimal::new(minor, decimals))
        }
        None => format!("{minor} minor units"),
    }
}

fn sum(brands: &[BrandTotal], bucket: Bucket) -> i64 {
    let of_bucket = brands
        .iter()
        .filter(|b| Bucket::of(b.brand.as_str()) == bucket);
    of_bucket.map(|b| b.minor).fold(0, i64::saturating_add)
}

fn signed(payment: &Payment) -> i64 {
    let minor = payment.intent.money.minor();
    match payment.intent.purpose {
        Purpose::Sale => minor,
        Purpose::Cancel { .. } | Purpose::Refund { .. } => minor.saturating_neg(),
    }
}

/// A cancel or refund without a brand of its own is of the first payment's.
fn bucket_of(payment: &Payment, payments: &[Payment]) -> Bucket {
    let brand = |p: &Payment| p.approval.as_ref().and_then(|a| a.card.brand.clone());
    let of = payment.intent.purpose.of();
    let original = || {
        payments
            .iter()
            .find(|p| Some(p.intent.id) == of)
            .and_then(brand)
    };
    brand(payment)
        .or_else(original)
        .map_or(Bucket::Other, |brand| Bucket::of(brand.as_str()))
}
