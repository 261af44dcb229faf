//! What characters look like: the public-domain fonts of the X Window System in the cells of a
//! receipt printer's fonts.

use std::sync::LazyLock;

use embedded_graphics::{
    geometry::{OriginDimensions, Point},
    image::GetPixel,
    mono_font::MonoFont,
    pixelcolor::BinaryColor,
};
use embedded_graphics_unicodefonts::{mono_9x15_atlas, mono_10x20_atlas};

use super::{code_page::UNKNOWN, dots::Dots};

/// A font of the printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Font {
    /// Font A: cells of 12 by 24 dots.
    #[default]
    A,
    /// Font B: cells of 9 by 17 dots.
    B,
    /// The font of Kanji mode: cells of 24 by 24 dots.
    Kanji,
}

/// How a character is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) font: Font,
    pub(super) bold: bool,
    /// How thick the line below is, in dots.
    pub(super) underline: u8,
    pub(super) inverse: bool,
    /// How many times as wide and as high.
    pub(super) across: usize,
    pub(super) down: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            font: Font::A,
            bold: false,
            underline: 0,
            inverse: false,
            across: 1,
            down: 1,
        }
    }
}

impl Font {
    /// The width and height of its cells in dots.
    pub(super) fn cell(self) -> (usize, usize) {
        match self {
            Self::A => (12, 24),
            Self::B => (9, 17),
            Self::Kanji => (24, 24),
        }
    }
}

impl Style {
    /// The width and height of a character in dots.
    pub(super) fn size(self) -> (usize, usize) {
        let (width, height) = self.font.cell();
        (width * self.across, height * self.down)
    }

    pub(super) fn draw(self, character: char) -> Dots {
        let (width, height) = self.size();
        let cell = glyph(self.font, character).magnified(self.across, self.down);
        let mut dots = cell.clone();
        if self.bold {
            dots.draw(&cell, (1, 0));
        }
        let thick = usize::from(self.underline) * self.down;
        dots.fill((0, height.saturating_sub(thick)), width, thick);
        if self.inverse { dots.inverted() } else { dots }
    }
}

static FONT_A: LazyLock<MonoFont<'static>> = LazyLock::new(mono_10x20_atlas);
static FONT_B: LazyLock<MonoFont<'static>> = LazyLock::new(mono_9x15_atlas);

fn glyph(font: Font, character: char) -> Dots {
    let (width, height) = font.cell();
    let mut dots = Dots::white(width, height);
    let (source, margin) = match font {
        Font::A => (&*FONT_A, (1, 2)),
        Font::B => (&*FONT_B, (0, 1)),
        Font::Kanji => return boxed(dots),
    };
    // The first character is the space, and stands for all that are not there too.
    let index = match character {
        ' ' => return dots,
        UNKNOWN => return boxed(dots),
        control if control.is_control() => return boxed(dots),
        other => source.glyph_mapping.index(other),
    };
    if index == 0 {
        return boxed(dots);
    }
    let size = source.character_size;
    let columns = (source.image.size().width / size.width.max(1)).max(1);
    let Ok(index) = u32::try_from(index) else {
        return boxed(dots);
    };
    let (left, top) = (index % columns * size.width, index / columns * size.height);
    for y in 0..size.height {
        for x in 0..size.width {
            if source.is_black(left + x, top + y) {
                dots.blacken(margin.0 + x as usize, margin.1 + y as usize);
            }
        }
    }
    dots
}

/// A character that the font does not have.
fn boxed(mut dots: Dots) -> Dots {
    let (width, height) = (dots.width() - 2, dots.height() - 4);
    dots.fill((1, 2), width, 1);
    dots.fill((1, 1 + height), width, 1);
    dots.fill((1, 2), 1, height);
    dots.fill((width, 2), 1, height);
    dots
}

/// The pictures of all characters of a font, side by side.
trait Sheet {
    fn is_black(&self, x: u32, y: u32) -> bool;
}

impl Sheet for MonoFont<'_> {
    fn is_black(&self, x: u32, y: u32) -> bool {
        let (Ok(x), Ok(y)) = (i32::try_from(x), i32::try_from(y)) else {
            return false;
        };
        self.image.pixel(Point::new(x, y)) == Some(BinaryColor::On)
    }
}
