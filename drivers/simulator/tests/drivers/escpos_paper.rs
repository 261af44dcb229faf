//! What the ESC/POS driver says of a job, and what stands on the simulated printer's paper: `Confirmed`
//! only if all of it does, `NotStarted` and `Cancelled` only if nothing of it does and nothing will
//! (law 8). With the link cut after every byte, with every fault, and with tills that die.

use std::time::Duration;

use drivers::{
    link::Policy,
    printer::{
        Command, Ending, Event,
        escpos::{Confirmation, EscPos, Profile},
    },
};
use proptest::prelude::*;
use simulator::printer::{Options, Printer};

use crate::world::{Direction, World};

/// A printer of each way to confirm.
fn profiles() -> Vec<Profile> {
    let of = |name| Profile::find(name).unwrap().clone();
    let none = Profile {
        confirmation: Confirmation::None,
        ..of("star-tsp600")
    };
    vec![
        of("epson-tm-t20iii"),
        of("generic-80mm"),
        of("star-tsp600"),
        none,
    ]
}

/// A receipt with an image in it: the longest of all commands.
fn receipt(name: &str) -> Vec<u8> {
    let mut bytes = b"\x1b@\x1c.".to_vec();
    bytes.extend(name.as_bytes());
    bytes.extend(b"\n\x1dv0\0\x08\0\x10\0");
    bytes.extend([0x55; 128]);
    bytes.extend(b"\x1bE\x01Summe\x1b$\x40\x01");
    bytes.extend(name.as_bytes());
    bytes.extend(b" 10,10\n\x1bE\0Danke\n\x1dVA\0");
    bytes
}

/// What stands on paper when all of it came out.
fn lines(name: &str) -> [String; 4] {
    let amount = format!("Summe{:21}{name} 10,10", "");
    [
        name.to_owned(),
        "[IMAGE 64x16]".to_owned(),
        amount,
        "Danke".to_owned(),
    ]
}

struct Desk {
    world: World<EscPos, Printer>,
    profile: Profile,
}

impl Desk {
    fn new(profile: &Profile) -> Self {
        Self::with_speed(profile, None)
    }

    /// A printer that takes its time: so many millimetres a second.
    fn with_speed(profile: &Profile, speed: Option<u32>) -> Self {
        let printer = Printer::with_options(Options {
            process_id: profile.confirmation == Confirmation::ProcessId,
            speed,
            ..Options::default()
        });
        Self {
            world: World::new(EscPos::new(profile, Policy::Keep), printer),
            profile: profile.clone(),
        }
    }

    fn print(&mut self, job: i64, name: &str) {
        let bytes = receipt(name);
        self.world.command(Command::Print { job, bytes });
    }

    fn ending(&self, which: i64) -> Option<&Ending> {
        self.world.events.iter().find_map(|event| match event {
            Event::Ended { job, ending } if *job == which => Some(ending),
            _ => None,
        })
    }

    fn run(&mut self, job: i64, seconds: u64) {
        self.run_for(job, Duration::from_secs(seconds));
    }

    fn run_for(&mut self, job: i64, time: Duration) {
        let ended =
            |event: &Event| matches!(event, Event::Ended { job: which, .. } if *which == job);
        self.world.run(time, |w| w.events.iter().any(ended));
    }

    /// All paper, cut and not cut.
    fn paper(&self) -> String {
        self.world.device.pages().concat() + &self.world.device.uncut()
    }

    /// Whether all lines of this receipt stand on one page, one after the other.
    fn is_whole(&self, name: &str) -> bool {
        let wanted = lines(name);
        self.world.device.pages().iter().any(|page| {
            let page: Vec<&str> = page.lines().filter(|line| !line.is_empty()).collect();
            page.windows(wanted.len()).any(|part| part == wanted)
        })
    }

    /// A job that was begun came out, whatever was left in the printer before.
    fn came_out(&self, job: i64, name: &str, after: u64) {
        let begun = !matches!(self.ending(job), Some(Ending::NotStarted(_)));
        assert_eq!(self.is_whole(name), begun, "{after}: {}", self.paper());
    }

    /// Holds what is said of a job against the paper; `why` is for the message.
    fn hold(&mut self, job: i64, name: &str, why: &str) {
        let why = format!("{:?}, {why}", self.profile.confirmation);
        match self.ending(job).cloned() {
            Some(Ending::Confirmed) => assert!(self.is_whole(name), "{why}: {}", self.paper()),
            Some(Ending::NotStarted(_) | Ending::Cancelled(_)) => {
                // What waits in the printer comes out when it is put right.
                self.world.device.clear();
                self.world.run(Duration::from_mins(1), |_| false);
                assert!(!self.paper().contains(name), "{why}: {}", self.paper());
            }
            Some(Ending::Unknown(_)) | None => {}
        }
    }
}

/// How many bytes go each way when nothing goes wrong.
fn clean(profile: &Profile) -> [u64; 2] {
    let mut desk = Desk::new(profile);
    desk.print(7, "ALPHA");
    desk.run(7, 60);
    if profile.confirmation == Confirmation::None {
        assert!(matches!(desk.ending(7), Some(Ending::Unknown(_))));
    } else {
        assert_eq!(desk.ending(7), Some(&Ending::Confirmed), "{}", profile.name);
    }
    assert!(desk.is_whole("ALPHA"), "{}", desk.paper());
    desk.world.wire.passed
}

#[test]
fn the_link_is_cut_after_every_byte() {
    for profile in profiles() {
        let [heard, said] = clean(&profile);
        let cuts = |way, count| (0..=count).map(move |after| (way, after));
        let all = cuts(Direction::ToDriver, heard).chain(cuts(Direction::ToDevice, said));
        let (mut clean, mut doubt) = (0, 0);
        for (way, after) in
            all.filter(|(_, after)| said < 1000 || after % 61 == 0 || *after > said - 260)
        {
            let mut desk = Desk::new(&profile);
            desk.world.wire.cut_after = Some((way, after));
            desk.print(7, "ALPHA");
            desk.run(7, 600);
            assert!(desk.ending(7).is_some(), "{way:?} {after}");
            match desk.ending(7) {
                Some(Ending::NotStarted(_)) => clean += 1,
                Some(Ending::Unknown(_)) => doubt += 1,
                _ => {}
            }
            desk.hold(7, "ALPHA", &format!("cut {way:?} after {after}"));
            // The next one, on the next link, is not swallowed by what was left.
            desk.world.run(Duration::from_secs(5), |_| false);
            desk.world.wire.cut_after = None;
            desk.print(8, "BRAVO");
            desk.run(8, 600);
            desk.hold(8, "BRAVO", &format!("after a cut {way:?} after {after}"));
            desk.came_out(8, "BRAVO", after);
        }
        // Both happen, or the test tests nothing.
        assert!(
            clean > 8 && doubt > 100,
            "{}: {clean} {doubt}",
            profile.name
        );
    }
}

#[test]
fn a_till_dies_after_every_byte_and_another_one_prints() {
    for profile in profiles() {
        let [_, said] = clean(&profile);
        for after in said.saturating_sub(240)..=said {
            let mut desk = Desk::new(&profile);
            desk.world.wire.cut_after = Some((Direction::ToDevice, after));
            desk.print(7, "ALPHA");
            desk.world.run(Duration::from_secs(2), |_| false);
            desk.world.succeed(EscPos::new(&profile, Policy::Keep));
            desk.world.wire.cut_after = None;
            desk.print(8, "BRAVO");
            desk.run(8, 600);
            desk.hold(8, "BRAVO", &format!("a till died after {after}"));
            desk.came_out(8, "BRAVO", after);
        }
    }
}

const FAULTS: [&str; 12] = [
    "paper-out",
    "paper-out-after=0",
    "paper-out-after=1",
    "paper-out-after=2",
    "paper-out-after=3",
    "near-end",
    "cover-open",
    "cutter-jam",
    "hot-head",
    "offline",
    "drawer-open",
    "silent",
];

/// Each fault before the job and at every moment of it; mended after half a minute, or never.
#[test]
fn every_fault_comes_at_every_moment() {
    for profile in profiles() {
        for (fault, moment, mended) in FAULTS
            .iter()
            .flat_map(|fault| (0..12).map(move |step| (fault, step * 125)))
            .flat_map(|(fault, moment)| [true, false].map(|mended| (fault, moment, mended)))
        {
            let mut desk = Desk::with_speed(&profile, Some(20));
            if moment == 0 {
                desk.world.device.arm(fault.parse().unwrap());
            }
            desk.print(7, "ALPHA");
            desk.run_for(7, Duration::from_millis(moment));
            if moment > 0 {
                desk.world.device.arm(fault.parse().unwrap());
            }
            desk.run(7, 30);
            if mended {
                desk.world.device.clear();
            }
            desk.run(7, 3600);
            let why = format!("{fault} after {moment} ms, mended: {mended}");
            desk.hold(7, "ALPHA", &why);
            let told = *fault != "silent" && profile.confirmation != Confirmation::None;
            if mended && told {
                assert_eq!(desk.ending(7), Some(&Ending::Confirmed), "{why}");
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Chance {
    Fault(&'static str),
    Mend,
    Cut(Direction, u64),
    Die,
    Print,
    Cancel,
    Pass(u64),
}

fn chances() -> impl Strategy<Value = Vec<Chance>> {
    let way = prop_oneof![Just(Direction::ToDevice), Just(Direction::ToDriver)];
    let chance = prop_oneof![
        2 => prop::sample::select(FAULTS.to_vec()).prop_map(Chance::Fault),
        2 => Just(Chance::Mend),
        1 => (way, 0..400_u64).prop_map(|(way, after)| Chance::Cut(way, after)),
        1 => Just(Chance::Die),
        4 => Just(Chance::Print),
        1 => Just(Chance::Cancel),
        6 => (0..3000_u64).prop_map(Chance::Pass),
    ];
    prop::collection::vec(chance, 0..30)
}

proptest! {
    /// Many jobs at one printer, each with a name of its own, whatever happens in between.
    #[test]
    fn no_order_of_faults_and_deaths_makes_the_driver_lie(chances in chances(), which in 0..4_usize, speed in prop::option::of(10..200_u32)) {
        let profile = profiles().swap_remove(which);
        let mut desk = Desk::with_speed(&profile, speed);
        let name = |job: i64| format!("RECEIPT-{job}-");
        let mut last = 0;
        let mut seen = Vec::new();
        for chance in chances.into_iter().chain([Chance::Mend, Chance::Pass(400_000)]) {
            match chance {
                Chance::Fault(fault) => desk.world.device.arm(fault.parse().unwrap()),
                Chance::Mend => desk.world.device.clear(),
                Chance::Cut(way, after) => desk.world.wire.cut_after = Some((way, after)),
                Chance::Die => desk.world.succeed(EscPos::new(&profile, Policy::Keep)),
                Chance::Print => {
                    last += 1;
                    desk.print(last, &name(last));
                }
                Chance::Cancel => desk.world.command(Command::Cancel { job: last }),
                Chance::Pass(ms) => desk.run_for(0, Duration::from_millis(ms)),
            }
            for event in std::mem::take(&mut desk.world.events) {
                let Event::Ended { job, ending } = event else { continue };
                if ending == Ending::Confirmed && profile.confirmation != Confirmation::RealTime {
                    prop_assert!(desk.is_whole(&name(job)), "{job}: {}", desk.paper());
                }
                seen.push((job, ending));
            }
        }
        for (job, ending) in seen {
            if matches!(ending, Ending::NotStarted(_) | Ending::Cancelled(_)) {
                prop_assert!(!desk.paper().contains(&name(job)), "{job}: {}", desk.paper());
            }
        }
    }
}
