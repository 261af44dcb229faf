//! The status in a completion of 06 00 or 05 01 (PA00P015, 10: terminal status codes).

use super::{
    Meaning,
    Next::{
        self, Diagnosis, EndOfDay, FollowTerminal, Initialise, Nothing, Printer, Provider, Wait,
    },
    look_up,
};

/// What a terminal's status means; none when the specification has no such status.
pub fn meaning(status: u8) -> Option<Meaning> {
    look_up(TABLE, status)
}

/// In the middle of something else.
pub const BUSY: u8 = 0x9c;
/// Somebody left a card in it.
pub const CARD_INSERTED: u8 = 0xdc;

/// What a status means, and what to do.
pub fn sentence(status: u8) -> String {
    match meaning(status) {
        Some(meaning) => format!("The terminal is not ready: {}", meaning.sentence()),
        None => format!("The terminal is not ready (status {status:02X}). Follow the terminal."),
    }
}

const TABLE: &[(u8, &str, &str, Next)] = &[
    (0x00, "Ready", "Bereit", Nothing),
    (
        0x51,
        "Initialisation required",
        "Initialisierung erforderlich",
        Initialise,
    ),
    (
        0x62,
        "Date or time wrong",
        "Datum oder Uhrzeit falsch",
        Diagnosis,
    ),
    (0x9c, "Busy", "Beschäftigt", Wait),
    (
        0x9d,
        "Partial issue of goods",
        "Teilausgabe von Waren",
        Wait,
    ),
    (0xb1, "Memory full", "Speicher voll", EndOfDay),
    (0xb2, "Journal full", "Journal voll", EndOfDay),
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
        0xc4,
        "Card profile invalid",
        "Kartenprofil ungültig",
        Provider,
    ),
    (0xcc, "Printer not ready", "Drucker nicht bereit", Printer),
    (0xdc, "Card inserted", "Karte gesteckt", FollowTerminal),
    (0xdf, "Out of order", "Außer Betrieb", Provider),
    (
        0xe0,
        "Remote maintenance activated",
        "Fernwartung aktiviert",
        Wait,
    ),
    (
        0xe1,
        "Card not fully removed",
        "Karte nicht ganz entnommen",
        FollowTerminal,
    ),
    (
        0xe2,
        "Card reader defective",
        "Kartenleser defekt",
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
        0xf0,
        "End of day required",
        "Kassenschnitt erforderlich",
        EndOfDay,
    ),
    (0xf6, "OPT data missing", "OPT-Daten fehlen", Provider),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_the_specification_has_a_meaning() {
        let listed = [
            0x00, 0x51, 0x62, 0x9c, 0x9d, 0xb1, 0xb2, 0xbf, 0xc0, 0xc1, 0xc2, 0xc4, 0xcc, 0xdc,
            0xdf, 0xe0, 0xe1, 0xe2, 0xe3, 0xe4, 0xf0, 0xf6,
        ];
        let known: Vec<u8> = (0..=255).filter(|s| meaning(*s).is_some()).collect();
        assert_eq!(known, listed);
    }
}
