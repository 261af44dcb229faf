//! Device files that are just written and read, such as `/dev/usb/lp0`.

use std::{
    fs::{File, OpenOptions},
    io::{self, IsTerminal as _, Read as _, Write as _},
    os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _},
    path::Path,
    task::{Context, Poll, ready},
};

use nix::{errno::Errno, fcntl::OFlag};
use tokio::io::{Interest, ReadBuf, unix::AsyncFd};

use super::error::Fault;

/// An open device file.
#[derive(Debug)]
pub struct Device {
    file: AsyncFd<File>,
    reads: Reads,
}

/// What reading gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reads {
    /// Bytes; none of them means a hang-up.
    UntilHangup,
    /// Bytes; none of them is an empty USB packet, as some printers send to say that they have
    /// nothing to say. Unplugging is an error (ENODEV).
    Packets,
    /// Nothing: a pipe goes one way.
    Nothing,
}

pub(super) fn open(path: &Path) -> Result<Device, Fault> {
    let kind = std::fs::metadata(path)?.file_type();
    if !kind.is_char_device() && !kind.is_fifo() {
        return Err(Fault::NotADevice);
    }
    let file = OpenOptions::new()
        .read(!kind.is_fifo())
        .write(true)
        .custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits())
        .open(path)
        .map_err(|error| match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::ENXIO) if kind.is_fifo() => Fault::NoReader,
            Some(Errno::ENXIO | Errno::ENODEV) => Fault::Missing,
            _ => error.into(),
        })?;
    let (reads, interest) = if kind.is_fifo() {
        (Reads::Nothing, Interest::WRITABLE)
    } else if file.is_terminal() {
        (Reads::UntilHangup, Interest::READABLE | Interest::WRITABLE)
    } else {
        (Reads::Packets, Interest::READABLE | Interest::WRITABLE)
    };
    Ok(Device {
        file: watched(file, interest)?,
        reads,
    })
}

#[expect(
    deprecated,
    reason = "the successor is unsafe, as a foreign type might swap its descriptor; a File does not"
)]
fn watched(file: File, interest: Interest) -> Result<AsyncFd<File>, Fault> {
    AsyncFd::with_interest(file, interest).map_err(|error| match error.kind() {
        // A file that is always ready, such as /dev/null, cannot be waited for.
        io::ErrorKind::PermissionDenied => Fault::NotADevice,
        _ => error.into(),
    })
}

impl Device {
    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.reads == Reads::Nothing {
            return Poll::Pending;
        }
        loop {
            let mut guard = ready!(self.file.poll_read_ready(cx))?;
            match guard.try_io(|file| file.get_ref().read(buf.initialize_unfilled())) {
                Ok(Ok(0)) if self.reads == Reads::Packets => guard.clear_ready(),
                Ok(Ok(count)) => {
                    buf.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => return Poll::Ready(Err(error)),
                Err(_would_block) => {}
            }
        }
    }

    pub(super) fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.file.poll_write_ready(cx))?;
            match guard.try_io(|file| file.get_ref().write(buf)) {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(result) => return Poll::Ready(result),
                Err(_would_block) => {}
            }
        }
    }
}
