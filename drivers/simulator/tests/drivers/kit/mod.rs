//! The conformance kit: what every driver of a card terminal must pass against its simulator,
//! through a wire that fails, over every link it knows.
//!
//! A family gets it by naming itself: it implements [`Subject`], and `conformance!(Itself)` makes
//! one test of each law. The kit knows no protocol. It compares what the driver says with the
//! simulator's ledger, and what recovery would decide with both.

mod adyen;
mod bench;
mod caisse_ap;
mod concert;
mod ecr17;
mod laws;
mod skeleton;
mod zvt;

use drivers::{
    Machine,
    terminal::{Command, Event, Fact, Family},
};
use simulator::terminal::SimulatedTerminal;

pub(crate) use bench::Bench;
pub(crate) use laws::*;

/// A driver as the kit sees it.
pub(crate) type Driver = Box<dyn Machine<Command = Command, Fact = Fact, Event = Event> + Send>;

/// A family under test: how to make both ends of its wire, and what its simulator calls each trouble.
pub(crate) trait Subject {
    /// The other end.
    type Device: SimulatedTerminal;
    /// A kind of link, or another way of speaking that is worth a run of its own.
    type Wire: Copy + std::fmt::Debug + 'static;

    /// What the family declares of itself.
    const FAMILY: &'static Family;
    /// All of its links.
    const WIRES: &'static [Self::Wire];
    /// Whether the terminal takes a payment back that we do not acknowledge.
    const WAITS_FOR_US: bool;
    /// Whether the driver opens a connection for each command.
    const PER_JOB: bool;
    /// Whether the driver asks for its connection whenever it wants one.
    const ON_DEMAND: bool = false;

    /// A driver for sales in EUR whose time of day at the beginning is [`origin`](crate::desk::origin).
    fn driver(wire: Self::Wire) -> Driver;

    /// A terminal in good order, with the same clock.
    fn device(wire: Self::Wire) -> Self::Device;

    /// What the simulator calls a trouble; or why this protocol cannot have it.
    fn fault(trouble: Trouble) -> Result<&'static str, &'static str>;
}

/// The number that a simulator sends wherever one fits, under [`Trouble::CardNumber`].
pub(crate) const CANARY: &str = "4111111111111111";

/// What can go wrong in any protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The issuer refuses.
    Decline,
    /// The customer presses Stop.
    CustomerStops,
    /// The terminal is busy, or refuses the command.
    Refuse,
    /// The link is lost before a card was read. Not charged.
    LostBeforeCard,
    /// The link is lost after the approval, before its answer. Charged.
    LostAfterApproval,
    /// The link is lost with the answer.
    HangsUp,
    /// Nothing is said at all.
    Silence,
    /// Noise in place of the answer.
    Garbage,
    /// The approval comes long after our patience.
    LateAnswer,
    /// The answer comes twice.
    DuplicateAnswer,
    /// The answer is for another amount.
    OtherAmount,
    /// The answer is another terminal's, or for another request.
    OtherDevice,
    /// The answer has fields that nobody knows.
    UnknownFields,
    /// A frame that is longer than any may be.
    OverLong,
    /// A whole card number wherever one fits.
    CardNumber,
}

impl Trouble {
    pub(crate) const ALL: [Self; 15] = [
        Self::Decline,
        Self::CustomerStops,
        Self::Refuse,
        Self::LostBeforeCard,
        Self::LostAfterApproval,
        Self::HangsUp,
        Self::Silence,
        Self::Garbage,
        Self::LateAnswer,
        Self::DuplicateAnswer,
        Self::OtherAmount,
        Self::OtherDevice,
        Self::UnknownFields,
        Self::OverLong,
        Self::CardNumber,
    ];
}

/// Makes a test of each law for a [`Subject`].
macro_rules! conformance {
    ($subject:ty) => {
        #[test]
        fn a_sale_goes_well_however_the_bytes_are_cut() {
            $crate::kit::a_sale_goes_well_however_the_bytes_are_cut::<$subject>();
        }

        #[test]
        fn nothing_is_acknowledged_before_it_is_durable() {
            $crate::kit::nothing_is_acknowledged_before_it_is_durable::<$subject>();
        }

        #[test]
        fn a_cut_at_any_byte_never_charges_twice_and_never_lies() {
            $crate::kit::a_cut_at_any_byte_never_charges_twice_and_never_lies::<$subject>();
        }

        #[test]
        fn every_fault_of_the_simulator_ends_in_the_truth() {
            $crate::kit::every_fault_of_the_simulator_ends_in_the_truth::<$subject>();
        }

        #[test]
        fn every_trouble_ends_as_it_must() {
            $crate::kit::every_trouble_ends_as_it_must::<$subject>();
        }

        #[test]
        fn money_is_asked_for_once() {
            $crate::kit::money_is_asked_for_once::<$subject>();
        }

        #[test]
        fn without_a_link_nothing_is_asked() {
            $crate::kit::without_a_link_nothing_is_asked::<$subject>();
        }

        #[test]
        fn what_is_declared_is_done() {
            $crate::kit::what_is_declared_is_done::<$subject>();
        }

        #[test]
        fn no_card_number_gets_through() {
            $crate::kit::no_card_number_gets_through::<$subject>();
        }

        #[test]
        fn any_bytes_at_any_time_are_survived() {
            $crate::kit::any_bytes_at_any_time_are_survived::<$subject>();
        }

        #[test]
        fn a_new_till_is_ready_wherever_the_last_one_died() {
            $crate::kit::a_new_till_is_ready_wherever_the_last_one_died::<$subject>();
        }
    };
}
pub(crate) use conformance;
