//! `tilld simulate proxy`.

use std::net::SocketAddr;

use clap::Args as ClapArgs;
use simulator::proxy::{self, Counts, Options, Trouble, Twice};
use tokio::{net::TcpListener, signal};

use super::super::{DemoError, say};

/// The network.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// Listen on this TCP address.
    #[arg(long, default_value = "127.0.0.1:8459")]
    listen: SocketAddr,
    /// Where the server is.
    #[arg(long)]
    to: SocketAddr,
    /// How many of a hundred connections something happens to.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(0..=100))]
    percent: u64,
    /// Where the dice begin: the same seed gives the same troubles.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Send also POST twice, which HTTP forbids. A server that does not know it again books twice.
    #[arg(long)]
    any_twice: bool,
}

/// Stands between client and server until it is interrupted; then says what it did.
pub(super) async fn serve(args: Args) -> Result<(), DemoError> {
    let listener = TcpListener::bind(args.listen).await?;
    let address = listener.local_addr()?;
    let options = Options {
        to: args.to,
        percent: args.percent,
        seed: args.seed,
        twice: if args.any_twice {
            Twice::Any
        } else {
            Twice::Idempotent
        },
    };
    let counts = Counts::default();
    say(&format!(
        "A bad network to {} is at http://{address}.",
        args.to
    ));
    tokio::select! {
        served = proxy::serve(listener, options, counts.clone()) => served?,
        ended = signal::ctrl_c() => ended?,
    }
    say(&format!("{} connections", counts.connections()));
    for trouble in Trouble::ALL {
        say(&format!(
            "  {:<26}{:>7}",
            trouble.as_str(),
            counts.of(trouble)
        ));
    }
    Ok(())
}
