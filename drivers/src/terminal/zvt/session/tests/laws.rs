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
    /// payment, nothing is acknowledged while an approval is stored, one approval is stored at a
    /// time, and whatever was asked of the driver ends once.
    #[test]
    fn no_order_of_inputs_breaks_the_laws(
        steps in prop::collection::vec((0..24_u8, prop::collection::vec(any::<u8>(), 0..12)), 0..60),
        serial in any::<bool>(),
        print_here in any::<bool>(),
    ) {
        let mut desk = Desk::ready(if serial { Framing::Serial } else { Framing::Tcp }, print_here);
        desk.disk = None;
        let (mut storing, mut outstanding) = (false, false);
        let mut asked: Vec<PaymentId> = Vec::new();
        let mut questions = [0_usize; 3];
        for (step, junk) in steps {
            let before = desk.stored.len();
            let repeats = usize::try_from(desk.zvt.statistics().unwrap_or_default().repeats).unwrap();
            let next = payment(u8::try_from(asked.len()).unwrap() + 2);
            match step {
                0 => desk.input(Input::Command(Command::Pay { payment: next, money: euros(1010) })),
                1 => desk.input(Input::LinkDown),
                2 => desk.input(Input::LinkUp),
                3 => desk.input(Input::Bytes(&junk)),
                4 => desk.passes(200_000),
                5 => desk.passes(1_000),
                6 => { (storing, outstanding) = (false, false); desk.input(Input::Stored(junk.len() > 4)); }
                7 | 16 => desk.says("80 00"),
                8 => desk.says(GOOD),
                9 => desk.says(REGISTERED),
                10 => desk.says("06 1E 05"),
                11 => desk.says(SLIP),
                12 => desk.says("04 FF 0A"),
                13 => desk.says(OTHER),
                14 => desk.says("06 0F"),
                15 => desk.input(Input::Command(Command::Abort { payment: payment(2) })),
                17 => desk.input(Input::Command(Command::Reverse { payment: next, money: euros(1010), original: receipt(10) })),
                18 => desk.input(Input::Command(Command::Refund { payment: next, money: euros(1010), original: None })),
                19 => { questions[0] += 1; desk.input(Input::Command(Command::LastTransaction)); }
                20 => { questions[1] += 1; desk.input(Input::Command(Command::EndOfDay)); }
                21 => {
                    questions[2] += 1;
                    let service = if junk.len() > 6 { Service::LogOff } else { Service::Diagnosis };
                    desk.input(Input::Command(Command::Service(service)));
                }
                22 => desk.says("06 0F 9C"),
                _ => desk.says("84 9C"),
            }
            if matches!(step, 0 | 17 | 18) { asked.push(next); }
            let stores = desk.stored.len() - before;
            prop_assert!(stores <= usize::from(!outstanding), "two at once: {:?}", desk.log);
            outstanding |= stores > 0;
            storing |= stores > 0;
            // Nobody waits for an acknowledgement on a link that is gone.
            storing &= !matches!(step, 1 | 2);
            // An earlier acknowledgement may be sent again by a line that got no ACK for it.
            if storing && stores == 0 {
                let acknowledged = desk.log.iter().filter(|w| *w == "> 80 00").count();
                let repeats = usize::try_from(desk.zvt.statistics().unwrap_or_default().repeats).unwrap() - repeats;
                prop_assert!(acknowledged <= repeats, "{:?}", desk.log);
            }
            let requests = desk.log.iter().filter(|w| matches!(w.as_str(), "> 06 01" | "> 06 30" | "> 06 31"));
            prop_assert!(requests.count() <= 1);
            desk.log.clear();
        }
        desk.input(Input::LinkDown);
        for id in &asked {
            let ends = desk.events.iter().filter(|e| matches!(e, Event::Ended { payment, .. } if payment == id));
            prop_assert_eq!(ends.count(), 1);
        }
        prop_assert!(desk.money_requests <= asked.len());
        let count = |of: fn(&Event) -> bool| desk.events.iter().filter(|e| of(e)).count();
        prop_assert_eq!(questions, [
            count(|e| matches!(e, Event::LastTransaction(_))),
            count(|e| matches!(e, Event::DayEnded(_))),
            count(|e| matches!(e, Event::Served(_))),
        ]);
    }
}
