//! The bodies of HTTP exchanges as a stream of bytes: four bytes of length, the highest first, then
//! the body. A request goes out so, and its answer comes back so; an empty body is a length of zero.

use crate::link::MAX_BODY;

/// Puts the length before a body.
pub fn frame(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend(body);
    bytes
}

/// The stream announced a body that is longer than any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a body of {0} bytes is announced")]
pub struct TooLong(usize);

/// Cuts a stream into bodies, wherever it was cut before.
#[derive(Debug, Default)]
pub struct Frames {
    held: Vec<u8>,
}

impl Frames {
    /// Takes bytes over.
    pub fn push(&mut self, bytes: &[u8]) {
        self.held.extend(bytes);
    }

    /// The next whole body, if there is one.
    ///
    /// # Errors
    /// When the stream is out of step: nothing after it can be understood.
    pub fn next_body(&mut self) -> Result<Option<Vec<u8>>, TooLong> {
        let Some((head, rest)) = self.held.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes(*head)).unwrap_or(usize::MAX);
        if length > MAX_BODY {
            return Err(TooLong(length));
        }
        let Some(body) = rest.get(..length) else {
            return Ok(None);
        };
        let body = body.to_vec();
        self.held.drain(..4 + length);
        Ok(Some(body))
    }

    /// Forgets what was begun.
    pub fn clear(&mut self) {
        self.held = Vec::new();
    }

    /// How many bytes are held.
    pub fn pending(&self) -> usize {
        self.held.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn more_than_any_body_is_refused() {
        let mut frames = Frames::default();
        frames.push(&[0x00, 0x10, 0x00, 0x01]);
        assert_eq!(frames.next_body(), Err(TooLong(MAX_BODY + 1)));
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..5),
            size in 1..9_usize,
        ) {
            let stream: Vec<u8> = bodies.iter().flat_map(|body| frame(body)).collect();
            let mut frames = Frames::default();
            let mut found = Vec::new();
            for part in stream.chunks(size) {
                frames.push(part);
                while let Some(body) = frames.next_body().unwrap() {
                    found.push(body);
                }
            }
            prop_assert_eq!(found, bodies);
            prop_assert_eq!(frames.pending(), 0);
        }
    }
}
