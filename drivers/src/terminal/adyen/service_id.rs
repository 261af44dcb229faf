//! ServiceID: by what the terminal knows a request again for 48 hours. At most ten letters and
//! digits, and never the same for two requests of one till.

use payment::PaymentId;
use sha2::{Digest as _, Sha256};

use crate::Mono;

/// Digits of both kinds of name.
const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Ten characters for what moves money: 36^10 is more than 51 bits.
const MONEY: usize = 10;
/// Nine for all else, so that the two never meet.
const OTHER: usize = 9;

/// The name of a request that moves money: a function of the payment alone, and so as durable as the
/// payment's intent, before a byte is sent.
pub fn of_payment(payment: PaymentId) -> String {
    let mut hasher = Sha256::new();
    hasher.update(b"adyen service id");
    hasher.update(payment.as_bytes());
    let digest: [u8; 32] = hasher.finalize().into();
    let number = digest.iter().take(16);
    let number = number.fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
    digits(number, MONEY)
}

/// Names for what moves no money: the time in milliseconds, and never the same twice.
#[derive(Debug)]
pub(super) struct Names {
    origin: u128,
    last: u128,
}

impl Names {
    /// `origin` is the time of day at the origin of [`Mono`], in milliseconds since 1970.
    pub(super) fn new(origin: u128) -> Self {
        Self { origin, last: 0 }
    }

    pub(super) fn next(&mut self, now: Mono) -> String {
        let time = self.origin.saturating_add(now.elapsed().as_millis());
        self.last = time.max(self.last.saturating_add(1));
        digits(self.last, OTHER)
    }
}

fn digits(mut number: u128, count: usize) -> String {
    let mut text = vec!['0'; count];
    for place in text.iter_mut().rev() {
        let digit = usize::try_from(number % 36).unwrap_or(0);
        *place = DIGITS.get(digit).map_or('0', |d| char::from(*d));
        number /= 36;
    }
    text.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, time::Duration};

    use super::*;

    #[test]
    fn a_payment_has_one_name_for_ever() {
        let id = |n| PaymentId::from_bytes([n; 16]);
        // Part of the journal's meaning: a later version must find what an earlier one asked.
        assert_eq!(of_payment(id(7)), "FQS475UIEI");
        let names: HashSet<String> = (0..=255).map(|n| of_payment(id(n))).collect();
        assert_eq!(names.len(), 256);
        let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
        assert!(names.iter().all(|n| n.len() == 10 && n.chars().all(plain)));
    }

    #[test]
    fn other_names_never_come_twice() {
        let mut names = Names::new(1_795_000_000_000);
        let moment = |ms| Mono::new(Duration::from_millis(ms));
        let made: Vec<String> = [0, 0, 1, 5].map(|ms| names.next(moment(ms))).to_vec();
        let different: HashSet<&String> = made.iter().collect();
        assert_eq!(different.len(), 4);
        assert!(made.iter().all(|name| name.len() == 9), "{made:?}");
    }
}
