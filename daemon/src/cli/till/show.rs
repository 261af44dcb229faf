//! Answers as text for people.

use serde_json::Value;

pub(super) fn status_text(devices: &Value) -> String {
    let line = |d: &Value| {
        let running = d.get("running").filter(|r| !r.is_null());
        let running = running.map(|r| {
            let evidence = text(r, "evidence");
            let evidence = if evidence.is_empty() {
                evidence
            } else {
                format!("\n  {evidence}")
            };
            format!("\n  payment {}{evidence}", text(r, "payment"))
        });
        format!(
            "{} ({}): {}{}",
            text(d, "id"),
            text(d, "currency"),
            text(d, "next_step"),
            running.unwrap_or_default()
        )
    };
    let lines = list(devices, "devices").iter().map(line);
    let lines = lines.collect::<Vec<_>>().join("\n");
    let printers = printers_text(devices);
    let books = devices.get("books").map(books_text).unwrap_or_default();
    [lines, printers, books]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

/// What last night's comparison found, in a line; nothing where it found nothing.
fn books_text(books: &Value) -> String {
    match list(books, "findings").len() {
        0 => String::new(),
        found => format!(
            "books of {} to {}: {found} to look at. Run till reconcile.",
            text(books, "from"),
            text(books, "to")
        ),
    }
}

/// The printers, each with the jobs that wait.
pub(super) fn printers_text(answer: &Value) -> String {
    let lines = list(answer, "printers").iter().map(printer_text);
    lines.collect::<Vec<_>>().join("\n")
}

pub(super) fn printer_text(printer: &Value) -> String {
    let mut lines = vec![format!(
        "{} (printer): {}",
        text(printer, "id"),
        text(printer, "next_step")
    )];
    let at_work = printer.get("job").filter(|job| !job.is_null());
    lines.extend(at_work.map(|job| {
        let job = format!(
            "  job {}: {} {}",
            text(job, "job"),
            text(job, "state"),
            text(job, "waits")
        );
        job.trim_end().to_owned()
    }));
    for (jobs, words) in [("queued", "waits"), ("for_people", "needs your word")] {
        for job in list(printer, jobs) {
            lines.push(format!("  {words}: {}", job_text(job)));
        }
    }
    lines.join("\n")
}

/// A print job in one line.
pub(super) fn job_text(job: &Value) -> String {
    let payment = text(job, "payment");
    let of = if payment.is_empty() {
        payment
    } else {
        format!(" of payment {payment}")
    };
    let reason = text(job, "reason");
    let reason = if reason.is_empty() {
        reason
    } else {
        format!(" {reason}")
    };
    format!(
        "job {} at {} ({}{of}): {}.{reason} {}",
        text(job, "job"),
        text(job, "printer"),
        text(job, "kind"),
        text(job, "state"),
        text(job, "next_step"),
    )
}

pub(super) fn payments_text(answer: &Value) -> String {
    let all = list(answer, "payments");
    if all.is_empty() {
        return "No payments.".to_owned();
    }
    let line = |p: &Value| {
        let invoice = text(p, "invoice");
        let invoice = if invoice.is_empty() {
            String::new()
        } else {
            format!("  invoice {invoice}")
        };
        format!(
            "{}  {}  {} {:>10}  {:<13} {}{invoice}",
            text(p, "id"),
            text(p, "receipt"),
            text(p, "currency"),
            text(p, "amount"),
            how(p),
            text(p, "state"),
        )
    };
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

pub(super) fn payment_text(payment: &Value) -> String {
    let mut lines = vec![format!(
        "{}  {}  {} {}  {}",
        text(payment, "receipt"),
        text(payment, "state"),
        text(payment, "currency"),
        text(payment, "amount"),
        how(payment),
    )];
    if let Some(card) = payment.get("card").filter(|c| !c.is_null()) {
        lines.push(format!(
            "card: {} …{}",
            text(card, "brand"),
            text(card, "last4")
        ));
    }
    let of = text(payment, "of");
    if !of.is_empty() {
        lines.push(format!("{} of {of}", text(payment, "purpose")));
    }
    for field in ["refusal", "cancellation", "doubt"] {
        if let Some(why) = payment.get(field).filter(|w| !w.is_null()) {
            lines.push(text(why, "text"));
        }
    }
    for field in ["printing", "delivery"] {
        for row in list(payment, field) {
            let whom = format!("{}{}", text(row, "printer"), text(row, "upstream"));
            let reason = text(row, "reason");
            let line = format!("{field} {whom}: {} {reason}", text(row, "state"));
            lines.push(line.trim_end().to_owned());
            let waits = ["unknown", "failed"].contains(&text(row, "state").as_str());
            if field == "printing" && waits {
                lines.push(format!(
                    "  job {}: {}",
                    text(row, "job"),
                    text(row, "next_step")
                ));
            }
        }
    }
    lines.push(text(payment, "next_step"));
    lines.push(format!("id: {}", text(payment, "id")));
    lines.join("\n")
}

/// The method, and what it was for where it was no payment by a patient.
fn how(payment: &Value) -> String {
    match text(payment, "purpose").as_str() {
        "cancel" => format!("{} (cancel)", text(payment, "method")),
        "refund" => format!("{} (refund)", text(payment, "method")),
        _ => text(payment, "method"),
    }
}

/// The end of a day, with every difference.
pub(super) fn closing_text(closing: &Value) -> String {
    let mut lines = vec![format!(
        "{}: {}",
        text(closing, "device"),
        text(closing, "state")
    )];
    for row in list(closing, "differences") {
        lines.push(format!("difference: {}", text(row, "text")));
    }
    lines.push(text(closing, "next_step"));
    lines.join("\n")
}

/// What is still to be paid of an invoice.
pub(super) fn invoice_text(invoice: &Value) -> String {
    let line = |seen: &Value| {
        let open = match text(seen, "outstanding").as_str() {
            "" => String::new(),
            open => format!(" {} {open}", text(seen, "currency")),
        };
        let said = text(seen, "next_step");
        format!(
            "{}: {}{open}  {said}",
            text(seen, "upstream"),
            text(seen, "state")
        )
    };
    let lines: Vec<String> = list(invoice, "seen").iter().map(line).collect();
    if lines.is_empty() {
        return "No invoicing system of the configuration can be asked for an invoice.".to_owned();
    }
    lines.join("\n")
}

/// A field as a list; empty where there is none.
pub(super) fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    let list = value.get(field).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

/// A field as text; nothing where there is none.
pub(super) fn text(value: &Value, field: &str) -> String {
    match value.get(field) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}
