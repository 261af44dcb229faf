//! What people plan for the day: their sales, what they may want of them later, and each intention
//! with its key. How the daemon answers changes none of it.

use std::{collections::HashSet, time::Duration};

use drivers::Mono;
use payment::Method;

use super::{Deed, Intention, LOOKS, Wish, euros};
use crate::{
    clinic::{CASHBOX, DEVICES},
    world::{Day, What, World},
};

/// Programs that ask at once, and how often; in between, most of them have their answer.
const CROWD: u64 = 50;
const ROUNDS: Duration = Duration::from_mins(6);

/// The invoices that are there.
const INVOICES: [u64; 3] = [1000, 1001, 1002];

impl World {
    pub(crate) fn plan_people(&mut self) {
        for id in INVOICES {
            self.books.add_invoice(id, euros(1_000_000));
        }
        let day = self.day.as_secs();
        match self.sort {
            Day::Usual => {
                for _ in 0..2 + self.agenda.random.below(6) {
                    let at = self.moment(5, day);
                    self.plan_a_sale(at);
                }
            }
            Day::Crowded => {
                let mut round = Mono::new(ROUNDS / 6);
                while round.elapsed() < self.day {
                    for _ in 0..CROWD {
                        let at = round + self.agenda.random.while_of(0, 1000);
                        self.plan_a_sale(at);
                    }
                    round = round + ROUNDS;
                }
            }
        }
        if self.agenda.random.once_in(2) {
            let desks = &DEVICES[..self.terminals.len()];
            let device = self.agenda.random.pick(desks);
            let at = self.moment(day / 2, day);
            let close = self.intend(Wish::Close, device);
            self.do_at(at, Deed::Ask(close));
            for most in [400, 1_800_000] {
                if self.agenda.random.once_in(3) {
                    let again = at + self.agenda.random.while_of(0, most);
                    self.do_at(again, Deed::Ask(close));
                }
            }
        }
        for _ in 0..4 {
            let at = self.moment(1, day);
            self.do_at(at, Deed::Call);
        }
        for _ in 0..self.agenda.random.below(3) {
            let at = self.moment(1, day);
            let number = usize::from(self.agenda.random.once_in(2));
            self.do_at(at, Deed::Serve(number));
        }
        self.do_at(Mono::new(LOOKS), Deed::Look);
    }

    /// A sale, and what somebody may want of it later.
    fn plan_a_sale(&mut self, at: Mono) {
        let devices = self.clinic.devices();
        let method =
            self.agenda
                .random
                .pick(&[Method::Card, Method::Card, Method::Card, Method::Cash]);
        let device = self.agenda.random.pick(&devices);
        let method = if device == CASHBOX {
            Method::Cash
        } else {
            method
        };
        let sale = self.intend(Wish::Sale(method), device);
        self.do_at(at, Deed::Ask(sale));
        let after = |world: &mut Self, most| at + world.agenda.random.while_of(1000, most);
        if self.agenda.random.once_in(4) {
            // A double click.
            let again = at + self.agenda.random.while_of(0, 400);
            self.do_at(again, Deed::Ask(sale));
        }
        if self.agenda.random.once_in(6) {
            let at = after(self, 3_600_000);
            self.do_at(at, Deed::Misuse(sale));
        }
        if self.agenda.random.once_in(10) {
            let at = after(self, 8000);
            self.do_at(at, Deed::Abort(sale));
        }
        if self.agenda.random.once_in(6) {
            let at = after(self, 900_000);
            self.do_at(at, Deed::Copy(sale));
        }
        if self.agenda.random.once_in(4) {
            let at = after(self, 1_800_000);
            let cancel = self.intend(Wish::Cancel(sale), device);
            self.do_at(at, Deed::Ask(cancel));
        }
        if self.agenda.random.once_in(4) {
            for _ in 0..=self.agenda.random.below(2) {
                let at = after(self, 3_600_000);
                let refund = self.intend(Wish::Refund(sale), device);
                self.do_at(at, Deed::Ask(refund));
            }
        }
    }

    fn moment(&mut self, least: u64, most: u64) -> Mono {
        let seconds = least + self.agenda.random.below(most - least);
        Mono::new(Duration::from_secs(seconds) + self.agenda.random.while_of(0, 1000))
    }

    fn do_at(&mut self, at: Mono, deed: Deed) {
        self.agenda.at(at, What::Deed(deed));
    }

    /// An invoice that is there.
    pub(super) fn real_invoice(&mut self) -> u64 {
        self.agenda.random.pick(&INVOICES)
    }

    fn intend(&mut self, wish: Wish, device: &'static str) -> usize {
        let number = self.people.intentions.len();
        let n = i64::try_from(number).unwrap_or(0);
        let odd = i64::try_from(self.agenda.random.below(10)).unwrap_or(0);
        let minor = match wish {
            Wish::Sale(_) => 5000 + 20 * n + odd,
            Wish::Refund(_) => 1010 + 20 * n + odd,
            Wish::Cancel(of) => self.people.intentions[of].minor,
            Wish::Close => 0,
        };
        let invoice = match wish {
            Wish::Sale(_) => match self.agenda.random.below(10) {
                0 => None,
                // An invoice that is not there.
                1 => Some(9999),
                _ => Some(self.real_invoice()),
            },
            Wish::Cancel(of) | Wish::Refund(of) => self.people.intentions[of].invoice,
            Wish::Close => None,
        };
        self.people.intentions.push(Intention {
            wish,
            key: format!("key-{number}").parse().unwrap(),
            device,
            minor,
            invoice,
            tries: 0,
            open: 0,
            payment: None,
            told: HashSet::new(),
            given_up: false,
            closing: None,
            closes: 0,
            ended: HashSet::new(),
        });
        number
    }
}
