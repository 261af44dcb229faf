//! What can be written on the command line of `till`, with its help. It must not know what comes of it.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::{
    copies::RestoreArgs,
    pay::PayArgs,
    payments::{CancelArgs, HandledArgs, ListArgs, RefundArgs, ResolveArgs},
    printer::{DrawerArgs, PrinterArgs},
    reconcile::ReconcileArgs,
    sync::SyncArgs,
    terminal::{CloseArgs, TerminalArgs},
    worklist::WorklistArgs,
};

/// Take payments and look after a checkout desk.
#[derive(Debug, Parser)]
#[command(
    name = "till",
    version,
    after_help = "Exit codes: 0 done, 1 not taken or refused, 2 wrong usage, 3 in doubt, \
                  4 no answer from the daemon. After 4, repeat the same command with its --key: \
                  a payment is never charged twice under one key."
)]
pub struct Args {
    /// The daemon's configuration, to find its socket, or its port and token.
    #[arg(
        long,
        global = true,
        env = "TILLD_CONFIG",
        default_value = "/etc/tilld/tilld.toml"
    )]
    pub(super) config: PathBuf,
    /// The daemon's Unix socket, instead of what the configuration says.
    #[arg(long, global = true, env = "TILLD_SOCKET")]
    pub(super) socket: Option<PathBuf>,
    /// Print the daemon's answer as JSON.
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Take a payment and wait for its outcome.
    Pay(PayArgs),
    /// Take a payment back whole, before the terminal's end of day.
    Cancel(CancelArgs),
    /// Give money of a payment back.
    Refund(RefundArgs),
    /// Print a copy of a payment's receipt.
    Copy {
        /// The payment's id.
        payment: String,
    },
    /// Ask a terminal for its last transaction again, to settle a payment in doubt.
    Recover {
        /// Which device.
        device: String,
    },
    /// Say that a payment which the invoicing system refused was booked there by hand.
    Handled(HandledArgs),
    /// Close a terminal's day and compare its totals with the journal.
    Close(CloseArgs),
    /// Copy the whole database into a new file while tilld runs, and prove that the copy is whole.
    Backup {
        /// The new file, best on another disk.
        file: PathBuf,
    },
    /// Examine the database of the running tilld, or a copy: the file, the journal's chain of hashes,
    /// and whether what is shown is what the journal says.
    Verify {
        /// A copy.
        file: Option<PathBuf>,
    },
    /// Put a copy in the place of the database, once it is proved to be whole; tilld must not run.
    Restore(RestoreArgs),
    /// Have a terminal do something that moves no money.
    Terminal(TerminalArgs),
    /// Show what a person copies into a system that takes nothing from programs, and tick it off.
    Worklist(WorklistArgs),
    /// Look after receipt printers and their jobs.
    Printer(PrinterArgs),
    /// Open a cash drawer.
    Drawer(DrawerArgs),
    /// Show how the invoicing systems stand and what waits for them, or decide about one delivery.
    Sync(SyncArgs),
    /// Compare the payments of some days with the terminals' ends of day and the invoicing systems.
    Reconcile(ReconcileArgs),
    /// Show what is still to be paid of an invoice, as the invoicing system says.
    Invoice {
        /// Which.
        invoice: String,
    },
    /// Show the devices and printers, and what to do next.
    Status,
    /// List the last payments.
    Payments(ListArgs),
    /// Show one payment with its receipts and deliveries.
    Show {
        /// The payment's id.
        payment: String,
    },
    /// Ask the terminal to end the running payment.
    Abort {
        /// The payment's id.
        payment: String,
    },
    /// Settle a payment in doubt, after looking at the terminal's own records.
    Resolve(ResolveArgs),
}
