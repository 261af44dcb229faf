//! The configuration: one TOML file, checked whole before anything starts.
//!
//! [`Config`] is what the rest of the house sees: every value parsed, every default filled in,
//! every secret read. [`load`] reads it, and names all that is wrong at once. This crate must not
//! know drivers, queues or protocols beyond their names and options.

use std::{fs, path::Path};

use payment::DeviceId;

mod error;
mod link;
mod parse;
mod receipt;
mod secret;
mod template;
mod types;

pub use error::{ConfigError, Problem};
pub use link::{FlowControl, InvalidLink, Link, SerialFormat};
pub use parse::{protocol::*, upstream::*};
pub use receipt::{Layout, LayoutError, LogoError, RECEIPT_VARIABLES, Receipts};
pub use secret::SecretSource;
pub use template::{
    INVOICE_VARIABLES, LIST_VARIABLES, Place, Template, TemplateError, VARIABLES, Values,
};
pub use types::{Config, Daemon, Drawer, Printer, Secret, Terminal, Till, Upstream};

/// Largest configuration file, in bytes.
const FILE_BYTES: u64 = 1024 * 1024;

/// A printer profile that the configuration may name. What it says is not this crate's matter, but
/// for what a link or a drawer must suit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrinterProfile<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether pictures are printed on it.
    pub images: bool,
    /// Whether a cash drawer can hang on it.
    pub drawer: bool,
}

/// Reads and checks a configuration file, and the secrets that it names.
///
/// `profiles` are those that `printer.profile` may name.
///
/// # Errors
/// When the file cannot be read, or with everything that is wrong in it.
pub fn load(
    path: &Path,
    secrets: &SecretSource,
    profiles: &[PrinterProfile<'_>],
) -> Result<Config, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable {
        file: path.to_owned(),
        source,
    };
    let size = fs::metadata(path).map_err(unreadable)?.len();
    if size > FILE_BYTES {
        return Err(ConfigError::TooLarge {
            file: path.to_owned(),
            max: FILE_BYTES,
        });
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    parse(&text, path, secrets, profiles)
}

/// Checks a configuration that was already read. `file` is named in the messages, and its folder has
/// the files that the configuration names.
///
/// # Errors
/// With everything that is wrong in it.
pub fn parse(
    text: &str,
    file: &Path,
    secrets: &SecretSource,
    profiles: &[PrinterProfile<'_>],
) -> Result<Config, ConfigError> {
    let folder = file.parent().unwrap_or(Path::new(""));
    parse::parse(text, folder, secrets, profiles).map_err(|found| ConfigError::invalid(file, found))
}

/// The devices of a configuration file, whatever else is wrong with it.
pub fn device_ids(path: &Path) -> Vec<DeviceId> {
    let text = fs::read_to_string(path).unwrap_or_default();
    parse::device_ids(&text)
}

/// Where a client finds the daemon: the `[daemon]` table of a configuration file, whatever is wrong
/// with the rest of it. Without a readable file, the defaults.
pub fn daemon_section(path: &Path) -> Daemon {
    let text = fs::read_to_string(path).unwrap_or_default();
    parse::daemon_section(&text)
}
