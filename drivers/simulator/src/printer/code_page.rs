//! The code pages of a printer: which page each number of `ESC t` stands for, and what comes out
//! of it. The numbers are not the same everywhere, so each printer has a table of its own.
//!
//! Source: the table in Epson's page for `ESC t`.

use std::{collections::BTreeMap, str::FromStr};

use encoding_rs::Encoding;
use oem_cp::code_table::DECODING_TABLE_CP_MAP;

/// What is printed where a page has no character.
pub(super) const UNKNOWN: char = '\u{fffd}';

/// Epson's numbers, as far as a table of the page is known.
const EPSON: [(u8, &str); 31] = [
    (0, "cp437"),
    (1, "katakana"),
    (2, "cp850"),
    (3, "cp860"),
    (4, "cp863"),
    (5, "cp865"),
    (13, "cp857"),
    (14, "cp737"),
    (15, "iso8859-7"),
    (16, "cp1252"),
    (17, "cp866"),
    (18, "cp852"),
    (19, "cp858"),
    // Epson's “Thai character code 11”.
    (21, "cp874"),
    (32, "cp720"),
    (33, "cp775"),
    (34, "cp855"),
    (35, "cp861"),
    (36, "cp862"),
    (37, "cp864"),
    (38, "cp869"),
    (39, "iso8859-2"),
    (40, "iso8859-15"),
    (45, "cp1250"),
    (46, "cp1251"),
    (47, "cp1253"),
    (48, "cp1254"),
    (49, "cp1255"),
    (50, "cp1256"),
    (51, "cp1257"),
    (52, "cp1258"),
];

/// Epson's page 1 without its katakana: 80 to 9F, and E0 to FF.
const LINES: [&str; 2] = [
    "▁▂▃▄▅▆▇█▏▎▍▌▋▊▉┼┴┬┤├▔─│▕┌┐└┘╭╮╰╯",
    "═╞╪╡◢◣◥◤♠♥♦♣●○╱╲╳円年月日時分秒〒市区町村人▓\u{a0}",
];

/// A code page: a character for each of the bytes 80 to FF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodePage(Table);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Table {
    /// Of DOS, by its number.
    Oem(u16),
    /// Of Windows, or of ISO 8859.
    Encoding(&'static Encoding),
    /// Epson's own, with katakana and lines.
    Katakana,
    /// One that this printer does not have: only ASCII is legible.
    None,
}

/// A code page that the simulator does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "“{0}” is not a code page of the simulated printer; write one like cp858, cp1252, iso8859-7 or katakana"
)]
pub struct UnknownCodePage(String);

impl FromStr for CodePage {
    type Err = UnknownCodePage;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "katakana" {
            return Ok(Self(Table::Katakana));
        }
        let unknown = || UnknownCodePage(text.chars().take(60).collect());
        let number = |prefix| text.strip_prefix(prefix).and_then(|n| n.parse().ok());
        if let Some(n) = number("cp").filter(|n| DECODING_TABLE_CP_MAP.get(n).is_some()) {
            return Ok(Self(Table::Oem(n)));
        }
        let label = match (number("cp"), number("iso8859-")) {
            (Some(n @ 1250..=1258), _) => format!("windows-{n}"),
            (_, Some(n)) => format!("iso-8859-{n}"),
            _ => return Err(unknown()),
        };
        let encoding = Encoding::for_label(label.as_bytes()).ok_or_else(unknown)?;
        Ok(Self(Table::Encoding(encoding)))
    }
}

impl CodePage {
    /// The character that comes out on paper.
    pub(super) fn decode(self, byte: u8) -> char {
        if byte.is_ascii() {
            return char::from(byte);
        }
        let found = match self.0 {
            Table::Oem(n) => DECODING_TABLE_CP_MAP
                .get(&n)
                .and_then(|table| table.decode_char_checked(byte)),
            Table::Encoding(encoding) => encoding
                .decode_without_bom_handling_and_without_replacement(&[byte])
                .and_then(|text| text.chars().next()),
            Table::Katakana => match byte {
                0xA1..=0xDF => char::from_u32(0xFF61 + u32::from(byte - 0xA1)),
                0xA0 => Some('\u{a0}'),
                ..0xA0 => LINES[0].chars().nth(usize::from(byte - 0x80)),
                0xE0.. => LINES[1].chars().nth(usize::from(byte - 0xE0)),
            },
            Table::None => None,
        };
        // Where Windows has nothing, its tables have a control.
        found.filter(|c| !c.is_control()).unwrap_or(UNKNOWN)
    }
}

/// The code pages of one printer by the numbers of `ESC t`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodePages(BTreeMap<u8, CodePage>);

impl CodePages {
    /// Epson's numbers, which most printers share for the most part.
    pub fn epson() -> Self {
        let page = |(n, name): (u8, &str)| Some((n, name.parse().ok()?));
        Self(EPSON.into_iter().filter_map(page).collect())
    }

    /// Gives a number another meaning.
    pub fn set(&mut self, number: u8, page: CodePage) {
        self.0.insert(number, page);
    }

    pub(super) fn numbered(&self, number: u8) -> CodePage {
        let page = self.0.get(&number).copied();
        page.unwrap_or(CodePage(Table::None))
    }
}

/// A character of two bytes in the Kanji mode of Chinese printers.
pub(super) fn decode_pair(pair: [u8; 2]) -> char {
    encoding_rs::GB18030
        .decode_without_bom_handling_and_without_replacement(&pair)
        .and_then(|text| text.chars().next())
        .unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_its_characters_where_they_belong() {
        let pages = CodePages::epson();
        assert_eq!(pages.0.len(), EPSON.len(), "a name in the table is none");
        for (page, byte, character) in [
            (0, 0x84, 'ä'),
            (0, 0xE1, 'ß'),
            (0, 0xF8, '°'),
            (1, 0x95, '─'),
            (1, 0x9F, '╯'),
            (1, 0xB1, 'ｱ'),
            (1, 0xE0, '═'),
            (1, 0xFE, '▓'),
            (13, 0x98, 'İ'),
            (14, 0x80, 'Α'),
            (16, 0x80, '€'),
            (16, 0xFC, 'ü'),
            (16, 0x81, '\u{fffd}'),
            (17, 0x8F, 'П'),
            (18, 0x88, 'ł'),
            (19, 0xD5, '€'),
            (19, 0x9C, '£'),
            (36, 0x80, 'א'),
            (40, 0xA4, '€'),
            (45, 0xB3, 'ł'),
            (46, 0xCF, 'П'),
            (50, 0xE3, 'م'),
            (99, 0x80, '\u{fffd}'),
            (99, b'A', 'A'),
        ] {
            let decoded = pages.numbered(page).decode(byte);
            assert_eq!(decoded, character, "page {page}, byte {byte:02X}");
        }
    }

    #[test]
    fn a_number_can_mean_another_page_and_only_pages_have_names() {
        let mut pages = CodePages::epson();
        pages.set(4, "cp858".parse().unwrap());
        assert_eq!(pages.numbered(4).decode(0xD5), '€');
        for name in ["", "858", "cp1", "cp1259", "iso8859-99", "utf-8", "cpx"] {
            let error = name.parse::<CodePage>().unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn two_bytes_are_one_character_in_kanji_mode() {
        assert_eq!(decode_pair([0xBA, 0xBA]), '汉');
        assert_eq!(decode_pair([0xFC, 0x20]), UNKNOWN);
    }
}
