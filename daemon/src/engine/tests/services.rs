//! Services, and what meets them on the way: payments, ends of day, doubt, lost links.

use drivers::terminal::{Chore, DayEnd, LineStatistics, Service, Slip, SlipCopy, SlipLine};
use payment::ClosingId;
use sync::queue::JobKind;

use super::*;

impl World {
    pub(super) fn serve(&mut self, wish: ServiceWish) -> ReplyTo {
        self.serve_at("desk1", wish)
    }

    fn serve_at(&mut self, device: &str, wish: ServiceWish) -> ReplyTo {
        self.next_reply += 1;
        let reply = ReplyTo(self.next_reply);
        let device = device.parse().unwrap();
        self.feed(Event::Serve {
            device,
            wish,
            reply,
        });
        reply
    }

    pub(super) fn served(&mut self, text: &str) {
        self.terminal(TerminalEvent::Served(Ok(text.into())));
    }

    pub(super) fn not_served(&mut self, code: Option<&str>, text: &str) {
        let code = code.map(Into::into);
        let text = text.into();
        self.terminal(TerminalEvent::Served(Err(Refusal { code, text })));
    }

    fn close(&mut self) -> ReplyTo {
        self.next_reply += 1;
        let reply = ReplyTo(self.next_reply);
        let id = ClosingId::new(NOW, [77; 10]);
        let intent = Box::new(ClosingIntent {
            id,
            key: "c1".parse().unwrap(),
            device: "desk1".parse().unwrap(),
            at: NOW,
        });
        self.feed(Event::Close { intent, reply });
        reply
    }

    fn lose_link(&mut self) {
        let device = "desk1".parse().unwrap();
        let reason = "Unplugged".into();
        self.feed(Event::LinkLost { device, reason });
    }

    fn comes_back(&mut self) {
        self.terminal(TerminalEvent::Ready { terminal_id: None });
        self.sync();
    }

    fn next_step(&self) -> String {
        self.engine.desk().devices[1].next_step.clone()
    }
}

#[test]
fn every_service_is_asked_for_once_and_answered_with_the_terminals_sentence() {
    let clock = jiff::civil::date(2026, 3, 29).at(3, 30, 0, 0);
    for (wish, service) in [
        (ServiceWish::Diagnosis, Service::Diagnosis),
        (ServiceWish::Initialisation, Service::Initialisation),
        (
            ServiceWish::DisplayText("Hallo".into()),
            Service::DisplayText("Hallo".into()),
        ),
        (ServiceWish::SetClock, Service::SetClock(clock)),
        (ServiceWish::RepeatReceipt, Service::RepeatReceipt),
        (ServiceWish::LogOff, Service::LogOff),
    ] {
        let mut world = World::new();
        world.now = "2026-03-29T03:30:00Z".parse().unwrap();
        let reply = world.serve(wish);
        assert_eq!(world.commands, [Command::Service(service)]);
        assert_eq!(world.answer(reply), "waits");
        assert!(world.engine.is_busy(), "a stopping daemon waits for it");
        assert!(world.next_step().contains("service"), "law 13");
        world.served("Done.");
        assert_eq!(world.answer(reply), "served: Done.");
        world.sync();
        assert_eq!(world.next_step(), "Ready for the next payment.");
        assert!(world.rows.is_empty() && world.writes.is_empty());
    }
}

/// The clock is that of the desk, also in the hour that summer time leaves out.
#[test]
fn the_clock_is_set_to_the_time_at_the_desk() {
    let setup = Setup {
        id: "desk1".parse().unwrap(),
        currency: parse_currency("EUR").unwrap(),
        printer: None,
        merchant_copy: false,
        drawer: false,
        terminal: Some(zvt::FAMILY.abilities),
        patience: std::time::Duration::from_mins(3),
        zone: jiff::tz::TimeZone::get("Europe/Berlin").unwrap(),
    };
    for (now, hour) in [("2026-03-29T00:59:59Z", 1), ("2026-03-29T01:00:00Z", 3)] {
        let mut world = World::new();
        world.engine = Engine::new(vec![setup.clone()], Vec::new());
        world.now = now.parse().unwrap();
        world.serve(ServiceWish::SetClock);
        let [Command::Service(Service::SetClock(clock))] = world.commands[..] else {
            panic!("{:?}", world.commands);
        };
        assert_eq!(clock.hour(), hour);
    }
}

#[test]
fn a_service_waits_for_whatever_the_terminal_does() {
    // A payment, from its intent on.
    let mut world = World::new();
    world.card("k1", 1010);
    let during = world.serve(ServiceWish::Diagnosis);
    assert_eq!(world.answer(during), "device-busy", "its intent is written");
    world.sync();
    let during = world.serve(ServiceWish::Diagnosis);
    assert_eq!(world.answer(during), "device-busy");
    // Doubt: nothing may disturb the evidence.
    world.memory = LastTransaction::Busy("Wait.".into());
    world.end(silence());
    world.sync();
    let doubtful = world.serve(ServiceWish::Initialisation);
    assert_eq!(world.answer(doubtful), "device-in-doubt");
    // A question for the last transaction.
    let mut world = World::new();
    world.lose_link();
    world.terminal(TerminalEvent::Ready { terminal_id: None });
    assert!(world.inquired);
    let asking = world.serve(ServiceWish::Diagnosis);
    assert_eq!(world.answer(asking), "terminal-unavailable");
    // The end of a day.
    let mut world = World::new();
    world.close();
    let closing = world.serve(ServiceWish::Diagnosis);
    assert_eq!(world.answer(closing), "device-closing");
    // Another service; and a device that has no terminal, or is none.
    let mut world = World::new();
    world.serve(ServiceWish::Diagnosis);
    let second = world.serve(ServiceWish::LogOff);
    assert_eq!(world.answer(second), "device-serving");
    assert_eq!(world.commands.len(), 1);
    let cashbox = world.serve_at("cashbox", ServiceWish::Diagnosis);
    assert_eq!(world.answer(cashbox), "nothing-to-serve");
    let nowhere = world.serve_at("desk9", ServiceWish::Diagnosis);
    assert_eq!(world.answer(nowhere), "unknown-device");
    // A terminal that knows no services.
    let mut world = World::of(Abilities {
        services: false,
        ..zvt::FAMILY.abilities
    });
    let unknown = world.serve(ServiceWish::Diagnosis);
    assert_eq!(world.answer(unknown), "not-offered");
    assert!(world.commands.is_empty());
}

#[test]
fn what_comes_during_a_service_is_told_plainly_to_wait() {
    let mut world = World::new();
    let service = world.serve(ServiceWish::Diagnosis);
    let payment = world.card("k1", 1010);
    let closing = world.close();
    let cash = world.pay("k2", "desk1", 500, Method::Cash, true);
    // Recovery on demand: the terminal is not asked now.
    world.feed(Event::Wake("desk1".parse().unwrap()));
    assert!(!world.inquired);
    world.sync();
    assert_eq!(world.answer(payment), "device-serving");
    assert_eq!(world.answer(closing), "device-serving");
    assert_eq!(world.answer(cash), "ended approved", "it needs no terminal");
    assert!(world.asked.is_empty());
    world.served("Done.");
    assert_eq!(world.answer(service), "served: Done.");
    assert!(world.inquired, "a diagnosis may change what it holds");
    world.sync();
    let again = world.card("k1", 1010);
    world.sync();
    assert_eq!(world.answer(again), "waits");
    assert_eq!(
        world.asked.len(),
        1,
        "the same key, once the terminal is free"
    );
}

#[test]
fn a_lost_link_ends_a_service_and_its_late_answer_is_for_nobody() {
    let mut world = World::new();
    let lost = world.serve(ServiceWish::Diagnosis);
    world.lose_link();
    let answer = world.answers.get(&lost).unwrap().clone();
    let problem = answer.unwrap_err();
    assert_eq!(problem.kind().0, "service-not-done");
    assert!(problem.to_string().starts_with("Unplugged. "), "{problem}");
    // The link is back before the driver's own word: the terminal is still held.
    world.terminal(TerminalEvent::Ready { terminal_id: None });
    assert!(!world.inquired);
    let payment = world.card("k1", 1010);
    let second = world.serve(ServiceWish::LogOff);
    world.sync();
    assert_eq!(world.answer(payment), "device-serving");
    assert_eq!(world.answer(second), "device-serving");
    world.not_served(None, "The terminal is not connected.");
    assert!(world.inquired, "first of all it is asked what it holds");
    world.sync();
    world.card("k2", 1010);
    world.sync();
    assert_eq!(world.asked.len(), 1);
    // One that belongs to no service at all disturbs nothing.
    world.served("Done.");
    let busy = world.serve(ServiceWish::LogOff);
    assert_eq!(world.answer(busy), "device-busy");
}

#[test]
fn a_terminal_that_is_not_ready_is_asked_all_the_same_for_a_service_may_be_the_cure() {
    let mut world = World::new();
    let reason = "The terminal is not ready: Initialisation required.";
    let not_ready = || TerminalEvent::NotReady {
        reason: reason.into(),
    };
    world.terminal(not_ready());
    let cure = world.serve(ServiceWish::Initialisation);
    assert_eq!(world.commands.len(), 1);
    world.served("The initialisation is done.");
    assert_eq!(world.answer(cure), "served: The initialisation is done.");
    world.sync();
    // No link at all: the driver refuses, and the desk reads why.
    world.terminal(not_ready());
    let refused = world.serve(ServiceWish::Diagnosis);
    world.not_served(None, "The terminal was not asked: it is not ready.");
    let problem = world.answers.get(&refused).unwrap().clone().unwrap_err();
    assert!(problem.to_string().starts_with(reason), "{problem}");
    // The terminal's own refusal is its own sentence.
    world.comes_back();
    let refused = world.serve(ServiceWish::Diagnosis);
    world.not_served(Some("zvt:64"), "Card not readable.");
    let problem = world.answers.get(&refused).unwrap().clone().unwrap_err();
    assert!(problem.to_string().starts_with("Card not"), "{problem}");
}

#[test]
fn what_the_terminal_wants_is_an_action_until_it_is_done_and_is_never_looped_on() {
    let action = |world: &World| world.engine.desk().devices[1].action.clone();
    let mut world = World::new();
    let refused = world.card("k1", 1010);
    world.sync();
    world.terminal(TerminalEvent::Wants(Chore::EndOfDay));
    world.end(refusal());
    world.sync();
    assert_eq!(world.answer(refused), "ended declined");
    assert!(
        world
            .next_step()
            .contains("close the day (till close desk1)")
    );
    assert_eq!(Some(world.next_step()), action(&world));
    assert_eq!(world.asked.len(), 1, "it is not asked for again by itself");
    assert!(world.commands.is_empty(), "nor is the day closed by itself");
    // A new link does not take it away, but a payment that goes well does.
    world.lose_link();
    world.comes_back();
    assert!(action(&world).is_some());
    world.card("k2", 1010);
    world.sync();
    world.approve();
    world.sync();
    world.end(Ending::Completed);
    world.sync();
    assert_eq!(action(&world), None);
    // What a registration told is told again by the next one, and is done by its service.
    world.terminal(TerminalEvent::Wants(Chore::Diagnosis));
    assert!(
        world
            .next_step()
            .contains("till terminal diagnosis --device desk1")
    );
    world.serve(ServiceWish::Diagnosis);
    world.not_served(Some("zvt:64"), "No.");
    world.sync();
    assert!(action(&world).is_some(), "it was refused");
    world.serve(ServiceWish::Diagnosis);
    world.served("Done.");
    world.sync();
    assert_eq!(action(&world), None);
    world.terminal(TerminalEvent::Wants(Chore::Initialisation));
    world.lose_link();
    world.comes_back();
    assert_eq!(action(&world), None);
}

#[test]
fn the_lines_state_is_shown_and_neither_written_nor_published() {
    let mut world = World::new();
    let line = LineStatistics {
        naks_sent: 3,
        ..LineStatistics::default()
    };
    let device: DeviceId = "desk1".parse().unwrap();
    let event = TerminalEvent::Line(line);
    let effects = world.engine.handle(NOW, Event::Terminal { device, event });
    assert_eq!(effects, []);
    assert_eq!(world.engine.desk().devices[1].line, Some(line));
    assert_eq!(world.engine.desk().devices[0].line, None);
}

/// What becomes of a slip: the kind of print job, if it is printed.
fn printed(world: &mut World, payment: Option<PaymentId>, copy: SlipCopy) -> Option<JobKind> {
    let line = SlipLine {
        text: "Summe".into(),
        ..SlipLine::default()
    };
    let lines = vec![line];
    let slip = Slip {
        copy,
        lines,
        signature: false,
    };
    world.terminal(TerminalEvent::Receipt { payment, slip });
    match world.writes.pop_back() {
        Some((_, Write::Slip { job, .. })) => job.map(|(_, kind)| kind),
        other => panic!("a slip is kept: {other:?}"),
    }
}

#[test]
fn slips_of_services_and_of_ends_of_day_are_printed_once_as_what_they_are() {
    const ALL: [SlipCopy; 3] = [
        SlipCopy::Merchant,
        SlipCopy::Customer,
        SlipCopy::Administration,
    ];
    let mut world = World::new();
    let device = world
        .engine
        .devices
        .values_mut()
        .find(|d| d.setup.terminal.is_some());
    device.unwrap().setup.printer = Some("front".parse().unwrap());
    // The rest of an earlier payment is kept, and a report is printed whenever it comes.
    for (copy, kind) in ALL
        .into_iter()
        .zip([None, None, Some(JobKind::Administration)])
    {
        assert_eq!(printed(&mut world, None, copy), kind);
    }
    world.serve(ServiceWish::RepeatReceipt);
    for copy in ALL {
        assert_eq!(printed(&mut world, None, copy), Some(JobKind::Repeated));
    }
    world.served("Done.");
    world.serve(ServiceWish::Diagnosis);
    for copy in ALL {
        let kind = printed(&mut world, None, copy);
        assert_eq!(kind, Some(JobKind::Administration));
    }
    world.served("Done.");
    world.sync();
    world.close();
    for copy in ALL {
        let kind = printed(&mut world, None, copy);
        assert_eq!(kind, Some(JobKind::Administration));
    }
}

/// Nobody may take it for an end of day that was not begun: the terminal may have closed.
#[test]
fn an_end_of_day_that_cannot_be_recorded_is_not_refused_as_if_it_had_not_begun() {
    let mut world = World::new();
    let ends_of_day = |world: &World| {
        let asked = world.commands.iter();
        asked.filter(|c| matches!(c, Command::EndOfDay)).count()
    };
    let close = world.close();
    world.sync();
    assert_eq!(ends_of_day(&world), 1);
    world.stuck = true;
    world.terminal(TerminalEvent::DayEnded(DayEnd::Unknown("Silence.".into())));
    world.sync();
    assert_eq!(world.answer(close), "outcome-not-recorded");
    // Sent again, it is taken up again.
    world.stuck = false;
    let again = world.close();
    world.sync();
    assert_eq!(ends_of_day(&world), 2);
    world.terminal(TerminalEvent::DayEnded(DayEnd::Unknown("Silence.".into())));
    world.sync();
    assert_eq!(world.answer(again), "closing unknown");
}
