//! A receipt as lines, whatever the printer.

use std::{fmt, sync::Arc};

use super::SlipLine;
use crate::Text;

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
    /// A QR code in the middle, with what a telephone shall read: a link, or the lines of a payment
    /// slip. Control characters but line ends are left out. The empty lines around it are the
    /// caller's.
    Qr(String),
    /// The logo, in the middle.
    Logo(Arc<Picture>),
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
    /// In the printer's smaller letters, if it has some.
    pub small: bool,
}

impl Style {
    /// Plain text at the left edge.
    pub const PLAIN: Self = Self {
        align: Align::Left,
        bold: false,
        wide: false,
        high: false,
        small: false,
    };
    /// Plain text in the middle.
    pub const CENTRED: Self = Self {
        align: Align::Centre,
        ..Self::PLAIN
    };
    /// What is seen first.
    pub const TITLE: Self = Self {
        bold: true,
        high: true,
        ..Self::CENTRED
    };
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

/// A picture in shades of grey.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    shades: Vec<u8>,
}

impl Picture {
    /// From the shades of its rows, 0 for black and 255 for white; none where they do not fill whole
    /// rows of this width.
    pub fn new(width: usize, shades: Vec<u8>) -> Option<Self> {
        let whole = width > 0 && !shades.is_empty() && shades.len().is_multiple_of(width);
        whole.then_some(Self { width, shades })
    }

    /// How wide it is.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How high it is.
    pub fn height(&self) -> usize {
        self.shades.len() / self.width
    }

    /// The shade of a place; white outside.
    pub fn shade(&self, x: usize, y: usize) -> u8 {
        let shade = self.shades.get(y * self.width + x);
        shade.filter(|_| x < self.width).copied().unwrap_or(u8::MAX)
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({}x{})", self.width, self.height())
    }
}
