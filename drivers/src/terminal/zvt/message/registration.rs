//! 06 00: the till makes itself known (PA00P015, 2.1).

use payment::Currency;

use crate::terminal::zvt::{
    apdu::{Apdu, code},
    bcd, bmp,
    tlv::{self, Tlv},
};

/// The bits of the config byte.
pub mod config_byte {
    /// The till prints receipts of payments.
    pub const PRINT_PAYMENTS: u8 = 0x02;
    /// The till prints receipts of administration.
    pub const PRINT_ADMINISTRATION: u8 = 0x04;
    /// The till wants 04 FF.
    pub const INTERMEDIATE_STATUS: u8 = 0x08;
    /// No amounts can be typed in at the terminal.
    pub const TILL_CONTROLS_PAYMENT: u8 = 0x10;
    /// No administration can be started at the terminal.
    pub const TILL_CONTROLS_ADMINISTRATION: u8 = 0x20;
    /// The terminal sends finished print lines.
    pub const PRINT_LINES: u8 = 0x80;
}

/// The bits of the service byte.
pub mod service_byte {
    /// The terminal's service menu is not on its function key.
    pub const NO_SERVICE_KEY: u8 = 0x01;
    /// The display shows capitals.
    pub const CAPITALS: u8 = 0x02;
}

/// What can be done at the terminal itself while it is registered, and how it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// Amounts can be typed in.
    pub amounts_at_terminal: bool,
    /// An end of day and the like can be started.
    pub administration_at_terminal: bool,
    /// The service menu is on the function key.
    pub service_menu: bool,
    /// The display shows capitals.
    pub capitals: bool,
}

/// As a terminal is that was told nothing.
impl Default for Manner {
    fn default() -> Self {
        Self {
            amounts_at_terminal: true,
            administration_at_terminal: true,
            service_menu: true,
            capitals: false,
        }
    }
}

/// Registration.
#[derive(Clone, PartialEq, Eq)]
pub struct Registration {
    /// Six digits.
    pub password: [u8; 3],
    /// See [`config_byte`].
    pub config: u8,
    /// The numeric currency code, such as 978.
    pub currency: Option<u16>,
    /// See [`service_byte`]. Only after a currency.
    pub service: Option<u8>,
    /// The commands that the terminal may send, when it should know them. Without 06 D3 in it a
    /// terminal falls back to single lines.
    pub allowed: Vec<u16>,
    /// Whether messages are to be numbered (TLV 1F73).
    pub numbered: bool,
}

impl Registration {
    /// What tilld registers with: receipts come to us, whole, or stay at the terminal.
    pub fn new(password: [u8; 3], currency: Currency, print_here: bool, numbered: bool) -> Self {
        let printing = config_byte::PRINT_PAYMENTS
            | config_byte::PRINT_ADMINISTRATION
            | config_byte::PRINT_LINES;
        Self {
            password,
            config: config_byte::INTERMEDIATE_STATUS | if print_here { printing } else { 0 },
            currency: Some(currency.numeric()),
            service: None,
            allowed: if print_here {
                vec![code::PRINT_BLOCK]
            } else {
                Vec::new()
            },
            numbered,
        }
    }

    /// With what can be done at the terminal. Without anything to say of its menu and display there
    /// is no service byte: not every terminal knows it.
    #[must_use]
    pub fn with(mut self, manner: Manner) -> Self {
        let bit = |wanted, bit| if wanted { bit } else { 0 };
        self.config |= bit(
            !manner.amounts_at_terminal,
            config_byte::TILL_CONTROLS_PAYMENT,
        );
        self.config |= bit(
            !manner.administration_at_terminal,
            config_byte::TILL_CONTROLS_ADMINISTRATION,
        );
        let service = bit(!manner.service_menu, service_byte::NO_SERVICE_KEY)
            | bit(manner.capitals, service_byte::CAPITALS);
        self.service = (service != 0).then_some(service);
        self
    }

    /// The message.
    pub fn encode(&self) -> Apdu {
        let mut data = self.password.to_vec();
        data.push(self.config);
        if let Some(currency) = self.currency.and_then(|c| bcd::encode::<2>(c.into())) {
            data.extend(currency);
        }
        if let (Some(service), Some(_)) = (self.service, self.currency) {
            data.extend([0x03, service]);
        }
        let mut fields = Vec::new();
        if !self.allowed.is_empty() {
            let commands = self.allowed.iter();
            let commands = commands.map(|c| Tlv::bytes(0x0a, c.to_be_bytes()));
            fields.push(Tlv::fields(0x26, commands.collect()));
        }
        if self.numbered {
            fields.push(Tlv::bytes(0x1f73, [0; 3]));
        }
        if !fields.is_empty() {
            data.push(0x06);
            data.extend(tlv::encode_container(&fields));
        }
        Apdu::new(code::REGISTRATION, data)
    }

    /// Reads the data of 06 00; none when password or config byte are missing.
    pub fn decode(data: &[u8]) -> Option<Self> {
        let (password, rest) = data.split_first_chunk::<3>()?;
        let (config, rest) = rest.split_first()?;
        let (currency, rest) = match rest.split_first_chunk::<2>() {
            Some((code, rest)) => (bcd::decode(code), rest),
            None => (None, rest),
        };
        let fields = bmp::decode(rest);
        let listed = tlv::find_fields(fields.tlv(), 0x26).unwrap_or_default();
        let allowed = listed.iter().filter_map(|field| match &field.value {
            tlv::Value::Bytes(bytes) if field.tag == 0x0a => {
                bytes.as_slice().try_into().ok().map(u16::from_be_bytes)
            }
            tlv::Value::Bytes(_) | tlv::Value::Fields(_) => None,
        });
        Some(Self {
            password: *password,
            config: *config,
            currency: currency.and_then(|c| u16::try_from(c).ok()),
            service: fields.byte(0x03),
            allowed: allowed.collect(),
            numbered: tlv::find(fields.tlv(), 0x1f73).is_some(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(print_here: bool, numbered: bool, wire: &[u8]) {
        let password = [0x12, 0x34, 0x56];
        let registration = Registration::new(password, Currency::EUR, print_here, numbered);
        assert_eq!(registration.encode().encode(), wire);
        let data = Apdu::decode(wire).unwrap();
        assert!(Registration::decode(data.data()) == Some(registration));
    }

    #[test]
    fn where_receipts_are_printed_decides_the_message() {
        check(
            true,
            false,
            b"\x06\x00\x0e\x12\x34\x56\x8e\x09\x78\x06\x06\x26\x04\x0a\x02\x06\xd3",
        );
        check(false, false, b"\x06\x00\x06\x12\x34\x56\x08\x09\x78");
        check(
            true,
            true,
            b"\x06\x00\x14\x12\x34\x56\x8e\x09\x78\x06\x0c\x26\x04\x0a\x02\x06\xd3\x1f\x73\x03\0\0\0",
        );
    }

    #[test]
    fn what_can_be_done_at_the_terminal_is_said() {
        let wire = |manner| {
            let registration = Registration::new([0; 3], Currency::EUR, false, false);
            registration.with(manner).encode().data().to_vec()
        };
        let usual = Manner::default();
        assert_eq!(wire(usual), b"\0\0\0\x08\x09\x78");
        let amounts_at_terminal = false;
        let manner = Manner {
            amounts_at_terminal,
            ..usual
        };
        assert_eq!(wire(manner), b"\0\0\0\x18\x09\x78");
        let manner = Manner {
            amounts_at_terminal,
            administration_at_terminal: false,
            service_menu: false,
            capitals: true,
        };
        assert_eq!(wire(manner), b"\0\0\0\x38\x09\x78\x03\x03");
    }

    #[test]
    fn short_forms_are_read() {
        let minimal = Registration::decode(&[0x12, 0x34, 0x56, 0x8e]).unwrap();
        assert_eq!((minimal.config, minimal.currency), (0x8e, None));
        let service = b"\x12\x34\x56\xbe\x09\x78\x03\x01\x06\x06\x26\x04\x0a\x02\x06\xd3";
        let service = Registration::decode(service).unwrap();
        assert_eq!(
            (service.currency, &service.allowed[..]),
            (Some(978), &[0x06d3][..])
        );
        assert_eq!(service.service, Some(service_byte::NO_SERVICE_KEY));
        let wire = b"\x12\x34\x56\xbe\x09\x78\x03\x01\x06\x06\x26\x04\x0a\x02\x06\xd3";
        assert_eq!(service.encode().data(), wire);
        assert!(Registration::decode(&[0x12, 0x34, 0x56]).is_none());
    }
}
