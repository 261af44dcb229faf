//! The simulated terminal in a thread of its own, without any delay; and a till that stores nothing,
//! which says what the same conversation takes by itself.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use drivers::{Input, Machine, Mono, Output};
use simulator::terminal::zvt::{Framing, Options, Terminal};

/// Authorization, in ZVT.
const PAY: [u8; 2] = [0x06, 0x01];
const REGISTER: [u8; 2] = [0x06, 0x00];
const COMPLETION: [u8; 2] = [0x06, 0x0f];
const ACKNOWLEDGED: [u8; 3] = [0x80, 0x00, 0x00];

/// What a terminal has heard of the till.
#[derive(Debug, Default)]
struct Heard {
    registration: Vec<u8>,
    payment: Vec<u8>,
    asked: Option<Instant>,
}

/// A terminal that listens on a port.
pub(crate) struct Quick {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Heard>>,
    terminal: Arc<Mutex<Terminal>>,
}

impl Quick {
    pub(crate) fn serve(delay: Duration) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let options = Options {
            delay,
            ..Options::default()
        };
        let terminal = Arc::new(Mutex::new(Terminal::new(options, Framing::Tcp)));
        let quick = Self {
            address,
            heard: Arc::clone(&heard),
            terminal: Arc::clone(&terminal),
        };
        thread::spawn(move || {
            let origin = Instant::now();
            for stream in listener.incoming() {
                converse(&stream.unwrap(), &terminal, &heard, origin);
            }
        });
        quick
    }

    /// When it was last asked for a payment.
    pub(crate) fn asked(&self) -> Instant {
        self.heard.lock().unwrap().asked.unwrap()
    }

    /// How many payments it took.
    pub(crate) fn charged(&self) -> usize {
        self.terminal.lock().unwrap().books().charged().len()
    }

    /// A till that says to another terminal what was said to this one.
    pub(crate) fn bare_till(&self) -> BareTill {
        let heard = self.heard.lock().unwrap();
        BareTill::new(&heard.registration, &heard.payment)
    }
}

fn converse(
    mut stream: &TcpStream,
    terminal: &Mutex<Terminal>,
    heard: &Mutex<Heard>,
    origin: Instant,
) {
    let now = || Mono::new(origin.elapsed());
    stream.set_nodelay(true).unwrap();
    terminal.lock().unwrap().handle(now(), Input::LinkUp);
    let mut buffer = [0; 1024];
    loop {
        let deadline = loop {
            let output = terminal.lock().unwrap().poll();
            match output {
                Output::Send(bytes) => stream.write_all(&bytes).unwrap_or_default(),
                Output::Open => {}
                Output::Close => return,
                Output::Wait(deadline) => break deadline,
            }
        };
        let wait = deadline.map(|at| at.since(now()));
        if wait == Some(Duration::ZERO) {
            terminal.lock().unwrap().handle(now(), Input::Timeout);
            continue;
        }
        stream.set_read_timeout(wait).unwrap();
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                let bytes = buffer.get(..count).unwrap();
                note(&mut heard.lock().unwrap(), bytes);
                terminal.lock().unwrap().handle(now(), Input::Bytes(bytes));
            }
            Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock) => {
                terminal.lock().unwrap().handle(now(), Input::Timeout);
            }
            Err(_) => break,
        }
    }
    terminal.lock().unwrap().handle(now(), Input::LinkDown);
    while !matches!(terminal.lock().unwrap().poll(), Output::Wait(_)) {}
}

fn note(heard: &mut Heard, bytes: &[u8]) {
    if bytes.starts_with(&PAY) {
        heard.asked = Some(Instant::now());
        bytes.clone_into(&mut heard.payment);
    } else if bytes.starts_with(&REGISTER) {
        bytes.clone_into(&mut heard.registration);
    }
}

/// A till that acknowledges everything at once and keeps nothing.
pub(crate) struct BareTill {
    stream: TcpStream,
    payment: Vec<u8>,
    heard: Vec<u8>,
}

impl BareTill {
    fn new(registration: &[u8], payment: &[u8]) -> Self {
        let stream = TcpStream::connect(Quick::serve(Duration::ZERO).address).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut till = Self {
            stream,
            payment: payment.to_owned(),
            heard: Vec::new(),
        };
        till.stream.write_all(registration).unwrap();
        till.until_completed();
        till
    }

    /// How long a payment takes from the first word to the last.
    pub(crate) fn pay(&mut self) -> Duration {
        let begun = Instant::now();
        self.stream.write_all(&self.payment).unwrap();
        self.until_completed();
        begun.elapsed()
    }

    fn until_completed(&mut self) {
        loop {
            let message = self.message();
            if message.starts_with(&[0x80, 0x00]) {
                continue;
            }
            self.stream.write_all(&ACKNOWLEDGED).unwrap();
            if message.starts_with(&COMPLETION) {
                return;
            }
        }
    }

    /// The next message: two bytes of its name, its length (one byte, or three of which the first is
    /// FF), and so many bytes.
    fn message(&mut self) -> Vec<u8> {
        loop {
            if let Some(length) = whole(&self.heard) {
                return self.heard.drain(..length).collect();
            }
            let mut buffer = [0; 1024];
            let count = self.stream.read(&mut buffer).unwrap();
            assert!(count > 0, "the terminal hung up");
            self.heard.extend(buffer.iter().take(count));
        }
    }
}

fn whole(heard: &[u8]) -> Option<usize> {
    let length = match heard.get(2)? {
        0xff => 5 + usize::from(u16::from_le_bytes([*heard.get(3)?, *heard.get(4)?])),
        short => 3 + usize::from(*short),
    };
    (heard.len() >= length).then_some(length)
}
