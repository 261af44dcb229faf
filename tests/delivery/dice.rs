//! SplitMix64, and amounts.

use rust_decimal::Decimal;

pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    /// From 0.01 to 99.99.
    pub(crate) fn amount(&mut self) -> Decimal {
        let cents = i64::try_from(self.below(9999) + 1).unwrap_or(1);
        Decimal::new(cents, 2)
    }
}
