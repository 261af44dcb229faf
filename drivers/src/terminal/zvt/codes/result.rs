//! Results and errors: BMP 27, 84 xx and 06 1E (PA00P015, 10: error messages).

use super::{
    Meaning,
    Next::{
        self, Diagnosis, EndOfDay, FollowTerminal, Initialise, Network, Nothing, OtherCard,
        Printer, Provider, Settings, TryAgain, Wait,
    },
    look_up,
};

/// Ended at the terminal, by its key or because nobody did anything.
pub const ABORTED: u8 = 0x6c;
/// The currency is not the terminal's.
pub const WRONG_CURRENCY: u8 = 0x6f;
/// What a till answers when it does not hand over the goods: the terminal reverses.
pub const NOT_ISSUED: u8 = 0x66;
/// A terminal in the middle of something else.
pub const BUSY: u8 = 0x9c;
/// A terminal that cannot take anything now.
pub const RECEIVER_NOT_READY: u8 = 0xa0;
/// The provider works on the terminal from afar.
pub const MAINTENANCE: u8 = 0xe0;
/// A necessary device is not there: the terminal starts anew.
pub const DEVICE_MISSING: u8 = 0xfc;
/// An unknown command.
pub const NOT_POSSIBLE: u8 = 0x83;
/// System error.
pub const SYSTEM_ERROR: u8 = 0xff;

const DECLINED: Meaning = Meaning {
    english: "Declined by the card's issuer or the network",
    german: "Vom Kartenherausgeber oder Netzbetreiber abgelehnt",
    next: OtherCard,
};
const UNKNOWN: Meaning = Meaning {
    english: "The terminal refused, for a reason that is not known",
    german: "Vom Terminal aus unbekanntem Grund abgelehnt",
    next: FollowTerminal,
};

/// What a result means. 01 to 63 come from the network; those without an entry are a decline.
pub fn meaning(code: u8) -> Meaning {
    look_up(TABLE, code).unwrap_or(match code {
        0x01..=0x63 => DECLINED,
        _ => UNKNOWN,
    })
}

/// Whether the operation ended at the desk, and nobody refused it.
pub fn is_cancellation(code: u8) -> bool {
    code == ABORTED
}

const TABLE: &[(u8, &str, &str, Next)] = &[
    (0x00, "No error", "Kein Fehler", Nothing),
    (
        0x01,
        "Declined: call the acquirer",
        "Rufe Acquirer",
        Provider,
    ),
    (
        0x02,
        "Declined: call the acquirer",
        "Rufe Acquirer",
        Provider,
    ),
    (0x03, "Merchant number wrong", "Falsche VU-Nummer", Provider),
    (
        0x04,
        "Declined: keep the card",
        "Karte einziehen",
        OtherCard,
    ),
    (0x05, "Declined", "Abgelehnt", OtherCard),
    (0x06, "Card invalid", "Karte ungültig", OtherCard),
    (
        0x0a,
        "Payment not allowed",
        "Transaktion nicht erlaubt",
        OtherCard,
    ),
    (0x0d, "Amount invalid", "Betrag ungültig", TryAgain),
    (0x0e, "Card invalid", "Karte ungültig", OtherCard),
    (0x0f, "System error", "Systemfehler", TryAgain),
    (0x18, "System error", "Systemfehler", TryAgain),
    (0x19, "Reversal declined", "Storno abgelehnt", Provider),
    (0x1d, "Failed", "Fehlgeschlagen", TryAgain),
    (0x1e, "Format error", "Formatfehler", Provider),
    (
        0x29,
        "Declined: keep the card",
        "Karte einziehen",
        OtherCard,
    ),
    (
        0x2b,
        "Declined: keep the card",
        "Karte einziehen",
        OtherCard,
    ),
    (0x36, "Card expired", "Karte abgelaufen", OtherCard),
    (0x37, "PIN wrong", "PIN falsch", TryAgain),
    (0x38, "PIN wrong", "PIN falsch", TryAgain),
    (0x39, "Wrong card", "Karte falsch", OtherCard),
    (0x3a, "System error", "Systemfehler", TryAgain),
    (0x3f, "System error", "Systemfehler", TryAgain),
    (0x40, "Amount wrong", "Betrag falsch", TryAgain),
    (0x4c, "System error", "Systemfehler", TryAgain),
    (0x50, "Card expired", "Karte abgelaufen", OtherCard),
    (
        0x51,
        "PIN or card verification wrong",
        "PIN oder Kartenprüfnummer falsch",
        TryAgain,
    ),
    (
        0x52,
        "Card verification wrong",
        "Kartenprüfnummer falsch",
        TryAgain,
    ),
    (0x56, "Terminal not active", "Terminal inaktiv", Provider),
    (
        0x57,
        "Initialisation required",
        "Initialisierung erforderlich",
        Initialise,
    ),
    (0x59, "Terminal locked", "Terminal gesperrt", Provider),
    (0x5b, "System error", "Systemfehler", TryAgain),
    (0x5c, "System error", "Systemfehler", TryAgain),
    (0x5d, "System error", "Systemfehler", TryAgain),
    (0x5f, "Not done", "Erneut versuchen", TryAgain),
    (0x60, "System error", "Systemfehler", TryAgain),
    (0x61, "System error", "Systemfehler", TryAgain),
    (
        0x62,
        "Extended diagnosis required",
        "Erweiterte Diagnose erforderlich",
        Diagnosis,
    ),
    (0x63, "System error", "Systemfehler", TryAgain),
    (0x64, "Card not readable", "Karte nicht lesbar", TryAgain),
    (
        0x65,
        "Card data missing",
        "Kartendaten nicht vorhanden",
        TryAgain,
    ),
    (0x66, "Processing error", "Verarbeitungsfehler", TryAgain),
    (
        0x67,
        "Not permitted for girocard and Maestro",
        "Für ec- und Maestro-Karten nicht erlaubt",
        OtherCard,
    ),
    (
        0x68,
        "Not permitted for credit and fuel cards",
        "Für Kredit- und Tankkarten nicht erlaubt",
        OtherCard,
    ),
    (0x6a, "Turnover file full", "Umsatzdatei voll", EndOfDay),
    (
        0x6b,
        "Function not active: the terminal does not know this till",
        "Funktion deaktiviert, Kasse nicht angemeldet",
        Wait,
    ),
    (
        ABORTED,
        "Ended at the terminal, or nobody acted in time",
        "Abbruch durch Zeitablauf oder Abbruchtaste",
        TryAgain,
    ),
    (0x6e, "Card blocked", "Karte in Sperrdatei", OtherCard),
    (
        WRONG_CURRENCY,
        "The terminal works in another currency",
        "Falsche Währung",
        Settings,
    ),
    (
        0x71,
        "Credit on the chip not sufficient",
        "Guthaben nicht ausreichend",
        OtherCard,
    ),
    (0x72, "Chip faulty", "Chipfehler", OtherCard),
    (
        0x73,
        "Card data incorrect",
        "Kartendaten fehlerhaft",
        OtherCard,
    ),
    (
        0x74,
        "The terminal's keys are used up",
        "DUKPT-Schlüssel erschöpft",
        Provider,
    ),
    (
        0x75,
        "Text not authentic",
        "Text nicht authentisch",
        Provider,
    ),
    (
        0x76,
        "Card not in the list of admitted cards",
        "PAN nicht in Positivliste",
        OtherCard,
    ),
    (
        0x77,
        "End of day not possible",
        "Kassenschnitt nicht möglich",
        TryAgain,
    ),
    (0x78, "Card expired", "Karte verfallen", OtherCard),
    (
        0x79,
        "Card not yet valid",
        "Karte noch nicht gültig",
        OtherCard,
    ),
    (0x7a, "Card unknown", "Karte unbekannt", OtherCard),
    (
        0x7b,
        "Magnetic stripe not possible for this girocard",
        "Fallback auf Magnetstreifen nicht möglich (girocard)",
        OtherCard,
    ),
    (
        0x7c,
        "Magnetic stripe not possible for this card",
        "Fallback auf Magnetstreifen nicht möglich",
        OtherCard,
    ),
    (0x7d, "Communication error", "Kommunikationsfehler", Network),
    (
        0x7e,
        "Magnetic stripe not possible; direct debit may be",
        "Fallback nicht möglich, Lastschrift möglich (girocard)",
        OtherCard,
    ),
    (
        NOT_POSSIBLE,
        "Function not possible",
        "Funktion nicht möglich",
        Provider,
    ),
    (0x85, "Key missing", "Schlüssel fehlt", Provider),
    (0x89, "PIN pad defective", "PIN-Pad defekt", Provider),
    (0x9a, "Protocol error", "ZVT-Protokollfehler", Provider),
    (
        0x9b,
        "Dial-up or communication error",
        "Einwahl- oder Kommunikationsfehler",
        Network,
    ),
    (0x9c, "The terminal is busy", "Terminal beschäftigt", Wait),
    (
        0xa0,
        "Receiver not ready",
        "Empfänger nicht bereit",
        Network,
    ),
    (
        0xa1,
        "The remote station does not answer",
        "Gegenstelle antwortet nicht",
        Network,
    ),
    (0xa3, "No connection", "Keine Verbindung", Network),
    (
        0xa4,
        "Geldkarte submission not possible",
        "Geldkarten-Einreichung nicht möglich",
        Provider,
    ),
    (
        0xa5,
        "Not allowed by the rules for card data",
        "Durch PCI-DSS- oder P2PE-Regeln verboten",
        Provider,
    ),
    (0xb1, "Memory full", "Speicher voll", EndOfDay),
    (0xb2, "Journal full", "Journal voll", EndOfDay),
    (0xb4, "Already reversed", "Bereits storniert", Nothing),
    (
        0xb5,
        "Reversal not possible",
        "Storno nicht möglich",
        Provider,
    ),
    (
        0xb7,
        "Amount or pre-authorisation wrong",
        "Betrag oder Vorautorisierung falsch",
        TryAgain,
    ),
    (
        0xb8,
        "Error in a pre-authorisation",
        "Fehler bei Vorautorisierung",
        Provider,
    ),
    (0xbf, "Voltage too low", "Spannung zu niedrig", Provider),
    (
        0xc0,
        "Card lock defective",
        "Kartenverriegelung defekt",
        Provider,
    ),
    (
        0xc1,
        "Merchant card locked",
        "Händlerkarte gesperrt",
        Provider,
    ),
    (
        0xc2,
        "Diagnosis required",
        "Diagnose erforderlich",
        Diagnosis,
    ),
    (
        0xc3,
        "Maximum amount exceeded",
        "Maximalbetrag überschritten",
        OtherCard,
    ),
    (
        0xc4,
        "Card profile invalid",
        "Kartenprofil ungültig",
        Provider,
    ),
    (
        0xc5,
        "Way to pay not supported",
        "Zahlungsart nicht unterstützt",
        OtherCard,
    ),
    (
        0xc6,
        "Currency not possible",
        "Währung nicht anwendbar",
        Settings,
    ),
    (0xc8, "Amount too small", "Betrag zu klein", OtherCard),
    (
        0xc9,
        "The largest amount is too small",
        "Maximaler Transaktionsbetrag zu klein",
        Provider,
    ),
    (
        0xcb,
        "Only possible in euros",
        "Nur in EURO erlaubt",
        Settings,
    ),
    (0xcc, "Printer not ready", "Drucker nicht bereit", Printer),
    (
        0xcd,
        "Cashback not possible",
        "Cashback nicht möglich",
        TryAgain,
    ),
    (
        0xd2,
        "Not permitted for bank and service cards",
        "Für Service- und Bankkundenkarten nicht erlaubt",
        OtherCard,
    ),
    (0xdc, "Card inserted", "Karte gesteckt", FollowTerminal),
    (
        0xdd,
        "The card could not be ejected",
        "Fehler beim Kartenauswurf",
        FollowTerminal,
    ),
    (
        0xde,
        "The card could not be drawn in",
        "Fehler beim Karteneinzug",
        FollowTerminal,
    ),
    (
        0xe0,
        "Remote maintenance activated",
        "Fernwartung aktiviert",
        Wait,
    ),
    (
        0xe2,
        "The card reader does not answer",
        "Kartenleser antwortet nicht",
        Provider,
    ),
    (
        0xe3,
        "Shutter closed",
        "Shutter geschlossen",
        FollowTerminal,
    ),
    (
        0xe4,
        "Terminal activation required",
        "Terminalaktivierung erforderlich",
        Provider,
    ),
    (
        0xe7,
        "Goods group not found",
        "Warengruppe nicht gefunden",
        Provider,
    ),
    (0xe8, "No goods table", "Keine Warentabelle", Provider),
    (
        0xe9,
        "Restriction code not permitted",
        "Restriktionscode nicht zulässig",
        OtherCard,
    ),
    (
        0xea,
        "Card code not permitted",
        "Kartencode nicht zulässig",
        Diagnosis,
    ),
    (
        0xeb,
        "Not possible: PIN algorithm unknown",
        "PIN-Algorithmus unbekannt",
        Provider,
    ),
    (
        0xec,
        "PIN could not be processed",
        "PIN-Verarbeitung nicht möglich",
        Provider,
    ),
    (0xed, "PIN pad defective", "PIN-Pad defekt", Provider),
    (
        0xf0,
        "End of day required",
        "Kassenschnitt erforderlich",
        EndOfDay,
    ),
    (
        0xf1,
        "Offline error for girocard and Maestro",
        "ec-Cash/Maestro-Offline-Fehler",
        OtherCard,
    ),
    (0xf5, "OPT error", "OPT-Fehler", Provider),
    (
        0xf6,
        "OPT data missing",
        "OPT-Daten nicht vorhanden",
        Provider,
    ),
    (
        0xfa,
        "Offline payments could not be sent",
        "Fehler beim Senden von Offline-Transaktionen",
        Network,
    ),
    (
        0xfb,
        "Turnover data defective",
        "Umsatzdatensatz defekt",
        Provider,
    ),
    (
        0xfc,
        "A necessary device is missing or defective",
        "Notwendiges Gerät fehlt oder defekt",
        Provider,
    ),
    (
        0xfd,
        "Baud rate not supported",
        "Baudrate nicht unterstützt",
        Settings,
    ),
    (0xfe, "Register unknown", "Register unbekannt", Provider),
    (SYSTEM_ERROR, "System error", "Systemfehler", Provider),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_specification_has_a_meaning() {
        let listed: Vec<u8> = (0x00..=0x68)
            .chain([0x6a, 0x6b, 0x6c, 0x6e, 0x6f])
            .chain(0x71..=0x7e)
            .chain([
                0x83, 0x85, 0x89, 0x9a, 0x9b, 0x9c, 0xa0, 0xa1, 0xa3, 0xa4, 0xa5,
            ])
            .chain([0xb1, 0xb2, 0xb4, 0xb5, 0xb7, 0xb8, 0xbf])
            .chain(0xc0..=0xc6)
            .chain([0xc8, 0xc9, 0xcb, 0xcc, 0xcd, 0xd2, 0xdc, 0xdd, 0xde])
            .chain([0xe0, 0xe2, 0xe3, 0xe4])
            .chain(0xe7..=0xed)
            .chain([0xf0, 0xf1, 0xf5, 0xf6])
            .chain(0xfa..=0xff)
            .collect();
        let known: Vec<u8> = (0..=255).filter(|c| meaning(*c) != UNKNOWN).collect();
        assert_eq!(known, listed);
    }

    #[test]
    fn no_code_is_listed_twice_and_all_say_something() {
        assert!(TABLE.is_sorted_by_key(|row| row.0));
        assert!(TABLE.windows(2).all(|rows| rows[0].0 != rows[1].0));
        assert!(
            TABLE
                .iter()
                .all(|row| !row.1.is_empty() && !row.2.is_empty())
        );
        assert!(
            meaning(0xf0)
                .sentence()
                .contains("Close the day (till close)")
        );
        assert_eq!(meaning(0x00).sentence(), "No error.");
    }
}
