//! BMP 60: the totals of an end of day (PA00P015, 2.16).

use crate::terminal::zvt::bcd;

/// The schemes in the order of the message.
const SCHEMES: [&str; 7] = [
    "girocard",
    "JCB",
    "Mastercard",
    "American Express",
    "Visa",
    "Diners Club",
    "others",
];

/// What one scheme brought in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemeTotal {
    /// The scheme's name.
    pub scheme: &'static str,
    /// How many payments.
    pub count: u8,
    /// Their sum, in the currency's smallest unit.
    pub sum: u64,
}

/// The totals of an end of day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    /// The first receipt number.
    pub first_receipt: u32,
    /// The last receipt number.
    pub last_receipt: u32,
    /// One entry for each scheme, in a fixed order.
    pub schemes: Vec<SchemeTotal>,
}

impl Totals {
    /// Reads the value of BMP 60; none when it is not of the specification's length or no digits.
    pub fn decode(value: &[u8]) -> Option<Self> {
        let (first, rest) = value.split_first_chunk::<2>()?;
        let (last, rest) = rest.split_first_chunk::<2>()?;
        let (groups, []) = rest.as_chunks::<7>() else {
            return None;
        };
        if groups.len() != SCHEMES.len() {
            return None;
        }
        let schemes = groups.iter().zip(SCHEMES).map(|(group, scheme)| {
            let [count, sum @ ..] = group;
            Some(SchemeTotal {
                scheme,
                count: *count,
                sum: bcd::decode(sum)?,
            })
        });
        Some(Self {
            first_receipt: u32::try_from(bcd::decode(first)?).ok()?,
            last_receipt: u32::try_from(bcd::decode(last)?).ok()?,
            schemes: schemes.collect::<Option<_>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_girocard_payments_of_a_day() {
        let mut value = vec![0x01, 0x99, 0x02, 0x03, 5, 0, 0, 0, 0, 0x60, 0x00];
        value.resize(53, 0);
        let totals = Totals::decode(&value).unwrap();
        assert_eq!((totals.first_receipt, totals.last_receipt), (199, 203));
        let first = totals.schemes[0];
        assert_eq!(
            (first.scheme, first.count, first.sum),
            ("girocard", 5, 6000)
        );
        assert_eq!(totals.schemes.len(), 7);
        for length in [0, 3, 52, 54] {
            value.resize(length, 0);
            assert_eq!(Totals::decode(&value), None, "{length}");
        }
        assert_eq!(Totals::decode(&[0xff; 53]), None);
    }
}
