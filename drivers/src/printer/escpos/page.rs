//! Code pages: 128 characters more than ASCII, under the names that the printer database gives
//! them.
//!
//! The tables are those of `oem_cp` and `encoding_rs`. What a printer cannot set side by side is
//! left out of them: letters that are written from the right, and marks that stand above or below
//! another character. Such text is drawn, see [`super::shape`].

use std::{fmt, sync::LazyLock};

use encoding_rs::{
    Encoding, IBM866, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_5, ISO_8859_6, ISO_8859_7,
    ISO_8859_8, ISO_8859_15, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254,
    WINDOWS_1255, WINDOWS_1256, WINDOWS_1257, WINDOWS_1258,
};
use oem_cp::{code_table::DECODING_TABLE_CP_MAP, code_table_type::TableType};
use unicode_bidi::{BidiClass, bidi_class};

/// A code page, as the upper half of a printer's character set. The order is that of preference:
/// where two pages would do, the first is taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CodePage(usize);

/// Where a page's characters come from.
#[derive(Debug, Clone, Copy)]
enum Source {
    /// The IBM PC's, by its number.
    Oem(u16),
    /// One of the web's.
    Web(&'static Encoding),
    /// One of the web's from A0 on. Below, ISO 8859 has only control characters; and where
    /// ISO 8859-7 was given three characters in 2003, printers have the older table.
    Iso(&'static Encoding, &'static str),
}

use Source::{Iso, Oem, Web};

/// Western Europe with the euro sign first, then by neighbourhood.
const PAGES: &[(&str, Source)] = &[
    ("CP858", Oem(858)),
    ("CP1252", Web(WINDOWS_1252)),
    ("CP437", Oem(437)),
    ("CP850", Oem(850)),
    ("ISO_8859-15", Iso(ISO_8859_15, "")),
    ("ISO_8859-1", Iso(WINDOWS_1252, "")),
    ("CP1250", Web(WINDOWS_1250)),
    ("CP852", Oem(852)),
    ("ISO_8859-2", Iso(ISO_8859_2, "")),
    ("CP1254", Web(WINDOWS_1254)),
    ("CP857", Oem(857)),
    ("ISO_8859-9", Iso(WINDOWS_1254, "")),
    ("ISO_8859-3", Iso(ISO_8859_3, "")),
    ("CP1257", Web(WINDOWS_1257)),
    ("CP775", Oem(775)),
    ("ISO_8859-4", Iso(ISO_8859_4, "")),
    ("CP1253", Web(WINDOWS_1253)),
    ("CP737", Oem(737)),
    ("ISO_8859-7", Iso(ISO_8859_7, "€₯ͺ")),
    ("CP869", Oem(869)),
    ("CP1251", Web(WINDOWS_1251)),
    ("CP866", Web(IBM866)),
    ("CP855", Oem(855)),
    ("ISO_8859-5", Iso(ISO_8859_5, "")),
    ("CP865", Oem(865)),
    ("CP860", Oem(860)),
    ("CP861", Oem(861)),
    ("CP863", Oem(863)),
    ("CP1258", Web(WINDOWS_1258)),
    ("CP1255", Web(WINDOWS_1255)),
    ("CP1256", Web(WINDOWS_1256)),
    ("CP862", Oem(862)),
    ("CP864", Oem(864)),
    ("CP720", Oem(720)),
    ("CP874", Oem(874)),
    ("ISO_8859-6", Iso(ISO_8859_6, "")),
    ("ISO_8859-8", Iso(ISO_8859_8, "")),
];

impl CodePage {
    /// The page of this name, such as `CP858` or `ISO_8859-7`.
    pub fn find(name: &str) -> Option<Self> {
        PAGES.iter().position(|(n, _)| *n == name).map(Self)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        PAGES.get(self.0).map_or("", |(name, _)| name)
    }

    /// All names, for messages.
    pub fn names() -> impl Iterator<Item = &'static str> {
        PAGES.iter().map(|(name, _)| *name)
    }

    /// The byte that prints this character, which is none of ASCII.
    pub fn byte(self, character: char) -> Option<u8> {
        TABLES.get(self.0)?.byte(character)
    }
}

impl fmt::Debug for CodePage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The first character that [`Table::latin`] does not have.
const LATIN_END: usize = 0x180;

/// From characters to bytes.
struct Table {
    /// The bytes of the characters below U+0180, which most text is made of; 0 where there is none.
    latin: Vec<u8>,
    /// The others, sorted.
    others: Vec<(char, u8)>,
}

static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| {
    PAGES
        .iter()
        .map(|(_, source)| Table::new(*source))
        .collect()
});

impl Table {
    fn new(source: Source) -> Self {
        let mut table = Self {
            latin: vec![0; LATIN_END],
            others: Vec::new(),
        };
        for byte in 0x80..=0xff {
            let Some(character) = source.character(byte).filter(|c| stands_alone(*c)) else {
                continue;
            };
            match table.latin.get_mut(character as usize) {
                // Where two bytes print the same, the first is as good.
                Some(place) if *place == 0 => *place = byte,
                Some(_) => {}
                None => table.others.push((character, byte)),
            }
        }
        table.others.sort_unstable();
        table
    }

    fn byte(&self, character: char) -> Option<u8> {
        if let Some(byte) = self.latin.get(character as usize) {
            return (*byte != 0).then_some(*byte);
        }
        let place = self.others.binary_search_by_key(&character, |(c, _)| *c);
        Some(self.others.get(place.ok()?)?.1)
    }
}

impl Source {
    fn character(self, byte: u8) -> Option<char> {
        match self {
            Oem(number) => {
                let place = usize::from(byte.checked_sub(0x80)?);
                match DECODING_TABLE_CP_MAP.get(&number)? {
                    TableType::Complete(table) => table.get(place).copied(),
                    TableType::Incomplete(table) => table.get(place).copied().flatten(),
                }
            }
            Web(encoding) => {
                let bytes = [byte];
                let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes)?;
                text.chars().next()
            }
            Iso(_, _) if byte < 0xa0 => None,
            Iso(encoding, without) => Web(encoding)
                .character(byte)
                .filter(|c| !without.contains(*c)),
        }
    }
}

/// Whether a character can be set beside any other: no control character, no space with a meaning,
/// none that is written from the right, no mark, and no Thai, where marks belong to letters.
fn stands_alone(character: char) -> bool {
    !character.is_ascii()
        && !matches!(character, '\u{a0}' | '\u{ad}' | '\u{e00}'..='\u{e7f}' | '\u{e000}'..='\u{f8ff}')
        && !matches!(
            bidi_class(character),
            BidiClass::R
                | BidiClass::AL
                | BidiClass::AN
                | BidiClass::NSM
                | BidiClass::BN
                | BidiClass::B
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_characters_by_page() {
        for (page, character, byte) in [
            ("CP858", '€', Some(0xd5)),
            ("CP858", 'ß', Some(0xe1)),
            ("CP858", 'Ü', Some(0x9a)),
            ("CP858", '®', Some(0xa9)),
            ("CP858", 'Ô', Some(0xe2)),
            ("CP858", 'Ò', Some(0xe3)),
            ("CP858", '¿', Some(0xa8)),
            ("CP1252", '€', Some(0x80)),
            ("CP1252", 'ü', Some(0xfc)),
            ("CP1252", '\u{81}', None),
            ("CP437", 'Ω', Some(0xea)),
            ("CP437", '€', None),
            ("CP857", 'İ', Some(0x98)),
            ("CP857", 'ı', Some(0x8d)),
            ("CP852", 'Ł', Some(0x9d)),
            ("CP866", 'П', Some(0x8f)),
            ("CP1251", '₽', None),
            ("CP737", 'Ω', Some(0x97)),
            ("ISO_8859-7", 'ω', Some(0xf9)),
            ("ISO_8859-7", '€', None),
            ("ISO_8859-15", '€', Some(0xa4)),
            ("ISO_8859-1", '€', None),
            ("ISO_8859-1", 'é', Some(0xe9)),
            ("CP775", 'ž', Some(0xd8)),
            // Drawn instead.
            ("CP862", 'ש', None),
            ("CP1256", 'م', None),
            ("CP874", 'ก', None),
            ("CP1258", '\u{301}', None),
        ] {
            let found = CodePage::find(page).unwrap().byte(character);
            assert_eq!(found, byte, "{page} {character}");
        }
    }

    /// What a page prints, it prints by the byte that Python's codecs know too.
    #[test]
    fn the_tables_agree_with_others() {
        let (mut pages, mut known) = (0, 0);
        let lines = include_str!("page/pythons.txt").lines();
        for line in lines.filter(|line| !line.starts_with('#')) {
            let (name, characters) = line.split_once(' ').unwrap();
            let page = CodePage::find(name).unwrap();
            pages += 1;
            for (place, code) in characters.split(' ').enumerate() {
                let Ok(code) = u32::from_str_radix(code, 16) else {
                    continue;
                };
                let character = char::from_u32(code).unwrap();
                if let Some(byte) = page.byte(character) {
                    assert_eq!(usize::from(byte), 0x80 + place, "{name} {character}");
                    known += 1;
                }
            }
        }
        assert_eq!(pages, PAGES.len());
        assert!(known > 3500, "only {known}");
    }

    #[test]
    fn every_page_has_its_name_and_its_characters() {
        for name in CodePage::names() {
            let page = CodePage::find(name).unwrap();
            assert_eq!(page.name(), name);
            let characters = (0x80..0xffff_u32).filter_map(char::from_u32);
            let count = characters.filter(|c| page.byte(*c).is_some()).count();
            // Arabic and Hebrew pages have but punctuation and a few Western letters left.
            let least = match name {
                "ISO_8859-6" => 2,
                "CP874" => 5,
                "ISO_8859-8" | "CP864" => 25,
                "CP1255" | "CP1256" | "CP720" => 50,
                _ => 80,
            };
            assert!(count >= least, "{name} has {count}");
        }
        assert_eq!(CodePage::find("CP932"), None);
    }
}
