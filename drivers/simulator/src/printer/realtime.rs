//! Commands that are carried out when they arrive, whatever they stand in: also while the printer
//! is offline, also in the middle of an image.
//!
//! Source: Epson's pages for `DLE EOT`, `DLE ENQ` and `DLE DC4`.

/// The clearing command: `DLE DC4`, function 8, with its fixed parameters.
const CLEAR: [u8; 10] = [0x10, 0x14, 8, 1, 3, 20, 1, 6, 2, 8];

/// A real-time command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Realtime {
    /// `DLE EOT n`
    Status(u8),
    /// `DLE ENQ 1`: go on after an error.
    Recover,
    /// `DLE ENQ 2`: go on after an error, without what waits.
    RecoverEmpty,
    /// `DLE DC4 1`: the drawer, and the time in units of 100 ms.
    Drawer { connector: u8, time: u8 },
    /// `DLE DC4 8`: drop what waits.
    Clear,
}

/// The last bytes received.
#[derive(Debug, Default)]
pub(super) struct Recent(u128);

impl Recent {
    /// Gives the command that ends with this byte, if one does.
    pub(super) fn push(&mut self, byte: u8) -> Option<Realtime> {
        self.0 = self.0 << 8 | u128::from(byte);
        match self.0.to_be_bytes() {
            [.., 0x10, 0x04, n @ 1..=4] => Some(Realtime::Status(n)),
            [.., 0x10, 0x05, 1] => Some(Realtime::Recover),
            [.., 0x10, 0x05, 2] => Some(Realtime::RecoverEmpty),
            [.., 0x10, 0x14, 1, connector @ 0..=1, time @ 1..=8] => {
                Some(Realtime::Drawer { connector, time })
            }
            last if last.ends_with(&CLEAR) => Some(Realtime::Clear),
            _ => None,
        }
    }
}
