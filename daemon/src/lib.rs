//! The daemon: the engine, and the thin shell around it.
//!
//! The two types to know first are [`engine::Engine`], which decides, and [`shell::Handle`], which
//! carries out. Everything else is a way in (API, console, command line) or a way out (printing).

pub mod api;
pub mod cli;
pub mod demo;
pub mod engine;
pub mod printing;
pub mod problem;
pub mod shell;

/// Chooses how TLS is computed, for every HTTP client of this process. May be called again.
pub fn install_tls() {
    // An error means that it was chosen before.
    drop(rustls::crypto::ring::default_provider().install_default());
}
