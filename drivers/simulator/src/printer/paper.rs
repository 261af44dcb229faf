//! The paper: what was printed, as text.

use super::code_page::CodePage;

/// Dots across a character of font A, and of font B.
const FONT_DOTS: [usize; 2] = [12, 9];
/// A tab stop every so many columns, as after `ESC @`.
const TAB_STOP: usize = 8;
/// Pages kept; the oldest are thrown away.
const PAGES: usize = 200;
/// Lines on a page at most: a page without a cut is cut here.
const LINES: usize = 2000;

/// Paper with the print head's settings.
#[derive(Debug)]
pub(super) struct Paper {
    /// Width of a line in dots.
    dots: usize,
    pages: Vec<String>,
    page: Vec<String>,
    line: Vec<char>,
    settings: Settings,
    qr: String,
    lines: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Settings {
    page: CodePage,
    align: Align,
    narrow: bool,
    /// How many columns a character takes.
    wide: u8,
}

#[derive(Debug, Clone, Copy, Default)]
enum Align {
    #[default]
    Left,
    Centre,
    Right,
}

impl Paper {
    /// `columns` of font A.
    pub(super) fn new(columns: usize) -> Self {
        Self {
            dots: columns.max(1) * FONT_DOTS[0],
            pages: Vec::new(),
            page: Vec::new(),
            line: Vec::new(),
            settings: Settings::default(),
            qr: String::new(),
            lines: 0,
        }
    }

    /// The pages that were cut off, oldest first.
    pub(super) fn pages(&self) -> &[String] {
        &self.pages
    }

    /// What hangs out of the printer uncut.
    pub(super) fn uncut(&self) -> String {
        join(&self.page)
    }

    /// Lines printed so far.
    pub(super) fn lines(&self) -> u32 {
        self.lines
    }

    /// `ESC @`: settings and the line in the print buffer go, the paper stays.
    pub(super) fn reset(&mut self) {
        self.settings = Settings::default();
        self.line.clear();
        self.qr.clear();
    }

    pub(super) fn set_code_page(&mut self, n: u8) {
        self.settings.page = CodePage::numbered(n);
    }

    pub(super) fn set_align(&mut self, n: u8) {
        self.settings.align = match n {
            1 | b'1' => Align::Centre,
            2 | b'2' => Align::Right,
            _ => Align::Left,
        };
    }

    pub(super) fn set_font(&mut self, n: u8) {
        self.settings.narrow = n & 1 == 1;
    }

    pub(super) fn set_mode(&mut self, n: u8) {
        self.set_font(n);
        self.settings.wide = u8::from(n & 0x20 != 0);
    }

    pub(super) fn set_size(&mut self, n: u8) {
        self.settings.wide = (n >> 4).min(7);
    }

    pub(super) fn character(&mut self, byte: u8) {
        let cells = 1 + usize::from(self.settings.wide);
        if self.line.len() + cells > self.columns() && !self.line.is_empty() {
            self.line_feed();
        }
        self.line.push(self.settings.page.decode(byte));
        self.line.resize(self.line.len() + cells - 1, ' ');
    }

    pub(super) fn tab(&mut self) {
        let stop = (self.line.len() / TAB_STOP + 1) * TAB_STOP;
        self.line.resize(stop.min(self.columns()), ' ');
    }

    /// `ESC $`. Moving left prints over what is there.
    pub(super) fn position(&mut self, dots: u16) {
        let column = usize::from(dots) / self.font_dots();
        self.line.resize(column.min(self.columns()), ' ');
    }

    pub(super) fn line_feed(&mut self) {
        let line: String = std::mem::take(&mut self.line).into_iter().collect();
        let line = line.trim_end();
        let room = self.columns().saturating_sub(line.chars().count());
        let indent = match self.settings.align {
            Align::Left => 0,
            Align::Centre => room / 2,
            Align::Right => room,
        };
        let indent = if line.is_empty() { 0 } else { indent };
        self.push(format!("{:indent$}{line}", ""));
    }

    /// Something that is no text, on a line of its own.
    pub(super) fn block(&mut self, what: &str) {
        if !self.line.is_empty() {
            self.line_feed();
        }
        self.push(what.to_owned());
    }

    pub(super) fn store_qr(&mut self, data: &[u8]) {
        self.qr = printable(data);
    }

    pub(super) fn print_qr(&mut self) {
        let shown = format!("[QR: {}]", self.qr);
        self.block(&shown);
    }

    pub(super) fn barcode(&mut self, data: &[u8]) {
        self.block(&format!("[BARCODE: {}]", printable(data)));
    }

    pub(super) fn cut(&mut self) {
        if !self.line.is_empty() {
            self.line_feed();
        }
        if self.pages.len() >= PAGES {
            self.pages.remove(0);
        }
        let page = std::mem::take(&mut self.page);
        self.pages.push(join(&page));
    }

    fn push(&mut self, line: String) {
        self.page.push(line);
        self.lines = self.lines.saturating_add(1);
        if self.page.len() >= LINES {
            self.cut();
        }
    }

    fn font_dots(&self) -> usize {
        FONT_DOTS[usize::from(self.settings.narrow)]
    }

    fn columns(&self) -> usize {
        self.dots / self.font_dots()
    }
}

fn join(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

fn printable(data: &[u8]) -> String {
    let text = String::from_utf8_lossy(data);
    text.chars().filter(|c| !c.is_control()).collect()
}
