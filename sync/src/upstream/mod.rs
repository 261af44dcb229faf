//! The invoicing systems.
