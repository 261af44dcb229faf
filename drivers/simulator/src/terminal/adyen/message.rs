//! What is read and written: nexo messages, written here anew so that a mistake of the driver's does
//! not hide in both. Only the crypto is shared; a published vector and a program of others stand
//! against that.

use drivers::terminal::adyen::crypto::{NexoCrypto, SecurityTrailer};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

/// A request that could be read.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) header: Header,
    pub(super) body: Body,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Header {
    #[serde(rename = "MessageCategory")]
    pub(super) category: String,
    #[serde(rename = "SaleID")]
    pub(super) sale_id: String,
    #[serde(rename = "POIID")]
    pub(super) poi_id: String,
    #[serde(rename = "ServiceID")]
    pub(super) service_id: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Body {
    message_header: Header,
    pub(super) payment_request: Option<PaymentRequest>,
    pub(super) reversal_request: Option<ReversalRequest>,
    pub(super) abort_request: Option<About>,
    pub(super) transaction_status_request: Option<About>,
    pub(super) diagnosis_request: Option<Value>,
    pub(super) login_request: Option<Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PaymentRequest {
    pub(super) payment_transaction: PaymentTransaction,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PaymentTransaction {
    pub(super) amounts_req: AmountsReq,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AmountsReq {
    pub(super) currency: String,
    pub(super) requested_amount: Box<RawValue>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReversalRequest {
    #[serde(rename = "OriginalPOITransaction")]
    pub(super) original: Original,
    pub(super) reversed_amount: Option<Box<RawValue>>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Original {
    #[serde(rename = "POITransactionID")]
    pub(super) id: TransactionId,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct TransactionId {
    #[serde(rename = "TransactionID")]
    pub(super) transaction_id: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct About {
    pub(super) message_reference: MessageReference,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct MessageReference {
    #[serde(rename = "ServiceID")]
    pub(super) service_id: String,
}

#[derive(Deserialize)]
struct Outer {
    #[serde(rename = "SaleToPOIRequest")]
    request: Sealed,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sealed {
    message_header: Header,
    nexo_blob: String,
    security_trailer: SecurityTrailer,
}

#[derive(Deserialize)]
struct Inner {
    #[serde(rename = "SaleToPOIRequest")]
    request: Body,
}

/// Opens a request; none when it cannot be read.
pub(super) fn open(crypto: &NexoCrypto, body: &[u8]) -> Option<Request> {
    let outer: Outer = serde_json::from_slice(body).ok()?;
    let sealed = outer.request;
    let plain = crypto
        .open(&sealed.nexo_blob, &sealed.security_trailer)
        .ok()?;
    let inner: Inner = serde_json::from_slice(&plain).ok()?;
    let header = sealed.message_header;
    (inner.request.message_header == header).then_some(Request {
        header,
        body: inner.request,
    })
}

/// The header of an answer as JSON.
pub(super) fn header(to: &Header) -> String {
    let Header {
        category,
        sale_id,
        poi_id,
        service_id,
    } = to;
    let text = |value: &String| Value::from(value.as_str());
    format!(
        r#"{{"MessageCategory":{},"MessageClass":"Service","MessageType":"Response","POIID":{},"ProtocolVersion":"3.0","SaleID":{},"ServiceID":{}}}"#,
        text(category),
        text(poi_id),
        text(sale_id),
        text(service_id)
    )
}

/// Seals an answer, with one header inside and another outside.
pub(super) fn seal(
    crypto: &NexoCrypto,
    nonce: [u8; 16],
    inside: &Header,
    outside: &Header,
    body: &str,
) -> String {
    let plain = format!(
        r#"{{"SaleToPOIResponse":{{"MessageHeader":{},{body}}}}}"#,
        header(inside)
    );
    let (blob, trailer) = crypto.seal(plain.as_bytes(), nonce);
    let trailer = serde_json::to_string(&trailer).unwrap_or_default();
    let header = header(outside);
    format!(
        r#"{{"SaleToPOIResponse":{{"MessageHeader":{header},"NexoBlob":"{blob}","SecurityTrailer":{trailer}}}}}"#
    )
}

/// What a terminal says in the open that could not read an envelope.
pub(super) fn reject(poi_id: &str) -> String {
    let poi_id = Value::from(poi_id);
    format!(
        r#"{{"SaleToPOIRequest":{{"MessageHeader":{{"MessageClass":"Event","MessageCategory":"Event","MessageType":"Notification","DeviceID":"1","POIID":{poi_id},"ProtocolVersion":"3.0"}},"EventNotification":{{"TimeStamp":"2026-01-02T10:00:00.000Z","EventToNotify":"Reject","EventDetails":"message=Did%20not%20receive%20a%20readable%20request"}}}}}}"#
    )
}

/// `Failure` with its reason.
pub(super) fn failure(kind: &str, condition: &str) -> String {
    format!(
        r#""{kind}":{{"Response":{{"Result":"Failure","ErrorCondition":"{condition}","AdditionalResponse":"message={condition}"}}}}"#
    )
}

/// A decimal number with two places as a count of hundredths.
pub(super) fn hundredths(number: &RawValue) -> Option<u64> {
    let amount: Decimal = number.get().parse().ok()?;
    let scaled = amount.checked_mul(Decimal::ONE_HUNDRED)?.normalize();
    (scaled.scale() == 0)
        .then(|| u64::try_from(scaled).ok())
        .flatten()
}

/// A count of hundredths as a decimal number.
pub(super) fn decimal(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
