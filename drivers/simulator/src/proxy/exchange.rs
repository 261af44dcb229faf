//! One connection: a request, and what becomes of it.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};

use super::{Counts, LATE, Options, Trouble, delay, trouble};

/// Longest request or answer.
const LONGEST: usize = 4 * 1024 * 1024;

/// Carries one request to the server and its answer back, or whatever the dice say.
pub(super) async fn carry(
    mut client: TcpStream,
    options: Options,
    counts: &Counts,
) -> io::Result<()> {
    let Some(request) = request(&mut client).await? else {
        return Ok(());
    };
    let number = counts.begin();
    let method = request.split(|b| *b == b' ').next().unwrap_or_default();
    let trouble = trouble(options, number, &String::from_utf8_lossy(method));
    if let Some(trouble) = trouble {
        counts.add(trouble);
    }
    let once = || ask(options.to, &request);
    let half = |bytes: &[u8]| bytes.get(..bytes.len() / 2).unwrap_or_default().to_vec();
    match trouble {
        None => client.write_all(&once().await?).await?,
        Some(Trouble::Lost) => {}
        Some(Trouble::CutInRequest) => {
            let mut server = TcpStream::connect(options.to).await?;
            server.write_all(&half(&request)).await?;
        }
        Some(Trouble::CutBeforeAnswer) => {
            once().await?;
        }
        Some(Trouble::CutInAnswer) => client.write_all(&half(&once().await?)).await?,
        Some(Trouble::Late) => {
            drop(client);
            sleep(LATE).await;
            once().await?;
            return Ok(());
        }
        Some(Trouble::Delayed) => {
            sleep(delay(options, number)).await;
            client.write_all(&once().await?).await?;
        }
        Some(Trouble::Twice) => {
            let first = once().await?;
            once().await?;
            client.write_all(&first).await?;
        }
        Some(Trouble::TwiceSecondAnswer) => {
            once().await?;
            client.write_all(&once().await?).await?;
        }
    }
    client.shutdown().await
}

/// A whole request, changed so that the server hangs up after its answer.
async fn request(client: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = find(&bytes, b"\r\n\r\n") {
            break end + 4;
        }
        if client.read_buf(&mut bytes).await? == 0 || bytes.len() > LONGEST {
            return Ok(None);
        }
    };
    let text = String::from_utf8_lossy(bytes.get(..head).unwrap_or_default()).into_owned();
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    let length: usize = length.unwrap_or_default();
    while bytes.len() < head.saturating_add(length) {
        if client.read_buf(&mut bytes).await? == 0 || bytes.len() > LONGEST {
            return Ok(None);
        }
    }
    let (first, rest) = text.split_once("\r\n").unwrap_or((&text, ""));
    let kept: String = rest
        .split_inclusive("\r\n")
        .filter(|line| !line.to_ascii_lowercase().starts_with("connection:"))
        .collect();
    let mut request = format!("{first}\r\nConnection: close\r\n{kept}").into_bytes();
    request.extend_from_slice(bytes.get(head..).unwrap_or_default());
    Ok(Some(request))
}

/// Sends a request; its whole answer.
async fn ask(to: SocketAddr, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(to).await?;
    server.write_all(request).await?;
    let mut answer = Vec::new();
    let most = u64::try_from(LONGEST).unwrap_or(u64::MAX);
    (&mut server).take(most).read_to_end(&mut answer).await?;
    Ok(answer)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
