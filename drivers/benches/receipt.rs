//! What a receipt costs: bytes on the wire and time on one core, beside the `escpos` crate with the
//! same receipt in the same run. `run` beside this file adds the encoders that others have in other
//! languages.
//!
//! The receipt: 30 lines of 42 columns in German, with a QR code and a partial cut.
#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot be made fails loudly"
)]
#![expect(clippy::print_stdout, reason = "its output is its purpose")]
#![expect(clippy::disallowed_methods, reason = "it measures real time")]

use std::{
    cell::RefCell,
    fs,
    hint::black_box,
    rc::Rc,
    time::{Duration, Instant},
};

use drivers::printer::escpos::{Align, Fonts, Line, Profile, Style, render_with};
use escpos::{
    driver::Driver,
    errors::Result,
    printer::Printer,
    utils::{JustifyMode, PageCode, Protocol, QRCodeCorrectionLevel, QRCodeModel, QRCodeOption},
};

const COLUMNS: usize = 42;
const LINK: &str = "https://beleg.example/a1-000042?s=9f2c61";
const MEASURED: Duration = Duration::from_secs(2);
/// How long this thread has run, in nanoseconds, as its first number: other programs do not count.
const CPU_TIME: &str = "/proc/thread-self/schedstat";

/// What stands on the receipt, for every encoder alike.
enum Part {
    Title(&'static str),
    Centre(&'static str),
    Left(&'static str),
    Pair(&'static str, &'static str),
    Total(&'static str, &'static str),
    Rule,
    Empty,
    Qr,
}

use Part::{Centre, Empty, Left, Pair, Qr, Rule, Title, Total};

const RECEIPT: [Part; 30] = [
    Title("Zahnärzte am Markt"),
    Centre("Gemeinschaftspraxis Dr. Müller & Dr. Groß"),
    Centre("Königstraße 12, 70173 Stuttgart"),
    Centre("Telefon 0711 / 22 00 00"),
    Empty,
    Pair("Beleg-Nr. A1-000042", "21.11.2026 09:41"),
    Pair("Gerät", "empfang-1"),
    Left("Rechnung: RE-2026-1187"),
    Rule,
    Left("Leistungen vom 18.11.2026"),
    Pair("0010 Eingehende Untersuchung", "12,94 €"),
    Pair("1040 Prof. Zahnreinigung", "90,55 €"),
    Pair("2197 Adhäsive Befestigung", "16,82 €"),
    Pair("2060 Füllung, einflächig", "68,12 €"),
    Pair("0080 Oberflächenanästhesie", "3,88 €"),
    Pair("5000 Röntgen, je Aufnahme", "6,47 €"),
    Pair("Aufhellung, beide Kiefer", "240,00 €"),
    Rule,
    Total("Summe", "438,78 €"),
    Left("Umsatzsteuerfrei nach § 4 Nr. 14 a) UStG"),
    Rule,
    Centre("K-U-N-D-E-N-B-E-L-E-G"),
    Pair("Terminal-ID", "65083421"),
    Pair("Mastercard kontaktlos", "**** 0004"),
    Pair("Genehmigungs-Nr.", "123456"),
    Centre("*** Zahlung erfolgt ***"),
    Empty,
    Qr,
    Centre("Vielen Dank und auf Wiedersehen!"),
    Empty,
];

fn main() {
    let profile = Profile::find("epson-tm-t88v").unwrap();
    let fonts = Fonts::none();
    let ours = measure(|| render_with(&lines(), profile, &fonts));
    let lines = lines();
    let prepared = measure(|| render_with(&lines, profile, &fonts));
    let theirs = measure(by_the_crate);
    println!("30 lines of {COLUMNS} columns in German, with a QR code; one core");
    println!("                                 bytes    receipts/s");
    row("this renderer", &prepared);
    row("  with its lines made each time", &ours);
    row("escpos crate", &theirs);
}

fn row(name: &str, (bytes, rate): &(usize, u128)) {
    println!("{name:<32} {bytes:>5} {rate:>13}");
}

/// Bytes of a receipt, and receipts in a second of one core.
fn measure(make: impl Fn() -> Vec<u8>) -> (usize, u128) {
    let bytes = make().len();
    let (begun, running) = (Instant::now(), cpu_nanoseconds());
    let mut count = 0_u128;
    while begun.elapsed() < MEASURED {
        for _ in 0..100 {
            black_box(make());
        }
        count += 100;
    }
    (bytes, count * 1_000_000_000 / (cpu_nanoseconds() - running))
}

fn cpu_nanoseconds() -> u128 {
    let times = fs::read_to_string(CPU_TIME).unwrap();
    times.split(' ').next().unwrap().parse().unwrap()
}

fn lines() -> Vec<Line> {
    let plain = Style::default();
    let centre = Style {
        align: Align::Centre,
        ..plain
    };
    let bold = Style {
        bold: true,
        ..plain
    };
    let title = Style {
        bold: true,
        wide: true,
        high: true,
        ..centre
    };
    let lines = RECEIPT.iter().map(|part| match part {
        Title(text) => Line::Text((*text).into(), title),
        Centre(text) => Line::Text((*text).into(), centre),
        Left(text) => Line::Text((*text).into(), plain),
        Pair(left, right) => Line::Columns((*left).into(), (*right).into(), plain),
        Total(left, right) => Line::Columns((*left).into(), (*right).into(), bold),
        Rule => Line::Rule,
        Empty => Line::Feed(1),
        Qr => Line::Qr(LINK.to_owned()),
    });
    lines.chain([Line::Cut]).collect()
}

/// The same receipt as the crate's documentation would have it. It sends text as UTF-8 unless it is
/// given a table, so it is given its own.
fn by_the_crate() -> Vec<u8> {
    let tape = Tape::default();
    let mut printer = Printer::new(tape.clone(), Protocol::default(), None);
    write(&mut printer).unwrap();
    tape.0.take()
}

fn write(printer: &mut Printer<Tape>) -> Result<()> {
    printer.init()?.page_code(PageCode::PC858)?;
    for part in &RECEIPT {
        match part {
            Title(text) => {
                printer
                    .justify(JustifyMode::CENTER)?
                    .bold(true)?
                    .size(2, 2)?;
                printer.writeln(text)?.bold(false)?.size(1, 1)?;
            }
            Centre(text) => {
                printer.justify(JustifyMode::CENTER)?.writeln(text)?;
            }
            Left(text) => {
                printer.justify(JustifyMode::LEFT)?.writeln(text)?;
            }
            Pair(left, right) => {
                printer
                    .justify(JustifyMode::LEFT)?
                    .writeln(&spaced(left, right))?;
            }
            Total(left, right) => {
                printer.justify(JustifyMode::LEFT)?.bold(true)?;
                printer.writeln(&spaced(left, right))?.bold(false)?;
            }
            Rule => {
                printer
                    .justify(JustifyMode::LEFT)?
                    .writeln(&"-".repeat(COLUMNS))?;
            }
            Empty => {
                printer.feed()?;
            }
            Qr => {
                let option = QRCodeOption::new(QRCodeModel::Model2, 6, QRCodeCorrectionLevel::M);
                printer
                    .justify(JustifyMode::CENTER)?
                    .qrcode_option(LINK, option)?;
            }
        }
    }
    printer.partial_cut()?.print()?;
    Ok(())
}

fn spaced(left: &str, right: &str) -> String {
    let gap = COLUMNS - left.chars().count() - right.chars().count();
    format!("{left}{:gap$}{right}", "")
}

#[derive(Clone, Default)]
struct Tape(Rc<RefCell<Vec<u8>>>);

impl Driver for Tape {
    fn name(&self) -> String {
        "tape".to_owned()
    }

    fn write(&self, data: &[u8]) -> Result<()> {
        self.0.try_borrow_mut()?.extend_from_slice(data);
        Ok(())
    }

    fn read(&self, _: &mut [u8]) -> Result<usize> {
        Ok(0)
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }
}
