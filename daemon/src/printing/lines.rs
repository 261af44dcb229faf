//! From a print job to its lines, as the journal has them at that moment.

use drivers::printer::escpos::Line;
use payment::{PrinterId, receipt::Style};
use sync::queue::{Job, Printed, ReadError, Reader};

use super::{Desk, compose, report::compose_report};

/// The lines of a job that is printed now; none when there is nothing of that name.
///
/// # Errors
/// When the queue cannot be read.
pub fn lines(reader: &Reader, job: &Job, desk: &Desk<'_>) -> Result<Option<Vec<Line>>, ReadError> {
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
            Ok(Some(compose(&payment, original, &slips, job.kind, desk)))
        }
        Printed::Slip(id) => Ok(reader.report(id)?.and_then(|report| {
            let slip = serde_json::from_str(&report.body).ok()?;
            let (device, at) = (&report.device, report.at);
            Some(compose_report(&slip, job.kind, device, at, desk))
        })),
        Printed::Test => Ok(Some(test_page(&job.printer))),
    }
}

/// What a person looks at to see that a printer prints.
fn test_page(printer: &PrinterId) -> Vec<Line> {
    let text = |text: &str| Line::Text(text.into(), Style::PLAIN);
    vec![
        text("Test page"),
        text(printer.as_str()),
        Line::Feed(1),
        Line::Cut,
    ]
}
