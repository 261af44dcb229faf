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
    Decline "decline" "The issuer declines. Not charged."
    LoseRefusal "lose-refusal" "The issuer declines, and it hangs up before the answer. Not charged."
    WrongPin "wrong-pin" "The PIN is wrong. Not charged."
    AbortByCustomer "abort-by-customer" "The customer presses Stop: Cancel. Not charged."
    Busy "busy" "Refused with Busy. Not charged."
    LoggedOut "logged-out" "Refused with LoggedOut, until a login. Not charged."
    Reject "reject" "Could not read the envelope: an event in the open. Not charged."
    LoseAnswerBeforeCard "lose-answer-before-card" "Hangs up without having read the request. Not charged, not found."
    LoseAnswerAfterApproval "lose-answer-after-approval" "Books the payment, then hangs up before the answer. Charged."
    HangUpAfterApproval "hang-up-after-approval" "Answers, and hangs up at once. Charged."
    HangUpWhileRunning "hang-up-while-running" "Hangs up at once and goes on ten times as long as usual: InProgress. Charged."
    LateApproval "late-approval" "Silent for 200 s, then charges, whoever still listens. Charged."
    Silent "silent" "Says nothing at all for 200 s, and forgets the request. Not charged."
    Slow "slow" "Answers after 140 s. Charged."
    Garbage "garbage" "Answers with noise. Charged."
    HalfAnswer "half-answer" "Hangs up in the middle of the answer. Charged."
    WrongKey "wrong-key" "Seals the answer with another key. Charged."
    BadHmac "bad-hmac" "The answer's HMAC is wrong. Charged."
    ForgedHeader "forged-header" "Another ServiceID inside the seal than outside. Charged."
    DuplicateAnswer "duplicate-answer" "Answers twice. Charged once."
    OtherAmount "other-amount" "Charges one unit less than asked for."
    PartialApproval "partial-approval" "Approves half of it: Partial."
    OtherCurrency "other-currency" "Charges the amount in Swiss francs."
    NoAmount "no-amount" "Says not how much. Charged."
    ExponentAmount "exponent-amount" "Writes the amount with an exponent. Charged."
    OtherDevice "other-device" "Another terminal's POIID on the answer. Charged."
    OtherRequest "other-request" "Another request's ServiceID on the answer. Charged."
    NotFoundAtFirst "not-found-at-first" "Hangs up, and reads the request 5 s later from its buffer. Charged."
    UnknownFields "unknown-fields" "Fields that nobody knows, everywhere. Charged."
    PartialSegments "partial-segments" "Every byte in a segment of its own. Charged."
    Coalesce "coalesce" "The answer with another one that nobody waits for, in one segment. Charged."
    UnmaskedPan "unmasked-pan" "The test card number 4111111111111111 wherever one fits. Charged."
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_taken_in_their_order() {
        let mut faults: Faults = "decline=2, silent".parse().unwrap();
        let taken: Vec<_> = std::iter::from_fn(|| faults.take()).collect();
        assert_eq!(taken, [Fault::Decline, Fault::Decline, Fault::Silent]);
        for (name, _) in FAULTS {
            let mut faults: Faults = name.parse().unwrap();
            assert!(faults.take().is_some(), "{name}");
        }
        for text in ["declined", "decline=", "decline=x"] {
            let error = text.parse::<Faults>().unwrap_err().to_string();
            assert!(error.contains("late-approval"), "{error}");
        }
    }
}
