//! The line: whether it is there, what comes over it, and who has the word.

use super::{
    super::frame::{Found, NAK},
    Concert, Phase, SENDS, SIGNAL,
};
use crate::{
    Mono,
    terminal::{Event, request::not_asked},
};
use payment::DoubtReason;

impl Concert {
    pub(super) fn link_up(&mut self) {
        self.link_down();
        self.phase = Phase::Idle;
        self.event(Event::Ready { terminal_id: None });
    }

    pub(super) fn link_down(&mut self) {
        self.deframer.reset();
        self.listening = false;
        if self.left_over.take().is_some() {
            self.abandoned += 1;
        }
        let lost = "The connection to the terminal broke.";
        match std::mem::replace(&mut self.phase, Phase::Down) {
            Phase::Down => return,
            Phase::Idle => {}
            Phase::Pausing { request, .. } | Phase::Ringing { request, .. } => {
                let why = "the connection broke before. Check its cable, then try again.";
                self.ended(request.payment, not_asked(why));
            }
            Phase::Sent { request, .. } | Phase::Working { request, .. } => {
                self.doubted(request.payment, DoubtReason::LinkLost, lost, None);
            }
            Phase::Storing {
                request, approval, ..
            } => {
                self.abandoned += 1;
                self.doubted(request.payment, DoubtReason::LinkLost, lost, Some(approval));
            }
            Phase::Closing {
                request, approval, ..
            } => self.doubted(request.payment, DoubtReason::LinkLost, lost, Some(approval)),
        }
        self.phase = Phase::Down;
        self.event(Event::NotReady {
            reason: "The terminal is not connected: check its power and its cable.".into(),
        });
    }

    pub(super) fn heard(&mut self, now: Mono, found: Found) {
        match found {
            // Any answer now would look like the one that the approval waits for.
            Found::Enquiry | Found::Answer(_) | Found::Strange | Found::Damaged
                if self.is_storing() => {}
            Found::Enquiry => self.enquiry(now),
            Found::Acknowledged => self.acknowledged(now),
            Found::Refused => self.refused(now),
            Found::End => self.end(),
            Found::Answer(_) | Found::Strange | Found::Damaged if !self.listening => {
                tracing::debug!("a frame of the terminal out of turn is left alone");
            }
            Found::Answer(answer) => self.answer(answer),
            Found::Strange => self.strange(),
            Found::Damaged => self.damaged(),
        }
    }

    /// Whether something that the terminal said is on its way to the disk.
    fn is_storing(&self) -> bool {
        self.left_over.is_some() || matches!(self.phase, Phase::Storing { .. })
    }

    /// The terminal wants to say something.
    fn enquiry(&mut self, now: Mono) {
        match &mut self.phase {
            Phase::Down | Phase::Storing { .. } => return,
            Phase::Idle | Phase::Pausing { .. } | Phase::Working { .. } => {}
            // Both rang at once: the terminal goes first.
            Phase::Ringing { request, rings, .. } => {
                let (request, rings) = (*request, *rings);
                self.not_let_in(now, request, rings);
            }
            // It has gone on, and so has the request.
            Phase::Sent { request, .. } => {
                self.phase = Phase::Working {
                    request: *request,
                    deadline: now + self.settings.patience,
                };
            }
            // It has not heard that it was heard.
            Phase::Closing {
                deadline, repeats, ..
            } => {
                *repeats = repeats.saturating_add(1);
                if *repeats <= SENDS {
                    *deadline = now + SIGNAL;
                }
            }
        }
        self.listening = true;
        self.damaged = 0;
        self.acknowledge();
    }

    fn acknowledged(&mut self, now: Mono) {
        match self.phase {
            Phase::Ringing { request, .. } => self.ask(now, request, 1),
            Phase::Sent { request, .. } => self.let_work(now, request),
            _ => {}
        }
    }

    fn refused(&mut self, now: Mono) {
        match self.phase {
            Phase::Ringing { request, rings, .. } => self.not_let_in(now, request, rings),
            Phase::Sent { request, sends, .. } if sends < SENDS => {
                self.ask(now, request, sends.saturating_add(1));
            }
            // Each NAK says that the terminal has not got it.
            Phase::Sent { request, .. } => {
                self.send(&[super::EOT]);
                self.phase = Phase::Idle;
                let why = "it has refused the request three times. Check the cable, and that \
                           both sides speak 8N1 or both 7E1.";
                self.ended(request.payment, not_asked(why));
            }
            _ => {}
        }
    }

    fn end(&mut self) {
        self.listening = false;
        if let Phase::Closing { request, .. } = self.phase {
            self.completed(request.payment);
        }
    }

    /// A good frame without an answer in it.
    fn strange(&mut self) {
        if let Phase::Sent { request, .. } | Phase::Working { request, .. } = self.phase {
            let text = "The terminal has answered with something that is no result.";
            self.doubted(request.payment, DoubtReason::Garbage, text, None);
        }
    }

    /// A frame that was damaged on its way: it may be said again.
    fn damaged(&mut self) {
        self.damaged = self.damaged.saturating_add(1);
        if self.damaged <= SENDS {
            return self.send(&[NAK]);
        }
        if let Phase::Sent { request, .. } | Phase::Working { request, .. } = self.phase {
            let text = "The terminal's answers come in damaged. Check its cable.";
            self.doubted(request.payment, DoubtReason::Garbage, text, None);
        }
    }
}
