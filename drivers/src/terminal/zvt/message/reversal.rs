//! 06 30 and 06 31: money back (PA00P015, 2.4 and 2.5).

use payment::Money;

use crate::terminal::zvt::{
    apdu::{Apdu, code},
    bcd, bmp,
};

/// The request to take a payment back whole, before the terminal's end of day.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Reversal {
    /// Six digits.
    pub password: [u8; 3],
    /// BMP 87: the receipt number of the payment.
    pub receipt: u32,
    /// BMP 04: its amount, in the currency's smallest unit. The terminal compares it.
    pub amount: Option<u64>,
    /// BMP 49: the numeric currency code.
    pub currency: Option<u16>,
}

impl Reversal {
    /// What tilld asks with.
    pub fn new(password: [u8; 3], receipt: u32, money: Money) -> Self {
        Self {
            password,
            receipt,
            amount: Some(money.minor().unsigned_abs()),
            currency: Some(money.currency().numeric()),
        }
    }

    /// The message; none when a number has too many digits.
    pub fn encode(&self) -> Option<Apdu> {
        let mut builder = bmp::Builder::new()
            .raw(&self.password)
            .number::<2>(0x87, self.receipt.into());
        if let Some(amount) = self.amount {
            builder = builder.number::<6>(0x04, amount);
        }
        let data = with_currency(builder, self.currency).finish().ok()?;
        Some(Apdu::new(code::REVERSAL, data))
    }

    /// Reads the data of 06 30; none without a password or a receipt number.
    pub fn decode(data: &[u8]) -> Option<Self> {
        let (password, rest) = data.split_first_chunk()?;
        let fields = bmp::decode(rest);
        Some(Self {
            password: *password,
            receipt: fields.number(0x87).and_then(|n| u32::try_from(n).ok())?,
            amount: fields.number(0x04),
            currency: currency(&fields),
        })
    }
}

/// The request to give an amount back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Refund {
    /// Six digits.
    pub password: [u8; 3],
    /// In the currency's smallest unit.
    pub amount: u64,
    /// The numeric currency code.
    pub currency: Option<u16>,
}

impl Refund {
    /// What tilld asks with.
    pub fn new(password: [u8; 3], money: Money) -> Self {
        Self {
            password,
            amount: money.minor().unsigned_abs(),
            currency: Some(money.currency().numeric()),
        }
    }

    /// The message; none when the amount has more than twelve digits.
    pub fn encode(&self) -> Option<Apdu> {
        let builder = bmp::Builder::new()
            .raw(&self.password)
            .number::<6>(0x04, self.amount);
        let data = with_currency(builder, self.currency).finish().ok()?;
        Some(Apdu::new(code::REFUND, data))
    }

    /// Reads the data of 06 31; none without a password or an amount.
    pub fn decode(data: &[u8]) -> Option<Self> {
        let (password, rest) = data.split_first_chunk()?;
        let fields = bmp::decode(rest);
        Some(Self {
            password: *password,
            amount: fields.number(0x04)?,
            currency: currency(&fields),
        })
    }
}

fn with_currency(builder: bmp::Builder, currency: Option<u16>) -> bmp::Builder {
    match currency {
        Some(currency) => builder.number::<2>(0x49, currency.into()),
        None => builder,
    }
}

fn currency(fields: &bmp::Fields<'_>) -> Option<u16> {
    let code = fields.get(0x49).and_then(bcd::decode)?;
    u16::try_from(code).ok()
}

#[cfg(test)]
mod tests {
    use payment::Currency;

    use super::*;

    const PASSWORD: [u8; 3] = [0x12, 0x34, 0x56];

    #[test]
    fn a_reversal_names_the_receipt_and_the_amount() {
        let money = Money::from_minor(1010, Currency::EUR).unwrap();
        let reversal = Reversal::new(PASSWORD, 10, money);
        let apdu = reversal.encode().unwrap();
        let wire = b"\x06\x30\x10\x12\x34\x56\x87\0\x10\x04\0\0\0\0\x10\x10\x49\x09\x78";
        assert_eq!(apdu.encode(), wire);
        assert!(Reversal::decode(apdu.data()) == Some(reversal));
        let bare = Reversal {
            amount: None,
            currency: None,
            ..reversal
        };
        let apdu = bare.encode().unwrap();
        assert_eq!(apdu.encode(), b"\x06\x30\x06\x12\x34\x56\x87\0\x10");
        assert!(Reversal::decode(apdu.data()) == Some(bare));
        assert!(Reversal::new(PASSWORD, 10_000, money).encode().is_none());
    }

    #[test]
    fn a_refund_names_the_amount() {
        let money = Money::from_minor(500, Currency::EUR).unwrap();
        let refund = Refund::new(PASSWORD, money);
        let apdu = refund.encode().unwrap();
        let wire = b"\x06\x31\x0d\x12\x34\x56\x04\0\0\0\0\x05\0\x49\x09\x78";
        assert_eq!(apdu.encode(), wire);
        assert!(Refund::decode(apdu.data()) == Some(refund));
        assert!(Refund::decode(&[0x12, 0x34, 0x56]).is_none());
    }
}
