//! The terminal: what it is asked, when it answers, and what goes wrong on the way.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use drivers::{Mono, terminal::adyen::crypto::NexoCrypto};

use super::{
    FAULTS, Fault, Faults,
    books::{Books, Kind, Transaction},
    message::{self, Header, Request, failure},
};
use crate::{UnknownFault, terminal::SimulatedTerminal};

/// Longest body of a request, in bytes.
pub(super) const MAX_BODY: usize = 1024 * 1024;
/// How long a reversal takes.
const REVERSAL: Duration = Duration::from_millis(100);
const SILENCE: Duration = Duration::from_secs(200);
const SLOW: Duration = Duration::from_secs(140);
/// How many times the usual delay one takes that hung up meanwhile.
const RUNNING: u32 = 10;
const BUFFERED: Duration = Duration::from_secs(5);

/// What a terminal is.
#[derive(Debug, Clone)]
pub struct Options {
    /// Its name.
    pub poi_id: String,
    /// The passphrase of its key.
    pub passphrase: String,
    /// The name of its key.
    pub key_identifier: String,
    /// The version of its key.
    pub key_version: u32,
    /// How long customer and issuer take.
    pub delay: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            poi_id: "V400m-123456789".to_owned(),
            passphrase: "testPassphrase123".to_owned(),
            key_identifier: "clinic".to_owned(),
            key_version: 1,
            delay: Duration::from_secs(2),
        }
    }
}

/// A simulated terminal.
pub struct Terminal {
    pub(super) options: Options,
    pub(super) crypto: NexoCrypto,
    pub(super) sealed: u64,
    pub(super) books: Books,
    faults: Faults,
    payments_asked: u32,
    pub(super) now: Mono,
    pub(super) running: Option<Running>,
    silent_until: Option<Mono>,
    /// What it has to say, in its order.
    pub(super) said: VecDeque<Said>,
    /// The exchanges of a link that is a stream: their count, and bytes that are not whole yet.
    pub(super) exchanges: u64,
    pub(super) held: Vec<u8>,
    /// Nobody is let in before a login.
    logged_out: bool,
}

/// What a terminal does with an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// This is the answer's body.
    Answer(u64, Vec<u8>),
    /// More bytes after an answer, as no HTTP server sends them.
    Stray(Vec<u8>),
    /// An answer byte by byte.
    InPieces(u64, Vec<u8>),
    /// The beginning of an answer, and then a hang-up.
    Half(u64, Vec<u8>),
    /// It hangs up.
    HangUp(u64),
}

/// A movement of money that is not over.
pub(super) struct Running {
    /// None when nobody listens any more.
    pub(super) exchange: Option<u64>,
    request: Request,
    due: Mono,
    fault: Option<Fault>,
}

impl Terminal {
    /// A terminal with empty books.
    pub fn new(options: Options) -> Self {
        Self {
            crypto: key(&options, &options.passphrase),
            options,
            sealed: 0,
            books: Books::default(),
            faults: Faults::default(),
            payments_asked: 0,
            now: Mono::default(),
            running: None,
            silent_until: None,
            said: VecDeque::new(),
            exchanges: 0,
            held: Vec::new(),
            logged_out: false,
        }
    }

    /// What it did with money.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// How often it was asked for money.
    pub fn payments_asked(&self) -> u32 {
        self.payments_asked
    }

    /// Makes the next operations go wrong.
    pub fn arm(&mut self, faults: Faults) {
        self.faults.append(faults);
    }

    /// Forgets all armed faults, and wakes from the dead.
    pub fn clear(&mut self) {
        self.faults.clear();
        self.silent_until = None;
    }

    /// Takes a request.
    pub(super) fn ask(&mut self, now: Mono, exchange: u64, body: &[u8]) {
        self.now = now;
        if self.silent_until.is_some_and(|until| now < until) {
            return;
        }
        let ours = |request: &Request| request.header.poi_id == self.options.poi_id;
        let Some(request) = message::open(&self.crypto, body).filter(ours) else {
            let reject = message::reject(&self.options.poi_id);
            return self
                .said
                .push_back(Said::Answer(exchange, reject.into_bytes()));
        };
        let header = request.header.clone();
        if request.body.payment_request.is_some() || request.body.reversal_request.is_some() {
            self.begin(exchange, request);
        } else if let Some(abort) = &request.body.abort_request {
            self.abort(&abort.message_reference.service_id);
            self.said.push_back(Said::Answer(exchange, Vec::new()));
        } else if let Some(status) = &request.body.transaction_status_request {
            let body = self.status(&header, &status.message_reference.service_id);
            self.answer(exchange, &header, &body);
        } else if request.body.diagnosis_request.is_some() {
            let status = if self.running.is_some() { "Busy" } else { "OK" };
            let body = format!(
                r#""DiagnosisResponse":{{"Response":{{"Result":"Success"}},"POIStatus":{{"GlobalStatus":"{status}","CommunicationOKFlag":"true"}}}}"#
            );
            self.answer(exchange, &header, &body);
        } else if request.body.login_request.is_some() {
            self.logged_out = false;
            let body = r#""LoginResponse":{"Response":{"Result":"Success"}}"#;
            self.answer(exchange, &header, body);
        } else {
            let kind = format!("{}Response", header.category);
            self.answer(exchange, &header, &failure(&kind, "NotAllowed"));
        }
    }

    /// Nobody listens to this exchange any more.
    pub(super) fn forget(&mut self, exchange: u64) {
        if let Some(running) = &mut self.running
            && running.exchange == Some(exchange)
        {
            running.exchange = None;
        }
    }

    /// What it says next.
    pub(super) fn next(&mut self, now: Mono) -> Option<Said> {
        self.now = now;
        if self.silent_until.is_some_and(|until| now >= until) {
            self.silent_until = None;
        }
        if self
            .running
            .as_ref()
            .is_some_and(|running| now >= running.due)
            && let Some(running) = self.running.take()
        {
            self.finish(running);
        }
        self.said.pop_front()
    }

    /// When it has something to say by itself.
    pub(super) fn due(&self) -> Option<Mono> {
        let running = self.running.as_ref().map(|running| running.due);
        running.into_iter().chain(self.silent_until).min()
    }

    fn begin(&mut self, exchange: u64, request: Request) {
        let header = request.header.clone();
        let is_payment = request.body.payment_request.is_some();
        self.payments_asked += u32::from(is_payment);
        let kind = format!("{}Response", header.category);
        let again = self.books.find(&header.service_id).is_some();
        if self.running.is_some() || again {
            let condition = if again { "MessageFormat" } else { "Busy" };
            return self.answer(exchange, &header, &failure(&kind, condition));
        }
        if self.logged_out {
            return self.answer(exchange, &header, &failure(&kind, "LoggedOut"));
        }
        let fault = self.faults.take();
        let mut running = Running {
            exchange: Some(exchange),
            request,
            due: self.now
                + if is_payment {
                    self.options.delay
                } else {
                    REVERSAL
                },
            fault,
        };
        match fault {
            Some(Fault::Busy) => {
                return self.answer(exchange, &header, &failure(&kind, "Busy"));
            }
            Some(Fault::LoggedOut) => {
                self.logged_out = true;
                return self.answer(exchange, &header, &failure(&kind, "LoggedOut"));
            }
            Some(Fault::Reject) => {
                let reject = message::reject(&self.options.poi_id);
                return self
                    .said
                    .push_back(Said::Answer(exchange, reject.into_bytes()));
            }
            Some(Fault::LoseAnswerBeforeCard) => {
                return self.said.push_back(Said::HangUp(exchange));
            }
            Some(Fault::Silent) => {
                self.silent_until = Some(self.now + SILENCE);
                return;
            }
            Some(Fault::LateApproval) => running.due = self.now + SILENCE,
            Some(Fault::Slow) => running.due = self.now + SLOW,
            Some(Fault::HangUpWhileRunning) => {
                running.due = self.now + RUNNING * self.options.delay;
                running.exchange = None;
                self.said.push_back(Said::HangUp(exchange));
            }
            Some(Fault::NotFoundAtFirst) => {
                running.due = self.now + BUFFERED;
                running.exchange = None;
                self.said.push_back(Said::HangUp(exchange));
            }
            _ => {}
        }
        self.running = Some(running);
    }

    fn abort(&mut self, service_id: &str) {
        let running = self.running.take_if(|running| {
            // One that is late does not listen either.
            running.request.header.service_id == service_id
                && running.fault != Some(Fault::LateApproval)
        });
        if let Some(running) = running {
            let header = running.request.header;
            let kind = format!("{}Response", header.category);
            self.book(&header, Kind::Payment, 0, &failure(&kind, "Aborted"));
            if let Some(exchange) = running.exchange {
                self.answer(exchange, &header, &failure(&kind, "Aborted"));
            }
        }
    }

    fn status(&self, header: &Header, service_id: &str) -> String {
        let kind = "TransactionStatusResponse";
        let runs = |running: &Running| {
            running.request.header.service_id == service_id
                && running.fault != Some(Fault::NotFoundAtFirst)
        };
        if self.running.as_ref().is_some_and(runs) {
            return failure(kind, "InProgress");
        }
        let Some(found) = self.books.find(service_id) else {
            return failure(kind, "NotFound");
        };
        let category = match found.kind {
            Kind::Payment => "Payment",
            Kind::Reversal { .. } => "Reversal",
        };
        let then = message::header(&Header {
            category: category.to_owned(),
            service_id: service_id.to_owned(),
            ..header.clone()
        });
        format!(
            r#""{kind}":{{"Response":{{"Result":"Success"}},"MessageReference":{{"MessageCategory":"{category}"}},"RepeatedMessageResponse":{{"MessageHeader":{then},"RepeatedResponseMessageBody":{{{}}}}}}}"#,
            found.answer
        )
    }

    /// A movement of money comes to its end.
    fn finish(&mut self, running: Running) {
        let Running {
            exchange,
            request,
            fault,
            ..
        } = running;
        let header = request.header.clone();
        let kind = format!("{}Response", header.category);
        let (what, amount, body) = match fault {
            Some(Fault::Decline | Fault::LoseRefusal) => {
                (Kind::Payment, 0, failure(&kind, "Refusal"))
            }
            Some(Fault::WrongPin) => (Kind::Payment, 0, failure(&kind, "WrongPIN")),
            Some(Fault::AbortByCustomer) => (Kind::Payment, 0, failure(&kind, "Cancel")),
            _ => match (
                &request.body.payment_request,
                &request.body.reversal_request,
            ) {
                (Some(payment), _) => {
                    let asked = &payment.payment_transaction.amounts_req;
                    self.pay(asked, fault)
                }
                (None, Some(reversal)) => self.reverse(reversal),
                (None, None) => (Kind::Payment, 0, failure(&kind, "MessageFormat")),
            },
        };
        self.book(&header, what, amount, &body);
        if let Some(exchange) = exchange {
            self.answer_with(exchange, &header, &body, fault);
        }
    }

    fn book(&mut self, header: &Header, kind: Kind, amount: u64, answer: &str) {
        self.books.write(Transaction {
            kind,
            service_id: header.service_id.clone(),
            amount,
            answer: answer.to_owned(),
        });
    }

    fn answer(&mut self, exchange: u64, header: &Header, body: &str) {
        self.answer_with(exchange, header, body, None);
    }
}

/// The key that stands for a passphrase. Deriving one is slow on purpose, so that the last is kept.
pub(super) fn key(options: &Options, passphrase: &str) -> NexoCrypto {
    type Derived = (String, String, u32, NexoCrypto);
    static LAST: Mutex<Option<Derived>> = Mutex::new(None);
    let (identifier, version) = (&options.key_identifier, options.key_version);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    match &*last {
        Some((of, name, number, key))
            if of == passphrase && name == identifier && *number == version =>
        {
            key.clone()
        }
        _ => {
            let key = NexoCrypto::new(passphrase, identifier, version);
            let derived = (
                passphrase.to_owned(),
                identifier.clone(),
                version,
                key.clone(),
            );
            *last = Some(derived);
            key
        }
    }
}

impl SimulatedTerminal for Terminal {
    const FAULTS: &'static [(&'static str, &'static str)] = FAULTS;

    fn charged(&self) -> Vec<u64> {
        self.books.charged()
    }

    fn payments_asked(&self) -> u32 {
        self.payments_asked
    }

    fn arm_by_name(&mut self, faults: &str) -> Result<(), UnknownFault> {
        self.arm(faults.parse()?);
        Ok(())
    }

    fn mend(&mut self) {
        self.clear();
    }
}
