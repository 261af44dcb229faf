//! A driver and its simulator on one wire, with the questions that all laws ask of them.

use std::{collections::HashMap, time::Duration};

use drivers::{
    Mono,
    terminal::{Command, Ending, Event, Fact, LastTransaction, Queried, Recovery},
};
use jiff::{SignedDuration, civil::DateTime, tz::TimeZone};
use payment::{
    Approval, Mark, Purpose,
    recovery::{Answer, Case, Counting, Decision, decide},
};
use simulator::terminal::SimulatedTerminal as _;

use super::{Driver, Subject};
use crate::{
    desk::{self, HOUR, endings, euros, is_ready, origin, payment, sale},
    world::World,
};

/// How long a terminal may work on a payment (ZVT: T4); generous for the others.
const PATIENCE: Duration = Duration::from_mins(3);
/// The sale that went well before.
pub(crate) const EARLIER: u8 = 100;
/// How often a busy terminal is asked again.
const ASKS: usize = 100;

/// Both ends, after one sale of the same amount that went well: so that "nothing newer" can be told,
/// and a stale record be mistaken for a new one.
pub(crate) struct Bench<S: Subject> {
    pub(crate) world: World<Driver, S::Device>,
    mark: Option<Mark>,
    /// When each payment was asked for.
    asked_at: HashMap<u8, Mono>,
}

impl<S: Subject> Bench<S> {
    /// Ready for the next sale, and asked what the terminal holds where that can be asked.
    pub(crate) fn new(wire: S::Wire) -> Self {
        let (driver, device) = (S::driver(wire), S::device(wire));
        let mut world = if S::ON_DEMAND {
            World::on_demand(driver, device)
        } else {
            World::new(driver, device)
        };
        world.per_job = S::PER_JOB;
        world.run(HOUR, is_ready);
        let mut bench = Self {
            world,
            mark: None,
            asked_at: HashMap::new(),
        };
        assert!(is_ready(&bench.world), "{wire:?}: not ready");
        bench.pay(EARLIER);
        assert_eq!(bench.world.device.charged(), [1010], "{wire:?}: no sale");
        bench.read_mark();
        bench.world.wire.passed = [0, 0];
        bench
    }

    /// What the engine reads before a sale.
    fn read_mark(&mut self) {
        self.mark = match S::FAMILY.abilities.recovery {
            Recovery::LastTransaction(_) => match desk::last(&mut self.world) {
                LastTransaction::Stored(stored) => Some(stored.mark()),
                LastTransaction::Nothing => Some(Mark::Nothing),
                LastTransaction::Busy(_)
                | LastTransaction::NoAnswer(_)
                | LastTransaction::Unsupported(_) => None,
            },
            Recovery::ByReference => {
                let mut events = self.world.events.iter().rev();
                let terminal_id = events.find_map(|event| match event {
                    Event::Ready { terminal_id } => terminal_id.clone(),
                    _ => None,
                });
                Some(Mark::Terminal { terminal_id })
            }
            Recovery::Person => None,
        };
    }

    pub(crate) fn arm(&mut self, fault: &str) {
        self.world.device.arm_by_name(fault).unwrap();
    }

    /// Asks for EUR 10.10, and lets time pass until it ended and what is left over has come.
    pub(crate) fn pay(&mut self, n: u8) {
        self.operate(n, sale(n, 1010));
    }

    /// Notes that payment `n` is asked for now.
    pub(crate) fn began(&mut self, n: u8) {
        self.asked_at.insert(n, self.world.now);
    }

    pub(crate) fn operate(&mut self, n: u8, command: Command) {
        self.began(n);
        desk::operate(&mut self.world, n, command);
    }

    pub(crate) fn endings(&self, n: u8) -> Vec<&Ending> {
        endings(&self.world, n)
    }

    /// Its one ending.
    pub(crate) fn ending(&self, n: u8, context: &str) -> &Ending {
        match self.endings(n)[..] {
            [ending] => ending,
            ref other => panic!("{context}: not one ending but {other:?}"),
        }
    }

    /// The approval of a payment, as far as the driver told it.
    pub(crate) fn approval(&self, n: u8) -> Option<Approval> {
        let stored = self.world.facts.iter().find_map(|fact| match fact {
            Fact::Approved(approved) if approved.payment == payment(n) && self.world.durable => {
                Some(approved.approval.clone())
            }
            Fact::Approved(_) | Fact::LeftOver(_) => None,
        });
        let doubted = self.endings(n).into_iter().find_map(|ending| match ending {
            Ending::Doubted(doubt) => doubt.approval.clone(),
            Ending::Completed | Ending::Declined(_) | Ending::Cancelled(_) => None,
        });
        doubted.or(stored)
    }

    /// Sends a command and gives the event that answers it.
    pub(crate) fn ask<A>(&mut self, command: Command, answer: impl Fn(&Event) -> Option<A>) -> A {
        desk::ask(&mut self.world, command, answer)
    }

    /// What recovery decides about sale `n`, asked as the engine asks.
    pub(crate) fn decision(&mut self, n: u8) -> Decision {
        let seen = self.approval(n);
        for _ in 0..ASKS {
            let answer = self.answer(n);
            let case = Case {
                purpose: Purpose::Sale,
                money: euros(1010),
                asked: self.asked_at(n),
                patience: PATIENCE,
                before: self.mark.clone(),
                seen: seen.clone(),
                original: None,
                counting: match S::FAMILY.abilities.recovery {
                    Recovery::LastTransaction(counting) => counting,
                    Recovery::ByReference | Recovery::Person => Counting::default(),
                },
                restored: false,
            };
            match decide(&case, &answer) {
                Decision::AskAgain { .. } => self.world.run(Duration::from_secs(10), |_| false),
                decision => return decision,
            }
        }
        panic!("asked for ever");
    }

    fn answer(&mut self, n: u8) -> Answer {
        match S::FAMILY.abilities.recovery {
            Recovery::LastTransaction(_) => match desk::last(&mut self.world) {
                LastTransaction::Stored(stored) => Answer::Stored(stored),
                LastTransaction::Nothing => Answer::Nothing,
                LastTransaction::Busy(_) => Answer::Busy,
                LastTransaction::NoAnswer(_) => Answer::NoAnswer,
                LastTransaction::Unsupported(_) => Answer::Unsupported,
            },
            Recovery::ByReference => {
                let command = Command::Query {
                    payment: payment(n),
                    purpose: Purpose::Sale,
                    money: euros(1010),
                };
                let queried = self.ask(command, |event| match event {
                    Event::Queried {
                        payment: id,
                        answer,
                    } if *id == payment(n) => Some(answer.clone()),
                    _ => None,
                });
                match queried {
                    Queried::Approved(approval) => Answer::Found(approval),
                    Queried::Refused(refusal) => Answer::Refused(refusal),
                    Queried::Running(_) => Answer::Busy,
                    Queried::Unknown { terminal_id } => Answer::NotFound { terminal_id },
                    Queried::NoAnswer(_) => Answer::NoAnswer,
                }
            }
            Recovery::Person => Answer::Unsupported,
        }
    }

    /// When sale `n` was asked for, by the clock on the wall.
    fn asked_at(&self, n: u8) -> DateTime {
        let since = self.asked_at[&n].elapsed();
        let at = origin() + SignedDuration::try_from(since).unwrap();
        at.to_zoned(TimeZone::UTC).datetime()
    }

    /// What the ledger says was charged beyond the earlier sale.
    pub(crate) fn charged(&self) -> Vec<u64> {
        self.world.device.charged().split_off(1)
    }

    /// How often money was asked for beyond the earlier sale.
    pub(crate) fn payments_asked(&self) -> u32 {
        self.world.device.payments_asked() - 1
    }

    /// Driver, ledger and recovery agree about sale `n`, which alone was asked for since. Whether
    /// money was taken in the end.
    pub(crate) fn agrees(&mut self, n: u8, context: &str) -> Verdict {
        let charged = self.charged();
        assert!(
            self.payments_asked() <= 1,
            "{context}: law 4: asked more than once"
        );
        assert!(charged.len() <= 1, "{context}: charged {charged:?}");
        match self.ending(n, context).clone() {
            Ending::Completed => {
                assert_eq!(charged, [1010], "{context}: completed");
                assert!(
                    self.approval(n).is_some(),
                    "{context}: law 2: completed without a durable approval"
                );
                Verdict::Charged
            }
            Ending::Declined(_) | Ending::Cancelled(_) => {
                assert_eq!(
                    charged, [0_u64; 0],
                    "{context}: a lost answer is no decline"
                );
                Verdict::NotCharged
            }
            Ending::Doubted(_) => match self.decision(n) {
                Decision::Approved { .. } => {
                    assert_eq!(self.charged(), [1010], "{context}: recovered");
                    Verdict::Charged
                }
                Decision::Declined { evidence } => {
                    let charged = self.charged();
                    assert_eq!(charged, [0_u64; 0], "{context}: {evidence}");
                    Verdict::NotCharged
                }
                Decision::InDoubt { evidence } | Decision::AskAgain { why: evidence } => {
                    Verdict::ForAPerson(evidence.to_string())
                }
            },
        }
    }

    /// The terminal takes the next sale as if nothing had been.
    pub(crate) fn goes_on(&mut self, context: &str) {
        assert!(is_ready(&self.world), "{context}: it does not come back");
        self.world.durable = true;
        self.world.device.mend();
        let before = self.world.device.charged().len();
        self.pay(200);
        assert_eq!(
            self.ending(200, context),
            &Ending::Completed,
            "{context}: the next sale"
        );
        let after = self.world.device.charged().len();
        assert_eq!(after, before + 1, "{context}: the next sale is charged");
    }
}

/// What became of a sale, as far as anybody can tell.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Charged,
    NotCharged,
    ForAPerson(String),
}
