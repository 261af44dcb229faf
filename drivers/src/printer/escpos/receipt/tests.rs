//! Receipts, as the bytes that go to a printer.

use std::sync::LazyLock;

use proptest::prelude::*;

use payment::receipt::Picture;

use super::*;
use crate::printer::escpos::fixture::fonts;

mod scripts;

fn text(text: &str) -> Line {
    Line::Text(text.into(), Style::default())
}

fn centred(text: &str) -> Line {
    let style = Style {
        align: Align::Centre,
        ..Style::default()
    };
    Line::Text(text.into(), style)
}

fn pair(left: &str, right: &str) -> Line {
    Line::Columns(left.into(), right.into(), Style::default())
}

fn slip(text: &str) -> Line {
    Line::Verbatim(SlipLine {
        text: text.into(),
        centred: true,
        ..SlipLine::default()
    })
}

/// Bytes for reading: printable ones as they are, a new line for every line feed.
fn shown(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| match byte {
            b'\n' => "\n".to_owned(),
            0x20..=0x7e => char::from(*byte).to_string(),
            _ => format!("<{byte:02X}>"),
        })
        .collect()
}

/// Width, rows and length of a picture that begins here.
fn picture(bytes: &[u8]) -> Option<(usize, usize, usize)> {
    let [0x1d, b'v', b'0', 0, xl, xh, yl, yh, ..] = bytes else {
        return None;
    };
    let across = usize::from(u16::from_le_bytes([*xl, *xh]));
    let rows = usize::from(u16::from_le_bytes([*yl, *yh]));
    Some((across * 8, rows, 8 + across * rows))
}

#[test]
fn a_code_that_does_not_fit_is_text() {
    let profile = Profile::find("epson-tm-u220").unwrap();
    let bytes = render(
        &[Line::Qr("https://a.example/\u{10}\u{4}1".into())],
        profile,
    );
    assert_eq!(
        shown(&bytes),
        "<1B>@<1C>.<1B>a<01><1B>a<00>https://a.example/1\n"
    );
}

fn german() -> Vec<Line> {
    let big = Style {
        bold: true,
        wide: true,
        high: true,
        align: Align::Centre,
        ..Style::default()
    };
    let bold = Style {
        bold: true,
        ..Style::default()
    };
    vec![
        Line::Text("Zahnärzte am Markt".into(), big),
        centred("Gemeinschaftspraxis Dr. Müller & Dr. Groß"),
        centred("Königstraße 12 – 70173 Stuttgart"),
        centred("Telefon 0711 – 22 00 00"),
        Line::Feed(1),
        pair("Beleg-Nr. A1-000042", "21.11.2026 09:41"),
        pair("Gerät", "empfang-1"),
        text("Rechnung: RE-2026-1187"),
        Line::Rule,
        text("Leistungen vom 18.11.2026"),
        pair("0010 Eingehende Untersuchung", "12,94 €"),
        pair("1040 Professionelle Zahnreinigung", "90,55 €"),
        pair("2197 Adhäsive Befestigung", "16,82 €"),
        pair(
            "Verlangensleistung nach § 2 Abs. 3 GOZ: Aufhellung, beide Kiefer",
            "1\u{202f}240,00\u{a0}€",
        ),
        Line::Rule,
        Line::Columns("Summe".into(), "1.360,31 €".into(), bold),
        text("Umsatzsteuerfrei nach § 4 Nr. 14 a) UStG"),
        Line::Rule,
        slip("K-U-N-D-E-N-B-E-L-E-G"),
        slip("Terminal-ID     65083421"),
        slip("Mastercard kontaktlos"),
        slip("Nr. ############0004"),
        slip("Genehmigungs-Nr.  123456"),
        slip("Betrag   EUR    1.360,31"),
        slip("*** Zahlung erfolgt ***"),
        Line::Rule,
        text(
            "„Vielen Dank!“ Wir wünschen Ihnen einen schönen Tag und freuen uns auf Ihren Besuch.",
        ),
        centred("www.zahnaerzte.example"),
        Line::Feed(2),
        Line::Cut,
    ]
}

#[test]
fn a_german_receipt() {
    let profile = Profile::find("epson-tm-t20iii").unwrap();
    insta::assert_snapshot!(shown(&render(&german(), profile)));
}

#[test]
fn lines_and_their_bytes() {
    let wide = Style {
        wide: true,
        ..Style::default()
    };
    for (profile, line, expected) in [
        ("generic-80mm", text("a"), "a\n"),
        ("generic-80mm", text(""), "\n"),
        ("generic-80mm", text("  a"), "  a\n"),
        ("generic-80mm", Line::Cut, "<1D>VB<00>"),
        ("generic-58mm", Line::Cut, "<1B>d<04>"),
        ("generic-80mm", Line::Feed(3), "\n\n\n"),
        ("generic-80mm", Line::Feed(4), "<1B>d<04>"),
        (
            "generic-58mm",
            Line::Rule,
            "--------------------------------\n",
        ),
        (
            "generic-58mm",
            pair("Left", "1,00"),
            "Left                        1,00\n",
        ),
        (
            "generic-58mm",
            pair("A name as long as this one", "1,00 EUR"),
            "A name as long as this one\n                        1,00 EUR\n",
        ),
        (
            "generic-58mm",
            Line::Text("words are not broken".into(), wide),
            "<1D>!<10>words are not\nbroken\n",
        ),
        (
            "generic-58mm",
            text("Donaudampfschifffahrtsgesellschaftskapitän"),
            "Donaudampfschifffahrtsgesellscha\nftskapit<1B>t<13><84>n\n",
        ),
        (
            "generic-58mm",
            slip("Abcdefghij abcdefghij abcdefghij "),
            "<1B>a<01>Abcdefghij abcdefghij abcdefghij\n",
        ),
    ] {
        let bytes = render(&[line], Profile::find(profile).unwrap());
        assert_eq!(shown(&bytes), format!("<1B>@<1C>.{expected}"));
    }
}

/// Small print has its own columns, where the printer has such letters.
#[test]
fn small_print() {
    let style = Style {
        small: true,
        ..Style::default()
    };
    let lines = [
        Line::Columns("a".into(), "b".into(), style),
        Line::Text("x".repeat(33).as_str().into(), style),
    ];
    for (profile, expected) in [
        // 42 of them.
        (
            "zjiang-pos-5890",
            format!("<1B>M<01>a{}b\n{}\n", " ".repeat(40), "x".repeat(33)),
        ),
        (
            "generic-58mm",
            format!("a{}b\n{}\nx\n", " ".repeat(30), "x".repeat(32)),
        ),
    ] {
        let bytes = render(&lines, Profile::find(profile).unwrap());
        assert_eq!(shown(&bytes), format!("<1B>@<1C>.{expected}"));
    }
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let text = || "\\PC{0,60}|[a-z ]{0,200}|[\\x00-\\x20ä€]{0,20}";
    let style =
        (0..3_usize, any::<[bool; 4]>()).prop_map(|(align, [bold, wide, high, small])| Style {
            align: [Align::Left, Align::Centre, Align::Right][align],
            bold,
            wide,
            high,
            small,
        });
    let line = (0..8, text(), text(), style).prop_map(|(kind, a, b, style)| match kind {
        0 => Line::Text(Text::new(&a), style),
        1 => Line::Columns(Text::new(&a), Text::new(&b), style),
        2 => Line::Rule,
        3 => Line::Feed(2),
        4 => Line::Cut,
        5 => Line::Qr(a),
        6 => Line::Logo(
            Picture::new(a.len() + 1, vec![0; 9 * (a.len() + 1)])
                .unwrap()
                .into(),
        ),
        _ => Line::Verbatim(SlipLine {
            text: Text::new(&a),
            centred: style.bold,
            wide: style.wide,
            high: style.high,
        }),
    });
    prop::collection::vec(line, 0..8)
}

/// The built-in profiles that differ in what they know.
const DIFFERENT: [&str; 4] = [
    "generic-58mm",
    "epson-tm-t20iii",
    "star-tsp600",
    "epson-tm-u220",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    /// Whatever the data: only our own commands steer, no line is wider than the paper, and nothing
    /// is a real-time command.
    #[test]
    fn only_known_commands_and_printable_bytes(lines in lines(), profile in 0..4_usize) {
        static FONTS: LazyLock<Fonts> = LazyLock::new(fonts);
        let profile = Profile::find(DIFFERENT[profile]).unwrap();
        let bytes = render_with(&lines, profile, &FONTS);
        let real_time = |two: &[u8]| matches!(two, [0x10, 4 | 5 | 0x14]);
        prop_assert!(!bytes.windows(2).any(real_time));
        let mut rest = bytes.as_slice();
        let (mut width, mut size, mut columns) = (0, 1, profile.columns);
        while let Some((first, after)) = rest.split_first() {
            rest = match rest {
                [0x1b, b'@', after @ ..]
                | [0x1c, b'.', after @ ..]
                | [0x1b, b'd' | b'a' | b'E' | b't', _, after @ ..]
                | [0x1d, b'V', 0x42, 0, after @ ..] => after,
                [0x1d, b'v', ..] => {
                    prop_assert_eq!(width, 0, "a picture begins a line");
                    let (across, _, length) = picture(rest).unwrap();
                    prop_assert!(across <= usize::from(profile.dots).next_multiple_of(8));
                    &rest[length..]
                }
                [0x1d, b'(', b'k', low, high, after @ ..] => {
                    &after[usize::from(u16::from_le_bytes([*low, *high]))..]
                }
                // To the right, by whole columns of this profile's twelve dots.
                [0x1b, b'$', low, high, after @ ..] => {
                    let dots = usize::from(u16::from_le_bytes([*low, *high]));
                    prop_assert_eq!(profile.column_dots, Some(12));
                    prop_assert!(dots % 12 == 0 && width <= dots / 12);
                    width = dots / 12;
                    after
                }
                [0x1b, b'M', font, after @ ..] => {
                    prop_assert_eq!(width, 0, "a line has one font");
                    columns = if *font == 1 { profile.columns_b.unwrap() } else { profile.columns };
                    after
                }
                [0x1d, b'!', n, after @ ..] => {
                    size = usize::from(n >> 4) + 1;
                    after
                }
                [b'\n', after @ ..] => {
                    width = 0;
                    after
                }
                _ => {
                    prop_assert!(*first >= 0x20 && *first != 0x7f, "{bytes:02x?}");
                    width += size;
                    after
                }
            };
            prop_assert!(width <= columns);
        }
    }
}

/// What stands on paper, line by line, of a receipt on a printer without commands for columns.
fn paper(lines: &[Line]) -> Vec<String> {
    let bytes = render(lines, Profile::find("generic-58mm").unwrap());
    shown(&bytes).lines().map(str::to_owned).collect()
}

#[test]
fn a_receipt_of_ten_thousand_lines_is_cut_off_in_the_middle() {
    let mut lines: Vec<Line> = (0..10_000).map(|n| text(&format!("item {n}"))).collect();
    lines.extend([text("COPY 1"), Line::Cut]);
    let paper = paper(&lines);
    assert!(
        (LINES..LINES + 2 * LAST_LINES).contains(&paper.len()),
        "{}",
        paper.len()
    );
    assert_eq!(paper.first().unwrap(), "<1B>@<1C>.item 0");
    let mark = paper.iter().position(|line| line == CUT_OFF).unwrap();
    assert_eq!(paper.get(mark - 1).unwrap(), "item 600");
    assert_eq!(paper.get(mark + 1).unwrap(), "item 9972");
    assert!(paper.iter().any(|line| line == "COPY 1"));
}

#[test]
fn a_line_of_many_characters_is_cut_off_at_its_end() {
    // Text itself ends after 500 characters; wide ones fill sixteen to the line.
    let style = Style {
        wide: true,
        ..Style::default()
    };
    let long = "x".repeat(100_000);
    let paper = paper(&[
        Line::Text(long.as_str().into(), style),
        Line::Columns(long.as_str().into(), long.as_str().into(), style),
        text("the end"),
    ]);
    assert_eq!(paper.len(), 3 * (LINES_OF_ONE + 1) + 1);
    assert_eq!(paper.iter().filter(|line| *line == CUT_OFF).count(), 2);
    assert_eq!(
        paper
            .iter()
            .filter(|line| line.trim_start() == CUT_OFF)
            .count(),
        3
    );
    assert!(paper.last().unwrap().ends_with("the end"));
}
