//! What all tests of terminals' drivers do at a simulated desk.

use std::{convert::Infallible, time::Duration};

use drivers::{
    Machine,
    terminal::{Command, Ending, Event, Fact, LastTransaction},
};
use jiff::Timestamp;
use payment::{Currency, Money, PaymentId};

use crate::world::World;

/// Longer than anything takes.
pub(crate) const HOUR: Duration = Duration::from_hours(1);
/// Until whatever comes late has come.
pub(crate) const AFTERMATH: Duration = Duration::from_mins(8);
const ORIGIN: &str = "2026-01-02T10:00:00Z";

/// A driver of a card terminal.
pub(crate) trait Till: Machine<Command = Command, Fact = Fact, Event = Event> {}
impl<D: Machine<Command = Command, Fact = Fact, Event = Event>> Till for D {}

/// A simulated terminal.
pub(crate) trait Device:
    Machine<Command = Infallible, Fact = Infallible, Event = Infallible>
{
}
impl<S: Machine<Command = Infallible, Fact = Infallible, Event = Infallible>> Device for S {}

/// When the clock on the wall begins.
pub(crate) fn origin() -> Timestamp {
    ORIGIN.parse().unwrap()
}

pub(crate) fn payment(n: u8) -> PaymentId {
    PaymentId::new(origin(), [n; 10])
}

pub(crate) fn euros(minor: i64) -> Money {
    Money::from_minor(minor, Currency::EUR).unwrap()
}

pub(crate) fn sale(n: u8, minor: i64) -> Command {
    Command::Pay {
        payment: payment(n),
        money: euros(minor),
    }
}

pub(crate) fn is_ready<D: Till, S>(world: &World<D, S>) -> bool {
    let last = world.events.iter().rev().find_map(|event| match event {
        Event::Ready { .. } => Some(true),
        Event::NotReady { .. } => Some(false),
        _ => None,
    });
    last == Some(true)
}

pub(crate) fn endings<D: Till, S>(world: &World<D, S>, n: u8) -> Vec<&Ending> {
    let ended = world.events.iter().filter_map(|event| match event {
        Event::Ended {
            payment: id,
            ending,
        } if *id == payment(n) => Some(ending),
        _ => None,
    });
    ended.collect()
}

/// How a payment ended, in a word.
pub(crate) fn word<D: Till, S>(world: &World<D, S>, n: u8) -> &'static str {
    match endings(world, n)[..] {
        [Ending::Completed] => "completed",
        [Ending::Declined(_)] => "declined",
        [Ending::Cancelled(_)] => "cancelled",
        [Ending::Doubted(_)] => "doubted",
        _ => "not once",
    }
}

/// Runs an operation to its end, and until the terminal would take another one.
pub(crate) fn operate<D: Till, S: Device>(world: &mut World<D, S>, n: u8, command: Command) {
    world.command(command);
    world.run(HOUR, |world| !endings(world, n).is_empty());
    // What is left over comes, and a lost terminal comes back.
    world.run(AFTERMATH, |_| false);
    world.run(HOUR, is_ready);
}

/// A sale of EUR 10.10.
pub(crate) fn pay<D: Till, S: Device>(world: &mut World<D, S>, n: u8) {
    operate(world, n, sale(n, 1010));
}

/// Sends a command and gives the event that answers it.
pub(crate) fn ask<D: Till, S: Device, A>(
    world: &mut World<D, S>,
    command: Command,
    answer: impl Fn(&Event) -> Option<A>,
) -> A {
    let before = world.events.len();
    let said = format!("{command:?}");
    world.command(command);
    let find = |world: &World<D, S>| world.events.iter().skip(before).find_map(&answer);
    world.run(HOUR, |world| find(world).is_some());
    find(world).unwrap_or_else(|| panic!("{said} is never answered"))
}

/// The answer to a question about the terminal's memory.
pub(crate) fn last<D: Till, S: Device>(world: &mut World<D, S>) -> LastTransaction {
    ask(world, Command::LastTransaction, |event| match event {
        Event::LastTransaction(last) => Some(last.clone()),
        _ => None,
    })
}
