//! What the printer says of itself, and what is carried out at once.

use super::*;

#[test]
fn status_bytes_are_those_of_the_manual() {
    for (faults, expected) in [
        (&[][..], [0x16, 0x12, 0x12, 0x12]),
        (&["near-end"], [0x16, 0x12, 0x12, 0x1E]),
        (&["paper-out"], [0x1E, 0x32, 0x12, 0x7E]),
        (&["cover-open"], [0x1E, 0x16, 0x12, 0x12]),
        (&["offline"], [0x1E, 0x12, 0x12, 0x12]),
        (&["cutter-jam"], [0x1E, 0x52, 0x1A, 0x12]),
        (&["hot-head"], [0x1E, 0x52, 0x52, 0x12]),
        (&["broken"], [0x1E, 0x52, 0x32, 0x12]),
        (&["drawer-open"], [0x12, 0x12, 0x12, 0x12]),
    ] {
        let asked = b"\x10\x04\x01\x10\x04\x02\x10\x04\x03\x10\x04\x04";
        assert_eq!(feed(&mut printer(faults), asked), expected, "{faults:?}");
    }
    assert_eq!(feed(&mut printer(&[]), b"\x1da\xff"), [0x14, 0, 0, 0]);
    assert_eq!(
        feed(&mut printer(&["silent"]), b"\x10\x04\x01\x1dr\x01"),
        Vec::<u8>::new()
    );
}

#[test]
fn changes_are_told_when_asked_for() {
    let mut printer = printer(&[]);
    feed(&mut printer, b"\x1da\xff");
    printer.arm(Fault::PaperOut);
    let told = at(&mut printer, Mono::default(), Input::Timeout);
    assert_eq!(told, [0x1C, 0, 0x0F, 0]);
}

#[test]
fn only_changes_that_were_asked_for_are_told() {
    for (asked, fault, told) in [
        (0x01, "drawer-open", &[0x10, 0, 0, 0][..]),
        (0x01, "near-end", &[]),
        (0x02, "cover-open", &[0x3C, 0, 0, 0]),
        (0x02, "drawer-open", &[]),
        (0x04, "broken", &[0x1C, 0x20, 0, 0]),
        (0x08, "near-end", &[0x14, 0, 0x03, 0]),
        (0x40, "near-end", &[]),
    ] {
        let mut printer = printer(&[]);
        assert_eq!(feed(&mut printer, &[0x1D, b'a', asked]), [0x14, 0, 0, 0]);
        printer.arm(fault.parse().unwrap());
        let said = at(&mut printer, Mono::default(), Input::Timeout);
        assert_eq!(said, told, "GS a {asked}, {fault}");
        let again = at(&mut printer, Mono::default(), Input::Timeout);
        assert_eq!(again, b"", "it is said once");
    }
    for off in [&b"\x1da\0"[..], b"\x1da\xff\x1b@"] {
        let mut printer = printer(&[]);
        feed(&mut printer, off);
        printer.arm(Fault::CoverOpen);
        assert_eq!(at(&mut printer, Mono::default(), Input::Timeout), b"");
    }
}

#[test]
fn real_time_commands_are_carried_out_inside_of_an_image() {
    let mut printer = printer(&[]);
    let image = [
        &b"\x1dv0\0\x08\0\x02\0"[..],
        b"\x10\x04\x01\x10\x14\x01\x01\x03",
        &[0; 8],
    ]
    .concat();
    assert_eq!(feed(&mut printer, &image), [0x16]);
    assert_eq!(printer.uncut(), "[IMAGE 64x2]\n", "and stay a part of it");
    feed(&mut printer, b"\x1bp0\x19\xfa");
    let kick = |pin, on, off| Kick {
        pin,
        on: Duration::from_millis(on),
        off: Duration::from_millis(off),
    };
    let kicks: Vec<Kick> = printer.kicks().collect();
    assert_eq!(kicks, [kick(5, 300, 300), kick(2, 50, 500)]);
    assert_eq!(printer.drawer_pulses(), 2);
}

#[test]
fn an_error_is_left_by_dle_enq_only_where_the_manual_says_so() {
    for (fault, command, gone, printed) in [
        ("cutter-jam", 1, true, "waits\n"),
        ("cutter-jam", 2, true, ""),
        ("paper-out", 1, false, ""),
        ("paper-out", 2, false, ""),
        ("broken", 1, false, ""),
        ("hot-head", 2, false, ""),
    ] {
        let mut printer = printer(&[fault]);
        feed(&mut printer, b"waits\n");
        feed(&mut printer, &[0x10, 0x05, command]);
        let online = feed(&mut printer, b"\x10\x04\x01") == [0x16];
        assert_eq!(
            (online, printer.uncut().as_str()),
            (gone, printed),
            "{fault} {command}"
        );
    }
}

#[test]
fn models_differ_in_what_they_answer_and_do() {
    let mut plain = Printer::with_options(Options {
        cutter: false,
        process_id: false,
        ..Options::default()
    });
    let answered = feed(&mut plain, b"one\n\x1dVA\0\x1d(H\x06\x0000abcd\x1dI\x02");
    assert_eq!(answered, [0]);
    assert_eq!((plain.pages().len(), plain.uncut().as_str()), (0, "one\n"));
    assert_eq!(feed(&mut printer(&[]), b"\x1dI\x02"), [2]);
}

#[test]
fn the_barrier_is_withheld_until_the_paper_is_back() {
    let mut printer = printer(&["paper-out-after=1"]);
    let job = b"one\ntwo\n\x1dV\0\x1d(H\x06\x0000abcd\x1dr\x01";
    assert_eq!(feed(&mut printer, job), Vec::<u8>::new());
    assert_eq!(printer.uncut(), "one\n");
    assert_eq!(feed(&mut printer, b"\x10\x04\x01"), [0x1E]);
    printer.clear();
    let late = at(&mut printer, Mono::default(), Input::Timeout);
    assert_eq!(late, b"\x37\x22abcd\0\0");
    assert_eq!(printer.pages(), ["one\ntwo\n"]);
    assert_eq!(printer.bytes_waiting(), 0);
}

#[test]
fn a_clearing_drops_what_waits() {
    let mut printer = printer(&["cover-open"]);
    feed(&mut printer, b"never\n\x1dr\x01");
    let cleared = feed(&mut printer, b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08");
    assert_eq!(cleared, [0x37, 0x25, 0x00]);
    printer.clear();
    assert_eq!(feed(&mut printer, b"\x1dV\0"), Vec::<u8>::new());
    assert_eq!(printer.pages(), [""]);
}

#[test]
fn without_a_sensor_nobody_knows_that_the_roll_is_nearly_empty() {
    let mut printer = Printer::with_options(Options {
        near_end_sensor: false,
        ..Options::default()
    });
    for (fault, status) in [(Fault::NearEnd, 0x12), (Fault::PaperOut, 0x72)] {
        printer.arm(fault);
        assert_eq!(feed(&mut printer, b"\x10\x04\x04"), [status]);
    }
    printer.clear();
    printer.arm(Fault::NearEnd);
    assert_eq!(feed(&mut printer, b"\x10\x04\x04\x1dr\x01"), [0x12, 0]);
}
