//! The machines: a script of inputs in, every output drained.

use std::{fmt::Debug, time::Duration};

use config::{Secret, ZvtCharset, ZvtOptions};
use drivers::{
    Input, Machine, Mono, Output,
    link::Policy,
    printer::{self, escpos},
    terminal::{
        self,
        zvt::{Framing, Zvt, ZvtSettings},
    },
};
use jiff::Timestamp;
use payment::{Money, PaymentId, parse_currency};
use simulator::{printer::Printer, terminal::zvt as simulated};

/// More outputs than this after one input are a loop without end.
const OUTPUTS: usize = 20_000;

/// One step of a script.
pub(crate) enum Step<'a> {
    Bytes(&'a [u8]),
    Timeout(Duration),
    LinkUp,
    LinkDown,
    Stored(bool),
    Command(u8),
}

/// Cuts the bytes into steps: a byte that says which, and what it needs. So every input is a
/// script, and a mutation of one is a neighbour.
fn script(data: &[u8]) -> Vec<Step<'_>> {
    let mut steps = vec![Step::LinkUp];
    let mut rest = data;
    while let Some((kind, tail)) = rest.split_first() {
        rest = tail;
        let step = match kind {
            0xf0 => Step::LinkUp,
            0xf1 => Step::LinkDown,
            0xf2 => Step::Stored(true),
            0xf3 => Step::Stored(false),
            0xf4..=0xf7 => Step::Command(kind - 0xf4),
            0xf8..=0xff => Step::Timeout(Duration::from_millis(10 << (2 * (kind - 0xf8)))),
            length => {
                let (bytes, tail) = tail.split_at(tail.len().min(usize::from(*length)));
                rest = tail;
                Step::Bytes(bytes)
            }
        };
        steps.push(step);
    }
    steps
}

/// Runs a script; `look` sees every output.
pub(crate) fn run<M: Machine>(
    machine: &mut M,
    data: &[u8],
    command: impl Fn(u8) -> Option<M::Command>,
    mut look: impl FnMut(&Output<M::Fact, M::Event>, &Step<'_>),
) where
    M::Fact: Debug,
    M::Event: Debug,
{
    let mut now = Mono::default();
    for step in script(data) {
        let input = match &step {
            Step::Bytes(bytes) => Input::Bytes(bytes),
            Step::Timeout(pause) => {
                now = now + *pause;
                Input::Timeout
            }
            Step::LinkUp => Input::LinkUp,
            Step::LinkDown => Input::LinkDown,
            Step::Stored(durable) => Input::Stored(*durable),
            Step::Command(which) => match command(*which) {
                Some(command) => Input::Command(command),
                None => continue,
            },
        };
        machine.handle(now, input);
        let mut outputs = 0;
        loop {
            let output = machine.poll();
            look(&output, &step);
            match output {
                Output::Wait(_) => break,
                // As the loop around a machine does.
                Output::Close => machine.handle(now, Input::LinkDown),
                Output::Send(_) | Output::Store(_) | Output::Event(_) | Output::Open => {}
            }
            outputs += 1;
            assert!(outputs < OUTPUTS, "it never waits");
        }
    }
}

/// The ZVT driver, over TCP or a serial line by the first byte. It asks for money once (law 4),
/// and acknowledges no approval while that is being stored (law 2).
pub fn zvt_driver(data: &[u8]) {
    let Some((first, data)) = data.split_first() else {
        return;
    };
    let (Ok(currency), Ok(at)) = (parse_currency("EUR"), Timestamp::from_second(1_795_000_000))
    else {
        return;
    };
    let framing = if first % 2 == 0 {
        Framing::Tcp
    } else {
        Framing::Serial
    };
    let options = ZvtOptions {
        password: Secret::new("000000".to_owned()),
        charset: ZvtCharset::Cp437,
        answer_timeout: Duration::from_secs(5),
        completion_timeout: Duration::from_mins(3),
        print_here: true,
        number_messages: first % 4 < 2,
        amounts_at_terminal: true,
        administration_at_terminal: true,
        service_menu: true,
        capitals: false,
    };
    let mut machine = Zvt::new(ZvtSettings::new(&options, currency), framing);
    let payment = PaymentId::new(at, [7; 10]);
    let command = |which| {
        let money = Money::from_minor(1010, currency).ok()?;
        Some(match which % 2 {
            0 => terminal::Command::Pay { payment, money },
            _ => terminal::Command::Abort { payment },
        })
    };
    let (mut asked, mut ended, mut storing) = (0, 0, false);
    run(&mut machine, data, command, |output, step| {
        if matches!(step, Step::Stored(_) | Step::LinkDown | Step::LinkUp) {
            storing = false;
        }
        match output {
            Output::Send(bytes) if framing == Framing::Tcp => {
                asked += usize::from(bytes.starts_with(&[0x06, 0x01]));
                assert!(
                    !storing || !bytes.starts_with(&[0x80, 0x00]),
                    "law 2 is broken"
                );
            }
            Output::Store(_) => storing = true,
            Output::Event(terminal::Event::Ended { payment: which, .. }) => {
                ended += usize::from(*which == payment);
            }
            _ => {}
        }
    });
    assert!(asked <= 1, "law 4 is broken");
    assert!(ended <= 1 + data.len(), "an end for an input at most");
}

/// A print job.
const BODY: &[u8] = b"\x1b@a receipt\n\x1dV\x01";

/// The ESC/POS driver and its reading of a printer's answers. A job is sent once and ends once.
pub fn escpos_driver(data: &[u8]) {
    let Some((first, data)) = data.split_first() else {
        return;
    };
    let mut names = escpos::Profile::names();
    let name = names
        .nth(usize::from(first >> 1) % 4)
        .unwrap_or("generic-80mm");
    let policy = if first % 2 == 0 {
        Policy::Keep
    } else {
        Policy::PerJob
    };
    let Some(profile) = escpos::Profile::find(name) else {
        return;
    };
    let command = |which| {
        Some(match which {
            0 | 1 => printer::Command::Print {
                job: i64::from(which),
                bytes: BODY.to_vec(),
            },
            2 => printer::Command::Cancel { job: 1 },
            _ => printer::Command::Kick {
                drawer: printer::Drawer::Pin2,
            },
        })
    };
    let (mut begun, mut sent, mut ended) = (0_usize, 0_usize, 0_usize);
    run(
        &mut escpos::EscPos::new(profile, policy),
        data,
        command,
        |output, step| match output {
            Output::Send(bytes) => {
                sent += usize::from(bytes.windows(BODY.len()).any(|part| part == BODY));
            }
            Output::Event(printer::Event::Ended { .. }) => ended += 1,
            Output::Wait(_) => begun += usize::from(matches!(step, Step::Command(0 | 1))),
            _ => {}
        },
    );
    assert!(
        sent <= begun && ended <= begun,
        "{sent} sent, {ended} ended, {begun} asked for"
    );
}

/// The simulated terminal, with a fault by its first byte.
pub fn simulated_terminal(data: &[u8]) {
    let Some((first, data)) = data.split_first() else {
        return;
    };
    let framing = if first % 2 == 0 {
        simulated::Framing::Tcp
    } else {
        simulated::Framing::Serial
    };
    let mut machine = simulated::Terminal::new(simulated::Options::default(), framing);
    let mut faults = simulated::Faults::default();
    if let Some(fault) = simulated::Fault::ALL.get(usize::from(first >> 1)) {
        faults.arm(*fault, 2);
    }
    machine.arm(faults);
    run(&mut machine, data, |_| None, |_, _| {});
    let authorisations = usize::try_from(machine.authorisations_seen()).unwrap_or(usize::MAX);
    let paid = machine.books().charged().len();
    assert!(
        paid <= authorisations + data.len() / 3,
        "no charge without a command"
    );
}

/// The simulated printer, with a fault by its first byte.
pub fn simulated_printer(data: &[u8]) {
    let Some((first, data)) = data.split_first() else {
        return;
    };
    let mut machine = Printer::new(48);
    let faults = [
        "",
        "paper-out",
        "paper-out-after=2",
        "cover-open",
        "slow",
        "cut-link-after=9",
    ];
    let name = faults.get(usize::from(*first)).copied().unwrap_or_default();
    if let Ok(fault) = name.parse() {
        machine.arm(fault);
    }
    run(&mut machine, data, |_| None, |_, _| {});
    assert!(machine.bytes_waiting() <= data.len());
    machine.clear();
    machine.handle(Mono::default(), Input::Timeout);
    while !matches!(machine.poll(), Output::Wait(_) | Output::Close) {}
}
