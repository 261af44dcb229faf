//! The terminal's own books: what it did with money, whatever anybody heard of it.

/// What a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Money from a card.
    Payment,
    /// A payment taken back, whole or in part.
    Reversal {
        /// The number of the payment.
        of: usize,
    },
}

/// One transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// What it is.
    pub kind: Kind,
    /// The till's name for it.
    pub service_id: String,
    /// In the currency's smallest unit; nothing when it was refused.
    pub amount: u64,
    /// What was answered, to be repeated.
    pub(super) answer: String,
}

/// All transactions, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Books {
    transactions: Vec<Transaction>,
}

impl Books {
    /// Everything, in its order.
    pub fn transactions(&self) -> &[Transaction] {
        &self.transactions
    }

    /// What is left of each payment that a patient really paid.
    pub fn charged(&self) -> Vec<u64> {
        let payments = self.transactions.iter().enumerate();
        let payments = payments.filter(|(_, t)| t.kind == Kind::Payment);
        let left = payments.map(|(number, t)| t.amount.saturating_sub(self.reversed(number)));
        left.filter(|amount| *amount > 0).collect()
    }

    /// How much of a payment was given back.
    pub(super) fn reversed(&self, number: usize) -> u64 {
        let back = self.transactions.iter();
        let back = back.filter(|t| t.kind == Kind::Reversal { of: number });
        back.map(|t| t.amount).sum()
    }

    pub(super) fn find(&self, service_id: &str) -> Option<&Transaction> {
        self.transactions
            .iter()
            .find(|t| t.service_id == service_id)
    }

    pub(super) fn next_number(&self) -> usize {
        self.transactions.len()
    }

    pub(super) fn write(&mut self, transaction: Transaction) {
        self.transactions.push(transaction);
    }
}
