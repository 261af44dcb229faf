//! The people at the desk and their programs: what they want, how they ask again, and how they settle
//! what the terminal could not. They are truthful, and not patient.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use daemon::{
    engine::{Answer, Event, ReplyTo, ServiceWish, Taken},
    problem::Problem,
};
use drivers::Mono;
use payment::{
    ClosingId, Currency, IdempotencyKey, Intent, Method, Money, Payment, PaymentId, Purpose,
    Settlement, State, Text, Verdict, closing::ClosingIntent,
};
use sync::{
    delivery::DeliveryState,
    queue::{Urgency, Write},
};

use crate::{
    clinic::{CASHBOX, DEVICES},
    till::{Origin, wire_of},
    world::{Day, Inner, What, World},
};

/// What somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Sale(Method),
    /// Of the intention of that number.
    Cancel(usize),
    Refund(usize),
    Close,
}

/// A wish with a key of its own.
#[derive(Debug, Clone)]
pub(crate) struct Intention {
    pub(crate) wish: Wish,
    pub(crate) key: IdempotencyKey,
    pub(crate) device: &'static str,
    /// In the smallest unit; no two intentions of a world have the same.
    pub(crate) minor: i64,
    pub(crate) invoice: Option<u64>,
    tries: u32,
    /// Asked, and not answered.
    open: u32,
    /// The payment that the first answer named.
    pub(crate) payment: Option<PaymentId>,
    /// Final states that answers named.
    pub(crate) told: HashSet<State>,
    given_up: bool,
}

#[derive(Default)]
pub(crate) struct People {
    pub(crate) intentions: Vec<Intention>,
    /// Answers to requests that used a key for something else.
    impostors: HashSet<ReplyTo>,
    /// Answers to whoever wanted a service.
    served: HashSet<ReplyTo>,
}

/// What somebody does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deed {
    /// Asks for what is wanted, or asks again.
    Ask(usize),
    /// Uses its key for another amount.
    Misuse(usize),
    /// Asks the terminal to end it.
    Abort(usize),
    /// Asks for a copy of its receipt.
    Copy(usize),
    /// Looks whether anything waits for a person.
    Look,
    /// Wants a service of the terminal of that number.
    Serve(usize),
    /// A page from elsewhere, or another name of this machine, calls the API.
    Call,
}

/// A person looks at the terminal's books only when all that was under way must be over.
const DOUBT_IS_OLD: Duration = Duration::from_mins(8);
const LOOKS: Duration = Duration::from_mins(9);
const TRIES: u32 = 6;
/// In a crowd most find the terminal busy, and go on asking.
const TRIES_IN_A_CROWD: u32 = 40;
/// Programs that ask at once, and how often; in between, most of them have their answer.
const CROWD: u64 = 50;
const ROUNDS: Duration = Duration::from_mins(6);

impl World {
    pub(crate) fn plan_people(&mut self) {
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
                _ => Some(1000 + self.agenda.random.below(3)),
            },
            Wish::Cancel(of) | Wish::Refund(of) => self.people.intentions[of].invoice,
            Wish::Close => None,
        };
        if let Some(id) = invoice.filter(|id| *id != 9999) {
            self.books.add_invoice(id, euros(1_000_000));
        }
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
        });
        number
    }

    pub(crate) fn deed(&mut self, deed: Deed) {
        match deed {
            Deed::Ask(number) => self.ask(number),
            Deed::Misuse(number) => self.misuse(number),
            Deed::Abort(number) => self.abort(number),
            Deed::Copy(number) => self.copy(number),
            Deed::Call => self.a_stranger_calls(),
            Deed::Serve(number) => self.serve(number),
            Deed::Look => {
                self.look();
                self.agenda.after(LOOKS, What::Deed(Deed::Look));
            }
        }
    }

    fn hand_in(&mut self, number: usize, event: impl FnOnce(ReplyTo) -> Event) -> Option<ReplyTo> {
        let life = self.life.as_mut()?;
        let reply = life.reply_to(number);
        let what = What::Of(life.number, Inner::Engine(event(reply)));
        let pause = self.agenda.random.while_of(0, 5);
        self.agenda.after(pause, what);
        Some(reply)
    }

    fn ask(&mut self, number: usize) {
        let intention = self.people.intentions[number].clone();
        if intention.given_up {
            return;
        }
        self.people.intentions[number].tries += 1;
        let (at, random) = (self.agenda.wall(), self.agenda.random.bytes());
        if let Wish::Close = intention.wish {
            let intent = ClosingIntent {
                id: ClosingId::new(at, random),
                key: intention.key,
                device: intention.device.parse().unwrap(),
                at,
            };
            self.agenda
                .tell(|| format!("people: the day of {} is to end", intention.device));
            let event = |reply| Event::Close {
                intent: Box::new(intent),
                reply,
            };
            return self.handed_in(number, event);
        }
        let original = match intention.wish {
            Wish::Cancel(of) | Wish::Refund(of) => {
                let Some(original) = self.approved(of) else {
                    return;
                };
                Some(original)
            }
            Wish::Sale(_) | Wish::Close => None,
        };
        let intent = self.intent(&intention, original.as_ref(), intention.minor);
        self.agenda.tell(|| {
            format!(
                "people: {:?} {} of {} as {}",
                intention.wish, intent.money, intention.device, intent.id
            )
        });
        let wait = !self.agenda.random.once_in(4);
        let original = original.map(Box::new);
        let event = |reply| Event::Pay {
            intent: Box::new(intent),
            original,
            reply,
            wait,
        };
        self.handed_in(number, event);
    }

    fn handed_in(&mut self, number: usize, event: impl FnOnce(ReplyTo) -> Event) {
        if self.hand_in(number, event).is_some() {
            self.people.intentions[number].open += 1;
        } else {
            self.agenda.tell(|| "people: nobody answers".to_owned());
            self.ask_again(number);
        }
    }

    fn ask_again(&mut self, number: usize) {
        let most = match self.sort {
            Day::Usual => TRIES,
            Day::Crowded => TRIES_IN_A_CROWD,
        };
        let intention = &mut self.people.intentions[number];
        if intention.tries >= most {
            intention.given_up = true;
            return;
        }
        let pause = self.agenda.random.while_of(500, 90_000);
        self.agenda.after(pause, What::Deed(Deed::Ask(number)));
    }

    fn intent(&mut self, intention: &Intention, original: Option<&Payment>, minor: i64) -> Intent {
        let at = self.agenda.wall();
        let (purpose, method) = match (intention.wish, original) {
            (Wish::Sale(method), _) => (Purpose::Sale, method),
            (Wish::Cancel(_), Some(of)) => (Purpose::Cancel { of: of.intent.id }, of.intent.method),
            (_, Some(of)) => (Purpose::Refund { of: of.intent.id }, of.intent.method),
            (_, None) => (Purpose::Sale, Method::Cash),
        };
        Intent {
            id: PaymentId::new(at, self.agenda.random.bytes()),
            key: intention.key.clone(),
            device: intention.device.parse().unwrap(),
            purpose,
            money: euros(minor),
            method,
            invoice: intention.invoice.map(|id| id.to_string().parse().unwrap()),
            note: None,
            services: payment::Services::default(),
            at,
            before: None,
        }
    }

    /// The payment of an intention, if it is approved.
    fn approved(&self, number: usize) -> Option<Payment> {
        let key = &self.people.intentions[number].key;
        let payment = self.disk.reader().payment_by_key(key).unwrap()?;
        let life = self.life.as_ref()?;
        let payment = life.engine.desk().overlay(payment);
        (payment.state == State::Approved).then_some(payment)
    }

    fn misuse(&mut self, number: usize) {
        let intention = self.people.intentions[number].clone();
        // Only a key whose payment is known to be there stands for something.
        if intention.payment.is_none() {
            return;
        }
        let intent = self.intent(&intention, None, intention.minor + 7);
        let event = |reply| Event::Pay {
            intent: Box::new(intent),
            original: None,
            reply,
            wait: false,
        };
        self.agenda
            .tell(|| format!("people: {} is used for something else", intention.key));
        if let Some(reply) = self.hand_in(number, event) {
            self.people.impostors.insert(reply);
        }
    }

    fn abort(&mut self, number: usize) {
        let key = &self.people.intentions[number].key;
        let payment = self.disk.reader().payment_by_key(key).unwrap();
        if let Some(payment) = payment {
            let payment = payment.intent.id;
            self.agenda
                .tell(|| format!("people: {payment} is to be aborted"));
            let event = |reply| Event::Abort { payment, reply };
            if let Some(reply) = self.hand_in(number, event)
                && let Some(life) = &mut self.life
            {
                life.replies.remove(&reply);
            }
        }
    }

    fn serve(&mut self, number: usize) {
        let wish = match self.agenda.random.below(6) {
            0 => ServiceWish::Diagnosis,
            1 => ServiceWish::Initialisation,
            2 => ServiceWish::DisplayText(Text::from("Back soon")),
            3 => ServiceWish::SetClock,
            4 => ServiceWish::RepeatReceipt,
            _ => ServiceWish::LogOff,
        };
        let device = DEVICES[number].parse().unwrap();
        self.agenda
            .tell(|| format!("people: {wish:?} is wanted of {device}"));
        let event = |reply| Event::Serve {
            device,
            wish,
            reply,
        };
        if let Some(reply) = self.hand_in(0, event) {
            self.people.served.insert(reply);
        }
    }

    fn copy(&mut self, number: usize) {
        let Some(payment) = self.approved(number) else {
            return;
        };
        let write = Write::Copy {
            payment: payment.intent.id,
            printer: self.clinic.config.printers[0].id.clone(),
            at: self.agenda.wall(),
        };
        self.write(Origin::Person, write, Urgency::Now);
    }

    /// An answer comes back from the daemon.
    pub(crate) fn answered(&mut self, to: ReplyTo, number: usize, answer: Answer) {
        self.agenda
            .tell(|| format!("people: answer to {number}: {}", shown(&answer)));
        self.watch_an_answer(&answer);
        if self.people.served.remove(&to) {
            return;
        }
        if self.people.impostors.remove(&to) {
            return match answer {
                Err(Problem::KeyReused(_) | Problem::StorageFull | Problem::StorageFailed) => {}
                other => {
                    let how = format!(
                        "a key that was used for something else got {}",
                        shown(&other)
                    );
                    self.breaks(5, how);
                }
            };
        }
        let intention = &mut self.people.intentions[number];
        intention.open = intention.open.saturating_sub(1);
        match answer {
            Ok(Taken::Accepted(payment) | Taken::Ended(payment) | Taken::Repeat(payment)) => {
                let id = payment.intent.id;
                let known = *intention.payment.get_or_insert(id);
                if payment.state.is_final() {
                    intention.told.insert(payment.state);
                }
                let (told, wanted) = (intention.told.len(), intention.minor);
                if known != id {
                    self.breaks(5, format!("one key names the payments {known} and {id}"));
                } else if told > 1 {
                    self.breaks(6, format!("{id} was told with several ends"));
                } else if payment.intent.money != euros(wanted) {
                    self.breaks(
                        11,
                        format!("{id} is {} instead of {wanted}", payment.intent.money),
                    );
                }
            }
            Ok(Taken::Closing(_) | Taken::Served(_)) => {}
            Err(problem) => {
                if worth_asking_again(&problem) {
                    self.ask_again(number);
                } else {
                    self.people.intentions[number].given_up = true;
                }
            }
        }
    }

    /// Whoever waited for the daemon that died asks again with the same key, or gives up.
    pub(crate) fn people_lose_answers(&mut self, replies: &HashMap<ReplyTo, usize>) {
        let others = [&mut self.people.impostors, &mut self.people.served];
        let others: HashSet<ReplyTo> = others.into_iter().flat_map(std::mem::take).collect();
        let lost = replies.iter().filter(|(reply, _)| !others.contains(reply));
        let mut numbers: Vec<usize> = lost.map(|(_, number)| *number).collect();
        numbers.sort_unstable();
        for number in numbers {
            let intention = &mut self.people.intentions[number];
            intention.open = intention.open.saturating_sub(1);
            if !self.agenda.random.once_in(8) {
                self.ask_again(number);
            }
        }
    }

    /// The journal is an older one. Whoever wanted something that it does not know any more looks at the
    /// terminal instead of asking again, and nobody gives money back for what was given back already.
    pub(crate) fn people_hear_of_the_copy(&mut self) {
        let known = self.payments();
        let of_key = |key: &IdempotencyKey| known.iter().find(|p| p.intent.key == *key);
        let returned: Vec<usize> = (0..self.people.intentions.len())
            .filter(|number| {
                let payment = of_key(&self.people.intentions[*number].key);
                payment.is_some_and(|p| self.copies.returns_of(p.intent.id).next().is_some())
            })
            .collect();
        for intention in &mut self.people.intentions {
            let gives_back = match intention.wish {
                Wish::Cancel(of) | Wish::Refund(of) => returned.contains(&of),
                Wish::Sale(_) | Wish::Close => false,
            };
            match of_key(&intention.key) {
                Some(payment) if payment.state.is_final() => {}
                Some(_) => intention.told.clear(),
                None => {
                    intention.told.clear();
                    intention.payment = None;
                    intention.given_up |= intention.tries > 0 || gives_back;
                }
            }
        }
    }

    /// Somebody looks whether anything waits for a person, and settles what is old enough.
    fn look(&mut self) {
        // What a clock says that was just set is no reason.
        if self.agenda.now.since(self.clock_set) < DOUBT_IS_OLD {
            return;
        }
        let now = self.agenda.wall();
        for payment in self.disk.reader().unfinished().unwrap() {
            let since = now.duration_since(payment.changed_at).unsigned_abs();
            if payment.state == State::InDoubt && since > DOUBT_IS_OLD {
                self.settle_doubt(&payment);
            }
        }
    }

    fn settle_doubt(&mut self, payment: &Payment) {
        let id = payment.intent.id;
        let Some(taken) = self.books_say(payment) else {
            return;
        };
        let by = Verdict::Person {
            name: Text::from("Ada"),
            reason: Text::from("I looked at the terminal's journal."),
        };
        let settlement = if taken {
            Settlement::Approved { by, approval: None }
        } else {
            Settlement::Declined { by }
        };
        self.agenda
            .tell(|| format!("people: {id} is settled: {taken}"));
        let Some(life) = &mut self.life else { return };
        let reply = life.reply_to(0);
        life.replies.remove(&reply);
        let event = Event::Resolve {
            payment: id,
            settlement,
            reply,
        };
        let what = What::Of(life.number, Inner::Engine(event));
        self.agenda.after(Duration::from_millis(1), what);
    }

    /// Whether the terminal's books have the money of this payment moved.
    pub(crate) fn books_say(&self, payment: &Payment) -> Option<bool> {
        let wire = wire_of(&payment.intent.device)?;
        let terminal = &self.terminals[wire].device.0;
        let minor = u64::try_from(payment.intent.money.minor()).ok()?;
        match payment.intent.purpose {
            Purpose::Sale => Some(terminal.charged().contains(&minor)),
            Purpose::Cancel { .. } => Some(!terminal.charged().contains(&minor)),
            Purpose::Refund { .. } => terminal.refunded().map(|all| all.contains(&minor)),
        }
    }

    /// In the evening, people do what was left to them.
    pub(crate) fn people_tidy_up(&mut self) {
        for payment in self.payments() {
            let id = payment.intent.id;
            for row in self.disk.reader().deliveries_of(id).unwrap() {
                if let DeliveryState::NeedsOperator { .. } = row.state {
                    let write = Write::Delivery {
                        payment: id,
                        upstream: row.upstream,
                        state: DeliveryState::Handled {
                            name: Text::from("Ada"),
                            reason: Text::from("Entered by hand."),
                        },
                        attempts: row.attempts,
                        redirects: row.redirects,
                        at: self.agenda.wall(),
                    };
                    self.write(Origin::Person, write, Urgency::Now);
                }
            }
        }
    }
}

fn worth_asking_again(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::DeviceBusy { .. }
            | Problem::DeviceInDoubt { .. }
            | Problem::Closing(_)
            | Problem::Serving(_)
            | Problem::TerminalUnavailable { .. }
            | Problem::StorageFull
            | Problem::StorageFailed
            | Problem::Stopping
    )
}

pub(crate) fn euros(minor: i64) -> Money {
    Money::from_minor(minor, Currency::EUR).unwrap()
}

fn shown(answer: &Answer) -> String {
    match answer {
        Ok(Taken::Accepted(p)) => format!("accepted {} {}", p.intent.id, p.state.as_str()),
        Ok(Taken::Ended(p)) => format!("ended {} {}", p.intent.id, p.state.as_str()),
        Ok(Taken::Repeat(p)) => format!("repeat {} {}", p.intent.id, p.state.as_str()),
        Ok(Taken::Closing(c)) => format!("day {}", c.state.as_str()),
        Ok(Taken::Served(text)) => format!("served: {text}"),
        Err(problem) => problem.to_string(),
    }
}
