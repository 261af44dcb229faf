//! Somebody wants a payment: checks, the key, and the intent.

use drivers::terminal::{Abilities, Command, Refunds, Reversals};
use payment::{Approval, Fact, Intent, Mark, Money, Payment, PaymentId, Purpose, StoredKind};
use sync::queue::{Due, Urgency, Write, WriteError, Written};

use super::{
    Engine, Errand,
    device::{Device, Hold, Link},
    effect::{Effect, Notice, ReplyTo, Taken},
};
use crate::problem::{NotOffered, Problem};

/// Why a terminal takes nothing new before it said what it holds.
pub(super) const BEING_ASKED: &str =
    "The terminal is being asked for its last payment. Try again in a moment.";

/// A wish, and who waits for it.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) intent: Intent,
    /// The payment that it names, for a cancel or a refund.
    pub(super) original: Option<Box<Payment>>,
    pub(super) reply: ReplyTo,
    pub(super) wait: bool,
}

impl Engine {
    pub(super) fn pay(&mut self, mut request: Request) {
        if let Err(problem) = self.check(&request) {
            return self.reply(request.reply, Err(problem));
        }
        // A key whose payment is in the engine's hands: the journal may not hold it yet.
        let same_key = |d: &&Device| d.intent().is_some_and(|i| i.key == request.intent.key);
        if let Some(device) = self.devices.values().find(same_key) {
            let known = device
                .intent()
                .map(|i| (i.id, i.wants_the_same(&request.intent)));
            if let Some((id, same)) = known {
                let running = device.is_running();
                let current = device.payment();
                return self.repeat_in_hand(&request, id, same, running, current);
            }
        }
        if !request.intent.method.asks_terminal() {
            return self.begin(request, vec![Fact::Recorded]);
        }
        match self.can_ask(&request.intent) {
            Ok(()) => {
                if let Some(device) = self.devices.get_mut(&request.intent.device) {
                    request.intent.before.clone_from(&device.mark);
                    device.original.clone_from(&request.original);
                    device.hold = Some(Hold::Beginning(Box::new(request.intent.clone())));
                }
                self.begin(request, Vec::new());
            }
            Err(refusal) => {
                let key = request.intent.key.clone();
                let ticket = self.ticket(Errand::LookUp { request, refusal });
                self.effects.push(Effect::LookUp { ticket, key });
            }
        }
    }

    /// What would be wrong at any time.
    fn check(&self, request: &Request) -> Result<(), Problem> {
        let intent = &request.intent;
        let device = self.devices.get(&intent.device);
        let device = device.ok_or_else(|| self.unknown_device(&intent.device))?;
        if intent.money.currency() != device.setup.currency {
            let takes = device.setup.currency.code();
            return Err(Problem::CurrencyNotTaken {
                device: intent.device.clone(),
                takes,
            });
        }
        if !intent.method.asks_terminal() {
            return Ok(());
        }
        let Some(abilities) = device.setup.terminal else {
            return Err(Problem::MethodNotTaken(intent.device.clone()));
        };
        let original = request
            .original
            .as_deref()
            .and_then(|o| o.approval.as_ref());
        match intent.purpose {
            Purpose::Sale => Ok(()),
            Purpose::Cancel { .. } => can_reverse(abilities, device.mark.as_ref(), original),
            Purpose::Refund { .. } => can_refund(abilities, original),
        }
    }

    /// What keeps the terminal from being asked just now.
    fn can_ask(&self, intent: &Intent) -> Result<(), Problem> {
        let Some(device) = self.devices.get(&intent.device) else {
            return Ok(());
        };
        if let Some(problem) = device.occupied() {
            return Err(problem);
        }
        match &device.link {
            Link::NotReady(reason) => Err(Problem::TerminalUnavailable {
                reason: reason.clone(),
            }),
            Link::Ready if !device.inquired => Err(Problem::TerminalUnavailable {
                reason: BEING_ASKED.into(),
            }),
            Link::Ready => Ok(()),
        }
    }

    fn begin(&mut self, request: Request, then: Vec<Fact>) {
        let due = match self.devices.get(&request.intent.device) {
            Some(device) if !then.is_empty() => Due {
                drawer: device.drawer_for(request.intent.method).cloned(),
                ..self.due_at(device)
            },
            Some(_) | None => Due::default(),
        };
        if payment::planted(1) && then.is_empty() {
            let (payment, money) = (request.intent.id, request.intent.money);
            let device = request.intent.device.clone();
            let command = Command::Pay { payment, money };
            self.effects.push(Effect::Command { device, command });
        }
        let write = Write::Begin {
            intent: request.intent.clone(),
            then,
            due,
        };
        self.write(Errand::Begin { request }, write, Urgency::Now);
    }

    fn repeat_in_hand(
        &mut self,
        request: &Request,
        id: PaymentId,
        same: bool,
        running: bool,
        current: Option<Payment>,
    ) {
        match (same, current) {
            (false, _) => self.reply(request.reply, Err(Problem::KeyReused(id))),
            (true, Some(payment)) if !running || !request.wait => {
                self.reply(request.reply, Ok(Taken::Repeat(payment)));
            }
            // Its outcome, or the result of its first write, answers both.
            (true, _) => self.waiting.entry(id).or_default().push(request.reply),
        }
    }

    /// A request that cannot begin now may still be the repeat of one that was answered before.
    pub(super) fn found(&mut self, ticket: super::Ticket, found: Result<Option<Payment>, Problem>) {
        let Some(Errand::LookUp { request, refusal }) = self.errands.remove(&ticket) else {
            return;
        };
        let answer = match found {
            Ok(None) => Err(refusal),
            Ok(Some(payment)) if payment.intent.wants_the_same(&request.intent) => {
                Ok(Taken::Repeat(payment))
            }
            Ok(Some(payment)) => Err(Problem::KeyReused(payment.intent.id)),
            // A refusal says that nothing was taken, which is not known.
            Err(unread) => Err(unread),
        };
        self.reply(request.reply, answer);
    }

    /// The intent is durable, or not.
    pub(super) fn begun(&mut self, request: &Request, result: Result<Written, WriteError>) {
        let id = request.intent.id;
        if let Ok(Written::Payment(payment)) = result {
            self.effects.push(Effect::Publish(Notice::Journal));
            return self.go(request, payment);
        }
        if let Some(device) = self.devices.values_mut().find(|d| d.holds(id)) {
            device.free();
        }
        let answer = match result {
            Ok(Written::Repeat(payment)) => Ok(Taken::Repeat(payment)),
            Ok(Written::OtherContent(payment)) => Err(Problem::KeyReused(payment.intent.id)),
            Err(WriteError::DiskFull) => Err(Problem::StorageFull),
            Err(WriteError::CannotReturn(why)) => Err(Problem::CannotReturn(why)),
            Ok(_) | Err(_) => Err(Problem::StorageFailed),
        };
        let others = self.waiting.remove(&id).unwrap_or_default();
        for to in others.into_iter().chain([request.reply]) {
            self.reply(to, answer.clone());
        }
    }

    /// The intent is durable: only now does a terminal hear of it (law 1).
    fn go(&mut self, request: &Request, payment: Payment) {
        let id = payment.intent.id;
        if !payment.intent.method.asks_terminal() {
            self.effects.push(Effect::WorkDue);
            let device = self.devices.get(&payment.intent.device);
            let drawer = device.and_then(|d| d.drawer_for(payment.intent.method));
            self.effects.extend(drawer.cloned().map(Effect::OpenDrawer));
            if payment::planted(15) {
                self.effects.extend(drawer.cloned().map(Effect::OpenDrawer));
            }
            return self.outcome(&payment, Some(request.reply));
        }
        let device = payment.intent.device.clone();
        let money = payment.intent.money;
        let mut shown = payment.clone();
        if let Some(device) = self.devices.get_mut(&device) {
            device.hold = Some(Hold::Running(Box::new(payment)));
            device.progress = None;
            shown = device.payment().unwrap_or(shown);
        }
        self.wait_out(&device, id);
        let command = command(id, money, &shown, request.original.as_deref());
        self.effects.push(Effect::Command { device, command });
        if request.wait {
            self.waiting.entry(id).or_default().push(request.reply);
        } else {
            self.reply(request.reply, Ok(Taken::Accepted(shown)));
        }
    }
}

/// Whether the terminal can take that payment back.
fn can_reverse(
    abilities: Abilities,
    last: Option<&Mark>,
    original: Option<&Approval>,
) -> Result<(), Problem> {
    let refund_instead = abilities.refunds != Refunds::None;
    match abilities.reversals {
        Reversals::None => Err(Problem::NotOffered(NotOffered::Cancel { refund_instead })),
        reversals if !original.is_some_and(|original| reversals.can_name(original)) => {
            Err(Problem::NothingToReverse)
        }
        Reversals::Last(_) if !original.is_some_and(|original| is_last(original, last)) => {
            Err(Problem::NotOffered(NotOffered::CancelOfOlder {
                refund_instead,
            }))
        }
        Reversals::Last(_) | Reversals::Any(_) => Ok(()),
    }
}

/// Whether that is what the terminal holds as its last transaction.
fn is_last(original: &Approval, last: Option<&Mark>) -> bool {
    match last {
        Some(Mark::Transaction {
            transaction: StoredKind::Payment,
            terminal_receipt,
            trace,
            ..
        }) => (*terminal_receipt, *trace) == (original.terminal_receipt, original.trace),
        Some(Mark::Transaction { .. } | Mark::Terminal { .. } | Mark::Nothing) | None => false,
    }
}

/// Whether the terminal can give a part of that payment back.
fn can_refund(abilities: Abilities, original: Option<&Approval>) -> Result<(), Problem> {
    match abilities.refunds {
        Refunds::None => Err(Problem::NotOffered(NotOffered::Refund)),
        Refunds::Any => Ok(()),
        Refunds::OfPayment if original.is_some_and(|o| o.reference.is_some()) => Ok(()),
        Refunds::OfPayment => Err(Problem::NothingToRefund),
    }
}

/// What the terminal is asked. A cancel without an approval was refused before; a refund of that
/// amount is what comes nearest.
fn command(
    payment: PaymentId,
    money: Money,
    wanted: &Payment,
    original: Option<&Payment>,
) -> Command {
    let original = original
        .and_then(|original| original.approval.clone())
        .map(Box::new);
    match (wanted.intent.purpose, original) {
        (Purpose::Sale, _) => Command::Pay { payment, money },
        (Purpose::Cancel { .. }, Some(original)) => Command::Reverse {
            payment,
            money,
            original,
        },
        (Purpose::Cancel { .. } | Purpose::Refund { .. }, original) => Command::Refund {
            payment,
            money,
            original,
        },
    }
}
