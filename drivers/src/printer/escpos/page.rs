//! Characters as printers know them: ASCII, and code pages of 128 more.

use super::Profile;

/// A code page, as the upper half of a printer's character set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodePage {
    /// The IBM PC's.
    Cp437,
    /// Western Europe with the euro sign.
    Cp858,
    /// Windows' Western Europe.
    Wpc1252,
}

/// Stands in the tables where a page has no character.
const NONE: char = '\u{fffd}';

impl CodePage {
    /// The characters 80 to FF.
    fn table(self) -> &'static str {
        match self {
            Self::Cp437 => {
                "ÇüéâäàåçêëèïîìÄÅ\
                 ÉæÆôöòûùÿÖÜ¢£¥₧ƒ\
                 áíóúñÑªº¿⌐¬½¼¡«»\
                 ░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
                 └┴┬├─┼╞╟╚╔╩╦╠═╬╧\
                 ╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
                 αßΓπΣσµτΦΘΩδ∞φε∩\
                 ≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}"
            }
            Self::Cp858 => {
                "ÇüéâäàåçêëèïîìÄÅ\
                 ÉæÆôöòûùÿÖÜø£Ø×ƒ\
                 áíóúñÑªº¿®¬½¼¡«»\
                 ░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
                 └┴┬├─┼ãÃ╚╔╩╦╠═╬¤\
                 ðÐÊËÈ€ÍÎÏ┘┌█▄¦Ì▀\
                 ÓßÔÒõÕµþÞÚÛÙýÝ¯´\
                 \u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}"
            }
            Self::Wpc1252 => {
                "€\u{fffd}‚ƒ„…†‡ˆ‰Š‹Œ\u{fffd}Ž\u{fffd}\
                 \u{fffd}‘’“”•–—˜™š›œ\u{fffd}žŸ\
                 \u{a0}¡¢£¤¥¦§¨©ª«¬\u{ad}®¯\
                 °±²³´µ¶·¸¹º»¼½¾¿\
                 ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏ\
                 ÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞß\
                 àáâãäåæçèéêëìíîï\
                 ðñòóôõö÷øùúûüýþÿ"
            }
        }
    }

    fn byte(self, character: char) -> Option<u8> {
        let place = self
            .table()
            .chars()
            .position(|c| c == character && c != NONE)?;
        u8::try_from(place).ok()?.checked_add(0x80)
    }
}

/// Text as it will be printed, one character for each column: without what steers, with plain
/// characters for typographic ones.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
                plain.push(' ');
            }
            '‘' | '’' | '‚' | '‛' | '′' => plain.push('\''),
            '“' | '”' | '„' | '‟' | '″' => plain.push('"'),
            '\u{2010}'..='\u{2015}' | '−' => plain.push('-'),
            '…' => plain.push_str("..."),
            '•' => plain.push('*'),
            c if steers(c) => {}
            c => plain.push(c),
        }
    }
    plain
}

/// What has no column: control characters (C0, DEL, C1), soft hyphens, marks for the character
/// before, and the invisible characters that direct text.
fn steers(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{300}'..='\u{36f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
        )
}

/// Encodes text for a printer that has `current` selected, if anything is known of that.
///
/// ASCII goes as it is. Of the rest, as much as possible stays on the current page; `ESC t` comes
/// only where it changes. What no page has becomes `?`.
pub(super) fn encode(text: &str, profile: &Profile, current: &mut Option<CodePage>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars().filter(|c| !steers(*c)) {
        if character.is_ascii() {
            bytes.extend(u8::try_from(character));
            continue;
        }
        if let Some(byte) = current.and_then(|page| page.byte(character)) {
            bytes.push(byte);
            continue;
        }
        let found = profile
            .pages
            .iter()
            .find_map(|(page, number)| Some((*page, *number, page.byte(character)?)));
        if let Some((page, number, byte)) = found {
            *current = Some(page);
            bytes.extend([0x1b, b't', number, byte]);
        } else {
            bytes.push(b'?');
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_table_has_128_characters() {
        for page in [CodePage::Cp437, CodePage::Cp858, CodePage::Wpc1252] {
            assert_eq!(page.table().chars().count(), 128, "{page:?}");
        }
    }

    #[test]
    fn bytes_of_characters_by_page() {
        use CodePage::{Cp437, Cp858, Wpc1252};
        for (page, character, byte) in [
            (Cp858, '€', Some(0xd5)),
            (Cp858, 'ß', Some(0xe1)),
            (Cp858, 'Ü', Some(0x9a)),
            (Cp858, '®', Some(0xa9)),
            (Cp858, 'Ô', Some(0xe2)),
            (Cp858, 'Ò', Some(0xe3)),
            (Cp858, '¿', Some(0xa8)),
            (Wpc1252, '€', Some(0x80)),
            (Wpc1252, 'ü', Some(0xfc)),
            (Wpc1252, NONE, None),
            (Cp437, 'Ω', Some(0xea)),
            (Cp437, '€', None),
        ] {
            assert_eq!(page.byte(character), byte, "{page:?} {character}");
        }
    }

    #[test]
    fn texts_change_the_page_only_where_they_must() {
        let profile = Profile::find("generic-80mm").unwrap();
        for (text, expected) in [
            ("100.00 - A/B", b"100.00 - A/B".as_slice()),
            ("Zähne 5 €", b"Z\x1bt\x13\x84hne 5 \xd5"),
            ("Žižka ü", b"\x1bt\x10\x8ei\x9eka \xfc"),
            ("ÄΩÄ€", b"\x1bt\x13\x8e\x1bt\x00\xea\x8e\x1bt\x13\xd5"),
            ("“a” – b…", b"\"a\" - b..."),
            ("1\u{202f}000\u{a0}€", b"1 000 \x1bt\x13\xd5"),
            ("Привет 漢 😀", b"?????? ? ?"),
            ("a\x1b@\x10\x04\x01\u{9b}b\x7f\n", b"a@b"),
            ("u\u{308}", b"u"),
        ] {
            let bytes = encode(&plain(text), profile, &mut None);
            assert_eq!(bytes, expected, "{text}");
        }
    }

    proptest! {
        /// Control characters in data change nothing, and no data give control bytes: besides
        /// `ESC t n` all bytes print.
        #[test]
        fn data_never_steer_the_printer(text in "[\\x00-\\x20a-c\\x7f-\\x{9f}ä€Ωя\u{202e}]{0,40}") {
            let profile = Profile::find("generic-80mm").unwrap();
            let bytes = encode(&text, profile, &mut None);
            let harmless: String = text.chars().filter(|c| !c.is_control()).collect();
            prop_assert_eq!(&bytes, &encode(&harmless, profile, &mut None));
            let mut rest = bytes.as_slice();
            while let Some((first, after)) = rest.split_first() {
                rest = if let [0x1b, b't', 0 | 16 | 19, after @ ..] = rest {
                    after
                } else {
                    prop_assert!(*first >= 0x20 && *first != 0x7f, "{bytes:02x?}");
                    after
                };
            }
        }
    }
}
