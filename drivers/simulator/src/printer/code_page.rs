//! The three code pages that the simulated printer can print.

/// A code page, chosen by `ESC t n` with the numbers of Epson's printers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum CodePage {
    #[default]
    Cp437,
    Cp858,
    Cp1252,
    /// One that this printer does not have: only ASCII is legible.
    Other,
}

const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
    └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
const CP858: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
    └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈ€ÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";
/// 80 to 9F; the rest is ISO 8859-1.
const CP1252: &str = "€\u{fffd}‚ƒ„…†‡ˆ‰Š‹Œ\u{fffd}Ž\u{fffd}\u{fffd}‘’“”•–—˜™š›œ\u{fffd}žŸ";

impl CodePage {
    pub(super) fn numbered(n: u8) -> Self {
        match n {
            0 => Self::Cp437,
            16 => Self::Cp1252,
            19 => Self::Cp858,
            _ => Self::Other,
        }
    }

    /// The character that comes out on paper.
    pub(super) fn decode(self, byte: u8) -> char {
        let Some(high) = byte.checked_sub(0x80) else {
            return char::from(byte);
        };
        let table = match self {
            Self::Cp437 => CP437,
            Self::Cp858 => CP858,
            Self::Cp1252 if byte < 0xA0 => CP1252,
            Self::Cp1252 => return char::from(byte),
            Self::Other => "",
        };
        table.chars().nth(usize::from(high)).unwrap_or('\u{fffd}')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_whole_and_the_euro_is_where_it_belongs() {
        assert_eq!(CP437.chars().count(), 128);
        assert_eq!(CP858.chars().count(), 128);
        assert_eq!(CP1252.chars().count(), 32);
        for (page, byte, character) in [
            (0, 0x84, 'ä'),
            (0, 0xE1, 'ß'),
            (0, 0xF8, '°'),
            (16, 0x80, '€'),
            (16, 0xFC, 'ü'),
            (19, 0xD5, '€'),
            (19, 0x9C, '£'),
            (99, 0x80, '\u{fffd}'),
            (99, b'A', 'A'),
        ] {
            let decoded = CodePage::numbered(page).decode(byte);
            assert_eq!(decoded, character, "page {page}, byte {byte:02X}");
        }
    }
}
