//! Sessions as bytes: what the driver sends is opened, and answers are sealed as a terminal does.

mod asking;
mod laws;
mod payments;

use std::time::Duration;

use jiff::Timestamp;
use payment::{Approval, Currency, Money, PaymentId, Purpose, Text};
use serde_json::Value;

use super::*;
use crate::terminal::adyen::{
    crypto::{NexoCrypto, SecurityTrailer},
    service_id::of_payment,
};

const POI: &str = "V400m-123456789";
const SALE: &str = "desk1";

fn crypto() -> NexoCrypto {
    // Deriving keys is slow on purpose.
    static CRYPTO: std::sync::OnceLock<NexoCrypto> = std::sync::OnceLock::new();
    CRYPTO
        .get_or_init(|| NexoCrypto::new("testPassphrase123", "clinic", 1))
        .clone()
}

fn settings() -> AdyenSettings {
    AdyenSettings {
        currency: Currency::EUR,
        sale_id: SALE.to_owned(),
        poi_id: POI.to_owned(),
        crypto: crypto(),
        answer_timeout: Duration::from_secs(10),
        payment_timeout: Duration::from_secs(150),
        origin: "2026-01-02T10:00:00Z".parse().unwrap(),
        seed: [7; 16],
    }
}

fn payment(n: u8) -> PaymentId {
    let at: Timestamp = "2026-01-02T10:00:00Z".parse().unwrap();
    PaymentId::new(at, [n; 10])
}

fn euros(minor: i64) -> Money {
    Money::from_minor(minor, Currency::EUR).unwrap()
}

fn pay(n: u8) -> Command {
    Command::Pay {
        payment: payment(n),
        money: euros(1010),
    }
}

fn query(n: u8) -> Command {
    Command::Query {
        payment: payment(n),
        purpose: Purpose::Sale,
        money: euros(1010),
    }
}

/// A request as the terminal reads it.
#[derive(Debug, Clone)]
struct Asked {
    header: Value,
    body: Value,
    /// As it was written: numbers keep their form.
    plain: String,
}

impl Asked {
    fn of(body: &[u8]) -> Self {
        let outer: Value = serde_json::from_slice(body).unwrap();
        let outer = &outer["SaleToPOIRequest"];
        let trailer: SecurityTrailer =
            serde_json::from_value(outer["SecurityTrailer"].clone()).unwrap();
        let plain = crypto().open(outer["NexoBlob"].as_str().unwrap(), &trailer);
        let plain = String::from_utf8(plain.unwrap()).unwrap();
        let inner: Value = serde_json::from_str(&plain).unwrap();
        let inner = &inner["SaleToPOIRequest"];
        assert_eq!(inner["MessageHeader"], outer["MessageHeader"]);
        let mut body = inner.clone();
        body.as_object_mut().unwrap().remove("MessageHeader");
        Self {
            header: outer["MessageHeader"].clone(),
            body,
            plain,
        }
    }

    fn category(&self) -> &str {
        self.header["MessageCategory"].as_str().unwrap()
    }

    fn service_id(&self) -> &str {
        self.header["ServiceID"].as_str().unwrap()
    }

    /// The answer to it.
    fn answer(&self, body: &str) -> Vec<u8> {
        self.answer_as(body, &crypto(), |_| ())
    }

    fn answer_as(&self, body: &str, crypto: &NexoCrypto, change: impl Fn(&mut Value)) -> Vec<u8> {
        let mut header = self.header.clone();
        header["MessageType"] = "Response".into();
        change(&mut header);
        let plain = format!(r#"{{"SaleToPOIResponse":{{"MessageHeader":{header},{body}}}}}"#);
        let (blob, trailer) = crypto.seal(plain.as_bytes(), [9; 16]);
        let trailer = serde_json::to_string(&trailer).unwrap();
        let sealed = format!(
            r#"{{"SaleToPOIResponse":{{"MessageHeader":{header},"NexoBlob":"{blob}","SecurityTrailer":{trailer}}}}}"#
        );
        frame(sealed.as_bytes())
    }
}

const WELL: &str =
    r#""DiagnosisResponse":{"Response":{"Result":"Success"},"POIStatus":{"GlobalStatus":"OK"}}"#;
const APPROVED: &str = r#""PaymentResponse":{"Response":{"Result":"Success","AdditionalResponse":"PaymentToken=secret&expiryDate=12%2F2030&cardSummary=1111"},
    "POIData":{"POITransactionID":{"TransactionID":"BV0q001643892070000.VK9DRSLLRCQ2WN82","TimeStamp":"2026-01-02T10:00:10.000Z"}},
    "PaymentResult":{"AmountsResp":{"AuthorizedAmount":10.10,"Currency":"EUR"},
        "PaymentAcquirerData":{"ApprovalCode":"123456","MerchantID":"M"},
        "PaymentInstrumentData":{"CardData":{"MaskedPan":"411111 **** 1111","PaymentBrand":"visa","EntryMode":["Contactless"],
            "SensitiveCardData":{"ExpiryDate":"1230","CardSeqNumb":"01"}}}},
    "PaymentReceipt":[{"DocumentQualifier":"CustomerReceipt","RequiredSignatureFlag":"false","OutputContent":{"OutputFormat":"Text","OutputText":[{"Text":"name=TOTAL&value=10.10&key=totalAmount","EndOfLineFlag":true}]}}]}"#;
const REJECT: &str = r#"{"SaleToPOIRequest":{"MessageHeader":{"MessageClass":"Event","MessageCategory":"Event","MessageType":"Notification","POIID":"V400m-123456789"},"EventNotification":{"TimeStamp":"2026-01-02T10:00:00Z","EventToNotify":"Reject","EventDetails":"message=Did+not+understand"}}}"#;

fn failure(kind: &str, condition: &str) -> String {
    format!(r#""{kind}":{{"Response":{{"Result":"Failure","ErrorCondition":"{condition}"}}}}"#)
}

/// A driver on a table.
struct Table {
    driver: Adyen,
    now: Mono,
    sent: Vec<Asked>,
    events: Vec<Event>,
    facts: Vec<Fact>,
    closed: u32,
    wait: Option<Mono>,
}

impl Table {
    /// With the link up, and nothing answered.
    fn linked() -> Self {
        let mut table = Self {
            driver: Adyen::new(settings()),
            now: Mono::default(),
            sent: Vec::new(),
            events: Vec::new(),
            facts: Vec::new(),
            closed: 0,
            wait: None,
        };
        table.input(Input::LinkUp);
        table
    }

    /// Greeted and ready.
    fn ready() -> Self {
        let mut table = Self::linked();
        table.reply(WELL);
        assert!(matches!(table.events[..], [Event::Ready { .. }]));
        table.events.clear();
        table
    }

    fn input(&mut self, input: Input<'_, Command>) {
        self.driver.handle(self.now, input);
        loop {
            match self.driver.poll() {
                Output::Send(bytes) => {
                    let mut frames = Frames::default();
                    frames.push(&bytes);
                    while let Some(body) = frames.next_body().unwrap() {
                        self.sent.push(Asked::of(&body));
                    }
                    assert_eq!(frames.pending(), 0, "whole frames only");
                }
                Output::Store(fact) => self.facts.push(fact),
                Output::Event(event) => self.events.push(event),
                Output::Open => panic!("its link opens itself"),
                Output::Close => {
                    self.closed += 1;
                    self.driver.handle(self.now, Input::LinkDown);
                }
                Output::Wait(wait) => {
                    self.wait = wait;
                    return;
                }
            }
        }
    }

    fn command(&mut self, command: Command) {
        self.input(Input::Command(command));
    }

    /// The terminal answers the last request.
    fn reply(&mut self, body: &str) {
        let answer = self.last().answer(body);
        self.input(Input::Bytes(&answer));
    }

    fn last(&self) -> Asked {
        self.sent.last().unwrap().clone()
    }

    /// Time passes until the driver wants something.
    fn pass(&mut self) {
        let Some(at) = self.wait else {
            panic!("it waits for nothing");
        };
        self.now = self.now.max(at);
        self.input(Input::Timeout);
    }

    fn endings(&self) -> Vec<&Ending> {
        let ended = self.events.iter().filter_map(|event| match event {
            Event::Ended { ending, .. } => Some(ending),
            _ => None,
        });
        ended.collect()
    }

    fn answers(&self) -> Vec<&Queried> {
        let answers = self.events.iter().filter_map(|event| match event {
            Event::Queried { answer, .. } => Some(answer),
            _ => None,
        });
        answers.collect()
    }

    fn reason(&self) -> Option<&str> {
        self.events.iter().rev().find_map(|event| match event {
            Event::NotReady { reason } => Some(reason.as_str()),
            _ => None,
        })
    }

    fn asked_for(&self, category: &str) -> usize {
        self.sent
            .iter()
            .filter(|asked| asked.category() == category)
            .count()
    }
}
