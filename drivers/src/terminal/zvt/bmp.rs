//! The fields of a message (PA00P015, 13): a tag of one byte whose length is known from a table.

use payment::Last4;

use super::{
    bcd,
    tlv::{self, Tlv},
};

/// How the length of a field is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Always this many bytes.
    Fixed(u8),
    /// Two length bytes `Fx Fy`, one decimal digit in each.
    Llvar,
    /// Three length bytes.
    Lllvar,
    /// BER length: the container of TLV fields.
    Tlv,
}

/// The format of a field; none when the specification has no such field.
pub fn format(tag: u8) -> Option<Format> {
    Some(match tag {
        0x01..=0x03
        | 0x05
        | 0x19
        | 0x27
        | 0x72..=0x75
        | 0x8a
        | 0x8c
        | 0xa0
        | 0xd0
        | 0xd2
        | 0xd3
        | 0xe0
        | 0xe9
        | 0xea
        | 0xf0
        | 0xf9..=0xfd => Format::Fixed(1),
        0x0d | 0x0e | 0x17 | 0x3a | 0x49 | 0x87 => Format::Fixed(2),
        0x0b | 0x0c | 0x37 | 0x3d | 0x88 | 0xaa => Format::Fixed(3),
        0x29 | 0x70 | 0x71 => Format::Fixed(4),
        0xba => Format::Fixed(5),
        0x04 => Format::Fixed(6),
        0x3b | 0xeb => Format::Fixed(8),
        0x2a => Format::Fixed(15),
        0x22 | 0x23 | 0x2d | 0x4c | 0x8b | 0xa7 | 0xd1 | 0xe1..=0xe8 | 0xf1..=0xf8 => Format::Llvar,
        0x24 | 0x2e | 0x3c | 0x60 | 0x9a | 0xaf => Format::Lllvar,
        0x06 => Format::Tlv,
        _ => return None,
    })
}

/// Card number, tracks, expiry, card verification, chip and PIN data: dropped where they are read
/// (law 10).
fn is_sensitive(tag: u8) -> bool {
    matches!(
        tag,
        0x0e | 0x22 | 0x23 | 0x24 | 0x2d | 0x2e | 0x3a | 0x9a | 0xa7 | 0xaf | 0xd1
    )
}

/// The fields of a message, in any order, without card data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fields<'a> {
    values: Vec<(u8, &'a [u8])>,
    tlv: Vec<Tlv>,
    /// The last four digits of the card number, when there was one.
    pub last4: Option<Last4>,
    /// How many bytes at the end could not be read: an unknown field, whose length nobody can
    /// know, or one that is cut off.
    pub unread: usize,
}

/// Reads fields until the end, or until the first that cannot be read.
pub fn decode(data: &[u8]) -> Fields<'_> {
    let mut fields = Fields::default();
    let mut rest = data;
    while let [tag, after @ ..] = rest {
        let Some((value, next)) = format(*tag).and_then(|format| split(format, after)) else {
            break;
        };
        match *tag {
            0x06 => match tlv::decode_container(after) {
                Some((inner, _)) => fields.tlv.extend(inner),
                None => break,
            },
            0x22 => fields.last4 = fields.last4.or_else(|| last4(value)),
            tag if is_sensitive(tag) => {}
            tag => fields.values.push((tag, value)),
        }
        rest = next;
    }
    fields.unread = rest.len();
    fields
}

impl<'a> Fields<'a> {
    /// The first field with this tag.
    pub fn get(&self, tag: u8) -> Option<&'a [u8]> {
        self.values
            .iter()
            .find_map(|(t, value)| (*t == tag).then_some(*value))
    }

    /// The first byte of a field.
    pub fn byte(&self, tag: u8) -> Option<u8> {
        self.get(tag)?.first().copied()
    }

    /// A field that holds a number.
    pub fn number(&self, tag: u8) -> Option<u64> {
        bcd::decode(self.get(tag)?)
    }

    /// The TLV fields of BMP 06.
    pub fn tlv(&self) -> &[Tlv] {
        &self.tlv
    }
}

/// A value that does not fit its field: a defect of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("BMP {0:02X} cannot hold this value")]
pub struct DoesNotFit(pub u8);

/// Writes fields.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    out: Vec<u8>,
    error: Option<DoesNotFit>,
}

impl Builder {
    /// No fields yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes without a tag, as some messages begin.
    #[must_use]
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.out.extend(bytes);
        self
    }

    /// A field; its length bytes are added.
    #[must_use]
    pub fn field(mut self, tag: u8, value: &[u8]) -> Self {
        let digit = |power: usize| 0xf0 | u8::try_from(value.len() / power % 10).unwrap_or(0);
        let head = match format(tag) {
            Some(Format::Fixed(length)) if usize::from(length) == value.len() => vec![tag],
            Some(Format::Llvar) if value.len() < 100 => vec![tag, digit(10), digit(1)],
            Some(Format::Lllvar) if value.len() < 1000 => {
                vec![tag, digit(100), digit(10), digit(1)]
            }
            _ => return self.fail(tag),
        };
        self.out.extend(head);
        self.out.extend(value);
        self
    }

    /// A field with a number in `N` bytes.
    #[must_use]
    pub fn number<const N: usize>(self, tag: u8, number: u64) -> Self {
        match bcd::encode::<N>(number) {
            Some(bytes) => self.field(tag, &bytes),
            None => self.fail(tag),
        }
    }

    /// BMP 06 with these fields.
    #[must_use]
    pub fn tlv(mut self, fields: &[Tlv]) -> Self {
        self.out.push(0x06);
        self.out.extend(tlv::encode_container(fields));
        self
    }

    /// The bytes.
    ///
    /// # Errors
    /// Names the first field that does not fit.
    pub fn finish(self) -> Result<Vec<u8>, DoesNotFit> {
        match self.error {
            None => Ok(self.out),
            Some(error) => Err(error),
        }
    }

    fn fail(mut self, tag: u8) -> Self {
        self.error.get_or_insert(DoesNotFit(tag));
        self
    }
}

/// The value of a field and what follows it.
fn split(format: Format, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let digits = |length: &[u8]| {
        length.iter().try_fold(0_usize, |sum, byte| {
            let digit = byte & 0x0f;
            (byte >> 4 == 0x0f && digit <= 9).then_some(sum * 10 + usize::from(digit))
        })
    };
    let (length, rest) = match format {
        Format::Fixed(length) => (usize::from(length), bytes),
        Format::Llvar => {
            let (length, rest) = bytes.split_at_checked(2)?;
            (digits(length)?, rest)
        }
        Format::Lllvar => {
            let (length, rest) = bytes.split_at_checked(3)?;
            (digits(length)?, rest)
        }
        Format::Tlv => {
            let (_, rest) = tlv::decode_container(bytes)?;
            (bytes.len() - rest.len(), bytes)
        }
    };
    rest.split_at_checked(length)
}

/// The last four digits of BMP 22: half bytes, `E` a masked digit, `F` padding on the right, and `D`
/// before what is no longer the number.
fn last4(number: &[u8]) -> Option<Last4> {
    let digits: Vec<u8> = number
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0x0f])
        .take_while(|digit| !matches!(digit, 0x0d | 0x0f))
        .collect();
    let last: [u8; 4] = *digits.last_chunk()?;
    Last4::new(last).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn digits(number: &[u8]) -> Option<String> {
        last4(number).map(|l| l.to_string())
    }

    #[test]
    fn only_four_digits_of_a_card_number_survive() {
        assert_eq!(digits(&[0xee, 0xee, 0x47, 0x71]).as_deref(), Some("4771"));
        assert_eq!(digits(&[0xee, 0xe4, 0x28, 0x1f]).as_deref(), Some("4281"));
        assert_eq!(
            digits(&[0x12, 0x34, 0x56, 0xd2, 0x51, 0x2f]).as_deref(),
            Some("3456")
        );
        assert_eq!(digits(&[0x12, 0x34, 0xee, 0xee]), None);
        assert_eq!(digits(&[]), None);
        let data = Builder::new().field(0x22, &[0x41, 0x11, 0x11, 0x11, 0x11, 0x11, 0x12, 0x34]);
        let data = data.finish().unwrap();
        let shown = format!("{:?}", decode(&data));
        assert_eq!(
            shown,
            "Fields { values: [], tlv: [], last4: Some(1234), unread: 0 }"
        );
    }

    #[test]
    fn card_data_is_dropped_and_what_follows_is_read() {
        for tag in [0x23, 0x24, 0x2d, 0x2e, 0x3a, 0x0e, 0x9a, 0xa7, 0xaf, 0xd1] {
            let value = match format(tag) {
                Some(Format::Fixed(length)) => vec![0x12; usize::from(length)],
                _ => vec![0x12; 9],
            };
            let data = Builder::new().field(tag, &value).field(0x27, &[0x05]);
            let data = data.finish().unwrap();
            let fields = decode(&data);
            assert_eq!(fields.values, [(0x27, &[0x05][..])], "{tag:02X}");
            assert_eq!((fields.last4, fields.unread), (None, 0));
        }
    }

    #[test]
    fn an_unknown_field_ends_the_reading_but_not_what_was_read() {
        let check = |data: &[u8], unread| {
            let fields = decode(data);
            assert_eq!(
                (fields.byte(0x27), fields.unread),
                (Some(0), unread),
                "{data:02X?}"
            );
        };
        check(&[0x27, 0x00, 0x99, 1, 2], 3);
        check(&[0x27, 0x00, 0x04, 1, 2], 3);
        check(&[0x27, 0x00, 0x8b, 0xf0, 0x31, 0x41], 4);
        check(&[0x27, 0x00, 0x06, 0x80], 2);
        check(&[0x49, 0x09, 0x78, 0x27, 0x00], 0);
    }

    #[test]
    fn the_builder_refuses_what_does_not_fit() {
        let finish = |builder: Builder| builder.finish().map_err(|e| e.0);
        assert_eq!(finish(Builder::new().field(0x04, &[1])), Err(0x04));
        assert_eq!(finish(Builder::new().field(0x99, &[1])), Err(0x99));
        assert_eq!(
            finish(Builder::new().number::<6>(0x04, 10_u64.pow(12))),
            Err(0x04)
        );
        let good = Builder::new()
            .number::<6>(0x04, 1010)
            .field(0x8b, b"VISA\0");
        let wire = [
            4, 0, 0, 0, 0, 0x10, 0x10, 0x8b, 0xf0, 0xf5, b'V', b'I', b'S', b'A', 0,
        ];
        assert_eq!(finish(good), Ok(wire.to_vec()));
    }

    proptest! {
        #[test]
        fn fields_come_back_in_any_order(values in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 15..99)), 0..8)) {
            let mut builder = Builder::new();
            let mut expected = Vec::new();
            for (tag, value) in &values {
                let value = match format(*tag) {
                    Some(Format::Fixed(length)) => &value[..usize::from(length)],
                    Some(Format::Llvar | Format::Lllvar) => &value[..],
                    Some(Format::Tlv) | None => continue,
                };
                builder = builder.field(*tag, value);
                if !is_sensitive(*tag) { expected.push((*tag, value)); }
            }
            let data = builder.finish().unwrap();
            let fields = decode(&data);
            prop_assert_eq!(fields.values, expected);
            prop_assert_eq!(fields.unread, 0);
        }

        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let fields = decode(&bytes);
            prop_assert!(fields.values.iter().all(|(tag, _)| !is_sensitive(*tag)));
        }
    }
}
