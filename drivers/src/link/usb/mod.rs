//! USB printers without a kernel driver in between (USB Device Class Definition for Printing Devices
//! 1.1). A transfer that breaks off says how many bytes the printer took, which the kernel's
//! `/dev/usb/lp0` does not.

use std::{
    fmt, io,
    path::PathBuf,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use nusb::{DeviceInfo, Interface, MaybeFuture as _, transfer::Bulk};
use tokio::{
    io::ReadBuf,
    time::{Sleep, sleep, timeout},
};

use super::error::Fault;

mod find;
mod transfer;

use find::{Seen, Ways};
use transfer::{Broken, End, Transfers};

/// Bytes of a transfer at most. It has no time limit: a printer without paper takes nothing, for as
/// long as it likes.
const CHUNK: usize = 4096;
/// Some printers answer with an empty packet when they have nothing to say, as often as they are
/// asked.
const EMPTY: Duration = Duration::from_millis(50);
/// How often it is looked whether a printer that only listens is still plugged in.
const LOOK: Duration = Duration::from_secs(2);
/// How long the kernel may take to say how far a transfer came.
const GRACE: Duration = Duration::from_secs(1);

/// An open USB printer.
pub struct Printer {
    out: Box<dyn Transfers>,
    back: Back,
    /// What came and was not read yet.
    unread: Vec<u8>,
    /// A transfer took some bytes and then failed: told with the next write.
    failed: Option<Broken>,
    /// Bytes of the transfer that runs.
    begun: usize,
    pause: Option<Pin<Box<Sleep>>>,
}

/// The way back.
enum Back {
    /// It answers.
    Answers(Box<dyn Transfers>),
    /// It only listens. This file is there for as long as it is plugged in.
    Listens(PathBuf),
}

impl fmt::Debug for Printer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Printer")
            .field("begun", &self.begun)
            .finish_non_exhaustive()
    }
}

/// Finds the printer, takes it from the kernel's driver and claims it. The driver gets it back when
/// the link ends.
pub(super) async fn open(
    vendor: u16,
    product: u16,
    serial: Option<&str>,
) -> Result<Printer, Fault> {
    let serial = serial.map(str::to_owned);
    tokio::task::spawn_blocking(move || claim(vendor, product, serial.as_deref()))
        .await
        .map_err(|error| Fault::Other(io::Error::other(error)))?
}

fn claim(vendor: u16, product: u16, serial: Option<&str>) -> Result<Printer, Fault> {
    let devices: Vec<DeviceInfo> = nusb::list_devices().wait()?.collect();
    let seen: Vec<Seen<'_>> = devices
        .iter()
        .map(|device| Seen {
            vendor: device.vendor_id(),
            product: device.product_id(),
            serial: device.serial_number(),
        })
        .collect();
    let at = find::device(&seen, vendor, product, serial)?;
    let found = devices.get(at).ok_or(Fault::Missing)?;
    let device = found.open().wait()?;
    let configuration = device
        .active_configuration()
        .map_err(|error| Fault::Other(error.into()))?;
    let ways = find::ways(&configuration).ok_or(Fault::NotAPrinter)?;
    let interface = device.detach_and_claim_interface(ways.interface).wait()?;
    if ways.setting != 0 {
        interface.set_alt_setting(ways.setting).wait()?;
    }
    let node = format!(
        "/dev/bus/usb/{:03}/{:03}",
        found.busnum(),
        found.device_address()
    );
    endpoints(&interface, ways, node.into())
}

fn endpoints(interface: &Interface, ways: Ways, node: PathBuf) -> Result<Printer, Fault> {
    let out = interface.endpoint::<Bulk, nusb::transfer::Out>(ways.out)?;
    let back = match ways.back {
        Some(address) => {
            let back = interface.endpoint::<Bulk, nusb::transfer::In>(address)?;
            Back::Answers(Box::new(back))
        }
        None => Back::Listens(node),
    };
    Ok(Printer::new(Box::new(out), back))
}

impl Printer {
    fn new(out: Box<dyn Transfers>, back: Back) -> Self {
        Self {
            out,
            back,
            unread: Vec::new(),
            failed: None,
            begun: 0,
            pause: None,
        }
    }

    /// Bytes are taken when the printer has them. Until then the same bytes have to be given again.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(broken) = self.failed {
            return Poll::Ready(Err(broken.into()));
        }
        if self.begun == 0 {
            let chunk = bytes.get(..CHUNK).unwrap_or(bytes);
            self.begun = chunk.len();
            self.out.begin(chunk);
        }
        let end = ready!(self.out.poll_end(cx));
        self.begun = 0;
        self.failed = end.broken;
        Poll::Ready(match end.broken {
            Some(broken) if end.count == 0 => Err(broken.into()),
            _ => Ok(end.count),
        })
    }

    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if !self.unread.is_empty() {
                let count = buf.remaining().min(self.unread.len());
                buf.put_slice(&self.unread.drain(..count).collect::<Vec<u8>>());
                return Poll::Ready(Ok(()));
            }
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            match &mut self.back {
                Back::Listens(node) => {
                    if !node.exists() {
                        return Poll::Ready(Err(Broken::Gone.into()));
                    }
                    self.pause = Some(Box::pin(sleep(LOOK)));
                }
                Back::Answers(back) => {
                    if !back.is_begun() {
                        back.begin(&[]);
                    }
                    let end = ready!(back.poll_end(cx));
                    match end.broken {
                        // A failure that brought bytes is told again by the next transfer.
                        _ if !end.bytes.is_empty() => self.unread = end.bytes,
                        Some(broken) => return Poll::Ready(Err(broken.into())),
                        None => self.pause = Some(Box::pin(sleep(EMPTY))),
                    }
                }
            }
        }
    }

    /// Ends the link, and says how many bytes of the transfer that ran were taken. Where nobody can
    /// say that, all may have been.
    pub(super) async fn end(mut self) -> usize {
        let mut taken = 0;
        if self.begun > 0 {
            self.out.cancel();
            let end = timeout(GRACE, std::future::poll_fn(|cx| self.out.poll_end(cx))).await;
            taken = taken_of(self.begun, end.ok().as_ref());
        }
        if self.failed == Some(Broken::Stalled) {
            // Else whoever opens it next would find it halted.
            let mut out = self.out;
            if let Err(error) = tokio::task::spawn_blocking(move || out.clear_halt()).await {
                tracing::debug!(%error, "a stalled USB printer was not freed");
            }
        }
        taken
    }
}

/// How many bytes of a transfer that was broken off were taken; all of them where the kernel does not
/// say how it ended, as they may be on paper.
fn taken_of(begun: usize, end: Option<&End>) -> usize {
    end.map_or(begun, |end| end.count)
}

#[cfg(test)]
pub(crate) mod tests;
