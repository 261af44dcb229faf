//! Templates of receipts: what comes of them, and what is wrong with them.

use payment::{
    Text,
    receipt::{Align, Line, Reader, Style},
};
use proptest::prelude::*;

use super::*;

/// The sample with everything on it, for a merchant of this name.
fn receipt(merchant: &str) -> Receipt {
    let mut receipt = samples::all().into_iter().next().unwrap();
    receipt.letterhead.merchant = vec![Text::new(merchant)];
    receipt
}

fn written(template: &str) -> Vec<Block> {
    let layout = Layout::check(template, Language::English).unwrap();
    layout.blocks(&receipt("Praxis")).unwrap()
}

fn text(text: &str, style: Style) -> Block {
    Block::Line(Line::Text(text.into(), style))
}

fn pair(left: &str, right: &str) -> Block {
    Block::Line(Line::Columns(left.into(), right.into(), Style::PLAIN))
}

#[test]
fn tags_say_how_a_line_looks() {
    let all = Style {
        align: Align::Right,
        bold: true,
        wide: true,
        high: true,
        small: true,
    };
    for (template, expected) in [
        ("plain", vec![text("plain", Style::PLAIN)]),
        ("  indented  ", vec![text("  indented  ", Style::PLAIN)]),
        ("[centre]a", vec![text("a", Style::CENTRED)]),
        (
            "[right][bold][wide][high][small]{{ device }}",
            vec![text("desk1", all)],
        ),
        ("Paid | {{ amount }}", vec![pair("Paid", "EUR 67.60")]),
        ("| right", vec![pair("", "right")]),
        (
            r"\[bold] a \| b \\",
            vec![text(r"[bold] a | b \", Style::PLAIN)],
        ),
        ("a [bold]", vec![text("a [bold]", Style::PLAIN)]),
        (
            "a\r\n\nb\n",
            vec![
                text("a", Style::PLAIN),
                Block::Line(Line::Feed(1)),
                text("b", Style::PLAIN),
            ],
        ),
        ("[feed 3]", vec![Block::Line(Line::Feed(3))]),
        (
            "[rule]\n[logo]\n[terminal]\n[signature]",
            vec![
                Block::Line(Line::Rule),
                Block::Logo,
                Block::Terminal,
                Block::Signature,
            ],
        ),
        (
            "[qr]{{ receipt }}",
            vec![Block::Line(Line::Qr("desk1-000002".to_owned()))],
        ),
        // A line with only braces around nothing is none.
        (
            "{% if reader == \"merchant\" %}\nx\n{% endif %}\n{# y #}",
            vec![],
        ),
        ("  {% if qr %}a{% endif %}", vec![text("a", Style::PLAIN)]),
        ("[bold]{{ none }}", vec![]),
        (
            "{% for item in items %}\n{{ item.text }} | {{ item.amount }}\n{% endfor %}",
            vec![pair("Filling", "80.10"), pair("Filling", "-12.50")],
        ),
        (
            "{{ items | length }} of {{ items_total }}",
            vec![text("2 of 67.60", Style::PLAIN)],
        ),
        ("", vec![]),
    ] {
        assert_eq!(written(template), expected, "{template}");
    }
}

#[test]
fn what_cannot_be_used_is_told_with_its_line() {
    for (template, line, expected) in [
        (
            "a\n{{ recipt }}",
            2,
            "“recipt” is not known here; the names are merchant, footer",
        ),
        ("{{ receipt.number }}", 1, "“receipt.number” is not known"),
        (
            "\n{% if 0 %}{{ nobody }}{% endif %}",
            2,
            "“nobody” is not known",
        ),
        ("a\n\n{{ receipt", 3, "is not a template: "),
        ("{{ receipt | money }}", 1, "is not a template: "),
        ("{% include 'x' %}", 1, "is not a template: "),
        (
            "a\n[blod]b",
            2,
            "“[blod]” is not a tag; the tags are [centre]",
        ),
        ("[feed 21]", 1, "“[feed 21]” is not a tag"),
        ("[feed]", 1, "“[feed]” is not a tag"),
        ("a\n[bold", 2, "a “[” at the beginning"),
        ("a\n[rule]x", 2, "“[rule]” stands alone"),
        ("[terminal] a | b", 1, "“[terminal]” stands alone"),
        ("a\nb | c | d", 2, "a line has two columns at most"),
        (
            "{{ items }}",
            1,
            "cannot be filled in: a sequence cannot be printed",
        ),
        (
            "a\n{% for item in items %}{{ item.price }}{% endfor %}",
            2,
            "cannot be filled in: ",
        ),
        (
            "{{ 1.5 }}",
            1,
            "cannot be filled in: a number cannot be printed",
        ),
        (
            "{{ logo }}",
            1,
            "cannot be filled in: a bool cannot be printed",
        ),
        (
            "{% set x %}{{ device }}{% endset %}{{ x }}",
            1,
            "cannot be filled in: what was filled in",
        ),
        (
            "{% for i in range(100000) %}{% endfor %}1",
            1,
            "“range” is not known",
        ),
        // A tag that only some receipts have.
        (
            "{% if purpose == \"refund\" %}[boldly]x{% endif %}",
            1,
            "“[boldly]” is not a tag",
        ),
    ] {
        let error = Layout::check(template, Language::English).unwrap_err();
        let said = error.to_string();
        assert!(said.starts_with(expected), "{template}: {said}");
        assert_eq!(error.line(), line, "{template}: {said}");
    }
}

#[test]
fn a_template_that_runs_wild_is_stopped() {
    let long = "x".repeat(BYTES + 1);
    assert_eq!(
        Layout::check(&long, Language::English),
        Err(LayoutError::TooLong)
    );
    let grows =
        "{% for item in items %}".repeat(3) + &"x".repeat(BYTES / 2) + &"{% endfor %}".repeat(3);
    assert_eq!(
        Layout::check(&grows, Language::English),
        Err(LayoutError::TooLong)
    );
    let runs = "{% for item in items %}".repeat(17) + &"{% endfor %}".repeat(17);
    let error = Layout::check(&runs, Language::English)
        .unwrap_err()
        .to_string();
    assert!(error.contains("fuel"), "{error}");
}

#[test]
fn the_built_in_templates_leave_nothing_to_be_added() {
    for language in [Language::English, Language::German] {
        let layout = Layout::built_in(language);
        assert_eq!(Layout::check(&layout.text, language), Ok(layout.clone()));
        for receipt in samples::all() {
            let blocks = layout.blocks(&receipt).unwrap();
            let says = |words: &str| format!("{blocks:?}").contains(words);
            assert!(says("desk1-000002") && says(&language.money(receipt.money)));
            assert!(blocks.contains(&Block::Terminal) && blocks.contains(&Block::Signature));
            assert_eq!(
                says("Merchant copy") || says("Händlerbeleg"),
                receipt.reader == Reader::Merchant
            );
        }
    }
}

proptest! {
    /// Whatever anybody is called, it prints as itself, and steers nothing.
    #[test]
    fn no_data_becomes_a_tag(name in "\\PC{0,30}|[\\[\\]|\\\\a-z{}%#\n\r\x1b\x10\x04\u{fdd0}-\u{fdd2}]{0,20}|\\[bold\\]x|a \\| b") {
        let layout = Layout::check("[centre]{% for line in merchant %}{{ line }}{% endfor %}x\nb", Language::English).unwrap();
        let mut receipt = receipt("");
        receipt.letterhead.merchant = vec![Text::new(&name)];
        let blocks = match layout.blocks(&receipt) {
            Ok(blocks) => blocks,
            // Marks in a value are refused.
            Err(error) => {
                prop_assert!(name.contains([BEGIN, END]), "{}", error);
                return Ok(());
            }
        };
        let expected = Text::new(&format!("{}x", Text::new(&name)).replace(TAGS_ONLY, ""));
        prop_assert_eq!(blocks, vec![
            Block::Line(Line::Text(expected, Style::CENTRED)),
            text("b", Style::PLAIN),
        ]);
    }

    /// Any text as a template: told what is wrong, or usable for every receipt.
    #[test]
    fn any_text_is_survived(template in "(\\{\\{|\\}\\}|\\{%|%\\}|\\[|\\]|bold|rule|\\||\\\\|[a-z_. \"0-9\n]){0,30}") {
        if let Ok(layout) = Layout::check(&template, Language::German) {
            for receipt in samples::all() {
                prop_assert!(layout.blocks(&receipt).is_ok());
            }
        }
    }
}
