//! What can be wrong with a request: a stable type, a status, and a sentence that says what to do.

use payment::{CannotReturn, DeviceId, InvalidMethod, InvalidMoney, InvoiceRef, PaymentId, Text};
use rust_decimal::Decimal;
use sync::delivery::Undecidable;

/// Why a request is refused. Shown as an RFC 9457 problem document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// No such device.
    #[error("There is no device “{device}”. Use one of: {known}.")]
    UnknownDevice {
        /// What was asked for.
        device: String,
        /// The devices there are.
        known: String,
    },
    /// Not an amount of money.
    #[error("{0}.")]
    InvalidAmount(#[from] InvalidMoney),
    /// Not a method.
    #[error("{0}.")]
    InvalidMethod(#[from] InvalidMethod),
    /// Another field that does not fit.
    #[error("{0}.")]
    InvalidField(String),
    /// The device counts in another currency.
    #[error("{device} takes {takes} only. Send the amount in {takes}, or use another device.")]
    CurrencyNotTaken {
        /// Which device.
        device: DeviceId,
        /// The currency it takes.
        takes: &'static str,
    },
    /// The device has no terminal.
    #[error("{0} has no card terminal. Use another device, or another method.")]
    MethodNotTaken(DeviceId),
    /// No `Idempotency-Key`.
    #[error(
        "An Idempotency-Key header is required, so that a repeat can never charge twice. Make up \
         a new UUID for every payment, and send the same one when you repeat the request."
    )]
    KeyMissing,
    /// Not a usable key.
    #[error("{0}. Use a UUID.")]
    KeyInvalid(String),
    /// The key stands for something else.
    #[error(
        "This Idempotency-Key already stands for payment {0} with other content. If you mean a \
         new payment, send a new key."
    )]
    KeyReused(PaymentId),
    /// Another payment is running.
    #[error(
        "{device} is busy with payment {payment}. Wait until it has ended, then send the same \
         request again."
    )]
    DeviceBusy {
        /// Which device.
        device: DeviceId,
        /// What it is busy with.
        payment: PaymentId,
    },
    /// The last payment's outcome is unknown.
    #[error(
        "The terminal of {device} is asked for nothing new while payment {payment} is in doubt. \
         Find out whether it was charged, settle it, then send the same request again."
    )]
    DeviceInDoubt {
        /// Which device.
        device: DeviceId,
        /// The payment in doubt.
        payment: PaymentId,
    },
    /// The device's day is being closed.
    #[error(
        "The day of {0} is being closed. Wait until that has ended, then send the same request again."
    )]
    Closing(DeviceId),
    /// The device's terminal is busy with a service.
    #[error(
        "The terminal of {0} is busy with a service. Wait until that has ended, then send the same \
         request again."
    )]
    Serving(DeviceId),
    /// The device has no terminal that could be asked for a service.
    #[error("{0} has no card terminal. Name a device that has one.")]
    NothingToServe(DeviceId),
    /// A service was refused, or nobody knows whether it was done.
    #[error("{0} The service was not done. It moves no money, and may be asked for again.")]
    ServiceNotDone(Text),
    /// The device has no terminal whose day could be closed.
    #[error("{0} has no card terminal, so there is no day to close.")]
    NothingToClose(DeviceId),
    /// The key of a closing belongs to another device.
    #[error("This Idempotency-Key already stands for the end of day of {0}. Send a new key.")]
    ClosingKeyReused(DeviceId),
    /// A cancel or a refund that cannot be.
    #[error("{0}.")]
    CannotReturn(#[from] CannotReturn),
    /// The original has no number at the terminal.
    #[error(
        "The terminal gave this payment no receipt number, so it cannot be cancelled there. Refund \
         it instead."
    )]
    NothingToReverse,
    /// The original has no name at the terminal.
    #[error(
        "The terminal gave this payment no name, so it cannot be refunded there. Give the money \
         back another way."
    )]
    NothingToRefund,
    /// What this device's terminal does not do.
    #[error("{0}")]
    NotOffered(NotOffered),
    /// The terminal cannot be asked; nothing was charged.
    #[error("{reason} Nothing was charged.")]
    TerminalUnavailable {
        /// Why, and what to do.
        reason: Text,
    },
    /// No room to record a payment.
    #[error(
        "The disk is full, so no new payment can be recorded, and none was taken. Free some \
         space on this machine, then send the same request again."
    )]
    StorageFull,
    /// The database failed, and what was asked for was not begun.
    #[error(
        "The database cannot be written, and what was asked for was not begun. The daemon restarts \
         by itself; send the same request again in a moment. If that does not help, look at the disk: \
         it may be broken or read-only."
    )]
    StorageFailed,
    /// The database cannot be read. What was asked for may have been done before.
    #[error(
        "The database cannot be read, so there is no answer to this. That tells nothing about any \
         payment: do not charge again because of it. Send the same request again in a moment. If \
         that does not help, look at the disk: it may be broken."
    )]
    StorageUnreadable,
    /// The database is damaged. What was asked for may have been done before.
    #[error(
        "The database is damaged, so there is no answer to this. That tells nothing about any \
         payment: do not charge again because of it. Stop tilld and restore the newest copy: till \
         restore FILE keeps the damaged one too. See “Restore” in docs/operations.md."
    )]
    StorageDamaged,
    /// What became of a payment that was begun is not kept yet.
    #[error(
        "The outcome of payment {0} could not be recorded yet, and money may have moved: do not \
         charge again. If the disk of this machine is full, free some space. Then send the same \
         request again, with the same Idempotency-Key, or look that payment up."
    )]
    OutcomeNotRecorded(PaymentId),
    /// What became of an end of day that was begun is not kept.
    #[error(
        "What became of the end of day of {0} could not be recorded, and the terminal may have \
         closed its day. If the disk of this machine is full, free some space. Then send the same \
         request again, with the same Idempotency-Key."
    )]
    ClosingNotRecorded(DeviceId),
    /// No room for a copy of the database.
    #[error(
        "The disk has no room for a copy beside the database. Free as much as the database takes, \
         and 64 MB, then ask again. Payments go on."
    )]
    NoRoomForCopy,
    /// The copy failed.
    #[error(
        "The database could not be copied; the log of tilld says why. Look at the disk, then ask \
         again. Payments go on."
    )]
    NotCopied,
    /// Too large a body.
    #[error("The body is larger than 64 kB. Send less; a note has at most 500 characters.")]
    BodyTooLarge,
    /// Not JSON of the right form.
    #[error("The body is not as documented: {0}.")]
    InvalidBody(String),
    /// A field that is not known.
    #[error("There is no field “{field}”. The fields are: {known}.")]
    UnknownField {
        /// Which.
        field: String,
        /// The fields there are.
        known: String,
    },
    /// Not `application/json`.
    #[error("Send the body as JSON, with Content-Type: application/json.")]
    NotJson,
    /// A query that does not fit.
    #[error("The query is not as documented: {0}.")]
    InvalidQuery(String),
    /// No such payment.
    #[error("There is no payment {0}.")]
    UnknownPayment(String),
    /// The payment is not in doubt.
    #[error("Payment {0} is not in doubt, so there is nothing to settle.")]
    NotInDoubt(PaymentId),
    /// No delivery of it waits for a person there.
    #[error(
        "No delivery of payment {0} waits for a person at that upstream, so there is nothing to handle."
    )]
    NothingToHandle(PaymentId),
    /// More than is open on the invoice.
    #[error(
        "Invoice {invoice} has {currency} {open} open, and {amount} is more. Nothing was charged. Take at \
         most {open} for it, or take the payment without an invoice."
    )]
    Overpayment {
        /// Which invoice.
        invoice: InvoiceRef,
        /// What it still takes.
        open: Decimal,
        /// In which currency.
        currency: &'static str,
        /// What was wanted.
        amount: Decimal,
    },
    /// The invoice takes no payment.
    #[error(
        "{reason} Nothing was charged. Look up the right invoice, or take the payment without one."
    )]
    InvoiceTakesNothing {
        /// Why, as the invoicing system says.
        reason: Text,
    },
    /// What cannot be decided about a delivery now.
    #[error("About this delivery of payment {0} that cannot be decided now: {1}.")]
    Undecidable(PaymentId, Undecidable),
    /// An earlier payment of its invoice is to be entered first.
    #[error(
        "Payment {0} is not to be entered yet: an earlier one of its invoice comes first. Enter that \
         one, tick it off, then this."
    )]
    NotItsTurn(PaymentId),
    /// Somebody ticked it off before.
    #[error(
        "Payment {payment} was ticked off already, by {name}. If it is entered twice, delete one of \
         both there."
    )]
    EnteredAlready {
        /// Which payment.
        payment: PaymentId,
        /// Who did.
        name: Text,
    },
    /// No receipt of which a copy could be printed.
    #[error("Payment {0} is not approved, so there is no receipt to copy.")]
    NothingToCopy(PaymentId),
    /// No printer.
    #[error("{0} has no receipt printer. Name one in the configuration, as terminal.printer.")]
    NoPrinter(DeviceId),
    /// No such printer.
    #[error("There is no printer “{printer}”. Use one of: {known}.")]
    UnknownPrinter {
        /// What was asked for.
        printer: String,
        /// The printers there are.
        known: String,
    },
    /// No such print job.
    #[error("There is no print job {0}.")]
    UnknownJob(String),
    /// The print job has ended.
    #[error(
        "The print job is {0} already, so it cannot be taken back. If another receipt is needed, \
         print a copy."
    )]
    JobEnded(String),
    /// The print job waits for no such word.
    #[error(
        "Print job {0} is {1}, so there is nothing of that kind to say about it. Look at it again."
    )]
    NothingToResolve(i64, String),
    /// A test page has no copy.
    #[error("Print job {0} is a test page, which has no copy. Print another test page.")]
    NoCopyOf(i64),
    /// No cash drawer.
    #[error(
        "{0} has no cash drawer. Name the drawer in the configuration of its printer, as \
         printer.drawer."
    )]
    NoDrawer(DeviceId),
    /// The pulse did not leave.
    #[error("{0} The drawer is not opened later by itself.")]
    DrawerNotOpened(Text),
    /// No such page.
    #[error("There is nothing at this address. The API begins with /v1/.")]
    NotFound,
    /// Not this method.
    #[error("This address does not know that HTTP method.")]
    MethodNotAllowed,
    /// No token, or a wrong one.
    #[error(
        "A valid token is required. Send “Authorization: Bearer …” with the content of the file \
         “token” in the state directory, or use the Unix socket."
    )]
    Unauthorized,
    /// The caller on the socket may not.
    #[error("This user may not use the socket. Add the user to the group of the socket.")]
    ForbiddenUser,
    /// A name that is not loopback's: DNS rebinding.
    #[error("The Host header must be 127.0.0.1, [::1] or localhost with the port of this daemon.")]
    ForbiddenHost,
    /// A page from elsewhere.
    #[error("Pages from other origins may not use this API.")]
    ForbiddenOrigin,
    /// On the way out.
    #[error("The daemon is stopping. Send the same request again in a moment.")]
    Stopping,
}

/// What a terminal does not do, with what to do instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotOffered {
    /// Take a payment back.
    Cancel {
        /// Whether it refunds.
        refund_instead: bool,
    },
    /// Take a payment back that is not its last.
    CancelOfOlder {
        /// Whether it refunds.
        refund_instead: bool,
    },
    /// Give money back.
    Refund,
    /// Do anything besides payments.
    Service,
    /// End its day when asked.
    EndOfDay,
    /// End a running payment when asked.
    Abort,
}

impl std::fmt::Display for NotOffered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let instead = |refund| {
            if refund {
                "Refund it instead."
            } else {
                "Give the money back another way."
            }
        };
        match self {
            Self::Cancel { refund_instead } => {
                let instead = instead(*refund_instead);
                write!(f, "This terminal cannot cancel a payment. {instead}")
            }
            Self::CancelOfOlder { refund_instead } => {
                let instead = instead(*refund_instead);
                write!(f, "This terminal can cancel only its last payment. {instead}")
            }
            Self::Refund => f.write_str(
                "This terminal cannot give money back. Give it back another way, and record that.",
            ),
            Self::Service => f.write_str(
                "This terminal does nothing but payments when asked. Look into its menu.",
            ),
            Self::EndOfDay => f.write_str(
                "The day of this terminal is not closed from here. It closes by itself, or in its menu.",
            ),
            Self::Abort => f.write_str(
                "This terminal cannot be stopped from here. Press its red key.",
            ),
        }
    }
}

impl Problem {
    /// The stable part of the problem's type, and the HTTP status.
    pub fn kind(&self) -> (&'static str, u16) {
        match self {
            Self::UnknownDevice { .. } => ("unknown-device", 404),
            Self::InvalidAmount(InvalidMoney::TooManyDecimals { .. }) => ("too-many-decimals", 422),
            Self::InvalidAmount(InvalidMoney::NotPositive) => ("amount-not-positive", 422),
            Self::InvalidAmount(InvalidMoney::UnknownCurrency(_)) => ("unknown-currency", 422),
            Self::InvalidAmount(InvalidMoney::NotANumber(_) | InvalidMoney::TooLarge { .. }) => {
                ("invalid-amount", 422)
            }
            Self::InvalidMethod(_) => ("unknown-method", 422),
            Self::InvalidField(_) => ("invalid-field", 422),
            Self::CurrencyNotTaken { .. } => ("currency-not-taken", 422),
            Self::MethodNotTaken(_) => ("method-not-taken", 422),
            Self::KeyMissing => ("idempotency-key-missing", 400),
            Self::KeyInvalid(_) => ("idempotency-key-invalid", 400),
            Self::KeyReused(_) => ("idempotency-key-reused", 422),
            Self::DeviceBusy { .. } => ("device-busy", 409),
            Self::DeviceInDoubt { .. } => ("device-in-doubt", 409),
            Self::Closing(_) => ("device-closing", 409),
            Self::Serving(_) => ("device-serving", 409),
            Self::NothingToServe(_) => ("nothing-to-serve", 422),
            Self::ServiceNotDone(_) => ("service-not-done", 502),
            Self::NothingToClose(_) => ("nothing-to-close", 422),
            Self::ClosingKeyReused(_) => ("idempotency-key-reused", 422),
            Self::CannotReturn(_) => ("cannot-return", 409),
            Self::NothingToReverse => ("nothing-to-reverse", 409),
            Self::NothingToRefund => ("nothing-to-refund", 409),
            Self::NotOffered(_) => ("not-offered", 422),
            Self::TerminalUnavailable { .. } => ("terminal-unavailable", 503),
            Self::StorageFull => ("storage-full", 507),
            Self::StorageFailed => ("storage-failed", 500),
            Self::StorageUnreadable => ("storage-unreadable", 500),
            Self::OutcomeNotRecorded(_) | Self::ClosingNotRecorded(_) => {
                ("outcome-not-recorded", 500)
            }
            Self::StorageDamaged => ("storage-damaged", 500),
            Self::NoRoomForCopy => ("no-room-for-copy", 507),
            Self::NotCopied => ("not-copied", 500),
            Self::BodyTooLarge => ("body-too-large", 413),
            Self::InvalidBody(_) => ("invalid-body", 400),
            Self::UnknownField { .. } => ("unknown-field", 400),
            Self::NotJson => ("not-json", 415),
            Self::InvalidQuery(_) => ("invalid-query", 400),
            Self::UnknownPayment(_) => ("unknown-payment", 404),
            Self::NotInDoubt(_) => ("not-in-doubt", 409),
            Self::NothingToHandle(_) => ("nothing-to-handle", 409),
            Self::Undecidable(..) => ("undecidable", 409),
            Self::Overpayment { .. } => ("overpayment", 422),
            Self::InvoiceTakesNothing { .. } => ("invoice-takes-nothing", 422),
            Self::NotItsTurn(_) => ("not-its-turn", 409),
            Self::EnteredAlready { .. } => ("entered-already", 409),
            Self::NothingToCopy(_) => ("nothing-to-copy", 409),
            Self::NoPrinter(_) => ("no-printer", 409),
            Self::UnknownPrinter { .. } => ("unknown-printer", 404),
            Self::UnknownJob(_) => ("unknown-job", 404),
            Self::JobEnded(_) => ("job-ended", 409),
            Self::NothingToResolve(..) => ("nothing-to-resolve", 409),
            Self::NoCopyOf(_) => ("no-copy", 409),
            Self::NoDrawer(_) => ("no-drawer", 409),
            Self::DrawerNotOpened(_) => ("drawer-not-opened", 502),
            Self::NotFound => ("not-found", 404),
            Self::MethodNotAllowed => ("method-not-allowed", 405),
            Self::Unauthorized => ("unauthorized", 401),
            Self::ForbiddenUser => ("forbidden-user", 403),
            Self::ForbiddenHost => ("forbidden-host", 403),
            Self::ForbiddenOrigin => ("forbidden-origin", 403),
            Self::Stopping => ("stopping", 503),
        }
    }

    /// The payment that the problem is about, if there is one.
    pub fn payment(&self) -> Option<PaymentId> {
        match self {
            Self::KeyReused(payment)
            | Self::OutcomeNotRecorded(payment)
            | Self::DeviceBusy { payment, .. }
            | Self::DeviceInDoubt { payment, .. }
            | Self::NothingToHandle(payment)
            | Self::Undecidable(payment, _)
            | Self::NotItsTurn(payment)
            | Self::EnteredAlready { payment, .. }
            | Self::NothingToCopy(payment)
            | Self::NotInDoubt(payment) => Some(*payment),
            _ => None,
        }
    }
}
