//! Files, answers and words: what people and servers write.

use std::{collections::BTreeMap, path::Path, sync::OnceLock, time::Duration};

use config::{IvvyOptions, Link, Secret, SecretSource, TrytonOptions, Upstream as Section};
use drivers::{
    printer::escpos::{Align, Cut, Line, Profile, Profiles, Style, render},
    terminal::SlipLine,
};
use jiff::{Timestamp, tz::TimeZone};
use payment::{
    DeviceId, IdempotencyKey, Intent, InvoiceRef, Method, Money, Payment, PaymentId, ReceiptNumber,
    Text, limits, mask_card_numbers, parse_currency,
};
use sync::upstream::{self, Booking, Class, HttpAnswer, InvoiceSeen};

/// An answer of iVvy: its head in one line, then the body.
pub fn ivvy_answer(data: &[u8]) {
    let Some(payment) = a_payment() else {
        return;
    };
    let answer = an_answer(data);
    let Ok(id) = "ivvy".parse() else {
        return;
    };
    let ivvy = upstream::from_config(&Section {
        id,
        url: "https://ivvy.example".to_owned(),
        fence: Duration::from_mins(11),
        kind: config::UpstreamKind::Ivvy(Box::new(IvvyOptions::new(
            "key".to_owned(),
            Secret::new("secret".to_owned()),
        ))),
    });
    let class = ivvy.classify(payment.intent.at, &answer);
    let is_200 = matches!(answer, HttpAnswer::Response { status: 200, .. });
    assert!(
        is_200 || !matches!(class, Class::Confirmed { .. }),
        "only 200 confirms"
    );
    let shown = format!("{class:?} {:?}", ivvy.find(&payment, &answer));
    assert!(shown.len() < 20_000, "what is taken over is short");
    other_readers(ivvy.as_ref(), &payment, &answer);
}

/// What else the daemon reads from answers: an invoice, the payments of some days, settings, and the way
/// back of a booking that was begun.
fn other_readers(upstream: &dyn upstream::Upstream, payment: &Payment, answer: &HttpAnswer) {
    let is_200 = matches!(answer, HttpAnswer::Response { status: 200, .. });
    if let Some(invoice) = &payment.intent.invoice {
        let seen = upstream.read_invoice(invoice, answer);
        let open = matches!(seen, InvoiceSeen::Open { .. });
        assert!(is_200 || !open, "only 200 opens an invoice: {seen:?}");
    }
    let list = upstream.read_list(answer);
    assert!(is_200 || list.is_err(), "only 200 is a list: {list:?}");
    for finding in upstream.read_check(answer) {
        assert!(!format!("{finding:?}").is_empty());
    }
    let booking = Booking {
        payment,
        original: None,
        seal: None,
        redirects: 0,
    };
    let heard = [answer.clone(), answer.clone(), answer.clone()];
    for heard in (1..=heard.len()).filter_map(|n| heard.get(..n)) {
        let back = upstream.withdraw(payment.intent.at, &booking, heard);
        assert!(!format!("{back:?}").is_empty());
    }
}

/// An answer of Tryton, as [`ivvy_answer`] takes them.
pub fn tryton_answer(data: &[u8]) {
    let (Some(payment), Ok(id)) = (a_payment(), "tryton".parse()) else {
        return;
    };
    let tryton = upstream::from_config(&Section {
        id,
        url: "https://tryton.example/clinic".to_owned(),
        fence: Duration::from_mins(11),
        kind: config::UpstreamKind::Tryton(Box::new(TrytonOptions {
            key: Secret::new("key".to_owned()),
            journals: BTreeMap::new(),
            post: true,
            time_zone: Some(TimeZone::UTC),
        })),
    });
    let answer = an_answer(data);
    let class = tryton.classify(payment.intent.at, &answer);
    assert!(
        !matches!(class, Class::Confirmed { .. }),
        "no answer confirms: it is read back"
    );
    let booking = Booking {
        payment: &payment,
        original: None,
        seal: None,
        redirects: 0,
    };
    let heard = [answer.clone(), answer.clone(), answer.clone()];
    let plans = (1..=heard.len()).filter_map(|n| heard.get(..n));
    let plans: Vec<_> = plans
        .map(|heard| tryton.plan(payment.intent.at, &booking, heard))
        .collect();
    let shown = format!("{class:?} {:?} {plans:?}", tryton.find(&payment, &answer));
    assert!(shown.len() < 40_000, "what is taken over is short");
    other_readers(tryton.as_ref(), &payment, &answer);
}

/// A line with status, `Date` and `Retry-After`, separated by `|`, then the body.
fn an_answer(data: &[u8]) -> HttpAnswer {
    let end = data.iter().position(|b| *b == b'\n').unwrap_or(data.len());
    let (head, body) = data.split_at(end);
    let head = String::from_utf8_lossy(head);
    let mut head = head.split('|');
    let status = head
        .next()
        .and_then(|s| s.trim().parse().ok())
        .unwrap_or(200);
    let body = body.get(1..).unwrap_or_default().to_vec();
    HttpAnswer::response(status, head.next(), head.next(), body)
}

/// An API that the configuration describes.
const API: &str = r#"
[[till]]
id = "desk1"
currency = "EUR"
[[upstream]]
id = "pms"
kind = "http"
url = "https://pms.example"
message = "/error/message"
[upstream.create]
path = "/payments"
body = '{"reference":{{ receipt }},"amount":{{ amount }}}'
[upstream.success]
status = "201"
remote_id = "/payment/id"
[[upstream.answer]]
status = "4xx"
pointer = "/error/code"
equals = "later"
class = "later"
[upstream.look_up]
path = "/payments?reference={{ receipt }}"
list = "/items"
receipt = "/reference"
amount = "/amount"
remote_id = "/id"
total = "/total"
"#;

fn described() -> Box<dyn upstream::Upstream> {
    let read = config::parse(API, Path::new("tilld.toml"), &SecretSource::default(), &[]);
    let read = read.map_err(|error| error.to_string());
    let section = read.as_ref().map(|config| config.upstreams.first());
    let Ok(Some(section)) = section else {
        panic!("{read:?}");
    };
    upstream::from_config(section)
}

/// An answer of an HTTP API, as [`ivvy_answer`] takes them.
pub fn http_answer(data: &[u8]) {
    static READ: OnceLock<Box<dyn upstream::Upstream>> = OnceLock::new();
    let Some(payment) = a_payment() else {
        return;
    };
    let api = READ.get_or_init(described);
    let answer = an_answer(data);
    let class = api.classify(payment.intent.at, &answer);
    let is_201 = matches!(answer, HttpAnswer::Response { status: 201, .. });
    assert!(
        is_201 || !matches!(class, Class::Confirmed { .. }),
        "only 201 confirms"
    );
    let shown = format!("{class:?} {:?}", api.find(&payment, &answer));
    assert!(shown.len() < 20_000, "what is taken over is short");
    other_readers(api.as_ref(), &payment, &answer);
}

pub(crate) fn a_payment() -> Option<Payment> {
    let at = Timestamp::from_second(1_795_000_000).ok()?;
    let device: DeviceId = "desk1".parse().ok()?;
    let intent = Intent {
        id: PaymentId::new(at, [7; 10]),
        key: "k1".parse().ok()?,
        device: device.clone(),
        purpose: payment::Purpose::Sale,
        money: Money::from_minor(8000, parse_currency("EUR").ok()?).ok()?,
        method: Method::Cash,
        invoice: Some("156".parse().ok()?),
        note: None,
        at,
        services: payment::Services::default(),
        before: None,
    };
    Some(Payment::begin(intent, ReceiptNumber::new(device, 1)))
}

/// A configuration file. It names no file that this machine has, so nothing but it is read.
pub fn config_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    // Secrets are read from where the file says: a mutation must not reach a device of this machine.
    let text = text
        .replace("/dev/", "/none/")
        .replace("/proc/", "/none/")
        .replace("/sys/", "/none/");
    let found = config::parse(
        &text,
        Path::new("tilld.toml"),
        &SecretSource::default(),
        &Profiles::built_in().known(),
    );
    if let Err(error) = found {
        assert!(!error.to_string().is_empty(), "it says what is wrong");
    }
}

/// Text from outside: masking it again changes nothing, and nothing steers a device.
pub fn text_mask(data: &[u8]) {
    let raw = String::from_utf8_lossy(data);
    let text = Text::new(&raw);
    assert!(text.as_str().chars().count() <= limits::TEXT_CHARS);
    assert!(!text.as_str().chars().any(char::is_control));
    assert_eq!(Text::new(text.as_str()), text);
    let masked = mask_card_numbers(&raw);
    assert_eq!(masked.chars().count(), raw.chars().count());
    assert_eq!(mask_card_numbers(&masked), masked);
    assert!(!holds_card_number(&masked), "a card number is left");
}

/// Sixteen digits in a row that pass Luhn: a second look, written another way.
fn holds_card_number(text: &str) -> bool {
    text.as_bytes().windows(16).any(|part| {
        let mut sum = 0;
        for (place, byte) in part.iter().enumerate() {
            if !byte.is_ascii_digit() {
                return false;
            }
            let digit = u32::from(byte - b'0') * if place % 2 == 0 { 2 } else { 1 };
            sum += if digit > 9 { digit - 9 } else { digit };
        }
        sum > 0 && sum % 10 == 0
    })
}

/// The words of the API and of files, one on a line: what is read, is written and read the same.
pub fn payment_words(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for word in text.lines() {
        if let Ok(id) = word.parse::<DeviceId>() {
            assert_eq!(id.as_str(), word);
        }
        if let Ok(key) = word.parse::<IdempotencyKey>() {
            assert!(key.as_str().len() <= limits::KEY_BYTES);
        }
        if let Ok(invoice) = word.parse::<InvoiceRef>() {
            assert!(invoice.as_str().len() <= limits::INVOICE_BYTES);
        }
        if let Ok(id) = word.parse::<PaymentId>() {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        if let Ok(number) = word.parse::<ReceiptNumber>() {
            assert_eq!(number.to_string().parse(), Ok(number));
        }
        let _: Option<String> = word.parse::<Link>().ok().map(|link| link.to_string());
        for code in ["EUR", "JPY", "BHD"] {
            let Ok(currency) = parse_currency(code) else {
                continue;
            };
            if let Ok(money) = Money::parse(word, currency) {
                assert!((1..=limits::MINOR_UNITS).contains(&money.minor()));
                assert_eq!(
                    Money::parse(&money.amount().to_string(), currency),
                    Ok(money)
                );
            }
        }
        let (_, _) = (parse_currency(word).is_ok(), word.parse::<Method>().is_ok());
    }
}

/// A receipt from any text, on every profile: no byte of a text reaches the printer as a command.
pub fn escpos_receipt(data: &[u8]) {
    let raw = String::from_utf8_lossy(data);
    for profile in Profile::names().filter_map(Profile::find) {
        let bytes = render(&receipt(&raw), profile);
        let cuts = bytes.windows(2).filter(|two| two == b"\x1dV").count();
        assert_eq!(
            cuts,
            usize::from(profile.cut != Cut::None),
            "one cut, whatever the text says"
        );
        let realtime = |two: &[u8]| matches!(two, [0x10, 0x04 | 0x05 | 0x14]);
        assert!(!bytes.windows(2).any(realtime), "no real-time command");
    }
}

fn receipt(raw: &str) -> Vec<Line> {
    let style = Style {
        align: Align::Centre,
        wide: true,
        ..Style::default()
    };
    let mut lines = Vec::new();
    for (place, line) in raw.lines().enumerate() {
        let text = Text::new(line);
        lines.push(match place % 3 {
            0 => Line::Text(text, style),
            1 => Line::Columns(text, Text::new("1.00"), Style::default()),
            _ => Line::Verbatim(SlipLine {
                text,
                wide: true,
                ..SlipLine::default()
            }),
        });
    }
    lines.push(Line::Cut);
    lines
}
