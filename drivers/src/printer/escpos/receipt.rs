//! Receipts as lines, and their bytes.

use std::borrow::Cow;

use payment::{
    Text,
    receipt::{Align, Line, SlipLine, Style},
};

use super::{
    CodePage, Cut, Fonts, Images, Profile,
    commands::COMMANDS,
    logo, qr,
    shape::{self, Look},
    text::{self, encode, plain},
    wrap::{pieces, words},
};

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
/// Longest word beside an amount.
const CURRENCY_LETTERS: usize = 5;
/// The usual length of a receipt, in bytes.
const USUAL_BYTES: usize = 1500;

/// The bytes of a receipt, as [`render_with`] gives them without fonts.
pub fn render(lines: &[Line], profile: &Profile) -> Vec<u8> {
    render_with(lines, profile, &Fonts::none())
}

/// The bytes of a receipt, from the printer's reset to its last line. The same lines and fonts
/// always give the same bytes, and no lines give more than so many.
///
/// What the printer has no character for is drawn with the fonts. What they do not have either
/// becomes a mark. Amounts are always the printer's own characters.
pub fn render_with(lines: &[Line], profile: &Profile, fonts: &Fonts) -> Vec<u8> {
    let mut sheet = Sheet::new(profile, fonts);
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

/// Whether there is something on a receipt that the printer has no character for, so that fonts
/// would make a difference.
pub fn needs_fonts(lines: &[Line], profile: &Profile) -> bool {
    let missing = |text: &Text| {
        let plain = plain(text.as_str());
        !text::prints(&plain, profile)
    };
    profile.images != Images::None
        && lines.iter().any(|line| match line {
            Line::Text(text, _) => missing(text),
            Line::Columns(left, right, _) => missing(left) || missing(right),
            Line::Verbatim(line) => missing(&line.text),
            Line::Rule | Line::Feed(_) | Line::Qr(_) | Line::Logo(_) | Line::Cut => false,
        })
}

/// A receipt in the making, with what the printer is set to.
struct Sheet<'a> {
    profile: &'a Profile,
    fonts: &'a Fonts,
    style: Style,
    page: Option<CodePage>,
    /// Lines on paper.
    printed: usize,
    out: Vec<u8>,
}

impl<'a> Sheet<'a> {
    fn new(profile: &'a Profile, fonts: &'a Fonts) -> Self {
        let mut out = Vec::with_capacity(USUAL_BYTES);
        out.extend_from_slice(&COMMANDS.reset);
        // FS . leaves the Kanji mode, in which many Chinese printers begin.
        out.extend_from_slice(b"\x1c.");
        Self {
            profile,
            fonts,
            style: Style::default(),
            page: None,
            printed: 0,
            out,
        }
    }

    fn line(&mut self, line: &Line) {
        match line {
            Line::Text(text, style) => match self.printable(text) {
                Printable::Device(text) => self.words(&text, *style),
                Printable::Drawn(text) => self.drawn(&text, *style),
            },
            Line::Columns(left, right, style) => self.columns_line(left, right, *style),
            Line::Rule => self.rule(),
            Line::Feed(lines) => self.feed(*lines),
            Line::Verbatim(line) => self.verbatim(line),
            Line::Qr(data) => self.qr(data),
            Line::Logo(logo) => self.picture(Align::Centre, |profile, out| {
                logo::print(logo, profile, out);
            }),
            Line::Cut => self.cut(),
        }
    }

    fn rule(&mut self) {
        self.set(Style::default());
        let end = self.out.len() + self.profile.columns;
        self.out.resize(end, b'-');
        self.end_line();
    }

    fn columns_line(&mut self, left: &Text, right: &Text, style: Style) {
        let columns = self.columns(style);
        let left = self.printable(left);
        let right = match self.printable(right) {
            Printable::Drawn(text) if is_amount(&text) => {
                Printable::Device(text::replaced(&text, self.profile).into())
            }
            right => right,
        };
        let style = Style {
            align: Align::Left,
            ..style
        };
        if let (Printable::Device(left), Printable::Device(right)) = (&left, &right) {
            let (used, width) = (left.chars().count(), right.chars().count());
            if used + width < columns {
                self.set(style);
                self.encode(left);
                return self.right(right, used, width);
            }
        }
        match left {
            Printable::Device(text) => self.words(&text, style),
            Printable::Drawn(text) => self.drawn(&text, style),
        }
        match right {
            Printable::Device(text) => {
                for part in some(&words(&text, columns)) {
                    self.set(style);
                    self.right(part, 0, part.chars().count());
                }
            }
            Printable::Drawn(text) => {
                let align = Align::Right;
                self.drawn(&text, Style { align, ..style });
            }
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

    /// Where a column begins, in dots, low byte first. Of the smaller letters no width is known.
    fn dots_before(&self, column: usize) -> Option<[u8; 2]> {
        if self.style.small {
            return None;
        }
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
            small: false,
        };
        match self.printable(&line.text) {
            Printable::Device(text) => self.lines(&pieces(&text, self.columns(style)), style),
            Printable::Drawn(text) => self.drawn(&text, style),
        }
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
    fn printable<'t>(&self, text: &'t Text) -> Printable<'t> {
        let plain = plain(text.as_str());
        if text::prints(&plain, self.profile) {
            return Printable::Device(plain);
        }
        let written = text::written_out(&plain, self.profile);
        let missing = |c: &char| !c.is_ascii() && !self.profile.prints(*c);
        let mut missing = written.chars().filter(missing);
        if self.profile.images == Images::None || !missing.any(|c| self.fonts.find(c).is_some()) {
            return Printable::Device(text::replaced(&written, self.profile).into());
        }
        Printable::Drawn(text::drawable(&written, |c| self.fonts.find(c).is_some()))
    }

    /// Text as dots.
    fn drawn(&mut self, text: &str, style: Style) {
        let look = Look {
            wide: style.wide,
            high: style.high,
            bold: style.bold,
        };
        let dots = usize::from(self.profile.dots);
        let (lines, more) = shape::draw(text, self.fonts, look, dots, LINES_OF_ONE);
        for line in &lines {
            self.picture(style.align, |profile, out| line.print(profile.images, out));
        }
        if more {
            self.text(CUT_OFF, style);
        }
    }

    fn qr(&mut self, data: &str) {
        let harmless = |c: &char| !c.is_control() || matches!(c, '\r' | '\n');
        let data: String = data.chars().filter(harmless).collect();
        let mut fits = true;
        self.picture(Align::Centre, |profile, out| {
            fits = qr::print(&data, profile, out);
        });
        if !fits {
            self.line(&Line::Text(Text::new(&data), Style::default()));
        }
    }

    /// Something that is no text, on lines of its own.
    fn picture(&mut self, align: Align, print: impl FnOnce(&Profile, &mut Vec<u8>)) {
        self.set(Style {
            align,
            ..self.style
        });
        print(self.profile, &mut self.out);
        self.printed += 1;
    }

    /// Characters on a line of this style.
    fn columns(&self, style: Style) -> usize {
        let all = match self.profile.columns_b {
            Some(columns) if style.small => columns,
            _ => self.profile.columns,
        };
        (all / if style.wide { 2 } else { 1 }).max(1)
    }

    fn words(&mut self, text: &str, style: Style) {
        let columns = self.columns(style);
        // Nearly all lines are short, and broken into nothing.
        if text.len() <= columns {
            self.text(text, style);
        } else {
            self.lines(&words(text, columns), style);
        }
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
        let style = Style {
            small: style.small && self.profile.columns_b.is_some(),
            ..style
        };
        if style != self.style {
            COMMANDS.restyle(self.style, style, &mut self.out);
            self.style = style;
        }
    }
}

/// Text, and how it gets onto paper.
enum Printable<'t> {
    /// By the printer's own characters.
    Device(Cow<'t, str>),
    /// As dots.
    Drawn(String),
}

/// Whether a text is a number with at most a word for its currency, which must be legible even if
/// a picture is not.
fn is_amount(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    text.chars().any(|c| c.is_ascii_digit()) && letters <= CURRENCY_LETTERS
}

/// As many lines as one line of a receipt may take, and the mark if there are more.
fn some<'t>(lines: &[&'t str]) -> impl Iterator<Item = &'t str> {
    let mark = (lines.len() > LINES_OF_ONE).then_some(CUT_OFF);
    lines.iter().copied().take(LINES_OF_ONE).chain(mark)
}

#[cfg(test)]
mod tests;
