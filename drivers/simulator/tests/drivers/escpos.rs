//! The ESC/POS driver against the simulated printer.

use std::time::Duration;

use drivers::{
    link::Policy,
    printer::{
        Command, Ending, Event,
        escpos::{Align, EscPos, Line, Profile, Style, render},
    },
};
use simulator::printer::Printer;

use crate::world::World;

fn world(profile: &str, faults: &[&str]) -> World<EscPos, Printer> {
    let profile = Profile::find(profile).unwrap();
    let mut printer = Printer::new(profile.columns);
    for fault in faults {
        printer.arm(fault.parse().unwrap());
    }
    let mut world = World::new(EscPos::new(profile, Policy::Keep), printer);
    let lines = [
        Line::Text("Zahnärzte am Markt".into(), Style::default()),
        Line::Columns("Summe".into(), "10,10 €".into(), Style::default()),
        Line::Cut,
    ];
    let bytes = render(&lines, profile);
    world.command(Command::Print { job: 7, bytes });
    world
}

fn ending(world: &World<EscPos, Printer>) -> Option<&Ending> {
    world.events.iter().find_map(|event| match event {
        Event::Ended { job: 7, ending } => Some(ending),
        _ => None,
    })
}

fn run(world: &mut World<EscPos, Printer>, limit: Duration) {
    world.run(limit, |world| ending(world).is_some());
}

/// The printer's own reading of the bytes gives back the text, by spaces and by positions alike.
#[test]
fn what_is_rendered_is_what_stands_on_paper() {
    let centre = Style {
        align: Align::Centre,
        ..Style::default()
    };
    let wide = Style {
        wide: true,
        ..Style::default()
    };
    let lines = [
        Line::Text("Praxis „Größe“ – Nº 1…".into(), centre),
        Line::Columns(
            "Füllung".into(),
            "1\u{202f}240,00\u{a0}€".into(),
            Style::default(),
        ),
        Line::Columns("Summe".into(), "5 €".into(), wide),
        Line::Rule,
        Line::Qr("https://a.example/1".to_owned()),
        Line::Feed(2),
        Line::Text("Ende".into(), Style::default()),
        Line::Cut,
    ];
    for (name, columns) in [
        ("epson-tm-t20iii", 48),
        ("epson-tm-t88v", 42),
        ("generic-80mm", 48),
    ] {
        let mut world = World::new(
            EscPos::new(Profile::find(name).unwrap(), Policy::Keep),
            Printer::new(columns),
        );
        let bytes = render(&lines, Profile::find(name).unwrap());
        world.command(Command::Print { job: 7, bytes });
        run(&mut world, Duration::from_mins(1));
        let page = world.device.pages().first().unwrap();
        let read: Vec<&str> = page
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty())
            .collect();
        // A wide character takes two columns, and is followed by nothing.
        let apart = |text: &str| text.chars().flat_map(|c| [c, ' ']).collect::<String>();
        let wide = format!(
            "{}{:gap$}{}",
            apart("Summe"),
            "",
            apart("5 €").trim_end(),
            gap = columns - 16
        );
        let expected = [
            "Praxis \"Größe\" - Nº 1...".to_owned(),
            format!("Füllung{:gap$}1 240,00 €", "", gap = columns - 17),
            wide,
            "-".repeat(columns),
            "[QR: https://a.example/1]".to_owned(),
            "Ende".to_owned(),
        ];
        assert_eq!(read, expected, "{name}");
    }
}

#[test]
fn a_receipt_is_confirmed_in_every_way() {
    for name in ["epson-tm-t20iii", "generic-80mm"] {
        let mut world = world(name, &[]);
        run(&mut world, Duration::from_mins(1));
        assert_eq!(ending(&world), Some(&Ending::Confirmed), "{name}");
        let page = world.device.pages().first().unwrap();
        let summe = format!("Summe{:36}10,10 €", "");
        for expected in ["Zahnärzte am Markt", &summe] {
            assert!(page.contains(expected), "{name}: {page}");
        }
    }
}

#[test]
fn what_is_known_of_a_faulty_printer_is_said_and_no_more() {
    for (fault, printed) in [
        ("silent", true),
        ("cut-link-after=40", false),
        ("paper-out-after=1", false),
    ] {
        let mut world = world("epson-tm-t20iii", &[fault]);
        run(&mut world, Duration::from_hours(1));
        let ended = ending(&world);
        assert!(
            matches!(ended, None | Some(Ending::Unknown(_))),
            "{fault}: {ended:?}"
        );
        assert_eq!(!world.device.pages().is_empty(), printed, "{fault}");
    }
    let mut world = world("epson-tm-t20iii", &["cover-open"]);
    run(&mut world, Duration::from_hours(1));
    assert!(matches!(ending(&world), Some(Ending::NotStarted(_))));
}

#[test]
fn a_job_goes_on_when_the_paper_is_back() {
    let mut world = world("epson-tm-t20iii", &["paper-out-after=1"]);
    run(&mut world, Duration::from_secs(30));
    assert_eq!(ending(&world), None);
    let waits = |event: &Event| matches!(event, Event::Waiting { job: 7, .. });
    assert!(world.events.iter().any(waits), "{:?}", world.events);
    world.device.clear();
    run(&mut world, Duration::from_secs(30));
    assert_eq!(ending(&world), Some(&Ending::Confirmed));
    assert_eq!(world.device.pages().len(), 1);
}
