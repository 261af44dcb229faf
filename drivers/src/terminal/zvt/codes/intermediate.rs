//! What a terminal is doing (PA00P015, 3.7: intermediate status).

use super::{
    Meaning,
    Next::{self, FollowTerminal, Nothing, OtherCard, TryAgain, Wait},
    look_up,
};

/// From 41 to 5D the codes from 01 to 1D are repeated with the request to remove the card.
const REMOVE_CARD: Meaning = Meaning {
    english: "Please remove the card",
    german: "Bitte Karte entnehmen",
    next: FollowTerminal,
};
const UNKNOWN: Meaning = Meaning {
    english: "Please follow the terminal",
    german: "Bitte das Terminal beachten",
    next: FollowTerminal,
};

/// What an intermediate status means, and whether the card is to be removed too.
pub fn meaning(status: u8) -> (Meaning, bool) {
    match look_up(TABLE, status) {
        Some(meaning) => (meaning, false),
        None if matches!(status, 0x41..=0x5d | 0x66 | 0x67) => {
            let first = look_up(TABLE, status - 0x40);
            (first.unwrap_or(REMOVE_CARD), true)
        }
        None => (UNKNOWN, false),
    }
}

/// What an intermediate status means, as a sentence in English.
pub fn sentence(status: u8) -> String {
    match meaning(status) {
        (meaning, true) if meaning != REMOVE_CARD => {
            format!("{}; please remove the card", meaning.english)
        }
        (meaning, _) => meaning.english.to_owned(),
    }
}

const TABLE: &[(u8, &str, &str, Next)] = &[
    (
        0x00,
        "Waiting for the amount to be confirmed",
        "Betragsbestätigung abwarten",
        FollowTerminal,
    ),
    (
        0x01,
        "Please watch the PIN pad",
        "Bitte PIN-Pad beachten",
        FollowTerminal,
    ),
    (
        0x02,
        "Please watch the PIN pad",
        "Bitte PIN-Pad beachten",
        FollowTerminal,
    ),
    (0x03, "Not accepted", "Vorgang nicht möglich", Nothing),
    (0x04, "Waiting for the host", "Warten auf Antwort", Wait),
    (
        0x05,
        "Sending an automatic reversal",
        "Automatisches Storno",
        Wait,
    ),
    (
        0x06,
        "Sending earlier bookings",
        "Nachbuchungen werden gesendet",
        Wait,
    ),
    (
        0x07,
        "Card not admitted",
        "Karte nicht zugelassen",
        OtherCard,
    ),
    (0x08, "Card unknown", "Karte unbekannt", OtherCard),
    (0x09, "Card expired", "Karte verfallen", OtherCard),
    (
        0x0a,
        "Please insert or hold the card",
        "Bitte Karte einstecken oder vorhalten",
        FollowTerminal,
    ),
    (
        0x0b,
        "Please remove the card",
        "Bitte Karte entnehmen",
        FollowTerminal,
    ),
    (0x0c, "Card not readable", "Karte nicht lesbar", TryAgain),
    (0x0d, "Processing error", "Vorgang abgebrochen", Nothing),
    (0x0e, "Please wait", "Bitte warten", Wait),
    (
        0x0f,
        "Starting the automatic end of day",
        "Automatischer Kassenschnitt beginnt",
        Wait,
    ),
    (0x10, "Invalid card", "Karte ungültig", OtherCard),
    (
        0x11,
        "Showing the balance",
        "Guthabenanzeige",
        FollowTerminal,
    ),
    (0x12, "System malfunction", "Systemfehler", Nothing),
    (
        0x13,
        "Payment not possible",
        "Zahlung nicht möglich",
        OtherCard,
    ),
    (
        0x14,
        "Credit not sufficient",
        "Guthaben nicht ausreichend",
        OtherCard,
    ),
    (0x15, "Incorrect PIN", "PIN falsch", FollowTerminal),
    (
        0x16,
        "Limit not sufficient",
        "Limit nicht ausreichend",
        OtherCard,
    ),
    (0x17, "Please wait", "Bitte warten", Wait),
    (0x18, "PIN tried too often", "PIN zu oft falsch", OtherCard),
    (0x19, "Card data incorrect", "Kartendaten falsch", OtherCard),
    (0x1a, "Service mode", "Servicemodus", Wait),
    (
        0x1b,
        "Approved; please fill up",
        "Autorisierung erfolgt, bitte tanken",
        Nothing,
    ),
    (
        0x1c,
        "Approved; please take the goods",
        "Zahlung erfolgt, bitte Ware entnehmen",
        Nothing,
    ),
    (0x1d, "Declined", "Autorisierung nicht möglich", OtherCard),
    (
        0x26,
        "Waiting for the mobile number",
        "Eingabe der Mobilnummer",
        FollowTerminal,
    ),
    (
        0x27,
        "Please repeat the mobile number",
        "Mobilnummer wiederholen",
        FollowTerminal,
    ),
    (
        0x28,
        "Selecting the currency",
        "Währungsauswahl",
        FollowTerminal,
    ),
    (
        0x29,
        "Selecting the language",
        "Sprachauswahl",
        FollowTerminal,
    ),
    (
        0x2a,
        "Please insert the card to load",
        "Bitte Ladekarte einstecken",
        FollowTerminal,
    ),
    (
        0x2b,
        "Offline emergency payment",
        "Offline-Notbetrieb",
        Wait,
    ),
    (
        0x2c,
        "Selecting the application",
        "Anwendungsauswahl",
        FollowTerminal,
    ),
    (
        0x4b,
        "Please remove the card",
        "Bitte Karte entnehmen",
        FollowTerminal,
    ),
    (0x68, "Customer card inserted", "Kundenkarte erkannt", Wait),
    (
        0x69,
        "Please select the currency of the payment",
        "DCC-Auswahl",
        FollowTerminal,
    ),
    (0xa0, "Payment done", "Zahlung erfolgt", Nothing),
    (
        0xa1,
        "Payment done; please remove the card",
        "Zahlung erfolgt, Karte entnehmen",
        FollowTerminal,
    ),
    (0xa2, "Cancellation done", "Storno erfolgt", Nothing),
    (
        0xa3,
        "Cancellation done; please remove the card",
        "Storno erfolgt, Karte entnehmen",
        FollowTerminal,
    ),
    (0xa4, "Not possible", "Vorgang nicht möglich", Nothing),
    (
        0xa5,
        "Not possible; please remove the card",
        "Nicht möglich, Karte entnehmen",
        FollowTerminal,
    ),
    (
        0xc7,
        "Waiting for the mileage",
        "Eingabe des Kilometerstands",
        FollowTerminal,
    ),
    (
        0xc8,
        "Waiting for the cashier",
        "Warten auf die Kasse",
        FollowTerminal,
    ),
    (0xc9, "Automatic diagnosis", "Automatische Diagnose", Wait),
    (
        0xca,
        "Automatic initialisation",
        "Automatische Initialisierung",
        Wait,
    ),
    (
        0xcb,
        "Merchant journal full",
        "Händlerjournal voll",
        Next::EndOfDay,
    ),
    (
        0xcc,
        "Direct debit not possible; PIN required",
        "Lastschrift nicht möglich, PIN nötig",
        FollowTerminal,
    ),
    (0xd2, "Connecting", "Verbindung wird aufgebaut", Wait),
    (0xd3, "Connected", "Verbindung besteht", Wait),
    (
        0xe0,
        "Selecting the application",
        "Anwendungsauswahl",
        FollowTerminal,
    ),
    (
        0xe1,
        "Selecting the language",
        "Sprachauswahl",
        FollowTerminal,
    ),
    (
        0xe2,
        "Please use the cleaning card",
        "Reinigungskarte benutzen",
        FollowTerminal,
    ),
    (0xf1, "Offline", "Offline", Wait),
    (0xf2, "Online", "Online", Wait),
    (0xf3, "Offline payment", "Offline-Transaktion", Wait),
    (
        0xff,
        "Please follow the terminal",
        "Bitte das Terminal beachten",
        FollowTerminal,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_the_specification_has_a_meaning() {
        let listed = (0x00..=0x1d)
            .chain(0x26..=0x2c)
            .chain(0x41..=0x5d)
            .chain(0x66..=0x69)
            .chain(0xa0..=0xa5)
            .chain(0xc7..=0xcc)
            .chain([0xd2, 0xd3, 0xe0, 0xe1, 0xe2, 0xf1, 0xf2, 0xf3, 0xff]);
        let known: Vec<u8> = (0..=255)
            .filter(|s| *s == 0xff || meaning(*s).0 != UNKNOWN)
            .collect();
        assert_eq!(known, listed.collect::<Vec<u8>>());
    }

    #[test]
    fn the_card_is_to_be_removed() {
        assert_eq!(sentence(0x4b), "Please remove the card");
        assert_eq!(sentence(0x49), "Card expired; please remove the card");
        assert_eq!(sentence(0x99), "Please follow the terminal");
    }
}
