//! What is told besides payments and answers: what the terminal wants, and how its line does.

use super::*;

#[test]
fn what_the_terminal_wants_is_told() {
    for framing in [Framing::Serial, Framing::Tcp] {
        let mut desk = Desk::new(framing, true);
        desk.says("80 00 00");
        desk.says("06 0F 19 1F 29 29 00 10 06 49 09 78");
        desk.takes(&[
            "> 06 00",
            "ready 29001006",
            "wants Initialisation",
            "wants Diagnosis",
            "> 80 00",
        ]);
        // The end of day is due: told once for each payment that is refused, and nothing is asked
        // again by itself.
        for (says, expected) in [
            (
                &["80 00", "06 1E F0"][..],
                &["wants EndOfDay", "declined zvt:F0", "> 80 00"][..],
            ),
            (&["84 F0"], &["wants EndOfDay", "declined zvt:F0"]),
        ] {
            let mut desk = Desk::ready(framing, true);
            desk.pay(1, 1010);
            for message in says {
                desk.says(message);
            }
            desk.takes(&[&["> 06 01"], expected].concat());
            desk.passes(59_999);
            desk.takes(&[]);
            assert_eq!(desk.money_requests, 1);
        }
    }
    let mut desk = Desk::ready(Framing::Tcp, true);
    desk.command(Command::Service(Service::RepeatReceipt));
    desk.says("84 F0");
    desk.takes(&["> 06 20", "wants EndOfDay", "not served zvt:F0"]);
}

#[test]
fn the_lines_state_is_told_when_it_changes_and_never_often() {
    let mut desk = Desk::ready(Framing::Serial, true);
    assert_eq!(desk.lines, [LineStatistics::default()]);
    desk.passes(1_000);
    for _ in 0..50 {
        desk.input(Input::Bytes(&[0x55]));
    }
    assert_eq!(desk.lines.len(), 2, "the first change at once");
    desk.passes(999);
    assert_eq!(desk.lines.len(), 2);
    assert_eq!(desk.deadline, Some(desk.now + Duration::from_millis(1)));
    desk.passes(1);
    assert_eq!(desk.lines.last().map(|line| line.noise), Some(50));
    desk.passes(5_000);
    assert_eq!(desk.lines.len(), 3, "nothing is new");
    desk.input(Input::LinkDown);
    desk.input(Input::LinkUp);
    assert_eq!(desk.lines.len(), 3, "it is kept when the link goes");
    let desk = Desk::ready(Framing::Tcp, true);
    assert!(desk.lines.is_empty(), "TCP has no line");
}
