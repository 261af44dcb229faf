//! Why an operation was not done (`AF`), as a person at the desk should hear it.

use payment::{Cancellation, Refusal, Text};

use crate::terminal::Ending;

/// A reason, and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// What it says of money.
    pub kind: Kind,
    /// For the desk, in English.
    pub english: &'static str,
    /// For the desk, in German.
    pub german: &'static str,
}

/// What a reason says of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The terminal or the issuer refused.
    Refused,
    /// Somebody stopped it, or nobody came.
    Stopped,
    /// It was done, which does not go together with "not done".
    Done,
}

macro_rules! reasons {
    ($($code:literal $kind:ident $english:literal $german:literal)*) => {
        /// What a reason means, and what to do; none for a code in no list.
        pub fn meaning(code: u8) -> Option<Meaning> {
            match code {
                $($code => Some(Meaning {
                    kind: Kind::$kind,
                    english: $english,
                    german: $german,
                }),)*
                _ => None,
            }
        }
    };
}

reasons! {
    0 Refused "The terminal did not do it, and does not say why. Look at its display."
        "Das Terminal hat es nicht ausgeführt und sagt nicht, warum. Sehen Sie auf seine Anzeige."
    1 Done "The payment was authorised."
        "Die Zahlung wurde genehmigt."
    2 Refused "The issuer wants to be called first. Ask for another card, or for another way to pay."
        "Der Herausgeber der Karte will angerufen werden. Bitten Sie um eine andere Karte oder eine andere Zahlungsart."
    3 Done "The payment was forced through."
        "Die Zahlung wurde erzwungen."
    4 Refused "The card was refused. Ask for another card, or for another way to pay."
        "Die Karte wurde abgelehnt. Bitten Sie um eine andere Karte oder eine andere Zahlungsart."
    5 Refused "The card is not allowed here. Ask for another card, or for another way to pay."
        "Die Karte ist hier nicht zugelassen. Bitten Sie um eine andere Karte oder eine andere Zahlungsart."
    6 Stopped "The customer stopped it. Ask whether to try again."
        "Der Kunde hat abgebrochen. Fragen Sie, ob es noch einmal versucht werden soll."
    7 Refused "The terminal did not bring it to an end. Look at its display, then try again."
        "Das Terminal hat es nicht zu Ende gebracht. Sehen Sie auf seine Anzeige und versuchen Sie es noch einmal."
    8 Stopped "Nobody used the terminal in time. Try again when the customer is ready."
        "Niemand hat das Terminal rechtzeitig bedient. Versuchen Sie es noch einmal, wenn der Kunde bereit ist."
    9 Refused "The terminal does not understand the request. Ask its provider which version of Caisse-AP it speaks."
        "Das Terminal versteht die Anfrage nicht. Fragen Sie seinen Anbieter, welche Version von Caisse-AP es spricht."
    10 Refused "Nothing was chosen on the terminal. Try again."
        "Am Terminal wurde nichts ausgewählt. Versuchen Sie es noch einmal."
    11 Stopped "It was stopped on the terminal. Ask whether to try again."
        "Am Terminal wurde abgebrochen. Fragen Sie, ob es noch einmal versucht werden soll."
    12 Refused "The terminal cannot do that. Do it on the terminal itself, or ask its provider."
        "Das Terminal kann das nicht. Tun Sie es am Terminal selbst oder fragen Sie seinen Anbieter."
    13 Refused "The terminal does not take this currency. Ask its provider."
        "Das Terminal nimmt diese Währung nicht. Fragen Sie seinen Anbieter."
}

/// How an operation ended that was not done.
pub fn ending(reason: Option<u8>) -> Ending {
    let known = reason.and_then(meaning);
    let unnamed = "The terminal did not do it. Look at its display for the reason.";
    let text = Text::new(known.map_or(unnamed, |known| known.english));
    let code = reason.map(|code| Text::new(&format!("caisse-ap:{code:02}")));
    if known.is_some_and(|known| known.kind == Kind::Stopped) {
        Ending::Cancelled(Cancellation { code, text })
    } else {
        Ending::Declined(Refusal { code, text })
    }
}
