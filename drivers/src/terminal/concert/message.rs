//! The two messages: 34 characters that ask, 25 that answer.

use payment::{Currency, Last4, Money};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// `0`: the customer pays.
    Debit,
    /// `1`: the customer gets money.
    Credit,
    /// `2`: a payment is taken back.
    Cancel,
}

/// A request to the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The till's number, from 1 to 99.
    pub position: u8,
    /// What is asked for.
    pub action: Action,
    /// How much.
    pub money: Money,
}

/// The largest amount in its eight digits.
const MAX_MINOR: i64 = 99_999_999;

impl Order {
    /// The 34 characters; none when the amount or the number does not fit.
    ///
    /// Answer flag `0`: with `1`, the number of the card would come back. Mode `1`: a card. `A010`:
    /// the answer comes at the end of the transaction; with `A011` it would only say that the
    /// request was taken. `B010`: the terminal decides whether the issuer is called.
    pub fn encode(&self) -> Option<String> {
        let minor = self.money.minor();
        if minor > MAX_MINOR || self.position > 99 {
            return None;
        }
        let (position, currency) = (self.position, self.money.currency().numeric());
        let action = match self.action {
            Action::Debit => '0',
            Action::Credit => '1',
            Action::Cancel => '2',
        };
        let private = "";
        Some(format!(
            "{position:02}{minor:08}01{action}{currency:03}{private:10}A010B010"
        ))
    }
}

/// How a transaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// `0`: done.
    Done,
    /// `7`: not done.
    NotDone,
    /// `9`: could not be verified.
    NotVerified,
    /// Not in any list.
    Unknown,
}

/// An answer of the terminal, without what it may say of the card but the last four digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// For which till.
    pub position: u8,
    /// How it ended.
    pub status: Status,
    /// The amount in the currency's smallest unit.
    pub minor: i64,
    /// ISO 4217 numeric code.
    pub currency: u16,
    /// The last digits of the card, should the terminal name it unasked.
    pub last4: Option<Last4>,
}

/// Characters before the currency, without the card's.
const HEAD: usize = 12;
/// The field that answer flag `1` asks for: number of the card, or line of a cheque.
const CARD: usize = 55;
/// Currency and private field.
const TAIL: usize = 13;

impl Answer {
    /// Reads the data of a frame. The longer form is understood as well, should a terminal not
    /// care for the answer flag: of its field about the card the last four digits are kept.
    pub fn parse(data: &[u8]) -> Option<Self> {
        let skipped = data.len().checked_sub(HEAD + TAIL)?;
        if skipped != 0 && skipped != CARD {
            return None;
        }
        let tail = data.get(HEAD + skipped..)?;
        Some(Self {
            position: u8::try_from(number(data.get(..2)?)?).ok()?,
            status: match data.get(2)? {
                b'0' => Status::Done,
                b'7' => Status::NotDone,
                b'9' => Status::NotVerified,
                _ => Status::Unknown,
            },
            minor: number(data.get(3..11)?)?,
            currency: u16::try_from(number(tail.get(..3)?)?).ok()?,
            last4: data.get(HEAD..HEAD + skipped).and_then(last4),
        })
    }

    /// The amount, where it is one.
    pub fn money(&self) -> Option<Money> {
        let currency = Currency::from_numeric(self.currency)?;
        Money::from_minor(self.minor, currency).ok()
    }
}

/// The end of a card's number, which stands first in its field. Other digits are no card's: the
/// line of a cheque is longer.
fn last4(field: &[u8]) -> Option<Last4> {
    let number = field.split(|byte| *byte == b' ').next()?;
    let is_card = (12..=19).contains(&number.len());
    let end: [u8; 4] = number.last_chunk().copied().filter(|_| is_card)?;
    Last4::new(end.map(|digit| digit.wrapping_sub(b'0'))).ok()
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |sum, digit| {
        digit
            .is_ascii_digit()
            .then(|| sum * 10 + i64::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::super::frame::{Deframer, Found, frame};
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let bytes = text.split_whitespace();
        bytes.map(|b| u8::from_str_radix(b, 16).unwrap()).collect()
    }

    fn order(action: Action, minor: i64) -> Order {
        Order {
            position: 1,
            action,
            money: Money::from_minor(minor, Currency::EUR).unwrap(),
        }
    }

    /// The first was exchanged with pyTeliumManager's codec.
    #[test]
    fn requests_are_the_published_ones() {
        let spaces = "20 ".repeat(10);
        for (action, minor, expected) in [
            (
                Action::Debit,
                1250,
                format!(
                    "02 30 31 30 30 30 30 31 32 35 30 30 31 30 39 37 38 {spaces} 41 30 31 30 42 30 31 30 03 00"
                ),
            ),
            (
                Action::Cancel,
                1010,
                format!(
                    "02 30 31 30 30 30 30 31 30 31 30 30 31 32 39 37 38 {spaces} 41 30 31 30 42 30 31 30 03 04"
                ),
            ),
        ] {
            let data = order(action, minor).encode().unwrap();
            assert_eq!(data.len(), 34);
            assert_eq!(frame(data.as_bytes()), hex(&expected));
        }
    }

    #[test]
    fn what_does_not_fit_is_not_asked_for() {
        assert!(order(Action::Debit, 99_999_999).encode().is_some());
        assert_eq!(order(Action::Debit, 100_000_000).encode(), None);
        assert!(
            order(Action::Credit, 1)
                .encode()
                .unwrap()
                .starts_with("010000000101197")
        );
    }

    #[test]
    fn answers_are_the_published_ones() {
        for (text, status) in [
            (
                "02 30 31 30 30 30 30 30 31 32 35 30 31 39 37 38 30 30 30 30 30 30 30 30 30 30 03 33",
                Status::Done,
            ),
            (
                "02 30 31 37 30 30 30 30 31 32 35 30 31 39 37 38 30 30 30 30 30 30 30 30 30 30 03 34",
                Status::NotDone,
            ),
        ] {
            let mut deframer = Deframer::default();
            let found: Vec<Found> = hex(text)
                .into_iter()
                .filter_map(|b| deframer.push(b))
                .collect();
            let answer = Answer {
                position: 1,
                status,
                minor: 1250,
                currency: 978,
                last4: None,
            };
            assert_eq!(found, [Found::Answer(answer)]);
            assert_eq!(answer.money().map(Money::minor), Some(1250));
        }
    }

    #[test]
    fn of_a_card_number_the_end_is_kept() {
        let card = format!("{:55}", "4111111111111111 2512");
        let long = format!("010000012501{card}9780000000000");
        let answer = Answer::parse(long.as_bytes()).unwrap();
        assert_eq!((answer.minor, answer.currency), (1250, 978));
        let shown = format!("{answer:?}");
        assert!(shown.contains("1111") && !shown.contains("11111") && !shown.contains("2512"));
    }

    #[test]
    fn what_is_no_answer_is_none() {
        for data in [
            &b""[..],
            b"010000012501978000000000",
            b"01000001250197800000000000",
            b"0x00000125019780000000000",
            b"010000 125019780000000000",
        ] {
            assert_eq!(Answer::parse(data), None);
        }
    }
}
