//! What the terminal says at the end of a transaction, and how.

use drivers::Mono;

use super::{
    super::{
        Fault,
        message::{ENQ, EOT, Order, answer, framed},
    },
    PATIENCE, State, Terminal,
};

impl Terminal {
    /// The customer is through.
    pub(super) fn decide(&mut self, now: Mono, mut order: Order) {
        let status = match self.fault {
            Some(Fault::Decline | Fault::AbortByCustomer) => '7',
            Some(Fault::NotVerified) => '9',
            Some(Fault::UnknownStatus) => '4',
            _ => '0',
        };
        if self.fault == Some(Fault::OtherAmount) {
            order.amount = order.amount.saturating_sub(1);
        }
        let books = matches!(status, '0' | '4');
        let booked = books && self.ledger.book(order.movement, order.amount);
        let status = if books && !booked { '7' } else { status };
        match self.fault {
            Some(Fault::LoseAnswerAfterApproval) => return self.hang_up(),
            Some(Fault::PowerLoss) => return self.die(now),
            Some(Fault::Garbage) => {
                self.say(b"\x7f%&/()=?*#\x02\x7f\x7f");
                return self.die(now);
            }
            Some(Fault::OtherCurrency) => order.currency = 840,
            Some(Fault::OtherDevice) => order.position = (order.position + 1) % 100,
            _ => {}
        }
        let answer = match self.fault {
            Some(Fault::NoAnswer) => framed("READY"),
            Some(Fault::OverLong) => framed(&"0".repeat(5000)),
            Some(Fault::UnmaskedPan) => answer(order, status, Some("4111111111111111 2512")),
            _ => answer(order, status, None),
        };
        self.call(now, answer, 1);
    }

    pub(super) fn call(&mut self, now: Mono, answer: Vec<u8>, tries: u8) {
        self.say(&[ENQ]);
        self.state = State::Calling {
            answer,
            tries,
            until: now + PATIENCE,
        };
    }

    pub(super) fn tell(&mut self, now: Mono, answer: Vec<u8>, tries: u8) {
        let mut said = answer.clone();
        match self.fault {
            Some(Fault::BadLrc) => {
                self.fault = None;
                if let Some(lrc) = said.last_mut() {
                    *lrc ^= 1;
                }
            }
            Some(Fault::Coalesce) => {
                said.push(EOT);
                self.say(&said);
                return self.finish();
            }
            _ => {}
        }
        self.say(&said);
        if self.fault == Some(Fault::HangUpAfterApproval) {
            return self.hang_up();
        }
        self.state = State::Telling {
            answer,
            tries,
            until: now + PATIENCE,
        };
    }

    pub(super) fn told(&mut self, now: Mono, answer: Vec<u8>) {
        match self.fault {
            Some(Fault::NoEot) => {}
            Some(Fault::HangUpAfterAck) => return self.hang_up(),
            Some(Fault::DuplicateAnswer) => {
                self.say(&[EOT]);
                self.fault = None;
                return self.call(now, answer, 1);
            }
            _ => self.say(&[EOT]),
        }
        self.finish();
    }
}
