//! The terminal's side of the messages, written from the description and not from the driver.

use crate::terminal::ledger::Movement;

pub(super) const ENQ: u8 = 5;
pub(super) const ACK: u8 = 6;
pub(super) const NAK: u8 = 21;
pub(super) const EOT: u8 = 4;

/// STX, 34 characters, ETX and LRC.
const REQUEST: usize = 37;

/// What a till said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Enq,
    Ack,
    Nak,
    Eot,
    Order(Order),
    /// A request that cannot be read.
    Bad,
}

/// What a till wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) position: u8,
    pub(super) amount: u64,
    pub(super) movement: Movement,
    pub(super) currency: u16,
}

/// Cuts what comes in into words: a request is always as long.
#[derive(Debug, Default)]
pub(super) struct Ear(Vec<u8>);

impl Ear {
    pub(super) fn hear(&mut self, byte: u8) -> Option<Word> {
        if self.0.is_empty() {
            return match byte {
                ENQ => Some(Word::Enq),
                ACK => Some(Word::Ack),
                NAK => Some(Word::Nak),
                EOT => Some(Word::Eot),
                2 => {
                    self.0.push(byte);
                    None
                }
                _ => None,
            };
        }
        self.0.push(byte);
        if self.0.len() < REQUEST {
            return None;
        }
        let frame = std::mem::take(&mut self.0);
        Some(read(&frame).map_or(Word::Bad, Word::Order))
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

fn read(frame: &[u8]) -> Option<Order> {
    let sum = frame.get(1..)?.iter().fold(0, |sum, byte| sum ^ byte);
    if sum != 0 || frame.get(35) != Some(&3) {
        return None;
    }
    let text = std::str::from_utf8(frame.get(1..35)?).ok()?;
    // A till that asks for card data, a cheque or an answer at once is none of ours.
    let fixed = text.get(10..12)? == "01" && text.get(26..34)? == "A010B010";
    Some(Order {
        position: text.get(..2)?.parse().ok()?,
        amount: text.get(2..10)?.parse().ok()?,
        movement: match text.get(12..13)? {
            "0" => Movement::Debit,
            "1" => Movement::Credit,
            "2" => Movement::Cancel,
            _ => return None,
        },
        currency: text.get(13..16)?.parse().ok()?,
    })
    .filter(|_| fixed)
}

/// An answer: the short one, or with the field about the card.
pub(super) fn answer(order: Order, status: char, card: Option<&str>) -> Vec<u8> {
    let Order {
        position,
        amount,
        currency,
        ..
    } = order;
    let card = card.map(|card| format!("{card:55}")).unwrap_or_default();
    framed(&format!(
        "{position:02}{status}{amount:08}1{card}{currency:03}0000000000"
    ))
}

pub(super) fn framed(text: &str) -> Vec<u8> {
    let mut frame = vec![2];
    frame.extend(text.bytes());
    frame.push(3);
    let sum = frame.iter().skip(1).fold(0, |sum, byte| sum ^ byte);
    frame.push(sum);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        text.split_whitespace()
            .map(|b| u8::from_str_radix(b, 16).unwrap())
            .collect()
    }

    fn words(bytes: &[u8]) -> Vec<Word> {
        let mut ear = Ear::default();
        bytes.iter().filter_map(|byte| ear.hear(*byte)).collect()
    }

    const ORDER: Order = Order {
        position: 1,
        amount: 1250,
        movement: Movement::Debit,
        currency: 978,
    };

    #[test]
    fn the_published_messages() {
        let spaces = "20 ".repeat(10);
        let asked = format!(
            "02 30 31 30 30 30 30 31 32 35 30 30 31 30 39 37 38 {spaces} 41 30 31 30 42 30 31 30 03 00"
        );
        assert_eq!(words(&hex(&asked)), [Word::Order(ORDER)]);
        let cancel = format!(
            "02 30 31 30 30 30 30 31 30 31 30 30 31 32 39 37 38 {spaces} 41 30 31 30 42 30 31 30 03 04"
        );
        let order = Order {
            amount: 1010,
            movement: Movement::Cancel,
            ..ORDER
        };
        assert_eq!(words(&hex(&cancel)), [Word::Order(order)]);
        let accepted =
            "02 30 31 30 30 30 30 30 31 32 35 30 31 39 37 38 30 30 30 30 30 30 30 30 30 30 03 33";
        assert_eq!(answer(ORDER, '0', None), hex(accepted));
        let rejected =
            "02 30 31 37 30 30 30 30 31 32 35 30 31 39 37 38 30 30 30 30 30 30 30 30 30 30 03 34";
        assert_eq!(answer(ORDER, '7', None), hex(rejected));
        assert_eq!(answer(ORDER, '0', Some("x")).len(), 83);
    }

    #[test]
    fn a_request_that_was_damaged_is_known() {
        let mut frame = framed("0100001250010978          A010B010");
        assert!(matches!(words(&frame)[..], [Word::Order(_)]));
        frame[5] ^= 1;
        assert_eq!(words(&frame), [Word::Bad]);
        assert_eq!(
            words(&framed("0100001250110978          A010B010")),
            [Word::Bad],
            "card data"
        );
        assert_eq!(
            words(&framed("0100001250010978          A011B010")),
            [Word::Bad],
            "at once"
        );
    }
}
