//! Request and answer. What an answer says of the card ends here, but for the last four digits.

use payment::{Approval, CardRef, Currency, EntryMode, Last4, Money, Text};

use super::{
    element::{Tag, inner, write},
    ticket,
};
use crate::terminal::Slip;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order<'a> {
    /// The till's number, from 1 to 99.
    pub position: u8,
    /// The twelve digits of the till's program.
    pub identifier: &'a str,
    /// What is asked for.
    pub action: Action,
    /// How much.
    pub money: Money,
    /// Whether the customer's receipt shall come with the answer.
    pub tickets: bool,
}

impl Action {
    fn code(self) -> &'static str {
        match self {
            Self::Debit => "0",
            Self::Credit => "1",
            Self::Cancel => "2",
        }
    }
}

impl Order<'_> {
    /// The request. `BA` is `0` always: with `1`, the answer would only say that the request was
    /// taken. The amount has two digits at least.
    pub fn encode(&self) -> String {
        let version = if self.tickets { "0320" } else { "0300" };
        let amount = format!("{:02}", self.money.minor());
        let currency = format!("{:03}", self.money.currency().numeric());
        // The customer's receipt, as Latin-1 in base 64. Not at the end: a terminal may take a
        // request for whole as soon as it has all that it needs.
        let tickets = if self.tickets {
            write(*b"CK", "100")
        } else {
            String::new()
        };
        [
            write(*b"CZ", version),
            write(*b"CJ", self.identifier),
            write(*b"CA", &format!("{:02}", self.position)),
            write(*b"CE", &currency),
            write(*b"BA", "0"),
            tickets,
            write(*b"CD", self.action.code()),
            write(*b"CB", &amount),
        ]
        .concat()
    }
}

/// How an operation ended (`AE`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// `10`: done.
    Done,
    /// `01`: not done.
    NotDone,
    /// `11`: the request was taken. Nobody has paid yet.
    Taken,
    /// Not in any list.
    Unknown,
}

/// An answer, as far as it has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// `CA`: for which till.
    pub position: Option<u8>,
    /// `CJ`: for which program.
    pub identifier: Option<[u8; 12]>,
    /// `CE`: ISO 4217 numeric code.
    pub currency: Option<u16>,
    /// `CD`: for which action.
    pub action: Option<u8>,
    /// `CB`: the amount in the currency's smallest unit.
    pub minor: Option<i64>,
    /// `AE`: how it ended.
    pub status: Option<Status>,
    /// `AF`: why.
    pub reason: Option<u8>,
    /// The receipts that came with it.
    pub slips: Vec<Slip>,
    /// Whether an element that matters cannot be read, or comes twice with different values.
    pub contradicts: bool,
    last4: Option<Last4>,
    brand: Option<&'static str>,
    entry: Option<EntryMode>,
    authorisation: Option<Text>,
}

/// Longest authorisation number (`AC`).
const AUTHORISATION: usize = 10;

impl Answer {
    /// Takes over an element. `AA` is the number of the card, and only its end is kept; `AB` is the
    /// card's expiry, and dropped with all that is not known.
    pub fn take(&mut self, tag: Tag, value: &[u8]) {
        match &tag {
            b"CA" => {
                let position = number(value).and_then(|n| u8::try_from(n).ok());
                self.contradicts |= !agree(&mut self.position, position);
            }
            b"CJ" => {
                self.contradicts |= !agree(&mut self.identifier, value.try_into().ok());
            }
            b"CE" => {
                let currency = number(value).and_then(|n| u16::try_from(n).ok());
                self.contradicts |= !agree(&mut self.currency, currency);
            }
            b"CD" => {
                let action = if let [action] = value {
                    Some(*action)
                } else {
                    None
                };
                self.contradicts |= !agree(&mut self.action, action);
            }
            b"CB" => self.contradicts |= !agree(&mut self.minor, number(value)),
            b"AE" => {
                let status = match value {
                    b"10" => Status::Done,
                    b"01" => Status::NotDone,
                    b"11" => Status::Taken,
                    _ => Status::Unknown,
                };
                self.contradicts |= !agree(&mut self.status, Some(status));
            }
            b"AF" => {
                // Behind the two digits, some say it in words.
                let reason = value.get(..2).and_then(number);
                let reason = reason.and_then(|n| u8::try_from(n).ok());
                self.contradicts |= !agree(&mut self.reason, reason);
            }
            b"AA" => self.last4 = last4(value),
            b"AC" => {
                let text: String = value
                    .iter()
                    .take(AUTHORISATION)
                    .copied()
                    .map(char::from)
                    .collect();
                let text = Text::new(text.trim());
                self.authorisation = (!text.is_empty()).then_some(text);
            }
            b"AI" => self.brand = brand_of_application(value).or(self.brand),
            b"CC" => self.brand = self.brand.or(brand_of_code(value)),
            b"CI" => {
                self.entry = Some(match value {
                    b"1" => EntryMode::Chip,
                    b"2" => EntryMode::Contactless,
                    b"3" => EntryMode::Stripe,
                    _ => EntryMode::Unknown,
                });
            }
            b"AK" => self.add(ticket::slip(None, value)),
            b"ZT" => {
                let elements = inner(value).unwrap_or_default();
                let find = |wanted: &Tag| elements.iter().find(|(tag, _)| tag == wanted);
                let form = find(b"CK").map(|(_, form)| *form);
                for (_, text) in elements.iter().filter(|(tag, _)| tag == b"AK") {
                    self.add(ticket::slip(form, text));
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, slip: Option<Slip>) {
        let new = slip.filter(|slip| !self.slips.contains(slip));
        self.slips.extend(new);
    }

    /// Whether all is in that an answer must have.
    pub fn is_complete(&self) -> bool {
        self.position.is_some()
            && self.currency.is_some()
            && self.action.is_some()
            && self.minor.is_some()
            && self.status.is_some()
    }

    /// Whether it is for this till and this action.
    pub fn answers(&self, order: &Order<'_>) -> bool {
        self.position == Some(order.position)
            && self.action.as_slice() == order.action.code().as_bytes()
            && self
                .identifier
                .is_none_or(|own| own == *order.identifier.as_bytes())
    }

    /// The amount, where it is one.
    pub fn money(&self) -> Option<Money> {
        let currency = Currency::from_numeric(self.currency?)?;
        Money::from_minor(self.minor?, currency).ok()
    }

    /// All that it says of an approval.
    pub fn approval(&self) -> Approval {
        Approval {
            money: self.money(),
            card: CardRef {
                brand: self.brand.map(Text::new),
                last4: self.last4,
            },
            entry: self.entry.unwrap_or_default(),
            authorisation: self.authorisation.clone(),
            ..Approval::default()
        }
    }
}

/// Keeps the first value, and says whether there is one and a later one is the same.
fn agree<T: PartialEq>(kept: &mut Option<T>, value: Option<T>) -> bool {
    match (&kept, value) {
        (_, None) => false,
        (Some(before), Some(value)) => *before == value,
        (None, value) => {
            *kept = value;
            true
        }
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 12 {
        return None;
    }
    digits.iter().try_fold(0, |sum, digit| {
        digit
            .is_ascii_digit()
            .then(|| sum * 10 + i64::from(digit - b'0'))
    })
}

/// The last four digits; the rest of the number is not looked at.
fn last4(number: &[u8]) -> Option<Last4> {
    let end: [u8; 4] = number.trim_ascii().last_chunk().copied()?;
    Last4::new(end.map(|digit| digit.wrapping_sub(b'0'))).ok()
}

/// The brand by the provider in an application's identifier (ISO/IEC 7816-5).
fn brand_of_application(identifier: &[u8]) -> Option<&'static str> {
    match identifier.get(..10)? {
        b"A000000003" => Some("Visa"),
        b"A000000004" => Some("Mastercard"),
        b"A000000025" => Some("American Express"),
        b"A000000042" => Some("CB"),
        b"A000000065" => Some("JCB"),
        _ => None,
    }
}

/// The brand by the terminal's own code (`CC`).
fn brand_of_code(code: &[u8]) -> Option<&'static str> {
    match code {
        b"001" | b"00B" => Some("CB"),
        b"002" | b"00D" => Some("American Express"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::element::Reader;
    use super::*;

    fn order() -> Order<'static> {
        Order {
            position: 1,
            identifier: "012345678901",
            action: Action::Debit,
            money: Money::from_minor(1245, Currency::EUR).unwrap(),
            tickets: false,
        }
    }

    fn read(wire: &[u8]) -> Answer {
        let mut answer = Answer::default();
        let mut reader = Reader::default();
        reader
            .push(wire, |tag, value| answer.take(tag, value))
            .unwrap();
        answer
    }

    /// Captured between Akretion's client and server; in the answer, one value is cut short.
    const REQUEST: &str = "CZ0040300CJ012012345678901CA00201CE003978BA0010CD0010CB0041245";
    const ANSWER: &str = "CZ0040300CJ012012345678901CA00201CE003978BA0010CD0010CB0041245AE00210CC003001CI0011\
        AC006658497AA016213975######7146AI014A0000000421010AB0042707CF0101010000000CG006424242";

    #[test]
    fn the_captured_exchange() {
        assert_eq!(order().encode(), REQUEST);
        let answer = read(ANSWER.as_bytes());
        assert!(answer.is_complete() && answer.answers(&order()) && !answer.contradicts);
        assert_eq!(answer.status, Some(Status::Done));
        let approval = answer.approval();
        assert_eq!(approval.money, Some(order().money));
        assert_eq!(
            approval.card.last4.map(|l| l.to_string()).as_deref(),
            Some("7146")
        );
        assert_eq!(approval.card.brand.as_ref().map(Text::as_str), Some("CB"));
        assert_eq!(approval.entry, EntryMode::Chip);
        assert_eq!(
            approval.authorisation.as_ref().map(Text::as_str),
            Some("658497")
        );
        for (end, status, reason) in [
            ("AE00211", Status::Taken, None),
            ("AE00201AF00208", Status::NotDone, Some(8)),
            ("AE00201AF01204 REFUSED  ", Status::NotDone, Some(4)),
        ] {
            let answer = read(format!("{REQUEST}{end}").as_bytes());
            assert_eq!((answer.status, answer.reason), (Some(status), reason));
        }
    }

    #[test]
    fn amounts_have_two_digits_at_least() {
        let money = Money::from_minor(5, Currency::EUR).unwrap();
        assert!(Order { money, ..order() }.encode().ends_with("CB00205"));
        let answer = read(b"CB012000000000005");
        assert_eq!(answer.minor, Some(5));
        let tickets = Order {
            tickets: true,
            action: Action::Cancel,
            ..order()
        }
        .encode();
        assert!(
            tickets.starts_with("CZ0040320") && tickets.ends_with("BA0010CK003100CD0012CB0041245")
        );
    }

    #[test]
    fn of_a_card_the_end_is_kept() {
        let answer = read(b"AA0164111111111111111AB0042512");
        let shown = format!("{answer:?}");
        assert!(
            shown.contains("1111") && !shown.contains("11111") && !shown.contains("2512"),
            "{shown}"
        );
    }

    #[test]
    fn what_comes_twice_must_be_the_same() {
        assert!(!read(b"AE00210AE00210CA0011CA00201").contradicts);
        assert!(read(b"AE00210AE00201").contradicts);
        assert!(read(b"CB0041245CB0041246").contradicts);
        assert!(read(b"CB0041x45").contradicts);
        assert!(read(b"CB000").contradicts);
    }
}
