//! The conformance kit: what every upstream must pass, with the real queue and the real delivery,
//! against a simulated system around which things go wrong.
//!
//! An upstream gets it by naming itself: it implements [`Subject`], and `conformance!(Itself)`
//! makes one test of each law. The kit knows no system's words. It compares what the deliveries
//! say with what the system holds.

mod answers;
mod desk;
mod laws;
mod socket;

use simulator::invoicing::System;

pub(crate) use desk::{Desk, INVOICES, Instead, Taken, eur};
pub(crate) use laws::*;
pub(crate) use socket::*;

/// An upstream under test: its section of the configuration, and the system at the other end.
pub(crate) trait Subject {
    /// The simulated system.
    type System: System + Send + 'static;

    /// Whether it can find out by itself what became of a lost answer. If not, a person must.
    const SETTLES: bool;
    /// Whether the system refuses a request whose date is wrong.
    const MINDS_THE_CLOCK: bool;
    /// Whether it looks what the system holds before each booking, and so finds out there that the
    /// clock is wrong, or that it is to wait.
    const LOOKS_FIRST: bool = false;
    /// Whether it is told of cancels and refunds. If not, a person enters them.
    const TAKES_RETURNS: bool;
    /// How many requests that change something a booking takes.
    const STEPS: usize = 1;
    /// How often a fault happens in a row.
    const TIMES: &'static [u32] = &[1, 2, 3, 7];
    /// What must never be shown.
    const SECRETS: &'static [&'static str];

    /// Tells desks apart where all have one system: it makes their receipts and invoices others.
    fn run() -> u64 {
        0
    }

    /// A system without invoices that a case will use.
    fn system() -> Self::System;

    /// The upstream, at this address.
    fn config(url: &str) -> config::Upstream;
}

/// Makes a test of each law for a [`Subject`].
macro_rules! conformance {
    ($subject:ty) => {
        #[tokio::test]
        async fn every_fault_ends_with_each_payment_booked_once() {
            $crate::kit::every_fault_ends_with_each_payment_booked_once::<$subject>().await;
        }

        #[tokio::test]
        async fn no_order_of_faults_and_crashes_books_twice_or_loses_anything() {
            $crate::kit::no_order_of_faults_and_crashes_books_twice_or_loses_anything::<$subject>()
                .await;
        }

        #[tokio::test]
        async fn a_hundred_answers_end_in_the_truth() {
            $crate::kit::a_hundred_answers_end_in_the_truth::<$subject>().await;
        }

        #[tokio::test]
        async fn a_hundred_read_backs_confirm_nothing_by_mistake() {
            $crate::kit::a_hundred_read_backs_confirm_nothing_by_mistake::<$subject>().await;
        }

        #[tokio::test]
        async fn a_refusal_waits_for_a_person_and_blocks_no_other_invoice() {
            $crate::kit::a_refusal_waits_for_a_person_and_blocks_no_other_invoice::<$subject>()
                .await;
        }

        #[tokio::test]
        async fn a_backlog_arrives_once_and_in_order() {
            $crate::kit::a_backlog_arrives_once_and_in_order::<$subject>().await;
        }

        #[tokio::test]
        async fn a_wish_to_be_left_alone_is_granted() {
            $crate::kit::a_wish_to_be_left_alone_is_granted::<$subject>().await;
        }

        #[tokio::test]
        async fn a_wrong_clock_costs_nothing() {
            $crate::kit::a_wrong_clock_costs_nothing::<$subject>().await;
        }

        #[tokio::test]
        async fn what_is_given_back_is_told_once_or_left_to_a_person() {
            $crate::kit::what_is_given_back_is_told_once_or_left_to_a_person::<$subject>().await;
        }

        #[tokio::test]
        async fn amounts_arrive_to_the_last_unit() {
            $crate::kit::amounts_arrive_to_the_last_unit::<$subject>().await;
        }

        #[tokio::test]
        async fn real_sockets_tell_what_was_not_sent_from_what_was_lost() {
            $crate::kit::real_sockets_tell_what_was_not_sent_from_what_was_lost::<$subject>().await;
        }
    };
}
pub(crate) use conformance;
