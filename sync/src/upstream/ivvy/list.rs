//! iVvy's list of invoices with their payments (`getInvoiceList`), for the comparison.

use payment::Text;

use super::{answer::said, invoice::Invoice, json::Object};
use crate::upstream::{HttpAnswer, ListPage};

/// Invoices in one answer.
pub(super) const PER_PAGE: u32 = 50;

/// The payments of a page; why not, as a sentence.
pub(super) fn read(answer: &HttpAnswer) -> Result<ListPage, Text> {
    let body = match answer {
        HttpAnswer::NotSent { reason }
        | HttpAnswer::Unable { reason }
        | HttpAnswer::Lost { reason } => return Err(reason.clone()),
        HttpAnswer::Response { body, .. } => body,
    };
    let strange = || Text::from("The answer to the list of invoices does not come from iVvy.");
    let page = Object::read(body).ok_or_else(strange)?;
    if page.text("errorcode").is_some() {
        return Err(said(&page));
    }
    let results = page.list("results").ok_or_else(strange)?;
    let meta = page.object("meta").ok_or_else(strange)?;
    let total = meta.whole("totalresults").ok_or_else(strange)?;
    let start = meta.whole("start").ok_or_else(strange)?;
    let count = results.len() as u64;
    let hidden = || Text::from("iVvy's list does not show the payments of every invoice.");
    let mut payments = Vec::new();
    for raw in results {
        let object = Object::read(raw.get().as_bytes()).ok_or_else(strange)?;
        let invoice = Invoice::read(object).ok_or_else(hidden)?;
        payments.extend(invoice.booked().ok_or_else(hidden)?);
    }
    Ok(ListPage {
        payments,
        // An empty page would come again for ever.
        more: count > 0 && start.saturating_add(count) < total,
    })
}
