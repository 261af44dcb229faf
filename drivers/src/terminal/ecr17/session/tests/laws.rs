//! What holds whatever happens.

use proptest::prelude::*;

use super::*;

proptest! {
    /// However bytes are cut, the same happens.
    #[test]
    fn cuts_change_nothing(cuts in prop::collection::vec(1..30_usize, 1..10)) {
        let mut desk = Desk::ready(true);
        desk.pay(1, 1010);
        desk.up();
        desk.acks();
        desk.passes(200);
        desk.log.clear();
        let way = desk.lrc;
        let wire = [
            frame::answer(ACK, way),
            b"\x01ATTENDERE\x04".to_vec(),
            frame::message(approved(1010, 7).as_bytes(), way),
            frame::message(b"123456780SNEXI}}}}}}}\x1b", way),
        ].concat();
        let mut rest = &wire[..];
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break; }
            let (head, tail) = rest.split_at(rest.len().min(*cut));
            desk.input(Input::Bytes(head));
            rest = tail;
        }
        // The answer of the disk comes when it comes.
        desk.takes(&["progress ATTENDERE", "store", "ack", "ack", "receipt Customer", "completed"]);
    }

    /// Laws 2 and 4: whatever a terminal, a disk and a desk do, money is asked for at most once for
    /// each payment, no result is acknowledged while it is being stored, and whatever was asked of
    /// the driver ends once.
    #[test]
    fn no_order_of_inputs_breaks_the_laws(
        steps in prop::collection::vec((0..24_u8, prop::collection::vec(any::<u8>(), 0..12)), 0..60),
        print_here in any::<bool>(),
    ) {
        let mut desk = Desk::ready(print_here);
        desk.disk = None;
        let (mut storing, mut outstanding) = (false, 0_usize);
        let mut asked: Vec<PaymentId> = Vec::new();
        let mut questions = [0_usize; 3];
        for (step, junk) in steps {
            let before = desk.stored.len();
            let next = payment(u8::try_from(asked.len()).unwrap() + 2);
            match step {
                0 => desk.pay(u8::try_from(asked.len()).unwrap() + 2, 1010),
                1 => { storing = false; desk.down(); }
                2 | 20 | 21 => { storing = false; desk.up(); }
                3 => desk.input(Input::Bytes(&junk)),
                4 => desk.passes(200_000),
                5 => desk.passes(1_000),
                6 | 22 => if outstanding > 0 {
                    outstanding -= 1;
                    storing &= outstanding > 0;
                    desk.input(Input::Stored(junk.len() > 4));
                },
                7 | 23 => desk.acks(),
                8 => desk.says(&approved(1010, 7 + u32::try_from(junk.len()).unwrap())),
                9 => desk.says(OPERATIVE),
                10 => desk.says(&refused(7)),
                11 => desk.says("123456780SNEXI}}}}}}}\x1b"),
                12 => desk.input(Input::Bytes(b"\x01ATTENDERE\x04")),
                13 => desk.says(&approved(2020, 9)),
                14 => desk.naks(),
                15 => desk.command(Command::Abort { payment: payment(2) }),
                16 => desk.reverse(u8::try_from(asked.len()).unwrap() + 2, Some(7)),
                17 => { questions[0] += 1; desk.command(Command::LastTransaction); }
                18 => { questions[1] += 1; desk.command(Command::EndOfDay); }
                _ => { questions[2] += 1; desk.command(Command::Service(crate::terminal::Service::LogOff)); }
            }
            if matches!(step, 0 | 16) { asked.push(next); }
            let stores = desk.stored.len() - before;
            outstanding += stores;
            if storing && stores == 0 && !desk.log.iter().any(|w| w.starts_with("doubted")) {
                let acknowledged = desk.log.iter().filter(|w| *w == "ack").count();
                prop_assert_eq!(acknowledged, 0, "{:?}", desk.log);
            }
            storing |= stores > 0;
            storing &= !desk.log.iter().any(|w| w.starts_with("doubted"));
            desk.log.clear();
        }
        // Whatever runs comes to its end.
        for _ in 0..8 {
            desk.down();
            desk.passes(200_000);
        }
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
