//! The configuration: one TOML file, checked whole before anything starts.
//!
//! [`Config`] is what the rest of the house sees: every value parsed, every default filled in. This
//! crate must not know drivers, queues or protocols beyond their names and options.

mod link;
mod types;

pub use link::{FlowControl, InvalidLink, Link};
pub use types::{
    Config, Daemon, Printer, Protocol, Secret, Terminal, Till, Upstream, UpstreamKind, ZvtCharset,
    ZvtOptions,
};
