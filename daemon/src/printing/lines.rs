//! From a print job to its lines, as the journal has them at that moment.

use drivers::printer::escpos::Line;
use jiff::{Timestamp, tz::TimeZone};
use sync::queue::{Job, Printed, ReadError, Reader};

use super::{Head, compose, report::compose_report};

/// The lines of a job that is printed `at`; none when there is nothing of that name.
///
/// # Errors
/// When the queue cannot be read.
pub fn lines(
    reader: &Reader,
    job: &Job,
    merchant: &[String],
    at: Timestamp,
    zone: TimeZone,
) -> Result<Option<Vec<Line>>, ReadError> {
    let mut head = Head {
        merchant,
        printed_at: at,
        zone,
        original: None,
    };
    match job.what {
        Printed::Payment(id) => {
            let Some(payment) = reader.payment(id)? else {
                return Ok(None);
            };
            let original = payment.intent.purpose.of();
            let original = original.map(|of| reader.payment(of)).transpose()?.flatten();
            head.original = original.map(|original| original.receipt);
            let slips = reader.slips_of(id)?;
            let slips: Vec<_> = slips
                .iter()
                .filter_map(|slip| serde_json::from_str(slip).ok())
                .collect();
            Ok(Some(compose(&payment, job.kind, &slips, &head)))
        }
        Printed::Slip(id) => Ok(reader.report(id)?.and_then(|report| {
            let slip = serde_json::from_str(&report.body).ok()?;
            let (device, at) = (&report.device, report.at);
            Some(compose_report(&slip, job.kind, device, at, &head))
        })),
    }
}
