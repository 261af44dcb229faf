//! The terminal's side of the messages, written from the description and not from the driver.

use std::collections::BTreeMap;

use crate::terminal::ledger::Movement;

/// The longest request that is listened to.
const LONGEST: usize = 2000;

/// What a till wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    fields: BTreeMap<String, String>,
    pub(super) movement: Movement,
    pub(super) amount: u64,
    pub(super) currency: u16,
    pub(super) wants_ticket: bool,
}

/// What was heard so far.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A part of a request.
    More,
    Order(Order),
    /// Something that no till should say.
    Bad,
}

/// Reads a request, once all of it is there.
pub(super) fn read(bytes: &[u8]) -> Heard {
    let Ok(mut rest) = std::str::from_utf8(bytes) else {
        return Heard::Bad;
    };
    let mut fields = BTreeMap::new();
    while !rest.is_empty() {
        let (Some(tag), Some(length)) = (rest.get(..2), rest.get(2..5)) else {
            return more(bytes);
        };
        let Ok(length) = length.parse::<usize>() else {
            return Heard::Bad;
        };
        let Some(value) = rest.get(5..5 + length) else {
            return more(bytes);
        };
        if fields.is_empty() && tag != "CZ" {
            return Heard::Bad;
        }
        fields.insert(tag.to_owned(), value.to_owned());
        rest = rest.get(5 + length..).unwrap_or_default();
    }
    let all = ["CZ", "CJ", "CA", "CE", "BA", "CD", "CB"];
    if !all.iter().all(|tag| fields.contains_key(*tag)) {
        return more(bytes);
    }
    order(fields).map_or(Heard::Bad, Heard::Order)
}

fn more(bytes: &[u8]) -> Heard {
    if bytes.len() > LONGEST {
        Heard::Bad
    } else {
        Heard::More
    }
}

fn order(fields: BTreeMap<String, String>) -> Option<Order> {
    let field = |tag: &str| fields.get(tag).map(String::as_str);
    let amount = field("CB")?;
    // A till that wants an answer at once, or writes amounts with one digit, is none of ours.
    if field("BA")? != "0" || !(2..=12).contains(&amount.len()) {
        return None;
    }
    Some(Order {
        movement: match field("CD")? {
            "0" => Movement::Debit,
            "1" => Movement::Credit,
            "2" => Movement::Cancel,
            _ => return None,
        },
        amount: amount.parse().ok()?,
        currency: field("CE")?.parse().ok()?,
        wants_ticket: field("CK").is_some_and(|form| form.starts_with('1')),
        fields,
    })
}

impl Order {
    /// The fields that an answer repeats.
    pub(super) fn echo(&self) -> Vec<(String, String)> {
        let tags = ["CZ", "CJ", "CA", "CE", "BA", "CD", "CB"];
        let field = |tag: &str| Some((tag.to_owned(), self.fields.get(tag)?.clone()));
        tags.into_iter().filter_map(field).collect()
    }
}

/// Writes fields one after the other.
pub(super) fn written(fields: &[(String, String)]) -> String {
    let one = |(tag, value): &(String, String)| format!("{tag}{:03}{value}", value.len());
    fields.iter().map(one).collect()
}

/// A receipt as it comes in an answer.
pub(super) fn ticket(text: &str) -> String {
    let inner = [
        ("CK".to_owned(), "100".to_owned()),
        ("AK".to_owned(), base64(text.as_bytes())),
    ];
    written(&inner)
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |i: usize| u32::from(group.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let index = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap_or(0);
            let letter = ALPHABET.get(index).copied().map_or('=', char::from);
            text.push(if place <= group.len() { letter } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = "CZ0040300CJ012012345678901CA00201CE003978BA0010CD0010CB0041245";

    #[test]
    fn the_captured_request() {
        let Heard::Order(order) = read(REQUEST.as_bytes()) else {
            panic!("not read");
        };
        assert_eq!(
            (order.movement, order.amount, order.currency),
            (Movement::Debit, 1245, 978)
        );
        assert_eq!(written(&order.echo()), REQUEST);
        for end in 0..REQUEST.len() {
            assert_eq!(read(&REQUEST.as_bytes()[..end]), Heard::More, "{end}");
        }
        for bad in [
            REQUEST.replace("BA0010", "BA0011"),
            REQUEST.replace("CB0041245", "CB0015"),
            REQUEST.replace("CD0010", "CD0019"),
            REQUEST.replace("CZ004", "CZ0x4"),
            "CA00201".to_owned(),
        ] {
            assert_eq!(read(bad.as_bytes()), Heard::Bad, "{bad}");
        }
    }

    #[test]
    fn receipts_are_in_base_64() {
        assert_eq!(ticket("MERCI"), "CK003100AK008TUVSQ0k=");
        assert_eq!(
            base64(b"f") + &base64(b"fo") + &base64(b"foo"),
            "Zg==Zm8=Zm9v"
        );
    }
}
