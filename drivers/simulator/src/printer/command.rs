//! Cuts a stream of ESC/POS bytes into commands. Knows lengths; does nothing.
//!
//! Source: Epson's ESC/POS command reference, one page for each command.

/// What a piece of the stream asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command<'a> {
    Character(u8),
    LineFeed,
    Tab,
    Reset,
    CodePage(u8),
    Align(u8),
    Font(u8),
    /// `ESC !`: font, emphasis and size in one.
    Mode(u8),
    /// `GS !`: width in the high nibble, height in the low one.
    Size(u8),
    FeedLines(u8),
    /// `ESC $`: dots from the left margin.
    Position(u16),
    Cut,
    Drawer,
    QrStore(&'a [u8]),
    QrPrint,
    Barcode(&'a [u8]),
    Image {
        dots: u32,
        rows: u32,
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

/// The first command of `bytes` and its length; `None` when more bytes must come first.
pub(super) fn first(bytes: &[u8]) -> Option<(Command<'_>, usize)> {
    match *bytes.first()? {
        0x09 => Some((Command::Tab, 1)),
        0x0A => Some((Command::LineFeed, 1)),
        0x10 => realtime(bytes),
        0x1B => escape(bytes),
        0x1C => fs(bytes),
        0x1D => group(bytes),
        control if control < 0x20 || control == 0x7F => Some((Command::Nothing, 1)),
        character => Some((Command::Character(character), 1)),
    }
}

fn byte(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).copied()
}

/// A length or a position: two bytes, low first.
fn word(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(byte(bytes, at)?) + 256 * usize::from(byte(bytes, at + 1)?))
}

/// Without an effect, `length` bytes in all.
fn nothing(bytes: &[u8], length: usize) -> Option<(Command<'_>, usize)> {
    (bytes.len() >= length).then_some((Command::Nothing, length))
}

/// Without an effect, up to a NUL.
fn nothing_to_nul(bytes: &[u8], from: usize) -> Option<(Command<'_>, usize)> {
    let end = bytes.iter().skip(from).position(|b| *b == 0)?;
    Some((Command::Nothing, from + end + 1))
}

/// Real-time commands were carried out when they arrived; here they only take their place.
fn realtime(bytes: &[u8]) -> Option<(Command<'_>, usize)> {
    match (byte(bytes, 1)?, byte(bytes, 2)) {
        (0x04, Some(7 | 8 | 18)) => nothing(bytes, 4),
        (0x04 | 0x05, _) => nothing(bytes, 3),
        (0x14, None) => None,
        (0x14, Some(8)) => nothing(bytes, 10),
        (0x14, Some(_)) => nothing(bytes, 5),
        _ => nothing(bytes, 1),
    }
}

fn escape(bytes: &[u8]) -> Option<(Command<'_>, usize)> {
    let code = byte(bytes, 1)?;
    match code {
        b'@' => return Some((Command::Reset, 2)),
        b'i' | b'm' => return Some((Command::Cut, 2)),
        b'2' | b'L' | b'S' | b'<' | 0x0C => return nothing(bytes, 2),
        b'$' => {
            let dots = u16::try_from(word(bytes, 2)?).unwrap_or(u16::MAX);
            return Some((Command::Position(dots), 4));
        }
        b'\\' | b'c' | b'B' => return nothing(bytes, 4),
        b'p' => return (bytes.len() >= 5).then_some((Command::Drawer, 5)),
        b'W' => return nothing(bytes, 10),
        b'D' => return nothing_to_nul(bytes, 2),
        b'*' => {
            let columns = word(bytes, 3)?;
            let deep = byte(bytes, 2)? >= 32;
            let length = 5 + columns * if deep { 3 } else { 1 };
            return (bytes.len() >= length).then_some((
                Command::Image {
                    dots: u32::try_from(columns).unwrap_or(u32::MAX),
                    rows: if deep { 24 } else { 8 },
                },
                length,
            ));
        }
        _ => {}
    }
    // All others take one byte.
    let n = byte(bytes, 2)?;
    let command = match code {
        b't' => Command::CodePage(n),
        b'a' => Command::Align(n),
        b'M' => Command::Font(n),
        b'!' => Command::Mode(n),
        b'd' => Command::FeedLines(n),
        b'J' => Command::FeedLines(u8::from(n > 0)),
        _ => Command::Nothing,
    };
    Some((command, 3))
}

fn fs(bytes: &[u8]) -> Option<(Command<'_>, usize)> {
    match byte(bytes, 1)? {
        b'.' | b'&' => nothing(bytes, 2),
        b'S' | b'p' => nothing(bytes, 4),
        b'(' => {
            let length = word(bytes, 3)?;
            nothing(bytes, 5 + length)
        }
        _ => nothing(bytes, 3),
    }
}

fn group(bytes: &[u8]) -> Option<(Command<'_>, usize)> {
    let code = byte(bytes, 1)?;
    match code {
        b':' => return nothing(bytes, 2),
        b'(' => return function(bytes),
        b'8' => {
            let length = word(bytes, 3)? + 65_536 * word(bytes, 5)?;
            return nothing(bytes, 7 + length);
        }
        b'v' => {
            let (across, rows) = (word(bytes, 4)?, word(bytes, 6)?);
            let length = 8 + across * rows;
            return (bytes.len() >= length).then_some((
                Command::Image {
                    dots: u32::try_from(across * 8).unwrap_or(u32::MAX),
                    rows: u32::try_from(rows).unwrap_or(u32::MAX),
                },
                length,
            ));
        }
        b'*' => {
            let area = usize::from(byte(bytes, 2)?) * usize::from(byte(bytes, 3)?);
            return nothing(bytes, 4 + area * 8);
        }
        b'k' => return barcode(bytes),
        b'L' | b'W' | b'P' | b'\\' | b'$' => return nothing(bytes, 4),
        b'^' => return nothing(bytes, 5),
        _ => {}
    }
    let n = byte(bytes, 2)?;
    let command = match code {
        b'V' if n >= 65 => return (bytes.len() >= 4).then_some((Command::Cut, 4)),
        b'V' => Command::Cut,
        b'!' => Command::Size(n),
        b'r' => Command::Status(n),
        b'a' => Command::AutoStatus(n),
        b'I' => Command::Identify(n),
        _ => Command::Nothing,
    };
    Some((command, 3))
}

/// `GS k`: up to a NUL with the old kinds, with a length byte with the new ones.
fn barcode(bytes: &[u8]) -> Option<(Command<'_>, usize)> {
    let (from, to, length) = if byte(bytes, 2)? < 65 {
        let (_, length) = nothing_to_nul(bytes, 3)?;
        (3, length - 1, length)
    } else {
        let length = 4 + usize::from(byte(bytes, 3)?);
        (4, length, length)
    };
    let data = bytes.get(from..to)?;
    Some((Command::Barcode(data), length))
}

/// `GS (`: a letter, a length, and that many bytes.
fn function(bytes: &[u8]) -> Option<(Command<'_>, usize)> {
    let length = 5 + word(bytes, 3)?;
    let body = bytes.get(5..length)?;
    let command = match (byte(bytes, 2)?, body) {
        // cn 49 is QR: fn 80 stores with m 48 before the data, fn 81 prints.
        (b'k', [49, 80, _, data @ ..]) => Command::QrStore(data),
        (b'k', [49, 81, ..]) => Command::QrPrint,
        (b'H', [48, _, id @ ..]) if id.len() == 4 => Command::ProcessId(id),
        // fn 2 and 50 print what was stored.
        (b'L', [48, 2 | 50, ..]) => Command::Image { dots: 0, rows: 0 },
        _ => Command::Nothing,
    };
    Some((command, length))
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
            assert_eq!(first(bytes).map(|(_, n)| n), Some(length), "{bytes:02X?}");
            for cut in 0..length {
                let part = bytes.get(..cut).unwrap();
                assert_eq!(first(part), None, "{part:02X?} is not whole");
            }
        }
    }
}
