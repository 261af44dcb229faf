//! It is served on real wires.

use super::*;

#[tokio::test]
async fn it_is_served_on_tcp_and_on_a_pseudo_terminal() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let terminal = || Terminal::new(Options::default(), Framing::Tcp);
    let mut buffer = [0; 64];
    let (address, _handle) = terminal()
        .serve_tcp("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
    client.write_all(b"\x06\x70\x00").await.unwrap();
    client.read_exact(&mut buffer[..6]).await.unwrap();
    assert_eq!(buffer[..6], *b"\x80\0\0\x06\x0f\0");

    let (path, _handle) = terminal().serve_pty(None).unwrap();
    let builder = tokio_serial::new(path.to_string_lossy(), 9600);
    let mut client = tokio_serial::SerialStream::open(&builder).unwrap();
    let frame = rs232::frame(&Apdu::new(code::LOG_OFF, Vec::new()));
    client.write_all(&frame).await.unwrap();
    client.read_exact(&mut buffer[..10]).await.unwrap();
    assert_eq!(buffer[..10], *b"\x06\x10\x02\x80\0\0\x10\x03\xf5\x1f");
}

#[tokio::test]
async fn a_served_terminal_that_hangs_up_can_be_reached_again() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let mut terminal = Terminal::new(Options::default(), Framing::Tcp);
    terminal.arm("lose-answer-before-card".parse().unwrap());
    let address = "127.0.0.1:0".parse().unwrap();
    let (address, handle) = terminal.serve_tcp(address).await.unwrap();
    let register = Apdu::new(code::REGISTRATION, REGISTER.to_vec()).encode();
    let pay = Apdu::new(code::AUTHORISATION, PAY.to_vec()).encode();
    for _ in 0..2 {
        let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
        client.write_all(&register).await.unwrap();
        let mut answer = [0; 3 + 13];
        client.read_exact(&mut answer).await.unwrap();
        client.write_all(&Apdu::accepted().encode()).await.unwrap();
        if handle.authorisations_seen() == 0 {
            client.write_all(&pay).await.unwrap();
            let mut rest = Vec::new();
            client.read_to_end(&mut rest).await.unwrap();
            assert_eq!(rest, Apdu::accepted().encode());
        }
        assert_eq!(handle.authorisations_seen(), 1);
    }
}
