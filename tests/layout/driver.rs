
use config::{SkeletonOptions, Terminal};
use jiff::Timestamp;

use super::Driver;

/// The driver of a configured terminal.
pub(super) fn driver(terminal: &Terminal, options: &SkeletonOptions, _: Timestamp) -> Driver {
    Driver {
        machine: Box::new(Skeleton::new(terminal.currency, options.patience)),
        defaults: crate::link::Defaults::default(),
    }
}
