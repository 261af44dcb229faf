//! How a procedure goes on, step by step.

use std::time::Duration;

use drivers::Mono;

use super::{
    Fault, Habit, Terminal,
    books::Standing,
    message::{self, Face},
    script::Step,
};

/// How long an ACK may take before a message is sent again.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a message is sent.
const TIMES: u8 = 3;

impl Terminal {
    /// Goes on as far as it can without waiting.
    pub(super) fn advance(&mut self, now: Mono) {
        while let Some(running) = &mut self.running {
            if self.closing || self.dead_until.is_some() {
                return;
            }
            if let Some((until, ..)) = &running.awaiting {
                if now < *until {
                    return;
                }
                self.repeat(now);
                continue;
            }
            if running.paused.is_some_and(|until| now < until) {
                return;
            }
            running.paused = None;
            if let Some(step) = running.steps.pop_front() {
                self.carry_out(now, step);
            } else {
                self.closing = self.linked && self.options.habit != Habit::Keeps;
                self.over();
            }
        }
    }

    /// Idle: receipts come out here again.
    pub(super) fn over(&mut self) {
        self.running = None;
        self.receipts_here = false;
    }

    fn carry_out(&mut self, now: Mono, step: Step) {
        match step {
            Step::Ack => self.wire.ack(),
            Step::AckLater => self.wire.ack_later(),
            Step::Nak => self.wire.nak(),
            Step::Progress(text) => self.wire.progress(text),
            Step::Pause(length) => {
                if let Some(running) = &mut self.running {
                    running.paused = Some(now + length);
                }
            }
            Step::Decide(standing) => self.decide(now, standing),
            Step::Result => self.say(now, self.kept[0].clone(), true),
            Step::DeafResult => self.say(now, self.kept[0].clone(), false),
            Step::BadResult => {
                if let (Some(text), Some(running)) = (self.kept[0].clone(), &mut self.running) {
                    self.wire.say_badly(&text);
                    running.awaiting = Some((now + PATIENCE, text, 1, true));
                }
            }
            Step::Shout => {
                if let Some(text) = &self.kept[0] {
                    self.wire.say(text);
                }
            }
            Step::Stale => self.say(now, self.kept[0].clone(), true),
            Step::Say(text) => self.say(now, Some(text), true),
            Step::Tickets => self.tickets(usize::MAX),
            Step::HalfTicket => self.tickets(1),
            Step::Noise => self.wire.noise(),
            Step::OverLong => self.wire.over_long(),
            Step::HangUp => self.closing = self.linked,
            Step::Dead(length) => {
                self.wire.clear();
                self.over();
                self.dead_until = Some(now + length);
            }
            Step::Forget => self.kept = [None, None],
            Step::Misalign(length) => self.misaligned_until = Some(now + length),
            Step::Close => self.books.close(),
        }
    }

    /// The host decides.
    fn decide(&mut self, now: Mono, standing: Standing) {
        let at = self.time(now);
        let terminal_id = self.options.terminal_id;
        let Some(running) = &mut self.running else {
            return;
        };
        let (Some(movement), fault) = (running.movement, running.fault) else {
            return;
        };
        let less = u64::from(fault == Some(Fault::OtherAmount));
        let amount = movement.amount.saturating_sub(less);
        let transaction = self.books.write(movement.kind, amount, standing, at);
        let face = Face {
            transaction,
            terminal_id: terminal_id + u32::from(fault == Some(Fault::OtherDevice)),
            extended: movement.extended,
            amount: (fault != Some(Fault::NoAmount)).then_some(amount),
            unmasked: fault == Some(Fault::UnmaskedPan),
            exchanged: fault == Some(Fault::Exchanged),
            longer: fault == Some(Fault::UnknownFields),
            code: (fault == Some(Fault::UnknownCode)).then_some("09"),
        };
        running.face = Some(face);
        let words = if fault == Some(Fault::AbortByCustomer) {
            message::ABORTED
        } else {
            message::DECLINED
        };
        let result = message::result(&face, words);
        self.kept = [Some(result), self.kept[0].take()];
    }

    /// Says it, and waits for the ACK if anybody listens.
    fn say(&mut self, now: Mono, text: Option<String>, hears: bool) {
        if let (Some(text), Some(running), true) = (text, &mut self.running, self.linked) {
            self.wire.say(&text);
            running.awaiting = Some((now + PATIENCE, text, 1, hears));
        }
    }

    pub(super) fn acknowledged(&mut self, now: Mono) {
        let Some(running) = &mut self.running else {
            return;
        };
        match &mut running.awaiting {
            // This one is lost; it will be sent again.
            Some((until, _, _, hears @ false)) => {
                *hears = true;
                *until = now + PATIENCE;
            }
            Some(_) => running.awaiting = None,
            None => {}
        }
    }

    /// Sends it again, unless it was sent often enough.
    pub(super) fn repeat(&mut self, now: Mono) {
        let Some(running) = &mut self.running else {
            return;
        };
        match &mut running.awaiting {
            Some((until, text, times, _)) if *times < TIMES && self.linked => {
                *times += 1;
                *until = now + PATIENCE;
                self.wire.say(text);
            }
            _ => running.awaiting = None,
        }
    }

    /// The receipt, in front of what else is to be done.
    fn tickets(&mut self, pieces: usize) {
        let (id, total) = (self.options.terminal_id, self.books.total());
        let Some(running) = self.running.as_mut().filter(|_| self.receipts_here) else {
            return;
        };
        let tickets = message::tickets(id, running.face.as_ref(), total);
        for ticket in tickets.into_iter().take(pieces).rev() {
            running.steps.push_front(Step::Say(ticket));
        }
    }
}
