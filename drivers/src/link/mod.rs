//! Links move bytes: serial lines, TCP connections, HTTPS exchanges, USB and device files.
//!
//! [`open`] turns a configured link into a [`Connection`]. A link knows nothing of what the bytes
//! mean, and nothing of when to open it again: that is for [`crate::run`].

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use config::Link;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

mod error;
mod exchange;
mod file;
pub mod flow;
mod serial;
mod tcp;
mod tls;
pub(crate) mod usb;

pub use error::OpenError;
pub(crate) use error::advises;
pub use exchange::MAX_BODY;
pub use tls::Tls;

/// What a protocol wants of its link, wherever the configuration says nothing.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// Bits per second of a serial line. Eight data bits without parity, unless the link says
    /// otherwise.
    pub baud: u32,
    /// Stop bits of a serial line.
    pub stop_bits: StopBits,
    /// When the link is open.
    pub policy: Policy,
    /// Seed of the jitter between attempts to open, so that devices that lost their links together
    /// do not all come back at the same moment.
    pub seed: u64,
    /// Of a printer: how many millimetres it prints a second. Without flow control a serial line brings
    /// it no more than that.
    pub print_speed: Option<u32>,
    /// How a device proves over HTTPS who it is; needed there, and only there.
    pub tls: Option<Tls>,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            baud: 9600,
            stop_bits: StopBits::One,
            policy: Policy::Keep,
            seed: 0,
            print_speed: None,
            tls: None,
        }
    }
}

/// Stop bits of a serial line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StopBits {
    /// One.
    #[default]
    One,
    /// Two, as ZVT asks for.
    Two,
}

/// When a link is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// Always: it is opened at once, and again after every loss.
    #[default]
    Keep,
    /// From a command until the machine closes it. For network printers, which serve one
    /// connection at a time and would keep others waiting.
    PerJob,
    /// From when the machine asks for it until either side ends it. For terminals that hang up after
    /// each procedure: that is no fault, and so the engine hears of this link from the machine
    /// alone.
    OnDemand,
}

impl Policy {
    /// What suits a printer on this link.
    pub fn for_printer(link: &Link) -> Self {
        match link {
            Link::Tcp { .. } | Link::Https { .. } => Self::PerJob,
            Link::Serial { .. } | Link::Usb { .. } | Link::File { .. } => Self::Keep,
        }
    }
}

/// An open link: bytes in, bytes out. A read of nothing means that it is gone.
#[derive(Debug)]
pub enum Connection {
    /// A serial line.
    Serial(serial::Line),
    /// A TCP connection.
    Tcp(TcpStream),
    /// HTTPS exchanges: each frame a request, and its answer a frame.
    Exchange(exchange::Exchange),
    /// A USB printer.
    Usb(usb::Printer),
    /// A device file.
    File(file::Device),
}

/// Opens a link.
///
/// # Errors
/// When the device cannot be reached; the error says what to do.
pub async fn open(link: &Link, defaults: &Defaults) -> Result<Connection, OpenError> {
    match link {
        Link::Serial {
            path,
            baud,
            flow,
            format,
        } => {
            let settings = serial::Settings {
                baud: baud.unwrap_or(defaults.baud),
                flow: *flow,
                format: *format,
                stop_bits: defaults.stop_bits,
                print_speed: defaults.print_speed,
            };
            serial::open(path, settings).map(Connection::Serial)
        }
        Link::Tcp { host, port } => tcp::open(host, *port).await.map(Connection::Tcp),
        Link::Https { host, port } => exchange::open(host, *port, defaults.tls.as_ref())
            .await
            .map(Connection::Exchange),
        Link::Usb {
            vendor,
            product,
            serial,
        } => usb::open(*vendor, *product, serial.as_deref())
            .await
            .map(Connection::Usb),
        Link::File { path } => file::open(path).map(Connection::File),
    }
    .map_err(|fault| OpenError::new(link, fault))
}

impl Connection {
    /// Ends it, and says how many bytes of a write that was under way may have been taken all the same.
    pub(crate) async fn end(self) -> usize {
        match self {
            Self::Usb(printer) => printer.end().await,
            Self::Serial(line) => line.under_way(),
            Self::Tcp(_) | Self::Exchange(_) | Self::File(_) => 0,
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Serial(line) => Pin::new(line.stream()).poll_read(cx, buf),
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Exchange(exchange) => exchange.poll_read(cx, buf),
            Self::Usb(printer) => printer.poll_read(cx, buf),
            Self::File(device) => device.poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Serial(line) => line.poll_write(cx, buf),
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Exchange(exchange) => Poll::Ready(exchange.write(buf)),
            Self::Usb(printer) => printer.poll_write(cx, buf),
            Self::File(device) => device.poll_write(cx, buf),
        }
    }

    /// Does nothing: no link buffers, and a serial line's flush would block the thread (`tcdrain`).
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Says goodbye on TCP; other links just end.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Serial(_) | Self::Exchange(_) | Self::Usb(_) | Self::File(_) => {
                Poll::Ready(Ok(()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        path::PathBuf,
    };

    use config::FlowControl;
    use serialport::{SerialPort as _, StopBits as SerialStop, TTYPort};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpSocket},
    };

    use super::*;

    fn pty() -> (TTYPort, PathBuf) {
        let (master, slave) = TTYPort::pair().unwrap();
        let path = slave.name().unwrap().into();
        (master, path)
    }

    fn serial(path: PathBuf) -> Link {
        Link::Serial {
            path,
            baud: None,
            flow: FlowControl::None,
            format: None,
        }
    }

    /// Bytes go both ways, and a hang-up is the end of the reading: no bytes, or an error.
    async fn check_terminal(link: Link, mut master: TTYPort) {
        let two = Defaults {
            stop_bits: StopBits::Two,
            ..Defaults::default()
        };
        let mut connection = open(&link, &two).await.unwrap();
        connection.write_all(b"\x10\x04\x01").await.unwrap();
        let mut sent = [0; 3];
        master.read_exact(&mut sent).unwrap();
        assert_eq!(sent, *b"\x10\x04\x01");
        master.write_all(b"\x16\0\x0d").unwrap();
        let mut got = [0; 3];
        connection.read_exact(&mut got).await.unwrap();
        assert_eq!(got, *b"\x16\0\x0d");
        drop(master);
        assert!(matches!(connection.read(&mut got).await, Ok(0) | Err(_)));
    }

    #[tokio::test]
    async fn a_serial_line_carries_any_byte_and_tells_of_a_hang_up() {
        let (master, path) = pty();
        check_terminal(serial(path), master).await;
    }

    #[tokio::test]
    async fn a_serial_line_has_the_format_of_its_link() {
        let two = Defaults {
            stop_bits: StopBits::Two,
            ..Defaults::default()
        };
        for (option, stop) in [
            ("", SerialStop::Two),
            ("?format=8n1", SerialStop::One),
            ("?format=7e1", SerialStop::One),
        ] {
            let (master, path) = pty();
            let link = format!("serial:{}{option}", path.display());
            let _line = open(&link.parse().unwrap(), &two).await.unwrap();
            // Both ends of a pseudo-terminal have the same settings. Linux keeps theirs at eight
            // bits without parity, so that only the stop bits can be seen (drivers/tty/pty.c).
            assert_eq!(master.stop_bits().unwrap(), stop, "{option}");
        }
    }

    #[tokio::test]
    async fn a_printers_line_carries_any_byte_whatever_the_flow_control() {
        // A pseudo-terminal has no modem lines: what is left of DTR/DSR is its speed.
        for flow in ["dtr-dsr", "rts-cts", "none"] {
            let (mut master, path) = pty();
            let link = format!("serial:{}?baud=115200&flow={flow}", path.display());
            let printer = Defaults {
                print_speed: Some(100),
                ..Defaults::default()
            };
            let mut connection = open(&link.parse().unwrap(), &printer).await.unwrap();
            let bytes: Vec<u8> = (0..2000_u32)
                .flat_map(u32::to_be_bytes)
                .take(2000)
                .collect();
            let reader = std::thread::spawn(move || {
                let mut got = vec![0; 2000];
                master.read_exact(&mut got).map(|()| (got, master))
            });
            connection.write_all(&bytes).await.unwrap();
            let (got, _master) = reader.join().unwrap().unwrap();
            assert_eq!(got, bytes, "{flow}");
            assert_eq!(connection.end().await, 0, "all of it was told");
        }
    }

    #[tokio::test]
    async fn a_device_file_carries_any_byte_and_tells_of_a_hang_up() {
        let (master, path) = pty();
        check_terminal(Link::File { path }, master).await;
    }

    #[tokio::test]
    async fn a_full_device_file_waits_and_does_not_block() {
        let (mut master, path) = pty();
        let mut connection = open(&Link::File { path }, &Defaults::default())
            .await
            .unwrap();
        let bytes = vec![0x55; 100_000];
        let reader = std::thread::spawn(move || {
            let mut got = vec![0; 100_000];
            master.read_exact(&mut got).map(|()| got)
        });
        connection.write_all(&bytes).await.unwrap();
        assert_eq!(reader.join().unwrap().unwrap(), bytes);
    }

    #[tokio::test]
    async fn a_pipe_is_written_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("printer");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let link = Link::File { path: path.clone() };
        let error = open(&link, &Defaults::default()).await.unwrap_err();
        assert!(error.to_string().contains("nobody reads"), "{error}");
        let reading = std::thread::spawn(move || std::fs::read(path));
        let mut connection = loop {
            match open(&link, &Defaults::default()).await {
                Ok(connection) => break connection,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        connection.write_all(b"receipt").await.unwrap();
        drop(connection);
        assert_eq!(reading.join().unwrap().unwrap(), b"receipt");
    }

    #[tokio::test]
    async fn tcp_carries_bytes_and_tells_of_the_end() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let link = Link::Tcp {
            host: "127.0.0.1".to_owned(),
            port: listener.local_addr().unwrap().port(),
        };
        let defaults = Defaults::default();
        let (connection, peer) = tokio::join!(open(&link, &defaults), listener.accept());
        let (mut connection, mut peer) = (connection.unwrap(), peer.unwrap().0);
        connection.write_all(b"ab").await.unwrap();
        let mut got = [0; 2];
        peer.read_exact(&mut got).await.unwrap();
        assert_eq!(got, *b"ab");
        drop(peer);
        assert_eq!(connection.read(&mut got).await.unwrap(), 0);
    }

    #[test]
    fn network_printers_are_shared() {
        for (link, policy) in [
            ("tcp:192.0.2.20:9100", Policy::PerJob),
            ("file:/dev/usb/lp0", Policy::Keep),
            ("usb:04b8:0e15", Policy::Keep),
            ("serial:/dev/ttyS0", Policy::Keep),
        ] {
            assert_eq!(
                Policy::for_printer(&link.parse().unwrap()),
                policy,
                "{link}"
            );
        }
    }

    #[tokio::test]
    async fn errors_name_the_link_and_the_remedy() {
        let plain = tempfile::NamedTempFile::new().unwrap();
        // Bound and not listening: the port is ours, and refuses.
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let port = socket.local_addr().unwrap().port();
        let missing = PathBuf::from("/dev/no-such-till");
        let plain = plain.path().to_path_buf();
        for (link, says) in [
            (serial(missing.clone()), "Plug it in"),
            (Link::File { path: missing }, "Plug it in"),
            (serial(plain.clone()), "not a serial line"),
            (Link::File { path: plain }, "not a device file"),
            (
                Link::Tcp {
                    host: "127.0.0.1".to_owned(),
                    port,
                },
                "refuses the connection",
            ),
        ] {
            let error = open(&link, &Defaults::default()).await.unwrap_err();
            let text = error.to_string();
            assert!(text.starts_with(&link.to_string()), "{text}");
            assert!(text.contains(says), "{text}");
        }
    }

    #[tokio::test]
    async fn a_busy_serial_line_says_so() {
        let (_master, path) = pty();
        let first = open(&serial(path.clone()), &Defaults::default()).await;
        let error = open(&serial(path), &Defaults::default()).await.unwrap_err();
        assert!(first.is_ok());
        assert!(error.to_string().contains("another program"), "{error}");
    }
}
