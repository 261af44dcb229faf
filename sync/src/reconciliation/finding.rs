//! What a comparison finds.

use payment::{Currency, DeviceId, PaymentId, Text, UpstreamId};
use rust_decimal::{Decimal, RoundingStrategy};

/// Something that is not the same on both sides, or cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind.
    pub kind: Kind,
    /// With which system; none for a terminal's end of day.
    pub upstream: Option<UpstreamId>,
    /// At which device; none for what bears no number of ours.
    pub device: Option<DeviceId>,
    /// The number.
    pub receipt: Option<Text>,
    /// Our payment.
    pub payment: Option<PaymentId>,
    /// On which invoice.
    pub invoice: Option<Text>,
    /// In which currency, where it is known.
    pub currency: Currency,
    /// How much the journal has, in the smallest unit; less than nothing for what was given back.
    pub journal: Option<i64>,
    /// How much the other side has.
    pub there: Option<i64>,
    /// What it is, as a sentence.
    pub text: Text,
    /// What to do, as a sentence.
    pub next_step: Text,
}

/// The kinds of findings, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The system said that it has a payment, and does not show it.
    Missing,
    /// The system shows a payment that the journal does not have.
    Extra,
    /// Both have it, but not alike.
    Differing,
    /// A terminal's end of day has other totals than the journal.
    Settlement,
    /// The system does not have it yet.
    NotDelivered,
    /// The system has it, but here that is not confirmed yet.
    NotConfirmed,
    /// It cannot be compared.
    CannotTell,
}

impl Kind {
    /// All, the most urgent first.
    pub const ALL: [Self; 7] = [
        Self::Missing,
        Self::Extra,
        Self::Differing,
        Self::Settlement,
        Self::NotDelivered,
        Self::NotConfirmed,
        Self::CannotTell,
    ];

    /// The word used in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Differing => "differing",
            Self::Settlement => "settlement",
            Self::NotDelivered => "not_delivered",
            Self::NotConfirmed => "not_confirmed",
            Self::CannotTell => "cannot_tell",
        }
    }
}

/// How many, and how much in the smallest unit; what was given back is taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Total {
    /// How many.
    pub count: u32,
    /// How much.
    pub minor: i128,
}

impl Total {
    pub(super) fn add(&mut self, minor: i64) {
        self.count = self.count.saturating_add(1);
        self.minor = self.minor.saturating_add(i128::from(minor));
    }
}

/// An amount in the smallest unit as an exact decimal.
pub fn amount(minor: i128, currency: Currency) -> Decimal {
    Decimal::try_from_i128_with_scale(minor, decimals(currency)).unwrap_or(Decimal::MAX)
}

pub(super) fn decimals(currency: Currency) -> u32 {
    currency.exponent().map_or(2, u32::from)
}

/// An amount as a system shows it, in the smallest unit: some compute with floats.
pub(super) fn minor(amount: Decimal, back: bool, currency: Currency) -> i64 {
    let decimals = decimals(currency);
    let rounded = amount.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero);
    let unit = Decimal::from(10_i64.pow(decimals.min(9)));
    let minor = rounded
        .checked_mul(unit)
        .and_then(|minor| i64::try_from(minor).ok());
    // No real amount comes near; what is too large is never equal to one of ours.
    let minor = minor.unwrap_or(i64::MAX);
    if back { -minor } else { minor }
}

/// `EUR 80.10`
pub(super) fn said(minor: i64, currency: Currency) -> String {
    format!(
        "{} {}",
        currency.code(),
        amount(i128::from(minor.unsigned_abs()), currency)
    )
}
