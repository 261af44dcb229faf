//! The daemon.

use std::process::ExitCode;

use clap::Parser;
use daemon::cli::tilld;

/// One thread for all that waits: a payment's way goes through many tasks, and each change of threads
/// costs more than what the task does. The queue writes on a thread of its own, and reads have theirs.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = tilld::Args::parse();
    tilld::log();
    tilld::run(args).await
}
