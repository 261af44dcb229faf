//! Breaking text into lines of so many columns. Every character has one column.

/// Breaks text between words, and inside those that are longer than a line. At least one line.
pub(super) fn words(text: &str, columns: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(end) = nth(rest, columns) {
        let (line, beyond) = split(rest, end, 0);
        let (line, after) = match line.rfind(' ') {
            _ if beyond.starts_with(' ') => split(rest, end, 1),
            Some(space) => split(rest, space, 1),
            None => (line, beyond),
        };
        lines.push(line);
        rest = after;
    }
    lines.push(rest);
    lines
}

/// Breaks text where the line ends. At least one line.
pub(super) fn pieces(text: &str, columns: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text.trim_end();
    while let Some(end) = nth(rest, columns) {
        let (line, after) = split(rest, end, 0);
        lines.push(line);
        rest = after;
    }
    lines.push(rest);
    lines
}

/// Where the character of this number begins, if there is one.
fn nth(text: &str, number: usize) -> Option<usize> {
    // A character has at least one byte.
    if text.len() <= number {
        return None;
    }
    text.char_indices().nth(number.max(1)).map(|(at, _)| at)
}

/// What is before a place, and what is so many bytes behind it.
fn split(text: &str, at: usize, skip: usize) -> (&str, &str) {
    (
        text.get(..at).unwrap_or(text),
        text.get(at + skip..).unwrap_or(""),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_end_between_words() {
        for (text, expected) in [
            ("", &[""][..]),
            ("abcdefgh", &["abcdefgh"]),
            ("abcdefgh i", &["abcdefgh", "i"]),
            ("abc def ghi", &["abc def", "ghi"]),
            ("abc defghi", &["abc", "defghi"]),
            ("abcdefghijk lm", &["abcdefgh", "ijk lm"]),
            ("  a", &["  a"]),
            ("äöüäöüäöü", &["äöüäöüäö", "ü"]),
        ] {
            assert_eq!(words(text, 8), expected, "{text}");
        }
        assert_eq!(pieces("abc def ghi  ", 8), ["abc def ", "ghi"]);
    }

    proptest! {
        #[test]
        fn no_line_is_too_long_and_nothing_is_lost(text in "[a ä€]{0,60}", columns in 0..12_usize) {
            let whole = |lines: &[&str]| lines.concat().replace(' ', "");
            for lines in [words(&text, columns), pieces(&text, columns)] {
                prop_assert_eq!(whole(&lines), text.replace(' ', ""));
                for line in lines {
                    prop_assert!(line.chars().count() <= columns.max(1));
                }
            }
        }
    }
}
