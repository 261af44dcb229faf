//! Why a link could not be opened, and what a person does about it.

use std::io;

use config::Link;

/// Why a link could not be opened: which link, what happened, what to do.
#[derive(Debug, thiserror::Error)]
#[error("{link}: {fault}")]
pub struct OpenError {
    link: String,
    #[source]
    fault: Fault,
}

impl OpenError {
    pub(super) fn new(link: &Link, fault: Fault) -> Self {
        Self {
            link: link.to_string(),
            fault,
        }
    }
}

/// Whether an error says itself what to do about it.
pub(crate) fn advises(error: &io::Error) -> bool {
    let fault = error.get_ref();
    fault
        .and_then(|inner| inner.downcast_ref::<Fault>())
        .is_some()
}

/// What happened, whatever the link.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("nothing is there. Plug it in and switch it on, or correct the link's path")]
    Missing,
    #[error(
        "access is refused. Add the user that runs tilld to the device's group: dialout for a \
         serial line, lp for a printer"
    )]
    Forbidden,
    #[error(
        "another program has it open. Stop that program; ModemManager, brltty and CUPS are the \
         usual ones"
    )]
    Busy,
    #[error("it is not a serial line. Give the path of one, such as /dev/ttyUSB0")]
    NotSerial,
    #[error("it is not a device file. Give the path of one, such as /dev/usb/lp0")]
    NotADevice,
    #[error(
        "several of this model are plugged in; they have: {0}. Write the serial number of the right one \
         behind the link, as ?serial=…; where they have none, use file:/dev/usb/lp0"
    )]
    Several(String),
    #[error("none of this model has that serial number; plugged in are: {0}. Correct the link")]
    OtherSerial(String),
    #[error("this device is no printer. Compare the link's numbers with those that lsusb shows")]
    NotAPrinter,
    #[error(
        "access to the USB device is refused. Install tilld's udev rules, give the user that runs \
         tilld the group lp, and plug the printer in anew"
    )]
    UsbForbidden,
    #[error(
        "another program has the USB printer. Stop that program, and delete the printer's queue in \
         CUPS"
    )]
    UsbBusy,
    #[error("the USB printer is gone. Plug it in and switch it on")]
    Unplugged,
    #[error("USB: {0}. Check the printer and its cable, and switch it off and on")]
    Usb(nusb::transfer::TransferError),
    #[error("nobody reads this pipe. Start the program at its other end")]
    NoReader,
    #[error("the name is not known. Check the link's host name and the network: {0}")]
    UnknownHost(io::Error),
    #[error(
        "the device refuses the connection. Check the port, and that no other till is connected"
    )]
    Refused,
    #[error(
        "no answer within {} seconds. Check that the device is on, its cable and its address",
        super::tcp::CONNECT_TIMEOUT.as_secs()
    )]
    NoAnswer,
    #[error(
        "its certificate does not chain to the configured root ({0}). Check terminal.adyen.root, \
         and that the address is the terminal's"
    )]
    Untrusted(String),
    #[error(
        "its certificate is for “{0}”, which is no terminal of this environment. Check the \
         address, and terminal.adyen.environment"
    )]
    OtherName(String),
    #[error("the configured root cannot be used ({0}). Fetch it again from the provider")]
    BadRoot(String),
    #[error("it does not speak TLS as it should ({0}). Check the address and the port")]
    NoTls(String),
    #[error("it answers HTTP {0}. Check the port, and that local requests are allowed there")]
    Status(u16),
    #[error("its answer is larger than any. Check the address and the port")]
    TooLong,
    #[error("a request was not answered within {0} seconds. Check that the device is on")]
    Unanswered(u64),
    #[error("more requests at once than it can take. Wait for its answers")]
    TooMany,
    #[error("it needs to know whom to trust. Give the root certificate")]
    NobodyTrusted,
    #[error("{0}. Check the device, its cable and the link's settings")]
    Other(io::Error),
}

impl From<nusb::Error> for Fault {
    fn from(error: nusb::Error) -> Self {
        match error.kind() {
            // It was there a moment ago.
            nusb::ErrorKind::Disconnected | nusb::ErrorKind::NotFound => Self::Unplugged,
            nusb::ErrorKind::Busy => Self::UsbBusy,
            nusb::ErrorKind::PermissionDenied => Self::UsbForbidden,
            _ => Self::Other(error.into()),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::Forbidden,
            io::ErrorKind::ResourceBusy => Self::Busy,
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::TimedOut => Self::NoAnswer,
            _ => Self::Other(error),
        }
    }
}
