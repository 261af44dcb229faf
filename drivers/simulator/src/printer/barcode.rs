//! Barcodes and QR codes.

use qrcode::{Color, EcLevel, QrCode};

use super::{
    dots::Dots,
    glyph::{Font, Style},
};

/// What `GS ( k` sets for QR codes.
#[derive(Debug, Clone)]
pub(super) struct Qr {
    /// Dots of a module.
    pub(super) module: usize,
    pub(super) correction: EcLevel,
    pub(super) data: Vec<u8>,
}

impl Default for Qr {
    fn default() -> Self {
        Self {
            module: 3,
            correction: EcLevel::L,
            data: Vec::new(),
        }
    }
}

impl Qr {
    /// The symbol, without a quiet zone, as printers print it; none when the data does not fit.
    pub(super) fn draw(&self) -> Option<Dots> {
        let code = QrCode::with_error_correction_level(&self.data, self.correction).ok()?;
        let mut dots = Dots::white(code.width(), code.width());
        for (at, colour) in code.to_colors().into_iter().enumerate() {
            if colour == Color::Dark {
                dots.blacken(at % code.width(), at / code.width());
            }
        }
        Some(dots.magnified(self.module, self.module))
    }
}

/// What `GS h`, `GS w` and `GS H` set for barcodes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bars {
    pub(super) height: usize,
    /// Dots of the narrowest bar.
    pub(super) module: usize,
}

impl Default for Bars {
    fn default() -> Self {
        Self {
            height: 162,
            module: 3,
        }
    }
}

impl Bars {
    /// No bars, but a frame of about their size with the text in it.
    pub(super) fn draw(self, text: &str, most: usize) -> Dots {
        let style = Style {
            font: Font::B,
            ..Style::default()
        };
        let (wide, high) = style.size();
        let written = text.chars().count() * wide;
        // Eleven modules for a character, and three for start, check and stop, as in Code 128.
        let bars = (text.chars().count() + 3) * 11 * self.module;
        let width = bars.max(written + 8).min(most);
        let height = self.height.max(high + 8);
        let mut dots = Dots::white(width, height);
        for (corner, across, down) in [
            ((0, 0), width, 2),
            ((0, height - 2), width, 2),
            ((0, 0), 2, height),
            ((width.saturating_sub(2), 0), 2, height),
        ] {
            dots.fill(corner, across, down);
        }
        let left = width.saturating_sub(written) / 2;
        for (at, character) in text.chars().enumerate() {
            let place = (left + at * wide, (height - high) / 2);
            dots.draw(&style.draw(character), place);
        }
        dots
    }
}
