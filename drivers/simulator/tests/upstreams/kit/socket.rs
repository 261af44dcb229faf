//! Over real sockets: how real failures are told apart.

use simulator::invoicing::{Fault, serve};
use sync::{
    delivery::{Client, DeliveryState, Http, QueueOutbox, Round, SystemClock, Worker},
    upstream::{self, Booking, HttpAnswer},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{Desk, Subject};

/// A payment crosses a real socket; then what was never sent (nobody there, no TLS) is told from
/// what may have arrived (broken, half an answer).
pub(crate) async fn real_sockets_tell_what_was_not_sent_from_what_was_lost<S: Subject>() {
    // Another test of this process may have installed it before.
    drop(rustls::crypto::ring::default_provider().install_default());
    let desk = Desk::<S>::with_invoices(&[156]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = S::config(&format!("http://{address}"));
    let server = tokio::spawn(serve(listener, desk.sandbox.clone()));
    let taken = desk.take(156, "80.00");
    let system = upstream::from_config(&config);
    let now = taken.payment.intent.at;
    let request = |base: &str| {
        let config = S::config(base);
        let system = upstream::from_config(&config);
        let booking = Booking {
            payment: &taken.payment,
            original: None,
            seal: None,
            redirects: 0,
        };
        system.create(now, &booking).unwrap()
    };

    let outbox = QueueOutbox::new(desk.queue.clone()).unwrap();
    let client = Client::default();
    // The request's date is now's.
    let parts = (outbox, client.clone(), SystemClock::new());
    let mut worker = Worker::new(&config, system, parts, 1);
    let mut rounds = 0;
    while worker.round().await.unwrap() == Round::Moved {
        rounds += 1;
        assert!(rounds <= 2 * S::STEPS, "a booking takes no more rounds");
    }
    assert_eq!(desk.times_booked(&taken), 1);
    assert!(matches!(
        desk.state(&taken),
        DeliveryState::Confirmed { .. }
    ));

    let here = format!("http://{address}");
    desk.sandbox.lock().arm(Fault::Down, 1);
    let broken = client.send(request(&here)).await;
    assert!(matches!(broken, HttpAnswer::Lost { .. }), "{broken:?}");
    desk.sandbox.lock().arm(Fault::Redirect, 1);
    let redirect = client.send(request(&here)).await;
    let is_302 = matches!(redirect, HttpAnswer::Response { status: 302, .. });
    assert!(is_302, "{redirect:?}");
    server.abort();
    assert!(server.await.unwrap_err().is_cancelled());

    let away = Client::default().send(request(&here)).await;
    assert!(matches!(away, HttpAnswer::NotSent { .. }), "{away:?}");
    for (says, tls, sent) in [
        // A server that does not speak TLS: the request never left.
        ("HTTP/1.1 400 Bad Request\r\n\r\n", true, false),
        ("", true, false),
        // Half an answer: it may have arrived.
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{\"ok\"",
            false,
            true,
        ),
        ("HTTP/1.1 2", false, true),
        ("nonsense\r\n\r\n", false, true),
    ] {
        let address = mumbler(says).await;
        let scheme = if tls { "https" } else { "http" };
        let answer = Client::default()
            .send(request(&format!("{scheme}://{address}")))
            .await;
        let lost = matches!(answer, HttpAnswer::Lost { .. });
        let not_sent = matches!(answer, HttpAnswer::NotSent { .. });
        assert!(if sent { lost } else { not_sent }, "{says}: {answer:?}");
    }
}

/// Hears something, says this, and hangs up.
async fn mumbler(says: &'static str) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut heard = [0; 4096];
            if socket.read(&mut heard).await.is_ok() {
                socket.write_all(says.as_bytes()).await.unwrap_or_default();
                socket.shutdown().await.unwrap_or_default();
            }
        }
    });
    address
}
