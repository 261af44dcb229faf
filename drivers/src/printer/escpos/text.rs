//! Text as it will be printed: composed, with plain characters for typographic ones, without what
//! steers; then as bytes, in runs of code pages.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, char::decompose_canonical, is_nfc};

use super::{CodePage, Profile};

/// The first character that can take part in composition (a combining grave accent).
const MARKS: char = '\u{300}';
/// The first character of the scripts that join, stack or run from the right: only there do
/// joiners and variation selectors mean anything.
const SHAPED: char = '\u{590}';

/// Text in its composed form (NFC), with ASCII for quotes, dashes and spaces, and without control
/// characters (C0, DEL, C1) and the invisible ones that direct text. Most text is plain already,
/// and is only looked at.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    let printable = |byte: u8| (b' '..=b'~').contains(&byte);
    if text.bytes().all(printable) || text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let composed: Cow<'_, str> = if text.chars().all(|c| c < MARKS) || is_nfc(text) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    };
    let shaped = composed.chars().any(|c| c >= SHAPED && !is_joiner(c));
    let mut plain = String::with_capacity(composed.len());
    for character in composed.chars() {
        match character {
            '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
                plain.push(' ');
            }
            '‘' | '’' | '‚' | '‛' | '′' | 'ʼ' => plain.push('\''),
            '“' | '”' | '„' | '‟' | '″' => plain.push('"'),
            '‹' => plain.push('<'),
            '›' => plain.push('>'),
            '\u{2010}'..='\u{2015}' | '−' => plain.push('-'),
            '…' => plain.push_str("..."),
            '•' => plain.push('*'),
            '⁄' => plain.push('/'),
            c if is_joiner(c) && !shaped => {}
            c if steers(c) => {}
            c => plain.push(c),
        }
    }
    Cow::Owned(plain)
}

/// Whether [`plain`] leaves it alone, as it does with nearly all that receipts are made of.
fn is_plain(character: char) -> bool {
    matches!(character, ' '..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{2bb}' | '€')
}

/// Joins or parts its neighbours, or chooses how one looks.
pub(super) fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

/// Has no column of its own, and no place on paper.
fn steers(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Whether the printer has a code page for each character.
pub(super) fn prints(text: &str, profile: &Profile) -> bool {
    text.is_ascii() || text.chars().all(|c| c.is_ascii() || profile.prints(c))
}

/// Writes out what the printer has no character for, as far as there is a usual way to do so.
pub(super) fn written_out(text: &str, profile: &Profile) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match instead(character) {
            Some(written) if !profile.prints(character) => out.push_str(written),
            _ => out.push(character),
        }
    }
    out
}

/// Signs that can be spelt.
fn instead(character: char) -> Option<&'static str> {
    Some(match character {
        '€' => "EUR",
        '£' => "GBP",
        '₺' => "TRY",
        '₽' => "RUB",
        '₴' => "UAH",
        '₪' => "ILS",
        '₹' => "INR",
        '₩' => "KRW",
        '₫' => "VND",
        '฿' => "THB",
        '₸' => "KZT",
        '₦' => "NGN",
        '™' => "(TM)",
        '©' => "(C)",
        '®' => "(R)",
        '№' => "No.",
        '×' => "x",
        '·' => ".",
        '→' => "->",
        '←' => "<-",
        '≤' => "<=",
        '≥' => ">=",
        'Œ' => "OE",
        'œ' => "oe",
        'ẞ' => "SS",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        _ => return None,
    })
}

/// What stands for a character that cannot be printed at all.
pub(super) const REPLACEMENT: char = '?';

/// Text that the printer has a byte for throughout: letters without the accents that it lacks, and
/// a mark for each other character.
pub(super) fn replaced(text: &str, profile: &Profile) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii() || profile.prints(character) {
            out.push(character);
        } else if !is_joiner(character) && !is_mark(character) {
            let base = base(character).filter(|c| c.is_ascii() || profile.prints(*c));
            out.push(base.unwrap_or(REPLACEMENT));
        }
    }
    out
}

/// Text for a picture: letters without the accents that no font can draw.
pub(super) fn drawable(text: &str, draws: impl Fn(char) -> bool) -> String {
    let drawn = |character| match base(character) {
        Some(base) if !draws(character) && draws(base) => base,
        _ => character,
    };
    text.chars().map(drawn).collect()
}

/// The letter of a letter with accents.
fn base(character: char) -> Option<char> {
    let mut base = None;
    decompose_canonical(character, |part| base = base.or(Some(part)));
    base
}

/// Stands above or below the character before.
pub(super) fn is_mark(character: char) -> bool {
    unicode_normalization::char::is_combining_mark(character)
}

/// Encodes text that the printer has bytes for. `current` is the page that it has selected, if
/// anything is known of that.
///
/// ASCII goes as it is. Of the rest, as much as possible stays on the current page; where it ends,
/// the page is chosen that reaches furthest, and `ESC t` is sent.
pub(super) fn encode(
    text: &str,
    profile: &Profile,
    current: &mut Option<CodePage>,
    out: &mut Vec<u8>,
) {
    let mut rest = text;
    loop {
        let ascii = rest.bytes().position(|byte| byte >= 0x80);
        let Some((run, other)) = ascii.and_then(|at| rest.split_at_checked(at)) else {
            out.extend_from_slice(rest.as_bytes());
            return;
        };
        out.extend_from_slice(run.as_bytes());
        let mut characters = other.chars();
        let Some(character) = characters.next() else {
            return;
        };
        if let Some(byte) = current.and_then(|page| page.byte(character)) {
            out.push(byte);
        } else if let Some((page, number, byte)) = furthest(other, profile) {
            *current = Some(page);
            out.extend([0x1b, b't', number, byte]);
        } else {
            out.extend(u8::try_from(REPLACEMENT));
        }
        rest = characters.as_str();
    }
}

/// The page that covers the longest run at the beginning of a text, the preferred one of several,
/// with its number and the first character's byte.
fn furthest(text: &str, profile: &Profile) -> Option<(CodePage, u8, u8)> {
    let first = text.chars().next()?;
    let mut best = None;
    let mut longest = 0;
    for (page, number) in &profile.pages {
        let Some(byte) = page.byte(first) else {
            continue;
        };
        let lacks = |c: char| !c.is_ascii() && page.byte(c).is_none();
        let length = text.find(lacks).unwrap_or(text.len());
        if length > longest {
            longest = length;
            best = Some((*page, *number, byte));
        }
        if length == text.len() {
            break;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_picture_has_the_letter_where_no_font_has_its_accent() {
        let draws = |c: char| c.is_ascii() || c == 'ğ';
        assert_eq!(drawable("ışık ğ ş 漢", draws), "ısık ğ s 漢");
    }

    fn printed(text: &str, profile: &str) -> Vec<u8> {
        let profile = Profile::find(profile).unwrap();
        let text = replaced(&written_out(&plain(text), profile), profile);
        let mut bytes = Vec::new();
        encode(&text, profile, &mut None, &mut bytes);
        bytes
    }

    #[test]
    fn texts_change_the_page_only_where_they_must() {
        for (profile, text, expected) in [
            ("generic-80mm", "100.00 - A/B", b"100.00 - A/B".as_slice()),
            ("generic-80mm", "Zähne 5 €", b"Z\x1bt\x13\x84hne 5 \xd5"),
            ("epson-tm-t20iii", "Žižka ü", b"\x1bt\x10\x8ei\x9eka \xfc"),
            (
                "generic-80mm",
                "ÄΩÄ€",
                b"\x1bt\x00\x8e\xea\x8e\x1bt\x13\xd5",
            ),
            ("generic-80mm", "“a” – b…", b"\"a\" - b..."),
            (
                "generic-80mm",
                "1\u{202f}000\u{a0}€",
                b"1 000 \x1bt\x13\xd5",
            ),
            ("generic-80mm", "a\x1b@\x10\x04\x01\u{9b}b\x7f\n", b"a@b"),
            // Composed first.
            ("generic-80mm", "u\u{308}", b"\x1bt\x13\x81"),
            ("epson-tm-t20iii", "İstanbul", b"\x1bt\x30\xddstanbul"),
            ("epson-tm-t20iii", "Łódź", b"\x1bt\x2d\xa3\xf3d\x9f"),
            ("epson-tm-t20iii", "Ωμέγα", b"\x1bt\x2f\xd9\xec\xdd\xe3\xe1"),
            (
                "epson-tm-t20iii",
                "Привет",
                b"\x1bt\x2e\xcf\xf0\xe8\xe2\xe5\xf2",
            ),
            // The printer's own numbers.
            ("star-tsp600", "5 €", b"5 \x1bt\x04\xd5"),
            ("kefar-kr-306", "5 €", b"5 \x1bt\x0e\xd5"),
            // Spelt, without its accent, or marked.
            ("zjiang-zj-5870", "5 €", b"5 \x1bt\x10\x80"),
            ("epson-tm-u220", "5 € Łódź", b"5 EUR ?\x1bt\x00\xa2dz"),
            ("generic-80mm", "漢 😀 \u{200d}a", b"? ? a"),
            ("epson-tm-t20iii", "שלום", b"????"),
        ] {
            assert_eq!(printed(text, profile), expected, "{profile} {text}");
        }
    }

    #[test]
    fn the_page_that_reaches_furthest_is_taken() {
        // CP858 has ä, but only CP1252 has ä and Ž.
        assert_eq!(printed("äŽä", "epson-tm-t20iii"), b"\x1bt\x10\xe4\x8e\xe4");
        // Then it stays, though another would do as well.
        let profile = Profile::find("epson-tm-t20iii").unwrap();
        let mut page = CodePage::find("CP1252");
        let mut bytes = Vec::new();
        encode("ä", profile, &mut page, &mut bytes);
        assert_eq!(bytes, b"\xe4");
    }

    proptest! {
        /// Control characters in data change nothing, and no data give control bytes: besides
        /// `ESC t n` all bytes print.
        #[test]
        fn data_never_steer_the_printer(
            text in "[\\x00-\\x20a-c\\x7f-\\x{9f}ä€Ωя\u{202e}\u{ad}\u{61c}]{0,40}",
            number in 0..30_usize,
        ) {
            let name = Profile::names().nth(number).unwrap();
            let profile = Profile::find(name).unwrap();
            let bytes = printed(&text, name);
            let harmless: String = text.chars().filter(|c| !c.is_control()).collect();
            prop_assert_eq!(&bytes, &printed(&harmless, name));
            let mut rest = bytes.as_slice();
            while let Some((first, after)) = rest.split_first() {
                rest = if let [0x1b, b't', number, after @ ..] = rest {
                    prop_assert!(profile.pages.iter().any(|(_, n)| n == number));
                    after
                } else {
                    prop_assert!(*first >= 0x20 && *first != 0x7f, "{bytes:02x?}");
                    after
                };
            }
        }
    }
}
