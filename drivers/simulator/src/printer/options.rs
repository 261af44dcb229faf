//! What a printer is like while nothing is wrong with it.

use super::CodePages;

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
    /// Bytes that can wait to be printed; what comes on top is lost, as without flow control.
    pub buffer: usize,
}

impl Options {
    /// A common printer with `columns` of its normal font.
    pub fn with_columns(columns: usize) -> Self {
        Self {
            columns,
            code_pages: CodePages::epson(),
            ignores_code_pages: false,
            kanji: false,
            buffer: 1 << 20,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::with_columns(48)
    }
}
