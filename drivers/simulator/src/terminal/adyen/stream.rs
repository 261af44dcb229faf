//! The terminal as a machine: a stream of frames, one for each exchange.

use std::convert::Infallible;

use drivers::{Input, Machine, Mono, Output};

use super::machine::{MAX_BODY, Said, Terminal};

impl Machine for Terminal {
    type Command = Infallible;
    type Fact = Infallible;
    type Event = Infallible;

    /// The stream of [`drivers::terminal::adyen::frame`]: each frame is an exchange.
    fn handle(&mut self, now: Mono, input: Input<'_, Infallible>) {
        self.now = now;
        match input {
            Input::LinkUp | Input::LinkDown => {
                self.held.clear();
                self.said.clear();
                if let Some(running) = &mut self.running {
                    running.exchange = None;
                }
            }
            Input::Bytes(bytes) => {
                self.held.extend(bytes);
                while let Some(body) = self.take_frame() {
                    self.exchanges += 1;
                    self.ask(now, self.exchanges, &body);
                }
            }
            Input::Timeout | Input::Stored(_) => {}
            Input::Command(never) => match never {},
        }
    }

    fn poll(&mut self) -> Output<Infallible, Infallible> {
        match self.next(self.now) {
            None => Output::Wait(self.due()),
            Some(Said::Answer(_, body)) => {
                let mut bytes = framed(&body);
                // In one segment with what follows.
                while let Some(Said::Stray(_)) = self.said.front()
                    && let Some(Said::Stray(stray)) = self.said.pop_front()
                {
                    bytes.extend(framed(&stray));
                }
                Output::Send(bytes)
            }
            Some(Said::Stray(body)) => Output::Send(framed(&body)),
            Some(Said::InPieces(_, body)) => {
                for byte in framed(&body).into_iter().rev() {
                    self.said.push_front(Said::Half(u64::MAX, vec![byte]));
                }
                self.poll()
            }
            Some(Said::Half(u64::MAX, bytes)) => Output::Send(bytes),
            Some(Said::Half(exchange, body)) => {
                self.said.push_front(Said::HangUp(exchange));
                let bytes = framed(&body);
                let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
                Output::Send(half.to_vec())
            }
            Some(Said::HangUp(_)) => Output::Close,
        }
    }
}

impl Terminal {
    fn take_frame(&mut self) -> Option<Vec<u8>> {
        let (head, rest) = self.held.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*head)).unwrap_or(usize::MAX);
        if length > MAX_BODY {
            self.held.clear();
            return None;
        }
        let body = rest.get(..length)?.to_vec();
        self.held.drain(..4 + length);
        Some(body)
    }
}

fn framed(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend(body);
    bytes
}
