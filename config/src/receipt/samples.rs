//! Receipts to try a template with: all there, only what is always there, and money back.

use jiff::{Timestamp, civil::date};
use payment::{
    CardRef, Currency, DeviceId, EntryMode, Item, ItemAmount, Last4, Method, Money, PaymentId,
    Purpose, ReceiptNumber, Services, Text,
    receipt::{Letterhead, Picture, Reader, Receipt, Reprint, SlipLine},
};

/// They can all be made, so that there are as many as are written here.
pub(super) fn all() -> Vec<Receipt> {
    [full(), bare(), back()].into_iter().flatten().collect()
}

fn full() -> Option<Receipt> {
    let text = |text: &str| vec![Text::new(text)];
    let item = |amount: &str| {
        Some(Item {
            text: Text::new("Filling"),
            amount: ItemAmount::parse(amount, Currency::EUR).ok()?,
        })
    };
    Some(Receipt {
        letterhead: Letterhead {
            merchant: text("Practice by the Park"),
            footer: text("Thank you"),
            logo: Picture::new(1, vec![0]).map(Into::into),
        },
        reprint: Some(Reprint {
            number: 1,
            at: date(2026, 11, 21).at(14, 5, 0, 0),
        }),
        original: Some(ReceiptNumber::new(device()?, 1)),
        invoice: Some("156".parse().ok()?),
        services: Services {
            date: Some(date(2026, 11, 20)),
            items: vec![item("80.10")?, item("-12.50")?],
        },
        method: Method::Card,
        card: CardRef {
            brand: Some(Text::new("girocard")),
            last4: Some(Last4::new([1, 1, 1, 1]).ok()?),
        },
        entry: EntryMode::Chip,
        authorisation: Some(Text::new("654321")),
        terminal_id: Some(Text::new("28004869")),
        terminal_lines: vec![SlipLine::default()],
        signature: true,
        qr: Some("https://a.example/desk1-000002".to_owned()),
        ..bare()?
    })
}

fn bare() -> Option<Receipt> {
    Some(Receipt {
        reader: Reader::Customer,
        reprint: None,
        letterhead: Letterhead::default(),
        number: ReceiptNumber::new(device()?, 2),
        device: device()?,
        purpose: Purpose::Sale,
        original: None,
        invoice: None,
        services: Services::default(),
        paid_at: date(2026, 11, 21).at(13, 0, 0, 0),
        money: Money::from_minor(6760, Currency::EUR).ok()?,
        method: Method::Cash,
        card: CardRef::default(),
        entry: EntryMode::Unknown,
        authorisation: None,
        terminal_id: None,
        terminal_lines: Vec::new(),
        signature: false,
        qr: None,
    })
}

fn back() -> Option<Receipt> {
    let of = PaymentId::new(Timestamp::UNIX_EPOCH, [0; 10]);
    Some(Receipt {
        reader: Reader::Merchant,
        purpose: Purpose::Refund { of },
        ..full()?
    })
}

fn device() -> Option<DeviceId> {
    "desk1".parse().ok()
}
