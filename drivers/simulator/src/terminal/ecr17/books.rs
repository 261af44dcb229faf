//! The terminal's own books: what it did with money, whatever anybody heard of it.

use jiff::civil::DateTime;

/// What a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Money from a card.
    Payment,
    /// A payment taken back.
    Reversal {
        /// Its number.
        of: u32,
    },
}

/// Where a transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The host approved: it stands, whatever the till heard.
    Charged,
    /// Taken back.
    Reversed,
    /// No money was ever taken.
    Declined,
}

/// One transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transaction {
    /// What it is.
    pub kind: Kind,
    /// In cents.
    pub amount: u64,
    /// Its number.
    pub stan: u32,
    /// Where it stands.
    pub standing: Standing,
    /// The session was closed behind it.
    pub closed: bool,
    /// When, by the terminal's clock.
    pub at: DateTime,
}

/// All transactions, in their order.
#[derive(Debug, Clone)]
pub struct Books {
    transactions: Vec<Transaction>,
    next_stan: u32,
}

impl Books {
    pub(super) fn starting(next_stan: u32) -> Self {
        Self {
            transactions: Vec::new(),
            next_stan,
        }
    }

    /// Everything, in its order.
    pub fn transactions(&self) -> &[Transaction] {
        &self.transactions
    }

    /// The payments that a patient really paid.
    pub fn charged(&self) -> Vec<Transaction> {
        let paid = |t: &&Transaction| t.kind == Kind::Payment && t.standing == Standing::Charged;
        self.transactions.iter().filter(paid).copied().collect()
    }

    /// Writes a new transaction with the next number.
    pub(super) fn write(
        &mut self,
        kind: Kind,
        amount: u64,
        standing: Standing,
        at: DateTime,
    ) -> Transaction {
        let stan = self.next_stan;
        self.next_stan = stan % 999_999 + 1;
        let transaction = Transaction {
            kind,
            amount,
            stan,
            standing,
            closed: false,
            at,
        };
        self.transactions.push(transaction);
        if let (Kind::Reversal { of }, Standing::Charged) = (kind, standing) {
            let original = self.transactions.iter_mut().rev().find(|t| t.stan == of);
            if let Some(original) = original {
                original.standing = Standing::Reversed;
            }
        }
        transaction
    }

    /// The last payment, if it can be taken back and has this number; zero is any.
    pub(super) fn reversible(&self, stan: u32) -> Option<Transaction> {
        let last = self.transactions.last().copied()?;
        let stands = last.kind == Kind::Payment && last.standing == Standing::Charged;
        (stands && !last.closed && (stan == 0 || stan == last.stan)).then_some(last)
    }

    /// The sum since the session was closed last.
    pub(super) fn total(&self) -> u64 {
        let open = self.charged().into_iter().filter(|t| !t.closed);
        open.map(|t| t.amount).sum()
    }

    pub(super) fn close(&mut self) {
        for transaction in &mut self.transactions {
            transaction.closed = true;
        }
    }
}
