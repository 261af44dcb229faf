//! A toy machine on real links: TCP on a free port, and pseudo-terminals.

use std::{
    collections::VecDeque,
    io::{Read as _, Write as _},
    path::PathBuf,
};

use config::FlowControl;
use serialport::{SerialPort as _, TTYPort};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::mpsc,
};

use super::*;
use crate::{
    Input, Output,
    link::{Policy, usb},
};

mod counted;

/// Sends every command's bytes; gives every received byte back as an event; asks to store `s`; closes
/// on `c`; sets an alarm on `t`; on `o` wants the link back once it is gone, and asks for it on an
/// empty command. Commands without a link are refused with `!`.
#[derive(Default)]
struct Toy {
    up: bool,
    alarm: Option<Mono>,
    opens: bool,
    outputs: VecDeque<Output<u8, char>>,
}

impl Machine for Toy {
    type Command = Vec<u8>;
    type Fact = u8;
    type Event = char;

    fn handle(&mut self, now: Mono, input: Input<'_, Vec<u8>>) {
        match input {
            Input::LinkUp => self.up = true,
            Input::LinkDown => {
                self.up = false;
                self.outputs.push_back(Output::Event('-'));
                if std::mem::take(&mut self.opens) {
                    self.outputs.push_back(Output::Open);
                }
            }
            Input::Bytes(bytes) => {
                for byte in bytes {
                    self.outputs.push_back(match byte {
                        b's' => Output::Store(*byte),
                        b'c' => Output::Close,
                        b't' => {
                            self.alarm = Some(now + Duration::from_millis(1));
                            continue;
                        }
                        b'o' => {
                            self.opens = true;
                            continue;
                        }
                        _ => Output::Event(char::from(*byte)),
                    });
                }
            }
            Input::Timeout => {
                if self.alarm.is_some_and(|at| now >= at) {
                    self.alarm = None;
                    self.outputs.push_back(Output::Event('T'));
                }
            }
            Input::Command(bytes) if bytes.is_empty() => self.outputs.push_back(Output::Open),
            Input::Command(bytes) if self.up => self.outputs.push_back(Output::Send(bytes)),
            Input::Command(_) => self.outputs.push_back(Output::Event('!')),
            Input::Stored(durable) => {
                self.outputs
                    .push_back(Output::Send(vec![u8::from(durable)]));
            }
        }
    }

    fn poll(&mut self) -> Output<u8, char> {
        self.outputs.pop_front().unwrap_or(Output::Wait(self.alarm))
    }
}

type Word = FromMachine<u8, char>;

struct Desk {
    commands: Sender<ToMachine<Vec<u8>>>,
    words: Receiver<Word>,
    task: tokio::task::JoinHandle<()>,
}

impl Desk {
    fn new(link: Link, policy: Policy) -> Self {
        let (commands, from_desk) = mpsc::channel(4);
        let (to_desk, words) = mpsc::channel(1);
        let defaults = Defaults {
            policy,
            ..Defaults::default()
        };
        let task = tokio::spawn(run(Toy::default(), link, defaults, from_desk, to_desk));
        Self {
            commands,
            words,
            task,
        }
    }

    async fn say(&self, bytes: &[u8]) {
        let command = ToMachine::Command(bytes.to_vec());
        self.commands.send(command).await.unwrap();
    }

    async fn hears(&mut self, expected: &[Word]) {
        for word in expected {
            assert_eq!(self.words.recv().await.as_ref(), Some(word));
        }
    }

    async fn hears_loss(&mut self) {
        let word = self.words.recv().await.unwrap();
        assert!(
            matches!(&word, FromMachine::LinkDown(why) if why.as_str().contains("Check")),
            "{word:?}"
        );
    }

    async fn ends(self) {
        drop(self.commands);
        self.task.await.unwrap();
    }
}

async fn listen() -> (TcpListener, Link) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let host = "127.0.0.1".to_owned();
    (listener, Link::Tcp { host, port })
}

#[tokio::test]
async fn bytes_facts_events_and_alarms_go_where_they_belong() {
    let (listener, link) = listen().await;
    let mut desk = Desk::new(link, Policy::Keep);
    let mut device = listener.accept().await.unwrap().0;
    desk.hears(&[Word::LinkUp]).await;
    desk.say(b"one").await;
    desk.say(b"two").await;
    let mut got = [0; 6];
    device.read_exact(&mut got).await.unwrap();
    assert_eq!(got, *b"onetwo");
    device.write_all(b"ast").await.unwrap();
    desk.hears(&[Word::Event('a'), Word::Store(b's'), Word::Event('T')])
        .await;
    desk.commands.send(ToMachine::Stored(true)).await.unwrap();
    assert_eq!(device.read_u8().await.unwrap(), 1);
    desk.ends().await;
    assert_eq!(device.read(&mut got).await.unwrap(), 0);
}

#[tokio::test]
async fn a_kept_link_comes_back_after_a_loss_and_after_a_close() {
    let (listener, link) = listen().await;
    let mut desk = Desk::new(link, Policy::Keep);
    let device = listener.accept().await.unwrap().0;
    desk.hears(&[Word::LinkUp]).await;
    drop(device);
    desk.hears_loss().await;
    desk.hears(&[Word::Event('-')]).await;
    let mut device = listener.accept().await.unwrap().0;
    desk.hears(&[Word::LinkUp]).await;
    device.write_all(b"c").await.unwrap();
    desk.hears(&[Word::Event('-')]).await;
    assert_eq!(device.read(&mut [0]).await.unwrap(), 0);
    let mut device = listener.accept().await.unwrap().0;
    device.write_all(b"b").await.unwrap();
    desk.hears(&[Word::Event('b')]).await;
    desk.ends().await;
}

#[tokio::test]
async fn a_link_per_job_opens_for_a_command_and_ends_with_the_close() {
    let (listener, link) = listen().await;
    let mut desk = Desk::new(link, Policy::PerJob);
    for job in [*b"j1", *b"j2"] {
        desk.say(&job).await;
        let mut device = listener.accept().await.unwrap().0;
        let mut got = [0; 2];
        device.read_exact(&mut got).await.unwrap();
        assert_eq!(got, job);
        device.write_all(b"c").await.unwrap();
        assert_eq!(device.read(&mut got).await.unwrap(), 0);
        if job == *b"j1" {
            desk.hears(&[Word::LinkUp]).await;
        }
        desk.hears(&[Word::Event('-')]).await;
    }
    desk.ends().await;
}

/// A terminal that hangs up after each procedure: what needs two procedures asks for the link again,
/// and the engine hears of none of it.
#[tokio::test]
async fn a_link_on_demand_opens_when_the_machine_asks_and_as_often() {
    let (listener, link) = listen().await;
    let mut desk = Desk::new(link, Policy::OnDemand);
    desk.say(b"j0").await;
    desk.hears(&[Word::Event('!')]).await;
    desk.say(b"").await;
    let mut device = listener.accept().await.unwrap().0;
    device.write_all(b"w").await.unwrap();
    desk.hears(&[Word::Event('w')]).await;
    desk.say(b"j1").await;
    let mut got = [0; 2];
    device.read_exact(&mut got).await.unwrap();
    assert_eq!(got, *b"j1");
    device.write_all(b"o").await.unwrap();
    drop(device);
    desk.hears(&[Word::Event('-')]).await;
    let mut device = listener.accept().await.unwrap().0;
    device.write_all(b"xoc").await.unwrap();
    desk.hears(&[Word::Event('x'), Word::Event('-')]).await;
    assert_eq!(device.read(&mut got).await.unwrap(), 0);
    let mut device = listener.accept().await.unwrap().0;
    device.write_all(b"yc").await.unwrap();
    desk.hears(&[Word::Event('y'), Word::Event('-')]).await;
    assert_eq!(device.read(&mut got).await.unwrap(), 0);
    // Nobody wants it any more.
    desk.say(b"j2").await;
    desk.hears(&[Word::Event('!')]).await;
    desk.ends().await;
}

#[tokio::test]
async fn a_machine_hears_that_its_link_cannot_be_opened() {
    // Bound and not listening: the port is ours, and refuses.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let link = Link::Tcp {
        host: "127.0.0.1".to_owned(),
        port: socket.local_addr().unwrap().port(),
    };
    let mut desk = Desk::new(link, Policy::OnDemand);
    for _ in 0..2 {
        desk.say(b"").await;
        desk.hears(&[Word::Event('-')]).await;
    }
    desk.ends().await;
}

#[tokio::test]
async fn a_command_gets_its_refusal_when_the_link_cannot_be_opened() {
    // Bound and not listening: the port is ours, and refuses.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let link = Link::Tcp {
        host: "127.0.0.1".to_owned(),
        port: socket.local_addr().unwrap().port(),
    };
    let mut desk = Desk::new(link, Policy::PerJob);
    desk.say(b"j1").await;
    desk.hears_loss().await;
    desk.hears(&[Word::Event('!')]).await;
    desk.ends().await;
}

#[tokio::test]
async fn a_device_that_takes_nothing_is_still_heard() {
    let (listener, link) = listen().await;
    let mut desk = Desk::new(link, Policy::Keep);
    let mut device = listener.accept().await.unwrap().0;
    desk.hears(&[Word::LinkUp]).await;
    desk.say(&vec![0x20; 30_000_000]).await;
    device.write_all(b"x").await.unwrap();
    desk.hears(&[Word::Event('x')]).await;
    desk.ends().await;
}

#[tokio::test]
async fn an_engine_that_hears_nothing_may_still_speak() {
    let (listener, link) = listen().await;
    let mut desk = Desk::new(link, Policy::Keep);
    let mut device = listener.accept().await.unwrap().0;
    desk.hears(&[Word::LinkUp]).await;
    let flood = vec![b'x'; 4 * WAITING_WORDS];
    device.write_all(&flood).await.unwrap();
    desk.say(b"y").await;
    assert_eq!(device.read_u8().await.unwrap(), b'y');
    desk.ends().await;
}

#[tokio::test]
async fn a_serial_line_that_is_pulled_out_is_a_lost_link() {
    let (mut master, slave) = TTYPort::pair().unwrap();
    let path = PathBuf::from(slave.name().unwrap());
    drop(slave);
    let flow = FlowControl::None;
    let baud = Some(115_200);
    let mut desk = Desk::new(
        Link::Serial {
            path,
            baud,
            flow,
            format: None,
        },
        Policy::Keep,
    );
    desk.hears(&[Word::LinkUp]).await;
    desk.say(b"\x06\x01\x0a").await;
    let mut master = tokio::task::spawn_blocking(move || {
        let mut got = [0; 3];
        master.set_timeout(Duration::from_secs(5)).unwrap();
        master.read_exact(&mut got).unwrap();
        assert_eq!(got, *b"\x06\x01\x0a");
        master
    })
    .await
    .unwrap();
    master.write_all(b"a").unwrap();
    desk.hears(&[Word::Event('a')]).await;
    drop(master);
    desk.hears_loss().await;
    desk.hears(&[Word::Event('-')]).await;
    desk.ends().await;
}

#[tokio::test]
async fn a_receipt_goes_to_a_network_printer_and_is_confirmed() {
    use crate::printer::{Command, Ending, Event, Fact, escpos::EscPos, escpos::Profile};

    let (listener, link) = listen().await;
    let (commands, from_desk) = mpsc::channel(1);
    let (to_desk, mut words) = mpsc::channel(1);
    let defaults = Defaults {
        policy: Policy::PerJob,
        ..Defaults::default()
    };
    let printer = EscPos::new(Profile::find("generic-80mm").unwrap(), Policy::PerJob);
    let task = tokio::spawn(run(printer, link, defaults, from_desk, to_desk));
    let bytes = b"\x1b@receipt\n".to_vec();
    let print = Command::Print { job: 7, bytes };
    commands.send(ToMachine::Command(print)).await.unwrap();

    let mut device = listener.accept().await.unwrap().0;
    let mut greeting = [1; 16];
    device.read_exact(&mut greeting).await.unwrap();
    assert_eq!(greeting, [0; 16]);
    let mut question = [0; 3];
    for (asked, answer) in [
        (b"\x10\x04\x01", 0x16),
        (b"\x10\x04\x02", 0x12),
        (b"\x10\x04\x04", 0x12),
        (b"\x1dr\x01", 0),
    ] {
        device.read_exact(&mut question).await.unwrap();
        assert_eq!(question, *asked);
        device.write_all(&[answer]).await.unwrap();
    }
    assert_eq!(words.recv().await, Some(FromMachine::LinkUp));
    assert_eq!(words.recv().await, Some(FromMachine::Event(Event::Ready)));
    let status = words.recv().await;
    assert!(matches!(status, Some(FromMachine::Event(Event::Status(_)))));
    let fact = FromMachine::Store(Fact::Sending { job: 7 });
    assert_eq!(words.recv().await, Some(fact));
    commands.send(ToMachine::Stored(true)).await.unwrap();
    let mut job = [0; 13];
    device.read_exact(&mut job).await.unwrap();
    assert_eq!(job, *b"\x1b@receipt\n\x1dr\x01");
    device.write_all(b"\0").await.unwrap();
    assert_eq!(device.read(&mut job).await.unwrap(), 0);

    let ended = Event::Ended {
        job: 7,
        ending: Ending::Confirmed,
    };
    for expected in [
        FromMachine::Event(Event::Sent { job: 7 }),
        FromMachine::Event(ended),
    ] {
        assert_eq!(words.recv().await, Some(expected));
    }
    drop(commands);
    task.await.unwrap();
}
