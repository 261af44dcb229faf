//! How receipts look: `[receipt]`.

mod layout;
mod logo;
mod markup;
mod samples;
mod values;

use payment::receipt::{Language, Letterhead};

pub use layout::{Layout, LayoutError};
pub use logo::LogoError;
pub use values::VARIABLES as RECEIPT_VARIABLES;

pub(crate) use logo::{FILE_BYTES as LOGO_BYTES, read as read_logo};

use crate::Template;

/// Longest file of a template, in bytes.
pub(crate) const TEMPLATE_BYTES: u64 = layout::BYTES as u64;

/// `[receipt]`, and `merchant` of `[daemon]`
#[derive(Debug, Clone)]
pub struct Receipts {
    /// Where everything stands.
    pub layout: Layout,
    /// What the clinic writes on each.
    pub letterhead: Letterhead,
    /// What a QR code on each says, if there is one.
    pub qr: Option<Template>,
    /// Whether each payment has a receipt for the clinic's files too, also where no terminal asks
    /// for one.
    pub merchant_copy: bool,
}

impl Default for Receipts {
    fn default() -> Self {
        Self {
            layout: Layout::built_in(Language::default()),
            letterhead: Letterhead::default(),
            qr: None,
            merchant_copy: false,
        }
    }
}
