//! What is asked of the terminal.

use jiff::Timestamp;
use serde::Serialize;

use super::{Amount, TransactionId};

/// A request's body.
#[derive(Debug, Serialize)]
pub enum Request {
    /// Take this amount.
    #[serde(rename = "PaymentRequest", rename_all = "PascalCase")]
    Payment {
        /// Our name for it.
        sale_data: SaleData,
        /// How much.
        payment_transaction: PaymentTransaction,
    },
    /// Take a payment back, whole or in part.
    #[serde(rename = "ReversalRequest", rename_all = "PascalCase")]
    Reversal {
        /// Our name for it.
        sale_data: SaleData,
        /// Which payment.
        #[serde(rename = "OriginalPOITransaction")]
        original: OriginalTransaction,
        /// How much; all of it when nothing stands here.
        #[serde(skip_serializing_if = "Option::is_none")]
        reversed_amount: Option<Amount>,
        /// Always `MerchantCancel`.
        reversal_reason: &'static str,
    },
    /// End a running request.
    #[serde(rename = "AbortRequest", rename_all = "PascalCase")]
    Abort {
        /// Which.
        message_reference: MessageReference,
        /// Always `MerchantAbort`.
        abort_reason: &'static str,
    },
    /// Say what became of a request.
    #[serde(rename = "TransactionStatusRequest", rename_all = "PascalCase")]
    TransactionStatus {
        /// With its receipts.
        receipt_reprint_flag: bool,
        /// Which receipts.
        document_qualifier: [&'static str; 2],
        /// Which request.
        message_reference: MessageReference,
    },
    /// Say how you are.
    #[serde(rename = "DiagnosisRequest", rename_all = "PascalCase")]
    Diagnosis {
        /// Whether the host is asked too.
        host_diagnosis_flag: bool,
    },
    /// Let us in. Asked where the terminal says that we are logged out.
    #[serde(rename = "LoginRequest", rename_all = "PascalCase")]
    Login {
        /// When, by our clock: RFC 3339.
        date_time: String,
        /// What we are.
        sale_software: SaleSoftware,
    },
}

/// What the till's program is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SaleSoftware {
    /// Who makes it.
    #[serde(rename = "ManufacturerID")]
    pub manufacturer_id: &'static str,
    /// Its name.
    pub application_name: &'static str,
    /// Its version.
    pub software_version: &'static str,
    /// Its certification, of which there is none.
    pub certification_code: &'static str,
}

/// What the till says of itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SaleData {
    /// Our name for the transaction.
    #[serde(rename = "SaleTransactionID")]
    pub sale_transaction_id: TransactionId,
    /// The currency of a part that is taken back: nexo has no field for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sale_to_acquirer_data: Option<String>,
}

/// What a payment is about.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PaymentTransaction {
    amounts_req: AmountsReq,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct AmountsReq {
    currency: &'static str,
    requested_amount: Amount,
}

/// The transaction that is taken back.
#[derive(Debug, Serialize)]
pub struct OriginalTransaction {
    #[serde(rename = "POITransactionID")]
    id: TransactionId,
}

/// An earlier request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct MessageReference {
    /// Its kind.
    pub message_category: &'static str,
    /// The till that sent it.
    #[serde(rename = "SaleID")]
    pub sale_id: String,
    /// Its name.
    #[serde(rename = "ServiceID")]
    pub service_id: String,
}

impl Request {
    /// Take this amount.
    pub fn payment(sale: TransactionId, money: payment::Money) -> Self {
        Self::Payment {
            sale_data: SaleData {
                sale_transaction_id: sale,
                sale_to_acquirer_data: None,
            },
            payment_transaction: PaymentTransaction {
                amounts_req: AmountsReq {
                    currency: money.currency().code(),
                    requested_amount: money.into(),
                },
            },
        }
    }

    /// Take a payment back: this part of it, or all.
    pub fn reversal(
        sale: TransactionId,
        original: TransactionId,
        part: Option<payment::Money>,
    ) -> Self {
        Self::Reversal {
            sale_data: SaleData {
                sale_transaction_id: sale,
                sale_to_acquirer_data: part.map(|p| format!("currency={}", p.currency().code())),
            },
            original: OriginalTransaction { id: original },
            reversed_amount: part.map(Amount::from),
            reversal_reason: "MerchantCancel",
        }
    }

    /// End a running request.
    pub fn abort(message_reference: MessageReference) -> Self {
        Self::Abort {
            message_reference,
            abort_reason: "MerchantAbort",
        }
    }

    /// Let us in.
    pub fn login(at: Timestamp) -> Self {
        Self::Login {
            date_time: at.to_string(),
            sale_software: SaleSoftware {
                manufacturer_id: "tilld",
                application_name: "tilld",
                software_version: env!("CARGO_PKG_VERSION"),
                certification_code: "none",
            },
        }
    }

    /// Say what became of a request.
    pub fn status(message_reference: MessageReference) -> Self {
        Self::TransactionStatus {
            receipt_reprint_flag: true,
            document_qualifier: ["CashierReceipt", "CustomerReceipt"],
            message_reference,
        }
    }

    /// `MessageCategory` of its header.
    pub fn category(&self) -> &'static str {
        match self {
            Self::Payment { .. } => "Payment",
            Self::Reversal { .. } => "Reversal",
            Self::Abort { .. } => "Abort",
            Self::TransactionStatus { .. } => "TransactionStatus",
            Self::Diagnosis { .. } => "Diagnosis",
            Self::Login { .. } => "Login",
        }
    }
}
