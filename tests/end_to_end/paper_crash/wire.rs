//! A wire between the daemon and the printer that counts, holds and cuts. It must not know what the
//! daemon makes of it.

use std::{
    net::SocketAddr,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serialport::{SerialPort as _, TTYPort};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};
use tokio_serial::SerialStream;

/// What the wire does with a receipt, counted from its first byte (`ESC @`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Pass,
    /// Hold all after so many bytes; what is held is lost with the connection.
    HoldAndLose(usize),
    /// Hold all after so many bytes; what is held arrives when the order changes.
    HoldAndKeep(usize),
    /// Cut after so many bytes.
    Cut(usize),
    /// Answer no question: the printer is never known to be ready.
    HoldQuestions,
    /// Keep the printer's words from the daemon once the receipt is through.
    HoldAnswers,
}

#[derive(Debug)]
struct Line {
    order: Order,
    /// Bytes of receipts that got through, since the order was given.
    taken: usize,
    /// Whether a receipt's first byte has arrived at the wire since then.
    begun: bool,
    /// Whether bytes are held back now.
    holding: bool,
    /// The order is of the next receipt. A serial line stays open for many.
    fresh: bool,
}

/// A wire between the daemon and the printer.
#[derive(Clone)]
pub(super) struct Between {
    line: Arc<Mutex<Line>>,
    changed: Arc<Notify>,
}

impl Between {
    pub(super) fn new() -> Self {
        Self {
            line: Arc::new(Mutex::new(Line {
                order: Order::Pass,
                taken: 0,
                begun: false,
                holding: false,
                fresh: false,
            })),
            changed: Arc::new(Notify::new()),
        }
    }

    fn with<R>(&self, act: impl FnOnce(&mut Line) -> R) -> R {
        act(&mut self.line.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn order(&self, order: Order) {
        self.with(|line| {
            *line = Line {
                order,
                taken: 0,
                begun: false,
                holding: false,
                fresh: order != Order::Pass,
            };
        });
        self.changed.notify_waiters();
    }

    pub(super) fn taken(&self) -> usize {
        self.with(|line| line.taken)
    }

    pub(super) fn holding(&self) -> bool {
        self.with(|line| line.holding)
    }

    /// One connection after the other, as network printers do.
    pub(super) async fn serve(self, listener: TcpListener, printer: SocketAddr) {
        loop {
            let Ok((daemon, _)) = listener.accept().await else {
                return;
            };
            let Ok(printer) = TcpStream::connect(printer).await else {
                return;
            };
            self.connection(daemon, printer).await;
        }
    }

    /// The same on a serial line. When it is cut it is gone, and its name leads to another.
    pub(super) async fn serve_serial(self, name: PathBuf, printer: SocketAddr) {
        loop {
            // Holding the line open keeps the daemon's own closing from being a hang-up.
            let (device, line) = TTYPort::pair().unwrap();
            point(&name, Path::new(&line.name().unwrap()));
            let Ok(printer) = TcpStream::connect(printer).await else {
                return;
            };
            self.connection(SerialStream::try_from(device).unwrap(), printer)
                .await;
            drop(line);
        }
    }

    async fn connection(
        &self,
        mut daemon: impl AsyncRead + AsyncWrite + Unpin,
        mut printer: TcpStream,
    ) {
        let (mut from_daemon, mut from_printer) = ([0; 512], [0; 512]);
        // Bytes of the receipt that came in on this connection; none before ESC @.
        let mut receipt: Option<usize> = None;
        let mut held: Vec<u8> = Vec::new();
        let mut hung_up = false;
        loop {
            let mute = self.with(|line| match line.order {
                Order::HoldQuestions => true,
                Order::HoldAnswers => line.begun,
                _ => false,
            });
            tokio::select! {
                read = daemon.read(&mut from_daemon), if !hung_up => {
                    let count = read.unwrap_or(0);
                    if count == 0 {
                        let keeps = matches!(self.with(|l| l.order), Order::HoldAndKeep(_));
                        if !keeps || held.is_empty() {
                            return;
                        }
                        hung_up = true;
                        continue;
                    }
                    for byte in &from_daemon[..count] {
                        held.push(*byte);
                    }
                    if !self.pass(&mut held, &mut receipt, &mut printer).await {
                        return;
                    }
                }
                read = from_printer_bytes(&mut printer, &mut from_printer), if !mute => {
                    let Some(count) = read else { return };
                    if daemon.write_all(&from_printer[..count]).await.is_err() && held.is_empty() {
                        return;
                    }
                }
                () = self.changed.notified() => {
                    if !self.pass(&mut held, &mut receipt, &mut printer).await {
                        return;
                    }
                }
                () = tokio::time::sleep(Duration::from_millis(5)) => {
                    let order = self.with(|line| line.order);
                    if hung_up && !matches!(order, Order::HoldAndKeep(_)) {
                        // The daemon is dead; what it had sent still comes out of the cable.
                        drop(printer.write_all(&held).await);
                        drop(printer.flush().await);
                        return;
                    }
                }
            }
        }
    }

    /// Passes what the order lets through. False when it cuts.
    async fn pass(
        &self,
        held: &mut Vec<u8>,
        receipt: &mut Option<usize>,
        printer: &mut TcpStream,
    ) -> bool {
        if self.with(|line| std::mem::take(&mut line.fresh)) {
            *receipt = None;
        }
        if receipt.is_none() {
            let begins = held.windows(2).position(|two| two == b"\x1b@");
            let questions: Vec<u8> = held.drain(..begins.unwrap_or(held.len())).collect();
            if printer.write_all(&questions).await.is_err() {
                return false;
            }
            if begins.is_none() {
                return true;
            }
            *receipt = Some(0);
            self.with(|line| line.begun = true);
        }
        let Some(before) = receipt else { return true };
        let (room, cuts) = self.with(|line| match line.order {
            Order::Pass | Order::HoldQuestions | Order::HoldAnswers => (usize::MAX, false),
            Order::HoldAndLose(most) | Order::HoldAndKeep(most) => {
                (most.saturating_sub(*before), false)
            }
            Order::Cut(most) => (most.saturating_sub(*before), true),
        });
        let count = room.min(held.len());
        let bytes: Vec<u8> = held.drain(..count).collect();
        if printer.write_all(&bytes).await.is_err() {
            return false;
        }
        *before += count;
        self.with(|line| {
            line.taken += count;
            line.holding = !held.is_empty();
        });
        !cuts || held.is_empty()
    }
}

/// Lets a name lead to a line.
fn point(name: &Path, line: &Path) {
    let draft = name.with_extension("new");
    symlink(line, &draft).unwrap();
    std::fs::rename(&draft, name).unwrap();
}

async fn from_printer_bytes(printer: &mut TcpStream, buffer: &mut [u8]) -> Option<usize> {
    printer.read(buffer).await.ok().filter(|count| *count > 0)
}
