//! Adyen's Terminal API: what stands inside an envelope, the envelope itself, and the driver.

use std::{sync::OnceLock, time::Duration};

use drivers::{
    Output,
    terminal::{
        Command, Event,
        adyen::{
            Adyen, AdyenSettings,
            crypto::NexoCrypto,
            frame::Frames,
            message::{self, Answer},
        },
    },
};
use jiff::Timestamp;
use payment::{Money, PaymentId, Purpose, parse_currency};

use crate::machines::run;

const HEADER: &str = r#"{"MessageCategory":"Payment","MessageClass":"Service","MessageType":"Response","POIID":"V400m-1","ProtocolVersion":"3.0","SaleID":"desk1","ServiceID":"A"}"#;

/// Derived once: that is slow on purpose.
fn crypto() -> &'static NexoCrypto {
    static CRYPTO: OnceLock<NexoCrypto> = OnceLock::new();
    CRYPTO.get_or_init(|| NexoCrypto::new("passphrase", "clinic", 1))
}

/// Any bytes as an envelope, as a stream of them, and sealed inside of one: what comes out holds
/// no card number.
pub fn adyen_answer(data: &[u8]) {
    let mut frames = Frames::default();
    frames.push(data);
    while let Ok(Some(body)) = frames.next_body() {
        let _: Result<Answer, _> = message::open(crypto(), &body);
    }
    assert!(frames.pending() <= data.len());
    let _: Result<Answer, _> = message::open(crypto(), data);
    let (blob, trailer) = crypto().seal(data, [0; 16]);
    let Ok(trailer) = serde_json::to_string(&trailer) else {
        return;
    };
    let sealed = format!(
        r#"{{"SaleToPOIResponse":{{"MessageHeader":{HEADER},"NexoBlob":"{blob}","SecurityTrailer":{trailer}}}}}"#
    );
    if let Ok(Answer::Response(body)) = message::open(crypto(), sealed.as_bytes()) {
        assert_eq!(body.message_header.service_id, "A", "the header outside");
        let shown = format!("{body:?}");
        assert!(
            !shown.contains("SensitiveCardData"),
            "card data are dropped"
        );
    }
}

/// The driver. It asks for money once (law 4), and completes only what was stored (law 2).
pub fn adyen_driver(data: &[u8]) {
    let (Ok(currency), Ok(origin)) = (parse_currency("EUR"), Timestamp::from_second(1_795_000_000))
    else {
        return;
    };
    let mut machine = Adyen::new(AdyenSettings {
        currency,
        sale_id: "desk1".to_owned(),
        poi_id: "V400m-1".to_owned(),
        crypto: crypto().clone(),
        answer_timeout: Duration::from_secs(10),
        payment_timeout: Duration::from_secs(150),
        origin,
        seed: [7; 16],
    });
    let payment = PaymentId::new(origin, [7; 10]);
    let command = |which| {
        let money = Money::from_minor(1010, currency).ok()?;
        let purpose = Purpose::Sale;
        Some(match which % 3 {
            0 => Command::Pay { payment, money },
            1 => Command::Abort { payment },
            _ => Command::Query {
                payment,
                purpose,
                money,
            },
        })
    };
    let (mut asked, mut ended) = (0, 0);
    run(&mut machine, data, command, |output, _| match output {
        Output::Send(bytes) => {
            let payment = br#""MessageCategory":"Payment""#;
            let part = |part: &[u8]| part == payment;
            asked += usize::from(bytes.windows(payment.len()).any(part));
        }
        Output::Event(Event::Ended { .. }) => ended += 1,
        _ => {}
    });
    assert!(asked <= 1, "law 4 is broken");
    assert!(ended <= 1 + data.len(), "an end for an input at most");
}
