//! Numbers as binary coded decimals: two digits in a byte, the most significant first.

/// The number, when every half byte is a decimal digit and it fits.
pub fn decode(bytes: &[u8]) -> Option<u64> {
    bytes.iter().try_fold(0_u64, |number, byte| {
        let (high, low) = (byte >> 4, byte & 0x0f);
        if high > 9 || low > 9 {
            return None;
        }
        number
            .checked_mul(100)?
            .checked_add(u64::from(high * 10 + low))
    })
}

/// The number in `N` bytes, when it fits.
pub fn encode<const N: usize>(number: u64) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let mut rest = number;
    for byte in bytes.iter_mut().rev() {
        let pair = u8::try_from(rest % 100).ok()?;
        *byte = ((pair / 10) << 4) | (pair % 10);
        rest /= 100;
    }
    (rest == 0).then_some(bytes)
}

/// The digits as text, leading zeros kept; none when a half byte is no decimal digit.
pub fn digits(bytes: &[u8]) -> Option<String> {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0x0f])
        .map(|digit| (digit <= 9).then(|| char::from(b'0' + digit)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_digits() {
        assert_eq!(decode(&[0x00, 0x10, 0x10]), Some(1010));
        assert_eq!(decode(&[0x0a]), None);
        assert_eq!(decode(&[0xe0]), None);
        assert_eq!(decode(&[]), Some(0));
        assert_eq!(decode(&[0x99; 10]), None, "does not fit in 64 bits");
        assert_eq!(encode::<3>(1010), Some([0x00, 0x10, 0x10]));
        assert_eq!(encode::<1>(100), None);
        assert_eq!(digits(&[0x00, 0x48]), Some("0048".into()));
        assert_eq!(digits(&[0x0f]), None);
    }
}
