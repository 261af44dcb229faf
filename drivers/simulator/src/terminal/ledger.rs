//! The books of a terminal that names its payments by their amounts alone.

/// What a till can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Movement {
    /// The customer pays.
    Debit,
    /// The customer gets money.
    Credit,
    /// A payment is taken back.
    Cancel,
}

/// A line of the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// What was done.
    pub movement: Movement,
    /// In the currency's smallest unit.
    pub amount: u64,
    /// For a payment: whether it was taken back, or given back whole.
    pub returned: bool,
}

/// All that was done with money, and how often it was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    entries: Vec<Entry>,
    pub(super) payments_asked: u32,
    pub(super) returns_asked: u32,
}

impl Ledger {
    /// The lines, the oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What patients paid and did not get back.
    pub fn charged(&self) -> Vec<u64> {
        let standing = |entry: &&Entry| entry.movement == Movement::Debit && !entry.returned;
        self.entries
            .iter()
            .filter(standing)
            .map(|entry| entry.amount)
            .collect()
    }

    /// How often it was asked to take money.
    pub fn payments_asked(&self) -> u32 {
        self.payments_asked
    }

    /// How often it was asked to take a payment back, or to give money.
    pub fn returns_asked(&self) -> u32 {
        self.returns_asked
    }

    pub(super) fn asked(&mut self, movement: Movement) {
        match movement {
            Movement::Debit => self.payments_asked += 1,
            Movement::Credit | Movement::Cancel => self.returns_asked += 1,
        }
    }

    /// Writes it down, and says whether it could be done: a payment is taken back once.
    pub(super) fn book(&mut self, movement: Movement, amount: u64) -> bool {
        let payment = self.entries.iter_mut().rev().find(|entry| {
            entry.movement == Movement::Debit && !entry.returned && entry.amount == amount
        });
        match (movement, payment) {
            (Movement::Cancel, None) => return false,
            (Movement::Cancel | Movement::Credit, Some(payment)) => payment.returned = true,
            (Movement::Credit, None) | (Movement::Debit, _) => {}
        }
        self.entries.push(Entry {
            movement,
            amount,
            returned: false,
        });
        true
    }
}
