//! What holds whatever happens.

use payment::Approval;
use proptest::prelude::*;

use super::*;

proptest! {
    /// However bytes are cut, the same happens.
    #[test]
    fn cuts_change_nothing(cuts in prop::collection::vec(1..9_usize, 1..10)) {
        let mut desk = Desk::new();
        desk.pay(1, 1010);
        let wire = [&[NAK][..], &[0x7f, ACK], &[ENQ], &frame(DONE.as_bytes()), &[EOT]].concat();
        desk.passes(0);
        let mut rest = &wire[1..];
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break; }
            let (head, tail) = rest.split_at(rest.len().min(*cut));
            desk.hears(head);
            rest = tail;
        }
        // An EOT that did not wait for our ACK is none.
        desk.passes(2000);
        desk.takes(&["> ENQ", "> request", "> ACK", "store", "> ACK", "completed"]);
    }

    /// Laws 2 and 4: whatever a terminal, a disk and a desk do, a request leaves again after a NAK
    /// only, nothing is acknowledged while an approval is stored, and everything ends once.
    #[test]
    fn no_order_of_inputs_breaks_the_laws(
        steps in prop::collection::vec((0..18_u8, prop::collection::vec(any::<u8>(), 0..40)), 0..80),
    ) {
        let mut desk = Desk::new();
        desk.disk = None;
        let (mut asked, mut repeated) = (Vec::new(), Vec::new());
        let (mut naks, mut outstanding, mut storing) = (0, 0_usize, false);
        for (step, junk) in steps {
            let n = u8::try_from(asked.len()).unwrap() + 1;
            let (money, before) = (euros(1010), desk.facts.len());
            match step {
                0 => desk.pay(n, 1010),
                1 => desk.input(Input::Command(Command::Reverse { payment: payment(n), money, original: Box::new(Approval::default()) })),
                2 => desk.input(Input::Command(Command::Refund { payment: payment(n), money, original: None })),
                3 => desk.pay(n.saturating_sub(1).max(1), 1010),
                4 => { storing = false; desk.input(Input::LinkDown); }
                5 => { storing = false; desk.input(Input::LinkUp); }
                6 => {
                    if outstanding == 1 { storing = false; }
                    outstanding = outstanding.saturating_sub(1);
                    desk.input(Input::Stored(junk.len() > 4));
                }
                7 => desk.hears(&junk),
                8 => desk.passes(1000),
                9 => desk.passes(200_000),
                10 => desk.hears(&[ENQ]),
                11 => desk.hears(&[EOT]),
                12 => { naks += 1; desk.hears(&[NAK]); }
                13 => desk.says(NOT_DONE),
                14 => desk.says("0100000101119780000000000"),
                15 => desk.says(DONE),
                _ => desk.hears(&[ACK]),
            }
            if step == 7 { naks += junk.iter().map(|byte| usize::from(*byte == NAK)).sum::<usize>(); }
            match step {
                0..3 => asked.push(payment(n)),
                3 if asked.is_empty() => asked.push(payment(n)),
                3 => repeated.push(payment(n - 1)),
                _ => {}
            }
            let stores = desk.facts.len() - before;
            let acknowledged = desk.log.iter().skip_while(|w| !w.starts_with("store")).any(|w| w == "> ACK");
            if storing && stores == 0 && step != 6 {
                prop_assert!(!desk.log.iter().any(|w| w == "> ACK"), "law 2: {:?}", desk.log);
            }
            prop_assert!(!acknowledged || step == 6, "law 2: {:?}", desk.log);
            outstanding += stores;
            storing |= stores > 0;
            desk.log.clear();
        }
        desk.input(Input::LinkDown);
        for id in &asked {
            let ends = desk.events.iter().filter(|e| matches!(e, Event::Ended { payment, .. } if payment == id));
            let (ends, again) = (ends.count(), repeated.contains(id));
            prop_assert!(ends == 1 || again && ends > 1, "{ends} ends");
        }
        prop_assert!(desk.requests <= asked.len() + naks, "law 4");
    }
}
