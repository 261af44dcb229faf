//! CSV as RFC 4180 has it, and safe to open in a spreadsheet.

use crate::problem::Problem;

/// Whether a query's `format` asks for it.
pub(super) fn wanted(format: Option<&str>) -> Result<bool, Problem> {
    match format {
        None | Some("json") => Ok(false),
        Some("csv") => Ok(true),
        Some(_) => Err(Problem::InvalidQuery("format is json or csv".to_owned())),
    }
}

/// A line of cells.
pub(super) fn line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let cells: Vec<String> = cells.into_iter().map(cell).collect();
    format!("{}\r\n", cells.join(","))
}

/// A cell, always in quotes. What a spreadsheet would take for a formula is made a text by an
/// apostrophe (OWASP, CSV injection).
fn cell(text: &str) -> String {
    let begins = text.trim_start().chars().next();
    let formula = matches!(
        begins,
        Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠')
    ) || text.starts_with(['\t', '\r', '\n']);
    let apostrophe = if formula { "'" } else { "" };
    format!("\"{apostrophe}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_becomes_a_formula_or_another_cell() {
        for (text, expected) in [
            ("Cash", "\"Cash\""),
            ("80.10", "\"80.10\""),
            ("", "\"\""),
            ("a \"b\", c", "\"a \"\"b\"\", c\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1+1", "\"'=1+1\""),
            ("  =1+1", "\"'  =1+1\""),
            ("+49", "\"'+49\""),
            ("-5.00", "\"'-5.00\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("＝1", "\"'＝1\""),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
        assert_eq!(line(["a", "=b"]), "\"a\",\"'=b\"\r\n");
    }
}
