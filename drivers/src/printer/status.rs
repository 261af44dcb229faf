//! What is known of a printer.

use serde::{Deserialize, Serialize};

/// What is known of a printer; `None` is what it has not said. Silence is neither health nor a fault.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// Whether it prints what it gets. It does not while something below hinders it, and can be
    /// offline without a cause that it knows.
    pub online: Option<bool>,
    /// The roll.
    pub paper: Option<Paper>,
    /// Whether the cover is open.
    pub cover_open: Option<bool>,
    /// Whether the cutter is stuck.
    pub cutter_error: Option<bool>,
    /// Whether there is another error: a hot head, a wrong voltage, a defect.
    pub other_error: Option<bool>,
    /// Whether the cash drawer is open.
    pub drawer_open: Option<bool>,
}

/// How much paper there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paper {
    /// Enough.
    Enough,
    /// The roll is nearly empty. It still prints.
    NearEnd,
    /// None.
    Out,
}

impl Status {
    /// What hinders it from printing and what to do, as a sentence for the desk; none when nothing
    /// is known to.
    pub fn obstacle(&self) -> Option<&'static str> {
        if self.paper == Some(Paper::Out) {
            Some("The printer is out of paper. Put in a new roll and close the cover.")
        } else if self.cover_open == Some(true) {
            Some("The printer's cover is open. Close it.")
        } else if self.cutter_error == Some(true) {
            Some(
                "The printer's cutter is stuck. Switch the printer off, open the cover, take out \
                 jammed paper, and switch it on again.",
            )
        } else if self.other_error == Some(true) {
            Some(
                "The printer reports an error. Let it cool down for a few minutes; then switch it \
                 off and on again, and call for service if the error comes back.",
            )
        } else if self.online == Some(false) {
            Some("The printer is offline. Look at its lights, and press its feed button once.")
        } else {
            None
        }
    }

    /// All that matters, as a sentence for the desk.
    pub fn sentence(&self) -> &'static str {
        if let Some(obstacle) = self.obstacle() {
            obstacle
        } else if self.paper == Some(Paper::NearEnd) {
            "The printer's roll is nearly empty. Have a new one at hand."
        } else if self.drawer_open == Some(true) {
            "The printer is ready. The cash drawer is open; close it."
        } else if self.online == Some(true) {
            "The printer is ready."
        } else {
            "The printer has not said how it is. Print a receipt, and look whether it comes out."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_is_about_what_matters_most() {
        let ready = Status {
            online: Some(true),
            paper: Some(Paper::Enough),
            ..Status::default()
        };
        for (status, says, hinders) in [
            (Status::default(), "has not said", false),
            (ready, "is ready.", false),
            (
                Status {
                    paper: Some(Paper::NearEnd),
                    ..ready
                },
                "nearly empty",
                false,
            ),
            (
                Status {
                    drawer_open: Some(true),
                    ..ready
                },
                "drawer is open",
                false,
            ),
            (
                Status {
                    online: Some(false),
                    ..ready
                },
                "feed button",
                true,
            ),
            (
                Status {
                    other_error: Some(true),
                    ..ready
                },
                "service",
                true,
            ),
            (
                Status {
                    cutter_error: Some(true),
                    ..ready
                },
                "cutter is stuck",
                true,
            ),
            (
                Status {
                    cover_open: Some(true),
                    ..ready
                },
                "Close it.",
                true,
            ),
            (
                Status {
                    paper: Some(Paper::Out),
                    cover_open: Some(true),
                    online: Some(false),
                    ..Status::default()
                },
                "new roll",
                true,
            ),
        ] {
            assert!(status.sentence().contains(says), "{status:?}");
            assert_eq!(status.obstacle().is_some(), hinders, "{status:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_null_and_may_be_left_out() {
        let text = r#"{"online":false,"paper":"near_end","cover_open":null,"cutter_error":null,"other_error":null,"drawer_open":true}"#;
        let status: Status = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&status).unwrap(), text);
        let short: Status = serde_json::from_str(r#"{"online":true}"#).unwrap();
        assert_eq!(
            short,
            Status {
                online: Some(true),
                ..Status::default()
            }
        );
    }
}
