//! A pseudo-terminal: a serial line without a cable.

use std::{
    io,
    path::{Path, PathBuf},
    pin::Pin,
    task::{Context, Poll},
};

use serialport::{SerialPort, TTYPort};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_serial::SerialStream;

/// The device's side of a pseudo-terminal. The other side is a path to open like a serial port.
pub(crate) struct Pty {
    device: SerialStream,
    /// Holding the client's side open keeps a client's close from being a hang-up of the line.
    line: TTYPort,
    path: PathBuf,
}

impl Pty {
    /// Makes a pseudo-terminal. Needs a Tokio runtime.
    pub(crate) fn open() -> io::Result<Self> {
        // `pair` takes no lock on either side (serialport 4.10, posix/tty.rs), so a client may
        // open the path exclusively while `line` is held.
        let (device, line) = TTYPort::pair()?;
        let path = line.name().map(PathBuf::from).ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, "the pseudo-terminal has no path")
        })?;
        Ok(Self {
            device: SerialStream::try_from(device)?,
            line,
            path,
        })
    }

    /// The path that a client opens.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Ends the exclusive use (TIOCEXCL) that a killed client left behind: it sticks to the line
    /// for as long as anybody holds it open, and we do.
    pub(crate) fn forget_dead_clients(&self) {
        // Dropping any handle of the line ends its exclusive use (serialport's `close`).
        drop(self.line.try_clone_native());
    }
}

impl AsyncRead for Pty {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.device).poll_read(cx, buf)
    }
}

impl AsyncWrite for Pty {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.device).poll_write(cx, buf)
    }

    /// Nothing to flush: `tcdrain` of a pseudo-terminal waits for the client to read, which may
    /// never happen.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
