//! `tilld upstream try`: what an invoicing system is sent, and how its answer is understood.
//!
//! Nothing is recorded: neither the queue nor the journal is opened.

use std::fmt::Write;

use clap::Args;
use config::{Config, Upstream};
use jiff::Timestamp;
use payment::{
    DeviceId, Intent, InvoiceRef, Method, Money, Payment, PaymentId, Purpose, ReceiptNumber, Text,
    parse_currency,
};
use sync::{
    delivery::{Client, Http},
    upstream::{self, Booking, Class, Found, HttpAnswer, HttpRequest, Plan, Unsendable},
};

/// Most of a body that is shown, in characters.
const SHOWN: usize = 2000;

/// Most requests of one booking.
const REQUESTS: usize = 40;

/// The payment to try with.
#[derive(Debug, Args)]
pub(super) struct Try {
    /// The upstream's id in the configuration.
    name: String,
    /// How much.
    #[arg(long, default_value = "1.00")]
    amount: String,
    /// In which currency.
    #[arg(long, default_value = "EUR")]
    currency: String,
    /// On which invoice.
    #[arg(long, default_value = "1")]
    invoice: InvoiceRef,
    /// The receipt number; a new one unless given.
    #[arg(long)]
    receipt: Option<ReceiptNumber>,
    /// Book it there: without this, the system is only asked what it holds.
    #[arg(long)]
    book: bool,
}

/// Tries, and says what came of it.
///
/// # Errors
/// When there is no such upstream, or the payment cannot be one.
pub(super) async fn try_it(config: &Config, wish: Try) -> Result<String, String> {
    let mut all = config.upstreams.iter();
    let section = all.find(|one| one.id.as_str() == wish.name);
    let section = section.ok_or_else(|| {
        let known: Vec<&str> = config.upstreams.iter().map(|one| one.id.as_str()).collect();
        let (name, known) = (&wish.name, known.join(", "));
        format!("“{name}” is no upstream of the configuration; there are: {known}")
    })?;
    let now = now();
    let payment = payment(&wish, now)?;
    let system = upstream::from_config(section);
    let client = Client::default();
    let mut out = String::new();
    let booking = Booking {
        payment: &payment,
        original: None,
        seal: None,
        redirects: 0,
    };
    say(&mut out, &title("The booking", &payment));
    let mut heard = Vec::new();
    for _ in 0..REQUESTS {
        let request = match system.plan(now, &booking, &heard) {
            Ok(Plan::Ask(request)) => {
                show(&mut out, section, Ok(&request));
                let answer = client.send(request).await;
                shown_answer(&mut out, section, &answer, "it is asked only");
                heard.push(answer);
                continue;
            }
            Ok(Plan::Book(request) | Plan::GoOn { request, .. }) => request,
            Ok(Plan::Stop(class)) => {
                let means = booking_means(&class);
                say(&mut out, &masked(section, &format!("So it is {means}\n")));
                break;
            }
            Ok(Plan::Gone) => break,
            Err(why) => {
                show(&mut out, section, Err(&why));
                break;
            }
        };
        show(&mut out, section, Ok(&request));
        if !wish.book {
            say(&mut out, "It was not sent; --book sends it.\n");
            break;
        }
        let answer = client.send(request).await;
        let class = system.classify(now, &answer);
        shown_answer(&mut out, section, &answer, &booking_means(&class));
        if !matches!(class, Class::Begun { .. }) {
            break;
        }
        heard.clear();
    }
    say(&mut out, "The look-up:");
    let look_up = system.look_up(now, &payment);
    show(&mut out, section, look_up.as_ref());
    if let Ok(request) = look_up {
        let answer = client.send(request).await;
        let found = system.find(&payment, &answer);
        shown_answer(&mut out, section, &answer, &look_up_means(&found));
    }
    Ok(out)
}

fn title(what: &str, payment: &Payment) -> String {
    let (receipt, money) = (&payment.receipt, payment.intent.money);
    format!("{what} of {money} as receipt {receipt}:")
}

fn show(out: &mut String, section: &Upstream, request: Result<&HttpRequest, &Unsendable>) {
    let request = match request {
        Ok(request) => request,
        Err(why) => return say(out, &format!("  cannot be made: {why}\n")),
    };
    let mut text = format!("  {} {}\n", request.method, request.url);
    for (name, value) in &request.headers {
        say(&mut text, &format!("  {name}: {value}"));
    }
    let body = String::from_utf8_lossy(&request.body);
    if !body.is_empty() {
        say(&mut text, &format!("\n{}", body.trim_end()));
    }
    say(out, &masked(section, &text));
}

fn shown_answer(out: &mut String, section: &Upstream, answer: &HttpAnswer, means: &str) {
    match answer {
        HttpAnswer::NotSent { reason } | HttpAnswer::Unable { reason } => {
            say(out, &format!("Not sent: {reason}"));
        }
        HttpAnswer::Lost { reason } => say(out, &format!("No whole answer: {reason}")),
        HttpAnswer::Response { status, body, .. } => {
            let body = String::from_utf8_lossy(body);
            let body: String = body
                .chars()
                .filter(|c| !c.is_control())
                .take(SHOWN)
                .collect();
            let body = payment::mask_card_numbers(&body);
            say(
                out,
                &masked(section, &format!("The answer: status {status}\n{body}")),
            );
        }
    }
    say(out, &masked(section, &format!("It means: {means}\n")));
}

fn booking_means(class: &Class) -> String {
    match class {
        Class::Confirmed { remote_id } => booked(remote_id.as_ref()),
        Class::Begun { remote_id, step } => format!("begun as {remote_id}, which is {step}"),
        Class::Blocked { reason } => {
            format!("not booked for now; what was begun is taken away, and tried again. {reason}")
        }
        Class::Refused { reason } => {
            format!("refused; it is read back, then a person decides. {reason}")
        }
        Class::ClockSkew { skew } => match skew {
            Some(skew) => format!("not booked; the clocks differ by {skew:#}"),
            None => "not booked; the clocks differ".to_owned(),
        },
        Class::Parked { reason } => format!("not booked, and all payments would wait. {reason}"),
        Class::Misconfigured { reason } => format!("not booked; tried again later. {reason}"),
        Class::NotExecuted { reason, .. } => {
            format!("not booked for now; tried again later. {reason}")
        }
        Class::NeedsOperator { reason } => format!("not booked; a person decides. {reason}"),
        Class::Ambiguous { reason } => format!("perhaps booked. {reason}"),
        Class::NotSent { reason } => format!("not sent; tried again. {reason}"),
    }
}

fn look_up_means(found: &Found) -> String {
    match found {
        Found::Present { remote_id } => booked(remote_id.as_ref()),
        Found::Begun { remote_id, step } => format!("begun as {remote_id}, which is {step}"),
        Found::Conflict { reason } => format!("a person must look. {reason}"),
        Found::Absent { obstacle: None } => "not booked".to_owned(),
        Found::Absent {
            obstacle: Some(reason),
        } => format!("not booked, and it could not be. {reason}"),
        Found::Unreadable { reason } => format!("nothing; it would be asked again. {reason}"),
    }
}

fn booked(remote_id: Option<&Text>) -> String {
    match remote_id {
        Some(id) => format!("booked, as {id}"),
        None => "booked".to_owned(),
    }
}

/// Every secret of the upstream becomes dots, wherever and however escaped it stands.
fn masked(section: &Upstream, text: &str) -> String {
    let secrets = section.kind.secrets();
    let mut forms: Vec<String> = Vec::new();
    for secret in secrets {
        let plain = secret.expose();
        forms.push(plain.to_owned());
        let json = serde_json::Value::from(plain).to_string();
        forms.push(json.trim_matches('"').to_owned());
        let percent = plain.bytes().map(|b| match b {
            b'-' | b'.' | b'_' | b'~' => char::from(b).to_string(),
            _ if b.is_ascii_alphanumeric() => char::from(b).to_string(),
            _ => format!("%{b:02X}"),
        });
        forms.push(percent.collect());
    }
    // The longest first: one may hold another.
    forms.retain(|form| !form.is_empty());
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    let hide = |text: String, form: &String| text.replace(form, "…");
    forms.iter().fold(text.to_owned(), hide)
}

fn say(out: &mut String, text: &str) {
    // Writing into a string cannot fail.
    writeln!(out, "{text}").unwrap_or_default();
}

fn payment(wish: &Try, now: Timestamp) -> Result<Payment, String> {
    let device: DeviceId = "try".parse().map_err(|e| format!("{e}"))?;
    let currency = parse_currency(&wish.currency).map_err(|e| e.to_string())?;
    let money = Money::parse(&wish.amount, currency).map_err(|e| e.to_string())?;
    let seq = u64::try_from(now.as_second()).unwrap_or_default();
    let receipt = wish.receipt.clone();
    let receipt = receipt.unwrap_or_else(|| ReceiptNumber::new(device.clone(), seq));
    let mut random = [0; 10];
    getrandom::fill(&mut random).map_err(|e| format!("there is no randomness: {e}"))?;
    let id = PaymentId::new(now, random);
    let intent = Intent {
        id,
        key: id.to_string().parse().map_err(|e| format!("{e}"))?,
        device,
        purpose: Purpose::Sale,
        money,
        method: Method::Cash,
        invoice: Some(wish.invoice.clone()),
        note: None,
        at: now,
        services: payment::Services::default(),
        before: None,
    };
    Ok(Payment::begin(intent, receipt))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a command of its own, outside of the engine"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn secrets_are_dots_however_they_are_escaped() {
        let options =
            config::IvvyOptions::new("key".to_owned(), config::Secret::new("a\"b c".to_owned()));
        let section = Upstream {
            id: "ivvy".parse().unwrap(),
            url: "https://ivvy.example".to_owned(),
            fence: Duration::from_mins(11),
            kind: config::UpstreamKind::Ivvy(Box::new(options)),
        };
        let text = r#"X: a"b c {"s":"a\"b c"} s=a%22b%20c key"#;
        assert_eq!(masked(&section, text), r#"X: … {"s":"…"} s=… key"#);
    }
}
