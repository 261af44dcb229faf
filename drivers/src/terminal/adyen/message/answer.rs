//! What the terminal answers. Only the fields below are read: `SensitiveCardData`, tokens and the
//! like are passed over by the parser and held nowhere (law 10).

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::Amount;

/// Whether a request was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Response {
    /// `Success`, `Partial` or `Failure`.
    pub result: String,
    /// Why not.
    #[serde(default)]
    pub error_condition: Option<String>,
}

impl Response {
    /// Whether nobody is logged in.
    pub fn is_logged_out(&self) -> bool {
        self.error_condition.as_deref() == Some("LoggedOut")
    }
}

/// Which transaction, in the words of whoever made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TransactionId {
    /// Its name.
    #[serde(rename = "TransactionID")]
    pub transaction_id: String,
    /// When it was made.
    pub time_stamp: String,
}

/// The answer to a payment.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PaymentResponse {
    /// Whether it was approved.
    pub response: Response,
    /// The terminal's name for it.
    #[serde(rename = "POIData", default)]
    pub poi_data: Option<PoiData>,
    /// What was approved.
    #[serde(default)]
    pub payment_result: Option<PaymentResult>,
    /// Its receipts.
    #[serde(default)]
    pub payment_receipt: Lenient<Vec<Receipt>>,
}

/// The answer to a reversal.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ReversalResponse {
    /// Whether it was taken back.
    pub response: Response,
    /// The terminal's name for it.
    #[serde(rename = "POIData", default)]
    pub poi_data: Option<PoiData>,
    /// How much of it.
    #[serde(default)]
    pub reversed_amount: Option<Amount>,
    /// Its receipts.
    #[serde(default)]
    pub payment_receipt: Lenient<Vec<Receipt>>,
}

/// The answer to a login.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LoginResponse {
    /// Whether we are let in.
    pub response: Response,
}

/// The answer to a diagnosis.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DiagnosisResponse {
    /// Whether it was made.
    pub response: Response,
    /// How the terminal is.
    #[serde(rename = "POIStatus", default)]
    pub poi_status: Option<PoiStatus>,
}

/// How the terminal is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PoiStatus {
    /// `OK`, `Busy`, `Maintenance` or `Unreachable`.
    #[serde(default)]
    pub global_status: Option<String>,
}

/// What became of an earlier request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TransactionStatusResponse {
    /// Whether the terminal knows.
    pub response: Response,
    /// What it answered then.
    #[serde(default)]
    pub repeated_message_response: Option<RepeatedMessage>,
}

/// An earlier answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RepeatedMessage {
    /// The header of that answer.
    #[serde(default)]
    pub message_header: Option<RepeatedHeader>,
    /// Its body.
    #[serde(rename = "RepeatedResponseMessageBody")]
    pub body: RepeatedBody,
}

/// The header of an earlier answer.
#[derive(Debug, Deserialize)]
pub struct RepeatedHeader {
    /// The name of its request.
    #[serde(rename = "ServiceID", default)]
    pub service_id: Option<String>,
    /// The till that sent it.
    #[serde(rename = "SaleID", default)]
    pub sale_id: Option<String>,
}

/// The body of an earlier answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RepeatedBody {
    /// To a payment.
    #[serde(default)]
    pub payment_response: Option<PaymentResponse>,
    /// To a reversal.
    #[serde(default)]
    pub reversal_response: Option<ReversalResponse>,
}

/// What the terminal adds.
#[derive(Debug, Deserialize)]
pub struct PoiData {
    /// Its name for the transaction.
    #[serde(rename = "POITransactionID", default)]
    pub transaction: Option<TransactionId>,
}

/// What was approved.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PaymentResult {
    /// How much.
    #[serde(default)]
    pub amounts_resp: Option<AmountsResp>,
    /// By what.
    #[serde(default)]
    pub payment_instrument_data: Lenient<PaymentInstrumentData>,
    /// What the acquirer said.
    #[serde(default)]
    pub payment_acquirer_data: Lenient<PaymentAcquirerData>,
}

/// How much was approved.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AmountsResp {
    /// Its currency; the one that was asked for when nothing stands here.
    #[serde(default)]
    pub currency: Option<String>,
    /// How much.
    #[serde(default)]
    pub authorized_amount: Option<Amount>,
}

/// What the acquirer said.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PaymentAcquirerData {
    /// The authorisation code.
    #[serde(default)]
    pub approval_code: Option<String>,
}

/// By what was paid.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PaymentInstrumentData {
    /// By a card.
    #[serde(default)]
    pub card_data: Option<CardData>,
}

/// What is read of a card; its number keeps its last four digits only.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CardData {
    /// The scheme or product.
    #[serde(default)]
    pub payment_brand: Option<String>,
    /// The end of `MaskedPan`.
    #[serde(rename = "MaskedPan", default)]
    pub last: Last,
    /// How it was read.
    #[serde(default)]
    pub entry_mode: Lenient<Vec<String>>,
}

/// The last digits of a card number; the rest is dropped where it is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct Last(pub Option<payment::Last4>);

impl From<String> for Last {
    fn from(number: String) -> Self {
        let mut digits = number.bytes().rev().take(4).map(|b| b.wrapping_sub(b'0'));
        let mut last = [0; 4];
        for place in last.iter_mut().rev() {
            match digits.next() {
                Some(digit) => *place = digit,
                None => return Self(None),
            }
        }
        Self(payment::Last4::new(last).ok())
    }
}

/// What does not decide about money: none when it cannot be read.
#[derive(Debug, Clone)]
pub struct Lenient<T>(pub Option<T>);

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(serde_json::from_str(raw.get()).ok()))
    }
}

/// A receipt of the terminal.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Receipt {
    /// For whom: `CashierReceipt` or `CustomerReceipt`.
    pub document_qualifier: String,
    /// `true` where the cardholder has to sign it, as a text or as a truth value.
    #[serde(default)]
    pub required_signature_flag: serde_json::Value,
    /// What stands on it.
    pub output_content: OutputContent,
}

/// What stands on a receipt.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OutputContent {
    /// Its lines.
    #[serde(default)]
    pub output_text: Vec<ReceiptText>,
}

/// A piece of a receipt.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ReceiptText {
    /// `name=…&value=…&key=…`, URL-encoded.
    pub text: String,
    /// `Left`, `Centred` …
    pub alignment: Option<String>,
    /// `DoubleHeight` …
    pub character_height: Option<String>,
    /// `DoubleWidth` …
    pub character_width: Option<String>,
}
