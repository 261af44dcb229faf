//! What stands on a terminal's slip that belongs to no payment. Pure, like [`super::compose`].

use drivers::terminal::Slip;
use jiff::Timestamp;
use payment::{
    DeviceId, Text,
    receipt::{Line, Style},
};
use sync::queue::JobKind;

use super::compose::Desk;

/// The lines of a terminal's slip, with the device and the moment it came. What a person had the
/// terminal repeat says COPY, as every other reprint (law 8).
pub(super) fn compose_report(
    slip: &Slip,
    kind: JobKind,
    device: &DeviceId,
    at: Timestamp,
    desk: &Desk<'_>,
) -> Vec<Line> {
    let language = desk.receipts.layout.language();
    let words = language.words();
    let (title, copy) = match kind {
        JobKind::Administration | JobKind::Customer | JobKind::Merchant | JobKind::Test => {
            (words.report, None)
        }
        JobKind::Repeated => (words.repeated, Some(words.copy.to_owned())),
        JobKind::Copy(number) | JobKind::MerchantCopy(number) => {
            (words.report, Some(format!("{} {number}", words.copy)))
        }
    };
    let copy = || {
        copy.iter()
            .map(|copy| Line::Text(Text::new(copy), Style::TITLE))
    };
    let pair = |name: &str, value: &str| Line::Columns(name.into(), value.into(), Style::PLAIN);
    let moment = language.moment(at.to_zoned(desk.zone.clone()).datetime());
    let mut lines: Vec<Line> = copy().collect();
    let head = desk.receipts.letterhead.merchant.iter().enumerate();
    lines.extend(head.map(|(number, line)| {
        let style = if number == 0 {
            Style::TITLE
        } else {
            Style::CENTRED
        };
        Line::Text(line.clone(), style)
    }));
    lines.push(Line::Feed(1));
    lines.push(Line::Text(title.into(), Style::CENTRED));
    lines.push(Line::Rule);
    lines.push(pair(words.device, device.as_str()));
    lines.push(pair(words.date, &moment));
    lines.push(Line::Rule);
    lines.extend(slip.lines.iter().cloned().map(Line::Verbatim));
    lines.extend(copy());
    lines.extend([Line::Feed(1), Line::Cut]);
    lines
}

#[cfg(test)]
mod tests {
    use drivers::{
        printer::escpos::{Profile, render},
        terminal::{SlipCopy, SlipLine},
    };
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn a_report_says_where_it_comes_from_and_a_repetition_says_copy() {
        let line = |text: &str| SlipLine {
            text: text.into(),
            ..SlipLine::default()
        };
        let slip = Slip {
            copy: SlipCopy::Administration,
            lines: vec![line("Summe 10,10"), line("Anzahl 1")],
            signature: false,
        };
        let mut receipts = config::Receipts::default();
        receipts.letterhead.merchant = vec!["Praxis".into()];
        let desk = Desk {
            receipts: &receipts,
            at: Timestamp::UNIX_EPOCH,
            zone: TimeZone::UTC,
        };
        for (kind, copies) in [
            (JobKind::Administration, 0),
            (JobKind::Repeated, 2),
            (JobKind::Copy(2), 2),
        ] {
            let device = "desk1".parse().unwrap();
            let lines = compose_report(&slip, kind, &device, Timestamp::UNIX_EPOCH, &desk);
            let bytes = render(&lines, Profile::find("generic-80mm").unwrap());
            let text = String::from_utf8_lossy(&bytes);
            for word in [
                "Praxis",
                "desk1",
                "1970-01-01 00:00",
                "Summe 10,10",
                "Anzahl 1",
            ] {
                assert!(text.contains(word), "{word} is missing in {text}");
            }
            assert_eq!(text.matches("COPY").count(), copies, "{kind:?}");
        }
    }
}
