//! Receipts in many scripts, with the fonts of the tests.

use super::*;
use crate::printer::escpos::Profiles;

fn of_many_scripts() -> Vec<Line> {
    let title = Style {
        bold: true,
        high: true,
        align: Align::Centre,
        ..Style::default()
    };
    vec![
        Line::Text("Zahnärzte · שלום".into(), title),
        text("Größe und Straße"),
        text("Ωμέγα καλημέρα"),
        text("Привет, мир"),
        text("İstanbul’da iyi günler, ışık"),
        text("Zażółć gęślą jaźń"),
        text("Žluťoučký kůň"),
        Line::Rule,
        pair("Untersuchung", "12,94 €"),
        pair("בדיקה", "1.234,50 €"),
        pair("فحص الأسنان", "90,55 €"),
        pair("口腔检查", "16,82 €"),
        pair("ตรวจฟัน", "3,88 ₪"),
        pair("Danke 😀", "ABC"),
        pair("Name", "李明华"),
        slip("ZAHLUNG שלום"),
        Line::Rule,
        Line::Qr("https://beleg.example/a1-000042".to_owned()),
        Line::Feed(1),
        text("漢 ᚠ: without a glyph"),
        Line::Cut,
    ]
}

#[test]
fn a_receipt_of_many_scripts() {
    for name in ["epson-tm-t20iii", "star-tsp600", "generic-58mm"] {
        let bytes = render_with(&of_many_scripts(), Profile::find(name).unwrap(), &fonts());
        insta::assert_snapshot!(format!("many_scripts_{name}"), listed(&bytes));
    }
}

#[test]
fn amounts_are_the_printers_own_characters_on_every_profile() {
    for profile in Profiles::built_in().names().filter_map(Profile::find) {
        let bytes = render_with(&of_many_scripts(), profile, &fonts());
        let listed = listed(&bytes);
        for amount in ["12,94 ", "1.234,50 ", "90,55 ", "16,82 ", "3,88 "] {
            assert!(
                listed.contains(amount),
                "{}: {amount} in\n{listed}",
                profile.name
            );
        }
        let drawn = listed.matches("[picture").count();
        // The title, six lines of columns, one of the slip, the last; other lines where a page lacks.
        let takes = profile.images != Images::None;
        assert!(takes == (drawn >= 9), "{}: {drawn} pictures", profile.name);
    }
}

#[test]
fn an_amount_is_text_even_with_a_currency_that_is_not() {
    let lines = [pair("فحص", "77,01 د.إ"), pair("فحص", "رقم الفاتورة 15")];
    let bytes = render_with(&lines, Profile::find("generic-58mm").unwrap(), &fonts());
    let listed = listed(&bytes);
    assert!(
        listed.contains("                       77,01 ?.?\n"),
        "{listed}"
    );
    assert_eq!(listed.matches("[picture").count(), 3, "{listed}");
}

#[test]
fn without_fonts_there_are_marks_and_no_pictures() {
    let profile = Profile::find("epson-tm-t20iii").unwrap();
    let listed = listed(&render(&of_many_scripts(), profile));
    assert!(!listed.contains("[picture"));
    assert!(listed.contains("????<1B>$"), "{listed}");
    assert!(listed.contains("? ?: without a glyph"), "{listed}");
}

/// As [`shown`], with pictures and codes in words.
fn listed(mut bytes: &[u8]) -> String {
    let mut out = String::new();
    while !bytes.is_empty() {
        let (what, length) = match picture(bytes) {
            Some((width, rows, length)) => {
                // Any other dots give another sum (FNV-1a).
                let sum = bytes[..length].iter().fold(0x811c_9dc5_u32, |sum, byte| {
                    (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
                });
                (
                    format!("[picture of {width} by {rows} dots, {sum:08x}]\n"),
                    length,
                )
            }
            None => (shown(&bytes[..1]), 1),
        };
        out.push_str(&what);
        bytes = &bytes[length..];
    }
    out
}
