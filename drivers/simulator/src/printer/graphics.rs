//! Images that the printer keeps, and the commands `GS ( L`, `FS q` and `GS *` that bring them.
//!
//! Source: Epson's pages for these commands.

use std::collections::BTreeMap;

use super::dots::Dots;

/// Bytes of images that it keeps at most; more are not stored, as when its memory is full.
const MEMORY: usize = 1 << 20;

/// The memory for images.
#[derive(Debug, Default)]
pub(super) struct Graphics {
    /// By the key of `GS ( L`: outlives everything.
    kept: BTreeMap<[u8; 2], Dots>,
    /// By the key of `GS ( L`: until the next `ESC @`.
    loaded: BTreeMap<[u8; 2], Dots>,
    /// By the number of `FS p`, from 1.
    numbered: Vec<Dots>,
    /// Of `GS *`.
    downloaded: Option<Dots>,
    /// Of `GS ( L` function 112: printed by function 50.
    stored: Option<Dots>,
}

impl Graphics {
    /// `ESC @`: only what is kept stays.
    pub(super) fn reset(&mut self) {
        self.loaded.clear();
        self.downloaded = None;
        self.stored = None;
    }

    /// `GS ( L`, from its `m` on. Gives the image to print, if it says so.
    pub(super) fn function(&mut self, body: &[u8], most: usize) -> Option<Dots> {
        match *body {
            [48, 2 | 50, ..] => return self.stored.take(),
            [48, 112, _, across, down, _, ref rest @ ..] => {
                let dots = raster(rest, most)?;
                self.stored = Some(dots.magnified(twice(across, 2), twice(down, 2)));
            }
            [48, 113, _, across, down, _, ref rest @ ..] => {
                let dots = column(rest, most)?;
                self.stored = Some(dots.magnified(twice(across, 2), twice(down, 2)));
            }
            [48, 65, b'C', b'L', b'R'] => self.kept.clear(),
            [48, 81, b'C', b'L', b'R'] => self.loaded.clear(),
            [48, 66, a, b] => drop(self.kept.remove(&[a, b])),
            [48, 82, a, b] => drop(self.loaded.remove(&[a, b])),
            [
                48,
                function @ (67 | 68 | 83 | 84),
                _,
                a,
                b,
                colours,
                ref rest @ ..,
            ] => {
                let shape = if function % 2 == 1 { raster } else { column };
                let dots = shape(without_colour(rest, colours)?.as_slice(), most)?;
                if self.used() + dots.packed().len() <= MEMORY {
                    let memory = if function < 80 {
                        &mut self.kept
                    } else {
                        &mut self.loaded
                    };
                    memory.insert([a, b], dots);
                }
            }
            [48, 69, a, b, x, y] => return found(&self.kept, [a, b], x, y),
            [48, 85, a, b, x, y] => return found(&self.loaded, [a, b], x, y),
            _ => {}
        }
        None
    }

    /// `FS q`: replaces all numbered images by `count` new ones.
    pub(super) fn number(&mut self, count: u8, data: &[u8], most: usize) {
        self.numbered.clear();
        let mut rest = data;
        for _ in 0..count {
            let Some((header, after)) = rest.split_at_checked(4) else {
                return;
            };
            let (columns, deep) = (word(header, 0) * 8, word(header, 2));
            let Some((image, after)) = after.split_at_checked(columns * deep) else {
                return;
            };
            if self.used() + image.len() <= MEMORY {
                self.numbered
                    .push(Dots::from_columns(columns, deep, image, most));
            }
            rest = after;
        }
    }

    /// `FS p`: the image with this number.
    pub(super) fn numbered(&self, number: u8, mode: u8) -> Option<Dots> {
        let at = usize::from(number).checked_sub(1)?;
        self.numbered.get(at).map(|dots| magnified(dots, mode))
    }

    /// `GS *`: eight times `across` columns, `deep` bytes each.
    pub(super) fn download(&mut self, across: u8, deep: u8, data: &[u8], most: usize) {
        let (columns, deep) = (usize::from(across) * 8, usize::from(deep));
        self.downloaded = Some(Dots::from_columns(columns, deep, data, most));
    }

    /// `GS /`: the downloaded image.
    pub(super) fn downloaded(&self, mode: u8) -> Option<Dots> {
        self.downloaded.as_ref().map(|dots| magnified(dots, mode))
    }

    fn used(&self) -> usize {
        let kept = self.kept.values().chain(self.loaded.values());
        let all = kept.chain(&self.numbered);
        all.map(|dots| dots.packed().len()).sum()
    }
}

/// By the modes of `GS v 0`, `FS p` and `GS /`: bit 0 is double width, bit 1 double height.
pub(super) fn magnified(dots: &Dots, mode: u8) -> Dots {
    dots.magnified(1 + usize::from(mode & 1), 1 + usize::from(mode >> 1 & 1))
}

/// A magnification of `GS ( L`: two is two, all else is one.
fn twice(byte: u8, two: u8) -> usize {
    1 + usize::from(byte == two)
}

fn found(memory: &BTreeMap<[u8; 2], Dots>, key: [u8; 2], x: u8, y: u8) -> Option<Dots> {
    let dots = memory.get(&key)?;
    Some(dots.magnified(twice(x, 2), twice(y, 2)))
}

fn word(bytes: &[u8], at: usize) -> usize {
    let byte = |at| bytes.get(at).copied().map_or(0, usize::from);
    byte(at) + 256 * byte(at + 1)
}

/// The size and the rows of an image.
fn raster(bytes: &[u8], most: usize) -> Option<Dots> {
    let (size, data) = bytes.split_at_checked(4)?;
    let (width, height) = (word(size, 0), word(size, 2));
    let data = data.get(..width.div_ceil(8) * height)?;
    let most = most.min(width);
    Some(Dots::from_rows(width.div_ceil(8), height, data, most))
}

/// The size and the columns of an image.
fn column(bytes: &[u8], most: usize) -> Option<Dots> {
    let (size, data) = bytes.split_at_checked(4)?;
    let (width, height) = (word(size, 0), word(size, 2));
    let deep = height.div_ceil(8);
    let data = data.get(..width * deep)?;
    Some(Dots::from_columns(width, deep, data, most))
}

/// Size, colour, image: without the colour. Of several colours the first.
fn without_colour(bytes: &[u8], colours: u8) -> Option<Vec<u8>> {
    let (size, rest) = bytes.split_at_checked(4)?;
    let (_, image) = rest.split_first().filter(|_| colours > 0)?;
    Some([size, image].concat())
}
