//! What comes out for each job, compared dot by dot with the pictures in `golden/`.

use std::{convert::Infallible, fs, io::Cursor, path::Path};

use drivers::{Input, Machine, Mono, Output};
use simulator::printer::{Dots, Options, Printer};

use crate::jobs;

/// The pages of jobs that end in a cut, as text.
pub(crate) fn pages(options: Options, jobs: &[u8]) -> Vec<String> {
    fed(options, jobs).pages().to_vec()
}

/// A good printer of this kind that has got these bytes.
fn fed(options: Options, bytes: &[u8]) -> Printer {
    let mut printer = Printer::with_options(options);
    printer.handle(Mono::default(), Input::<Infallible>::Bytes(bytes));
    while !matches!(printer.poll(), Output::Wait(_)) {}
    printer
}

/// Prints a job that ends in a cut.
fn print(options: Options, job: &[u8]) -> Printer {
    let printer = fed(options, job);
    assert_eq!(
        (printer.papers().len(), printer.uncut()),
        (1, String::new())
    );
    printer
}

/// Compares a printed page with its picture. A new picture is right when a person has looked at
/// it and put it into `golden/`.
pub(crate) fn compare(name: &str, options: Options, job: &[u8]) {
    let printer = print(options, job);
    let paper = printer.papers().first().unwrap();
    let picture = Picture::of(&paper.dots());
    let golden = format!(
        "{}/tests/paper/golden/{name}.png",
        env!("CARGO_MANIFEST_DIR")
    );
    let expected = fs::read(&golden).map(|bytes| Picture::read(&bytes));
    let expected = expected.unwrap_or_default();
    if picture == expected {
        return;
    }
    let new = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.png"));
    fs::write(&new, paper.png().unwrap()).unwrap();
    let mut both = picture.black.iter().zip(&expected.black);
    let first = both.position(|(new, old)| new != old);
    panic!(
        "{name} has {} dots in {} columns, not {} in {}; they differ first at {:?}. The new picture \
         is {}. As text it is:\n{}",
        picture.black.len(),
        picture.width,
        expected.black.len(),
        expected.width,
        first.map(|at| (at % picture.width, at / picture.width)),
        new.display(),
        printer.pages().concat()
    );
}

/// Dots row by row.
#[derive(Default, PartialEq)]
struct Picture {
    width: usize,
    black: Vec<bool>,
}

impl Picture {
    fn of(dots: &Dots) -> Self {
        let width = dots.width();
        let black = |at| dots.is_black(at % width, at / width);
        Self {
            width,
            black: (0..width * dots.height()).map(black).collect(),
        }
    }

    fn read(bytes: &[u8]) -> Self {
        let mut decoder = png::Decoder::new(Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut grey = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut grey).unwrap();
        Self {
            width: frame.width as usize,
            black: grey.iter().map(|grey| *grey == 0).collect(),
        }
    }
}

#[test]
fn a_receipt_on_80_mm() {
    compare("receipt-80mm", Options::default(), &jobs::receipt(48));
}

#[test]
fn a_receipt_on_58_mm() {
    compare(
        "receipt-58mm",
        Options::with_columns(32),
        &jobs::receipt(32),
    );
}

#[test]
fn every_style_of_text() {
    compare("styles", Options::default(), &jobs::styles());
}

#[test]
fn every_way_to_bring_an_image() {
    compare("images", Options::with_columns(32), &jobs::images());
}

#[test]
fn a_line_in_each_code_page() {
    compare("code-pages", Options::default(), &jobs::code_pages());
}

#[test]
fn a_clone_that_ignores_code_pages() {
    let options = Options {
        ignores_code_pages: true,
        ..Options::default()
    };
    compare("clone-code-page", options, &jobs::accents(b""));
}

#[test]
fn a_clone_in_kanji_mode_until_it_is_left() {
    let options = Options {
        kanji: true,
        ..Options::default()
    };
    compare("clone-kanji", options.clone(), &jobs::accents(b""));
    compare("clone-kanji-left", options, &jobs::accents(b"\x1c."));
    // A printer without Kanji knows no difference.
    let job = |leave: &[u8]| {
        print(Options::default(), &jobs::accents(leave))
            .pages()
            .to_vec()
    };
    assert_eq!(job(b""), job(b"\x1c."));
}
