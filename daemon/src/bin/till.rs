//! The command-line client.

use std::process::ExitCode;

use clap::Parser;
use daemon::cli::till;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    till::run(till::Args::parse()).await
}
