//! What can be wrong with a printer.

use std::str::FromStr;

use crate::fault::{UnknownFault, name_and_number};

/// Every fault by its name, with what it does.
pub const FAULTS: &[(&str, &str)] = &[
    (
        "paper-out",
        "the roll is empty: offline until it is refilled",
    ),
    ("paper-out-after=N", "the roll ends after N more lines"),
    ("near-end", "the roll is nearly empty; printing goes on"),
    (
        "cover-open",
        "the cover is open: offline until it is closed",
    ),
    (
        "cutter-jam",
        "the cutter is stuck: offline until DLE ENQ 2 or a clearing",
    ),
    (
        "hot-head",
        "the head is too hot: offline until it has cooled down",
    ),
    (
        "broken",
        "an error that nothing recovers from: offline until it is repaired",
    ),
    (
        "offline",
        "offline without a cause, as with the feed button held",
    ),
    ("drawer-open", "the contact of the cash drawer is low"),
    (
        "silent",
        "prints, but never answers, like most cheap printers",
    ),
    ("slow", "takes ten seconds for a line"),
    (
        "cut-link-after=N",
        "drops the link once, after N more bytes",
    ),
];

/// Something wrong with a printer, or about to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The roll is empty.
    PaperOut,
    /// The roll ends after so many more lines.
    PaperOutAfter(u32),
    /// The roll is nearly empty.
    NearEnd,
    /// The cover is open.
    CoverOpen,
    /// The cutter is stuck.
    CutterJam,
    /// The head is too hot.
    HotHead,
    /// Needs a repair.
    Broken,
    /// Offline without a cause.
    Offline,
    /// The drawer's contact is low.
    DrawerOpen,
    /// Never answers.
    Silent,
    /// Takes its time.
    Slow,
    /// Drops the link after so many more bytes.
    CutLinkAfter(u32),
}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match name_and_number(text) {
            Some(("paper-out", None)) => Self::PaperOut,
            Some(("paper-out-after", Some(lines))) => Self::PaperOutAfter(lines),
            Some(("near-end", None)) => Self::NearEnd,
            Some(("cover-open", None)) => Self::CoverOpen,
            Some(("cutter-jam", None)) => Self::CutterJam,
            Some(("hot-head", None)) => Self::HotHead,
            Some(("broken", None)) => Self::Broken,
            Some(("offline", None)) => Self::Offline,
            Some(("drawer-open", None)) => Self::DrawerOpen,
            Some(("silent", None)) => Self::Silent,
            Some(("slow", None)) => Self::Slow,
            Some(("cut-link-after", Some(bytes))) => Self::CutLinkAfter(bytes),
            _ => return Err(UnknownFault::new(text, FAULTS)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_in_the_table_is_a_fault_and_others_are_refused() {
        for (name, _) in FAULTS {
            let text = name.replace("=N", "=3");
            assert!(text.parse::<Fault>().is_ok(), "{text}");
        }
        for text in [
            "",
            "paper",
            "paper-out=1",
            "paper-out-after",
            "paper-out-after=x",
        ] {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(error.contains("paper-out-after=N"), "{error}");
        }
    }
}
