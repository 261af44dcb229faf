//! Random days at the desk.

use super::*;

/// A step of a random day at the desk.
#[derive(Debug, Clone)]
enum Step {
    Pay {
        key: u8,
        minor: i64,
        cash: bool,
        wait: bool,
    },
    Sync,
    Approve,
    End(u8),
    Resolve(bool),
    Full(bool),
    Restart,
    Link(bool),
    Serve,
    Served(bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4_u8, 1..3_i64, any::<bool>(), any::<bool>())
            .prop_map(|(key, minor, cash, wait)| Step::Pay { key, minor, cash, wait }),
        6 => Just(Step::Sync),
        3 => Just(Step::Approve),
        3 => (0..4_u8).prop_map(Step::End),
        1 => any::<bool>().prop_map(Step::Resolve),
        1 => any::<bool>().prop_map(Step::Full),
        1 => Just(Step::Restart),
        1 => any::<bool>().prop_map(Step::Link),
        2 => Just(Step::Serve),
        2 => any::<bool>().prop_map(Step::Served),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Laws 1, 2, 4 and 5, whatever happens in whatever order: the assertions are in
    /// [`World::carry_out`].
    #[test]
    fn no_day_at_the_desk_breaks_the_laws(steps in prop::collection::vec(step(), 0..60)) {
        let mut world = World::new();
        for step in steps {
            match step {
                Step::Pay { key, minor, cash, wait } => {
                    let method = if cash { Method::Cash } else { Method::Card };
                    world.pay(&format!("k{key}"), "desk1", minor, method, wait);
                }
                Step::Sync => { world.sync_one(); }
                Step::Approve if !world.asked.is_empty() => world.approve(),
                Step::End(how) if !world.asked.is_empty() => world.end(match how {
                    0 => Ending::Completed,
                    1 => refusal(),
                    2 => silence(),
                    _ => Ending::Cancelled(Cancellation { code: None, text: "c".into() }),
                }),
                Step::Resolve(approved) if !world.asked.is_empty() => {
                    let payment = *world.asked.last().unwrap();
                    let by = Verdict::Person { name: "A".into(), reason: "b".into() };
                    let settlement = if approved {
                        Settlement::Approved { by, approval: None }
                    } else {
                        Settlement::Declined { by }
                    };
                    world.next_reply += 1;
                    let reply = ReplyTo(world.next_reply);
                    world.feed(Event::Resolve { payment, settlement, reply });
                }
                Step::Full(full) => world.full = full,
                Step::Restart => world.restart(),
                Step::Link(true) => world.terminal(TerminalEvent::Ready { terminal_id: None }),
                Step::Link(false) => {
                    // A question goes with its link.
                    world.inquired = false;
                    let device = "desk1".parse().unwrap();
                    world.feed(Event::LinkLost { device, reason: "Unplugged.".into() });
                }
                Step::Serve => { world.serve(ServiceWish::Diagnosis); }
                Step::Served(true) if world.serving => world.served("Done."),
                Step::Served(false) if world.serving => world.not_served(None, "No."),
                Step::Approve | Step::End(_) | Step::Resolve(_) | Step::Served(_) => {}
            }
        }
        world.sync();
        let keys: HashSet<_> = world.rows.values().map(|p| &p.intent.key).collect();
        prop_assert_eq!(keys.len(), world.rows.len(), "law 5: one payment for each key");
    }
}
