//! Transfers that end as they are told to, in place of a printer.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    task::Waker,
};

use nusb::transfer::TransferError;

use super::*;
/// An endpoint that ends its transfers as it is told to, and keeps what it was given.
#[derive(Clone, Default)]
pub(crate) struct Fake {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    ends: VecDeque<End>,
    /// What a transfer ends with that is broken off.
    when_cancelled: Option<usize>,
    given: Vec<usize>,
    begun: bool,
    freed: u32,
    waker: Option<Waker>,
}

impl Fake {
    /// The next transfer that runs ends so.
    pub(super) fn ends(&self, bytes: &[u8], count: usize, broken: Option<Broken>) {
        let mut inner = self.inner.lock().unwrap();
        inner.ends.push_back(End {
            bytes: bytes.to_vec(),
            count,
            broken,
        });
        if let Some(waker) = inner.waker.take() {
            waker.wake();
        }
    }

    /// A transfer that is broken off had gone so far.
    pub(crate) fn had_taken(&self, count: usize) {
        self.inner.lock().unwrap().when_cancelled = Some(count);
    }

    /// The next transfer that runs ends well, with these bytes or after so many.
    pub(crate) fn ends_well(&self, bytes: &[u8], count: usize) {
        self.ends(bytes, count, None);
    }

    /// It is unplugged.
    pub(crate) fn is_gone(&self) {
        self.ends(b"", 0, Some(Broken::Gone));
    }

    /// How many bytes each transfer was given.
    pub(crate) fn given(&self) -> Vec<usize> {
        self.inner.lock().unwrap().given.clone()
    }
}

impl Transfers for Fake {
    fn begin(&mut self, bytes: &[u8]) {
        let mut inner = self.inner.lock().unwrap();
        assert!(!inner.begun, "one at a time");
        inner.begun = true;
        inner.given.push(bytes.len());
    }

    fn is_begun(&self) -> bool {
        self.inner.lock().unwrap().begun
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let mut inner = self.inner.lock().unwrap();
        assert!(inner.begun, "none has begun");
        let Some(end) = inner.ends.pop_front() else {
            inner.waker = Some(cx.waker().clone());
            return Poll::Pending;
        };
        inner.begun = false;
        Poll::Ready(end)
    }

    fn cancel(&mut self) {
        let count = self.inner.lock().unwrap().when_cancelled;
        if let Some(count) = count {
            self.ends(b"", count, Some(Broken::Other(TransferError::Cancelled)));
        }
    }

    fn clear_halt(&mut self) {
        self.inner.lock().unwrap().freed += 1;
    }
}

/// A printer of two such endpoints: out, and back.
pub(crate) fn fake() -> (Printer, Fake, Fake) {
    let (out, back) = (Fake::default(), Fake::default());
    let answers = Back::Answers(Box::new(back.clone()));
    (Printer::new(Box::new(out.clone()), answers), out, back)
}

fn write(printer: &mut Printer, bytes: usize) -> Option<Result<usize, String>> {
    let mut cx = Context::from_waker(Waker::noop());
    match printer.poll_write(&mut cx, &vec![7; bytes]) {
        Poll::Ready(done) => Some(done.map_err(|error| error.to_string())),
        Poll::Pending => None,
    }
}

async fn read(printer: &mut Printer) -> io::Result<Vec<u8>> {
    let mut got = [0; 2];
    let mut buf = ReadBuf::new(&mut got);
    std::future::poll_fn(|cx| printer.poll_read(cx, &mut buf)).await?;
    Ok(buf.filled().to_vec())
}

/// How a transfer ends, and what the writes say: each byte that the printer took is told once, and
/// no other.
#[test]
fn what_a_broken_transfer_took_is_told_before_the_fault() {
    let gone = || Err(Fault::Unplugged.to_string());
    for (count, broken, says) in [
        (3000, None, vec![Ok(3000)]),
        (2048, None, vec![Ok(2048)]),
        (512, Some(Broken::Gone), vec![Ok(512), gone(), gone()]),
        (0, Some(Broken::Gone), vec![gone(), gone()]),
    ] {
        let (mut printer, out, _) = fake();
        for said in says {
            out.ends(b"", count, broken);
            assert_eq!(write(&mut printer, 3000), Some(said), "{count} {broken:?}");
        }
        assert_eq!(out.given(), [3000]);
    }
}

#[test]
fn a_printer_without_paper_takes_nothing_for_as_long_as_it_likes() {
    let (mut printer, out, _) = fake();
    out.ends(b"", 4096, None);
    assert_eq!(write(&mut printer, 10_000), Some(Ok(4096)));
    for _ in 0..100 {
        assert_eq!(write(&mut printer, 5904), None);
    }
    // Nothing was given twice, and no more than a chunk.
    assert_eq!(out.given(), [4096, 4096]);
    out.ends(b"", 4096, None);
    assert_eq!(write(&mut printer, 5904), Some(Ok(4096)));
}

#[tokio::test]
async fn a_link_that_ends_says_what_was_taken_under_way() {
    for took in [0, 2048, 3000] {
        let (mut printer, out, _) = fake();
        assert_eq!(write(&mut printer, 3000), None);
        out.had_taken(took);
        assert_eq!(printer.end().await, took);
    }
    // Nothing was under way.
    let (mut printer, out, _) = fake();
    out.ends(b"", 3000, None);
    assert_eq!(write(&mut printer, 3000), Some(Ok(3000)));
    assert_eq!(printer.end().await, 0);
    // A kernel that says nothing: all of it may be on paper.
    assert_eq!(taken_of(3000, None), 3000);
}

#[tokio::test]
async fn a_stalled_printer_is_freed_for_the_next_link() {
    let (mut printer, out, _) = fake();
    out.ends(b"", 64, Some(Broken::Stalled));
    assert_eq!(write(&mut printer, 100), Some(Ok(64)));
    let fault = write(&mut printer, 36).unwrap().unwrap_err();
    assert!(fault.contains("stalled"), "{fault}");
    assert_eq!(printer.end().await, 0);
    assert_eq!(out.inner.lock().unwrap().freed, 1);
}

#[tokio::test]
async fn answers_come_in_packets_and_empty_ones_mean_nothing() {
    let (mut printer, _, back) = fake();
    for bytes in [b"".as_slice(), b"", b"\x16\x12\x14"] {
        back.ends(bytes, bytes.len(), None);
    }
    assert_eq!(read(&mut printer).await.unwrap(), b"\x16\x12");
    assert_eq!(read(&mut printer).await.unwrap(), b"\x14");
    back.ends(b"\x16", 1, Some(Broken::Gone));
    back.is_gone();
    assert_eq!(read(&mut printer).await.unwrap(), b"\x16");
    let lost = read(&mut printer).await.unwrap_err();
    assert!(lost.to_string().contains("Plug it in"), "{lost}");
}

#[tokio::test]
async fn a_printer_that_only_listens_is_missed_when_it_is_unplugged() {
    let node = tempfile::NamedTempFile::new().unwrap();
    let path = node.path().to_owned();
    let listens = || {
        let back = Back::Listens(path.clone());
        Printer::new(Box::new(Fake::default()), back)
    };
    let (mut there, mut gone) = (listens(), listens());
    let mut got = [0; 2];
    let mut cx = Context::from_waker(Waker::noop());
    let waits = there.poll_read(&mut cx, &mut ReadBuf::new(&mut got));
    assert!(waits.is_pending(), "it says nothing, and is there");
    drop(node);
    let lost = read(&mut gone).await.unwrap_err();
    assert!(lost.to_string().contains("Plug it in"), "{lost}");
}
