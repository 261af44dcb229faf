//! What the protocol's numbers mean to a person, in English and in German, and what to do next.

pub mod intermediate;
pub mod result;
pub mod terminal_status;

use crate::terminal::Chore;

/// What a number means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// In English.
    pub english: &'static str,
    /// In German.
    pub german: &'static str,
    /// What the person at the desk does next.
    pub next: Next,
}

/// What the person at the desk does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing special.
    Nothing,
    /// Let it go on.
    Wait,
    /// Look at the terminal.
    FollowTerminal,
    /// Once more.
    TryAgain,
    /// Another card, or another way to pay.
    OtherCard,
    /// End of day.
    EndOfDay,
    /// Diagnosis.
    Diagnosis,
    /// Initialisation.
    Initialise,
    /// The terminal's paper or printer.
    Printer,
    /// The terminal's connection to its network.
    Network,
    /// The configuration of tilld.
    Settings,
    /// The terminal's provider.
    Provider,
}

impl Next {
    /// What of it can be done from here.
    pub fn chore(self) -> Option<Chore> {
        match self {
            Self::EndOfDay => Some(Chore::EndOfDay),
            Self::Diagnosis => Some(Chore::Diagnosis),
            Self::Initialise => Some(Chore::Initialisation),
            Self::Nothing
            | Self::Wait
            | Self::FollowTerminal
            | Self::TryAgain
            | Self::OtherCard
            | Self::Printer
            | Self::Network
            | Self::Settings
            | Self::Provider => None,
        }
    }

    /// As a sentence in English; empty when there is nothing to do.
    pub fn english(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Wait => "Wait.",
            Self::FollowTerminal => "Follow the terminal.",
            Self::TryAgain => "Try again.",
            Self::OtherCard => "Take another card or another way to pay.",
            Self::EndOfDay => "Close the day (till close), then try again.",
            Self::Diagnosis => "Run the diagnosis (till terminal diagnosis), then try again.",
            Self::Initialise => {
                "Run the initialisation (till terminal initialise), then try again."
            }
            Self::Printer => "Look at the printer and its paper, then try again.",
            Self::Network => "Check the terminal's network connection, then try again.",
            Self::Settings => "Check the terminal's section in the configuration.",
            Self::Provider => "Call the terminal's provider.",
        }
    }

    /// As a sentence in German; empty when there is nothing to do.
    pub fn german(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Wait => "Bitte warten.",
            Self::FollowTerminal => "Bitte das Terminal beachten.",
            Self::TryAgain => "Bitte noch einmal versuchen.",
            Self::OtherCard => "Bitte andere Karte oder andere Zahlungsart verwenden.",
            Self::EndOfDay => "Kassenschnitt durchführen (till close), dann noch einmal versuchen.",
            Self::Diagnosis => {
                "Diagnose durchführen (till terminal diagnosis), dann noch einmal versuchen."
            }
            Self::Initialise => {
                "Initialisierung durchführen (till terminal initialise), dann noch einmal versuchen."
            }
            Self::Printer => "Drucker und Papier prüfen, dann noch einmal versuchen.",
            Self::Network => "Netzverbindung des Terminals prüfen, dann noch einmal versuchen.",
            Self::Settings => "Abschnitt des Terminals in der Konfiguration prüfen.",
            Self::Provider => "Anbieter des Terminals anrufen.",
        }
    }
}

impl Meaning {
    /// The meaning and the next step in English.
    pub fn sentence(&self) -> String {
        let next = self.next.english();
        format!("{}. {next}", self.english).trim_end().to_owned()
    }
}

type Row = (u8, &'static str, &'static str, Next);

fn look_up(table: &[Row], code: u8) -> Option<Meaning> {
    table.iter().find(|row| row.0 == code).map(|row| Meaning {
        english: row.1,
        german: row.2,
        next: row.3,
    })
}
