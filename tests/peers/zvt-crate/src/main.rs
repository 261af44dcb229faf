//! The zvt crate, which others wrote, as a till: it talks to the simulated terminal whose TCP
//! address is the argument, and reads every message with its own codec. One line for each check.

use std::{error::Error, fmt::Debug, pin::pin, process::ExitCode, time::Duration};

use futures::StreamExt;
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};
use zvt::{
    ZvtParser, ZvtSerializer, packets,
    sequences::{
        AuthorizationResponse, Diagnosis, EndOfDay, EndOfDayResponse, Initialization, Registration,
        RegistrationResponse, Sequence, StatusEnquiry, read_packet_async,
    },
};

type Outcome = Result<(), Box<dyn Error>>;

/// Longest wait for a whole sequence: the simulated customer takes two seconds.
const PATIENCE: Duration = Duration::from_secs(20);
const EURO: usize = 978;
const CENTS: usize = 1010;
const TERMINAL_ID: usize = 28_004_869;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let address = std::env::args().nth(1).unwrap_or_default();
    let Ok(mut socket) = TcpStream::connect(&address).await else {
        println!("FAILED  zvt crate: nobody is at {address}");
        return ExitCode::FAILURE;
    };
    let mut good = true;
    let mut check = |name: &str, outcome: Outcome| match outcome {
        Ok(()) => println!("ok      zvt crate: {name}"),
        Err(error) => {
            good = false;
            println!("FAILED  zvt crate: {name}: {error}");
        }
    };
    check("registration", register(&mut socket).await);
    check("status enquiry", status(&mut socket).await);
    check("initialisation", initialise(&mut socket).await);
    check("diagnosis", diagnose(&mut socket).await);
    check("a payment's messages are read", pay(&mut socket).await);
    check("end of day with totals", end_of_day(&mut socket).await);
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Runs a sequence of the crate to its end.
async fn run<S>(socket: &mut TcpStream, input: &S::Input) -> Result<Vec<S::Output>, Box<dyn Error>>
where
    S: Sequence,
    S::Input: ZvtSerializer + Send + Sync,
    S::Output: Debug,
    zvt::encoding::Default: zvt::encoding::Encoding<S::Input>,
{
    let stream = S::into_stream(input, socket);
    let all = async { stream.collect::<Vec<_>>().await };
    let mut read = Vec::new();
    for output in timeout(PATIENCE, all).await? {
        read.push(output?);
    }
    if read.is_empty() {
        Err("nothing was answered".into())
    } else {
        Ok(read)
    }
}

fn expect(holds: bool, read: &impl Debug) -> Outcome {
    if holds {
        Ok(())
    } else {
        Err(format!("read {read:?}").into())
    }
}

async fn register(socket: &mut TcpStream) -> Outcome {
    let input = packets::Registration {
        password: 0,
        // All receipts to the till, but no intermediate statuses: the crate takes the texts in
        // them for a number, and overflows.
        config_byte: 0x86,
        currency: Some(EURO),
        tlv: None,
    };
    let read = run::<Registration>(socket, &input).await?;
    let [RegistrationResponse::CompletionData(data)] = read.as_slice() else {
        return expect(false, &read);
    };
    expect(
        data.currency == Some(EURO) && data.terminal_id == Some(TERMINAL_ID),
        &read,
    )
}

async fn status(socket: &mut TcpStream) -> Outcome {
    let input = packets::StatusEnquiry {
        password: None,
        service_byte: None,
        tlv: None,
    };
    run::<StatusEnquiry>(socket, &input).await.map(drop)
}

async fn initialise(socket: &mut TcpStream) -> Outcome {
    run::<Initialization>(socket, &packets::Initialization { password: 0 })
        .await
        .map(drop)
}

async fn diagnose(socket: &mut TcpStream) -> Outcome {
    let tlv = Some(packets::tlv::Diagnosis {
        diagnosis_type: Some(1),
    });
    run::<Diagnosis>(socket, &packets::Diagnosis { tlv })
        .await
        .map(drop)
}

/// The crate has no 06 01 of its own: it is sent as bytes, and what comes back is read by the crate.
async fn pay(socket: &mut TcpStream) -> Outcome {
    socket
        .write_all(b"\x06\x01\x0c\x04\0\0\0\0\x10\x10\x49\x09\x78\x19\x40")
        .await?;
    let mut socket = pin!(socket);
    let answer = timeout(PATIENCE, read_packet_async(&mut socket)).await??;
    expect(answer == [0x80, 0, 0], &answer)?;
    let (mut lines, mut status) = (0, None);
    loop {
        let bytes = timeout(PATIENCE, read_packet_async(&mut socket)).await??;
        let message = AuthorizationResponse::zvt_parse(&bytes)?;
        socket.write_all(&packets::Ack {}.zvt_serialize()).await?;
        match message {
            AuthorizationResponse::IntermediateStatusInformation(read) => {
                return expect(false, &read);
            }
            AuthorizationResponse::PrintLine(_) => lines += 1,
            AuthorizationResponse::PrintTextBlock(_) => lines += 1,
            AuthorizationResponse::StatusInformation(read) => status = Some(read),
            AuthorizationResponse::CompletionData(_) => break,
            AuthorizationResponse::Abort(read) => return expect(false, &read),
        }
    }
    let Some(status) = status else {
        return Err("there was no status information".into());
    };
    let fits = status.result_code == Some(0)
        && status.amount == Some(CENTS)
        && status.terminal_id == Some(TERMINAL_ID)
        && status.receipt_no.is_some_and(|number| number > 0)
        && status.trace_number.is_some_and(|number| number > 0)
        && status.time.is_some()
        && status.date.is_some();
    expect(fits && lines > 0, &(lines, status))
}

async fn end_of_day(socket: &mut TcpStream) -> Outcome {
    let read = run::<EndOfDay>(socket, &packets::EndOfDay { password: 0 }).await?;
    let totals = read.iter().find_map(|message| match message {
        EndOfDayResponse::StatusInformation(status) => Some(status),
        _ => None,
    });
    let Some(status) = totals else {
        return expect(false, &read);
    };
    let sums = status.single_amounts.as_ref();
    let ended = matches!(read.last(), Some(EndOfDayResponse::CompletionData(_)));
    expect(
        ended && status.amount == Some(CENTS) && sums.is_some(),
        &read,
    )
}
