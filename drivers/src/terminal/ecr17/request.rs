//! What is asked of a terminal: fixed fields of ASCII (Application messages).

use payment::Money;

/// Whom a message comes from and goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The terminal's ID: eight digits; zeros stand for any.
    pub terminal: String,
    /// The cash register's ID: eight digits.
    pub register: String,
}

/// The largest amount that fits in eight digits.
const MAX_MINOR: i64 = 99_999_999;
/// The largest number of a transaction.
pub const MAX_STAN: u32 = 999_999;

impl Address {
    fn header(&self, code: char) -> String {
        format!("{:0>8}0{code}", self.terminal)
    }

    fn with_register(&self, code: char) -> String {
        format!("{}{:0>8}", self.header(code), self.register)
    }

    /// `s`: how the terminal is.
    pub fn status(&self) -> String {
        self.header('s')
    }

    /// `X` or `P`: take this amount. Both are the same but for what the answer says: the one to `X`
    /// has the amount. None when it does not fit. No text for the receipt: what is paid for is
    /// nobody's business.
    pub fn pay(&self, money: Money, extended: bool) -> Option<String> {
        let minor = money.minor();
        if minor > MAX_MINOR {
            return None;
        }
        let code = if extended { 'X' } else { 'P' };
        // No additional data, no card yet, whatever card the customer chooses.
        let head = self.with_register(code);
        Some(format!("{head}00000{minor:08}{:128}00000000", ""))
    }

    /// `S`: take the last payment back, if it has this number. None for a number that would let the
    /// terminal take back whatever was last.
    pub fn reverse(&self, stan: u32) -> Option<String> {
        let valid = (1..=MAX_STAN).contains(&stan);
        valid.then(|| format!("{}{stan:06}00", self.with_register('S')))
    }

    /// `E`: receipts of the next procedure come here.
    pub fn receipts_here(&self) -> String {
        format!("{}1", self.header('E'))
    }

    /// `G`: the last result once more.
    pub fn last_result(&self) -> String {
        format!("{}0000", self.with_register('G'))
    }

    /// `T`: the totals.
    pub fn totals(&self) -> String {
        format!("{}00000000", self.with_register('T'))
    }

    /// `C`: close the session.
    pub fn close(&self) -> String {
        format!("{}00000000", self.with_register('C'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use payment::Currency;

    fn address() -> Address {
        Address {
            terminal: "12345678".into(),
            register: "1".into(),
        }
    }

    fn euros(minor: i64) -> Money {
        Money::from_minor(minor, Currency::EUR).unwrap()
    }

    #[test]
    fn requests_have_their_lengths_and_places() {
        let address = address();
        assert_eq!(address.status(), "123456780s");
        assert_eq!(address.receipts_here(), "123456780E1");
        assert_eq!(address.last_result(), "123456780G000000010000");
        assert_eq!(address.close(), "123456780C0000000100000000");
        assert_eq!(address.totals(), "123456780T0000000100000000");
        assert_eq!(
            address.reverse(42).as_deref(),
            Some("123456780S0000000100004200")
        );
        for (extended, code) in [(true, 'X'), (false, 'P')] {
            let pay = address.pay(euros(650), extended).unwrap();
            assert_eq!(pay.len(), 167);
            let head = format!("123456780{code}000000010000000000650 ");
            assert!(pay.starts_with(&head), "{pay}");
            assert!(pay.ends_with(" 00000000"), "{pay}");
        }
    }

    #[test]
    fn what_does_not_fit_is_not_sent() {
        assert!(address().pay(euros(99_999_999), true).is_some());
        assert_eq!(address().pay(euros(100_000_000), true), None);
        assert_eq!(address().reverse(0), None, "any payment would do");
        assert_eq!(address().reverse(1_000_000), None);
    }
}
