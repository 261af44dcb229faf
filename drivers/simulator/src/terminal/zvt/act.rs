//! What happens at a terminal without our till: at its own keys, by another till, by whoever looks
//! after it.

use jiff::SignedDuration;

use super::{
    books::{Kind, Standing},
    machine::Terminal,
};

/// Something that happens at a terminal without our till.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// A payment of this amount, in the currency's smallest unit.
    Sale(u64),
    /// The last payment that stands is taken back.
    Reversal,
    /// Its day is ended.
    EndOfDay,
    /// Another terminal with this ID takes its place. Its memory is empty; its numbers go on, so
    /// that only the ID tells.
    Swap(u32),
    /// It is exchanged or set up anew, under the ID that it had: its memory is empty, and its
    /// numbers begin with 1.
    BeginAnew,
    /// Its clock is set forward, or back.
    Clock(SignedDuration),
}

impl Terminal {
    /// Lets it happen now.
    pub fn act(&mut self, act: Act) {
        match act {
            Act::Sale(amount) => self.store(Kind::Payment, amount),
            Act::Reversal => {
                if let Some(last) = self.books.charged().last() {
                    self.store(Kind::Reversal { of: last.receipt }, last.amount);
                }
            }
            Act::EndOfDay => self.books.close_batch(self.options.numbers_days),
            Act::Swap(terminal_id) => {
                self.options.terminal_id = terminal_id;
                self.registration = None;
                self.books.forget_last();
            }
            Act::BeginAnew => {
                self.registration = None;
                self.books.begin_anew();
            }
            Act::Clock(by) => {
                let clock = self.options.clock.unwrap_or(super::machine::ORIGIN);
                self.options.clock = Some(clock.saturating_add(by));
            }
        }
    }

    /// Lets this happen when it hangs up next, before anybody can ask it anything.
    pub fn act_while_away(&mut self, acts: &[Act]) {
        self.away.extend(acts);
    }

    fn store(&mut self, kind: Kind, amount: u64) {
        let transaction = self.books.begin(kind, amount, Standing::Open);
        self.books.commit(&transaction);
    }
}
