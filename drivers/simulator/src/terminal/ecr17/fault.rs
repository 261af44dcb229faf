//! What can go wrong with a terminal.

use std::str::FromStr;

use crate::fault::{UnknownFault, name_and_number};

/// Makes the enum, its names and its table from one list, so that they cannot drift apart.
macro_rules! faults {
    ($($variant:ident $name:literal $what:literal)*) => {
        /// Something that goes wrong with the next operation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Fault {
            $(#[doc = $what] $variant,)*
        }

        /// Every fault by its name, with what it does. `name=N` arms it for the next N operations.
        pub const FAULTS: &[(&str, &str)] = &[$(($name, $what),)*];

        impl Fault {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            fn named(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

faults! {
    Decline "decline" "The host declines. Not charged."
    AbortByCustomer "abort-by-customer" "The customer presses Stop. Not charged."
    Refuse "refuse" "The request is refused by NAK. Not charged."
    NoReceipts "no-receipts" "Receipts on the till are refused by NAK. Charged."
    LoseAnswerBeforeCard "lose-answer-before-card" "Hangs up after the ACK, before a card. Not charged."
    LoseAnswerAfterApproval "lose-answer-after-approval" "Charges, then hangs up before the result. Charged."
    LoseRefusal "lose-refusal" "The host declines, and it hangs up before the result. Not charged."
    HangUpAfterApproval "hang-up-after-approval" "Sends the result and hangs up at once. Charged."
    StillWorking "still-working" "Hangs up after the ACK, and goes on with the customer for 20 s while it answers other questions. Charged."
    Silent "silent" "Says nothing at all for 30 s. Not charged."
    Slow "slow" "Silent for 150 s at the PIN prompt. Charged."
    LateApproval "late-approval" "Silent for 200 s, then approves, even on a new connection. Charged."
    Garbage "garbage" "Charges, and sends noise in place of the result, then nothing for 30 s. Charged."
    OverLong "over-long" "Charges, and sends 60000 bytes without an end in place of the result, then nothing for 30 s. Charged."
    BadLrc "bad-lrc" "The first copy of the result has a wrong check byte. Charged."
    LostAcknowledgement "lost-acknowledgement" "Does not hear the first ACK of the result, and sends it again. Charged."
    NoAcknowledgement "no-acknowledgement" "Sends the result without an ACK of the request. Charged."
    DuplicateAnswer "duplicate-answer" "Sends the result twice. Charged once."
    StaleAnswer "stale-answer" "Sends the result of the payment before, then the right one. Charged."
    OtherAmount "other-amount" "Charges one cent less than asked for."
    OtherDevice "other-device" "The result names another terminal. Charged."
    NoAmount "no-amount" "The result names no amount. Charged."
    Exchanged "exchanged" "The customer pays in dollars: V, with both amounts. Charged."
    UnknownCode "unknown-code" "The result has the code 09. Not charged."
    UnknownFields "unknown-fields" "The result is longer than the specification has it. Charged."
    TicketFirst "ticket-first" "The receipt comes before the result. Charged."
    HalfTicket "half-ticket" "The receipt does not come to its end. Charged."
    PartialSegments "partial-segments" "Every byte in a segment of its own. Charged."
    Coalesce "coalesce" "The ACK and the next message in one segment. Charged."
    UnmaskedPan "unmasked-pan" "The test card number 4111111111111111 wherever one fits. Charged."
    NoMemory "no-memory" "Charges, hangs up before the result, and refuses to tell its last result. Charged."
    NotAligned "not-aligned" "Hangs up after the ACK, and wants a DLL (status 3) for the next 30 s. Not charged."
}

/// The faults that wait for their operation, the earliest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(Vec<(Fault, u32)>);

impl Faults {
    /// Adds one for the next `operations`, after those that wait already.
    pub fn arm(&mut self, fault: Fault, operations: u32) {
        if operations > 0 {
            self.0.push((fault, operations));
        }
    }

    /// Adds all of these.
    pub fn append(&mut self, faults: Self) {
        self.0.extend(faults.0);
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault of the next operation, which has not begun.
    pub(super) fn next(&self) -> Option<Fault> {
        self.0.first().map(|(fault, _)| *fault)
    }

    /// The fault of the operation that begins now.
    pub(super) fn take(&mut self) -> Option<Fault> {
        let (fault, left) = self.0.first_mut()?;
        let fault = *fault;
        *left -= 1;
        if *left == 0 {
            self.0.remove(0);
        }
        Some(fault)
    }
}

impl FromStr for Faults {
    type Err = UnknownFault;

    /// Reads `name`, `name=N`, or several with commas between.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut faults = Self::default();
        for part in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let unknown = || UnknownFault::new(part, FAULTS);
            let (name, operations) = name_and_number(part).ok_or_else(unknown)?;
            let fault = Fault::named(name).ok_or_else(unknown)?;
            faults.arm(fault, operations.unwrap_or(1));
        }
        Ok(faults)
    }
}
