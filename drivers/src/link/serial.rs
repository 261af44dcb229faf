//! Serial lines, and USB that looks like one.

use std::{
    io,
    path::Path,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use config::{FlowControl, SerialFormat};
use tokio::{
    io::AsyncWrite as _,
    time::{Sleep, sleep},
};
use tokio_serial::{ClearBuffer, ErrorKind, SerialPort as _, SerialPortBuilderExt as _};
use tokio_serial::{DataBits, Parity, SerialStream};

use super::{
    StopBits,
    error::Fault,
    flow::{Flow, Seen, Step, stops_by_itself},
};

/// An open serial line.
#[derive(Debug)]
pub struct Line {
    stream: SerialStream,
    /// For printers: a terminal's messages are short, and it answers each.
    flow: Option<Flow>,
    /// What the flow waits for, and for how long.
    timer: Option<(Duration, Pin<Box<Sleep>>)>,
}

impl Line {
    pub(super) fn stream(&mut self) -> &mut SerialStream {
        &mut self.stream
    }

    /// On a line with a flow, bytes are taken when they have left. Until then the same bytes have to be
    /// given again.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Some(flow) = &mut self.flow else {
            return Pin::new(&mut self.stream).poll_write(cx, bytes);
        };
        let mut step = flow.next(bytes);
        loop {
            step = match step {
                Step::Write(count) => {
                    self.timer = None;
                    let chunk = bytes.get(..count).unwrap_or(bytes);
                    let count = ready!(Pin::new(&mut self.stream).poll_write(cx, chunk))?;
                    flow.wrote(bytes.get(..count).unwrap_or(bytes));
                    flow.next(bytes)
                }
                Step::Look => flow.saw(look(&mut self.stream), bytes),
                Step::Wait(time) => {
                    let (time, timer) = self
                        .timer
                        .get_or_insert_with(|| (time, Box::pin(sleep(time))));
                    ready!(timer.as_mut().poll(cx));
                    flow.waited(*time);
                    self.timer = None;
                    flow.next(bytes)
                }
                Step::Taken(count) => {
                    self.timer = None;
                    return Poll::Ready(Ok(count));
                }
            };
        }
    }

    /// Bytes that the kernel took, and that may have left since somebody looked.
    pub(super) fn under_way(&self) -> usize {
        self.flow.as_ref().map_or(0, Flow::under_way)
    }
}

/// Best effort: pseudo-terminals have no modem lines, and some adapters do not say what they hold. Then
/// the time that the bytes need is all that is known.
fn look(stream: &mut SerialStream) -> Seen {
    let held = stream.bytes_to_write().unwrap_or(0);
    Seen {
        held: usize::try_from(held).unwrap_or(usize::MAX),
        ready: stream.read_data_set_ready().unwrap_or(true),
    }
}

impl Drop for Line {
    /// Throws away what a stuck device did not take: otherwise Linux keeps the closing thread
    /// waiting for up to 30 seconds (`closing_wait`, see setserial(8)).
    fn drop(&mut self) {
        if let Err(error) = self.stream.clear(ClearBuffer::Output) {
            tracing::debug!(%error, "a serial line's output was not cleared");
        }
    }
}

/// How a line is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) baud: u32,
    pub(super) flow: FlowControl,
    pub(super) format: Option<SerialFormat>,
    pub(super) stop_bits: StopBits,
    /// Of a printer: how many millimetres it prints a second.
    pub(super) print_speed: Option<u32>,
}

pub(super) fn open(path: &Path, settings: Settings) -> Result<Line, Fault> {
    let flow = settings.flow;
    let flow_control = match flow {
        // The kernel knows no DTR/DSR.
        FlowControl::None | FlowControl::DtrDsr => tokio_serial::FlowControl::None,
        FlowControl::RtsCts => tokio_serial::FlowControl::Hardware,
        FlowControl::XonXoff => tokio_serial::FlowControl::Software,
    };
    let (data_bits, parity, stop_bits) = match (settings.format, settings.stop_bits) {
        (None, StopBits::Two) => (DataBits::Eight, Parity::None, tokio_serial::StopBits::Two),
        (None, StopBits::One) | (Some(SerialFormat::EightN1), _) => {
            (DataBits::Eight, Parity::None, tokio_serial::StopBits::One)
        }
        (Some(SerialFormat::SevenE1), _) => {
            (DataBits::Seven, Parity::Even, tokio_serial::StopBits::One)
        }
    };
    let mut stream = tokio_serial::new(path.to_string_lossy(), settings.baud)
        .data_bits(data_bits)
        .parity(parity)
        .stop_bits(stop_bits)
        .flow_control(flow_control)
        .dtr_on_open(true)
        .open_native_async()
        .map_err(|error| fault(path, error))?;
    // With hardware flow control the line belongs to the kernel. Pseudo-terminals have no such
    // line and refuse.
    if flow != FlowControl::RtsCts
        && let Err(error) = stream.write_request_to_send(true)
    {
        tracing::debug!(path = %path.display(), %error, "RTS is not raised");
    }
    if flow == FlowControl::DtrDsr
        && let Err(error) = stream.read_data_set_ready()
    {
        tracing::warn!(path = %path.display(), %error, "this line has no DSR: its speed is all that is kept to");
    }
    let flow = settings
        .print_speed
        .filter(|_| flow != FlowControl::None || !stops_by_itself(&real(path)))
        .map(|speed| Flow::new(flow, settings.baud, speed));
    Ok(Line {
        stream,
        flow,
        timer: None,
    })
}

/// The device node behind names such as those under `/dev/serial/by-id`.
fn real(path: &Path) -> std::path::PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The crate's errors say little: `NoDevice` stands for a line that is in use, `Unknown` for all
/// error numbers that it does not list, ENOTTY among them.
fn fault(path: &Path, error: tokio_serial::Error) -> Fault {
    match error.kind {
        ErrorKind::NoDevice => Fault::Busy,
        ErrorKind::Unknown | ErrorKind::InvalidInput if path.is_file() => Fault::NotSerial,
        ErrorKind::Unknown | ErrorKind::InvalidInput | ErrorKind::Io(_) => {
            io::Error::from(error).into()
        }
    }
}
