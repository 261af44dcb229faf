//! The envelope: a header in the open, and inside the same header with the message.

use serde::{Deserialize, Serialize};

use super::{
    DiagnosisResponse, LoginResponse, PaymentResponse, Request, ReversalResponse,
    TransactionStatusResponse,
};
use crate::terminal::adyen::{
    crypto::{NexoCrypto, SecurityTrailer},
    text::pairs,
};

/// Which message it is, and between whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Header {
    /// 3.0.
    #[serde(default)]
    pub protocol_version: String,
    /// `Service` for all that is asked.
    pub message_class: String,
    /// Of which kind, such as `Payment`.
    pub message_category: String,
    /// `Request` or `Response`.
    pub message_type: String,
    /// The name of the request, unique for 48 hours.
    #[serde(rename = "ServiceID", default)]
    pub service_id: String,
    /// The till.
    #[serde(rename = "SaleID", default)]
    pub sale_id: String,
    /// The terminal.
    #[serde(rename = "POIID", default)]
    pub poi_id: String,
}

impl Header {
    /// The header of a request.
    pub fn request(category: &str, service_id: &str, sale_id: &str, poi_id: &str) -> Self {
        Self {
            protocol_version: "3.0".to_owned(),
            message_class: "Service".to_owned(),
            message_category: category.to_owned(),
            message_type: "Request".to_owned(),
            service_id: service_id.to_owned(),
            sale_id: sale_id.to_owned(),
            poi_id: poi_id.to_owned(),
        }
    }
}

/// What came back.
#[derive(Debug)]
pub enum Answer {
    /// An answer that was sealed with our key.
    Response(Box<Body>),
    /// In the open: the terminal could not read what we sent. Its words, if any.
    Rejected(Option<String>),
}

/// The body of an answer; what else may stand in it is passed over.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Body {
    /// The header inside, the same as outside.
    pub message_header: Header,
    /// To a payment.
    pub payment_response: Option<PaymentResponse>,
    /// To a reversal.
    pub reversal_response: Option<ReversalResponse>,
    /// To a diagnosis.
    pub diagnosis_response: Option<DiagnosisResponse>,
    /// To a login.
    pub login_response: Option<LoginResponse>,
    /// To the question what became of an earlier request.
    pub transaction_status_response: Option<TransactionStatusResponse>,
}

/// Why a body is not an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is no envelope.
    #[error("the answer is not a nexo message")]
    NotAnEnvelope,
    /// It cannot be opened, or does not hold what stands outside.
    #[error(
        "the answer cannot be opened; check that passphrase, key identifier and key version are \
         the terminal's"
    )]
    Sealed,
}

/// A request, sealed and ready to be sent.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn seal(
    crypto: &NexoCrypto,
    nonce: [u8; 16],
    header: &Header,
    request: &Request,
) -> Result<Vec<u8>, serde_json::Error> {
    let plain = serde_json::to_vec(&ToPoi {
        request: Plain { header, request },
    })?;
    let (nexo_blob, security_trailer) = crypto.seal(&plain, nonce);
    serde_json::to_vec(&ToPoi {
        request: SealedRef {
            header,
            nexo_blob,
            security_trailer,
        },
    })
}

/// Opens an answer.
///
/// # Errors
/// When it is no answer, or cannot be opened.
pub fn open(crypto: &NexoCrypto, body: &[u8]) -> Result<Answer, Unreadable> {
    let outer: FromPoi = serde_json::from_slice(body).map_err(|_| Unreadable::NotAnEnvelope)?;
    match (outer.response, outer.request) {
        (Some(sealed), None) => {
            let plain = crypto
                .open(&sealed.nexo_blob, &sealed.security_trailer)
                .map_err(|_| Unreadable::Sealed)?;
            let inner: Inner = serde_json::from_slice(&plain).map_err(|_| Unreadable::Sealed)?;
            let body = inner.response;
            if body.message_header == sealed.header {
                Ok(Answer::Response(Box::new(body)))
            } else {
                Err(Unreadable::Sealed)
            }
        }
        (None, Some(event)) => match event.event_notification {
            Some(event) if event.event_to_notify == "Reject" => {
                let mut said = pairs(&event.event_details).into_iter();
                let message = said.find_map(|(name, value)| (name == "message").then_some(value));
                Ok(Answer::Rejected(message))
            }
            _ => Err(Unreadable::NotAnEnvelope),
        },
        _ => Err(Unreadable::NotAnEnvelope),
    }
}

#[derive(Serialize)]
struct ToPoi<T> {
    #[serde(rename = "SaleToPOIRequest")]
    request: T,
}

#[derive(Serialize)]
struct Plain<'a> {
    #[serde(rename = "MessageHeader")]
    header: &'a Header,
    #[serde(flatten)]
    request: &'a Request,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SealedRef<'a> {
    #[serde(rename = "MessageHeader")]
    header: &'a Header,
    nexo_blob: String,
    security_trailer: SecurityTrailer,
}

#[derive(Deserialize)]
struct FromPoi {
    #[serde(rename = "SaleToPOIResponse")]
    response: Option<Sealed>,
    #[serde(rename = "SaleToPOIRequest")]
    request: Option<Notice>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sealed {
    #[serde(rename = "MessageHeader")]
    header: Header,
    nexo_blob: String,
    security_trailer: SecurityTrailer,
}

#[derive(Deserialize)]
struct Notice {
    #[serde(rename = "EventNotification")]
    event_notification: Option<EventNotification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EventNotification {
    event_to_notify: String,
    #[serde(default)]
    event_details: String,
}

#[derive(Deserialize)]
struct Inner {
    #[serde(rename = "SaleToPOIResponse")]
    response: Body,
}
