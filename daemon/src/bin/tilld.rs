//! The daemon.

use std::process::ExitCode;

use clap::Parser;
use daemon::cli::tilld;

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let args = tilld::Args::parse();
    tilld::log();
    tilld::run(args).await
}
