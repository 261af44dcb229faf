//! ESC/POS: the receipt printers' language, by Epson and understood by most others.
//!
//! [`render`] makes a receipt's bytes, [`EscPos`] brings them onto paper and finds out whether they
//! came out, and a [`Profile`] tells how one model differs from another. Sources: Epson's ESC/POS
//! command reference, by the commands' names.

mod job;
mod page;
mod profile;
mod receipt;
mod status;

pub use job::EscPos;
pub use page::CodePage;
pub use profile::{Confirmation, Cut, Profile};
pub use receipt::{Align, Line, Style, render};
