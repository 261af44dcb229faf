//! The Adyen driver over real HTTPS: the loop around the machine, the link, and the simulated
//! terminal as a server.

use std::{net::Ipv4Addr, time::Duration};

use config::{AdyenEnvironment, AdyenOptions, Link, Protocol, Secret, Terminal as Configured};
use drivers::{
    run::{FromMachine, ToMachine},
    terminal::{Command, Driver, Ending, Event, Fact, Queried},
};
use payment::{Currency, Money, PaymentId, Purpose};
use simulator::{
    Handle,
    terminal::adyen::{Identity, Options, Terminal},
};
use tokio::{
    io::AsyncReadExt as _,
    net::TcpListener,
    sync::mpsc::{Receiver, Sender, channel},
    time::timeout,
};

const NAME: &str = "V400m-123456789.test.terminal.adyen.com";
/// Longest wait for anything. Only a failing test waits so long.
const PATIENCE: Duration = Duration::from_mins(1);

struct Desk {
    commands: Sender<ToMachine<Command>>,
    events: Receiver<FromMachine<Fact, Event>>,
}

impl Desk {
    fn at(port: u16, root: &str) -> Self {
        let options = AdyenOptions {
            poi_id: "V400m-123456789".to_owned(),
            sale_id: None,
            passphrase: Secret::new("testPassphrase123".to_owned()),
            key_identifier: "clinic".to_owned(),
            key_version: 1,
            root: root.to_owned(),
            environment: AdyenEnvironment::Test,
            answer_timeout: Duration::from_secs(10),
            payment_timeout: Duration::from_secs(150),
        };
        let configured = Configured {
            id: "desk1".parse().unwrap(),
            protocol: Protocol::Adyen(options),
            link: Link::Https {
                host: "127.0.0.1".to_owned(),
                port,
            },
            currency: Currency::EUR,
            printer: None,
        };
        let origin = "2026-01-02T10:00:00Z".parse().unwrap();
        let Driver { machine, defaults } = drivers::terminal::driver(&configured, origin);
        let (commands, received) = channel(8);
        let (tell, events) = channel(64);
        tokio::spawn(drivers::run::run(
            machine,
            configured.link,
            defaults,
            received,
            tell,
        ));
        Self { commands, events }
    }

    async fn command(&self, command: Command) {
        let said = ToMachine::Command(command);
        self.commands.send(said).await.unwrap();
    }

    /// Stores whatever is to be stored, until something comes that is looked for.
    async fn until<T>(&mut self, look: impl Fn(&FromMachine<Fact, Event>) -> Option<T>) -> T {
        let seen = async {
            loop {
                let word = self.events.recv().await.unwrap();
                if let FromMachine::Store(_) = word {
                    self.commands.send(ToMachine::Stored(true)).await.unwrap();
                }
                if let Some(found) = look(&word) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, seen).await.unwrap()
    }

    async fn ready(&mut self) {
        self.until(|word| matches!(word, FromMachine::Event(Event::Ready { .. })).then_some(()))
            .await;
    }

    async fn ending(&mut self) -> Ending {
        self.until(|word| match word {
            FromMachine::Event(Event::Ended { ending, .. }) => Some(ending.clone()),
            _ => None,
        })
        .await
    }

    async fn link_down(&mut self) -> String {
        self.until(|word| match word {
            FromMachine::LinkDown(why) => Some(why.as_str().to_owned()),
            _ => None,
        })
        .await
    }
}

async fn served(name: &str, faults: &str) -> (u16, Identity, Handle<Terminal>) {
    let identity = Identity::new(name).unwrap();
    let terminal = Terminal::new(Options {
        delay: Duration::from_millis(50),
        ..Options::default()
    });
    let any = (Ipv4Addr::LOCALHOST, 0).into();
    let (address, handle) = terminal.serve_https(any, &identity).await.unwrap();
    handle.arm(faults.parse().unwrap());
    (address.port(), identity, handle)
}

fn payment(n: u8) -> PaymentId {
    PaymentId::new("2026-01-02T10:00:00Z".parse().unwrap(), [n; 10])
}

fn pay(n: u8) -> Command {
    Command::Pay {
        payment: payment(n),
        money: Money::from_minor(1010, Currency::EUR).unwrap(),
    }
}

#[tokio::test]
async fn payments_are_exchanges() {
    for fault in ["", "partial-segments", "unknown-fields"] {
        let (port, identity, terminal) = served(NAME, fault).await;
        let mut desk = Desk::at(port, identity.root());
        desk.ready().await;
        desk.command(pay(1)).await;
        assert_eq!(desk.ending().await, Ending::Completed, "{fault}");
        assert_eq!(terminal.charged(), [1010]);
    }
}

#[tokio::test]
async fn an_abort_goes_over_a_second_connection() {
    let (port, identity, terminal) = served(NAME, "slow").await;
    let mut desk = Desk::at(port, identity.root());
    desk.ready().await;
    desk.command(pay(1)).await;
    while terminal.payments_asked() == 0 {
        tokio::task::yield_now().await;
    }
    desk.command(Command::Abort {
        payment: payment(1),
    })
    .await;
    assert!(matches!(desk.ending().await, Ending::Cancelled(_)));
    desk.command(pay(2)).await;
    assert_eq!(desk.ending().await, Ending::Completed);
    assert_eq!(terminal.charged(), [1010]);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_after_the_link_is_back() {
    for fault in ["lose-answer-after-approval", "half-answer"] {
        let (port, identity, terminal) = served(NAME, fault).await;
        let mut desk = Desk::at(port, identity.root());
        desk.ready().await;
        desk.command(pay(1)).await;
        assert!(matches!(desk.ending().await, Ending::Doubted(_)), "{fault}");
        desk.ready().await;
        desk.command(Command::Query {
            payment: payment(1),
            purpose: Purpose::Sale,
            money: Money::from_minor(1010, Currency::EUR).unwrap(),
        })
        .await;
        let answer = desk
            .until(|word| match word {
                FromMachine::Event(Event::Queried { answer, .. }) => Some(answer.clone()),
                _ => None,
            })
            .await;
        assert!(
            matches!(answer, Queried::Approved(_)),
            "{fault}: {answer:?}"
        );
        assert_eq!(
            (terminal.charged(), terminal.payments_asked()),
            (vec![1010], 1)
        );
    }
}

#[tokio::test]
async fn who_cannot_prove_to_be_the_terminal_is_not_asked() {
    let (port, identity, _terminal) = served(NAME, "").await;
    let stranger = Identity::new(NAME).unwrap();
    let (live, live_identity, _live) = served("V400m-123456789.live.terminal.adyen.com", "").await;
    let (other, other_identity, _other) = served("localhost", "").await;
    for (port, root, words) in [
        (port, stranger.root(), "terminal.adyen.root"),
        (live, live_identity.root(), "terminal.adyen.environment"),
        (other, other_identity.root(), "“localhost”"),
        (port, "no certificate", "configured root cannot be used"),
    ] {
        let why = Desk::at(port, root).link_down().await;
        assert!(why.contains(words), "{why}");
    }
    let mut desk = Desk::at(port, identity.root());
    desk.ready().await;
}

#[tokio::test]
async fn what_does_not_speak_https_is_named() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0; 16];
            if stream.read_exact(&mut hello).await.is_ok() {
                use tokio::io::AsyncWriteExt as _;
                stream
                    .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    .await
                    .unwrap();
            }
        }
    });
    let identity = Identity::new(NAME).unwrap();
    let why = Desk::at(port, identity.root()).link_down().await;
    assert!(
        why.contains("does not speak TLS") && why.contains("the port"),
        "{why}"
    );
    // Bound and not listening: the port is ours, and refuses.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let port = socket.local_addr().unwrap().port();
    let why = Desk::at(port, identity.root()).link_down().await;
    assert!(why.contains("refuses the connection"), "{why}");
}
