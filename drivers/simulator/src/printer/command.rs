//! Cuts a stream of ESC/POS bytes into commands. Knows lengths; does nothing.
//!
//! Source: Epson's ESC/POS command reference, one page for each command. Page mode is not known:
//! what is printed in it comes out as in standard mode.

use super::paper::Cut;

/// What a piece of the stream asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command<'a> {
    /// Something for the head and the paper.
    Print(Print<'a>),
    Reset,
    /// `ESC p`: which drawer, and the times in units of 2 ms.
    Drawer {
        connector: u8,
        on: u8,
        off: u8,
    },
    /// `GS r`: paper (1) or drawer (2) status, in turn with what is printed.
    Status(u8),
    /// `GS a`: automatic status back.
    AutoStatus(u8),
    /// `GS I`: what are you.
    Identify(u8),
    /// `GS ( H` function 48: answer these four bytes when all before is printed.
    ProcessId(&'a [u8]),
    /// Understood, without an effect on what is shown.
    Nothing,
}

/// What a command does to the head and the paper.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Print<'a> {
    Character(u8),
    LineFeed,
    FeedLines(u8),
    FeedDots(u8),
    Tab,
    /// `ESC D`: columns from the left margin.
    TabStops(&'a [u8]),
    CodePage(u8),
    Kanji(bool),
    Align(u8),
    Font(u8),
    /// `ESC !`: font, emphasis and size in one.
    Mode(u8),
    /// `GS !`: width in the high nibble, height in the low one.
    Size(u8),
    Bold(bool),
    Underline(u8),
    Inverse(bool),
    /// `ESC SP`: dots between characters.
    Gap(u8),
    /// `ESC 3` and `ESC 2`: dots from line to line, or as at the beginning.
    Spacing(Option<u8>),
    /// `ESC $`: dots from the left margin.
    Position(u16),
    /// `ESC \`: dots from here.
    Advance(i16),
    /// `GS L`
    Margin(u16),
    /// `GS W`
    Width(u16),
    Cut(Cut),
    /// Feeds so many dots, and cuts.
    CutAfter(Cut, u8),
    /// `GS v 0`: rows of `across` bytes.
    Raster {
        mode: u8,
        across: usize,
        data: &'a [u8],
    },
    /// `ESC *`
    Columns {
        mode: u8,
        data: &'a [u8],
    },
    /// `GS ( L` and `GS 8 L`, from `m` on.
    Graphics(&'a [u8]),
    /// `FS q`
    Number {
        count: u8,
        data: &'a [u8],
    },
    /// `FS p`
    Numbered {
        number: u8,
        mode: u8,
    },
    /// `GS *`
    Download {
        across: u8,
        deep: u8,
        data: &'a [u8],
    },
    /// `GS /`
    Downloaded(u8),
    QrModule(u8),
    QrCorrection(u8),
    QrStore(&'a [u8]),
    Qr,
    BarHeight(u8),
    BarModule(u8),
    Barcode(&'a [u8]),
}

/// A command that has not come in whole: so many bytes it has at least.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Short(pub(super) usize);

type First<'a> = Result<(Command<'a>, usize), Short>;

/// `ESC D` ends after so many stops, also without its NUL.
const TAB_STOPS: usize = 32;
/// A barcode of the old kind ends after so many characters, also without its NUL.
const BARCODE: usize = 255;

/// The first command of `bytes` and its length.
pub(super) fn first(bytes: &[u8]) -> First<'_> {
    match byte(bytes, 0)? {
        0x09 => print(Print::Tab, 1),
        0x0A => print(Print::LineFeed, 1),
        0x10 => realtime(bytes),
        0x1B => escape(bytes),
        0x1C => fs(bytes),
        0x1D => group(bytes),
        control if control < 0x20 || control == 0x7F => Ok((Command::Nothing, 1)),
        character => print(Print::Character(character), 1),
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it ends functions that give `First`"
)]
fn print(what: Print<'_>, length: usize) -> First<'_> {
    Ok((Command::Print(what), length))
}

fn byte(bytes: &[u8], at: usize) -> Result<u8, Short> {
    bytes.get(at).copied().ok_or(Short(at + 1))
}

/// A length or a position: two bytes, low first.
fn word(bytes: &[u8], at: usize) -> Result<u16, Short> {
    Ok(u16::from_le_bytes([byte(bytes, at)?, byte(bytes, at + 1)?]))
}

fn length(bytes: &[u8], at: usize) -> Result<usize, Short> {
    word(bytes, at).map(usize::from)
}

fn part(bytes: &[u8], from: usize, to: usize) -> Result<&[u8], Short> {
    bytes.get(from..to).ok_or(Short(to))
}

/// Without an effect, `length` bytes in all.
fn nothing(bytes: &[u8], length: usize) -> First<'_> {
    part(bytes, 0, length).map(|_| (Command::Nothing, length))
}

/// What stands from a place to a NUL, at most so many bytes, and where the command ends.
fn to_nul(bytes: &[u8], from: usize, most: usize) -> Result<(&[u8], usize), Short> {
    let rest = bytes.get(from..).unwrap_or_default();
    let end = rest.iter().take(most + 1).position(|b| *b == 0);
    match end {
        Some(end) => Ok((part(bytes, from, from + end)?, from + end + 1)),
        None if rest.len() >= most => Ok((part(bytes, from, from + most)?, from + most)),
        None => Err(Short(bytes.len().max(from) + 1)),
    }
}

/// Real-time commands were carried out when they arrived; here they only take their place.
fn realtime(bytes: &[u8]) -> First<'_> {
    match byte(bytes, 1)? {
        0x04 if matches!(byte(bytes, 2)?, 7 | 8 | 18) => nothing(bytes, 4),
        0x04 | 0x05 => nothing(bytes, 3),
        0x14 if byte(bytes, 2)? == 8 => nothing(bytes, 10),
        0x14 => nothing(bytes, 5),
        _ => nothing(bytes, 1),
    }
}

fn escape(bytes: &[u8]) -> First<'_> {
    let code = byte(bytes, 1)?;
    match code {
        b'@' => return Ok((Command::Reset, 2)),
        b'i' | b'm' => return print(Print::Cut(Cut::Partial), 2),
        b'2' => return print(Print::Spacing(None), 2),
        b'L' | b'S' | b'<' | 0x0C => return nothing(bytes, 2),
        b'$' => return print(Print::Position(word(bytes, 2)?), 4),
        b'\\' => return print(Print::Advance(word(bytes, 2)?.cast_signed()), 4),
        b'c' | b'B' => return nothing(bytes, 4),
        b'p' => {
            let (connector, on, off) = (byte(bytes, 2)?, byte(bytes, 3)?, byte(bytes, 4)?);
            return Ok((Command::Drawer { connector, on, off }, 5));
        }
        b'W' => return nothing(bytes, 10),
        b'(' => return nothing(bytes, 5 + length(bytes, 3)?),
        b'&' => return characters(bytes),
        b'D' => {
            let (stops, end) = to_nul(bytes, 2, TAB_STOPS)?;
            return print(Print::TabStops(stops), end);
        }
        b'*' => {
            let (mode, columns) = (byte(bytes, 2)?, length(bytes, 3)?);
            let end = 5 + columns * if mode < 32 { 1 } else { 3 };
            let data = part(bytes, 5, end)?;
            return print(Print::Columns { mode, data }, end);
        }
        _ => {}
    }
    // All others take one byte.
    let n = byte(bytes, 2)?;
    let what = match code {
        b' ' => Print::Gap(n),
        b'!' => Print::Mode(n),
        b'-' => Print::Underline(n & 0x03),
        b'3' => Print::Spacing(Some(n)),
        // Double-strike looks the same as bold.
        b'E' | b'G' => Print::Bold(n & 1 == 1),
        b'J' => Print::FeedDots(n),
        b'M' => Print::Font(n),
        b'a' => Print::Align(n),
        b'd' => Print::FeedLines(n),
        b't' => Print::CodePage(n),
        _ => return Ok((Command::Nothing, 3)),
    };
    print(what, 3)
}

/// `ESC &`: characters of one's own, each with its width.
fn characters(bytes: &[u8]) -> First<'_> {
    let (deep, from, to) = (byte(bytes, 2)?, byte(bytes, 3)?, byte(bytes, 4)?);
    let mut end = 5;
    for _ in from..=to {
        end += 1 + usize::from(byte(bytes, end)?) * usize::from(deep);
    }
    nothing(bytes, end)
}

fn fs(bytes: &[u8]) -> First<'_> {
    match byte(bytes, 1)? {
        b'&' => print(Print::Kanji(true), 2),
        b'.' => print(Print::Kanji(false), 2),
        b'S' => nothing(bytes, 4),
        b'p' => {
            let (number, mode) = (byte(bytes, 2)?, byte(bytes, 3)?);
            print(Print::Numbered { number, mode }, 4)
        }
        b'q' => {
            let count = byte(bytes, 2)?;
            let mut end = 3;
            for _ in 0..count {
                end += 4 + 8 * length(bytes, end)? * length(bytes, end + 2)?;
            }
            let data = part(bytes, 3, end)?;
            print(Print::Number { count, data }, end)
        }
        // FS g 1 writes into the user's memory, and has a length; FS g 2 reads.
        b'g' if byte(bytes, 2)? == b'1' => nothing(bytes, 10 + length(bytes, 8)?),
        b'g' => nothing(bytes, 10),
        b'(' => nothing(bytes, 5 + length(bytes, 3)?),
        _ => nothing(bytes, 3),
    }
}

fn group(bytes: &[u8]) -> First<'_> {
    let code = byte(bytes, 1)?;
    match code {
        b':' => return nothing(bytes, 2),
        b'(' => return function(bytes),
        b'8' => {
            let end = 7 + length(bytes, 3)? + 65_536 * length(bytes, 5)?;
            let body = part(bytes, 7, end)?;
            return match byte(bytes, 2)? {
                b'L' => print(Print::Graphics(body), end),
                _ => nothing(bytes, end),
            };
        }
        b'v' => {
            let (mode, across) = (byte(bytes, 3)?, length(bytes, 4)?);
            let end = 8 + across * length(bytes, 6)?;
            let data = part(bytes, 8, end)?;
            return print(Print::Raster { mode, across, data }, end);
        }
        b'*' => {
            let (across, deep) = (byte(bytes, 2)?, byte(bytes, 3)?);
            let end = 4 + usize::from(across) * usize::from(deep) * 8;
            let data = part(bytes, 4, end)?;
            return print(Print::Download { across, deep, data }, end);
        }
        b'k' => return barcode(bytes),
        b'L' => return print(Print::Margin(word(bytes, 2)?), 4),
        b'W' => return print(Print::Width(word(bytes, 2)?), 4),
        b'P' | b'\\' | b'$' => return nothing(bytes, 4),
        b'^' => return nothing(bytes, 5),
        _ => {}
    }
    let n = byte(bytes, 2)?;
    let what = match code {
        b'!' => Print::Size(n),
        b'/' => Print::Downloaded(n),
        b'B' => Print::Inverse(n & 1 == 1),
        b'V' if n >= 65 => return print(Print::CutAfter(cut(n), byte(bytes, 3)?), 4),
        b'V' => Print::Cut(cut(n)),
        b'h' => Print::BarHeight(n),
        b'w' => Print::BarModule(n),
        b'r' => return Ok((Command::Status(n), 3)),
        b'a' => return Ok((Command::AutoStatus(n), 3)),
        b'I' => return Ok((Command::Identify(n), 3)),
        _ => return Ok((Command::Nothing, 3)),
    };
    print(what, 3)
}

/// `GS V`: the even ones, and “A”, “a” and “g”, cut all the way.
fn cut(n: u8) -> Cut {
    match n {
        0 | 48 | 65 | 97 | 103 => Cut::Full,
        _ => Cut::Partial,
    }
}

/// `GS k`: up to a NUL with the old kinds, with a length byte with the new ones.
fn barcode(bytes: &[u8]) -> First<'_> {
    let (data, end) = if byte(bytes, 2)? < 65 {
        to_nul(bytes, 3, BARCODE)?
    } else {
        let end = 4 + usize::from(byte(bytes, 3)?);
        (part(bytes, 4, end)?, end)
    };
    print(Print::Barcode(data), end)
}

/// `GS (`: a letter, a length, and that many bytes.
fn function(bytes: &[u8]) -> First<'_> {
    let end = 5 + length(bytes, 3)?;
    let body = part(bytes, 5, end)?;
    let what = match (byte(bytes, 2)?, body) {
        // cn 49 is QR: fn 67 and 69 set it up, fn 80 stores with m 48 before the data, 81 prints.
        (b'k', [49, 67, n]) => Print::QrModule(*n),
        (b'k', [49, 69, n]) => Print::QrCorrection(*n),
        (b'k', [49, 80, _, data @ ..]) => Print::QrStore(data),
        (b'k', [49, 81, ..]) => Print::Qr,
        (b'L', body) => Print::Graphics(body),
        (b'H', [48, _, id @ ..]) if id.len() == 4 => return Ok((Command::ProcessId(id), end)),
        _ => return Ok((Command::Nothing, end)),
    };
    print(what, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_end_where_the_manual_says() {
        for (bytes, length) in [
            (&b"\x1b@"[..], 2),
            (b"\x1c.", 2),
            (b"\x1bt\x10", 3),
            (b"\x1bp\0\x19\xfa", 5),
            (b"\x1b$\x40\x01", 4),
            (b"\x1bD\x08\x10\0", 5),
            (b"\x1b*\x21\x02\0abcdef", 11),
            (b"\x1b&\x02AB\x01ab\x02abcd", 13),
            (b"\x1cp\x01\0", 4),
            (b"\x1cq\x01\x01\0\x01\0abcdefgh", 15),
            (b"\x1cg1\0\0\0\0\0\x02\0ab", 12),
            (b"\x1d*\x01\x01abcdefgh", 12),
            (b"\x1d8L\x02\0\0\0\x30\x32", 9),
            (b"\x1dV\x01", 3),
            (b"\x1dV\x42\x00", 4),
            (b"\x1dv0\0\x02\0\x03\0abcdef", 14),
            (b"\x1d(k\x04\x00\x31\x41\x32\x00", 9),
            (b"\x1d(H\x06\x00\x30\x30abcd", 11),
            (b"\x1dk\x04ABC\0", 7),
            (b"\x1dk\x49\x03ABC", 7),
            (b"\x10\x04\x01", 3),
            (b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08", 10),
        ] {
            assert_eq!(first(bytes).map(|(_, n)| n), Ok(length), "{bytes:02X?}");
            for cut in 0..length {
                let part = bytes.get(..cut).unwrap();
                let Err(Short(needed)) = first(part) else {
                    panic!("{part:02X?} is not whole");
                };
                assert!(cut < needed && needed <= length, "{part:02X?}: {needed}");
            }
        }
    }
}
