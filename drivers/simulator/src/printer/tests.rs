use std::time::Duration;

use drivers::{Input, Machine, Mono, Output};
use proptest::prelude::*;

use super::*;

mod status;

fn printer(faults: &[&str]) -> Printer {
    let mut printer = Printer::new(48);
    for fault in faults {
        printer.arm(fault.parse().unwrap());
    }
    printer
}

/// Feeds bytes, and gives what comes back.
fn feed(printer: &mut Printer, bytes: &[u8]) -> Vec<u8> {
    at(printer, Mono::default(), Input::Bytes(bytes))
}

fn at(printer: &mut Printer, now: Mono, input: Input<'_, std::convert::Infallible>) -> Vec<u8> {
    printer.handle(now, input);
    let mut answers = Vec::new();
    loop {
        match printer.poll() {
            Output::Send(bytes) => answers.extend(bytes),
            Output::Close => answers.extend(b"<close>"),
            Output::Open => {}
            Output::Wait(_) => return answers,
        }
    }
}

/// Else whoever serves it would be woken for ever.
#[test]
fn a_slow_printer_that_goes_offline_waits_for_no_moment_in_the_past() {
    let mut printer = printer(&["slow"]);
    feed(&mut printer, b"Total\nSum\n");
    let Output::Wait(Some(next)) = printer.poll() else {
        panic!("it prints no second line");
    };
    printer.arm("offline".parse().unwrap());
    at(&mut printer, next, Input::Timeout);
    assert_eq!(printer.poll(), Output::Wait(None));
}

#[test]
fn half_a_command_swallows_what_the_next_client_sends() {
    let mut printer = printer(&[]);
    feed(&mut printer, b"\x1dv0\0\x02\0\x05\0ab");
    at(&mut printer, Mono::default(), Input::LinkDown);
    at(&mut printer, Mono::default(), Input::LinkUp);
    assert_eq!(
        feed(&mut printer, b"Total\n\x1dr\x01"),
        b"",
        "it is an image"
    );
    assert_eq!(feed(&mut printer, b"\x1dr\x01"), [0]);
    assert_eq!(printer.uncut(), "[IMAGE 16x5]\n");
    // One that no printer has the memory for goes too, down to its last byte.
    feed(&mut printer, b"\x1d8L\x01\0\x80\0");
    let more = vec![b'x'; 0x0080_0001];
    feed(&mut printer, &more);
    feed(&mut printer, b"after\n");
    assert_eq!(printer.uncut(), "[IMAGE 16x5]\nafter\n");
}

#[test]
fn it_prints_as_fast_as_it_can_and_answers_when_the_paper_is_out() {
    // A line is 30 rows: 37.5 ms at 100 mm a second.
    let mut printer = Printer::with_options(Options {
        speed: Some(100),
        ..Options::default()
    });
    let job = b"one\ntwo\n\x1d(H\x06\x0000abcd";
    assert_eq!(feed(&mut printer, job), b"");
    let mut answers = Vec::new();
    let mut now = Mono::default();
    while let Output::Wait(Some(next)) = printer.poll() {
        assert_eq!(answers, b"", "not before the end");
        now = next;
        answers = at(&mut printer, now, Input::Timeout);
    }
    assert_eq!(
        (now.elapsed().as_millis(), answers),
        (75, b"\x37\x22abcd\0".to_vec())
    );
}

#[test]
fn what_hangs_out_is_torn_off_after_a_pause() {
    let mut printer = Printer::with_options(Options {
        cutter: false,
        tear_after: Some(Duration::from_secs(2)),
        ..Options::default()
    });
    let second = |n| Mono::new(Duration::from_secs(n));
    at(&mut printer, second(0), Input::Bytes(b"one\n"));
    at(&mut printer, second(1), Input::Bytes(b"two\n"));
    assert_eq!(printer.poll(), Output::Wait(Some(second(3))));
    at(&mut printer, second(2), Input::Timeout);
    assert_eq!(printer.pages(), [""; 0]);
    at(&mut printer, second(3), Input::Timeout);
    assert_eq!(printer.pages(), ["one\ntwo\n"]);
    assert_eq!(printer.papers()[0].cut(), Some(Cut::Torn));
    assert_eq!(printer.poll(), Output::Wait(None));
    // Not in the middle of a job that waits for paper.
    printer.arm(Fault::PaperOutAfter(1));
    at(&mut printer, second(4), Input::Bytes(b"three\nfour\n"));
    at(&mut printer, second(9), Input::Timeout);
    assert_eq!(printer.uncut(), "three\n");
    printer.clear();
    at(&mut printer, second(10), Input::Timeout);
    at(&mut printer, second(12), Input::Timeout);
    let after: Vec<&str> = printer.pages_after(1).map(|(text, _)| text).collect();
    assert_eq!(after, ["three\nfour\n"]);
}

#[test]
fn a_long_roll_is_not_kept_for_ever() {
    let mut printer = printer(&[]);
    for page in 0..250 {
        feed(&mut printer, format!("{page}\n\x1dV\0").as_bytes());
    }
    assert_eq!((printer.pages().len(), printer.papers().len()), (200, 200));
    assert_eq!(printer.pages_cut(), 250);
    let last: Vec<&str> = printer.pages_after(248).map(|(text, _)| text).collect();
    assert_eq!(last, ["248\n", "249\n"]);
    // Paper that is fed and never cut ends too.
    feed(&mut printer, &b"\x1bJ\xff".repeat(300));
    assert_eq!(printer.pages_cut(), 251);
}

#[test]
fn a_receipt_comes_out_as_text() {
    let mut printer = printer(&[]);
    let receipt = b"\x1b@\x1c.\x1bt\x13\x1ba\x01\x1d!\x11ABC\n\x1d!\0\x1ba\0Summe\x1b$\xe4\x01\
        10,00 \xd5\n\x1ba\x02\x1bt\x00\x84\x1bt\x10\x80right\n\x1ba\0a\tb\n\
        \x1d(k\x08\x001P0https\x1d(k\x03\x001Q0\x1dv0\0\x01\0\x02\0\xff\xff\x1bp\0\x19\xfa\x1dVB\0rest";
    assert_eq!(feed(&mut printer, receipt), Vec::<u8>::new());
    let expected = format!(
        "{0:21}A B C\nSumme{0:35}10,00 €\n{0:41}ä€right\na{0:7}b\n[QR: https]\n[IMAGE 8x2]\n",
        ""
    );
    assert_eq!(printer.pages(), [expected]);
    assert_eq!(printer.drawer_pulses(), 1);
    assert_eq!(printer.uncut(), "");
    feed(&mut printer, b"\n");
    assert_eq!(printer.uncut(), "rest\n");
}

#[test]
fn long_lines_wrap_at_the_papers_width() {
    let mut printer = Printer::new(4);
    feed(&mut printer, b"abcdef\n\x1bM\x01abcdef\n\x1dV\0");
    assert_eq!(printer.pages(), ["abcd\nef\nabcde\nf\n"]);
}

#[test]
fn a_slow_printer_takes_its_time_and_a_cut_link_cuts() {
    let mut slow = printer(&["slow"]);
    assert_eq!(feed(&mut slow, b"one\ntwo\n\x1dr\x01"), Vec::<u8>::new());
    let mut now = Mono::default();
    let mut answered = Vec::new();
    for _ in 0..2 {
        let Output::Wait(Some(wait)) = slow.poll() else {
            panic!("it must ask to be woken");
        };
        now = wait;
        answered = at(&mut slow, now, Input::Timeout);
    }
    assert_eq!(
        (answered.as_slice(), now.elapsed().as_secs()),
        (&[0][..], 20)
    );
    let mut cut = printer(&["cut-link-after=2"]);
    assert_eq!(feed(&mut cut, b"abcd\n"), b"<close>");
    assert_eq!(cut.bytes_received(), 2);
}

#[tokio::test]
async fn it_answers_on_tcp_and_on_a_pseudo_terminal() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let (address, handle) = Printer::new(48)
        .serve_tcp("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    for job in 1..=2 {
        let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
        client.write_all(b"hello\n\x1dV\0\x1dr\x01").await.unwrap();
        assert_eq!(client.read_u8().await.unwrap(), 0);
        assert_eq!(handle.pages().len(), job);
    }

    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("printer");
    let (path, handle) = Printer::new(48).serve_pty(Some(&link)).unwrap();
    for job in 1..=2 {
        // Opened exclusively, as the daemon does.
        let builder = tokio_serial::new(path.to_string_lossy(), 9600);
        let mut client = tokio_serial::SerialStream::open(&builder).unwrap();
        client.write_all(b"hello\n\x1dV\0\x1dr\x01").await.unwrap();
        assert_eq!(client.read_u8().await.unwrap(), 0);
        assert_eq!(handle.pages().len(), job);
    }
    let before = std::fs::read_link(&link).unwrap();
    let builder = tokio_serial::new(path.to_string_lossy(), 9600);
    let mut client = tokio_serial::SerialStream::open(&builder).unwrap();
    handle.arm(Fault::CutLinkAfter(1));
    client.write_all(b"x").await.unwrap();
    let mut buffer = [0; 8];
    let ended = client.read(&mut buffer).await;
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    let after = std::fs::read_link(&link).unwrap();
    assert!(before != after || tokio_serial::SerialStream::open(&builder).is_ok());
    drop(handle);
}

#[tokio::test]
async fn it_reads_no_more_than_it_has_room_for_and_prints_on_alone() {
    use tokio::io::AsyncWriteExt;

    let printer = Printer::with_options(Options {
        buffer: 4096,
        ..Options::default()
    });
    let (address, handle) = printer
        .serve_tcp("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    handle.arm(Fault::PaperOut);
    // More than the sockets hold.
    let image = [&b"\x1d8L\0\0\x80\0"[..], &vec![0; 0x0080_0000]].concat();
    let job = [image, b"line\n\x1dV\0".to_vec()].concat();
    let sent = job.len() as u64;
    let client = tokio::spawn(async move {
        let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
        client.write_all(&job).await.unwrap();
    });
    until(|| handle.bytes_received() == 4096).await;
    turns(1000).await;
    assert_eq!(handle.bytes_received(), 4096);
    assert!(!client.is_finished());
    handle.clear();
    client.await.unwrap();
    until(|| handle.bytes_received() == sent).await;
    assert_eq!(handle.pages(), ["line\n"]);
    // The next client leaves before there is paper.
    handle.arm(Fault::PaperOut);
    let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
    client.write_all(b"two\n\x1dV\0").await.unwrap();
    drop(client);
    until(|| handle.bytes_received() == sent + 7).await;
    turns(1000).await;
    handle.clear();
    until(|| handle.pages().len() == 2).await;
}

/// Lets the others have so many turns.
async fn turns(count: u32) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

async fn until(holds: impl Fn() -> bool) {
    for _ in 0..1_000_000 {
        if holds() {
            return;
        }
        turns(1).await;
    }
    panic!("it never happens");
}

/// The beginnings of commands that print, set sizes and places, or bring images.
const COMMANDS: [&[u8]; 22] = [
    b"\n",
    b"\t",
    b"\x1b!",
    b"\x1d!",
    b"\x1b$",
    b"\x1b\\",
    b"\x1b3",
    b"\x1bJ",
    b"\x1ba",
    b"\x1bD",
    b"\x1dL",
    b"\x1dW",
    b"\x1b*\x21\x05\0",
    b"\x1b*\0\xff\0",
    b"\x1dv0\x03\x02\0\x10\0",
    b"\x1cq\x01\x01\0\x01\0",
    b"\x1cp\x01\0",
    b"\x1d*\x01\x02",
    b"\x1d/\0",
    b"\x1dk\x49\x08",
    b"\x1d(k\x08\x001P0abcde\x1d(k\x03\x001Q0",
    b"\x1dVA",
];

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_do_no_harm(
        bytes in prop::collection::vec(
            prop_oneof![any::<u8>(), prop::sample::select(b"\x10\x1b\x1c\x1d(kvVLH0@\x04\x14".to_vec())],
            0..600,
        ),
        cut in 1..40_usize,
    ) {
        let mut whole = Printer::new(48);
        feed(&mut whole, &bytes);
        let mut pieces = Printer::new(48);
        for piece in bytes.chunks(cut) {
            feed(&mut pieces, piece);
        }
        prop_assert_eq!(whole.bytes_received(), bytes.len() as u64);
        // A real-time clearing depends on what was printed before it came; all else does not.
        if !bytes.windows(3).any(|w| w == [0x10, 0x14, 8]) {
            prop_assert_eq!(whole.pages(), pieces.pages());
            prop_assert_eq!(whole.uncut(), pieces.uncut());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_is_printed_can_be_pictured(
        jobs in prop::collection::vec((prop::sample::select(COMMANDS.to_vec()), prop::collection::vec(any::<u8>(), 0..80)), 0..40),
        columns in 0..60_usize,
        kanji in any::<bool>(),
    ) {
        let mut printer = Printer::with_options(Options {
            kanji,
            ..Options::with_columns(columns)
        });
        for (command, rest) in &jobs {
            feed(&mut printer, &[command, rest.as_slice()].concat());
        }
        feed(&mut printer, b"\n");
        for paper in printer.papers().iter().chain([printer.uncut_paper()]) {
            let dots = paper.dots();
            prop_assert_eq!(dots.packed().len(), dots.width().div_ceil(8) * dots.height());
            prop_assert_eq!(paper.png().is_ok(), dots.height() > 0);
        }
        prop_assert_eq!(printer.pages().len(), printer.papers().len());
    }
}
