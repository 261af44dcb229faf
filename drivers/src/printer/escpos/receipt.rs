//! Receipts as lines, and their bytes.

use std::borrow::Cow;

use payment::Text;

use super::{
    CodePage, Cut, Profile,
    commands::COMMANDS,
    text::{self, encode, plain},
    wrap::{pieces, words},
};
use crate::terminal::SlipLine;

/// A line of a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Text, broken between words where the paper is too narrow.
    Text(Text, Style),
    /// Text at the left and at the right edge, such as a service and its price. Where both do not
    /// fit, the right one gets a line of its own.
    Columns(Text, Text, Style),
    /// A line across the paper.
    Rule,
    /// This many empty lines.
    Feed(u8),
    /// A line of a terminal's receipt, as it is; broken only where the paper ends.
    Verbatim(SlipLine),
    /// The end of a sheet: cut, or fed so far that it can be torn.
    Cut,
}

/// How text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Where it stands.
    pub align: Align,
    /// Emphasised.
    pub bold: bool,
    /// Twice as wide.
    pub wide: bool,
    /// Twice as high.
    pub high: bool,
}

/// Where text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    /// At the left edge.
    #[default]
    Left,
    /// In the middle.
    Centre,
    /// At the right edge.
    Right,
}

/// Lines fed where there is no cutter, so that the last one passes the tear bar.
const TEAR_LINES: u8 = 4;
/// Most lines of a receipt: more than two metres of paper. Of a longer one, the beginning and the
/// end are printed.
const LINES: usize = 600;
/// Lines of the end that are printed of every receipt: there it says what was paid, and COPY.
const LAST_LINES: usize = 30;
/// Most lines on paper that one line of a receipt may take.
const LINES_OF_ONE: usize = 20;
/// Stands where something was cut off.
const CUT_OFF: &str = "[...]";
/// The usual length of a receipt, in bytes.
const USUAL_BYTES: usize = 1500;

/// The bytes of a receipt, from the printer's reset to its last line. The same lines always give
/// the same bytes, and no lines give more than so many.
pub fn render(lines: &[Line], profile: &Profile) -> Vec<u8> {
    let mut sheet = Sheet::new(profile);
    let (first, last) = match lines.len().checked_sub(LAST_LINES) {
        Some(split) => lines.split_at_checked(split).unwrap_or((lines, &[])),
        None => (&[][..], lines),
    };
    for line in first {
        if sheet.printed > LINES {
            sheet.text(CUT_OFF, Style::default());
            break;
        }
        sheet.line(line);
    }
    for line in last {
        sheet.line(line);
    }
    sheet.out
}

/// A receipt in the making, with what the printer is set to.
struct Sheet<'a> {
    profile: &'a Profile,
    style: Style,
    page: Option<CodePage>,
    /// Lines on paper.
    printed: usize,
    out: Vec<u8>,
}

impl<'a> Sheet<'a> {
    fn new(profile: &'a Profile) -> Self {
        let mut out = Vec::with_capacity(USUAL_BYTES);
        out.extend_from_slice(&COMMANDS.reset);
        // FS . leaves the Kanji mode, in which many Chinese printers begin.
        out.extend_from_slice(b"\x1c.");
        Self {
            profile,
            style: Style::default(),
            page: None,
            printed: 0,
            out,
        }
    }

    fn line(&mut self, line: &Line) {
        match line {
            Line::Text(text, style) => self.words(&self.printable(text), *style),
            Line::Columns(left, right, style) => self.columns_line(left, right, *style),
            Line::Rule => self.text(&"-".repeat(self.profile.columns), Style::default()),
            Line::Feed(lines) => self.feed(*lines),
            Line::Verbatim(line) => self.verbatim(line),
            Line::Cut => self.cut(),
        }
    }

    fn columns_line(&mut self, left: &Text, right: &Text, style: Style) {
        let columns = self.columns(style);
        let left = self.printable(left);
        let right = self.printable(right);
        let style = Style {
            align: Align::Left,
            ..style
        };
        let (used, width) = (left.chars().count(), right.chars().count());
        if used + width < columns {
            self.set(style);
            self.encode(&left);
            self.right(&right, used, width);
            return;
        }
        self.words(&left, style);
        for part in some(&words(&right, columns)) {
            self.set(style);
            self.right(part, 0, part.chars().count());
        }
    }

    /// Goes on to the right edge, prints what stands there, and ends the line.
    fn right(&mut self, text: &str, used: usize, width: usize) {
        let start = self.columns(self.style).saturating_sub(width);
        let gap = start.saturating_sub(used);
        match self.dots_before(start) {
            // ESC $ is four bytes long, and moves the print position to a dot.
            Some([low, high]) if gap > 4 => self.out.extend([0x1b, b'$', low, high]),
            _ => self.out.resize(self.out.len() + gap, b' '),
        }
        self.encode(text);
        self.end_line();
    }

    /// Where a column begins, in dots, low byte first.
    fn dots_before(&self, column: usize) -> Option<[u8; 2]> {
        let each = usize::from(self.profile.column_dots?) * if self.style.wide { 2 } else { 1 };
        Some(u16::try_from(column * each).ok()?.to_le_bytes())
    }

    fn verbatim(&mut self, line: &SlipLine) {
        let style = Style {
            align: if line.centred {
                Align::Centre
            } else {
                Align::Left
            },
            bold: false,
            wide: line.wide,
            high: line.high,
        };
        let text = self.printable(&line.text);
        self.lines(&pieces(&text, self.columns(style)), style);
    }

    fn feed(&mut self, lines: u8) {
        self.printed += usize::from(lines);
        match lines {
            // ESC d has three bytes.
            0..=3 => self.out.resize(self.out.len() + usize::from(lines), b'\n'),
            _ => self.out.extend([0x1b, b'd', lines]),
        }
    }

    fn cut(&mut self) {
        match self.profile.cut {
            // Both feed to the cutter first (GS V, functions 65 and 66).
            Cut::Full => self.out.extend_from_slice(&COMMANDS.cut),
            Cut::Partial => self.out.extend_from_slice(b"\x1dV\x42\x00"),
            Cut::None => self.feed(TEAR_LINES),
        }
    }

    /// Text as this printer can print it.
    fn printable<'t>(&self, text: &'t Text) -> Cow<'t, str> {
        let plain = plain(text.as_str());
        if text::prints(&plain, self.profile) {
            return plain;
        }
        let written = text::written_out(&plain, self.profile);
        Cow::Owned(text::replaced(&written, self.profile))
    }

    /// Characters on a line of this style.
    fn columns(&self, style: Style) -> usize {
        (self.profile.columns / if style.wide { 2 } else { 1 }).max(1)
    }

    fn words(&mut self, text: &str, style: Style) {
        self.lines(&words(text, self.columns(style)), style);
    }

    fn lines(&mut self, lines: &[&str], style: Style) {
        for line in some(lines) {
            self.text(line, style);
        }
    }

    fn text(&mut self, text: &str, style: Style) {
        self.set(style);
        self.encode(text.trim_end());
        self.end_line();
    }

    fn end_line(&mut self) {
        self.out.push(b'\n');
        self.printed += 1;
    }

    fn encode(&mut self, text: &str) {
        encode(text, self.profile, &mut self.page, &mut self.out);
    }

    /// Sends what differs from the style before.
    fn set(&mut self, style: Style) {
        if style != self.style {
            COMMANDS.restyle(self.style, style, &mut self.out);
            self.style = style;
        }
    }
}

/// As many lines as one line of a receipt may take, and the mark if there are more.
fn some<'t>(lines: &[&'t str]) -> impl Iterator<Item = &'t str> {
    let mark = (lines.len() > LINES_OF_ONE).then_some(CUT_OFF);
    lines.iter().copied().take(LINES_OF_ONE).chain(mark)
}

#[cfg(test)]
mod tests;
