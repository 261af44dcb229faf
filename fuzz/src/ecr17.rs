//! ECR17, layer by layer, and its driver.

use std::time::Duration;

use drivers::{
    Output,
    terminal::{
        self,
        ecr17::{
            Ecr17, Ecr17Settings,
            frame::{Found, MAX_PAYLOAD, Reader},
            reply::{Outcome, Status, Totals},
            request::Address,
            ticket::Tickets,
        },
    },
};
use jiff::Timestamp;
use payment::{Money, PaymentId, parse_currency};

use crate::machines::{Step, run};

/// A stream of frames, cut as its first byte says: the cuts change nothing.
pub fn ecr17_frame(data: &[u8]) {
    let Some((size, stream)) = data.split_first() else {
        return;
    };
    let read = |size: usize| {
        let mut reader = Reader::default();
        let mut found = Vec::new();
        for part in stream.chunks(size) {
            reader.push(part);
            found.extend(std::iter::from_fn(|| reader.find()));
        }
        found
    };
    let found = read(usize::from(*size).max(1));
    assert_eq!(found, read(stream.len().max(1)));
    for frame in found {
        if let Found::Message { payload, .. } = frame {
            assert!(payload.len() <= MAX_PAYLOAD);
        }
    }
}

/// Every answer that a payload can be, and the receipt that it may print.
pub fn ecr17_message(data: &[u8]) {
    let Ok(euro) = parse_currency("EUR") else {
        return;
    };
    let stored = Outcome::decode(data).and_then(|o| o.stored(euro, Some(Timestamp::UNIX_EPOCH)));
    let totals = [b'C', b'T'].map(|code| Totals::decode(data, code));
    let mut tickets = Tickets::default();
    let mut lines = tickets.add(data).unwrap_or_default();
    lines.extend(tickets.finish().unwrap_or_default());
    assert!(
        lines.len() <= data.len(),
        "a line of paper for a byte at most"
    );
    let shown = format!("{stored:?} {totals:?} {:?}", Status::decode(data));
    assert_eq!(
        payment::mask_card_numbers(&shown),
        shown,
        "no card number is taken over"
    );
}

/// The driver, with and without receipts by the first byte. It asks for money once (law 4), and
/// acknowledges nothing while an approval is being stored (law 2).
pub fn ecr17_driver(data: &[u8]) {
    let Some((first, data)) = data.split_first() else {
        return;
    };
    let (Ok(currency), Ok(at)) = (parse_currency("EUR"), Timestamp::from_second(1_795_000_000))
    else {
        return;
    };
    let settings = Ecr17Settings {
        currency,
        address: Address {
            terminal: "00000000".to_owned(),
            register: "00000001".to_owned(),
        },
        lrc: None,
        extended: first % 4 < 2,
        answer_timeout: Duration::from_secs(5),
        completion_timeout: Duration::from_mins(3),
        print_here: first % 2 == 0,
    };
    let mut machine = Ecr17::new(settings).with_clock(at);
    let payment = PaymentId::new(at, [7; 10]);
    let command = |which| {
        let money = Money::from_minor(1010, currency).ok()?;
        Some(match which % 4 {
            0 => terminal::Command::Pay { payment, money },
            1 => terminal::Command::LastTransaction,
            2 => terminal::Command::EndOfDay,
            _ => terminal::Command::Abort { payment },
        })
    };
    let (mut asked, mut ended, mut storing) = (0, 0, false);
    run(&mut machine, data, command, |output, step| {
        if matches!(step, Step::Stored(_) | Step::LinkDown | Step::LinkUp) {
            storing = false;
        }
        match output {
            Output::Send(bytes) => {
                asked += usize::from(matches!(bytes.get(10), Some(b'X' | b'P' | b'S')));
                assert!(!storing || bytes.first() != Some(&0x06), "law 2 is broken");
            }
            Output::Store(_) => storing = true,
            Output::Close => storing = false,
            Output::Event(terminal::Event::Ended { payment: which, .. }) => {
                ended += usize::from(*which == payment);
            }
            _ => {}
        }
    });
    assert!(asked <= 1, "law 4 is broken");
    assert!(ended <= 1 + data.len(), "an end for an input at most");
}
