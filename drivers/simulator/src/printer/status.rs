//! What a printer says of itself: the status bytes of `DLE EOT`, `GS a` and `GS r`.
//!
//! Source: Epson's pages for these commands; every bit is the one named there.

/// What is the matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) paper_out: bool,
    pub(super) near_end: bool,
    /// There is no sensor for that.
    pub(super) near_end_unseen: bool,
    pub(super) cover_open: bool,
    pub(super) cutter_jam: bool,
    pub(super) hot_head: bool,
    pub(super) broken: bool,
    pub(super) held: bool,
    pub(super) drawer_open: bool,
}

fn bits(base: u8, set: &[(bool, u8)]) -> u8 {
    let on = set.iter().filter(|(on, _)| *on);
    on.fold(base, |byte, (_, bit)| byte | bit)
}

impl Condition {
    /// Does not print now.
    pub(super) fn offline(self) -> bool {
        self.paper_out || self.cover_open || self.error() || self.held
    }

    fn near_end_seen(self) -> bool {
        !self.near_end_unseen && (self.near_end || self.paper_out)
    }

    fn error(self) -> bool {
        self.cutter_jam || self.hot_head || self.broken
    }

    /// The answer to `DLE EOT n`; none for what this printer does not have.
    pub(super) fn realtime(self, n: u8) -> Option<u8> {
        // Bits 1 and 4 are always set.
        let fixed = 0x12;
        let set: &[_] = match n {
            1 => &[(!self.drawer_open, 0x04), (self.offline(), 0x08)],
            2 => &[
                (self.cover_open, 0x04),
                (self.paper_out, 0x20),
                (self.error(), 0x40),
            ],
            3 => &self.errors(),
            4 => &[(self.near_end_seen(), 0x0C), (self.paper_out, 0x60)],
            _ => return None,
        };
        Some(bits(fixed, set))
    }

    /// The four bytes of automatic status back.
    pub(super) fn automatic(self) -> [u8; 4] {
        let first = [
            (!self.drawer_open, 0x04),
            (self.offline(), 0x08),
            (self.cover_open, 0x20),
        ];
        [bits(0x10, &first), bits(0, &self.errors()), self.paper(), 0]
    }

    /// The answer to `GS r 1`, and the third byte of automatic status back.
    pub(super) fn paper(self) -> u8 {
        bits(0, &[(self.near_end_seen(), 0x03), (self.paper_out, 0x0C)])
    }

    /// The answer to `GS r 2`: the drawer's contact, high as with no drawer there.
    pub(super) fn drawer(self) -> u8 {
        u8::from(!self.drawer_open)
    }

    /// The same bits stand in `DLE EOT 3` and in the second byte of automatic status back.
    fn errors(self) -> [(bool, u8); 3] {
        [
            (self.cutter_jam, 0x08),
            (self.broken, 0x20),
            (self.hot_head, 0x40),
        ]
    }
}

/// Automatic status back: `GS a n` says of which changes the printer tells.
#[derive(Debug, Default)]
pub(super) struct Automatic {
    /// The bits of the four bytes whose change is told.
    watched: [u8; 4],
    told: [u8; 4],
}

impl Automatic {
    /// `GS a n`. Gives what is said at once.
    pub(super) fn enable(&mut self, n: u8, condition: Condition) -> Option<[u8; 4]> {
        let groups: [(u8, [u8; 4]); 5] = [
            (0x01, [0x04, 0, 0, 0]),
            (0x02, [0x28, 0, 0, 0]),
            (0x04, [0, 0x68, 0, 0]),
            (0x08, [0, 0, 0x0F, 0]),
            // The panel's button, which nobody presses here.
            (0x40, [0x40, 0x02, 0, 0]),
        ];
        self.watched = [0; 4];
        for (_, mask) in groups.into_iter().filter(|(bit, _)| n & bit != 0) {
            for (watched, bits) in self.watched.iter_mut().zip(mask) {
                *watched |= bits;
            }
        }
        self.told = condition.automatic();
        (self.watched != [0; 4]).then_some(self.told)
    }

    /// Gives what is to be said when something changed that is watched.
    pub(super) fn change(&mut self, condition: Condition) -> Option<[u8; 4]> {
        let now = condition.automatic();
        let pairs = now.iter().zip(self.told).zip(self.watched);
        let changed = pairs
            .clone()
            .any(|((now, told), watched)| (now ^ told) & watched != 0);
        changed.then(|| {
            self.told = now;
            now
        })
    }
}
