//! Where a device is: `serial:/dev/…?baud=115200&format=7e1`, `tcp:host:port`, `https:host:port`,
//! `usb:04b8:0e15?serial=…` or `file:/dev/usb/lp0`.

use std::{fmt, path::PathBuf, str::FromStr};

/// How a device is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// A serial line, or USB that looks like one.
    Serial {
        /// The device node; a name under `/dev/serial/by-id` survives replugging.
        path: PathBuf,
        /// Bits per second; the protocol's own default unless given.
        baud: Option<u32>,
        /// Flow control.
        flow: FlowControl,
        /// Data bits, parity and stop bits; the protocol's own default unless given.
        format: Option<SerialFormat>,
    },
    /// A TCP connection that we open.
    Tcp {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
    },
    /// Requests over HTTPS, to a device that answers them.
    Https {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
    },
    /// A USB printer, without the kernel's driver for printers.
    Usb {
        /// The maker's number.
        vendor: u16,
        /// The model's number.
        product: u16,
        /// The serial number, to tell two of one model apart.
        serial: Option<String>,
    },
    /// A device file that is just written and read, such as `/dev/usb/lp0`.
    File {
        /// The device node.
        path: PathBuf,
    },
}

/// Flow control of a serial line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FlowControl {
    /// None.
    #[default]
    None,
    /// By the RTS and CTS lines, in the kernel.
    RtsCts,
    /// By the printer's DTR, which is our DSR; looked at before every few bytes.
    DtrDsr,
    /// By bytes that stop and start the line, in the kernel.
    XonXoff,
}

/// Data bits, parity and stop bits of a serial line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SerialFormat {
    /// Eight data bits, no parity, one stop bit.
    EightN1,
    /// Seven data bits, even parity, one stop bit.
    SevenE1,
}

/// Why a text is no link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLink {
    /// Not one of the five forms.
    #[error(
        "“{0}” is not a link; write serial:/dev/…?baud=9600, tcp:host:port, https:host:port, \
         usb:04b8:0e15 or file:/dev/usb/lp0"
    )]
    NotALink(String),
    /// An option that is not known.
    #[error(
        "“{0}” is not an option of a serial link; use baud=9600, flow=rts-cts (or \
         dtr-dsr, xon-xoff, none) or format=7e1"
    )]
    UnknownOption(String),
}

impl FromStr for Link {
    type Err = InvalidLink;
    fn from_str(text: &str) -> Result<Self, InvalidLink> {
        let wrong = || InvalidLink::NotALink(text.to_owned());
        let (scheme, rest) = text.split_once(':').ok_or_else(wrong)?;
        match scheme {
            "serial" => serial(rest).map_err(|e| e.unwrap_or_else(wrong)),
            "tcp" | "https" => {
                let (host, port) = host_and_port(rest).ok_or_else(wrong)?;
                Ok(if scheme == "tcp" {
                    Self::Tcp { host, port }
                } else {
                    Self::Https { host, port }
                })
            }
            "usb" => usb(rest).ok_or_else(wrong),
            "file" if rest.starts_with('/') => Ok(Self::File { path: rest.into() }),
            _ => Err(wrong()),
        }
    }
}

fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = port.parse().ok().filter(|p| *p != 0)?;
    let plain = !host.is_empty() && !host.contains(['/', ' ', '?', '@', '#']);
    plain.then(|| (host.to_owned(), port))
}

/// `04b8:0e15?serial=…`: the two numbers are those that `lsusb` shows.
fn usb(text: &str) -> Option<Link> {
    let (id, serial) = match text.split_once('?') {
        Some((id, option)) => (id, Some(option.strip_prefix("serial=")?)),
        None => (text, None),
    };
    let (vendor, product) = id.split_once(':')?;
    let number = |digits: &str| {
        let hex = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        u16::from_str_radix(digits, 16).ok().filter(|_| hex)
    };
    Some(Link::Usb {
        vendor: number(vendor)?,
        product: number(product)?,
        serial: match serial {
            Some("") => return None,
            serial => serial.map(str::to_owned),
        },
    })
}

/// `None` stands for "not a link at all".
fn serial(rest: &str) -> Result<Link, Option<InvalidLink>> {
    let (path, options) = rest.split_once('?').unwrap_or((rest, ""));
    if !path.starts_with('/') {
        return Err(None);
    }
    let mut baud = None;
    let mut flow = FlowControl::None;
    let mut format = None;
    for option in options.split('&').filter(|o| !o.is_empty()) {
        let unknown = || Some(InvalidLink::UnknownOption(option.to_owned()));
        match option.split_once('=') {
            Some(("baud", rate)) => {
                baud = Some(rate.parse().ok().filter(|b| *b > 0).ok_or_else(unknown)?);
            }
            Some(("flow", "none")) => flow = FlowControl::None,
            Some(("flow", "rts-cts")) => flow = FlowControl::RtsCts,
            Some(("flow", "dtr-dsr")) => flow = FlowControl::DtrDsr,
            Some(("flow", "xon-xoff")) => flow = FlowControl::XonXoff,
            Some(("format", "8n1")) => format = Some(SerialFormat::EightN1),
            Some(("format", "7e1")) => format = Some(SerialFormat::SevenE1),
            _ => return Err(unknown()),
        }
    }
    Ok(Link::Serial {
        path: path.into(),
        baud,
        flow,
        format,
    })
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serial { path, .. } => write!(f, "serial:{}", path.display()),
            Self::Tcp { host, port } => write!(f, "tcp:{host}:{port}"),
            Self::Https { host, port } => write!(f, "https:{host}:{port}"),
            Self::Usb {
                vendor,
                product,
                serial,
            } => {
                write!(f, "usb:{vendor:04x}:{product:04x}")?;
                match serial {
                    Some(serial) => write!(f, "?serial={serial}"),
                    None => Ok(()),
                }
            }
            Self::File { path } => write!(f, "file:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_all_forms() {
        for (text, expected) in [
            (
                "serial:/dev/ttyUSB0",
                r#"Ok(Serial { path: "/dev/ttyUSB0", baud: None, flow: None, format: None })"#,
            ),
            (
                "serial:/dev/ttyS0?baud=115200&flow=rts-cts",
                r#"Ok(Serial { path: "/dev/ttyS0", baud: Some(115200), flow: RtsCts, format: None })"#,
            ),
            (
                "serial:/dev/ttyS0?flow=dtr-dsr",
                r#"Ok(Serial { path: "/dev/ttyS0", baud: None, flow: DtrDsr, format: None })"#,
            ),
            (
                "serial:/dev/ttyS0?flow=xon-xoff",
                r#"Ok(Serial { path: "/dev/ttyS0", baud: None, flow: XonXoff, format: None })"#,
            ),
            (
                "serial:/dev/ttyS0?flow=dsr",
                r#"Err(UnknownOption("flow=dsr"))"#,
            ),
            (
                "serial:/dev/ttyS0?format=7e1",
                r#"Ok(Serial { path: "/dev/ttyS0", baud: None, flow: None, format: Some(SevenE1) })"#,
            ),
            (
                "serial:/dev/ttyS0?format=7e2",
                r#"Err(UnknownOption("format=7e2"))"#,
            ),
            (
                "tcp:192.0.2.20:20007",
                r#"Ok(Tcp { host: "192.0.2.20", port: 20007 })"#,
            ),
            (
                "tcp:[2001:db8::1]:9100",
                r#"Ok(Tcp { host: "2001:db8::1", port: 9100 })"#,
            ),
            ("file:/dev/usb/lp0", r#"Ok(File { path: "/dev/usb/lp0" })"#),
            (
                "serial:/dev/ttyS0?speed=1",
                r#"Err(UnknownOption("speed=1"))"#,
            ),
            ("serial:ttyS0", r#"Err(NotALink("serial:ttyS0"))"#),
            ("tcp:host", r#"Err(NotALink("tcp:host"))"#),
            ("tcp::20007", r#"Err(NotALink("tcp::20007"))"#),
            (
                "https:192.0.2.20:8443",
                r#"Ok(Https { host: "192.0.2.20", port: 8443 })"#,
            ),
            (
                "https://192.0.2.20:8443",
                r#"Err(NotALink("https://192.0.2.20:8443"))"#,
            ),
            ("https:host", r#"Err(NotALink("https:host"))"#),
            ("tcp:host:0", r#"Err(NotALink("tcp:host:0"))"#),
            (
                "usb:04b8:0E15",
                r"Ok(Usb { vendor: 1208, product: 3605, serial: None })",
            ),
            (
                "usb:0416:5011?serial=A 1",
                r#"Ok(Usb { vendor: 1046, product: 20497, serial: Some("A 1") })"#,
            ),
            ("usb:1", r#"Err(NotALink("usb:1"))"#),
            ("usb:04b8", r#"Err(NotALink("usb:04b8"))"#),
            ("usb:4b8:e15", r#"Err(NotALink("usb:4b8:e15"))"#),
            ("usb:+4b8:0e15", r#"Err(NotALink("usb:+4b8:0e15"))"#),
            (
                "usb:04b8:0e15?serial=",
                r#"Err(NotALink("usb:04b8:0e15?serial="))"#,
            ),
            (
                "usb:04b8:0e15?port=1",
                r#"Err(NotALink("usb:04b8:0e15?port=1"))"#,
            ),
        ] {
            assert_eq!(format!("{:?}", text.parse::<Link>()), expected);
        }
    }
}
