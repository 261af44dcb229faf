//! Fonts for what no code page has.

use std::{
    fs,
    path::{Path, PathBuf},
};

use harfrust::Font;

/// The fonts that receipts are drawn with, the preferred one first. Rendering only looks into them;
/// whoever calls it has read them.
#[derive(Clone, Default)]
pub struct Fonts(Vec<Font>);

/// The files that [`Fonts::load`] looks for, of the packages that Debian has. Each script has one
/// that is made for it before those that have a little of everything.
const FILES: &[&str] = &[
    "NotoSans-Regular.ttf",
    "NotoSansArabic-Regular.ttf",
    "NotoSansHebrew-Regular.ttf",
    "NotoSansThai-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "NotoSansBengali-Regular.ttf",
    "NotoSansTamil-Regular.ttf",
    "NotoSansGeorgian-Regular.ttf",
    "NotoSansArmenian-Regular.ttf",
    "DejaVuSans.ttf",
    "NotoSansCJK-Regular.ttc",
    "wqy-microhei.ttc",
    "DroidSansFallbackFull.ttf",
    "NotoEmoji-Regular.ttf",
    "Symbola_hint.ttf",
    "NotoSansSymbols2-Regular.ttf",
    "unifont.otf",
    "unifont_upper.otf",
];
/// How deep folders of fonts are.
const DEPTH: usize = 4;
/// Largest font file that is read: all of it stays in memory.
const FILE_BYTES: u64 = 32 << 20;

impl Fonts {
    /// None: what no code page has becomes a mark.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Fonts from the contents of their files. What is no font, or one of pictures only, is left
    /// out.
    pub fn new(files: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let fonts = files.into_iter().filter_map(|bytes| Font::new(bytes, 0));
        Self(
            fonts
                .filter(|font| !font.outline_glyphs().is_empty())
                .collect(),
        )
    }

    /// Reads the well-known fonts that are somewhere below these folders, such as
    /// `/usr/share/fonts`. What is not there is not missed.
    pub fn load(folders: &[PathBuf]) -> Self {
        let mut found = vec![None; FILES.len()];
        for folder in folders {
            look(folder, DEPTH, &mut found);
        }
        let files = found.into_iter().flatten().filter_map(|path| {
            let small = fs::metadata(&path).is_ok_and(|file| file.len() <= FILE_BYTES);
            small.then(|| fs::read(&path).ok()).flatten()
        });
        Self::new(files)
    }

    /// Whether there is not one.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, place: usize) -> Option<&Font> {
        self.0.get(place)
    }

    /// The place of the first font that can draw this character.
    pub(super) fn find(&self, character: char) -> Option<usize> {
        self.0.iter().position(|font| draws(font, character))
    }

    /// Whether the font at this place can draw this character.
    pub(super) fn draws(&self, place: usize, character: char) -> bool {
        self.0.get(place).is_some_and(|font| draws(font, character))
    }
}

impl std::fmt::Debug for Fonts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fonts({})", self.0.len())
    }
}

fn draws(font: &Font, character: char) -> bool {
    let glyph = font.charmap().map_unicode(character);
    glyph.is_some_and(|glyph| {
        // A font of colours has glyphs without outlines.
        character.is_whitespace() || font.outline_glyphs().get(glyph).is_some()
    })
}

/// Notes the first file of each name.
fn look(folder: &Path, depth: usize, found: &mut [Option<PathBuf>]) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if depth > 0 {
                look(&path, depth - 1, found);
            }
            continue;
        }
        let name = entry.file_name();
        let place = FILES.iter().position(|file| name == *file);
        if let Some(place @ None) = place.and_then(|place| found.get_mut(place)) {
            *place = Some(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printer::escpos::fixture;

    #[test]
    fn each_character_has_the_first_font_that_draws_it() {
        let fonts = fixture::fonts();
        for (character, place) in [
            ('a', Some(0)),
            ('م', Some(1)),
            ('ש', Some(2)),
            ('ก', Some(3)),
            ('漢', Some(4)),
            ('😀', Some(5)),
            ('ᚠ', None),
            ('\u{10ffff}', None),
        ] {
            assert_eq!(fonts.find(character), place, "{character}");
        }
        assert_eq!(Fonts::none().find('a'), None);
        assert!(Fonts::new([b"no font".to_vec(), Vec::new()]).is_empty());
    }

    #[test]
    fn well_known_files_are_found_in_the_order_of_preference() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("truetype/noto");
        fs::create_dir_all(&deep).unwrap();
        let thai = include_bytes!("shape/fonts/thai.ttf");
        let latin = include_bytes!("shape/fonts/latin.ttf");
        fs::write(folder.path().join("NotoSansThai-Regular.ttf"), thai).unwrap();
        fs::write(deep.join("NotoSans-Regular.ttf"), latin).unwrap();
        fs::write(deep.join("DejaVuSans.ttf"), b"no font").unwrap();
        fs::write(deep.join("Strange.ttf"), latin).unwrap();
        let fonts = Fonts::load(&[folder.path().to_owned(), "/nowhere/at/all".into()]);
        assert_eq!((fonts.find('a'), fonts.find('ก')), (Some(0), Some(1)));
        assert_eq!(format!("{fonts:?}"), "Fonts(2)");
    }
}
