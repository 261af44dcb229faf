//! What a printer says of itself: the status bytes of `DLE EOT`, `GS a` and `GS r`.
//!
//! Source: Epson's pages for these commands; every bit is the one named there.

/// What is the matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) paper_out: bool,
    pub(super) near_end: bool,
    pub(super) cover_open: bool,
    pub(super) cutter_jam: bool,
    pub(super) held: bool,
}

fn bits(base: u8, set: &[(bool, u8)]) -> u8 {
    let on = set.iter().filter(|(on, _)| *on);
    on.fold(base, |byte, (_, bit)| byte | bit)
}

impl Condition {
    /// Does not print now.
    pub(super) fn offline(self) -> bool {
        self.paper_out || self.cover_open || self.cutter_jam || self.held
    }

    /// The answer to `DLE EOT n`; none for what this printer does not have.
    pub(super) fn realtime(self, n: u8) -> Option<u8> {
        // Bits 1 and 4 are always set.
        let fixed = 0x12;
        Some(match n {
            // Bit 2: the drawer's contact is high, as with no drawer there.
            1 => bits(fixed | 0x04, &[(self.offline(), 0x08)]),
            2 => bits(
                fixed,
                &[
                    (self.cover_open, 0x04),
                    (self.paper_out, 0x20),
                    (self.cutter_jam, 0x40),
                ],
            ),
            3 => bits(fixed, &[(self.cutter_jam, 0x08)]),
            4 => bits(
                fixed,
                &[
                    (self.near_end || self.paper_out, 0x0C),
                    (self.paper_out, 0x60),
                ],
            ),
            _ => return None,
        })
    }

    /// The four bytes of automatic status back.
    pub(super) fn automatic(self) -> [u8; 4] {
        [
            bits(0x14, &[(self.offline(), 0x08), (self.cover_open, 0x20)]),
            bits(0, &[(self.cutter_jam, 0x08)]),
            self.paper(),
            0,
        ]
    }

    /// The answer to `GS r 1`, and the third byte of automatic status back.
    pub(super) fn paper(self) -> u8 {
        bits(
            0,
            &[
                (self.near_end || self.paper_out, 0x03),
                (self.paper_out, 0x0C),
            ],
        )
    }
}
