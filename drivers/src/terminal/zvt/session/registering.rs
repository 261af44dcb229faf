//! The part of a session that makes us known to the terminal.

use std::time::Duration;

use payment::Text;

use super::{Phase, Zvt};
use crate::{
    Mono,
    terminal::{
        Chore, Event,
        zvt::{
            apdu::{Apdu, code},
            codes::result,
            line::Repeat,
            message::{Abort, Completion},
        },
    },
};

/// How long to wait before the first new try to register; doubled up to [`LONGEST_RETRY`].
pub(super) const FIRST_RETRY: Duration = Duration::from_secs(2);
const LONGEST_RETRY: Duration = Duration::from_mins(1);
/// How long an accepted registration may take. Nobody waits for a customer in it, and what was
/// taken for its acceptance may have been the answer to a question of an earlier till.
const PATIENCE: Duration = Duration::from_secs(30);
/// The error code of a refused registration that names its reason in the data.
const REGISTRATION_REFUSED: u8 = 0x1e;
/// What terminals answer to a wrong password.
const WRONG_PASSWORD: u8 = 0x37;

/// What a terminal wants that has just registered (BMP 19; PA00P015, 2.1). Its other bits are about
/// petrol stations and vending machines.
fn chores(status: u8) -> impl Iterator<Item = Chore> {
    let bits = [(0x01, Chore::Initialisation), (0x02, Chore::Diagnosis)];
    let wanted = bits.into_iter().filter(move |(bit, _)| status & bit != 0);
    wanted.map(|(_, chore)| chore)
}

impl Zvt {
    pub(super) fn register(&mut self, now: Mono) {
        self.sequence.forget();
        let registration = self.settings.registration().encode();
        self.transport.send(now, registration, Repeat::Freely);
        self.phase = Phase::Registering {
            accepted: false,
            deadline: now + self.settings.answer_timeout,
        };
    }

    pub(super) fn registering(&mut self, now: Mono, apdu: &Apdu, accepted: bool) {
        if apdu.is_answer() {
            match apdu.refusal() {
                None if accepted => {}
                None => {
                    self.phase = Phase::Registering {
                        accepted: true,
                        deadline: now + PATIENCE,
                    };
                }
                // Also when it was accepted before: that was the rest of something earlier.
                Some(REGISTRATION_REFUSED)
                    if apdu.data().first() == Some(&result::WRONG_CURRENCY) =>
                {
                    self.refused_registration(now, result::WRONG_CURRENCY);
                }
                Some(error) => self.refused_registration(now, error),
            }
            return;
        }
        match (apdu.code, accepted) {
            (code::COMPLETION, true) => {
                self.answer(now, Apdu::accepted());
                let completion = Completion::decode(apdu.data());
                let ours = self.settings.currency.numeric();
                if completion.currency.is_some_and(|theirs| theirs != ours) {
                    self.refused_registration(now, result::WRONG_CURRENCY);
                } else {
                    self.retry = FIRST_RETRY;
                    self.registered(now, apdu, completion.terminal_id);
                    for chore in chores(completion.status.unwrap_or(0)) {
                        self.event(Event::Wants(chore));
                    }
                }
            }
            (code::ABORT, true) => {
                self.answer(now, Apdu::accepted());
                let code = Abort::decode(apdu.data()).result.unwrap_or(0);
                self.refused_registration(now, code);
            }
            _ => self.left_over(now, apdu),
        }
    }

    fn refused_registration(&mut self, now: Mono, error: u8) {
        let reason = match error {
            WRONG_PASSWORD => {
                "The terminal refuses the password: correct it in the configuration.".to_owned()
            }
            result::WRONG_CURRENCY => format!(
                "The terminal does not work in {}: correct the currency in the configuration.",
                self.settings.currency.code()
            ),
            _ => result::meaning(error).sentence(),
        };
        self.wait(now, &reason);
    }

    fn registered(&mut self, now: Mono, completion: &Apdu, terminal_id: Option<Text>) {
        if self.settings.numbered {
            self.sequence.agreed(completion);
        }
        self.status = 0;
        self.enquires = true;
        self.terminal_id.clone_from(&terminal_id);
        self.idle(now);
        self.event(Event::Ready { terminal_id });
    }

    /// Tries to register again after a while.
    pub(super) fn wait(&mut self, now: Mono, reason: &str) {
        self.not_ready(reason);
        self.phase = Phase::Waiting(now + self.retry);
        self.retry = (self.retry * 2).min(LONGEST_RETRY);
    }
}
