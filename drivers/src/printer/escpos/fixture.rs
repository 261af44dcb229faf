//! The fonts that tests draw with, the same everywhere.

use super::Fonts;

/// Parts of fonts for Latin, Greek, Cyrillic, Arabic, Hebrew, Thai, some Chinese and some faces.
pub(super) fn fonts() -> Fonts {
    Fonts::new([
        include_bytes!("shape/fonts/latin.ttf").to_vec(),
        include_bytes!("shape/fonts/arabic.ttf").to_vec(),
        include_bytes!("shape/fonts/hebrew.ttf").to_vec(),
        include_bytes!("shape/fonts/thai.ttf").to_vec(),
        include_bytes!("shape/fonts/han.ttf").to_vec(),
        include_bytes!("shape/fonts/symbols.ttf").to_vec(),
        b"no font".to_vec(),
    ])
}
