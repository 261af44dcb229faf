//! The lines of statements as Tryton shows them.

use jiff::civil::Date;
use payment::{Text, parse_currency};
use rust_decimal::Decimal;

use crate::upstream::{Booked, HttpAnswer, ListPage, Seal, When, json::Json};

/// How many lines are asked for at once.
pub(super) const PAGE: u64 = 200;

/// A line of a statement that holds one payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The statement.
    pub(super) statement: u64,
    /// Where the statement stands.
    pub(super) state: State,
    /// How much; less than nothing for money that went back.
    pub(super) amount: Decimal,
    /// The party's account.
    pub(super) account: u64,
    /// The invoice.
    pub(super) invoice: Option<u64>,
    /// What it is booked as, once it is validated.
    pub(super) movement: Option<u64>,
}

/// The states of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It changes no balance yet.
    Draft,
    /// The invoice is reduced; it can be cancelled.
    Validated,
    /// It stands for good.
    Posted,
    /// It changes no balance any more.
    Cancelled,
}

impl State {
    fn read(text: &str) -> Option<Self> {
        match text {
            "draft" => Some(Self::Draft),
            "validated" => Some(Self::Validated),
            "posted" => Some(Self::Posted),
            "cancelled" => Some(Self::Cancelled),
            _ => None,
        }
    }

    /// Tryton's word.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Validated => "validated",
            Self::Posted => "posted",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The records of a search; `None` for anything else.
pub(super) fn records(answer: &HttpAnswer) -> Option<Vec<Json<'_>>> {
    match answer {
        HttpAnswer::Response {
            status: 200, body, ..
        } => Json::read(body)?.list(),
        HttpAnswer::Response { .. }
        | HttpAnswer::NotSent { .. }
        | HttpAnswer::Unable { .. }
        | HttpAnswer::Lost { .. } => None,
    }
}

/// The lines with this number; `None` unless all of the answer can be read.
pub(super) fn lines(answer: &HttpAnswer, number: &str) -> Option<Vec<Line>> {
    let mut lines = Vec::new();
    for record in records(answer)? {
        if record.at("/number")?.name()?.trim() != number {
            return None;
        }
        lines.push(line(record)?);
    }
    Some(lines)
}

fn line(record: Json<'_>) -> Option<Line> {
    let optional = |pointer| -> Option<Option<Json<'_>>> {
        let value = record.at(pointer)?;
        Some((value.text().as_deref() != Some("null")).then_some(value))
    };
    let invoice = match optional("/related_to")? {
        None => None,
        Some(related) => Some(
            related
                .name()?
                .strip_prefix("account.invoice,")?
                .parse()
                .ok()?,
        ),
    };
    let movement = match optional("/move")? {
        None => None,
        Some(movement) => Some(id(movement)?),
    };
    Some(Line {
        statement: id(record.at("/statement/id")?)?,
        state: State::read(&record.at("/statement/state")?.name()?)?,
        amount: record.at("/amount/decimal")?.decimal()?,
        account: id(record.at("/account")?)?,
        invoice,
        movement,
    })
}

/// A record's own number.
pub(super) fn id(json: Json<'_>) -> Option<u64> {
    json.name()?.parse().ok()
}

/// A page of what is booked.
pub(super) fn read_list(answer: &HttpAnswer) -> Result<ListPage, Text> {
    let unreadable = || Text::from("Tryton's answer does not show its statements.");
    let records = records(answer).ok_or_else(unreadable)?;
    let more = u64::try_from(records.len()).is_ok_and(|len| len >= PAGE);
    let payments: Option<Vec<Booked>> = records.into_iter().map(booked).collect();
    Ok(ListPage {
        payments: payments.ok_or_else(unreadable)?,
        more,
    })
}

fn booked(record: Json<'_>) -> Option<Booked> {
    let amount = record.at("/amount/decimal")?.decimal()?;
    let code = record.at("/statement/journal/currency/code")?.name()?;
    let receipt = record.at("/number")?.name();
    Some(Booked {
        receipt: receipt.map(|number| Text::new(&number)),
        amount: amount.abs(),
        currency: parse_currency(&code).ok(),
        back: amount.is_sign_negative(),
        invoice: None,
        remote_id: Some(Text::new(&id(record.at("/statement/id")?)?.to_string())),
        at: day(record.at("/date")?).map(When::On),
        seal: record
            .at("/description")
            .and_then(Json::name)
            .and_then(|words| Seal::find(&words)),
    })
}

/// `{"__class__":"date","year":2026,"month":11,"day":21}`
fn day(json: Json<'_>) -> Option<Date> {
    let part = |pointer| json.at(pointer)?.name();
    Date::new(
        part("/year")?.parse().ok()?,
        part("/month")?.parse().ok()?,
        part("/day")?.parse().ok()?,
    )
    .ok()
}
