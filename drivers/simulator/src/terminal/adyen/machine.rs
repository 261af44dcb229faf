//! The terminal: what it is asked, when it answers, and what goes wrong on the way.

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use drivers::{Input, Machine, Mono, Output, terminal::adyen::crypto::NexoCrypto};

use super::{
    FAULTS, Fault, Faults,
    books::{Books, Kind, Transaction},
    message::{self, Header, Request, decimal, failure, hundredths},
    receipt,
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
    options: Options,
    crypto: NexoCrypto,
    sealed: u64,
    books: Books,
    faults: Faults,
    payments_asked: u32,
    now: Mono,
    running: Option<Running>,
    silent_until: Option<Mono>,
    /// What it has to say, in its order.
    said: VecDeque<Said>,
    /// The exchanges of a link that is a stream: their count, and bytes that are not whole yet.
    exchanges: u64,
    held: Vec<u8>,
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
struct Running {
    /// None when nobody listens any more.
    exchange: Option<u64>,
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

    fn pay(&self, asked: &message::AmountsReq, fault: Option<Fault>) -> (Kind, u64, String) {
        let Some(wanted) = hundredths(&asked.requested_amount).filter(|amount| *amount > 0) else {
            return (
                Kind::Payment,
                0,
                failure("PaymentResponse", "MessageFormat"),
            );
        };
        let (amount, result) = match fault {
            Some(Fault::OtherAmount) => (wanted - 1, "Success"),
            Some(Fault::PartialApproval) => (wanted / 2, "Partial"),
            _ => (wanted, "Success"),
        };
        let currency = match fault {
            Some(Fault::OtherCurrency) => "CHF",
            _ => asked.currency.as_str(),
        };
        let written = match fault {
            Some(Fault::ExponentAmount) => format!("{amount}e-2"),
            _ => decimal(amount),
        };
        let amounts = match fault {
            Some(Fault::NoAmount) => String::new(),
            _ => format!(
                r#""AmountsResp":{{"AuthorizedAmount":{written},"Currency":"{currency}"}},"#
            ),
        };
        let unmasked = fault == Some(Fault::UnmaskedPan);
        let strange = match fault {
            Some(Fault::UnknownFields) => r#""New":{"A":[1.5,{"B":null}]},"#,
            _ => "",
        };
        let number = self.books.next_number();
        let body = format!(
            r#""PaymentResponse":{{{strange}"Response":{{{strange}"Result":"{result}","AdditionalResponse":"tid=1&PaymentToken=T&expiryDate=12%2F2030"}},{poi},"PaymentResult":{{{strange}{amounts}{card}}},"PaymentReceipt":[{receipts}]}}"#,
            poi = transaction(number),
            card = receipt::card(unmasked),
            receipts = receipt::both(&decimal(amount), currency, unmasked),
        );
        (Kind::Payment, amount, body)
    }

    fn reverse(&self, asked: &message::ReversalRequest) -> (Kind, u64, String) {
        let refused = |condition| {
            let kind = Kind::Reversal { of: usize::MAX };
            (kind, 0, failure("ReversalResponse", condition))
        };
        let number = asked.original.id.transaction_id.strip_prefix("SIM.");
        let number = number.and_then(|number| number.parse::<usize>().ok());
        let found = number.and_then(|number| self.books.transactions().get(number));
        let (Some(number), Some(payment)) = (number, found) else {
            return refused("NotFound");
        };
        let left = payment.amount.saturating_sub(self.books.reversed(number));
        let amount = match &asked.reversed_amount {
            Some(part) => hundredths(part).unwrap_or(u64::MAX),
            None if self.books.reversed(number) == 0 => payment.amount,
            None => u64::MAX,
        };
        if payment.kind != Kind::Payment || amount == 0 || amount > left {
            return refused("NotAllowed");
        }
        let body = format!(
            r#""ReversalResponse":{{"Response":{{"Result":"Success"}},{},"ReversedAmount":{}}}"#,
            transaction(self.books.next_number()),
            decimal(amount)
        );
        (Kind::Reversal { of: number }, amount, body)
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

    fn answer_with(&mut self, exchange: u64, header: &Header, body: &str, fault: Option<Fault>) {
        let nonce = self.crypto.nonce(&[0; 16], self.sealed);
        self.sealed += 1;
        let other = |change: fn(&mut Header)| {
            let mut header = header.clone();
            change(&mut header);
            header
        };
        let (inside, outside) = match fault {
            Some(Fault::OtherDevice) => {
                let other = other(|header| header.poi_id.push('9'));
                (other.clone(), other)
            }
            Some(Fault::OtherRequest) => {
                let other = other(|header| "ABCDEFGHIJ".clone_into(&mut header.service_id));
                (other.clone(), other)
            }
            Some(Fault::ForgedHeader) => (
                other(|header| "ABCDEFGHIJ".clone_into(&mut header.service_id)),
                header.clone(),
            ),
            _ => (header.clone(), header.clone()),
        };
        let crypto = match fault {
            Some(Fault::WrongKey) => &key(&self.options, "another passphrase"),
            _ => &self.crypto,
        };
        let mut sealed = message::seal(crypto, nonce, &inside, &outside, body);
        if fault == Some(Fault::BadHmac) {
            // The first letter of the HMAC is another one.
            let at = sealed.find("\"Hmac\":\"").map_or(0, |at| at + 8);
            let letter = if sealed[at..].starts_with('A') {
                "B"
            } else {
                "A"
            };
            sealed.replace_range(at..=at, letter);
        }
        let sealed = sealed.into_bytes();
        match fault {
            Some(Fault::LoseAnswerAfterApproval | Fault::LoseRefusal) => {
                self.said.push_back(Said::HangUp(exchange));
            }
            Some(Fault::HalfAnswer) => self.said.push_back(Said::Half(exchange, sealed)),
            Some(Fault::PartialSegments) => self.said.push_back(Said::InPieces(exchange, sealed)),
            Some(Fault::Garbage) => {
                let noise = b"\x00\xff{\"SaleToPOIResponse\":[[[[".to_vec();
                self.said.push_back(Said::Answer(exchange, noise));
            }
            Some(Fault::HangUpAfterApproval) => {
                self.said.push_back(Said::Answer(exchange, sealed));
                self.said.push_back(Said::HangUp(exchange));
            }
            Some(Fault::DuplicateAnswer) => {
                self.said.push_back(Said::Answer(exchange, sealed.clone()));
                self.said.push_back(Said::Stray(sealed));
            }
            Some(Fault::Coalesce) => {
                let mut late = header.clone();
                "0000000AB".clone_into(&mut late.service_id);
                "Diagnosis".clone_into(&mut late.category);
                let body = failure("DiagnosisResponse", "Busy");
                let stray = message::seal(&self.crypto, [3; 16], &late, &late, &body);
                self.said.push_back(Said::Answer(exchange, sealed));
                self.said.push_back(Said::Stray(stray.into_bytes()));
            }
            _ => self.said.push_back(Said::Answer(exchange, sealed)),
        }
    }
}

/// The key that stands for a passphrase. Deriving one is slow on purpose, so that the last is kept.
fn key(options: &Options, passphrase: &str) -> NexoCrypto {
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

/// The terminal's name for a transaction.
fn transaction(number: usize) -> String {
    format!(
        r#""POIData":{{"POITransactionID":{{"TransactionID":"SIM.{number}","TimeStamp":"2026-01-02T10:00:00.000Z"}}}}"#
    )
}

impl Machine for Terminal {
    type Command = Infallible;
    type Fact = Infallible;
    type Event = Infallible;

    /// The stream of [`drivers::terminal::adyen::frame`]: each frame is an exchange.
    fn handle(&mut self, now: Mono, input: Input<'_, Infallible>) {
        self.now = now;
        match input {
            Input::LinkUp | Input::LinkDown => {
                self.held.clear();
                self.said.clear();
                if let Some(running) = &mut self.running {
                    running.exchange = None;
                }
            }
            Input::Bytes(bytes) => {
                self.held.extend(bytes);
                while let Some(body) = self.take_frame() {
                    self.exchanges += 1;
                    self.ask(now, self.exchanges, &body);
                }
            }
            Input::Timeout | Input::Stored(_) => {}
            Input::Command(never) => match never {},
        }
    }

    fn poll(&mut self) -> Output<Infallible, Infallible> {
        match self.next(self.now) {
            None => Output::Wait(self.due()),
            Some(Said::Answer(_, body)) => {
                let mut bytes = framed(&body);
                // In one segment with what follows.
                while let Some(Said::Stray(_)) = self.said.front()
                    && let Some(Said::Stray(stray)) = self.said.pop_front()
                {
                    bytes.extend(framed(&stray));
                }
                Output::Send(bytes)
            }
            Some(Said::Stray(body)) => Output::Send(framed(&body)),
            Some(Said::InPieces(_, body)) => {
                for byte in framed(&body).into_iter().rev() {
                    self.said.push_front(Said::Half(u64::MAX, vec![byte]));
                }
                self.poll()
            }
            Some(Said::Half(u64::MAX, bytes)) => Output::Send(bytes),
            Some(Said::Half(exchange, body)) => {
                self.said.push_front(Said::HangUp(exchange));
                let bytes = framed(&body);
                let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
                Output::Send(half.to_vec())
            }
            Some(Said::HangUp(_)) => Output::Close,
        }
    }
}

impl Terminal {
    fn take_frame(&mut self) -> Option<Vec<u8>> {
        let (head, rest) = self.held.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*head)).unwrap_or(usize::MAX);
        if length > MAX_BODY {
            self.held.clear();
            return None;
        }
        let body = rest.get(..length)?.to_vec();
        self.held.drain(..4 + length);
        Some(body)
    }
}

fn framed(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend(body);
    bytes
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
