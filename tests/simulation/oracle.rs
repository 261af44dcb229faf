//! What must be true: at single steps while the world runs, and of all books when it has come to rest.
//! Each broken law is named by its number in the architecture.

use std::collections::HashMap;

use axum::http::{HeaderMap, HeaderValue, header};
use daemon::{
    api::check_names,
    engine::{Answer, Effect, Taken},
};
use drivers::terminal::{Command, Fact};
use payment::{DeviceId, Method, Payment, PaymentId, Purpose, State, advice};
use simulator::invoicing::Request;
use sync::{
    delivery::{Delivery, DeliveryState},
    queue::{Filter, JobKind, JobState},
};

use crate::{
    clinic::{DEVICES, EARLIER},
    copies::Copies,
    people::euros,
    till::wire_of,
    world::World,
};

/// The number that a terminal shows bare when its fault wants it so.
const CARD: &str = "4111111111111111";

// While it runs.

impl World {
    /// Laws 1 and 4: what goes to a terminal is durable, goes once, and never past a doubt.
    pub(crate) fn watch_a_command(&mut self, number: usize, device: &DeviceId, command: &Command) {
        let (payment, sale) = match command {
            Command::Pay { payment, .. } => (*payment, true),
            Command::Reverse { payment, .. } | Command::Refund { payment, .. } => (*payment, false),
            Command::EndOfDay | Command::Service(_) => return self.watch_a_service(device),
            Command::LastTransaction | Command::Query { .. } | Command::Abort { .. } => return,
        };
        if self.disk.reader().payment(payment).unwrap().is_none() {
            return self.breaks(
                1,
                format!("{device} is asked for {payment}, which is not durable"),
            );
        }
        if !self.asked.insert(payment) {
            return self.breaks(4, format!("{device} is asked for {payment} twice"));
        }
        self.sales_asked[number] += u32::from(sale);
        let unfinished = self.disk.reader().unfinished().unwrap();
        let other = unfinished.into_iter().find(|other| {
            other.state == State::InDoubt
                && other.intent.device == *device
                && other.intent.id != payment
        });
        if let Some(other) = other {
            let other = other.intent.id;
            self.breaks(
                4,
                format!("{device} is asked for {payment} while {other} is in doubt"),
            );
        }
    }

    /// Law 4: whatever changes a terminal's memory waits for the payment that may be in it.
    fn watch_a_service(&mut self, device: &DeviceId) {
        let unfinished = self.disk.reader().unfinished().unwrap();
        // That an approved one is complete may be on its way to the disk.
        let mut open = unfinished.iter().filter(|p| p.approval.is_none());
        if let Some(payment) = open.find(|p| p.intent.device == *device) {
            let id = payment.intent.id;
            self.breaks(4, format!("{device} serves while {id} is open"));
        }
    }

    /// Law 2: a terminal hears that its approval is kept when it is.
    pub(crate) fn watch_an_acknowledgement(&mut self, number: usize, kept: bool) {
        let fact = self.unstored[number].take();
        let (true, Some(Fact::Approved(approved))) = (kept, fact) else {
            return;
        };
        let payment = approved.payment;
        let row = self.disk.reader().payment(payment).unwrap();
        if row.is_none_or(|row| row.approval.is_none()) {
            self.breaks(
                2,
                format!("the approval of {payment} is acknowledged and not durable"),
            );
        }
    }

    /// Law 10, where a bare card number is under way.
    pub(crate) fn watch_an_effect(&mut self, effect: &Effect) {
        if self.bare_cards && format!("{effect:?}").contains(CARD) {
            self.breaks(10, "a card number is in what the engine does".to_owned());
        }
    }

    /// Laws 7 and 10: nothing is sent before it is durable as being sent.
    pub(crate) fn watch_a_request(&mut self, request: &Request) {
        if self.books.is_booking(request) && self.sending().is_none() {
            self.breaks(
                7,
                "a payment is sent and not durable as being sent".to_owned(),
            );
        }
        if self.bare_cards && String::from_utf8_lossy(&request.body).contains(CARD) {
            self.breaks(
                10,
                "a card number is sent to the invoicing system".to_owned(),
            );
        }
    }

    /// Law 8: before its first byte, a job is durable as being sent.
    pub(crate) fn watch_a_first_byte(&mut self, allowed: bool) {
        let begun = self.disk.reader().jobs_under_way().unwrap();
        let durable = begun.iter().any(|job| job.state == JobState::Sending);
        if allowed && !durable {
            self.breaks(
                8,
                "a job is printed and not durable as being sent".to_owned(),
            );
        }
    }

    /// Law 12: a stranger on this machine or elsewhere calls, and is turned away.
    pub(crate) fn a_stranger_calls(&mut self) {
        const PORT: u16 = 8455;
        let random = &mut self.agenda.random;
        let host = random.pick(&[
            "127.0.0.1:8455",
            "localhost:8455",
            "rebound.example:8455",
            "127.0.0.1:80",
        ]);
        let origin = random.pick(&[
            None,
            Some("http://localhost:8455"),
            Some("http://evil.example"),
            Some("https://localhost:8455"),
            Some("null"),
        ]);
        let ours = host.ends_with(":8455") && !host.starts_with("rebound");
        let own_page = origin.is_none_or(|origin| origin == "http://localhost:8455");
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        let let_in = check_names(&headers, PORT).is_ok();
        if let_in != (ours && own_page) {
            let how = format!("a call to {host} from {origin:?} is let in: {let_in}");
            self.breaks(12, how);
        }
    }

    /// Law 13: whatever the desk shows says what to do next.
    pub(crate) fn watch_the_desk(&mut self) {
        if !self.steps.is_multiple_of(8) {
            return;
        }
        let Some(life) = &self.life else { return };
        let silent = life.engine.desk().devices.into_iter();
        let silent = silent
            .into_iter()
            .find(|view| !is_sentence(&view.next_step));
        if let Some(view) = silent {
            let how = format!("{} says “{}” as its next step", view.id, view.next_step);
            self.breaks(13, how);
        }
    }

    pub(crate) fn watch_an_answer(&mut self, answer: &Answer) {
        let said = match answer {
            Ok(Taken::Accepted(p) | Taken::Ended(p) | Taken::Repeat(p)) => {
                advice::next_step(p).to_owned()
            }
            Ok(Taken::Closing(_)) => return,
            Ok(Taken::Served(text)) => text.to_string(),
            Err(problem) => problem.to_string(),
        };
        if !is_sentence(&said) {
            self.breaks(13, format!("an answer says “{said}” and not what to do"));
        }
    }
}

/// The number of a broken law, and how it was broken.
type Found = Option<(u8, String)>;

fn is_sentence(text: &str) -> bool {
    text.split_whitespace().count() > 1 && text.ends_with(['.', ')', '!', '?'])
}

// At the end.

impl World {
    /// Whether nothing is left to do.
    pub(crate) fn is_settled(&self) -> bool {
        self.what_is_left().is_none()
    }

    pub(crate) fn unsettled(&self) -> (u8, String) {
        self.what_is_left().unwrap_or((13, "nothing".to_owned()))
    }

    pub(crate) fn payments(&self) -> Vec<Payment> {
        let mut filter = Filter::default();
        let mut payments = Vec::new();
        loop {
            let page = self.disk.reader().payments(&filter).unwrap();
            payments.extend(page.payments);
            filter.after = page.next;
            if filter.after.is_none() {
                return payments;
            }
        }
    }

    fn what_is_left(&self) -> Found {
        let reader = self.disk.reader();
        if self.life.is_none() {
            return Some((13, "the daemon does not come back".to_owned()));
        }
        if let Some(open) = reader.unfinished().unwrap().first() {
            let (id, state) = (open.intent.id, open.state.as_str());
            return Some((13, format!("{id} stays {state}")));
        }
        if let Some(open) = reader.unfinished_closings().unwrap().first() {
            return Some((13, format!("the day end {} never ends", open.intent.id)));
        }
        for payment in self.payments() {
            let id = payment.intent.id;
            for row in reader.deliveries_of(id).unwrap() {
                let ended = row.state.next_at().is_none();
                if payment.state == State::Approved
                    && (!ended || matches!(row.state, DeliveryState::NeedsOperator { .. }))
                {
                    return Some((7, format!("the delivery of {id} stays {:?}", row.state)));
                }
            }
            for job in reader.jobs_of(id).unwrap() {
                let open = !job.state.is_final();
                if payment.state == State::Approved && open {
                    return Some((8, format!("job {} of {id} stays {:?}", job.id, job.state)));
                }
            }
        }
        None
    }

    /// The terminals' books, the journal, the paper and the invoicing system, side by side.
    pub(crate) fn judge(&mut self) {
        self.agenda.tell(|| "the books are compared".to_owned());
        let payments = self.payments();
        if let Some((law, how)) = self.judge_numbers(&payments) {
            return self.breaks(law, how);
        }
        if let Err(error) = self.disk.reader().verify() {
            return self.breaks(6, error.to_string());
        }
        let found = self
            .judge_terminals(&payments)
            .or_else(|| self.judge_answers(&payments))
            .or_else(|| self.judge_upstream(&payments))
            .or_else(|| self.judge_paper(&payments))
            .or_else(|| self.judge_cards());
        if let Some((law, how)) = found {
            self.breaks(law, how);
        }
    }

    /// Laws 3, 4 and 6: what the terminals charged is what the journal says.
    fn judge_terminals(&self, payments: &[Payment]) -> Found {
        for (number, device) in DEVICES.iter().enumerate().take(self.terminals.len()) {
            let card = |p: &&Payment| {
                p.intent.method == Method::Card && p.intent.device.as_str() == *device
            };
            let here: Vec<&Payment> = payments.iter().filter(card).collect();
            let terminal = &self.terminals[number].device.0;
            if terminal.asked() > self.sales_asked[number] {
                return Some((4, format!("{device} was asked more often than told to")));
            }
            let found = judge_sales(device, &here, &self.copies, &terminal.charged())
                .or_else(|| judge_refunds(device, &here, &terminal.refunded()?));
            if found.is_some() {
                return found;
            }
        }
        judge_returns(payments)
    }

    /// Law 9: the numbers of each device have no gaps but those that a return to a copy leaves, and none
    /// is given twice.
    fn judge_numbers(&self, payments: &[Payment]) -> Found {
        let returns = self.disk.reader().restorations().unwrap();
        let mut last: HashMap<&str, u64> = HashMap::new();
        let mut in_order: Vec<&Payment> = payments.iter().collect();
        in_order.sort_by_key(|p| (p.receipt.device().clone(), p.receipt.seq()));
        for payment in in_order {
            let id = payment.intent.id;
            let device = payment.intent.device.as_str();
            let expected = last.entry(device).or_default();
            let skips = returns.iter().filter(|r| r.device.as_str() == device);
            for skip in skips {
                if skip.numbers.after == *expected {
                    *expected = skip.numbers.next - 1;
                }
            }
            *expected += 1;
            if self.copies.has_lost(&payment.receipt.to_string()) {
                return Some((9, format!("{} was given before", payment.receipt)));
            }
            if payment.receipt.device().as_str() != device || payment.receipt.seq() != *expected {
                return Some((
                    9,
                    format!("{id} of {device} has the number {}", payment.receipt),
                ));
            }
        }
        None
    }

    /// Laws 5, 6 and 11: what people were told is what the journal says.
    fn judge_answers(&self, payments: &[Payment]) -> Found {
        for intention in &self.people.intentions {
            let mut of_key = payments.iter().filter(|p| p.intent.key == intention.key);
            let payment = of_key.next();
            if of_key.next().is_some() {
                return Some((5, format!("{} names two payments", intention.key)));
            }
            let Some(payment) = payment else {
                if intention.payment.is_some() {
                    return Some((
                        1,
                        format!("a payment of {} was told and is lost", intention.key),
                    ));
                }
                continue;
            };
            let id = payment.intent.id;
            if intention.payment.is_some_and(|told| told != id) {
                return Some((
                    5,
                    format!("{} was told with another payment", intention.key),
                ));
            }
            if payment.intent.money != euros(intention.minor) {
                return Some((11, format!("{id} is {}", payment.intent.money)));
            }
            if let Some(told) = intention.told.iter().find(|told| **told != payment.state) {
                let (told, is) = (told.as_str(), payment.state.as_str());
                return Some((6, format!("{id} was told {told} and is {is}")));
            }
        }
        None
    }

    /// Laws 7, 9 and 11: the invoicing system has each approved payment once, with its amount.
    fn judge_upstream(&self, payments: &[Payment]) -> Found {
        let booked = self.books.booked();
        let ours = |receipt: &str| DEVICES.iter().any(|d| receipt.starts_with(d));
        for row in booked.iter().filter(|row| ours(&row.receipt)) {
            let known = payments.iter();
            let mut known = known.filter(|p| p.receipt.to_string() == row.receipt);
            if known.next().is_none() && !self.copies.has_lost(&row.receipt) {
                return Some((
                    9,
                    format!("{} is booked and not in the journal", row.receipt),
                ));
            }
        }
        for payment in payments {
            let (id, receipt) = (payment.intent.id, payment.receipt.to_string());
            let rows: Vec<_> = booked.iter().filter(|row| row.receipt == receipt).collect();
            let deliveries = self.disk.reader().deliveries_of(id).unwrap();
            if payment.state != State::Approved {
                let taken_back = self.copies.returns_of(id).next().is_some();
                if !rows.is_empty() && !taken_back {
                    return Some((7, format!("{receipt} is not approved, and booked")));
                }
                continue;
            }
            let [Delivery { state, .. }] = deliveries.as_slice() else {
                return Some((7, format!("{receipt} is due {} times", deliveries.len())));
            };
            let confirmed = matches!(state, DeliveryState::Confirmed { .. });
            if rows.len() > 1 || (confirmed && rows.is_empty()) {
                let said = state.as_str();
                return Some((
                    7,
                    format!("{receipt} is {said}, and booked {} times", rows.len()),
                ));
            }
            let amount = payment.intent.money.amount();
            if let Some(row) = rows.first()
                && row.amount.abs() != amount
            {
                return Some((
                    11,
                    format!("{receipt} is {amount}, and booked as {}", row.amount),
                ));
            }
        }
        None
    }

    /// How often each receipt is on paper, but for copies.
    pub(crate) fn receipts_on_paper(&self) -> HashMap<String, usize> {
        let uncut = self.printer.device.0.uncut();
        let pages = self.paper.iter().map(String::as_str);
        let pages: Vec<&str> = pages.chain([uncut.as_str()]).collect();
        originals(&pages)
    }

    /// Laws 8 and 9: no receipt twice without the word COPY, and each with its device.
    fn judge_paper(&self, payments: &[Payment]) -> Found {
        let roll = &self.printer.device.0;
        let uncut = roll.uncut();
        let pages = self.paper.iter().map(String::as_str);
        let pages = pages.chain([uncut.as_str()]);
        let lines: Vec<&str> = pages.flat_map(str::lines).collect();
        let mut printed = self.receipts_on_paper();
        for payment in payments {
            let receipt = payment.receipt.to_string();
            let times = printed.remove(&receipt).unwrap_or_default();
            let jobs = self.disk.reader().jobs_of(payment.intent.id).unwrap();
            let ours = jobs
                .iter()
                .filter(|job| !matches!(job.kind, JobKind::Copy(_) | JobKind::MerchantCopy(_)));
            let ours: Vec<_> = ours.collect();
            let before = self.copies.printed.get(&receipt).copied();
            if times > ours.len().max(before.unwrap_or_default()) {
                return Some((8, format!("{receipt} is on paper {times} times")));
            }
            let confirmed = ours.iter().filter(|job| job.state == JobState::Confirmed);
            let confirmed = confirmed.count();
            // A torn receipt before it may have eaten the beginning of a line.
            let seen = lines.iter().filter(|line| line.contains(&receipt)).count();
            if seen < confirmed {
                return Some((
                    8,
                    format!("{receipt} is confirmed and on paper {seen} times"),
                ));
            }
            if payment.state == State::Approved
                && ours.is_empty()
                && wire_of(&payment.intent.device).is_some()
            {
                return Some((8, format!("{receipt} has no receipt to print")));
            }
        }
        let pulses = usize::try_from(roll.drawer_pulses()).unwrap_or(usize::MAX);
        let kicks = self.kicks() + self.copies.lost_kicks;
        if pulses > kicks {
            return Some((
                6,
                format!("the drawer opened {pulses} times, and the journal says {kicks}"),
            ));
        }
        let mut strays = printed.into_keys().filter(|number| is_whole(number));
        let stray = strays.find(|number| !self.copies.has_lost(number));
        stray.map(|number| {
            (
                9,
                format!("a receipt {number} is on paper and not in the journal"),
            )
        })
    }

    /// Law 10: no card number on paper or on disk.
    fn judge_cards(&self) -> Found {
        if !self.bare_cards {
            return None;
        }
        if self.paper.iter().any(|page| page.contains(CARD)) {
            return Some((10, "a card number is on paper".to_owned()));
        }
        let reader = self.disk.reader();
        let entries = reader.events_after(0, u16::MAX).unwrap();
        if format!("{entries:?}").contains(CARD) {
            return Some((10, "a card number is in the journal".to_owned()));
        }
        for payment in self.payments() {
            let slips = reader.slips_of(payment.intent.id).unwrap();
            if slips.iter().any(|slip| slip.contains(CARD)) {
                return Some((10, "a card number is in a slip".to_owned()));
            }
        }
        None
    }
}

/// Each sale is charged as often as the journal says, and nothing else is charged.
fn judge_sales(device: &str, here: &[&Payment], copies: &Copies, charged: &[u64]) -> Found {
    let mut known = vec![EARLIER];
    // What was paid after the copy was made, and then given back in part.
    for lost in copies.lost.iter().filter(|p| p.intent.purpose.is_sale()) {
        let minor = unsigned(lost.intent.money.minor());
        let back = copies.returns_of(lost.intent.id);
        let gone: u64 = back.map(|p| unsigned(p.intent.money.minor())).sum();
        known.extend([minor, minor.saturating_sub(gone)]);
    }
    for payment in here.iter().filter(|p| p.intent.purpose.is_sale()) {
        let id = payment.intent.id;
        let minor = unsigned(payment.intent.money.minor());
        let times = charged.iter().filter(|amount| **amount == minor).count();
        let back: Vec<&Payment> = given_back(id, here).collect();
        let cancel = |p: &&Payment| matches!(p.intent.purpose, Purpose::Cancel { .. });
        let cancelled = back.iter().any(cancel);
        let lost: u64 = copies
            .returns_of(id)
            .map(|p| unsigned(p.intent.money.minor()))
            .sum();
        let returned = !cancelled && (!back.is_empty() || lost > 0);
        let state = payment.state.as_str();
        match payment.state {
            State::Approved if cancelled && times != 0 => {
                return Some((6, format!("{id} is cancelled, but {device} has it charged")));
            }
            State::Approved if !cancelled && !returned && times != 1 => {
                return Some((
                    4,
                    format!("{id} is approved, and {device} has it {times} times"),
                ));
            }
            State::Declined | State::Cancelled if times != 0 => {
                return Some((3, format!("{id} is {state}, but {device} charged it")));
            }
            _ => {}
        }
        let gone: u64 = back.iter().map(|p| unsigned(p.intent.money.minor())).sum();
        let gone = gone + lost;
        // Some books have what is left of a payment.
        known.extend([minor, minor.saturating_sub(gone)]);
    }
    let stray = charged.iter().find(|amount| !known.contains(amount))?;
    Some((
        4,
        format!("{device} charged {stray}, which nobody knows of"),
    ))
}

/// Each refund is given as often as the journal says.
fn judge_refunds(device: &str, here: &[&Payment], refunded: &[u64]) -> Found {
    let refund = |p: &&&Payment| matches!(p.intent.purpose, Purpose::Refund { .. });
    here.iter().filter(refund).find_map(|payment| {
        let minor = unsigned(payment.intent.money.minor());
        let times = refunded.iter().filter(|amount| **amount == minor).count();
        let wanted = usize::from(payment.state == State::Approved);
        let (id, state) = (payment.intent.id, payment.state.as_str());
        let how = || format!("the refund {id} is {state}, and {device} has it {times} times");
        (times != wanted).then(|| (if times > wanted { 3 } else { 4 }, how()))
    })
}

/// What goes back names a payment that is there, and is not more than was paid.
fn judge_returns(payments: &[Payment]) -> Found {
    let all: Vec<&Payment> = payments.iter().collect();
    payments.iter().find_map(|payment| {
        let of = payment.intent.purpose.of()?;
        let Some(original) = payments.iter().find(|p| p.intent.id == of) else {
            return Some((
                6,
                format!("{} names nothing that is there", payment.intent.id),
            ));
        };
        let back: i64 = given_back(of, &all).map(|p| p.intent.money.minor()).sum();
        let too_much = back > original.intent.money.minor();
        too_much.then(|| (6, format!("more went back of {of} than was paid")))
    })
}

/// The approved cancels and refunds of a payment.
fn given_back<'a>(of: PaymentId, payments: &[&'a Payment]) -> impl Iterator<Item = &'a Payment> {
    payments
        .iter()
        .copied()
        .filter(move |p| p.intent.purpose.of() == Some(of) && p.state == State::Approved)
}

fn unsigned(minor: i64) -> u64 {
    u64::try_from(minor).unwrap_or(0)
}

/// How often each receipt is on paper without the word COPY above its head. A copy ends with that word,
/// too, unless it is torn.
fn originals(pages: &[&str]) -> HashMap<String, usize> {
    let mut printed = HashMap::new();
    for page in pages {
        let (mut copy, mut above) = (false, false);
        for line in page.lines().filter(|line| !line.trim().is_empty()) {
            if line.contains("Praxis") {
                copy = above;
            }
            above = line.contains("COPY");
            if let Some((_, number)) = line.split_once("Receipt no.")
                && !copy
            {
                let number = number.trim_start_matches(':').trim();
                *printed.entry(number.to_owned()).or_default() += 1;
            }
        }
    }
    printed
}

/// Whether that is a receipt's number, and not what is left of one.
fn is_whole(number: &str) -> bool {
    let digits = number.split_once('-').map_or("", |(_, digits)| digits);
    digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit())
}
