//! Faults by name, as they are written on the command line: `name` or `name=number`.

/// A fault that the simulator does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{text}” is not a fault of this device; write one of: {known}")]
pub struct UnknownFault {
    /// What was written.
    pub text: String,
    /// The names that this device knows, separated by commas.
    pub known: String,
}

impl UnknownFault {
    pub(crate) fn new(text: &str, known: &[(&str, &str)]) -> Self {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        Self {
            text: text.chars().take(60).collect(),
            known: names.join(", "),
        }
    }
}

/// Splits `name=number`; `None` when what stands after the sign is no number.
pub(crate) fn name_and_number(text: &str) -> Option<(&str, Option<u32>)> {
    match text.split_once('=') {
        None => Some((text, None)),
        Some((name, number)) => number.parse().ok().map(|number| (name, Some(number))),
    }
}
