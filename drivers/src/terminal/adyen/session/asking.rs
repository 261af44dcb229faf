//! The part of a session that asks what moves no money: how the terminal is, and what became of a
//! payment.

use std::time::Duration;

use payment::{Money, PaymentId, Purpose, Refusal, Text};

use super::{Adyen, Doubtful, LATER, Phase, Question, SOON};
use crate::{
    Mono,
    terminal::{
        Event, Queried,
        adyen::{
            codes::Failure,
            message::{
                DiagnosisResponse, LoginResponse, MessageReference, Request,
                TransactionStatusResponse,
            },
            operation::{Answered, wanted_at},
            service_id,
        },
    },
};

/// A request may lie in the terminal's buffers for so long after it was sent: before, that the
/// terminal does not know it proves nothing.
const SETTLED: Duration = Duration::from_secs(15);

impl Adyen {
    /// Asks how it is: the first word on every link, so that a wrong key is found before a
    /// customer is there.
    pub(super) fn greet(&mut self, now: Mono) {
        let request = Request::Diagnosis {
            host_diagnosis_flag: false,
        };
        let question = self.ask(now, &request);
        self.phase = Phase::Greeting(question);
    }

    pub(super) fn greeted(&mut self, now: Mono, said: Option<&DiagnosisResponse>) {
        let Some(said) = said else {
            return self.nonsense(now, "The terminal's answer cannot be understood.");
        };
        let status = said.poi_status.as_ref();
        let status = status.and_then(|status| status.global_status.as_deref());
        let (after, reason) = match (said.response.result.as_str(), status) {
            ("Success" | "Partial", None | Some("OK")) => return self.now_ready(now),
            ("Success" | "Partial", Some("Busy")) => (
                SOON,
                Text::new("The terminal is busy. Wait until it is free."),
            ),
            ("Success" | "Partial", Some("Maintenance")) => (
                LATER,
                Text::new("The terminal is being maintained. Wait until it is back."),
            ),
            ("Success" | "Partial", Some(_)) => (
                LATER,
                Text::new("The terminal does not reach its provider. Check its network."),
            ),
            _ if said.response.is_logged_out() => return self.log_in(now),
            _ => (SOON, Failure::of(&said.response).text()),
        };
        self.not_ready_until(now + after, reason.as_str());
    }

    /// Asks to be let in.
    pub(super) fn log_in(&mut self, now: Mono) {
        let request = Request::login(self.time(now));
        let question = self.ask(now, &request);
        self.phase = Phase::LoggingIn(question);
    }

    /// Let in, it is asked how it is only after a while: one that says the same again would be
    /// asked for ever.
    pub(super) fn logged_in(&mut self, now: Mono, said: Option<&LoginResponse>) {
        match said {
            Some(said) if said.response.result == "Success" => self.now_ready(now),
            Some(said) => {
                let reason = Failure::of(&said.response).text();
                self.not_ready_until(now + LATER, reason.as_str());
            }
            None => self.nonsense(now, "The terminal's answer cannot be understood."),
        }
    }

    /// Asks what became of a payment, by the name that it was asked for under.
    pub(super) fn query(&mut self, now: Mono, payment: PaymentId, purpose: Purpose, money: Money) {
        let category = match purpose {
            Purpose::Sale => "Payment",
            Purpose::Cancel { .. } | Purpose::Refund { .. } => "Reversal",
        };
        let request = Request::status(self.reference(category, service_id::of_payment(payment)));
        let question = self.ask(now, &request);
        let doubtful = Doubtful {
            payment,
            category,
            money,
        };
        self.phase = Phase::Querying(question, doubtful);
    }

    pub(super) fn told_of(
        &mut self,
        now: Mono,
        doubtful: Doubtful,
        said: Option<&TransactionStatusResponse>,
    ) {
        let answer = self.read_status(now, doubtful, said);
        let payment = doubtful.payment;
        self.event(Event::Queried { payment, answer });
        self.now_ready(now);
    }

    fn read_status(
        &mut self,
        now: Mono,
        doubtful: Doubtful,
        said: Option<&TransactionStatusResponse>,
    ) -> Queried {
        let unreadable = || Queried::NoAnswer("The terminal's answer cannot be understood.".into());
        let Some(said) = said else {
            return unreadable();
        };
        if said.response.result != "Success" {
            let condition = said.response.error_condition.as_deref();
            let text = Failure::of(&said.response).text();
            return match condition {
                Some("InProgress" | "Busy") => Queried::Running(text),
                Some("NotFound") if self.may_still_come(now, doubtful.payment) => {
                    Queried::Running("The terminal does not know of it yet.".into())
                }
                Some("NotFound") => Queried::Unknown {
                    terminal_id: Some(Text::new(&self.settings.poi_id)),
                },
                _ => Queried::NoAnswer(text),
            };
        }
        let Some(repeated) = said.repeated_message_response.as_ref() else {
            return unreadable();
        };
        let header = repeated.message_header.as_ref();
        let other = |said: Option<&String>, ours: &str| said.is_some_and(|said| said != ours);
        let service_id = service_id::of_payment(doubtful.payment);
        if header.is_some_and(|header| {
            other(header.service_id.as_ref(), &service_id)
                || other(header.sale_id.as_ref(), &self.settings.sale_id)
        }) {
            return unreadable();
        }
        let body = &repeated.body;
        let payment = body.payment_response.as_ref();
        let Some(answered) =
            Answered::new(doubtful.category, payment, body.reversal_response.as_ref())
        else {
            return unreadable();
        };
        match answered.response().result.as_str() {
            "Success" | "Partial" => {
                self.slips(doubtful.payment, answered.slips());
                let record = answered.record(doubtful.money, &self.settings.poi_id);
                Queried::Approved(Box::new(record.approval))
            }
            "Failure" => {
                let running = || Queried::Running("The terminal still works on it.".into());
                let refusal: Option<Refusal> = Failure::of(answered.response()).refusal();
                refusal.map_or_else(running, Queried::Refused)
            }
            _ => unreadable(),
        }
    }

    /// Whether the request was sent so lately that the terminal may not have read it.
    fn may_still_come(&self, now: Mono, payment: PaymentId) -> bool {
        if let Some(at) = self.asked_at(payment) {
            return now.since(at) < SETTLED;
        }
        // Asked before this start, if at all.
        let age = self.time(now).duration_since(wanted_at(payment));
        Duration::try_from(age).is_ok_and(|age| age < SETTLED)
    }

    /// Nothing more will be heard of an open question.
    pub(super) fn question_lost(&mut self, why: &str) {
        if let Phase::Querying(_, doubtful) = &self.phase {
            let payment = doubtful.payment;
            let answer = Queried::NoAnswer(Text::new(why));
            self.event(Event::Queried { payment, answer });
        }
    }

    /// How a request is named in another one.
    pub(super) fn reference(
        &self,
        message_category: &'static str,
        service_id: String,
    ) -> MessageReference {
        MessageReference {
            message_category,
            sale_id: self.settings.sale_id.clone(),
            service_id,
        }
    }

    fn ask(&mut self, now: Mono, request: &Request) -> Question {
        let service_id = self.names.next(now);
        self.send(request, &service_id);
        Question {
            service_id,
            deadline: now + self.settings.answer_timeout,
        }
    }
}
