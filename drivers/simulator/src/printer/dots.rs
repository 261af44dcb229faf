//! A rectangle of dots.

/// Dots in black on white.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dots {
    width: usize,
    height: usize,
    /// Eight dots in a byte, the leftmost in its highest bit; each row begins with a new byte.
    packed: Vec<u8>,
}

impl Dots {
    pub(super) fn white(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            packed: vec![0; width.div_ceil(8) * height],
        }
    }

    /// From rows of packed dots, as images come over the wire. What is missing is white.
    pub(super) fn from_rows(across: usize, rows: usize, data: &[u8], most: usize) -> Self {
        let mut dots = Self::white((across * 8).min(most), rows);
        for (y, row) in data.chunks_exact(across.max(1)).take(rows).enumerate() {
            for x in 0..dots.width {
                if row
                    .get(x / 8)
                    .is_some_and(|byte| byte & (0x80 >> (x % 8)) != 0)
                {
                    dots.blacken(x, y);
                }
            }
        }
        dots
    }

    /// From columns of packed dots, the topmost in the highest bit.
    pub(super) fn from_columns(columns: usize, deep: usize, data: &[u8], most: usize) -> Self {
        let mut dots = Self::white(columns.min(most), deep * 8);
        for (x, column) in data.chunks_exact(deep.max(1)).take(dots.width).enumerate() {
            for y in 0..dots.height {
                if column
                    .get(y / 8)
                    .is_some_and(|byte| byte & (0x80 >> (y % 8)) != 0)
                {
                    dots.blacken(x, y);
                }
            }
        }
        dots
    }

    /// Dots across.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Dots from top to bottom.
    pub fn height(&self) -> usize {
        self.height
    }

    /// What is beyond the edge is white.
    pub fn is_black(&self, x: usize, y: usize) -> bool {
        x < self.width
            && self
                .packed
                .get(self.byte(x, y))
                .is_some_and(|byte| byte & (0x80 >> (x % 8)) != 0)
    }

    /// The rows, eight dots in a byte, a set bit is black.
    pub fn packed(&self) -> &[u8] {
        &self.packed
    }

    fn byte(&self, x: usize, y: usize) -> usize {
        y * self.width.div_ceil(8) + x / 8
    }

    pub(super) fn blacken(&mut self, x: usize, y: usize) {
        let at = self.byte(x, y);
        if let Some(byte) = self.packed.get_mut(at).filter(|_| x < self.width) {
            *byte |= 0x80 >> (x % 8);
        }
    }

    pub(super) fn fill(&mut self, (x, y): (usize, usize), width: usize, height: usize) {
        for y in y..(y + height).min(self.height) {
            for x in x..(x + width).min(self.width) {
                self.blacken(x, y);
            }
        }
    }

    /// Prints others over these; what is beyond the edge is lost.
    pub(super) fn draw(&mut self, other: &Self, (x, y): (usize, usize)) {
        let (stride, from) = (self.width.div_ceil(8), other.width.div_ceil(8));
        if stride == 0 || from == 0 || x >= self.width {
            return;
        }
        // What the last byte of a row has beyond the edge.
        let inside = 0xFF_u8 << (stride * 8 - self.width);
        let rows = self.packed.chunks_exact_mut(stride).skip(y);
        for (row, ink) in rows.zip(other.packed.chunks_exact(from)) {
            let mut carried = 0;
            let places = row.iter_mut().skip(x / 8);
            for (place, byte) in places.zip(ink.iter().chain([&0])) {
                let [high, low] = (u16::from(*byte) << 8 >> (x % 8)).to_be_bytes();
                *place |= carried | high;
                carried = low;
            }
            if let Some(last) = row.last_mut() {
                *last &= inside;
            }
        }
    }

    /// Each dot as so many across and down.
    pub(super) fn magnified(&self, across: usize, down: usize) -> Self {
        if (across, down) == (1, 1) {
            return self.clone();
        }
        let mut dots = Self::white(self.width * across, self.height * down);
        for y in 0..self.height {
            for x in 0..self.width {
                if self.is_black(x, y) {
                    dots.fill((x * across, y * down), across, down);
                }
            }
        }
        dots
    }

    pub(super) fn inverted(&self) -> Self {
        let mut dots = Self::white(self.width, self.height);
        for y in 0..self.height {
            for x in 0..self.width {
                if !self.is_black(x, y) {
                    dots.blacken(x, y);
                }
            }
        }
        dots
    }
}
