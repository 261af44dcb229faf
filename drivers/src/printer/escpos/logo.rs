//! A logo: a picture in shades of grey, as dots.
//!
//! Where the printer can keep it, its dots go there once ([`store`]), and each receipt has the
//! command that prints them only. Else they go with each receipt.

use payment::receipt::Picture;

use super::{
    Profile,
    raster::{self, Bitmap},
};

/// Most rows: five centimetres of paper. A higher picture is made smaller.
const ROWS: usize = 400;
/// Black is 0, white is 255.
const WHITE: i32 = 255;
const MIDDLE: i32 = 128;

/// What puts a logo into the printer's memory, in the place of the one before; none where the
/// printer cannot keep it, or there is nothing to keep.
///
/// A printer writes it to a memory that lasts through years, but not through thousands of writes: it
/// is sent once, not with each receipt.
pub fn store(logo: &Picture, profile: &Profile) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    if profile.logo_memory {
        dots(logo, profile).store(&mut out);
    }
    (!out.is_empty()).then_some(out)
}

/// Writes what prints it, at the beginning of a line.
pub(super) fn print(logo: &Picture, profile: &Profile, out: &mut Vec<u8>) {
    if profile.logo_memory {
        raster::print_stored(out);
    } else {
        dots(logo, profile).print(profile.images, out);
    }
}

/// As large as it is, but no larger than the paper. Shades become patterns of dots (the error
/// diffusion of Floyd and Steinberg).
fn dots(logo: &Picture, profile: &Profile) -> Bitmap {
    let (width, height) = fitted(logo, usize::from(profile.dots));
    let mut bitmap = Bitmap::new(width, height);
    // The errors that this row and the next one inherit, with a place at each edge.
    let mut here = vec![0; width + 2];
    for y in 0..height {
        let mut below = vec![0; width + 2];
        for x in 0..width {
            let wanted = shade(logo, (x, width), (y, height)) + at(&here, x + 1) / 16;
            let black = wanted < MIDDLE;
            if black {
                bitmap.set(x, y);
            }
            let error = wanted - if black { 0 } else { WHITE };
            for (row, place, part) in [(0, x + 2, 7), (1, x, 3), (1, x + 1, 5), (1, x + 2, 1)] {
                let row = if row == 0 { &mut here } else { &mut below };
                if let Some(sum) = row.get_mut(place) {
                    *sum += error * part;
                }
            }
        }
        here = below;
    }
    bitmap
}

fn at(row: &[i32], place: usize) -> i32 {
    row.get(place).copied().unwrap_or(0)
}

fn fitted(logo: &Picture, dots: usize) -> (usize, usize) {
    let (mut width, mut height) = (logo.width(), logo.height());
    if width > dots {
        (width, height) = (dots, height * dots / width);
    }
    if height > ROWS {
        (width, height) = (width * ROWS / height, ROWS);
    }
    (width.max(1), height.max(1))
}

/// The mean shade of what becomes one dot: its place of so many, across and down.
fn shade(logo: &Picture, across: (usize, usize), down: (usize, usize)) -> i32 {
    let part = |(place, all): (usize, usize), size: usize| {
        let start = place * size / all;
        start..((place + 1) * size / all).max(start + 1)
    };
    let (columns, rows) = (part(across, logo.width()), part(down, logo.height()));
    let count = columns.len() * rows.len();
    let all = rows.flat_map(|y| columns.clone().map(move |x| (x, y)));
    let sum: usize = all.map(|(x, y)| usize::from(logo.shade(x, y))).sum();
    i32::try_from(sum / count).unwrap_or(WHITE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn picture(width: usize, height: usize, shade: impl Fn(usize, usize) -> u8) -> Picture {
        let shades = (0..width * height).map(|at| shade(at % width, at / width));
        Picture::new(width, shades.collect()).unwrap()
    }

    fn profile(name: &str) -> &'static Profile {
        Profile::find(name).unwrap()
    }

    fn black(bitmap: &Bitmap, width: usize) -> usize {
        let all = (0..bitmap.rows()).flat_map(|y| (0..width).map(move |x| (x, y)));
        all.filter(|(x, y)| bitmap.get(*x, *y)).count()
    }

    #[test]
    fn lines_stay_lines_and_shades_become_patterns() {
        let wedge = picture(16, 16, |x, y| if x <= y { 0 } else { 255 });
        let bitmap = dots(&wedge, profile("generic-58mm"));
        for (x, y) in (0..16).flat_map(|y| (0..16).map(move |x| (x, y))) {
            assert_eq!(bitmap.get(x, y), x <= y, "{x} {y}");
        }
        for (shade, least, most) in [
            (0, 4096, 4096),
            (64, 2950, 3200),
            (192, 900, 1100),
            (255, 0, 0),
        ] {
            let bitmap = dots(&picture(64, 64, |_, _| shade), profile("generic-58mm"));
            let count = black(&bitmap, 64);
            assert!((least..=most).contains(&count), "{shade}: {count}");
        }
    }

    #[test]
    fn what_is_too_large_is_made_smaller_in_its_proportions() {
        for (width, height, expected) in [
            (10, 20, (10, 20)),
            (384, 400, (384, 400)),
            (768, 100, (384, 50)),
            (2000, 1, (384, 1)),
            (100, 2000, (20, 400)),
            (1, 2000, (1, 400)),
            (2000, 2000, (384, 384)),
        ] {
            assert_eq!(fitted(&picture(width, height, |_, _| 0), 384), expected);
        }
    }

    #[test]
    fn only_a_printer_with_a_memory_is_sent_it_once() {
        let logo = picture(8, 2, |_, _| 0);
        let epson = profile("epson-tm-l90");
        // GS ( L: functions 67, define, and 69, print.
        let stored = b"\x1d(L\x0d\0\x30\x43\x30tl\x01\x08\0\x02\0\x31\xff\xff";
        assert_eq!(store(&logo, epson).unwrap(), stored);
        let mut out = Vec::new();
        print(&logo, epson, &mut out);
        assert_eq!(out, b"\x1d(L\x06\0\x30\x45tl\x01\x01");

        let clone = profile("generic-58mm");
        assert_eq!(store(&logo, clone), None);
        let mut out = Vec::new();
        print(&logo, clone, &mut out);
        assert_eq!(out, b"\x1dv0\0\x01\0\x02\0\xff\xff");
    }

    proptest! {
        /// Also what is kept in the printer's memory passes the wire once.
        #[test]
        fn no_logo_has_a_real_time_command_in_it(
            width in 1..40_usize,
            shades in prop::collection::vec(prop::sample::select(vec![0_u8, 255]), 1..4000),
        ) {
            let rows = shades.len() / width;
            prop_assume!(rows > 0);
            let logo = Picture::new(width, shades[..rows * width].to_vec()).unwrap();
            let mut sent = store(&logo, profile("epson-tm-l90")).unwrap();
            print(&logo, profile("generic-58mm"), &mut sent);
            for two in sent.windows(2) {
                prop_assert!(!matches!(two, [0x10, 0x04 | 0x05 | 0x14]), "{two:x?}");
            }
        }
    }
}
