use drivers::{Input, Machine, Mono, Output};
use proptest::prelude::*;

use super::*;

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

#[test]
fn status_bytes_are_those_of_the_manual() {
    for (faults, expected) in [
        (&[][..], [0x16, 0x12, 0x12, 0x12]),
        (&["near-end"], [0x16, 0x12, 0x12, 0x1E]),
        (&["paper-out"], [0x1E, 0x32, 0x12, 0x7E]),
        (&["cover-open"], [0x1E, 0x16, 0x12, 0x12]),
        (&["offline"], [0x1E, 0x12, 0x12, 0x12]),
        (&["cutter-jam"], [0x1E, 0x52, 0x1A, 0x12]),
    ] {
        let asked = b"\x10\x04\x01\x10\x04\x02\x10\x04\x03\x10\x04\x04";
        assert_eq!(feed(&mut printer(faults), asked), expected, "{faults:?}");
    }
    assert_eq!(feed(&mut printer(&[]), b"\x1da\xff"), [0x14, 0, 0, 0]);
    assert_eq!(
        feed(&mut printer(&["silent"]), b"\x10\x04\x01\x1dr\x01"),
        Vec::<u8>::new()
    );
}

#[test]
fn changes_are_told_when_asked_for() {
    let mut printer = printer(&[]);
    feed(&mut printer, b"\x1da\xff");
    printer.arm(Fault::PaperOut);
    let told = at(&mut printer, Mono::default(), Input::Timeout);
    assert_eq!(told, [0x1C, 0, 0x0F, 0]);
}

#[test]
fn a_receipt_comes_out_as_text() {
    let mut printer = printer(&[]);
    let receipt = b"\x1b@\x1c.\x1bt\x13\x1ba\x01\x1d!\x11ABC\n\x1d!\0\x1ba\0Summe\x1b$\xe4\x01\
        10,00 \xd5\n\x1bt\x00\x84\x1bt\x10\x80\x1ba\x02right\n\x1ba\0a\tb\n\
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
fn the_barrier_is_withheld_until_the_paper_is_back() {
    let mut printer = printer(&["paper-out-after=1"]);
    let job = b"one\ntwo\n\x1dV\0\x1d(H\x06\x0000abcd\x1dr\x01";
    assert_eq!(feed(&mut printer, job), Vec::<u8>::new());
    assert_eq!(printer.uncut(), "one\n");
    assert_eq!(feed(&mut printer, b"\x10\x04\x01"), [0x1E]);
    printer.clear();
    let late = at(&mut printer, Mono::default(), Input::Timeout);
    assert_eq!(late, b"\x37\x22abcd\0\0");
    assert_eq!(printer.pages(), ["one\ntwo\n"]);
    assert_eq!(printer.bytes_waiting(), 0);
}

#[test]
fn a_clearing_drops_what_waits() {
    let mut printer = printer(&["cover-open"]);
    feed(&mut printer, b"never\n\x1dr\x01");
    let cleared = feed(&mut printer, b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08");
    assert_eq!(cleared, [0x37, 0x25, 0x00]);
    printer.clear();
    assert_eq!(feed(&mut printer, b"\x1dV\0"), Vec::<u8>::new());
    assert_eq!(printer.pages(), [""]);
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
