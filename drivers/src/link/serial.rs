//! Serial lines, and USB that looks like one.

use std::{io, path::Path};

use config::{FlowControl, SerialFormat};
use tokio_serial::{ClearBuffer, ErrorKind, SerialPort as _, SerialPortBuilderExt as _};
use tokio_serial::{DataBits, Parity, SerialStream};

use super::{StopBits, error::Fault};

/// An open serial line.
#[derive(Debug)]
pub struct Line(SerialStream);

impl Line {
    pub(super) fn stream(&mut self) -> &mut SerialStream {
        &mut self.0
    }
}

impl Drop for Line {
    /// Throws away what a stuck device did not take: otherwise Linux keeps the closing thread
    /// waiting for up to 30 seconds (`closing_wait`, see setserial(8)).
    fn drop(&mut self) {
        if let Err(error) = self.0.clear(ClearBuffer::Output) {
            tracing::debug!(%error, "a serial line's output was not cleared");
        }
    }
}

pub(super) fn open(
    path: &Path,
    baud: u32,
    flow: FlowControl,
    format: Option<SerialFormat>,
    stop_bits: StopBits,
) -> Result<Line, Fault> {
    let flow_control = match flow {
        FlowControl::None => tokio_serial::FlowControl::None,
        FlowControl::RtsCts => tokio_serial::FlowControl::Hardware,
    };
    let (data_bits, parity, stop_bits) = match (format, stop_bits) {
        (None, StopBits::Two) => (DataBits::Eight, Parity::None, tokio_serial::StopBits::Two),
        (None, StopBits::One) | (Some(SerialFormat::EightN1), _) => {
            (DataBits::Eight, Parity::None, tokio_serial::StopBits::One)
        }
        (Some(SerialFormat::SevenE1), _) => {
            (DataBits::Seven, Parity::Even, tokio_serial::StopBits::One)
        }
    };
    let mut stream = tokio_serial::new(path.to_string_lossy(), baud)
        .data_bits(data_bits)
        .parity(parity)
        .stop_bits(stop_bits)
        .flow_control(flow_control)
        .dtr_on_open(true)
        .open_native_async()
        .map_err(|error| fault(path, error))?;
    // With hardware flow control the line belongs to the kernel. Pseudo-terminals have no such
    // line and refuse.
    if flow == FlowControl::None
        && let Err(error) = stream.write_request_to_send(true)
    {
        tracing::debug!(path = %path.display(), %error, "RTS is not raised");
    }
    Ok(Line(stream))
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
