//! What an earlier operation left.

use super::*;

const BOTH: [Framing; 2] = [Framing::Serial, Framing::Tcp];

#[test]
fn they_are_answered_and_never_taken_for_ours() {
    for framing in BOTH {
        let mut desk = Desk::ready(framing, true);
        desk.says("04 FF 17");
        desk.says("04 0F 27 77");
        desk.says("06 1E 77");
        desk.says("04 01 AA 26 03 04 0C 05 06 07");
        desk.takes(&["> 80 00"; 4]);
        desk.says("06 E4");
        desk.takes(&["> 84 83"]);
        desk.pay(1, 1010);
        desk.says(GOOD);
        desk.says("06 0F");
        desk.takes(&["> 06 01", "store left over", "> 80 00", "> 80 00"]);
        desk.says("80 00");
        desk.says("06 1E 05");
        desk.takes(&["declined zvt:05", "> 80 00"]);
    }
}

#[test]
fn an_approval_is_kept_or_taken_back() {
    for (durable, answer) in [(true, "> 80 00"), (false, "> 84 66")] {
        for framing in BOTH {
            let mut desk = Desk::ready(framing, true);
            desk.disk = None;
            desk.says(GOOD);
            // What follows waits, and so does a command; what is repeated is not kept twice.
            desk.says(GOOD);
            desk.says("06 0F");
            desk.pay(1, 1010);
            desk.takes(&["store left over"]);
            desk.input(Input::Stored(durable));
            desk.takes(&[answer, "> 80 00", "> 06 01"]);
            desk.says("80 00");
            desk.takes(&[]);
        }
    }
}

#[test]
fn what_cannot_be_read_is_not_accepted() {
    let mut desk = Desk::ready(Framing::Tcp, true);
    desk.says("04 0F 04 00 00 00 00 10 10");
    desk.takes(&["> 84 66"]);
}

#[test]
fn an_answer_of_the_disk_that_comes_after_the_link_was_lost_counts_for_nobody() {
    for framing in BOTH {
        let mut desk = Desk::ready(framing, true);
        desk.disk = None;
        desk.says(GOOD);
        desk.input(Input::LinkUp);
        // The approval comes again on the new link, before the disk's answer to the first.
        desk.says(GOOD);
        desk.says("80 00");
        desk.takes(&["store left over", "not ready", "> 06 00"]);
        desk.input(Input::Stored(true));
        desk.takes(&["store left over"]);
        desk.input(Input::Stored(true));
        desk.takes(&["> 80 00"]);
        desk.says(REGISTERED);
        desk.takes(&["ready 29001006", "> 80 00"]);
    }
}

#[test]
fn they_come_in_the_middle_of_a_status_enquiry_too() {
    let mut desk = Desk::ready(Framing::Tcp, true);
    desk.passes(60_000);
    desk.says("04 FF 0E");
    desk.says("80 00");
    desk.says(GOOD);
    desk.says("06 0F 00");
    desk.takes(&[
        "> 05 01",
        "> 80 00",
        "store left over",
        "> 80 00",
        "> 80 00",
    ]);
}
