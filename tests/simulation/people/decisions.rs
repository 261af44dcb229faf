//! What people hear, and what they decide: whether to ask again, and how a doubt is settled. Beside the answers they know only what a person can look at: the terminal's books
//! and the till.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use super::{Wish, euros};
use crate::{
    till::wire_of,
    world::{Inner, What, World},
};
use daemon::{
    engine::{Answer, Event, ReplyTo, Taken},
    problem::Problem,
};
use payment::{
    IdempotencyKey, Payment, Purpose, Settlement, State, Text, Verdict,
    closing::{Closing, ClosingState},
};

/// A person looks at the terminal's books only when all that was under way must be over.
const DOUBT_IS_OLD: Duration = Duration::from_mins(8);

impl World {
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
            Ok(Taken::Closing(closing)) => self.hear_of_a_closing(number, &closing),
            Ok(Taken::Served(_)) => {}
            Err(problem) => {
                if worth_asking_again(&problem) {
                    self.ask_again(number);
                } else {
                    self.people.intentions[number].given_up = true;
                }
            }
        }
    }

    /// Laws 5 and 6: a key means one end of a day, and that has one end.
    fn hear_of_a_closing(&mut self, number: usize, closing: &Closing) {
        let intention = &mut self.people.intentions[number];
        let id = closing.intent.id;
        let known = *intention.closing.get_or_insert(id);
        if !matches!(closing.state, ClosingState::Begun) {
            intention.ended.insert(closing.state.as_str());
        }
        let several = intention.ended.len() > 1;
        let ours = intention.key == closing.intent.key
            && intention.device == closing.intent.device.as_str();
        if known != id || !ours {
            self.breaks(5, format!("one key names the day ends {known} and {id}"));
        } else if several {
            self.breaks(6, format!("{id} was told with several ends"));
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
        let reader = self.disk.reader();
        for intention in &mut self.people.intentions {
            let closing = reader.closing_by_key(&intention.key).unwrap();
            intention.closing = closing.as_ref().map(|closing| closing.intent.id);
            if closing.is_none_or(|closing| closing.state == ClosingState::Begun) {
                intention.ended.clear();
            }
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
    pub(super) fn look(&mut self) {
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
        self.look_at_deliveries(false);
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
    fn books_say(&self, payment: &Payment) -> Option<bool> {
        let wire = wire_of(&payment.intent.device)?;
        let terminal = &self.terminals[wire].device.0;
        let minor = u64::try_from(payment.intent.money.minor()).ok()?;
        match payment.intent.purpose {
            Purpose::Sale => Some(terminal.charged().contains(&minor)),
            Purpose::Cancel { .. } => Some(!terminal.charged().contains(&minor)),
            Purpose::Refund { .. } => terminal.refunded().map(|all| all.contains(&minor)),
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
            | Problem::StorageUnreadable
            | Problem::OutcomeNotRecorded(_)
            | Problem::ClosingNotRecorded(_)
            | Problem::Stopping
    )
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
