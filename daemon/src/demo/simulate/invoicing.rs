//! `tilld simulate invoicing`, `http` and `tryton`

use std::net::SocketAddr;

use simulator::invoicing::{Fault, Shared, System};
use tokio::signal;

use crate::demo::{DemoError, say, stage};

/// What goes wrong.
#[derive(Debug, clap::Args)]
pub struct Trouble {
    /// What goes wrong with the next request, by name; see the list below.
    #[arg(long, value_name = "NAME")]
    fault: Option<Fault>,
    /// With how many requests it goes wrong.
    #[arg(long, default_value_t = 1, requires = "fault")]
    requests: u32,
}

impl Trouble {
    fn begin<S: System>(&self, sandbox: &Shared<S>) {
        if let Some(fault) = self.fault {
            sandbox.lock().arm(fault, self.requests);
        }
    }
}

/// The names of all faults as the end of a help text.
pub(super) fn faults() -> String {
    let names = Fault::ALL.map(Fault::as_str);
    format!("Faults:\n  {}", names.join("\n  "))
}

pub(super) async fn serve_ivvy(listen: SocketAddr, trouble: &Trouble) -> Result<(), DemoError> {
    let (address, sandbox) = stage::serve_sandbox(listen).await?;
    trouble.begin(&sandbox);
    say(&format!(
        "A simulated invoicing system is at url = \"http://{address}\".\n\
         api_key = \"demo-key\"; the secret is: demo secret\n\
         Invoice 156 has 80.00 EUR outstanding."
    ));
    Ok(signal::ctrl_c().await?)
}

pub(super) async fn serve_http(listen: SocketAddr, trouble: &Trouble) -> Result<(), DemoError> {
    let (address, sandbox) = stage::serve_http(listen).await?;
    trouble.begin(&sandbox);
    say(&format!(
        "A simulated invoicing system is at url = \"http://{address}\".\n\
         The token is: {}\n\
         Invoice 156 has 80.00 EUR outstanding; docs/http.md has the configuration.",
        stage::HTTP_TOKEN
    ));
    Ok(signal::ctrl_c().await?)
}

pub(super) async fn serve_tryton(listen: SocketAddr, trouble: &Trouble) -> Result<(), DemoError> {
    let (address, sandbox) = stage::serve_tryton(listen).await?;
    trouble.begin(&sandbox);
    say(&format!(
        "A simulated Tryton is at url = \"http://{address}/clinic\".\n\
         The key is: {}\n\
         It has statement journals for desk1, desk2, cashbox and try.\n\
         Invoice 156 has 80.00 EUR outstanding; docs/tryton.md has the configuration.",
        stage::TRYTON_KEY
    ));
    Ok(signal::ctrl_c().await?)
}
