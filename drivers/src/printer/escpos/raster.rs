//! Dots, and the commands that print them.
//!
//! A printer carries out real-time commands wherever it meets them, also among dots (Epson's
//! reference, `DLE EOT`). So no picture leaves here with the bytes of one in it.

use super::Images;

/// Rows that go out with one command: small buffers hold them, and slow printers do not pause.
const BAND_ROWS: usize = 96;
/// Rows that `ESC * 33` prints at once.
const COLUMN_ROWS: usize = 24;
/// Bytes of `GS ( L` between its length and its dots.
const GRAPHICS_HEAD: usize = 10;
/// Bytes of `GS ( L`, function 67, between its length and its dots.
const STORED_HEAD: usize = 11;
/// The name of our one picture in the printer's memory.
const STORED_KEY: [u8; 2] = *b"tl";
const DLE: u8 = 0x10;

/// A picture of dots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bitmap {
    /// Bytes of a row.
    stride: usize,
    rows: usize,
    data: Vec<u8>,
}

impl Bitmap {
    pub(super) fn new(width: usize, rows: usize) -> Self {
        let stride = width.div_ceil(8).max(1);
        Self {
            stride,
            rows,
            data: vec![0; stride * rows],
        }
    }

    #[cfg(test)]
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Makes a dot black. Outside of the picture there is nothing.
    pub(super) fn set(&mut self, x: usize, y: usize) {
        if x / 8 < self.stride
            && let Some(byte) = self.data.get_mut(y * self.stride + x / 8)
        {
            *byte |= 0x80 >> (x % 8);
        }
    }

    pub(super) fn get(&self, x: usize, y: usize) -> bool {
        let byte = self.data.get(y * self.stride + x / 8);
        x / 8 < self.stride && byte.is_some_and(|byte| byte & (0x80 >> (x % 8)) != 0)
    }

    /// Without the empty rows above and below, but for `gap` below, and without the empty bytes at
    /// the right.
    pub(super) fn cropped(&self, gap: usize) -> Self {
        let inked = |row: &&[u8]| row.iter().any(|byte| *byte != 0);
        let all: Vec<&[u8]> = self.data.chunks(self.stride).collect();
        let above = all.iter().take_while(|row| !inked(row)).count();
        let below = all.iter().rev().take_while(|row| !inked(row)).count();
        let kept = all.len().saturating_sub(above + below);
        let used = |row: &&[u8]| {
            row.iter()
                .rposition(|byte| *byte != 0)
                .map_or(0, |at| at + 1)
        };
        let stride = all.iter().map(used).max().unwrap_or(0).max(1);
        let rows = all.iter().skip(above).take(kept);
        let mut data: Vec<u8> = rows
            .flat_map(|row| row.iter().take(stride))
            .copied()
            .collect();
        data.resize((kept + gap) * stride, 0);
        Self {
            stride,
            rows: kept + gap,
            data,
        }
    }

    /// Writes the commands that print it, at the beginning of a line.
    pub(super) fn print(&self, images: Images, out: &mut Vec<u8>) {
        match images {
            Images::Raster => {
                for band in self.bands() {
                    out.extend(b"\x1dv0\0");
                    out.extend(word(self.stride));
                    out.extend(word(band.len() / self.stride));
                    out.extend(quiet(band.to_vec()));
                }
            }
            Images::Graphics => {
                for band in self.bands() {
                    // GS ( L: functions 112, store in one tone, and 50, print.
                    out.extend(b"\x1d(L");
                    out.extend(word(GRAPHICS_HEAD + band.len()));
                    out.extend(b"\x30\x70\x30\x01\x01\x31");
                    out.extend(word(self.stride * 8));
                    out.extend(word(band.len() / self.stride));
                    out.extend(quiet(band.to_vec()));
                    out.extend(b"\x1d(L\x02\0\x30\x32");
                }
            }
            Images::Columns => self.columns(out),
            Images::None => {}
        }
    }

    /// Writes the command that puts it into the printer's memory, where it stays when the printer is
    /// switched off (`GS ( L`, function 67).
    pub(super) fn store(&self, out: &mut Vec<u8>) {
        let mut data = self.data.clone();
        // The length would be a real-time command itself.
        if real_time(&word(STORED_HEAD + data.len())) {
            data.resize(data.len() + self.stride, 0);
        }
        out.extend(b"\x1d(L");
        out.extend(word(STORED_HEAD + data.len()));
        out.extend(b"\x30\x43\x30");
        out.extend(STORED_KEY);
        out.push(1);
        out.extend(word(self.stride * 8));
        out.extend(word(data.len() / self.stride));
        out.push(b'1');
        out.extend(quiet(data));
    }

    /// Whole rows, a command's worth each.
    fn bands(&self) -> Vec<&[u8]> {
        let mut bands = Vec::new();
        let mut rest = self.data.as_slice();
        while !rest.is_empty() {
            let mut rows = BAND_ROWS.min(rest.len() / self.stride).max(1);
            // The length of such a band of `GS ( L` would be a real-time command itself.
            if rows > 1 && real_time(&word(GRAPHICS_HEAD + rows * self.stride)) {
                rows -= 1;
            }
            let (band, after) = rest
                .split_at_checked(rows * self.stride)
                .unwrap_or((rest, &[]));
            bands.push(band);
            rest = after;
        }
        bands
    }

    /// `ESC *` for every 24 rows, from top to bottom and left to right, with lines as high as that.
    fn columns(&self, out: &mut Vec<u8>) {
        let width = self.stride * 8;
        out.extend(b"\x1b3\x18");
        for top in (0..self.rows).step_by(COLUMN_ROWS) {
            let mut data = Vec::with_capacity(width * 3);
            for x in 0..width {
                for y in [top, top + 8, top + 16] {
                    let bits = (0..8).map(|bit| u8::from(self.get(x, y + bit)) << (7 - bit));
                    data.push(bits.sum());
                }
            }
            out.extend(b"\x1b*\x21");
            out.extend(word(width));
            out.extend(quiet(data));
            out.push(b'\n');
        }
        out.extend(b"\x1b2");
    }
}

/// Writes the command that prints what [`Bitmap::store`] put into the memory (`GS ( L`, function
/// 69).
pub(super) fn print_stored(out: &mut Vec<u8>) {
    out.extend(b"\x1d(L\x06\0\x30\x45");
    out.extend(STORED_KEY);
    out.extend(b"\x01\x01");
}

/// Whether these two bytes begin a real-time command: DLE EOT, DLE ENQ, DLE DC4.
fn real_time(two: &[u8]) -> bool {
    matches!(two, [DLE, 0x04 | 0x05 | 0x14])
}

/// Dots without a real-time command among them: one more dot makes another byte of its second.
fn quiet(mut data: Vec<u8>) -> Vec<u8> {
    let mut before = 0;
    for byte in &mut data {
        if real_time(&[before, *byte]) {
            *byte |= 0x02;
        }
        before = *byte;
    }
    data
}

/// A number as two bytes, low first. Bigger ones than that do not occur.
fn word(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A reader of the three commands, which nothing of the writer is used for: rows of dots.
    fn read(mut bytes: &[u8]) -> Vec<Vec<bool>> {
        let mut rows = Vec::new();
        let mut column_rows: Vec<Vec<bool>> = Vec::new();
        while !bytes.is_empty() {
            let (length, at, across) = match bytes {
                [0x1d, b'v', b'0', 0, xl, xh, yl, yh, ..] => {
                    let across = usize::from(*xl) + 256 * usize::from(*xh);
                    (
                        across * (usize::from(*yl) + 256 * usize::from(*yh)),
                        8,
                        across,
                    )
                }
                [0x1d, b'(', b'L', 2, 0, 0x30, 0x32, rest @ ..] => {
                    bytes = rest;
                    continue;
                }
                [
                    0x1d,
                    b'(',
                    b'L',
                    l,
                    h,
                    b'0',
                    b'p',
                    b'0',
                    1,
                    1,
                    b'1',
                    xl,
                    xh,
                    _,
                    _,
                    ..,
                ] => {
                    let across = (usize::from(*xl) + 256 * usize::from(*xh)) / 8;
                    (usize::from(*l) + 256 * usize::from(*h) - 10, 15, across)
                }
                [0x1b, b'3', 24, rest @ ..] | [0x1b, b'2', rest @ ..] => {
                    bytes = rest;
                    continue;
                }
                [0x1b, b'*', 33, l, h, rest @ ..] => {
                    let width = usize::from(*l) + 256 * usize::from(*h);
                    let mut band = vec![vec![false; width]; 24];
                    for (x, column) in rest[..width * 3].chunks(3).enumerate() {
                        for (y, row) in band.iter_mut().enumerate() {
                            row[x] = column[y / 8] & (0x80 >> (y % 8)) != 0;
                        }
                    }
                    column_rows.extend(band);
                    assert_eq!(rest[width * 3], b'\n');
                    bytes = &rest[width * 3 + 1..];
                    continue;
                }
                _ => panic!("{bytes:02x?}"),
            };
            for row in bytes[at..at + length].chunks(across) {
                let dots = row
                    .iter()
                    .flat_map(|b| (0..8).map(move |bit| b & (0x80 >> bit) != 0));
                rows.push(dots.collect());
            }
            assert!(length / across <= 128, "a small buffer holds it");
            bytes = &bytes[at + length..];
        }
        if rows.is_empty() { column_rows } else { rows }
    }

    fn bitmap() -> impl Strategy<Value = Bitmap> {
        // Mostly the bytes that matter.
        let byte = prop_oneof![Just(0x10), Just(4), Just(5), Just(0x14), any::<u8>()];
        (1..125_usize, 1..120_usize).prop_flat_map(move |(stride, rows)| {
            prop::collection::vec(byte.clone(), stride * rows).prop_map(move |data| Bitmap {
                stride,
                rows,
                data,
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Whatever the picture: no real-time command is in it, and it is that picture but for the
        /// dots that break one.
        #[test]
        fn no_picture_holds_a_real_time_command(bitmap in bitmap()) {
            for images in [Images::Raster, Images::Graphics, Images::Columns] {
                let mut bytes = Vec::new();
                bitmap.print(images, &mut bytes);
                prop_assert!(!bytes.windows(2).any(real_time), "{images:?}");
                let mut added = 0;
                for (y, row) in read(&bytes).iter().enumerate() {
                    for (x, dot) in row.iter().enumerate() {
                        prop_assert!(*dot || !bitmap.get(x, y), "a dot is missing");
                        added += usize::from(*dot != bitmap.get(x, y));
                    }
                }
                // Two bytes are needed for each, and every one adds a dot.
                prop_assert!(added <= bitmap.data.len() / 2 + 1);
            }
        }
    }

    #[test]
    fn lengths_are_no_real_time_command_either() {
        // Such as 0510, which is 10 + 51 rows of 6 bytes and many more: every width, some heights.
        for width in (8..=1000).step_by(8) {
            for rows in [48, 51, 52, 53, 64, 94, 95, BAND_ROWS] {
                let mut bytes = Vec::new();
                Bitmap::new(width, rows).print(Images::Graphics, &mut bytes);
                assert!(!bytes.windows(2).any(real_time), "{width} by {rows}");
            }
        }
    }

    #[test]
    fn empty_edges_are_cut_away() {
        let mut bitmap = Bitmap::new(64, 40);
        bitmap.set(9, 10);
        bitmap.set(17, 12);
        bitmap.set(999, 1);
        bitmap.set(1, 999);
        let cropped = bitmap.cropped(2);
        assert_eq!((cropped.stride, cropped.rows), (3, 5));
        assert!(cropped.get(9, 0) && cropped.get(17, 2) && !cropped.get(17, 3));
        assert_eq!(Bitmap::new(64, 40).cropped(0).rows(), 0);
        let mut bytes = Vec::new();
        Bitmap::new(64, 40)
            .cropped(0)
            .print(Images::Raster, &mut bytes);
        assert_eq!(bytes, b"");
    }
}
