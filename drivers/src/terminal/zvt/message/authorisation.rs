//! 06 01: a payment (PA00P015, 2.2).

use payment::Money;

use crate::terminal::zvt::{
    apdu::{Apdu, code},
    bcd, bmp,
};

/// The request for a payment. It never holds card data: those fields are not ours to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authorisation {
    /// In the currency's smallest unit.
    pub amount: u64,
    /// The numeric currency code, such as 978.
    pub currency: Option<u16>,
    /// BMP 19; `40` lets the terminal decide how to pay.
    pub payment_type: Option<u8>,
    /// Whether an empty TLV container says that we understand TLV.
    pub tlv: bool,
}

impl Authorisation {
    /// What tilld asks with.
    pub fn new(money: Money) -> Self {
        Self {
            amount: money.minor().unsigned_abs(),
            currency: Some(money.currency().numeric()),
            payment_type: Some(0x40),
            tlv: true,
        }
    }

    /// The message; none when the amount has more than twelve digits.
    pub fn encode(&self) -> Option<Apdu> {
        let mut builder = bmp::Builder::new().number::<6>(0x04, self.amount);
        if let Some(currency) = self.currency {
            builder = builder.number::<2>(0x49, currency.into());
        }
        if let Some(payment_type) = self.payment_type {
            builder = builder.field(0x19, &[payment_type]);
        }
        if self.tlv {
            builder = builder.tlv(&[]);
        }
        let data = builder.finish().ok()?;
        Some(Apdu::new(code::AUTHORISATION, data))
    }

    /// Reads the data of 06 01; none without an amount.
    pub fn decode(data: &[u8]) -> Option<Self> {
        let fields = bmp::decode(data);
        Some(Self {
            amount: fields.number(0x04)?,
            currency: fields
                .get(0x49)
                .and_then(bcd::decode)
                .and_then(|c| u16::try_from(c).ok()),
            payment_type: fields.byte(0x19),
            tlv: data.ends_with(&[0x06, 0x00]) || !fields.tlv().is_empty(),
        })
    }
}

#[cfg(test)]
mod tests {
    use payment::Currency;

    use super::*;

    #[test]
    fn a_payment_of_ten_euros_ten() {
        let money = Money::from_minor(1010, Currency::EUR).unwrap();
        let apdu = Authorisation::new(money).encode().unwrap();
        let wire = b"\x06\x01\x0e\x04\0\0\0\0\x10\x10\x49\x09\x78\x19\x40\x06\0";
        assert_eq!(apdu.encode(), wire);
        assert_eq!(
            Authorisation::decode(apdu.data()),
            Some(Authorisation::new(money))
        );
    }

    #[test]
    fn other_tills_are_understood() {
        let read = |data| Authorisation::decode(data).map(|a| (a.amount, a.currency));
        assert_eq!(read(&[4, 0, 0, 0, 0, 0x10, 0]), Some((1000, None)));
        assert_eq!(
            read(&[4, 0, 0, 0, 0, 0x33, 0, 0x02, 0x0a]),
            Some((3300, None))
        );
        assert_eq!(read(&[0x49, 0x09, 0x78]), None);
    }
}
