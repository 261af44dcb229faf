//! From a print job to what it puts on paper, as the journal has it at that moment.

use drivers::printer::escpos::Line;
use sync::queue::{Job, Printed, ReadError, Reader};

use super::{Desk, compose, report::compose_report};

/// What a job puts on paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sheet {
    /// These lines.
    Lines(Vec<Line>),
    /// All that a printer can do, as its driver knows it: for a person who wants to see whether that
    /// is so.
    TestPage,
}

/// What a job that is printed now puts on paper; none when there is nothing of that name.
///
/// # Errors
/// When the queue cannot be read.
pub fn sheet(reader: &Reader, job: &Job, desk: &Desk<'_>) -> Result<Option<Sheet>, ReadError> {
    match job.what {
        Printed::Payment(id) => {
            let Some(payment) = reader.payment(id)? else {
                return Ok(None);
            };
            let original = payment.intent.purpose.of();
            let original = original.map(|of| reader.payment(of)).transpose()?.flatten();
            let original = original.map(|original| original.receipt);
            let slips = reader.slips_of(id)?;
            let slips: Vec<_> = slips
                .iter()
                .filter_map(|slip| serde_json::from_str(slip).ok())
                .collect();
            let lines = compose(&payment, original, &slips, job.kind, desk);
            Ok(Some(Sheet::Lines(lines)))
        }
        Printed::Slip(id) => Ok(reader.report(id)?.and_then(|report| {
            let slip = serde_json::from_str(&report.body).ok()?;
            let (device, at) = (&report.device, report.at);
            Some(Sheet::Lines(compose_report(
                &slip, job.kind, device, at, desk,
            )))
        })),
        Printed::Test => Ok(Some(Sheet::TestPage)),
    }
}
