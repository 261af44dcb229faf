//! Paper that came out of the printer: where which character and which image stands, and so its
//! dots.

use super::{dots::Dots, glyph::Style};

/// A piece of paper.
#[derive(Debug, Clone)]
pub struct Paper {
    width: usize,
    height: usize,
    marks: Vec<Mark>,
    cut: Option<Cut>,
}

/// How a paper was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// By the cutter, all the way.
    Full,
    /// By the cutter, up to a point in the middle.
    Partial,
    /// By a hand, or because it became too long.
    Torn,
}

/// Something on the paper, by its upper left corner.
#[derive(Debug, Clone)]
struct Mark {
    x: usize,
    y: usize,
    ink: Ink,
}

/// What is printed.
#[derive(Debug, Clone)]
pub(super) enum Ink {
    Character(char, Style),
    Image(Dots),
}

impl Ink {
    pub(super) fn size(&self) -> (usize, usize) {
        match self {
            Self::Character(_, style) => style.size(),
            Self::Image(dots) => (dots.width(), dots.height()),
        }
    }
}

/// Dots below the last line of a paper that was cut, with the mark of the cut in them.
const EDGE: usize = 8;
/// Dots of a dash of the mark, and of the gap behind it.
const DASH: usize = 8;

impl Paper {
    pub(super) fn new(width: usize) -> Self {
        Self {
            width,
            height: 0,
            marks: Vec::new(),
            cut: None,
        }
    }

    /// Rows of dots so far.
    pub fn height(&self) -> usize {
        self.height
    }

    /// How it was cut off, if it was.
    pub fn cut(&self) -> Option<Cut> {
        self.cut
    }

    /// Images and characters on it.
    pub(super) fn marks(&self) -> usize {
        self.marks.len()
    }

    /// Prints something so many dots below the last line.
    pub(super) fn print(&mut self, x: usize, below: usize, ink: Ink) {
        let y = self.height + below;
        self.marks.push(Mark { x, y, ink });
    }

    pub(super) fn feed(&mut self, rows: usize) {
        self.height += rows;
    }

    pub(super) fn end(&mut self, cut: Cut) {
        self.cut = Some(cut);
    }

    /// All dots. A cut shows as a dashed line at the end, with a gap in the middle where it was
    /// partial.
    pub fn dots(&self) -> Dots {
        let edge = match self.cut {
            None | Some(Cut::Torn) => 0,
            Some(Cut::Full | Cut::Partial) => EDGE,
        };
        let mut dots = Dots::white(self.width, self.height + edge);
        for mark in &self.marks {
            let place = (mark.x, mark.y);
            match &mark.ink {
                Ink::Character(character, style) => dots.draw(&style.draw(*character), place),
                Ink::Image(image) => dots.draw(image, place),
            }
        }
        let middle = self.width / 2;
        for x in (0..self.width).step_by(2 * DASH) {
            let held = self.cut == Some(Cut::Partial) && x.abs_diff(middle) < 3 * DASH;
            if edge > 0 && !held {
                dots.fill((x, self.height + edge - 2), DASH, 2);
            }
        }
        dots
    }

    /// Its picture, in PNG.
    ///
    /// # Errors
    /// When it has no dots: a PNG cannot be empty.
    pub fn png(&self) -> Result<Vec<u8>, png::EncodingError> {
        let dots = self.dots();
        let side = |dots: usize| u32::try_from(dots).unwrap_or(u32::MAX);
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, side(dots.width()), side(dots.height()));
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        let mut writer = encoder.write_header()?;
        let white: Vec<u8> = dots.packed().iter().map(|byte| !byte).collect();
        writer.write_image_data(&white)?;
        writer.finish()?;
        Ok(bytes)
    }
}
