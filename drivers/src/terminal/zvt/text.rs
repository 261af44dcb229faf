//! Character sets of a terminal's texts (PA00P015, 13: ZVT character set).

use config::ZvtCharset;

/// 80 to FF of code page 437.
const CP437: &str = concat!(
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ",
    "áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐",
    "└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀",
    "αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}",
);

/// The German letters of the seven-bit set, and the ASCII characters whose places they take.
const SEVEN_BIT: [(u8, char); 7] = [
    (b'[', 'Ä'),
    (b'\\', 'Ö'),
    (b']', 'Ü'),
    (b'{', 'ä'),
    (b'|', 'ö'),
    (b'}', 'ü'),
    (b'~', 'ß'),
];

/// Reads a terminal's text. A byte that means nothing becomes `?`.
pub fn decode(bytes: &[u8], charset: ZvtCharset) -> String {
    let high = |byte: u8| CP437.chars().nth(usize::from(byte).saturating_sub(0x80));
    let german = |byte: u8| SEVEN_BIT.iter().find(|(b, _)| *b == byte).map(|(_, c)| *c);
    bytes
        .iter()
        .map(|byte| match (charset, *byte) {
            (ZvtCharset::Cp437, 0x80..) => high(*byte).unwrap_or('?'),
            (ZvtCharset::SevenBit, 0x80..) => '?',
            (ZvtCharset::SevenBit, byte) => german(byte).unwrap_or(char::from(byte)),
            (ZvtCharset::Cp437 | ZvtCharset::Latin1, byte) => char::from(byte),
        })
        .collect()
}

/// Writes a text as a terminal does. A character that the set lacks becomes `?`.
pub fn encode(text: &str, charset: ZvtCharset) -> Vec<u8> {
    let german = |c: char| SEVEN_BIT.iter().find(|(_, g)| *g == c).map(|(b, _)| *b);
    let high = |c: char| {
        let place = CP437.chars().position(|h| h == c)?;
        u8::try_from(place + 0x80).ok()
    };
    let taken = |c: char| SEVEN_BIT.iter().any(|(b, _)| char::from(*b) == c);
    text.chars()
        .map(|c| {
            let found = match charset {
                ZvtCharset::Cp437 if !c.is_ascii() => high(c),
                ZvtCharset::SevenBit if !c.is_ascii() || taken(c) => german(c),
                ZvtCharset::Latin1 | ZvtCharset::Cp437 | ZvtCharset::SevenBit => {
                    u8::try_from(u32::from(c)).ok()
                }
            };
            found.unwrap_or(b'?')
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], charset: ZvtCharset, text: &str) {
        assert_eq!(decode(bytes, charset), text);
        assert_eq!(encode(text, charset), bytes);
    }

    #[test]
    fn german_words_in_every_set() {
        check(b"durchf\xFChren", ZvtCharset::Latin1, "durchführen");
        check(b"durchf\x81hren", ZvtCharset::Cp437, "durchführen");
        check(b"durchf}hren", ZvtCharset::SevenBit, "durchführen");
        check(b"[\\]{|}~", ZvtCharset::SevenBit, "ÄÖÜäöüß");
        check(
            b"\x8e\x99\x9a\x84\x94\x81\xe1\xb0\xff",
            ZvtCharset::Cp437,
            "ÄÖÜäöüß░\u{a0}",
        );
        check(b"[]", ZvtCharset::Cp437, "[]");
        assert_eq!(decode(b"\xfc", ZvtCharset::SevenBit), "?");
        assert_eq!(encode("€[", ZvtCharset::SevenBit), b"??");
    }

    #[test]
    fn every_byte_has_a_character_and_back() {
        for charset in [ZvtCharset::Cp437, ZvtCharset::Latin1] {
            let all: Vec<u8> = (0..=255).collect();
            assert_eq!(encode(&decode(&all, charset), charset), all);
        }
    }
}
