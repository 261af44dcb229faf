//! A caller of the API that blocks, on a connection that it keeps: so that what is measured is the
//! daemon and not a client's machinery.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use serde_json::Value;

pub(crate) struct Caller {
    stream: UnixStream,
    heard: Vec<u8>,
}

impl Caller {
    pub(crate) fn new(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_mins(1)))
            .unwrap();
        Self {
            stream,
            heard: Vec::new(),
        }
    }

    pub(crate) fn get(&mut self, path: &str) -> (u16, Value) {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        self.exchange(&request)
    }

    pub(crate) fn pay(&mut self, key: &str, body: &str) -> (u16, Value) {
        self.post("/v1/payments", key, body)
    }

    pub(crate) fn post(&mut self, path: &str, key: &str, body: &str) -> (u16, Value) {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Idempotency-Key: {key}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.exchange(&request)
    }

    fn exchange(&mut self, request: &str) -> (u16, Value) {
        self.stream.write_all(request.as_bytes()).unwrap();
        self.heard.clear();
        let head = loop {
            if let Some(end) = self.heard.windows(4).position(|w| w == b"\r\n\r\n") {
                break end + 4;
            }
            self.hear();
        };
        let text = String::from_utf8_lossy(self.heard.get(..head).unwrap()).to_ascii_lowercase();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .map_or(0, |n| n.trim().parse().unwrap());
        while self.heard.len() < head + length {
            self.hear();
        }
        let body = self.heard.get(head..head + length).unwrap();
        (status, serde_json::from_slice(body).unwrap_or_default())
    }

    fn hear(&mut self) {
        let mut buffer = [0; 16 * 1024];
        let count = self.stream.read(&mut buffer).unwrap();
        assert!(count > 0, "the daemon hung up");
        self.heard.extend(buffer.iter().take(count));
    }
}

/// The body of a payment.
pub(crate) fn body(device: &str, method: &str) -> String {
    format!(r#"{{"device":"{device}","amount":"10.10","currency":"EUR","method":"{method}"}}"#)
}
