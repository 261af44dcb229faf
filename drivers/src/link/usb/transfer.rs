//! One bulk transfer after the other.

use std::{
    io,
    task::{Context, Poll, ready},
};

use nusb::{
    Endpoint, MaybeFuture as _,
    transfer::{Buffer, Bulk, Completion, In, Out, TransferError},
};

use super::super::error::Fault;

/// A bulk endpoint of either direction, one transfer at a time.
pub(super) trait Transfers: Send {
    /// Begins a transfer: these bytes to the printer, or nothing from it.
    fn begin(&mut self, bytes: &[u8]);
    /// One was begun, and is not over.
    fn is_begun(&self) -> bool;
    /// The end of the one that was begun.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<End>;
    /// Breaks off the one that was begun: its end comes soon.
    fn cancel(&mut self);
    /// Lets a stalled endpoint go on. Waits for the printer.
    fn clear_halt(&mut self);
}

/// How a transfer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    /// What came.
    pub(super) bytes: Vec<u8>,
    /// How many bytes came or went, also of a transfer that broke off.
    pub(super) count: usize,
    pub(super) broken: Option<Broken>,
}

/// Why a transfer broke off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// It was unplugged or switched off.
    Gone,
    /// The endpoint is halted.
    Stalled,
    Other(TransferError),
}

impl From<Broken> for io::Error {
    fn from(broken: Broken) -> Self {
        Self::other(match broken {
            Broken::Gone => Fault::Unplugged,
            Broken::Stalled => Fault::Usb(TransferError::Stall),
            Broken::Other(error) => Fault::Usb(error),
        })
    }
}

impl From<TransferError> for Broken {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Disconnected => Self::Gone,
            TransferError::Stall => Self::Stalled,
            _ => Self::Other(error),
        }
    }
}

impl End {
    fn new(done: &Completion, bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            count: done.actual_len,
            broken: done.status.err().map(Broken::from),
        }
    }
}

impl Transfers for Endpoint<Bulk, Out> {
    fn begin(&mut self, bytes: &[u8]) {
        self.submit(bytes.into());
    }

    fn is_begun(&self) -> bool {
        self.pending() > 0
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let done = ready!(self.poll_next_complete(cx));
        Poll::Ready(End::new(&done, Vec::new()))
    }

    fn cancel(&mut self) {
        self.cancel_all();
    }

    fn clear_halt(&mut self) {
        if let Err(error) = self.clear_halt().wait() {
            tracing::debug!(%error, "a halted USB endpoint stays so");
        }
    }
}

impl Transfers for Endpoint<Bulk, In> {
    fn begin(&mut self, _: &[u8]) {
        // The length has to be one of whole packets.
        self.submit(Buffer::new(self.max_packet_size()));
    }

    fn is_begun(&self) -> bool {
        self.pending() > 0
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let done = ready!(self.poll_next_complete(cx));
        let bytes = done.buffer.get(..done.actual_len).unwrap_or_default();
        Poll::Ready(End::new(&done, bytes.to_vec()))
    }

    fn cancel(&mut self) {
        self.cancel_all();
    }

    fn clear_halt(&mut self) {
        if let Err(error) = self.clear_halt().wait() {
            tracing::debug!(%error, "a halted USB endpoint stays so");
        }
    }
}
