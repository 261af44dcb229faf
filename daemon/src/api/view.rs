//! A payment as the API shows it: one flat object, amounts as strings.

use jiff::{Timestamp, civil::Date};
use payment::{
    Cancellation, Doubt, EntryMode, Item, Last4, Method, Payment, PaymentId, PrinterId,
    ReceiptNumber, Refusal, State, Text, Verdict, advice,
};
use serde::Serialize;
use sync::{
    delivery::Delivery,
    queue::{CancelAsked, Job, JobKind, JobOutcome, JobState, Printed, Resolved, SlipId},
};

/// A payment.
#[derive(Debug, Serialize)]
pub(super) struct PaymentView {
    id: PaymentId,
    group: String,
    device: String,
    receipt: ReceiptNumber,
    state: &'static str,
    /// `sale`, or `cancel` or `refund` of another.
    purpose: &'static str,
    of: Option<PaymentId>,
    amount: String,
    currency: &'static str,
    method: Method,
    invoice: Option<String>,
    note: Option<Text>,
    service_date: Option<Date>,
    items: Vec<Item>,
    key: String,
    created_at: Timestamp,
    changed_at: Timestamp,
    card: Option<CardView>,
    authorisation: Option<Text>,
    terminal_id: Option<Text>,
    trace: Option<u32>,
    terminal_receipt: Option<u32>,
    refusal: Option<Refusal>,
    cancellation: Option<Cancellation>,
    doubt: Option<Doubt>,
    verdict: Option<Verdict>,
    next_step: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    printing: Option<Vec<JobView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<Vec<DeliveryView>>,
}

#[derive(Debug, Serialize)]
struct CardView {
    brand: Option<Text>,
    last4: Option<Last4>,
    entry: EntryMode,
}

/// A receipt on its way to paper.
#[derive(Debug, Serialize)]
pub(super) struct JobView {
    job: i64,
    printer: String,
    /// Where it was to be printed, when another printer stands in.
    instead_of: Option<PrinterId>,
    kind: JobKind,
    payment: Option<PaymentId>,
    slip: Option<SlipId>,
    due_at: Timestamp,
    #[serde(flatten)]
    state: JobState,
    /// Who called it back after a printer had begun with it.
    cancel_asked: Option<CancelAsked>,
    /// What a person said became of it.
    resolved: Option<Resolved>,
    next_step: &'static str,
}

/// A payment on its way to an upstream.
#[derive(Debug, Serialize)]
pub(super) struct DeliveryView {
    upstream: String,
    attempts: u32,
    #[serde(flatten)]
    state: sync::delivery::DeliveryState,
    next_step: &'static str,
}

impl From<Job> for JobView {
    fn from(job: Job) -> Self {
        let (payment, slip) = match job.what {
            Printed::Payment(payment) => (Some(payment), None),
            Printed::Slip(slip) => (None, Some(slip)),
            Printed::Test => (None, None),
        };
        Self {
            next_step: next_step(&job),
            job: job.id,
            printer: job.printer.to_string(),
            instead_of: job.instead_of,
            kind: job.kind,
            payment,
            slip,
            due_at: job.at,
            state: job.state,
            cancel_asked: job.cancel_asked,
            resolved: job.resolved,
        }
    }
}

/// What the person at the desk does next about a print job (law 13).
fn next_step(job: &Job) -> &'static str {
    let test = job.what == Printed::Test;
    match (&job.state, job.resolved.as_ref().map(|r| r.outcome)) {
        (_, Some(JobOutcome::CameOut)) => "Done: a person saw that it came out.",
        (_, Some(JobOutcome::Copy)) => "Done: a copy takes its place.",
        (_, Some(JobOutcome::NotNeeded)) => "Done: nobody needs it any more.",
        (JobState::Queued, None) => "Wait: it is printed as soon as the printer can.",
        (JobState::Probing, None) => "Wait: the printer is asked whether it can print.",
        (JobState::Sending | JobState::Sent, None) => "Wait: it is being printed.",
        (JobState::Confirmed, None) => "Done: it is on paper.",
        (JobState::Cancelled { .. }, None) => "Nothing was printed. Print a copy if it is needed.",
        (JobState::Failed { .. }, None) if test => "Nothing was printed. Print a test page again.",
        (JobState::Failed { .. }, None) => {
            "Nothing was printed. Print a copy, or say that nobody needs it."
        }
        (JobState::Unknown { .. }, None) if test => {
            "Look at the printer: say whether the test page came out, and print another if not."
        }
        (JobState::Unknown { .. }, None) => {
            "Look at the printer: say that it came out, or print a copy."
        }
    }
}

impl From<Payment> for PaymentView {
    fn from(payment: Payment) -> Self {
        let next_step = advice::next_step(&payment);
        let approval = payment.approval.unwrap_or_default();
        let card = (payment.intent.method == Method::Card
            && (approval.card.brand.is_some() || approval.card.last4.is_some()))
        .then(|| CardView {
            brand: approval.card.brand.clone(),
            last4: approval.card.last4,
            entry: approval.entry,
        });
        Self {
            id: payment.intent.id,
            group: payment.intent.device.to_string(),
            device: payment.intent.device.to_string(),
            receipt: payment.receipt,
            state: payment.state.shown(),
            purpose: payment.intent.purpose.as_str(),
            of: payment.intent.purpose.of(),
            amount: payment.intent.money.amount().to_string(),
            currency: payment.intent.money.currency().code(),
            method: payment.intent.method,
            invoice: payment.intent.invoice.map(String::from),
            note: payment.intent.note,
            service_date: payment.intent.services.date,
            items: payment.intent.services.items,
            key: payment.intent.key.to_string(),
            created_at: payment.intent.at,
            changed_at: payment.changed_at,
            card,
            authorisation: approval.authorisation,
            terminal_id: approval.terminal_id,
            trace: approval.trace,
            terminal_receipt: approval.terminal_receipt,
            refusal: payment.refusal,
            cancellation: payment.cancellation,
            doubt: payment.doubt,
            verdict: payment.verdict,
            next_step,
            printing: None,
            delivery: None,
        }
    }
}

impl PaymentView {
    /// With what became of its receipts and deliveries.
    pub(super) fn with_work(mut self, jobs: Vec<Job>, deliveries: Vec<Delivery>) -> Self {
        self.printing = Some(jobs.into_iter().map(JobView::from).collect());
        self.with_deliveries(deliveries)
    }

    /// With what became of its deliveries.
    pub(super) fn with_deliveries(mut self, deliveries: Vec<Delivery>) -> Self {
        // Of a payment that was not approved, nobody is told.
        let told = self.state == State::Approved.shown();
        let delivery = |d: Delivery| DeliveryView {
            upstream: d.upstream.to_string(),
            attempts: d.attempts,
            next_step: sync::delivery::next_step(&d.state, false),
            state: d.state,
        };
        let deliveries = deliveries.into_iter().filter(|_| told);
        self.delivery = Some(deliveries.map(delivery).collect());
        self
    }
}
