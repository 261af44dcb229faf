//! Commands that never change, as the `escpos` crate writes them.
//!
//! Each is written once, into memory. The crate is asked for nothing else: it sends what a code
//! page lacks as UTF-8 and some ASCII characters as others, its line feed takes three bytes, its
//! partial cut is a full one, and its drawer pulse has no times.

use std::{cell::RefCell, rc::Rc, sync::LazyLock};

use escpos::{
    driver::Driver,
    errors::Result as Emitted,
    printer::Printer,
    utils::{Font, JustifyMode, Protocol},
};

use payment::receipt::{Align, Style};

/// Commands without arguments of their own.
#[derive(Debug)]
pub(super) struct Commands {
    /// Everything as after switching on.
    pub(super) reset: Vec<u8>,
    /// A full cut, where the paper is.
    pub(super) cut: Vec<u8>,
    left: Vec<u8>,
    centre: Vec<u8>,
    right: Vec<u8>,
    bold: Vec<u8>,
    light: Vec<u8>,
    font_a: Vec<u8>,
    font_b: Vec<u8>,
    /// Wide or not, then high or not.
    sizes: [[Vec<u8>; 2]; 2],
}

pub(super) static COMMANDS: LazyLock<Commands> = LazyLock::new(|| Commands {
    reset: written(Printer::init),
    cut: written(Printer::cut),
    left: written(|printer| printer.justify(JustifyMode::LEFT)),
    centre: written(|printer| printer.justify(JustifyMode::CENTER)),
    right: written(|printer| printer.justify(JustifyMode::RIGHT)),
    bold: written(|printer| printer.bold(true)),
    light: written(|printer| printer.bold(false)),
    font_a: written(|printer| printer.font(Font::A)),
    font_b: written(|printer| printer.font(Font::B)),
    sizes: [1, 2].map(|width| [1, 2].map(|height| written(|printer| printer.size(width, height)))),
});

impl Commands {
    /// Goes from one style to another: only what differs.
    pub(super) fn restyle(&self, before: Style, style: Style, out: &mut Vec<u8>) {
        if style.align != before.align {
            out.extend_from_slice(match style.align {
                Align::Left => &self.left,
                Align::Centre => &self.centre,
                Align::Right => &self.right,
            });
        }
        if style.bold != before.bold {
            out.extend_from_slice(if style.bold { &self.bold } else { &self.light });
        }
        if style.small != before.small {
            out.extend_from_slice(if style.small {
                &self.font_b
            } else {
                &self.font_a
            });
        }
        if (style.wide, style.high) != (before.wide, before.high) {
            let [[usual, high], [wide, both]] = &self.sizes;
            out.extend_from_slice(match (style.wide, style.high) {
                (false, false) => usual,
                (false, true) => high,
                (true, false) => wide,
                (true, true) => both,
            });
        }
    }
}

fn written(emit: impl FnOnce(&mut Printer<Tape>) -> Emitted<&mut Printer<Tape>>) -> Vec<u8> {
    let tape = Tape::default();
    let mut printer = Printer::new(tape.clone(), Protocol::default(), None);
    // The crate refuses sizes outside 1 to 8 only, and none such is asked for.
    if let Err(error) = emit(&mut printer).and_then(|printer| printer.print().map(|_| ())) {
        tracing::error!(%error, "a printer command was left out");
    }
    tape.0.take()
}

/// Where the `escpos` crate writes to: memory.
#[derive(Debug, Clone, Default)]
struct Tape(Rc<RefCell<Vec<u8>>>);

impl Driver for Tape {
    fn name(&self) -> String {
        "tape".to_owned()
    }

    fn write(&self, data: &[u8]) -> Emitted<()> {
        self.0.try_borrow_mut()?.extend_from_slice(data);
        Ok(())
    }

    fn read(&self, _: &mut [u8]) -> Emitted<usize> {
        Ok(0)
    }

    fn flush(&self) -> Emitted<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Epson's reference, by command.
    #[test]
    fn each_is_what_the_reference_says() {
        let all = &*COMMANDS;
        let [[usual, high], [wide, both]] = &all.sizes;
        for (command, expected) in [
            (&all.reset, b"\x1b@".as_slice()),
            (&all.cut, b"\x1dVA\0"),
            (&all.left, b"\x1ba\0"),
            (&all.centre, b"\x1ba\x01"),
            (&all.right, b"\x1ba\x02"),
            (&all.bold, b"\x1bE\x01"),
            (&all.light, b"\x1bE\0"),
            (&all.font_a, b"\x1bM\0"),
            (&all.font_b, b"\x1bM\x01"),
            (usual, b"\x1d!\0"),
            (high, b"\x1d!\x01"),
            (wide, b"\x1d!\x10"),
            (both, b"\x1d!\x11"),
        ] {
            assert_eq!(command, expected);
        }
    }
}
