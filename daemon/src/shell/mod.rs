//! The shell: carries out what the engine wants, with real time, disks and wires.
//!
//! One task owns the engine and takes one event at a time. Everybody else holds a [`Handle`].
//! This module must not decide anything about payments.

mod database;
mod handle;
mod lookup;
mod nightly;
mod paper;
mod readers;
mod reconcile;
mod start;
mod task;
mod terminals;
mod upstreams;

use std::sync::Arc;

use drivers::run::ToMachine;
use tokio::sync::{Notify, mpsc};

pub use database::database_file;
pub use handle::Handle;
pub use lookup::{Asked, Known};
pub use reconcile::Reconciled;
pub use start::{RunError, Running, StartError, setups, start, unfinished};
pub use task::StorageLost;
pub use terminals::event;

/// What wakes those who print and deliver.
pub type WorkDue = Arc<Notify>;

type Commands = mpsc::Sender<ToMachine<drivers::terminal::Command>>;
