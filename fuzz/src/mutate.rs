//! Inputs from a seed: the same number gives the same input on every machine.

/// A small generator (SplitMix64): quick, and good enough to choose mutations.
pub struct Random(u64);

impl Random {
    /// Begins at `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 when `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        let number = usize::try_from(self.number() >> 32).unwrap_or(0);
        number.checked_rem(end).unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        self.number().to_be_bytes()[0]
    }
}

/// Bytes that mean something in one of the protocols.
const TELLING: [u8; 16] = [
    0x00, 0xff, 0x10, 0x02, 0x03, 0x06, 0x15, 0x7f, 0x80, 0x81, 0x82, 0xf0, 0xf9, 0x1b, 0x1d, 0x1f,
];

/// One input: a seed, changed a few times.
pub fn mutated(seeds: &[Vec<u8>], random: &mut Random, longest: usize) -> Vec<u8> {
    let pick = |random: &mut Random| seeds.get(random.below(seeds.len())).cloned();
    let mut input = pick(random).unwrap_or_default();
    for _ in 0..random.below(8) {
        let at = random.below(input.len());
        match random.below(7) {
            0 => input.truncate(at),
            1 => input.insert(at, random.byte()),
            2 => input.insert(at, TELLING[random.below(TELLING.len())]),
            3 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
            4 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = TELLING[random.below(TELLING.len())];
                }
            }
            5 => {
                let part = input.split_off(at);
                for _ in 0..=random.below(4) {
                    input.extend(&part);
                }
            }
            _ => input.extend(pick(random).unwrap_or_default()),
        }
        input.truncate(longest);
    }
    input
}
