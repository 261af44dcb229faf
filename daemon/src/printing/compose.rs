//! What stands on a receipt. Pure: the same payment always gives the same lines.

use drivers::{
    printer::escpos::{Align, Line, Style},
    terminal::{Slip, SlipCopy},
};
use jiff::{Timestamp, tz::TimeZone};
use payment::{EntryMode, Method, Payment, Purpose, ReceiptNumber, Text};
use sync::queue::JobKind;

/// What a receipt says besides its payment.
#[derive(Debug)]
pub struct Head<'a> {
    /// The clinic's name and address, line by line.
    pub merchant: &'a [String],
    /// When it is printed.
    pub printed_at: Timestamp,
    /// The clinic's time zone.
    pub zone: TimeZone,
    /// The receipt number of the payment that a cancel or refund names.
    pub original: Option<ReceiptNumber>,
}

pub(super) const PLAIN: Style = Style {
    align: Align::Left,
    bold: false,
    wide: false,
    high: false,
};
pub(super) const CENTRED: Style = Style {
    align: Align::Centre,
    ..PLAIN
};
const BOLD: Style = Style {
    bold: true,
    ..PLAIN
};
pub(super) const TITLE: Style = Style {
    bold: true,
    high: true,
    ..CENTRED
};

/// The lines of a receipt. The terminal's own lines follow ours, as they are: card schemes want
/// them verbatim.
pub fn compose(payment: &Payment, kind: JobKind, slips: &[Slip], head: &Head<'_>) -> Vec<Line> {
    let mut lines = merchant(head);
    let copy = match kind {
        JobKind::Customer | JobKind::Merchant | JobKind::Administration | JobKind::Repeated => None,
        JobKind::Copy(number) => Some(number),
    };
    if let Some(number) = copy {
        lines.push(Line::Text(Text::new(&format!("COPY {number}")), TITLE));
    }
    let (title, sum) = words(payment.intent.purpose);
    lines.push(Line::Text(title.into(), CENTRED));
    lines.push(Line::Rule);
    lines.extend(details(payment, sum, head));
    let wanted = match kind {
        JobKind::Customer | JobKind::Copy(_) => SlipCopy::Customer,
        JobKind::Merchant => SlipCopy::Merchant,
        JobKind::Administration | JobKind::Repeated => SlipCopy::Administration,
    };
    for slip in slips.iter().filter(|s| s.copy == wanted) {
        lines.push(Line::Rule);
        lines.extend(slip.lines.iter().cloned().map(Line::Verbatim));
    }
    if let Some(number) = copy {
        lines.push(Line::Rule);
        let printed = format!("Reprinted {}", moment(head.printed_at, head));
        lines.push(Line::Text(Text::new(&printed), CENTRED));
        lines.push(Line::Text(Text::new(&format!("COPY {number}")), TITLE));
    }
    lines.push(Line::Feed(1));
    lines.push(Line::Cut);
    lines
}

/// Whose paper it is.
pub(super) fn merchant(head: &Head<'_>) -> Vec<Line> {
    let style = |i| if i == 0 { TITLE } else { CENTRED };
    let lines = head.merchant.iter().enumerate();
    lines
        .map(|(i, line)| Line::Text(Text::new(line), style(i)))
        .chain([Line::Feed(1)])
        .collect()
}

/// The receipt's title, and the word before its amount.
fn words(purpose: Purpose) -> (&'static str, &'static str) {
    match purpose {
        Purpose::Sale => ("Receipt", "Paid"),
        Purpose::Cancel { .. } => ("Cancellation", "Taken back"),
        Purpose::Refund { .. } => ("Refund", "Given back"),
    }
}

fn details(payment: &Payment, sum: &str, head: &Head<'_>) -> Vec<Line> {
    let intent = &payment.intent;
    let pair = |name: &str, value: &str| Line::Columns(name.into(), value.into(), PLAIN);
    let mut lines = vec![
        pair("Receipt no.", &payment.receipt.to_string()),
        pair("Date", &moment(intent.at, head)),
        pair("Device", intent.device.as_str()),
    ];
    lines.extend(
        head.original
            .as_ref()
            .map(|of| pair("Of receipt", &of.to_string())),
    );
    if let Some(invoice) = &intent.invoice {
        lines.push(pair("Invoice", invoice.as_str()));
    }
    lines.push(Line::Rule);
    lines.push(Line::Columns(
        sum.into(),
        Text::new(&intent.money.to_string()),
        BOLD,
    ));
    lines.push(pair("Method", method(intent.method)));
    let Some(approval) = &payment.approval else {
        return lines;
    };
    let card: Vec<String> = [
        approval.card.brand.as_ref().map(ToString::to_string),
        approval.card.last4.map(|last4| format!("**** {last4}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !card.is_empty() {
        lines.push(pair("Card", &card.join(" ")));
    }
    let entry = match approval.entry {
        EntryMode::Stripe => Some("magnetic stripe"),
        EntryMode::Chip => Some("chip"),
        EntryMode::Contactless => Some("contactless"),
        EntryMode::Unknown => None,
    };
    lines.extend(entry.map(|entry| pair("Read by", entry)));
    lines.extend(
        approval
            .authorisation
            .as_ref()
            .map(|a| pair("Authorisation", a.as_str())),
    );
    lines.extend(
        approval
            .terminal_id
            .as_ref()
            .map(|t| pair("Terminal", t.as_str())),
    );
    lines
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Card => "card",
        Method::Cash => "cash",
        Method::Cheque => "cheque",
        Method::BankTransfer => "bank transfer",
        Method::Other => "other",
    }
}

pub(super) fn moment(at: Timestamp, head: &Head<'_>) -> String {
    at.to_zoned(head.zone.clone())
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}

#[cfg(test)]
mod tests {
    use drivers::printer::escpos::{Profile, render};
    use payment::{Fact, Intent, Money, PaymentId, parse_currency};

    use super::*;

    fn printed(purpose: Purpose, kind: JobKind) -> String {
        let intent = Intent {
            id: PaymentId::new(Timestamp::UNIX_EPOCH, [0; 10]),
            key: "k".parse().unwrap(),
            device: "desk1".parse().unwrap(),
            purpose,
            money: Money::from_minor(500, parse_currency("EUR").unwrap()).unwrap(),
            method: Method::Cash,
            invoice: None,
            note: None,
            at: Timestamp::UNIX_EPOCH,
            before: None,
        };
        let number = |seq| ReceiptNumber::new("desk1".parse().unwrap(), seq);
        let mut payment = Payment::begin(intent, number(2));
        payment.add(&Fact::Recorded, Timestamp::UNIX_EPOCH).unwrap();
        let head = Head {
            merchant: &[],
            printed_at: Timestamp::UNIX_EPOCH,
            zone: TimeZone::UTC,
            original: purpose.of().map(|_| number(1)),
        };
        let bytes = render(
            &compose(&payment, kind, &[], &head),
            Profile::find("generic-80mm").unwrap(),
        );
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Laws 6 and 9: the group, the number, and for money back the number of the first.
    #[test]
    fn a_receipt_says_what_it_is() {
        let of = PaymentId::new(Timestamp::UNIX_EPOCH, [1; 10]);
        for (purpose, words) in [
            (Purpose::Sale, &["Receipt", "Paid"][..]),
            (
                Purpose::Cancel { of },
                &["Cancellation", "Taken back", "desk1-000001"],
            ),
            (
                Purpose::Refund { of },
                &["Refund", "Given back", "desk1-000001"],
            ),
        ] {
            let text = printed(purpose, JobKind::Customer);
            for word in words.iter().chain(&["desk1-000002", "EUR 5.00"]) {
                assert!(text.contains(word), "{word} is missing in {text}");
            }
            assert_eq!(text.contains("Paid"), purpose.is_sale());
        }
    }

    /// Law 8: a reprint says so, at the top and at the bottom.
    #[test]
    fn a_copy_says_copy_twice() {
        let text = printed(Purpose::Sale, JobKind::Copy(2));
        assert_eq!(text.matches("COPY 2").count(), 2, "{text}");
        assert!(!printed(Purpose::Sale, JobKind::Customer).contains("COPY"));
    }
}
