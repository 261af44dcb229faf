//! What holds whatever happens.

use proptest::prelude::*;

use super::*;

/// Law 2: in one segment, the first message is answered before the approval is stored, so that its
/// answer cannot be taken for the approval's.
#[test]
fn an_answer_leaves_before_the_approval_behind_it_is_stored() {
    let mut desk = Desk::paying(Framing::Tcp, true);
    desk.disk = None;
    let segment = [desk.wire("04 FF 0E"), desk.wire(GOOD)].concat();
    desk.input(Input::Bytes(&segment));
    desk.takes(&["progress zvt:0E", "> 80 00", "store"]);
}

proptest! {
    /// However bytes are cut, the same happens.
    #[test]
    fn cuts_change_nothing(cuts in prop::collection::vec(1..30_usize, 1..10), serial in any::<bool>()) {
        let mut desk = Desk::ready(if serial { Framing::Serial } else { Framing::Tcp }, true);
        desk.pay(1, 1010);
        // An ACK would come in the middle of a frame here, where no terminal sends one.
        desk.acks = false;
        let wire: Vec<u8> = ["80 00", "04 FF 0E", GOOD, SLIP, "06 0F"]
            .iter()
            .flat_map(|message| desk.wire(message))
            .collect();
        let mut rest = &wire[..];
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break; }
            let (head, tail) = rest.split_at(rest.len().min(*cut));
            desk.input(Input::Bytes(head));
            rest = tail;
        }
        desk.log.retain(|word| !word.starts_with('>'));
        desk.takes(&["progress zvt:0E", "store", "receipt Customer", "completed"]);
    }

    /// Laws 2 and 4: whatever a terminal, a disk and a desk do, money is asked for once for each
    /// payment, nothing is acknowledged while an approval is stored, and each payment ends once.
    #[test]
    fn no_order_of_inputs_breaks_the_laws(
        steps in prop::collection::vec((0..16_u8, prop::collection::vec(any::<u8>(), 0..12)), 0..60),
        serial in any::<bool>(),
        print_here in any::<bool>(),
    ) {
        let mut desk = Desk::ready(if serial { Framing::Serial } else { Framing::Tcp }, print_here);
        desk.disk = None;
        let mut storing = false;
        let mut asked = Vec::new();
        for (step, junk) in steps {
            let before = desk.stored.len();
            match step {
                0 => {
                    let n = u8::try_from(asked.len()).unwrap() + 2;
                    asked.push(payment(n));
                    desk.pay(n, 1010);
                }
                1 => desk.input(Input::LinkDown),
                2 => desk.input(Input::LinkUp),
                3 => desk.input(Input::Bytes(&junk)),
                4 => desk.passes(200_000),
                5 => desk.passes(1_000),
                6 => { storing = false; desk.input(Input::Stored(junk.len() > 4)); }
                7 => desk.says("80 00"),
                8 => desk.says(GOOD),
                9 => desk.says(REGISTERED),
                10 => desk.says("06 1E 05"),
                11 => desk.says(SLIP),
                12 => desk.says("04 FF 0A"),
                13 => desk.says(OTHER),
                14 => desk.says("06 0F"),
                _ => desk.input(Input::Command(Command::Abort { payment: payment(2) })),
            }
            storing |= desk.stored.len() > before;
            if storing && !matches!(step, 1 | 2) && desk.stored.len() == before {
                prop_assert!(!desk.log.iter().any(|w| w == "> 80 00"), "{:?}", desk.log);
            }
            // The operation is over: its approval is no longer waited for.
            storing &= !desk.log.iter().any(|w| w.starts_with("doubted"));
            let requests = desk.log.iter().filter(|w| *w == "> 06 01").count();
            prop_assert!(requests <= usize::from(step == 0));
            desk.log.clear();
        }
        for id in asked {
            let ends = desk.events.iter().filter(|e| matches!(e, Event::Ended { payment, .. } if *payment == id));
            prop_assert!(ends.count() <= 1);
        }
    }
}
