//! What becomes of payments that were taken: `till cancel`, `till refund`, `till copy`, `till abort`,
//! `till resolve`, `till handled`, `till show` and `till payments`

use serde_json::{Value, json};

use super::{
    request::{key_or_new, only, percent, with},
    show::text,
};
use crate::cli::client::{CallError, Client};

/// What `till cancel` needs to know.
#[derive(Debug, clap::Args)]
pub(super) struct CancelArgs {
    /// The payment's id.
    payment: String,
    /// Why.
    #[arg(long)]
    note: Option<String>,
    /// The Idempotency-Key, by default a new one.
    #[arg(long)]
    key: Option<String>,
}

/// What `till refund` needs to know.
#[derive(Debug, clap::Args)]
pub(super) struct RefundArgs {
    /// The payment's id.
    payment: String,
    /// How much; all that is left, unless given.
    #[arg(long)]
    amount: Option<String>,
    /// Why.
    #[arg(long)]
    note: Option<String>,
    /// The Idempotency-Key, by default a new one.
    #[arg(long)]
    key: Option<String>,
}

/// What `till resolve` needs to know.
#[derive(Debug, clap::Args)]
pub(super) struct ResolveArgs {
    /// The payment's id.
    payment: String,
    /// What really happened.
    #[arg(value_parser = ["approved", "declined"])]
    outcome: String,
    /// Who decides.
    #[arg(long)]
    name: String,
    /// How they know.
    #[arg(long)]
    reason: String,
}

/// What `till handled` needs to know.
#[derive(Debug, clap::Args)]
pub(super) struct HandledArgs {
    /// The payment's id.
    payment: String,
    /// Which invoicing system.
    #[arg(long)]
    upstream: String,
    /// Who did it.
    #[arg(long)]
    name: String,
    /// What they did.
    #[arg(long)]
    reason: String,
}

/// What `till payments` needs to know.
#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// Only those in this state, for example declined.
    #[arg(long)]
    state: Option<String>,
    /// Only those taken here.
    #[arg(long)]
    device: Option<String>,
    /// Only those for this invoice.
    #[arg(long)]
    invoice: Option<String>,
    /// How many.
    #[arg(long, default_value_t = 20)]
    limit: u16,
}

/// Takes a payment back, and waits for the cancel's outcome.
pub(super) async fn cancel(client: &Client, args: &CancelArgs) -> Result<Value, CallError> {
    let body = with(&[("note", &args.note)]);
    let key = key_or_new(args.key.as_ref())?;
    let path = of(&args.payment, "/cancel");
    client.post_with_key(&path, &key, &body).await
}

/// Gives money back, and waits for the refund's outcome.
pub(super) async fn refund(client: &Client, args: &RefundArgs) -> Result<Value, CallError> {
    let body = with(&[("amount", &args.amount), ("note", &args.note)]);
    let key = key_or_new(args.key.as_ref())?;
    let path = of(&args.payment, "/refund");
    client.post_with_key(&path, &key, &body).await
}

/// The payment as the person settled it.
pub(super) async fn resolve(client: &Client, args: &ResolveArgs) -> Result<Value, CallError> {
    let body = json!({ "outcome": args.outcome, "name": args.name, "reason": args.reason });
    client.post(&of(&args.payment, "/resolve"), &body).await
}

/// The payment that was booked by hand.
pub(super) async fn handled(client: &Client, args: &HandledArgs) -> Result<Value, CallError> {
    let body = json!({ "upstream": args.upstream, "name": args.name, "reason": args.reason });
    client.post(&of(&args.payment, "/handled"), &body).await
}

/// The payment as it stands.
pub(super) async fn one(client: &Client, payment: &str) -> Result<Value, CallError> {
    client.get(&of(payment, "")).await
}

/// The last payments.
pub(super) async fn list(client: &Client, args: &ListArgs) -> Result<Value, CallError> {
    let path = format!("/v1/payments?limit={}", args.limit);
    let fields = [
        ("state", &args.state),
        ("device", &args.device),
        ("invoice", &args.invoice),
    ];
    client.get(&only(&path, &fields)).await
}

/// The print job of the copy.
pub(super) async fn copy(client: &Client, payment: &str) -> Result<Value, CallError> {
    client.post(&of(payment, "/copies"), &json!({})).await
}

/// Where the copy comes out.
pub(super) fn copied_text(job: &Value) -> String {
    format!("A copy is printed at {}.", text(job, "printer"))
}

/// The payment that the terminal was asked to end.
pub(super) async fn abort(client: &Client, payment: &str) -> Result<Value, CallError> {
    client.post(&of(payment, "/abort"), &json!({})).await
}

/// That it was asked; what comes of it, `till pay` says.
pub(super) fn stopping_text(_: &Value) -> String {
    "The terminal was asked to end the payment.".to_owned()
}

/// The address of a payment, or of something below it.
fn of(payment: &str, below: &str) -> String {
    format!("/v1/payments/{}{below}", percent(payment))
}
