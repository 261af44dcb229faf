//! Text as dots, looked at.

use proptest::prelude::*;

use super::*;
use crate::printer::escpos::fixture::fonts;

const PLAIN: Look = Look {
    wide: false,
    high: false,
    bold: false,
};

/// One picture of all lines, below each other.
fn drawn(text: &str, look: Look, dots: usize) -> Vec<Bitmap> {
    draw(text, &fonts(), look, dots, 20).0
}

fn one(text: &str) -> Bitmap {
    let mut lines = drawn(text, PLAIN, 576);
    assert_eq!(lines.len(), 1, "{text}");
    lines.remove(0)
}

/// Dots as Braille, eight to a character.
fn shown(bitmap: &Bitmap, width: usize) -> String {
    let mut out = String::new();
    for top in (0..bitmap.rows()).step_by(4) {
        let line: String = (0..width)
            .step_by(2)
            .map(|left| {
                // The order of the dots in Unicode: columns of three, then the fourth row.
                let places = [
                    (0, 0),
                    (0, 1),
                    (0, 2),
                    (1, 0),
                    (1, 1),
                    (1, 2),
                    (0, 3),
                    (1, 3),
                ];
                let bits = places
                    .iter()
                    .enumerate()
                    .map(|(bit, (x, y))| u32::from(bitmap.get(left + x, top + y)) << bit);
                char::from_u32(0x2800 + bits.sum::<u32>()).unwrap()
            })
            .collect();
        out.push_str(line.trim_end_matches('\u{2800}'));
        out.push('\n');
    }
    out
}

fn width(bitmap: &Bitmap) -> usize {
    let inked = |x: &usize| (0..bitmap.rows()).any(|y| bitmap.get(*x, y));
    (0..1000).filter(inked).max().map_or(0, |x| x + 1)
}

/// Hebrew and Arabic run from the right, with the number in them from the left; Arabic letters
/// join; Thai vowels and tones stack; what no font has is a box.
#[test]
fn scripts() {
    let texts = [
        "שלום 12,50 abc",
        "مرحبا",
        "漢字 诊所",
        "น้ำ ที่",
        "😀 \u{16a0}",
        "Größe Ωμέγα Привет",
        "abc שלום 12 לי (م) def",
    ];
    let pictures = texts.map(|text| format!("{text}\n{}", shown(&one(text), 400)));
    insta::assert_snapshot!(pictures.concat());
}

#[test]
fn arabic_letters_join() {
    let joined = width(&one("مرحبا"));
    let apart: usize = "مرحبا".chars().map(|c| width(&one(&c.to_string()))).sum();
    assert!(joined < apart, "{joined} of {apart}");
}

#[test]
fn the_first_hebrew_letter_is_the_rightmost() {
    // Lamed alone rises above the others.
    let high = |text: &str| {
        let bitmap = one(text);
        let dots = (0..width(&bitmap)).filter(|x| bitmap.get(*x, 1));
        (dots.max().unwrap() * 100) / width(&bitmap)
    };
    assert!(high("לשששש") > 80, "lamed first");
    assert!(high("ששששל") < 20, "lamed last");
}

#[test]
fn looks() {
    let sizes = |wide, high, bold| {
        let bitmap = drawn("漢", Look { wide, high, bold }, 576).remove(0);
        (width(&bitmap), bitmap.rows() - GAP)
    };
    let (width, rows) = sizes(false, false, false);
    let near = |a: usize, b: usize| a.abs_diff(b) <= 2;
    let (w, r) = sizes(true, false, false);
    assert!(near(w, 2 * width) && near(r, rows), "wide: {w} by {r}");
    let (w, r) = sizes(false, true, false);
    assert!(near(w, width) && near(r, 2 * rows), "high: {w} by {r}");
    assert_eq!(sizes(false, false, true), (width + 1, rows));
}

#[test]
fn lines_are_broken_between_words_and_between_chinese_characters() {
    for (text, dots, lines) in [
        ("שלום שלום שלום", 100, 3),
        ("漢字口腔检查诊所", 100, 2),
        ("漢字 口腔", 60, 2),
        ("שלוםשלוםשלוםשלום", 100, 3),
        ("", 100, 0),
    ] {
        let drawn = drawn(text, PLAIN, dots);
        assert_eq!(drawn.len(), lines, "{text}");
        for line in drawn {
            assert!(
                (1..=dots.next_multiple_of(8)).contains(&width(&line)),
                "{text}"
            );
        }
    }
    let (lines, more) = draw(&"漢".repeat(500), &fonts(), PLAIN, 100, 20);
    assert_eq!((lines.len(), more), (20, true));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_is_drawn_within_the_paper(
        text in "\\PC{0,40}|[א-תا-ي漢字ก-์a-z0-9 \u{200d}\u{fe0f}😀]{0,60}",
        wide: bool,
        dots in 100..600_usize,
    ) {
        let look = Look { wide, ..PLAIN };
        for line in drawn(&text, look, dots) {
            prop_assert!(width(&line) <= dots.next_multiple_of(8));
            prop_assert!(line.rows() <= ABOVE + BELOW + GAP);
        }
    }
}
