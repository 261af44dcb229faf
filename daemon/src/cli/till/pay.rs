//! `till pay` and `till invoice`

use serde_json::{Value, json};

use super::{
    request::{key_or_new, percent},
    show::{invoice_text, list, text},
    tell,
};
use crate::cli::client::{CallError, Client};

/// What `till pay` needs to know.
#[derive(Debug, clap::Args)]
pub(super) struct PayArgs {
    /// How much, for example 10.10.
    amount: String,
    /// For which invoice.
    #[arg(long)]
    invoice: Option<String>,
    /// Where; not needed when only one device takes this method.
    #[arg(long)]
    device: Option<String>,
    #[arg(
        long,
        default_value = "card",
        help = "How: card, cash, cheque, bank_transfer or other"
    )]
    method: String,
    /// A word for the clinic; it goes to the invoicing system too, so no patient's name.
    #[arg(long)]
    note: Option<String>,
    /// The day of the treatment, for the receipt, for example 2026-11-20.
    #[arg(long)]
    service_date: Option<String>,
    /// What it is paid for, for the receipt, for example "Filling=80.10"; may be given again.
    #[arg(long = "item", value_parser = item)]
    items: Vec<(String, String)>,
    /// The Idempotency-Key, by default a new one; a repeat with the same one cannot charge twice.
    #[arg(long)]
    key: Option<String>,
}

/// `TEXT=AMOUNT`; the text may have a `=` too.
fn item(text: &str) -> Result<(String, String), String> {
    let (text, amount) = text
        .rsplit_once('=')
        .ok_or("write TEXT=AMOUNT, for example \"Filling=80.10\"")?;
    Ok((text.to_owned(), amount.to_owned()))
}

pub(super) async fn pay(client: &Client, wish: &PayArgs) -> Result<Value, CallError> {
    let PayArgs {
        amount,
        invoice,
        device,
        method,
        note,
        service_date,
        items,
        key,
    } = wish;
    let devices = client.get("/v1/devices").await?;
    let (device, currency) = choose(&devices, device.as_deref(), method)?;
    let mut body = json!({
        "device": device, "amount": amount, "currency": currency, "method": method,
    });
    if let Some(fields) = body.as_object_mut() {
        fields.extend(invoice.iter().map(|i| ("invoice".to_owned(), json!(i))));
        fields.extend(note.iter().map(|n| ("note".to_owned(), json!(n))));
        let day = service_date.iter();
        fields.extend(day.map(|day| ("service_date".to_owned(), json!(day))));
        if !items.is_empty() {
            let item =
                |(text, amount): &(String, String)| json!({ "text": text, "amount": amount });
            let items: Vec<Value> = items.iter().map(item).collect();
            fields.insert("items".to_owned(), json!(items));
        }
    }
    let key = key_or_new(key.as_ref())?;
    if let Some(invoice) = invoice {
        show_open(client, invoice).await;
    }
    // What the terminal shows, while waiting; without it the payment goes on all the same.
    let progress = client.events().await.ok().map(|mut events| {
        tokio::spawn(async move {
            while let Some((name, data)) = events.next().await {
                if name == "progress"
                    && let Some(text) = data.get("text").and_then(Value::as_str)
                {
                    tell(&mut std::io::stderr(), &format!("  terminal: {text}"));
                }
            }
        })
    });
    let payment = client.pay(&key, &body).await;
    if let Some(progress) = progress {
        progress.abort();
    }
    payment
}

/// What is open on the invoice, as the invoicing systems say.
pub(super) async fn open_of(client: &Client, invoice: &str) -> Result<Value, CallError> {
    let path = format!("/v1/invoices/{}", percent(invoice));
    client.get(&path).await
}

/// Says it to whoever stands at the desk. Nobody is kept from paying by it; what is too much, the
/// daemon refuses by itself.
async fn show_open(client: &Client, invoice: &str) {
    let Ok(seen) = open_of(client, invoice).await else {
        return;
    };
    if !list(&seen, "seen").is_empty() {
        let text = format!("invoice {invoice}\n{}", invoice_text(&seen));
        tell(&mut std::io::stderr(), &text.replace('\n', "\n  "));
    }
}

/// The device that was named, or the only one that can.
pub(super) fn choose(
    devices: &Value,
    named: Option<&str>,
    method: &str,
) -> Result<(String, String), CallError> {
    let all = list(devices, "devices");
    let takes = |d: &Value| {
        let mut methods = list(d, "methods").iter();
        methods.any(|m| m.as_str() == Some(method))
    };
    let fits: Vec<&Value> = match named {
        Some(name) => all.iter().filter(|d| text(d, "id") == name).collect(),
        None => all.iter().filter(|d| takes(d)).collect(),
    };
    match (fits.as_slice(), named) {
        ([device], _) => Ok((text(device, "id"), text(device, "currency"))),
        // The daemon's own answer says it best.
        ([], Some(name)) => Ok((name.to_owned(), "EUR".to_owned())),
        (several, _) => {
            let names: Vec<String> = several.iter().map(|d| text(d, "id")).collect();
            let detail = if names.is_empty() {
                format!("No device takes “{method}”.")
            } else {
                format!("Say which device with --device: {}.", names.join(", "))
            };
            Err(CallError::Refused {
                kind: "device".to_owned(),
                detail,
            })
        }
    }
}
