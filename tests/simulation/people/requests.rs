//! What people ask of the daemon, rightly or wrongly, and how they ask again.

use daemon::engine::{Event, ReplyTo, ServiceWish};
use payment::{
    ClosingId, Intent, Method, Payment, PaymentId, Purpose, State, Text, closing::ClosingIntent,
};
use sync::queue::{Urgency, Write};

use super::{Deed, Intention, LOOKS, Wish, euros};
use crate::{
    clinic::DEVICES,
    till::Origin,
    world::{Day, Inner, What, World},
};

const TRIES: u32 = 6;
/// In a crowd most find the terminal busy, and go on asking.
const TRIES_IN_A_CROWD: u32 = 40;

impl World {
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

    pub(super) fn ask_again(&mut self, number: usize) {
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
}
