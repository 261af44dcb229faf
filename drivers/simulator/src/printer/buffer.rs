//! The receive buffer, and the command that is put together from it.

use std::collections::VecDeque;

use super::command::{self, Short};

/// A command longer than this is swallowed without being kept: no image on paper is so large.
const COMMAND: usize = 4 << 20;

/// Bytes that were received and not yet carried out.
#[derive(Debug)]
pub(super) struct Buffer {
    size: usize,
    bytes: VecDeque<u8>,
    /// The command that has begun. It is no longer in the buffer, so that an image can be larger.
    command: Vec<u8>,
    /// Bytes that still belong to a command that is too long to be kept.
    swallow: usize,
    /// Bytes that found no room.
    lost: u64,
    /// It is so full that no more should come.
    full: bool,
}

impl Buffer {
    pub(super) fn new(size: usize) -> Self {
        Self {
            size,
            bytes: VecDeque::new(),
            command: Vec::new(),
            swallow: 0,
            lost: 0,
            full: false,
        }
    }

    /// How many bytes found no room.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    /// Whether no more should come: from when a sixteenth is free until an eighth is (Epson's manuals:
    /// 256 and 512 of 4 KiB).
    pub(super) fn is_full(&mut self) -> bool {
        let enough = self.size / if self.full { 8 } else { 16 };
        self.full = self.room() <= enough;
        self.full
    }

    /// How many bytes it can take.
    pub(super) fn room(&self) -> usize {
        self.size.saturating_sub(self.bytes.len())
    }

    /// What comes on top is lost, as without flow control.
    pub(super) fn push(&mut self, byte: u8) {
        if self.room() > 0 {
            self.bytes.push_back(byte);
        } else {
            self.lost += 1;
        }
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.command.clear();
        self.swallow = 0;
    }

    pub(super) fn waiting(&self) -> usize {
        self.bytes.len() + self.command.len()
    }

    /// Nothing waits but perhaps half a command.
    pub(super) fn is_drained(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Puts the bytes of the next whole command in the place of those given. Half a command waits for
    /// its other half, whoever sends that.
    pub(super) fn next(&mut self, whole: &mut Vec<u8>) -> bool {
        loop {
            let swallowed = self.swallow.min(self.bytes.len());
            self.bytes.drain(..swallowed);
            self.swallow -= swallowed;
            match command::first(&self.command) {
                Ok((_, length)) => {
                    std::mem::swap(whole, &mut self.command);
                    self.command.clear();
                    self.command.extend(whole.drain(length..));
                    return true;
                }
                Err(Short(length)) if length > COMMAND => {
                    self.swallow = length - self.command.len();
                    self.command.clear();
                }
                Err(Short(length)) => {
                    let more = (length - self.command.len()).min(self.bytes.len());
                    match more {
                        0 => return false,
                        1 => self.command.extend(self.bytes.pop_front()),
                        _ => self.command.extend(self.bytes.drain(..more)),
                    }
                }
            }
        }
    }
}
