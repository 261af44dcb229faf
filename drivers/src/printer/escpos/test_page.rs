//! A page that shows what a printer really does, so that a person can write its profile.

use super::{Cut, Profile, commands::COMMANDS, qr, raster::Bitmap};

/// Letters that tell code pages apart; each page shows those that it has.
const LETTERS: &str = "ÄÖÜäöüß€£éèçñåøŁżşİαΩЖяשم";
/// Bytes that are another character in nearly every page.
const BYTES: [u8; 8] = [0x80, 0x84, 0x9c, 0xa4, 0xb5, 0xd5, 0xe4, 0xf5];
/// Numbers of code pages that are tried, whatever the profile says of them.
const NUMBERS: std::ops::Range<u8> = 0..96;
/// Columns of one number and its bytes.
const CELL: usize = 13;
/// Stands in the QR codes.
const CODE: &str = "https://example.org/desk1-000001";
/// Dots of the picture.
const PICTURE: (usize, usize) = (192, 48);

/// The bytes of a test page: rulers, code pages with their numbers, a QR code by the printer and one in
/// dots, a picture and a cut. It is printed like a receipt, with
/// [`Command::Print`](crate::printer::Command::Print). No drawer opens by it: that has a reason of its own
/// ([`Command::Kick`](crate::printer::Command::Kick)).
pub fn test_page(profile: &Profile) -> Vec<u8> {
    let mut out = COMMANDS.reset.clone();
    // Chinese clones begin in a mode that takes two bytes for a character.
    out.extend(b"\x1c.");
    line(&mut out, &format!("TEST PAGE for {}", profile.name));
    rulers(profile, &mut out);
    pages(profile, &mut out);
    line(&mut out, "QR code by the printer:");
    code(profile, true, &mut out);
    line(&mut out, "The same in dots:");
    code(profile, false, &mut out);
    line(&mut out, "A frame, 24 mm by 6 mm, with a cross:");
    picture().print(profile.images, &mut out);
    line(&mut out, "Now it cuts.");
    match profile.cut {
        Cut::Partial => out.extend(b"\x1dVB\0"),
        Cut::Full => out.extend(&COMMANDS.cut),
        Cut::None => out.extend(b"\n\n\n\n"),
    }
    out
}

fn line(out: &mut Vec<u8>, text: &str) {
    // Names come from files: nothing but what every printer has.
    out.extend(text.bytes().filter(|byte| (0x20..0x7f).contains(byte)));
    out.push(b'\n');
}

/// Each digit is a column; the last one stands at the right edge, or the profile is wrong.
fn rulers(profile: &Profile, out: &mut Vec<u8>) {
    let ruler =
        |columns| (1..=columns).map(|n| char::from(b'0' + u8::try_from(n % 10).unwrap_or(0)));
    line(
        out,
        &format!("{} columns end at the right edge:", profile.columns),
    );
    line(out, &ruler(profile.columns).collect::<String>());
    if let Some(columns) = profile.columns_b {
        line(out, &format!("{columns} columns of font B do too:"));
        out.extend(b"\x1bM\x01");
        line(out, &ruler(columns).collect::<String>());
        out.extend(b"\x1bM\0");
    }
    if let Some(dots) = profile.column_dots {
        let last = profile.columns.saturating_sub(1) * usize::from(dots);
        line(out, "So does this X, placed by dots:");
        out.extend(b"\x1b$");
        out.extend(u16::try_from(last).unwrap_or(0).to_le_bytes());
        line(out, "X");
    }
}

fn pages(profile: &Profile, out: &mut Vec<u8>) {
    line(out, "Code pages of the profile:");
    for (page, number) in &profile.pages {
        out.extend([0x1b, b't', *number]);
        out.extend(format!("{number:3} {:11} ", page.name()).bytes());
        out.extend(LETTERS.chars().filter_map(|letter| page.byte(letter)));
        out.push(b'\n');
    }
    line(out, "Bytes 80 84 9C A4 B5 D5 E4 F5 by ESC t:");
    let across = (profile.columns / CELL).max(1);
    for number in NUMBERS {
        out.extend([0x1b, b't', number]);
        out.extend(format!("{number:3} ").bytes());
        out.extend(BYTES);
        out.push(if (usize::from(number) + 1).is_multiple_of(across) {
            b'\n'
        } else {
            b' '
        });
    }
    out.extend(b"\x1bt\0\n");
}

fn code(profile: &Profile, native: bool, out: &mut Vec<u8>) {
    let profile = Profile {
        qr: native,
        ..profile.clone()
    };
    if !qr::print(CODE, &profile, out) {
        line(out, "(not by this profile)");
    }
    out.push(b'\n');
}

fn picture() -> Bitmap {
    let (width, height) = PICTURE;
    let mut bitmap = Bitmap::new(width, height);
    for x in 0..width {
        for y in [
            0,
            height - 1,
            x * height / width,
            height - 1 - x * height / width,
        ] {
            bitmap.set(x, y);
        }
    }
    for y in 0..height {
        bitmap.set(0, y);
        bitmap.set(width - 1, y);
    }
    bitmap
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(bytes: &[u8], part: &[u8]) -> bool {
        bytes.windows(part.len()).any(|window| window == part)
    }

    /// Everything that a person has to see, on every profile, and no real-time command in it.
    #[test]
    fn every_profile_has_its_page() {
        for profile in Profile::names().filter_map(Profile::find) {
            let page = test_page(profile);
            let name = &profile.name;
            for (_, number) in &profile.pages {
                let shown = [b"\x1bt", &[*number][..], format!("{number:3} ").as_bytes()].concat();
                assert!(contains(&page, &shown), "{name}: {number}");
            }
            assert!(contains(&page, b"\x1d(k\x04\0\x31\x41\x32\0"), "{name}");
            let ruler = b"1234567890".repeat(4);
            let ruler = ruler.get(..profile.columns.min(40)).unwrap();
            assert!(contains(&page, ruler), "{name}");
            for command in [b"\x10\x04", b"\x10\x05", b"\x10\x14"] {
                assert!(!contains(&page, command), "{name}");
            }
            assert!(
                !contains(&page, b"\x1bp"),
                "{name}: nobody asked for the drawer"
            );
        }
    }
}
