//! What is asked of the terminal without moving a patient's money: its status, its memory, its end
//! of day and its upkeep. Pure: it decides, and the session does.

use config::ZvtCharset;
use payment::{
    Currency, Refusal, Text,
    closing::{BrandTotal, DayTotals},
};

use super::{
    apdu::{Apdu, code},
    codes::result,
    message::{
        RepeatReceipt, SetTime, StatusInformation, Totals, diagnosis, display_text, end_of_day,
        initialisation, log_off, status_enquiry,
    },
    operation::Stage,
};
use crate::{
    Mono,
    terminal::{Command, DayEnd, Event, LastTransaction, Service},
};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    /// 06 B0, to end what an earlier till left on the display; then 05 01.
    Clear,
    /// 05 01. Our own wish: nobody hears of it but by what it changes.
    Status {
        /// 06 B0 was sent before, and is not sent again.
        cleared: bool,
    },
    /// 06 20, as a query.
    LastTransaction,
    /// 06 50.
    EndOfDay,
    /// Something for whoever looks after the terminal.
    Service(Service),
}

/// A question that was asked.
#[derive(Debug)]
pub(super) struct Enquiry {
    pub(super) question: Question,
    pub(super) stage: Stage,
    pub(super) deadline: Mono,
    /// The last 04 0F that came for it.
    heard: Option<StatusInformation>,
}

/// How a question came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Close<'a> {
    /// Answered, and nothing was to follow; or 06 0F.
    Done,
    /// 84 xx: not even begun.
    Refused(u8),
    /// 06 1E.
    Aborted(Option<u8>),
    /// Nothing more will be heard of it.
    Lost(&'a str),
}

impl Question {
    /// The question that a command is; none for what moves money.
    pub(super) fn of(command: &Command) -> Option<Self> {
        match command {
            Command::LastTransaction => Some(Self::LastTransaction),
            Command::EndOfDay => Some(Self::EndOfDay),
            Command::Service(service) => Some(Self::Service(service.clone())),
            Command::Pay { .. }
            | Command::Reverse { .. }
            | Command::Refund { .. }
            | Command::Query { .. }
            | Command::Abort { .. } => None,
        }
    }

    /// The message; none when the terminal's fields are too short for it.
    pub(super) fn encode(&self, password: [u8; 3], charset: ZvtCharset) -> Option<Apdu> {
        Some(match self {
            Self::Clear => Apdu::new(code::ABORT_REQUEST, Vec::new()),
            Self::Status { .. } => status_enquiry(),
            Self::LastTransaction => RepeatReceipt::query(password).encode(),
            Self::EndOfDay => end_of_day(password),
            Self::Service(service) => match service {
                Service::Diagnosis => diagnosis(),
                Service::Initialisation => initialisation(password),
                Service::DisplayText(text) => display_text(text, charset),
                Service::SetClock(time) => SetTime {
                    password,
                    time: *time,
                }
                .encode()?,
                Service::RepeatReceipt => RepeatReceipt::print(password).encode(),
                Service::LogOff => log_off(),
            },
        })
    }

    /// Whether nobody told us to ask it.
    pub(super) fn is_ours(&self) -> bool {
        matches!(self, Self::Clear | Self::Status { .. })
    }

    /// Whether 80 00 00 is already the end.
    pub(super) fn ends_with_answer(&self) -> bool {
        matches!(
            self,
            Self::Clear | Self::Service(Service::DisplayText(_) | Service::LogOff)
        )
    }

    /// Whether an 04 0F is an answer to it, and no left-over.
    pub(super) fn has_results(&self) -> bool {
        matches!(
            self,
            Self::LastTransaction | Self::EndOfDay | Self::Service(Service::RepeatReceipt)
        )
    }

    /// The event for a question that is not asked at all; none for our own.
    pub(super) fn not_asked(&self, why: &str) -> Option<Event> {
        let text = Text::new(why);
        match self {
            Self::Clear | Self::Status { .. } => None,
            Self::LastTransaction => Some(Event::LastTransaction(LastTransaction::NoAnswer(text))),
            Self::EndOfDay => Some(Event::DayEnded(DayEnd::Refused(Refusal {
                code: None,
                text,
            }))),
            Self::Service(_) => Some(Event::Served(Err(Refusal { code: None, text }))),
        }
    }
}

impl Enquiry {
    pub(super) fn new(question: Question, deadline: Mono) -> Self {
        Self {
            question,
            stage: Stage::Asked,
            deadline,
            heard: None,
        }
    }

    /// Keeps an 04 0F. A result that says more is not replaced by one that says less.
    pub(super) fn hear(&mut self, status: StatusInformation) {
        let had_totals = self.heard.as_ref().is_some_and(|s| s.totals.is_some());
        if !had_totals || status.totals.is_some() || !status.is_approval() {
            self.heard = Some(status);
        }
    }

    /// The event that ends it; none for our own questions.
    pub(super) fn close(
        &self,
        close: Close<'_>,
        currency: Currency,
        at: Option<jiff::Timestamp>,
    ) -> Option<Event> {
        match &self.question {
            Question::Clear | Question::Status { .. } => None,
            Question::LastTransaction => {
                Some(Event::LastTransaction(self.last(close, currency, at)))
            }
            Question::EndOfDay => Some(Event::DayEnded(self.day_end(close))),
            Question::Service(service) => Some(Event::Served(served(service, close))),
        }
    }

    /// What the terminal's memory holds.
    ///
    /// There are terminals that end 06 20 well without an 04 0F although they hold a transaction, and
    /// no error code says that there is none: so a terminal is never believed to hold nothing.
    fn last(
        &self,
        close: Close<'_>,
        currency: Currency,
        at: Option<jiff::Timestamp>,
    ) -> LastTransaction {
        let code = match (close, &self.heard) {
            (Close::Lost(why), _) => return LastTransaction::NoAnswer(Text::new(why)),
            (Close::Done, Some(status)) if status.is_approval() => {
                return LastTransaction::Stored(Box::new(status.stored(currency, at)));
            }
            (Close::Done, Some(StatusInformation { result: None, .. })) => {
                let why = "The terminal's answer cannot be understood.";
                return LastTransaction::NoAnswer(Text::new(why));
            }
            (Close::Done | Close::Aborted(None), heard) => {
                heard.as_ref().and_then(|status| status.result)
            }
            (Close::Refused(code) | Close::Aborted(Some(code)), _) => Some(code),
        };
        match code {
            Some(code) if is_busy(code) => {
                LastTransaction::Busy(Text::new(&result::meaning(code).sentence()))
            }
            None | Some(0 | result::NOT_POSSIBLE) => LastTransaction::Unsupported(Text::new(
                "The terminal cannot repeat its last receipt, or has none.",
            )),
            Some(code) => {
                LastTransaction::Unsupported(Text::new(&result::meaning(code).sentence()))
            }
        }
    }

    fn day_end(&self, close: Close<'_>) -> DayEnd {
        let heard = self.heard.as_ref();
        let unknown = |why: &str| DayEnd::Unknown(Text::new(why));
        match close {
            Close::Refused(code) => DayEnd::Refused(refusal(code, None)),
            Close::Done if heard.is_none_or(StatusInformation::is_approval) => {
                DayEnd::Done(heard.map(totals).unwrap_or_default())
            }
            Close::Done => {
                unknown("The terminal's end of day failed, and ended well. Run it again.")
            }
            Close::Aborted(_) if heard.is_some_and(StatusInformation::is_approval) => {
                unknown("The terminal told its totals, and then ended as failed. Run it again.")
            }
            Close::Aborted(code) => {
                let code = code.filter(|code| *code != 0);
                let code = code.or(heard.and_then(|status| status.result)).unwrap_or(0);
                DayEnd::Refused(refusal(code, heard.and_then(|status| status.text.as_ref())))
            }
            Close::Lost(why) => unknown(why),
        }
    }
}

/// What became of a service, as a sentence.
fn served(service: &Service, close: Close<'_>) -> Result<Text, Refusal> {
    let done = match service {
        Service::Diagnosis => "The diagnosis is done.",
        Service::Initialisation => "The initialisation is done.",
        Service::DisplayText(_) => "The terminal shows the text.",
        Service::SetClock(_) => "The terminal's clock is set.",
        Service::RepeatReceipt => "The last receipt is repeated.",
        Service::LogOff => "The terminal is logged off.",
    };
    match close {
        Close::Done => Ok(Text::new(done)),
        Close::Refused(code) => Err(refusal(code, None)),
        Close::Aborted(code) => Err(refusal(code.unwrap_or(0), None)),
        Close::Lost(why) => Err(Refusal {
            code: None,
            text: Text::new(why),
        }),
    }
}

/// The totals as far as the terminal told them.
fn totals(status: &StatusInformation) -> DayTotals {
    let minor = |sum: u64| i64::try_from(sum).unwrap_or(i64::MAX);
    let brands = |totals: &Totals| {
        let brand = |scheme: &super::message::SchemeTotal| BrandTotal {
            brand: Text::new(scheme.scheme),
            count: scheme.count.into(),
            minor: minor(scheme.sum),
        };
        totals.schemes.iter().map(brand).collect()
    };
    let told = status.totals.as_ref();
    DayTotals {
        total_minor: status.amount.map(minor),
        receipts: told.map(|totals| (totals.first_receipt, totals.last_receipt)),
        brands: told.map(brands).unwrap_or_default(),
    }
}

fn refusal(code: u8, said: Option<&Text>) -> Refusal {
    let meaning = result::meaning(code);
    let text = match said {
        Some(said) => format!("{said}. {}", meaning.next.english()),
        None => meaning.sentence(),
    };
    Refusal {
        code: Some(Text::new(&format!("zvt:{code:02X}"))),
        text: Text::new(text.trim_end()),
    }
}

/// Whether a terminal would answer later.
pub(super) fn is_busy(code: u8) -> bool {
    matches!(
        code,
        result::BUSY | result::RECEIVER_NOT_READY | result::MAINTENANCE | result::DEVICE_MISSING
    )
}
