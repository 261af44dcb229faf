//! QR codes: by the printer where it makes them itself, else as dots.

use qrcode::{Color, EcLevel, QrCode};

use super::{Profile, raster::Bitmap};

/// Longest content, in bytes. Longer ones are too dense for a receipt, and a length of 0410 would
/// be a real-time command.
pub(super) const BYTES: usize = 1000;
/// Dots of a code that a telephone reads well, about three centimetres.
const USUAL_DOTS: usize = 240;
/// Dots of a module: fewer cannot be read, more waste paper.
const MODULE_DOTS: std::ops::RangeInclusive<usize> = 3..=8;

/// Bytes that each version holds at error correction M (ISO/IEC 18004, table 7), up to [`BYTES`].
const CAPACITY: [usize; 26] = [
    14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560, 624, 666,
    711, 779, 857, 911, 997, 1059,
];

/// Writes what prints a code, at the beginning of a line; `false` when it does not fit, and nothing
/// is written.
pub(super) fn print(data: &str, profile: &Profile, out: &mut Vec<u8>) -> bool {
    let Some(version) = CAPACITY.iter().position(|bytes| data.len() <= *bytes) else {
        return false;
    };
    let modules = 21 + 4 * version;
    let (least, most) = (*MODULE_DOTS.start(), *MODULE_DOTS.end());
    let size = (USUAL_DOTS / modules).clamp(least, most);
    if data.is_empty() || data.len() > BYTES || modules * size > usize::from(profile.dots) {
        return false;
    }
    if profile.qr {
        native(data, size, out);
        return true;
    }
    picture(data, size).is_some_and(|bitmap| {
        bitmap.print(profile.images, out);
        profile.images != super::Images::None
    })
}

/// `GS ( k`: functions 165 (model 2), 167 (size), 169 (error correction M), 180 (the content) and
/// 181 (print).
fn native(data: &str, size: usize, out: &mut Vec<u8>) {
    out.extend(b"\x1d(k\x04\0\x31\x41\x32\0");
    out.extend(b"\x1d(k\x03\0\x31\x43");
    out.extend(u8::try_from(size));
    out.extend(b"\x1d(k\x03\0\x31\x45\x31");
    out.extend(b"\x1d(k");
    out.extend(
        u16::try_from(data.len() + 3)
            .unwrap_or(u16::MAX)
            .to_le_bytes(),
    );
    out.extend(b"\x31\x50\x30");
    out.extend(data.as_bytes());
    out.extend(b"\x1d(k\x03\0\x31\x51\x30");
}

fn picture(data: &str, size: usize) -> Option<Bitmap> {
    let code = QrCode::with_error_correction_level(data, EcLevel::M).ok()?;
    let width = code.width();
    let mut bitmap = Bitmap::new(width * size, width * size);
    for (place, color) in code.to_colors().into_iter().enumerate() {
        let (left, top) = (place % width * size, place / width * size);
        for dot in (0..size * size).filter(|_| color == Color::Dark) {
            bitmap.set(left + dot % size, top + dot / size);
        }
    }
    Some(bitmap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_capacities_are_those_of_the_standard() {
        // Each takes a while, so some of all sizes.
        for (version, bytes) in CAPACITY.iter().enumerate().step_by(5) {
            // Small letters are neither numbers nor the letters that are packed tighter.
            let width = |length: usize| {
                let data = "a".repeat(length);
                QrCode::with_error_correction_level(data, EcLevel::M)
                    .unwrap()
                    .width()
            };
            assert_eq!(width(*bytes), 21 + 4 * version);
            assert_eq!(width(*bytes + 1), 25 + 4 * version);
        }
    }

    #[test]
    fn a_native_code_is_model_2_with_correction_m() {
        let mut out = Vec::new();
        assert!(print(
            "https://a.example/1",
            Profile::find("epson-tm-t20iii").unwrap(),
            &mut out
        ));
        assert_eq!(
            out,
            b"\x1d(k\x04\0\x31\x41\x32\0\x1d(k\x03\0\x31\x43\x08\x1d(k\x03\0\x31\x45\x31\
              \x1d(k\x16\0\x31\x50\x30https://a.example/1\x1d(k\x03\0\x31\x51\x30"
        );
    }

    #[test]
    fn what_does_not_fit_is_not_printed() {
        for (profile, length, fits) in [
            ("epson-tm-t20iii", 0, false),
            ("epson-tm-t20iii", 1000, true),
            ("epson-tm-t20iii", 1001, false),
            ("generic-58mm", 999, true),
            ("epson-tm-u220", 20, false),
        ] {
            let mut out = Vec::new();
            let printed = print(
                &"a".repeat(length),
                Profile::find(profile).unwrap(),
                &mut out,
            );
            assert_eq!(
                (printed, out.is_empty()),
                (fits, !fits),
                "{profile} {length}"
            );
        }
    }
}
