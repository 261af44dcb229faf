//! What a printer is like while nothing is wrong with it.

use std::{str::FromStr, time::Duration};

use super::CodePages;

/// How a printer on a serial line says that it takes no more, because its buffer is nearly full or it
/// is offline. What comes all the same is lost when the buffer is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handshake {
    /// Not at all.
    None,
    /// By its DTR line, which the cable leads to the till's DSR or CTS:
    /// [`Printer::is_ready`](super::Printer::is_ready).
    DtrDsr,
    /// By the bytes XOFF (13) and XON (11).
    XonXoff,
}

impl FromStr for Handshake {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::None),
            "dtr-dsr" => Ok(Self::DtrDsr),
            "xon-xoff" => Ok(Self::XonXoff),
            _ => Err("write none, dtr-dsr or xon-xoff".to_owned()),
        }
    }
}

/// A model of printer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Characters of its normal font on a line: 48 on 80 mm paper, 32 on 58 mm.
    pub columns: usize,
    /// What the numbers of `ESC t` stand for.
    pub code_pages: CodePages,
    /// A clone that stays in its first code page, whatever `ESC t` says.
    pub ignores_code_pages: bool,
    /// A clone that takes two high bytes for one Chinese character until `FS .` comes, and again
    /// after `ESC @`.
    pub kanji: bool,
    /// Whether it has a cutter. Without one, `GS V` is without effect.
    pub cutter: bool,
    /// Whether it sees the end of the roll come near. Without the sensor, an empty roll is told by
    /// the bits for its end alone.
    pub near_end_sensor: bool,
    /// Whether it answers `GS ( H`, as Epson's newer models do.
    pub process_id: bool,
    /// How fast it prints, in millimetres a second; at once when there is no such number.
    pub speed: Option<u32>,
    /// Bytes that can wait to be printed. Served, it takes no more; else they are lost, as
    /// without flow control.
    pub buffer: usize,
    /// How it says that it has no room, on a serial line. Without it, it takes no more than it has room
    /// for, as over TCP and USB.
    pub handshake: Option<Handshake>,
    /// After such a pause a hand tears off what hangs out.
    pub tear_after: Option<Duration>,
}

impl Options {
    /// A common printer with `columns` of its normal font.
    pub fn with_columns(columns: usize) -> Self {
        Self {
            columns,
            code_pages: CodePages::epson(),
            ignores_code_pages: false,
            kanji: false,
            cutter: true,
            near_end_sensor: true,
            process_id: true,
            speed: None,
            buffer: 1 << 20,
            handshake: None,
            tear_after: None,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::with_columns(48)
    }
}
