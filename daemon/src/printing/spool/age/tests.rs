//! A clock that is set makes no receipt older or younger.

use payment::PaymentId;
use proptest::prelude::*;
use sync::queue::{JobKind, JobState, Printed};

use super::*;

const EXPIRES: Duration = Duration::from_mins(30);
const HOUR: i64 = 3600;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// A desk whose clock is set at some seconds of its life by so much.
struct Desk<'a> {
    sets: &'a [(i64, i64)],
    ages: Ages,
}

impl<'a> Desk<'a> {
    fn new(sets: &'a [(i64, i64)]) -> Self {
        let mut desk = Self {
            sets,
            ages: Ages::default(),
        };
        desk.look(0);
        desk
    }

    fn now(&self, second: i64) -> Now {
        let done = self.sets.iter().filter(|(at, _)| *at <= second);
        let ahead: i64 = done.map(|(_, by)| by).sum();
        Now {
            steady: at(second),
            wall: at(second + ahead),
        }
    }

    fn look(&mut self, second: i64) {
        self.ages.look(self.now(second), EXPIRES);
    }

    /// What is made in that second.
    fn make(&self, second: i64) -> Job {
        Job {
            id: second,
            what: Printed::Payment(PaymentId::new(Timestamp::UNIX_EPOCH, [0; 10])),
            printer: "front".parse().unwrap(),
            instead_of: None,
            kind: JobKind::Customer,
            state: JobState::Queued,
            cancel_asked: None,
            resolved: None,
            at: self.now(second).wall,
        }
    }

    /// How old it is in that second, in seconds, with a look at the clocks every minute until then.
    fn age(&mut self, job: &Job, made: i64, second: i64) -> i64 {
        for second in (made..second).step_by(60) {
            self.look(second);
        }
        self.look(second);
        self.ages.of(self.now(second), job).as_secs()
    }
}

#[test]
fn the_age_is_the_time_that_passed() {
    for (story, sets, made) in [
        ("never set", &[][..], 100),
        (
            "behind at the start, then put right",
            &[(50, 9 * HOUR)],
            100,
        ),
        ("put right while it waits", &[(150, 9 * HOUR)], 100),
        (
            "put right while the printer slept",
            &[(HOUR, 9 * HOUR)],
            10 * HOUR,
        ),
        ("set back while it waits", &[(150, -9 * HOUR)], 100),
        ("set back before", &[(50, -9 * HOUR)], 100),
        ("forth and back", &[(50, 24 * HOUR), (150, -24 * HOUR)], 100),
    ] {
        for waited in [0, 60, 29 * 60, 31 * 60, 8 * HOUR] {
            let mut desk = Desk::new(sets);
            let job = desk.make(made);
            let age = desk.age(&job, made, made + waited);
            assert_eq!(
                age.min(HOUR / 2),
                waited.min(HOUR / 2),
                "{story}, {waited} s"
            );
        }
    }
}

/// The steady clock counts sleep.
#[test]
fn it_grows_while_the_machine_sleeps() {
    let mut desk = Desk::new(&[]);
    let job = desk.make(10);
    desk.look(9 * HOUR);
    assert_eq!(
        desk.ages.of(desk.now(9 * HOUR), &job).as_secs(),
        9 * HOUR - 10
    );
}

/// Of an earlier life nobody knows which clock was right; but it is no younger than this life.
#[test]
fn what_an_earlier_life_made_is_too_old_at_the_latest_after_half_an_hour_of_this_one() {
    for set in [0, 9 * HOUR, -9 * HOUR] {
        for made in [-60, -5 * HOUR, 5 * HOUR] {
            let sets = [(60, set)];
            let mut desk = Desk::new(&sets);
            let job = Job {
                at: at(made),
                ..desk.make(0)
            };
            desk.ages.see(desk.now(0), &job);
            assert!(desk.age(&job, 0, 30 * 60) >= HOUR / 2, "{set}, {made}");
        }
    }
}

proptest! {
    /// However a clock is set: once its turn has come, a receipt is too old after half an hour; and not
    /// before, seen or not.
    #[test]
    fn no_setting_of_the_clock_makes_it_older_or_younger(
        sets in prop::collection::vec((0..4 * HOUR, -3 * HOUR..3 * HOUR), 0..5),
        made in 0..3 * HOUR,
        waited in 0..HOUR,
    ) {
        let mut desk = Desk::new(&sets);
        for second in (0..made).step_by(60) {
            desk.look(second);
        }
        desk.look(made);
        let job = desk.make(made);
        let unseen = desk.age(&job, made, made + waited);
        // Past the half hour the clock that showed it is forgotten, and how much older it is says nothing.
        prop_assert!(
            unseen.min(HOUR / 2) <= waited + SET.as_secs(),
            "{unseen} after {waited}"
        );
        let mut desk = Desk::new(&sets);
        desk.look(made);
        desk.ages.see(desk.now(made), &job);
        let seen = desk.age(&job, made, made + waited);
        prop_assert!(seen >= waited, "{seen} after {waited}");
    }
}
