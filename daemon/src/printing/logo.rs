//! The logo in a printer's memory. Pure.
//!
//! It is sent before the first receipt after a start, and again until a receipt was confirmed. So a
//! memory that lasts through thousands of writes sees about one a day.

use drivers::printer::{
    Ending,
    escpos::{Line, Profile, store_logo},
};
use sync::queue::JobId;

/// What is known of a printer's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Memory {
    /// The logo may not be there.
    #[default]
    Unknown,
    /// It went with this job.
    Sent(JobId),
    /// It is there.
    Stored,
}

impl Memory {
    /// The bytes that go before a job with these lines.
    pub(super) fn before(&mut self, job: JobId, lines: &[Line], profile: &Profile) -> Vec<u8> {
        let logo = lines.iter().find_map(|line| match line {
            Line::Logo(logo) => Some(logo),
            Line::Text(..)
            | Line::Columns(..)
            | Line::Rule
            | Line::Feed(_)
            | Line::Verbatim(_)
            | Line::Qr(_)
            | Line::Cut => None,
        });
        if *self == Self::Stored {
            return Vec::new();
        }
        let bytes = logo.and_then(|logo| store_logo(logo, profile));
        if bytes.is_some() {
            *self = Self::Sent(job);
        }
        bytes.unwrap_or_default()
    }

    /// Learns how a job ended.
    pub(super) fn ended(&mut self, job: JobId, ending: &Ending) {
        if *self == Self::Sent(job) {
            *self = match ending {
                Ending::Confirmed => Self::Stored,
                Ending::NotStarted(_) | Ending::Cancelled(_) | Ending::Unknown(_) => Self::Unknown,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use payment::receipt::Picture;

    use super::*;

    #[test]
    fn it_is_sent_until_a_receipt_with_it_is_confirmed() {
        let profile = Profile::find("epson-tm-l90").unwrap();
        let logo = [Line::Logo(Picture::new(8, vec![0; 8]).unwrap().into())];
        let mut memory = Memory::default();
        assert!(
            memory.before(1, &[Line::Cut], profile).is_empty(),
            "a report has none"
        );
        assert!(!memory.before(2, &logo, profile).is_empty());
        memory.ended(2, &Ending::Unknown("why".into()));
        assert!(!memory.before(3, &logo, profile).is_empty());
        memory.ended(2, &Ending::Confirmed);
        assert_eq!(memory, Memory::Sent(3), "another job says nothing of it");
        memory.ended(3, &Ending::Confirmed);
        assert!(memory.before(4, &logo, profile).is_empty());

        let mut memory = Memory::default();
        let clone = Profile::find("generic-80mm").unwrap();
        assert!(
            memory.before(1, &logo, clone).is_empty(),
            "it has no memory"
        );
    }
}
