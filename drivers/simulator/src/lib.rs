//! x

pub mod invoicing;
