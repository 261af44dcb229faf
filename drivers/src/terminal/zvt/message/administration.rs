//! Requests that move no money of a patient (PA00P015, 2.10 to 2.36).

use config::ZvtCharset;
use jiff::civil::{Date, DateTime, Time};
use payment::Text;

use crate::terminal::zvt::{
    apdu::{Apdu, code},
    bcd, bmp, text,
};

/// Service byte of 06 20: send the status information of the original.
const WITH_STATUS: u8 = 0x01;
/// Service byte of 06 20: print nothing.
const WITHOUT_PRINTING: u8 = 0x02;
/// What a display shows in one line.
const COLUMNS: usize = 20;
/// What a display shows at once: F1 to F8.
const LINES: u8 = 8;

/// 06 20: the last receipt once more.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RepeatReceipt {
    /// Six digits.
    pub password: [u8; 3],
    /// Send the status information of the original.
    pub status: bool,
    /// Print it.
    pub print: bool,
}

impl RepeatReceipt {
    /// The question what was stored last; prints nothing.
    pub fn query(password: [u8; 3]) -> Self {
        Self {
            password,
            status: true,
            print: false,
        }
    }

    /// The receipt for a person.
    pub fn print(password: [u8; 3]) -> Self {
        Self {
            password,
            status: false,
            print: true,
        }
    }

    /// The message. Without a service byte the receipt is printed.
    pub fn encode(&self) -> Apdu {
        let status = if self.status { WITH_STATUS } else { 0 };
        let print = if self.print { 0 } else { WITHOUT_PRINTING };
        let mut data = self.password.to_vec();
        if status | print != 0 {
            data.extend([0x03, status | print]);
        }
        Apdu::new(code::REPEAT_RECEIPT, data)
    }

    /// Reads the data of 06 20; none without a password.
    pub fn decode(data: &[u8]) -> Option<Self> {
        let (password, rest) = data.split_first_chunk()?;
        let service = bmp::decode(rest).byte(0x03).unwrap_or(0);
        Some(Self {
            password: *password,
            status: service & WITH_STATUS != 0,
            print: service & WITHOUT_PRINTING == 0,
        })
    }
}

/// 06 91: the date and the time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SetTime {
    /// Six digits.
    pub password: [u8; 3],
    /// Local time, from 2000 to 2099.
    pub time: DateTime,
}

impl SetTime {
    /// The message; none when the year is of another century.
    pub fn encode(&self) -> Option<Apdu> {
        let number = |high: i16, middle: i8, low: i8| {
            let high = u64::try_from(high).ok()?;
            let [middle, low] = [middle, low].map(|n| u64::from(n.unsigned_abs()));
            Some(high * 10_000 + middle * 100 + low)
        };
        let (date, time) = (self.time.date(), self.time.time());
        let date = number(date.year() - 2000, date.month(), date.day())?;
        let time = number(time.hour().into(), time.minute(), time.second())?;
        let builder = bmp::Builder::new().raw(&self.password);
        let builder = builder.number::<3>(0xaa, date).number::<3>(0x0c, time);
        Some(Apdu::new(code::SET_TIME, builder.finish().ok()?))
    }

    /// Reads the data of 06 91; none without a password, a date and a time.
    pub fn decode(data: &[u8]) -> Option<Self> {
        let (password, rest) = data.split_first_chunk()?;
        let fields = bmp::decode(rest);
        let parts = |tag| -> Option<[i8; 3]> {
            let bytes: [u8; 3] = fields.get(tag)?.try_into().ok()?;
            let mut parts = [0; 3];
            for (part, byte) in parts.iter_mut().zip(bytes) {
                *part = i8::try_from(bcd::decode(&[byte])?).ok()?;
            }
            Some(parts)
        };
        let [year, month, day] = parts(0xaa)?;
        let [hour, minute, second] = parts(0x0c)?;
        let date = Date::new(2000 + i16::from(year), month, day).ok()?;
        let time = Time::new(hour, minute, second, 0).ok()?;
        Some(Self {
            password: *password,
            time: date.to_datetime(time),
        })
    }
}

/// 06 50.
pub fn end_of_day(password: [u8; 3]) -> Apdu {
    Apdu::new(code::END_OF_DAY, password.to_vec())
}

/// 06 70.
pub fn diagnosis() -> Apdu {
    Apdu::new(code::DIAGNOSIS, Vec::new())
}

/// 06 93.
pub fn initialisation(password: [u8; 3]) -> Apdu {
    Apdu::new(code::INITIALISATION, password.to_vec())
}

/// 06 02. It is answered, and nothing follows.
pub fn log_off() -> Apdu {
    Apdu::new(code::LOG_OFF, Vec::new())
}

/// 06 E0, in at most eight lines of twenty columns; what does not fit is left out. It is answered,
/// and nothing follows.
pub fn display_text(words: &Text, charset: ZvtCharset) -> Apdu {
    let lines = (0xf1..0xf1 + LINES).zip(wrap(words.as_str()));
    let fields = lines.fold(bmp::Builder::new(), |fields, (tag, line)| {
        fields.field(tag, &text::encode(&line, charset))
    });
    Apdu::new(code::DISPLAY_TEXT, fields.finish().unwrap_or_default())
}

/// Words in lines; a word that is longer than a line is cut.
fn wrap(words: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        let word: String = word.chars().take(COLUMNS).collect();
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= COLUMNS => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: [u8; 3] = [0x12, 0x34, 0x56];

    #[test]
    fn requests_with_a_password() {
        let check = |apdu: Apdu, wire: &[u8]| assert_eq!(apdu.encode(), wire);
        check(end_of_day(PASSWORD), b"\x06\x50\x03\x12\x34\x56");
        check(initialisation(PASSWORD), b"\x06\x93\x03\x12\x34\x56");
        for (asked, wire) in [
            (
                RepeatReceipt::query(PASSWORD),
                &b"\x06\x20\x05\x12\x34\x56\x03\x03"[..],
            ),
            (RepeatReceipt::print(PASSWORD), b"\x06\x20\x03\x12\x34\x56"),
        ] {
            check(asked.encode(), wire);
            assert!(RepeatReceipt::decode(asked.encode().data()) == Some(asked));
        }
        check(diagnosis(), b"\x06\x70\0");
        check(log_off(), b"\x06\x02\0");
    }

    #[test]
    fn the_time_is_told_and_read() {
        let set = SetTime {
            password: PASSWORD,
            time: DateTime::constant(2026, 3, 4, 5, 6, 7, 0),
        };
        let apdu = set.encode().unwrap();
        let wire = b"\x06\x91\x0b\x12\x34\x56\xaa\x26\x03\x04\x0c\x05\x06\x07";
        assert_eq!(apdu.encode(), wire);
        assert!(SetTime::decode(apdu.data()) == Some(set));
        for year in [1999, 2100] {
            let time = DateTime::constant(year, 1, 1, 0, 0, 0, 0);
            assert!(SetTime { time, ..set }.encode().is_none());
        }
    }

    #[test]
    fn a_text_is_shown_in_lines() {
        let shown = |words: &str| display_text(&Text::new(words), ZvtCharset::Cp437).encode();
        assert_eq!(shown("Hallo Welt"), b"\x06\xe0\x0d\xf1\xf1\xf0Hallo Welt");
        assert_eq!(
            shown("Bitte warten Sie im Zimmer"),
            b"\x06\xe0\x1f\xf1\xf1\xf9Bitte warten Sie im\xf2\xf0\xf6Zimmer"
        );
        assert_eq!(shown(&"x".repeat(30)).len(), 3 + 3 + 20);
        assert!(shown(&"word ".repeat(60)).len() < 3 + 8 * 23 + 1);
    }
}
