//! The line in the print buffer: what the next line feed brings to paper.

use super::{
    dots::Dots,
    glyph::Style,
    paper::{Ink, Paper},
};

/// Characters and images of a line at most; what is printed over it on top of that is lost.
const PIECES: usize = 4096;

/// Where a line stands between the margins.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Align {
    #[default]
    Left,
    Centre,
    Right,
}

impl Align {
    /// How much of the room stays free on the left.
    pub(super) fn indent(self, room: usize) -> usize {
        match self {
            Self::Left => 0,
            Self::Centre => room / 2,
            Self::Right => room,
        }
    }
}

/// A line that is being made.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Each with its place in dots from the left margin.
    pieces: Vec<(usize, Ink)>,
    /// Where the next piece goes, in dots from the left margin.
    x: usize,
    /// How far to the right the line reaches.
    end: usize,
    text: Vec<char>,
    column: usize,
    /// What stands for an image in the text.
    image: Option<String>,
}

impl Line {
    /// Nothing was put on it, and the position is the beginning.
    pub(super) fn is_begun(&self) -> bool {
        self.x > 0 || !self.pieces.is_empty()
    }

    pub(super) fn x(&self) -> usize {
        self.x
    }

    /// Goes to a place, in dots and in columns of text.
    pub(super) fn go(&mut self, x: usize, column: usize) {
        self.x = x;
        self.column = column;
    }

    pub(super) fn character(&mut self, character: char, style: Style, spacing: usize) {
        let (width, _) = style.size();
        self.put(Ink::Character(character, style), width + spacing);
        let cells = width / style.font.cell().0.min(12);
        for cell in 0..cells.max(1) {
            let shown = if cell == 0 { character } else { ' ' };
            if self.text.len() <= self.column {
                self.text.resize(self.column, ' ');
                self.text.push(shown);
            } else if let Some(place) = self.text.get_mut(self.column) {
                *place = shown;
            }
            self.column += 1;
        }
    }

    pub(super) fn image(&mut self, dots: Dots) {
        let (width, height) = (dots.width(), dots.height());
        self.image = Some(format!("[IMAGE {width}x{height}]"));
        self.put(Ink::Image(dots), width);
    }

    fn put(&mut self, ink: Ink, width: usize) {
        if self.pieces.len() < PIECES {
            self.pieces.push((self.x, ink));
        }
        self.x += width;
        self.end = self.end.max(self.x);
    }

    /// The line as text, moved to its place among so many columns.
    pub(super) fn text(&self, align: Align, columns: usize) -> String {
        let text: String = self.text.iter().collect();
        let text = text.trim_end();
        if text.is_empty() {
            return self.image.clone().unwrap_or_default();
        }
        let room = columns.saturating_sub(text.chars().count());
        format!("{:indent$}{text}", "", indent = align.indent(room))
    }

    /// Prints it, moved to its place in a width, and gives its height.
    pub(super) fn print(self, paper: &mut Paper, align: Align, left: usize, width: usize) -> usize {
        let height = |(_, ink): &(usize, Ink)| ink.size().1;
        let highest = self.pieces.iter().map(height).max().unwrap_or(0);
        let indent = left + align.indent(width.saturating_sub(self.end));
        for (x, ink) in self.pieces {
            // All stand on the same base.
            let below = highest - ink.size().1;
            paper.print(indent + x, below, ink);
        }
        highest
    }
}
