//! Nexo Sale-to-POI 3.0 messages as Adyen speaks them: JSON inside an encrypted envelope.

mod amount;
mod answer;
mod envelope;
mod request;

pub use amount::Amount;
pub use answer::{
    CardData, DiagnosisResponse, Lenient, LoginResponse, PaymentResponse, Receipt, ReceiptText,
    RepeatedMessage, Response, ReversalResponse, TransactionId, TransactionStatusResponse,
};
pub use envelope::{Answer, Body, Header, Unreadable, open, seal};
pub use request::{MessageReference, Request, SaleSoftware};
