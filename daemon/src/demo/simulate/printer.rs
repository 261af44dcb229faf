//! The simulated printer alone: its options, and its pages as they come out.

use std::{
    fs::{self, File},
    io::{self, BufRead, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use simulator::{
    Handle,
    printer::{CodePage, CodePages, Fault, Handshake, Kick, Options, Paper, Printer},
};
use tokio::{signal, sync::mpsc, time::sleep};

use super::LOOK;
use crate::demo::{DemoError, framed, say};

/// Without a cut, what hangs out is shown after such a pause.
const PAUSE: Duration = Duration::from_secs(2);
/// Lines of the standard input that may wait.
const LINES: usize = 16;
/// The line that puts everything right.
const CLEAR: &str = "clear";

/// Which printer, and what is wrong with it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Listen on this TCP address; without it, a pseudo-terminal is made.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Make the pseudo-terminal reachable under this name.
    #[arg(long, conflicts_with = "listen")]
    link: Option<PathBuf>,
    /// Characters on a line: 48 on 80 mm paper, 32 on 58 mm.
    #[arg(long, default_value_t = 48)]
    columns: usize,
    /// Write a picture of each page into this folder too.
    #[arg(long, value_name = "DIR")]
    png: Option<PathBuf>,
    /// Be without a cutter: a page ends after a pause.
    #[arg(long)]
    no_cutter: bool,
    /// Do not see that the roll is nearly empty.
    #[arg(long)]
    no_near_end_sensor: bool,
    /// Do not answer GS ( H, like most but Epson's.
    #[arg(long)]
    no_process_id: bool,
    /// Let a number of ESC t stand for another code page, for example 4=cp858. May be given
    /// several times.
    #[arg(long, value_name = "N=PAGE", value_parser = code_page)]
    code_page: Vec<(u8, CodePage)>,
    /// Ignore ESC t, like a faulty clone.
    #[arg(long)]
    ignores_code_pages: bool,
    /// Take two high bytes for one Chinese character until FS . comes, like a clone.
    #[arg(long)]
    kanji: bool,
    /// Print so many millimetres a second; without it, at once.
    #[arg(long, value_name = "MM", value_parser = clap::value_parser!(u32).range(1..))]
    speed: Option<u32>,
    /// Let so many bytes wait to be printed, and read no more.
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20)]
    buffer: usize,
    /// Be on a serial line, and lose what finds no room: none says so to nobody, xon-xoff by these
    /// bytes, dtr-dsr by a line that a pseudo-terminal does not have.
    #[arg(long, value_name = "HANDSHAKE", conflicts_with = "listen")]
    handshake: Option<Handshake>,
    /// What goes wrong, by name; see the list below. May be given several times.
    #[arg(long, value_name = "NAME")]
    fault: Vec<Fault>,
    /// Take more faults from the standard input while it runs, one on each line; "clear" puts
    /// everything right again.
    #[arg(long)]
    stdin: bool,
}

fn code_page(text: &str) -> Result<(u8, CodePage), String> {
    let (number, page) = text.split_once('=').ok_or("write NUMBER=PAGE")?;
    let number = number
        .parse()
        .map_err(|_| format!("“{number}” is not a number up to 255"))?;
    let page = page.parse().map_err(|e| format!("{e}"))?;
    Ok((number, page))
}

/// Serves it until it is interrupted.
pub(super) async fn serve(args: Args) -> Result<(), DemoError> {
    let mut code_pages = CodePages::epson();
    for (number, page) in args.code_page {
        code_pages.set(number, page);
    }
    let mut printer = Printer::with_options(Options {
        columns: args.columns,
        code_pages,
        ignores_code_pages: args.ignores_code_pages,
        kanji: args.kanji,
        cutter: !args.no_cutter,
        near_end_sensor: !args.no_near_end_sensor,
        process_id: !args.no_process_id,
        speed: args.speed,
        buffer: args.buffer.max(1),
        handshake: args.handshake,
        tear_after: Some(PAUSE),
    });
    for fault in args.fault {
        printer.arm(fault);
    }
    if let Some(dir) = &args.png {
        fs::create_dir_all(dir)?;
    }
    let (at, handle) = if let Some(address) = args.listen {
        let (address, handle) = printer.serve_tcp(address).await?;
        (format!("tcp:{address}"), handle)
    } else {
        let (path, handle) = printer.serve_pty(args.link.as_deref())?;
        (format!("serial:{}", path.display()), handle)
    };
    say(&format!(
        "A simulated ESC/POS printer is at link = \"{at}\"."
    ));
    let hand = if args.stdin {
        lines_of_stdin()
    } else {
        mpsc::channel(1).1
    };
    Ok(show(&handle, args.png.as_deref(), hand).await?)
}

/// The lines of the standard input. A thread of its own waits for them: it ends with the program,
/// where a task would keep it from ending.
fn lines_of_stdin() -> mpsc::Receiver<String> {
    let (send, lines) = mpsc::channel(LINES);
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if send.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// Does what a line of the standard input says, and tells it.
fn obey(printer: &Handle<Printer>, line: &str) {
    match line.trim() {
        "" => {}
        CLEAR => {
            printer.clear();
            say("Everything is right again.");
        }
        name => match name.parse() {
            Ok(fault) => {
                printer.arm(fault);
                say(&format!("From now on: {name}."));
            }
            Err(error) => say(&format!("{error}, {CLEAR}")),
        },
    }
}

/// Shows each page that comes out, and each kick of the drawer, and obeys a hand.
async fn show(
    printer: &Handle<Printer>,
    png: Option<&Path>,
    mut hand: mpsc::Receiver<String>,
) -> io::Result<()> {
    let (mut seen, mut kicked, mut lost) = (0, 0, 0);
    let mut end = std::pin::pin!(signal::ctrl_c());
    loop {
        tokio::select! {
            ended = &mut end => return ended,
            Some(line) = hand.recv() => obey(printer, &line),
            () = sleep(LOOK) => {}
        }
        let (pages, kicks) = printer.with(|printer| {
            let pages: Vec<(String, Paper)> = printer
                .pages_after(seen)
                .map(|(text, paper)| (text.to_owned(), paper.clone()))
                .collect();
            let new = printer.drawer_pulses().saturating_sub(kicked);
            let new = usize::try_from(new).unwrap_or(usize::MAX);
            let kicks: Vec<Kick> = printer.kicks().collect();
            let old = kicks.len().saturating_sub(new);
            seen = printer.pages_cut();
            kicked = printer.drawer_pulses();
            (pages, kicks.into_iter().skip(old).collect::<Vec<_>>())
        });
        let missing = printer.bytes_lost();
        if missing > lost {
            say(&format!(
                "{} bytes found no room and are lost.",
                missing - lost
            ));
            lost = missing;
        }
        for (text, paper) in &pages {
            say(&framed(text));
            if let Some(dir) = png {
                let file = write_picture(dir, paper)?;
                say(&format!("Its picture is {}.", file.display()));
            }
        }
        for kick in kicks {
            say(&format!(
                "The drawer got a pulse of {} ms on pin {}.",
                kick.on.as_millis(),
                kick.pin
            ));
        }
    }
}

/// Writes a page into the first file of the folder that is not there yet.
fn write_picture(dir: &Path, paper: &Paper) -> io::Result<PathBuf> {
    let bytes = paper.png().map_err(io::Error::other)?;
    for number in 1_u32.. {
        let path = dir.join(format!("page-{number:04}.png"));
        match File::create_new(&path) {
            Ok(mut file) => {
                file.write_all(&bytes)?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("the folder is full of pictures"))
}
