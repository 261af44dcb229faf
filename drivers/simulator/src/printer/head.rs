//! The print head: the settings that commands change, and what they bring to paper.

use qrcode::EcLevel;

use super::{
    CodePages, Options,
    barcode::{Bars, Qr},
    code_page::{CodePage, decode_pair},
    command::Print,
    dots::Dots,
    glyph::{Font, Style},
    graphics::{Graphics, magnified},
    line::{Align, Line},
    paper::{Cut, Ink},
    roll::Roll,
};

/// Dots of a column of font A, which the width of the paper is counted in.
const COLUMN: usize = 12;
/// Columns at most; no paper is wider.
const COLUMNS: usize = 200;
/// From line to line after `ESC @`, in dots.
const SPACING: usize = 30;

/// The head with the paper below it.
#[derive(Debug)]
pub(super) struct Head {
    /// Width of the paper in dots.
    width: usize,
    code_pages: CodePages,
    ignores_code_pages: bool,
    boots_in_kanji: bool,
    cutter: bool,
    settings: Settings,
    line: Line,
    /// The first byte of a character of two.
    first: Option<u8>,
    graphics: Graphics,
    pub(super) roll: Roll,
}

/// What `ESC @` resets.
#[derive(Debug, Clone)]
struct Settings {
    page: CodePage,
    kanji: bool,
    style: Style,
    align: Align,
    /// Between characters, in dots.
    gap: usize,
    spacing: usize,
    /// The left margin and the width of what is printed, in dots.
    left: usize,
    width: usize,
    /// In dots from the left margin, by `ESC D`.
    tabs: Vec<usize>,
    qr: Qr,
    bars: Bars,
}

impl Head {
    pub(super) fn new(options: Options) -> Self {
        let width = options.columns.clamp(1, COLUMNS) * COLUMN;
        Self {
            width,
            settings: Settings::new(&options.code_pages, options.kanji, width),
            code_pages: options.code_pages,
            ignores_code_pages: options.ignores_code_pages,
            boots_in_kanji: options.kanji,
            cutter: options.cutter,
            line: Line::default(),
            first: None,
            graphics: Graphics::default(),
            roll: Roll::new(width),
        }
    }

    /// `ESC @`: settings and the line in the print buffer go, the paper stays.
    pub(super) fn reset(&mut self) {
        self.settings = Settings::new(&self.code_pages, self.boots_in_kanji, self.width);
        self.line = Line::default();
        self.first = None;
        self.graphics.reset();
    }

    pub(super) fn print(&mut self, what: &Print<'_>) {
        if !matches!(what, Print::Character(_)) {
            self.end_pair();
        }
        match *what {
            Print::Character(byte) => self.character(byte),
            Print::LineFeed => self.line_feed(),
            Print::FeedLines(n) => (0..n).for_each(|_| self.line_feed()),
            Print::FeedDots(0) => {}
            Print::FeedDots(n) => self.end_line(usize::from(n)),
            Print::Tab => self.tab(),
            Print::Position(dots) => self.go(usize::from(dots)),
            Print::Advance(dots) => {
                let to = self.line.x().saturating_add_signed(isize::from(dots));
                self.go(to);
            }
            Print::Cut(cut) => self.cut(cut),
            Print::CutAfter(cut, n) => {
                if !self.line.is_begun() {
                    self.roll.feed(usize::from(n));
                    self.cut(cut);
                }
            }
            Print::Raster { mode, across, data } => {
                let rows = data.len() / across.max(1);
                let dots = Dots::from_rows(across, rows, data, self.width);
                self.image(magnified(&dots, mode));
            }
            Print::Columns { mode, data } => self.columns(mode, data),
            Print::Graphics(body) => {
                let dots = self.graphics.function(body, self.width);
                self.optional(dots);
            }
            Print::Number { count, data } => self.graphics.number(count, data, self.width),
            Print::Numbered { number, mode } => {
                let dots = self.graphics.numbered(number, mode);
                self.optional(dots);
            }
            Print::Download { across, deep, data } => {
                self.graphics.download(across, deep, data, self.width);
            }
            Print::Downloaded(mode) => {
                let dots = self.graphics.downloaded(mode);
                self.optional(dots);
            }
            Print::Qr => self.qr(),
            Print::Barcode(data) => {
                let text = printable(data);
                let dots = self.settings.bars.draw(&text, self.settings.width);
                self.block(dots, format!("[BARCODE: {text}]"));
            }
            _ => self.set(what),
        }
    }

    fn set(&mut self, what: &Print<'_>) {
        let settings = &mut self.settings;
        let style = &mut settings.style;
        let at_beginning = !self.line.is_begun();
        match *what {
            Print::CodePage(n) if !self.ignores_code_pages => {
                settings.page = self.code_pages.numbered(n);
            }
            Print::Kanji(on) => settings.kanji = on && self.boots_in_kanji,
            // These three wait for nothing: in the middle of a line they are without effect.
            Print::Align(n) if at_beginning => settings.align = align(n),
            Print::Margin(dots) if at_beginning => {
                settings.left = usize::from(dots).min(self.width - COLUMN);
                settings.width = settings.width.min(self.width - settings.left);
            }
            Print::Width(dots) if at_beginning => {
                settings.width = usize::from(dots).clamp(COLUMN, self.width - settings.left);
            }
            Print::Font(n) => style.font = font(n),
            Print::Mode(n) => {
                *style = Style {
                    font: font(n),
                    bold: n & 0x08 != 0,
                    down: 1 + usize::from(n >> 4 & 1),
                    across: 1 + usize::from(n >> 5 & 1),
                    underline: n >> 7,
                    inverse: style.inverse,
                };
            }
            Print::Size(n) => {
                style.across = 1 + usize::from(n >> 4 & 7);
                style.down = 1 + usize::from(n & 7);
            }
            Print::Bold(on) => style.bold = on,
            Print::Underline(n) => style.underline = n,
            Print::Inverse(on) => style.inverse = on,
            Print::Gap(n) => settings.gap = usize::from(n),
            Print::Spacing(n) => settings.spacing = n.map_or(SPACING, usize::from),
            Print::TabStops(stops) => {
                let column = style.size().0 + settings.gap;
                settings.tabs = stops.iter().map(|n| usize::from(*n) * column).collect();
            }
            Print::BarHeight(n) => settings.bars.height = usize::from(n.max(1)),
            Print::BarModule(n) => settings.bars.module = usize::from(n.clamp(1, 6)),
            Print::QrModule(n) => settings.qr.module = usize::from(n.clamp(1, 16)),
            Print::QrCorrection(n) => settings.qr.correction = correction(n),
            Print::QrStore(data) => settings.qr.data = data.to_vec(),
            _ => {}
        }
    }

    fn character(&mut self, byte: u8) {
        if let Some(first) = self.first.take() {
            if byte >= 0x40 {
                return self.put(decode_pair([first, byte]), Font::Kanji);
            }
            self.put(decode_pair([first, 0]), Font::Kanji);
        }
        if self.settings.kanji && byte > 0x80 {
            self.first = Some(byte);
            return;
        }
        let character = self.settings.page.decode(byte);
        self.put(character, self.settings.style.font);
    }

    /// Half a character of two bytes, when something else follows.
    fn end_pair(&mut self) {
        if let Some(first) = self.first.take() {
            self.put(decode_pair([first, 0]), Font::Kanji);
        }
    }

    fn put(&mut self, character: char, font: Font) {
        let style = Style {
            font,
            ..self.settings.style
        };
        if self.line.x() + style.size().0 > self.settings.width && self.line.is_begun() {
            self.line_feed();
        }
        self.line.character(character, style, self.settings.gap);
    }

    fn tab(&mut self) {
        let x = self.line.x();
        if let Some(stop) = self.settings.tabs.iter().find(|stop| **stop > x) {
            self.go(*stop);
        }
    }

    /// To a place on the line. Moving left prints over what is there.
    fn go(&mut self, x: usize) {
        let x = x.min(self.settings.width);
        self.line.go(x, x / self.settings.style.font.cell().0);
    }

    fn line_feed(&mut self) {
        self.end_line(self.settings.spacing);
    }

    /// Prints the line, and moves on by so many rows of dots, but not into the line.
    fn end_line(&mut self, rows: usize) {
        let line = std::mem::take(&mut self.line);
        let Settings {
            align, left, width, ..
        } = self.settings;
        let text = line.text(align, width / self.settings.style.font.cell().0);
        let height = line.print(self.roll.paper(), align, left, width);
        self.roll.line(text, rows.max(height));
    }

    /// Something that is no text, on a line of its own.
    fn block(&mut self, dots: Dots, text: String) {
        if self.line.is_begun() {
            self.line_feed();
        }
        let Settings {
            align, left, width, ..
        } = self.settings;
        let x = left + align.indent(width.saturating_sub(dots.width()));
        let height = dots.height();
        self.roll.paper().print(x, 0, Ink::Image(dots));
        self.roll.line(text, height);
    }

    fn image(&mut self, dots: Dots) {
        let text = format!("[IMAGE {}x{}]", dots.width(), dots.height());
        self.block(dots, text);
    }

    fn optional(&mut self, dots: Option<Dots>) {
        if let Some(dots) = dots {
            self.image(dots);
        }
    }

    /// `ESC *`: a part of the line, 8 or 24 dots high, in single or double density.
    fn columns(&mut self, mode: u8, data: &[u8]) {
        let (deep, down) = if mode < 32 { (1, 3) } else { (3, 1) };
        let across = if mode & 1 == 0 { 2 } else { 1 };
        let room = self.settings.width.saturating_sub(self.line.x()) / across;
        let dots = Dots::from_columns(data.len() / deep, deep, data, room);
        self.line.image(dots.magnified(across, down));
    }

    /// A code that does not fit is not printed.
    fn qr(&mut self) {
        if let Some(dots) = self.settings.qr.draw() {
            let text = format!("[QR: {}]", printable(&self.settings.qr.data));
            self.block(dots, text);
        }
    }

    /// Only at the beginning of a line, as Epson's page for `GS V` says.
    fn cut(&mut self, cut: Cut) {
        if self.cutter && !self.line.is_begun() {
            self.roll.cut(cut);
        }
    }
}

impl Settings {
    fn new(pages: &CodePages, kanji: bool, width: usize) -> Self {
        let style = Style::default();
        let column = style.size().0;
        Self {
            page: pages.numbered(0),
            kanji,
            style,
            align: Align::Left,
            gap: 0,
            spacing: SPACING,
            left: 0,
            width,
            // Every eight columns.
            tabs: (1..=32).map(|n| n * 8 * column).collect(),
            qr: Qr::default(),
            bars: Bars::default(),
        }
    }
}

fn font(n: u8) -> Font {
    if n & 1 == 1 { Font::B } else { Font::A }
}

fn align(n: u8) -> Align {
    match n {
        1 | b'1' => Align::Centre,
        2 | b'2' => Align::Right,
        _ => Align::Left,
    }
}

fn correction(n: u8) -> EcLevel {
    match n {
        49 => EcLevel::M,
        50 => EcLevel::Q,
        51 => EcLevel::H,
        _ => EcLevel::L,
    }
}

fn printable(data: &[u8]) -> String {
    let text = String::from_utf8_lossy(data);
    text.chars().filter(|c| !c.is_control()).collect()
}
