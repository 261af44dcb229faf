//! Receipts as lines, and their bytes.
//!
//! Commands come from the `escpos` crate, which writes into memory here. Text does not: that crate
//! sends what a code page lacks as UTF-8, and some ASCII characters as others. Neither do its line
//! feed (three bytes instead of one) and its partial cut (which is a full one).

use std::{cell::RefCell, rc::Rc};

use escpos::{
    driver::Driver,
    errors::Result as Emitted,
    printer::Printer,
    utils::{JustifyMode, Protocol},
};
use payment::Text;

use super::{CodePage, Cut, Profile, page};
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

/// The bytes of a receipt, from the printer's reset to its last line. The same lines always give
/// the same bytes.
pub fn render(lines: &[Line], profile: &Profile) -> Vec<u8> {
    let mut sheet = Sheet::new(profile);
    for line in lines {
        sheet.line(line);
    }
    sheet.finish()
}

/// A receipt in the making, with what the printer is set to.
struct Sheet<'a> {
    profile: &'a Profile,
    printer: Printer<Tape>,
    tape: Tape,
    style: Style,
    page: Option<CodePage>,
}

impl<'a> Sheet<'a> {
    fn new(profile: &'a Profile) -> Self {
        let tape = Tape::default();
        let mut sheet = Self {
            profile,
            printer: Printer::new(tape.clone(), Protocol::default(), None),
            tape,
            style: Style::default(),
            page: None,
        };
        sheet.command(Printer::init);
        // FS . leaves the Kanji mode, in which many Chinese printers begin.
        sheet.raw(b"\x1c.");
        sheet
    }

    fn line(&mut self, line: &Line) {
        match line {
            Line::Text(text, style) => {
                for part in words(&page::plain(text.as_str()), self.columns(*style)) {
                    self.text(&part, *style);
                }
            }
            Line::Columns(left, right, style) => self.columns_line(left, right, *style),
            Line::Rule => self.text(&"-".repeat(self.profile.columns), Style::default()),
            Line::Feed(lines) => self.command(|printer| printer.feeds(*lines)),
            Line::Verbatim(line) => self.verbatim(line),
            Line::Cut => self.cut(),
        }
    }

    fn columns_line(&mut self, left: &Text, right: &Text, style: Style) {
        let columns = self.columns(style);
        let left = page::plain(left.as_str());
        let right = page::plain(right.as_str());
        let used = left.chars().count() + right.chars().count();
        let style = Style {
            align: Align::Left,
            ..style
        };
        if used < columns {
            let gap = " ".repeat(columns - used);
            return self.text(&format!("{left}{gap}{right}"), style);
        }
        for part in words(&left, columns) {
            self.text(&part, style);
        }
        for part in words(&right, columns) {
            self.text(&format!("{part:>columns$}"), style);
        }
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
        for part in pieces(&page::plain(line.text.as_str()), self.columns(style)) {
            self.text(&part, style);
        }
    }

    fn cut(&mut self) {
        match self.profile.cut {
            Cut::Full => self.command(Printer::cut),
            // GS V 66 0: feed to the cutter, cut partially.
            Cut::Partial => self.raw(b"\x1dV\x42\x00"),
            Cut::None => self.command(|printer| printer.feeds(TEAR_LINES)),
        }
    }

    /// Characters on a line of this style.
    fn columns(&self, style: Style) -> usize {
        (self.profile.columns / if style.wide { 2 } else { 1 }).max(1)
    }

    fn text(&mut self, text: &str, style: Style) {
        self.set(style);
        let mut bytes = page::encode(text.trim_end(), self.profile, &mut self.page);
        bytes.push(b'\n');
        self.raw(&bytes);
    }

    /// Sends what differs from the style before.
    fn set(&mut self, style: Style) {
        let before = std::mem::replace(&mut self.style, style);
        if style.align != before.align {
            self.command(|printer| {
                printer.justify(match style.align {
                    Align::Left => JustifyMode::LEFT,
                    Align::Centre => JustifyMode::CENTER,
                    Align::Right => JustifyMode::RIGHT,
                })
            });
        }
        if style.bold != before.bold {
            self.command(|printer| printer.bold(style.bold));
        }
        if (style.wide, style.high) != (before.wide, before.high) {
            let (width, height) = (1 + u8::from(style.wide), 1 + u8::from(style.high));
            self.command(|printer| printer.size(width, height));
        }
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.command(|printer| printer.custom(bytes));
    }

    fn command(&mut self, emit: impl FnOnce(&mut Printer<Tape>) -> Emitted<&mut Printer<Tape>>) {
        // The crate refuses sizes outside 1 to 8 only, and none such is asked for.
        if let Err(error) = emit(&mut self.printer) {
            tracing::error!(%error, "a printer command was left out");
        }
    }

    fn finish(mut self) -> Vec<u8> {
        self.command(Printer::print);
        self.tape.0.take()
    }
}

/// Where the `escpos` crate writes to: memory.
#[derive(Debug, Clone, Default)]
struct Tape(Rc<RefCell<Vec<u8>>>);

impl Driver for Tape {
    fn name(&self) -> String {
        "tape".to_owned()
    }

    fn write(&self, data: &[u8]) -> Emitted<()> {
        self.0.try_borrow_mut()?.extend_from_slice(data);
        Ok(())
    }

    fn read(&self, _: &mut [u8]) -> Emitted<usize> {
        Ok(0)
    }

    fn flush(&self) -> Emitted<()> {
        Ok(())
    }
}

/// Breaks text between words, and inside those that are longer than a line. At least one line.
fn words(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut length = 0;
    for (index, word) in text.split(' ').enumerate() {
        let width = word.chars().count();
        let begun = index > 0;
        if begun && length + 1 + width > columns {
            lines.push(std::mem::take(&mut line));
            length = 0;
        } else if begun {
            line.push(' ');
            length += 1;
        }
        line.push_str(word);
        length += width;
        while length > columns {
            let rest = line.split_off(line.char_indices().nth(columns).map_or(0, |(at, _)| at));
            lines.push(std::mem::replace(&mut line, rest));
            length -= columns;
        }
    }
    lines.push(line);
    lines
}

/// Breaks text where the line ends. At least one line.
fn pieces(text: &str, columns: usize) -> Vec<String> {
    let characters: Vec<char> = text.trim_end().chars().collect();
    if characters.is_empty() {
        return vec![String::new()];
    }
    characters
        .chunks(columns.max(1))
        .map(|chunk| chunk.iter().collect())
        .collect()
}

#[cfg(test)]
mod tests;
