//! What `ErrorCondition` means to the desk, and what it says of the money.

use payment::{Cancellation, DoubtReason, Refusal, Text};

use super::message::Response;
use crate::terminal::Ending;

/// What a failure says of the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The terminal or the issuer refused.
    Declined,
    /// Somebody ended it.
    Cancelled,
    /// The terminal did not begin.
    NotAsked,
    /// It goes on, whatever this answer ended.
    GoesOn,
}

use Meaning::{Cancelled, Declined, GoesOn, NotAsked};

struct Row(&'static str, Meaning, &'static str);

#[rustfmt::skip]
const TABLE: &[Row] = &[
    Row("Aborted", Cancelled, "Stopped from the desk. Nothing was charged."),
    Row("Cancel", Cancelled, "Stopped at the terminal. Nothing was charged."),
    Row("Busy", NotAsked, "The terminal is busy with something else. Wait until it is free, then try again."),
    Row("DeviceOut", Declined, "A part of the terminal does not work. Look at the terminal, then try again."),
    Row("InProgress", GoesOn, "The terminal still works on a payment."),
    Row("InsertedCard", Declined, "A card is in the terminal already. Take it out, then try again."),
    Row("InvalidCard", Declined, "The card is not valid here. Take another card or another way to pay."),
    Row("LoggedOut", NotAsked, "The terminal is logged out. Look at the terminal, then try again."),
    Row("MessageFormat", NotAsked, "The terminal did not understand the request. Update the terminal or tilld."),
    Row("NotAllowed", NotAsked, "The terminal may not do this now. Check what its provider allows."),
    Row("NotFound", Declined, "The terminal does not know the payment. Look for it in the provider's back office."),
    Row("PaymentRestriction", Declined, "This card may not pay for this. Take another card or another way to pay."),
    Row("Refusal", Declined, "Declined by the card's issuer. Take another card or another way to pay."),
    Row("UnavailableDevice", NotAsked, "A part of the terminal is not there. Look at the terminal, then try again."),
    Row("UnavailableService", NotAsked, "The terminal does not offer this. Ask its provider to allow it."),
    Row("UnreachableHost", Declined, "The terminal does not reach its provider. Check its network, then try again."),
    Row("WrongPIN", Declined, "The PIN was wrong. Try again, or take another card."),
];

const UNKNOWN: &Row = &Row(
    "",
    Declined,
    "The terminal refused, for a reason that is not known. Look at the terminal.",
);

/// What a failed answer says.
pub(super) struct Failure {
    meaning: Meaning,
    code: Text,
    text: Text,
}

/// The code of a request that was refused because nobody is logged in.
pub(super) const LOGGED_OUT: &str = "adyen:LoggedOut";

impl Failure {
    /// Reads a failure; `Success` and `Partial` are none.
    pub(super) fn of(response: &Response) -> Self {
        let condition = response.error_condition.as_deref().unwrap_or("none");
        let row = TABLE.iter().find(|row| row.0 == condition);
        let Row(_, meaning, text) = row.unwrap_or(UNKNOWN);
        Self {
            meaning: *meaning,
            code: Text::new(&format!("adyen:{condition}")),
            text: Text::new(text),
        }
    }

    /// How an operation ends by it; what goes on is doubt.
    pub(super) fn ending(self) -> Result<Ending, (DoubtReason, Text)> {
        let Self {
            meaning,
            code,
            text,
        } = self;
        let code = Some(code);
        Ok(match meaning {
            Declined => Ending::Declined(Refusal { code, text }),
            Cancelled => Ending::Cancelled(Cancellation { code, text }),
            NotAsked => {
                let text = Text::new(&format!("The terminal was not asked: {}", lower(&text)));
                Ending::Cancelled(Cancellation { code, text })
            }
            GoesOn => return Err((DoubtReason::Contradiction, text)),
        })
    }

    /// As the refusal of a payment that is over, or none while it goes on.
    pub(super) fn refusal(self) -> Option<Refusal> {
        (self.meaning != GoesOn).then_some(Refusal {
            code: Some(self.code),
            text: self.text,
        })
    }

    /// The sentence for the desk.
    pub(super) fn text(self) -> Text {
        self.text
    }
}

/// The sentence as the second half of another.
fn lower(text: &Text) -> String {
    let mut chars = text.as_str().chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_has_an_end_and_a_next_step() {
        for (condition, expected) in [
            (Some("Aborted"), "cancelled"),
            (Some("Cancel"), "cancelled"),
            (Some("Busy"), "not asked"),
            (Some("DeviceOut"), "declined"),
            (Some("InProgress"), "doubted"),
            (Some("InsertedCard"), "declined"),
            (Some("InvalidCard"), "declined"),
            (Some("LoggedOut"), "not asked"),
            (Some("MessageFormat"), "not asked"),
            (Some("NotAllowed"), "not asked"),
            (Some("NotFound"), "declined"),
            (Some("PaymentRestriction"), "declined"),
            (Some("Refusal"), "declined"),
            (Some("UnavailableDevice"), "not asked"),
            (Some("UnavailableService"), "not asked"),
            (Some("UnreachableHost"), "declined"),
            (Some("WrongPIN"), "declined"),
            (Some("SomethingNew"), "declined"),
            (None, "declined"),
        ] {
            let response = Response {
                result: "Failure".to_owned(),
                error_condition: condition.map(str::to_owned),
            };
            let (found, text) = match Failure::of(&response).ending() {
                Ok(Ending::Declined(refusal)) => ("declined", refusal.text),
                Ok(Ending::Cancelled(end)) if end.text.as_str().contains("not asked") => {
                    ("not asked", end.text)
                }
                Ok(Ending::Cancelled(end)) => ("cancelled", end.text),
                Err((_, text)) => ("doubted", text),
                Ok(other) => panic!("{other:?}"),
            };
            assert_eq!(found, expected, "{condition:?}");
            assert!(text.as_str().ends_with('.'), "{text}");
        }
    }
}
