//! Lines into messages and back. Whatever cannot be read is no message: nothing of it is kept.

use std::collections::VecDeque;

use payment::{CardRef, Last4, Money, PaymentId, Text, parse_currency};

/// Longer lines are dropped, up to their end.
pub const LINE_BYTES: usize = 120;

/// What a terminal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// It is there.
    Ready {
        /// Its ID.
        terminal_id: String,
    },
    /// Money was taken, or given back.
    Approved {
        /// For which payment.
        payment: PaymentId,
        /// How much.
        money: Money,
        /// Its trace number.
        trace: u32,
        /// The card: nothing but brand and last four digits leaves the parser (law 10).
        card: CardRef,
    },
    /// The acknowledgement has arrived: the payment stands.
    Done(PaymentId),
    /// The issuer refused.
    Declined(PaymentId),
    /// The customer, or the desk, stopped it.
    Stopped(PaymentId),
    /// Something else is going on at the terminal.
    Busy(PaymentId),
    /// The payment is not over.
    Running(PaymentId),
    /// It knows no such payment.
    Unknown(PaymentId),
}

/// Cuts the stream into lines, however the bytes come.
#[derive(Debug, Default)]
pub struct Lines {
    line: Vec<u8>,
    too_long: bool,
    heard: VecDeque<Message>,
}

impl Lines {
    /// Takes what arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' => {
                    let line = std::mem::take(&mut self.line);
                    if !std::mem::take(&mut self.too_long) {
                        self.heard.extend(Message::read(&line));
                    }
                }
                _ if self.line.len() >= LINE_BYTES => self.too_long = true,
                byte => self.line.push(*byte),
            }
        }
    }
}

impl Iterator for Lines {
    type Item = Message;

    /// The next message.
    fn next(&mut self) -> Option<Message> {
        self.heard.pop_front()
    }
}

impl Message {
    /// Reads a line without its end. Words beyond those that are known are ignored: a newer
    /// terminal may say more.
    pub fn read(line: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(line).ok()?;
        let mut words = text.split(' ');
        let kind = words.next()?;
        if kind == "READY" {
            let terminal_id = words.next()?;
            let fits =
                terminal_id.len() <= 20 && terminal_id.bytes().all(|b| b.is_ascii_alphanumeric());
            return fits.then(|| Self::Ready {
                terminal_id: terminal_id.to_owned(),
            });
        }
        let payment = words.next()?.parse().ok()?;
        Some(match kind {
            "APPROVED" => {
                let minor = words.next()?.parse().ok()?;
                let currency = parse_currency(words.next()?).ok()?;
                let trace = words.next()?.parse().ok()?;
                let card = card(words.next()?, words.next()?);
                Self::Approved {
                    payment,
                    money: Money::from_minor(minor, currency).ok()?,
                    trace,
                    card,
                }
            }
            "DONE" => Self::Done(payment),
            "DECLINED" => Self::Declined(payment),
            "STOPPED" => Self::Stopped(payment),
            "BUSY" => Self::Busy(payment),
            "RUNNING" => Self::Running(payment),
            "UNKNOWN" => Self::Unknown(payment),
            _ => return None,
        })
    }
}

/// `PAY`
pub fn pay(payment: PaymentId, money: Money) -> String {
    format!("PAY {payment} {}\n", amount(money))
}

/// `BACK`
pub fn back(payment: PaymentId, money: Money, trace: u32) -> String {
    format!("BACK {payment} {} {trace}\n", amount(money))
}

fn amount(money: Money) -> String {
    format!("{} {}", money.minor(), money.currency().code())
}

/// Law 10: whatever the terminal sends of the card's number, the last four digits go on.
fn card(brand: &str, number: &str) -> CardRef {
    let last4 = number.len().checked_sub(4).and_then(|at| number.get(at..));
    CardRef {
        brand: Some(Text::new(&payment::mask_card_numbers(brand))),
        last4: last4.and_then(|digits| Last4::try_from(digits.to_owned()).ok()),
    }
}

#[cfg(test)]
mod tests {
    use payment::Currency;
    use proptest::prelude::*;

    use super::*;

    const REF: &str = "019b7e5c-4280-7101-8101-010101010101";

    fn heard(pieces: &[&[u8]]) -> Vec<Message> {
        let mut lines = Lines::default();
        for piece in pieces {
            lines.push(piece);
        }
        lines.collect()
    }

    #[test]
    fn lines_are_read() {
        let payment: PaymentId = REF.parse().unwrap();
        let approved = |last4: Option<&str>| Message::Approved {
            payment,
            money: Money::from_minor(1010, Currency::EUR).unwrap(),
            trace: 7,
            card: CardRef {
                brand: Some("Visa".into()),
                last4: last4.map(|digits| Last4::try_from(digits.to_owned()).unwrap()),
            },
        };
        for (line, expected) in [
            (format!("DONE {REF}"), Some(Message::Done(payment))),
            (
                format!("APPROVED {REF} 1010 EUR 7 Visa 1111"),
                Some(approved(Some("1111"))),
            ),
            (
                format!("APPROVED {REF} 1010 EUR 7 Visa 4111111111111111 more"),
                Some(approved(Some("1111"))),
            ),
            (
                format!("APPROVED {REF} 1010 EUR 7 Visa 11"),
                Some(approved(None)),
            ),
            (format!("APPROVED {REF} 10.10 EUR 7 Visa 1111"), None),
            (format!("APPROVED {REF} 1010 XXX 7 Visa 1111"), None),
            (format!("WHAT {REF}"), None),
            ("DONE 1".to_owned(), None),
            ("READY no-such-id".to_owned(), None),
        ] {
            assert_eq!(Message::read(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_dropped_to_its_end() {
        let long = [b'A'; 3 * LINE_BYTES];
        let ready = Message::Ready {
            terminal_id: "T1".into(),
        };
        assert_eq!(heard(&[&long, b"\nREADY T1\n"]), [ready]);
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces(bytes: Vec<u8>, at: prop::sample::Index) {
            let (first, second) = bytes.split_at(at.index(bytes.len() + 1));
            prop_assert_eq!(heard(&[first, second]), heard(&[&bytes]));
        }
    }
}
