//! The ecr17-protocol crate, which others wrote: as a till it talks to the simulated terminal whose
//! TCP address is the argument, and its codec stands beside the driver's. One line for each check.

use std::{
    error::Error,
    fmt::Debug,
    process::ExitCode,
    sync::{Arc, Mutex},
    time::Duration,
};

use drivers::terminal::ecr17::{
    frame::{self, ACK, Found, NAK, Reader},
    lrc::Lrc,
    reply::Outcome,
    request::Address,
};
use ecr17_protocol::{
    Ecr17Client,
    codec::{PacketCodec, PacketType},
    lrc::LrcMode,
    protocol,
    response::parse_payment,
    transport::tcp::TcpTransport,
    types::{Ecr17Config, PaymentRequest, PaymentResult, ReversalRequest, TransactionOutcome},
};
use payment::{Currency, Money};

type Outcomes = Result<(), Box<dyn Error>>;
type Till = Ecr17Client<TcpTransport>;

/// Longest wait for a call to the terminal.
const PATIENCE: Duration = Duration::from_secs(5);
const CENTS: i64 = 1010;
/// The ways to make a check byte, by both names.
const WAYS: [(Lrc, LrcMode); 4] = [
    (Lrc::Payload, LrcMode::Std),
    (Lrc::PayloadEtx, LrcMode::Noext),
    (Lrc::StxPayload, LrcMode::StxNoext),
    (Lrc::StxPayloadEtx, LrcMode::Stx),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let address = std::env::args().nth(1).unwrap_or_default();
    let mut good = true;
    let mut check = |name: &str, outcome: Outcomes| match outcome {
        Ok(()) => println!("ok      ecr17-protocol crate: {name}"),
        Err(error) => {
            good = false;
            println!("FAILED  ecr17-protocol crate: {name}: {error}");
        }
    };
    check(
        "it reads the driver's frames, in all four ways",
        it_reads_ours(),
    );
    check(
        "the driver reads its frames, in all four ways",
        we_read_its(),
    );
    check("requests are the same byte by byte", same_requests());
    check("results are read the same", same_results());
    check("a day at the simulated terminal", day(&address).await);
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn equal<T: PartialEq + Debug>(found: &T, expected: &T) -> Outcomes {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{found:?} is not {expected:?}").into())
    }
}

fn address() -> Address {
    Address {
        terminal: "12345678".into(),
        register: "00000001".into(),
    }
}

/// What the driver sends.
fn requests() -> Result<Vec<String>, Box<dyn Error>> {
    let money = Money::from_minor(CENTS, Currency::EUR)?;
    let address = address();
    let optional = [
        address.pay(money, true),
        address.pay(money, false),
        address.reverse(42),
    ];
    let [Some(extended), Some(plain), Some(reversal)] = optional else {
        return Err("a request does not fit".into());
    };
    Ok(vec![
        extended,
        plain,
        reversal,
        address.status(),
        address.receipts_here(),
        address.last_result(),
        address.totals(),
        address.close(),
    ])
}

fn same_requests() -> Outcomes {
    let (terminal, register) = ("12345678", "00000001");
    let theirs = vec![
        protocol::build_extended_payment(terminal, register, CENTS, '0', false, false, "")?,
        protocol::build_payment(terminal, register, CENTS, '0', false, false, "")?,
        protocol::build_reversal(terminal, register, "000042")?,
        protocol::build_status(terminal)?,
        protocol::build_enable_ecr_print(terminal, true)?,
        protocol::build_send_last_result(terminal, register, false)?,
        protocol::build_totals(terminal, register, false)?,
        protocol::build_close_session(terminal, register, false)?,
    ];
    equal(&requests()?, &theirs)
}

fn it_reads_ours() -> Outcomes {
    for (ours, theirs) in WAYS {
        for request in requests()? {
            let wire = frame::message(request.as_bytes(), ours);
            for (_, mode) in WAYS {
                let packet = PacketCodec::new(mode).decode(&wire);
                equal(&packet.packet_type, &PacketType::Application)?;
                equal(&packet.payload, &request.as_bytes().to_vec())?;
                equal(&packet.valid_lrc, &(mode == theirs))?;
            }
        }
        for code in [ACK, NAK] {
            let expected = PacketCodec::new(theirs).encode_control(code);
            equal(&frame::answer(code, ours), &expected)?;
        }
    }
    Ok(())
}

fn we_read_its() -> Outcomes {
    for (ours, theirs) in WAYS {
        let codec = PacketCodec::new(theirs);
        let payload = result().into_bytes();
        let mut reader = Reader::default();
        reader.push(&codec.encode_application(&payload));
        reader.push(&codec.encode_control(ACK));
        reader.push(&codec.encode_control(NAK));
        let Some(Found::Message { payload: read, lrc }) = reader.find() else {
            return Err("no message was found".into());
        };
        equal(&read, &payload)?;
        equal(&Lrc::found(&read, lrc), &Some(ours))?;
        equal(&reader.find(), &Some(Found::Ack))?;
        equal(&reader.find(), &Some(Found::Nak(ours)))?;
        equal(&reader.find(), &None)?;
    }
    Ok(())
}

/// An approved result of `X`.
fn result() -> String {
    "123456780E000005413330000001234CLIA1B2C32111520288105000001000042000007000000010100000000000"
        .to_owned()
}

fn same_results() -> Outcomes {
    let payload = result();
    let theirs = parse_payment(&payload);
    let ours = Outcome::decode(payload.as_bytes()).ok_or("it is no result")?;
    let approval = ours.approval(Currency::EUR, None);
    equal(&theirs.outcome, &TransactionOutcome::Ok)?;
    let trace = approval.trace.map(|trace| format!("{trace:06}"));
    equal(&trace, &Some(theirs.stan))?;
    let authorisation = approval.authorisation.map(|code| code.to_string());
    equal(&authorisation, &Some(theirs.auth_code))?;
    let last4 = approval.card.last4.map(|digits| digits.to_string());
    equal(&last4.as_deref(), &theirs.pan.get(15..))
}

/// The crate as a till: a terminal that hangs up after each procedure.
async fn day(address: &str) -> Outcomes {
    let (host, port) = address.rsplit_once(':').ok_or("there is no address")?;
    let port = port.parse()?;
    let transport = TcpTransport::new(host, port, PATIENCE);
    let config = Ecr17Config {
        host: host.to_owned(),
        port: Some(port),
        terminal_id: "12345678".to_owned(),
        cash_register_id: "00000001".to_owned(),
        lrc_mode: Some(LrcMode::Std),
        keep_alive: None,
        auto_reconnect: Some(true),
        connection_timeout_ms: None,
        response_timeout_ms: None,
        ack_timeout_ms: None,
        receipt_drain_ms: Some(500),
        retry_count: None,
        retry_delay_ms: None,
        debug: None,
    };
    let mut till = Ecr17Client::new(transport, config);
    let lines = Arc::new(Mutex::new(String::new()));
    let collected = Arc::clone(&lines);
    till.set_on_receipt_line(move |line| {
        if let Ok(mut lines) = collected.lock() {
            lines.push_str(&line.text);
        }
    });

    let status = till.status().await?;
    equal(&(status.status, &*status.terminal_id), &(2, "12345678"))?;
    till.enable_ecr_printing(true).await?;
    let paid = pay(&mut till).await?;
    equal(&paid.outcome, &TransactionOutcome::Ok)?;
    let printed = lines.lock().map_err(|_| "nothing was printed")?.clone();
    equal(&printed.contains("EUR 10,10"), &true)?;
    let again = till.send_last_result().await?;
    equal(&again, &paid)?;
    let totals = till.totals().await?;
    equal(&totals.pos_total_cents, &CENTS)?;

    for (stan, expected) in [
        (Some("999999".to_owned()), TransactionOutcome::Ko),
        (paid.stan, TransactionOutcome::Ok),
    ] {
        let request = ReversalRequest {
            stan,
            ..ReversalRequest::default()
        };
        let reversed = till.reverse(&request).await?;
        equal(&reversed.outcome, &expected)?;
    }
    let closed = till.close_session().await?;
    equal(&closed.pos_total_cents, &Some(0))
}

async fn pay(till: &mut Till) -> Result<PaymentResult, Box<dyn Error>> {
    let request = PaymentRequest {
        amount_cents: CENTS,
        cash_register_id: None,
        payment_type: None,
        card_already_present: None,
        receipt_text: None,
        tokenization: None,
    };
    Ok(till.pay_extended(&request).await?)
}
