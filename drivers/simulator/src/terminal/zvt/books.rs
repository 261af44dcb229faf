//! The terminal's own books: what it did with money, whatever anybody heard of it.
//!
//! Tests compare what the daemon believes with this.

use jiff::civil::DateTime;

/// What a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Money from a card.
    Payment,
    /// Money back, without a connection to a payment.
    Refund,
    /// An earlier transaction undone at the till's request.
    Reversal {
        /// The receipt number of the earlier one.
        of: u16,
    },
}

/// Where a transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Approved by the issuer, not yet acknowledged by the till.
    Open,
    /// Acknowledged, or told to be so by a fault: it stands.
    Committed,
    /// Approved, then undone: never acknowledged, or reversed later.
    Reversed,
    /// No money was ever taken.
    Declined,
}

/// One transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transaction {
    /// What it is.
    pub kind: Kind,
    /// In the currency's smallest unit.
    pub amount: u64,
    /// Receipt number, from 1 to 9999 and round again.
    pub receipt: u16,
    /// Trace number.
    pub trace: u32,
    /// Where it stands.
    pub standing: Standing,
    /// Before the last end of day: cannot be reversed any more.
    pub closed: bool,
    /// When, by the terminal's clock.
    pub at: DateTime,
}

/// All transactions, in their order.
#[derive(Debug, Clone, Default)]
pub struct Books {
    transactions: Vec<Transaction>,
    /// The last receipt number and the last trace number.
    numbers: (u16, u32),
    last: Option<Stored>,
    now: DateTime,
}

/// What a repeated receipt shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    Transaction(Transaction),
    EndOfDay {
        totals: Totals,
        at: DateTime,
        trace: Option<u32>,
    },
}

/// The sums of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Totals {
    pub(super) first: u16,
    pub(super) last: u16,
    pub(super) count: u8,
    pub(super) sum: u64,
}

impl Books {
    /// Empty, with these numbers for the first transaction.
    pub(super) fn starting(receipt: u16, trace: u32) -> Self {
        Self {
            numbers: (receipt.saturating_sub(1), trace.saturating_sub(1)),
            ..Self::default()
        }
    }

    /// Tells the time, for what is written next.
    pub(super) fn tell_time(&mut self, now: DateTime) {
        self.now = now;
    }

    /// Everything, in its order.
    pub fn transactions(&self) -> &[Transaction] {
        &self.transactions
    }

    /// The payments that a patient really paid: committed, and not undone.
    pub fn charged(&self) -> Vec<Transaction> {
        let stands =
            |t: &&Transaction| t.kind == Kind::Payment && t.standing == Standing::Committed;
        self.transactions.iter().filter(stands).copied().collect()
    }

    /// Writes a new transaction with the next numbers.
    pub(super) fn begin(&mut self, kind: Kind, amount: u64, standing: Standing) -> Transaction {
        let transaction = Transaction {
            kind,
            amount,
            receipt: self.next_receipt(),
            trace: self.next_trace(),
            standing,
            closed: false,
            at: self.now,
        };
        self.transactions.push(transaction);
        transaction
    }

    fn next_receipt(&mut self) -> u16 {
        self.numbers.0 = self.numbers.0 % 9999 + 1;
        self.numbers.0
    }

    fn next_trace(&mut self) -> u32 {
        self.numbers.1 = self.numbers.1 % 999_999 + 1;
        self.numbers.1
    }

    /// The till has acknowledged everything: it stands.
    pub(super) fn commit(&mut self, transaction: &Transaction) {
        self.set(transaction.trace, Standing::Committed);
        if let Kind::Reversal { of } = transaction.kind
            && let Some(original) = self.reversible(of)
        {
            self.set(original.trace, Standing::Reversed);
        }
        self.last = self.find(transaction.trace).map(Stored::Transaction);
    }

    /// Undoes whatever was approved and is not acknowledged.
    pub(super) fn reverse_open(&mut self) {
        for transaction in &mut self.transactions {
            if transaction.standing == Standing::Open {
                transaction.standing = Standing::Reversed;
            }
        }
    }

    /// A committed payment or refund of this batch.
    pub(super) fn reversible(&self, receipt: u16) -> Option<Transaction> {
        let fits = |t: &&Transaction| {
            t.receipt == receipt
                && t.standing == Standing::Committed
                && !t.closed
                && !matches!(t.kind, Kind::Reversal { .. })
        };
        self.transactions.iter().rev().find(fits).copied()
    }

    /// The sums since the last end of day: what stands, refunds taken off.
    pub(super) fn totals(&self) -> Totals {
        let stands = |t: &&Transaction| t.standing == Standing::Committed && !t.closed;
        let moves = |t: &&Transaction| !matches!(t.kind, Kind::Reversal { .. });
        let batch = self.transactions.iter().filter(stands).filter(moves);
        let mut totals = Totals::default();
        let mut given_back = 0_u64;
        for t in batch {
            if totals.count == 0 {
                totals.first = t.receipt;
            }
            totals.last = t.receipt;
            totals.count = totals.count.saturating_add(1);
            let sum = if t.kind == Kind::Refund {
                &mut given_back
            } else {
                &mut totals.sum
            };
            *sum = sum.saturating_add(t.amount);
        }
        totals.sum = totals.sum.saturating_sub(given_back);
        totals
    }

    /// The end of day was acknowledged. Its record has a trace number if it is `numbered`.
    pub(super) fn close_batch(&mut self, numbered: bool) {
        let totals = self.totals();
        self.settle();
        self.last = Some(Stored::EndOfDay {
            totals,
            at: self.now,
            trace: numbered.then(|| self.next_trace()),
        });
    }

    /// The next transaction is the very first again: its numbers and its memory begin anew.
    pub(super) fn begin_anew(&mut self) {
        self.settle();
        self.numbers = (0, 0);
        self.last = None;
    }

    /// What was never acknowledged is reversed by itself. Its record is the only one stored, and so
    /// takes its number.
    pub(super) fn reverse_by_itself(&mut self, open: &Transaction) {
        self.set(open.trace, Standing::Reversed);
        let reversal = Transaction {
            kind: Kind::Reversal { of: open.receipt },
            standing: Standing::Committed,
            ..*open
        };
        self.transactions.push(reversal);
        self.last = Some(Stored::Transaction(reversal));
    }

    fn settle(&mut self) {
        for transaction in &mut self.transactions {
            transaction.closed = true;
        }
    }

    /// Forgets what was stored last.
    pub(super) fn forget_last(&mut self) {
        self.last = None;
    }

    /// What was stored last.
    pub(super) fn last(&self) -> Option<Stored> {
        self.last
    }

    /// Where the transaction with this receipt number stands in the order of traces.
    pub(super) fn trace_of(&self, receipt: u16) -> Option<u32> {
        let mut found = self.transactions.iter().rev();
        found.find(|t| t.receipt == receipt).map(|t| t.trace)
    }

    fn find(&self, trace: u32) -> Option<Transaction> {
        let mut newest = self.transactions.iter().rev();
        newest.find(|t| t.trace == trace).copied()
    }

    fn set(&mut self, trace: u32, standing: Standing) {
        // Numbers may have begun anew.
        let mut newest = self.transactions.iter_mut().rev();
        let found = newest.find(|t| t.trace == trace);
        if let Some(transaction) = found {
            transaction.standing = standing;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_committed_and_not_undone_counts_as_charged() {
        let mut books = Books::default();
        let kept = books.begin(Kind::Payment, 100, Standing::Open);
        books.commit(&kept);
        let undone = books.begin(Kind::Payment, 200, Standing::Open);
        books.commit(&undone);
        let reversal = books.begin(Kind::Reversal { of: 2 }, 200, Standing::Open);
        books.commit(&reversal);
        books.begin(Kind::Payment, 300, Standing::Open);
        books.reverse_open();
        books.begin(Kind::Payment, 400, Standing::Declined);
        let amounts: Vec<u64> = books.charged().iter().map(|t| t.amount).collect();
        assert_eq!(amounts, [100]);
        assert_eq!(books.reversible(2), None, "it is reversed already");
        assert_eq!(books.totals().sum, 100);
        books.close_batch(false);
        assert_eq!(books.totals(), Totals::default());
        assert_eq!(books.reversible(1), None, "its day is over");
        assert_eq!(books.charged().len(), 1);
    }
}
