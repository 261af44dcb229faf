//! What the terminal says: fixed fields, by the places of the specification.

use super::books::{Kind, Standing, Transaction};

/// How a transaction looks from outside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Face {
    pub(super) transaction: Transaction,
    pub(super) terminal_id: u32,
    /// It was asked for by `X`.
    pub(super) extended: bool,
    pub(super) amount: Option<u64>,
    pub(super) unmasked: bool,
    /// The customer paid in dollars.
    pub(super) exchanged: bool,
    /// More fields than the specification has.
    pub(super) longer: bool,
    /// In place of `00` or `01`.
    pub(super) code: Option<&'static str>,
}

/// The words of a refusal.
pub(super) const DECLINED: &str = "TRANSAZIONE NEGATA";
pub(super) const ABORTED: &str = "OPERAZIONE ANNULLATA";

/// `E` or `V`.
pub(super) fn result(face: &Face, words: &str) -> String {
    let Face {
        transaction,
        terminal_id,
        ..
    } = face;
    let reversal = matches!(transaction.kind, Kind::Reversal { .. });
    let approved = transaction.standing != Standing::Declined;
    let letter = if face.exchanged { 'V' } else { 'E' };
    let code = face.code.unwrap_or(if approved { "00" } else { "01" });
    let head = format!("{terminal_id:08}0{letter}{code}");
    let told = if approved {
        let pan = if face.unmasked {
            "4111111111111111"
        } else {
            "541333******1234"
        };
        let authorisation = if reversal { "000000" } else { "A1B2C3" };
        let at = transaction.at;
        let moment = format!("{:03}{:02}{:02}", at.day_of_year(), at.hour(), at.minute());
        format!("{pan:0>19}CLI{authorisation}{moment}")
    } else {
        format!("{words:24.24}00000000000")
    };
    let stan = transaction.stan;
    let common = format!("2{:11}{stan:06}{stan:06}", "88105000001");
    let amount = face.amount.unwrap_or(0);
    let more = if face.exchanged {
        let dollars = transaction.amount + 86;
        format!("000{amount:08}100010850USD{dollars:012}20000000000")
    } else if reversal {
        "0000000000000".to_owned()
    } else if face.extended {
        format!("000{amount:08}0000000000")
    } else {
        String::new()
    };
    let future = if face.longer {
        "FUTURE FIELDS 0123456789"
    } else {
        ""
    };
    [&head, &told, &common, &more, future].concat()
}

/// `s`.
pub(super) fn status(terminal_id: u32, at: jiff::civil::DateTime, status: char) -> String {
    let moment = at.strftime("%d%m%y%H%M");
    format!("{terminal_id:08}0s0000000000{moment}{status}SIMULATO")
}

/// `T`.
pub(super) fn totals(terminal_id: u32, total: u64) -> String {
    format!("{terminal_id:08}0T00{total:016}000000")
}

/// `C`.
pub(super) fn closed(terminal_id: u32, total: u64) -> String {
    format!("{terminal_id:08}0C00{total:016}{total:016}")
}

/// `S` messages: a receipt, or the report of a close.
pub(super) fn tickets(terminal_id: u32, face: Option<&Face>, total: u64) -> Vec<String> {
    let cents = |amount: u64| format!("{},{:02}", amount / 100, amount % 100);
    let text = match face {
        None => format!("CHIUSURA CONTABILE}}TOTALE EUR {}}}", cents(total)),
        Some(face) => {
            let t = &face.transaction;
            let title = match (t.kind, t.standing) {
                (_, Standing::Declined) => DECLINED,
                (Kind::Payment, _) => "ACQUISTO",
                (Kind::Reversal { .. }, _) => "STORNO",
            };
            let pan = if face.unmasked {
                "4111111111111111"
            } else {
                "************1234"
            };
            format!(
                "SIMULATO S.R.L.}}}}{title}}}TML {:08} STAN {:06}PAN {pan}}}\
                 \x7fEUR {}}}}}COPIA CLIENTE}}",
                face.terminal_id,
                t.stan,
                cents(t.amount),
            )
        }
    };
    let text = format!("{text}}}}}}}}}}}}}\x1b");
    // In pieces that end anywhere.
    let pieces = text.as_bytes().chunks(90);
    let said = pieces.map(|piece| String::from_utf8_lossy(piece).into_owned());
    said.map(|piece| format!("{terminal_id:08}0S{piece}"))
        .collect()
}
