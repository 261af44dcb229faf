//! ESC/POS: the receipt printers' language, by Epson and understood by most others.
//!
//! [`render`] makes a receipt's bytes, [`EscPos`] brings them onto paper and finds out whether they
//! came out, and a [`Profile`] tells how one model differs from another. Sources: Epson's ESC/POS
//! command reference, by the commands' names.

mod commands;
#[cfg(test)]
mod fixture;
mod font;
mod job;
mod logo;
mod outline;
mod page;
mod profile;
mod qr;
mod raster;
mod receipt;
mod shape;
mod status;
mod test_page;
mod text;
mod wrap;

pub use font::Fonts;
pub use job::EscPos;
pub use logo::store as store_logo;
pub use page::CodePage;
pub use payment::receipt::{Align, Line, Style};
pub use profile::{Confirmation, Cut, Images, Profile, ProfileError, Profiles};
pub use receipt::{needs_fonts, render, render_with};
pub use test_page::test_page;
