//! The fields inside BMP 06 (PA00P015, 12): a tag of one or two bytes, a BER length, a value.

/// Deeper than any message nests.
const MAX_DEPTH: u8 = 8;

/// Fields that can hold card numbers, tracks, PIN blocks or accounts: dropped where they are read
/// (law 10). 45, 46, 47: EMV print data; 4D: EF_ID; 1F08 to 1F0A: tracks; 1F14: card hash;
/// 1F1A: card number for matching; 1F31: PIN block; 1F5E, 1F5F: account.
const SENSITIVE: [u16; 12] = [
    0x45, 0x46, 0x47, 0x4d, 0x1f08, 0x1f09, 0x1f0a, 0x1f14, 0x1f1a, 0x1f31, 0x1f5e, 0x1f5f,
];

/// One field.
#[derive(Clone, PartialEq, Eq)]
pub struct Tlv {
    /// `0x1f12` and such have two bytes, always exactly; the others one.
    pub tag: u16,
    /// What it holds.
    pub value: Value,
}

/// What a field holds.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Bytes.
    Bytes(Vec<u8>),
    /// Fields.
    Fields(Vec<Tlv>),
}

/// Names the field, without its value.
impl std::fmt::Debug for Tlv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.value {
            Value::Bytes(bytes) => write!(f, "{:02X} ({} bytes)", self.tag, bytes.len()),
            Value::Fields(fields) => write!(f, "{:02X} {fields:?}", self.tag),
        }
    }
}

impl Tlv {
    /// A field with bytes.
    pub fn bytes(tag: u16, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            tag,
            value: Value::Bytes(bytes.into()),
        }
    }

    /// A field with fields.
    pub fn fields(tag: u16, fields: Vec<Self>) -> Self {
        Self {
            tag,
            value: Value::Fields(fields),
        }
    }
}

/// Reads fields that follow each other; none when they do not end exactly with the bytes.
/// Sensitive fields are not among the result.
pub fn decode(bytes: &[u8]) -> Option<Vec<Tlv>> {
    decode_fields(bytes, MAX_DEPTH)
}

/// Reads the length and the fields of BMP 06; gives them and what follows.
pub fn decode_container(bytes: &[u8]) -> Option<(Vec<Tlv>, &[u8])> {
    let (length, rest) = split_length(bytes)?;
    let (value, rest) = rest.split_at_checked(length)?;
    Some((decode(value)?, rest))
}

/// Writes fields, one after the other.
pub fn encode(fields: &[Tlv]) -> Vec<u8> {
    let mut out = Vec::new();
    for field in fields {
        let [high, low] = field.tag.to_be_bytes();
        if high != 0 {
            out.push(high);
        }
        out.push(low);
        match &field.value {
            Value::Bytes(bytes) => put_value(&mut out, bytes),
            Value::Fields(fields) => put_value(&mut out, &encode(fields)),
        }
    }
    out
}

/// Writes the length and the fields of BMP 06, without the `06` itself.
pub fn encode_container(fields: &[Tlv]) -> Vec<u8> {
    let mut out = Vec::new();
    put_value(&mut out, &encode(fields));
    out
}

/// The first field with this tag that holds bytes, at any depth.
pub fn find(fields: &[Tlv], tag: u16) -> Option<&[u8]> {
    fields.iter().find_map(|field| match &field.value {
        Value::Bytes(bytes) if field.tag == tag => Some(bytes.as_slice()),
        Value::Bytes(_) => None,
        Value::Fields(inner) => find(inner, tag),
    })
}

/// The fields in the first field with this tag, at the top.
pub fn find_fields(fields: &[Tlv], tag: u16) -> Option<&[Tlv]> {
    fields.iter().find_map(|field| match &field.value {
        Value::Fields(inner) if field.tag == tag => Some(inner.as_slice()),
        Value::Fields(_) | Value::Bytes(_) => None,
    })
}

fn decode_fields(mut bytes: &[u8], depth: u8) -> Option<Vec<Tlv>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let (tag, rest) = split_tag(bytes)?;
        let (length, rest) = split_length(rest)?;
        let (value, rest) = rest.split_at_checked(length)?;
        bytes = rest;
        if SENSITIVE.contains(&tag) {
            continue;
        }
        // What cannot be read inside is kept as a field without a value: its length was right, so
        // the fields beside it are.
        let value = match depth.checked_sub(1) {
            Some(depth) if is_constructed(tag) => {
                Value::Fields(decode_fields(value, depth).unwrap_or_default())
            }
            None if is_constructed(tag) => Value::Fields(Vec::new()),
            _ => Value::Bytes(value.to_vec()),
        };
        fields.push(Tlv { tag, value });
    }
    Some(fields)
}

/// Bit 6 of the first byte.
fn is_constructed(tag: u16) -> bool {
    let [high, low] = tag.to_be_bytes();
    let first = if high == 0 { low } else { high };
    first & 0x20 != 0
}

/// Tags such as 1F80 exist although BER would ask for a third byte: two, always.
fn split_tag(bytes: &[u8]) -> Option<(u16, &[u8])> {
    match bytes {
        [first, second, rest @ ..] if first & 0x1f == 0x1f => {
            Some((u16::from_be_bytes([*first, *second]), rest))
        }
        [first, rest @ ..] if first & 0x1f != 0x1f => Some((u16::from(*first), rest)),
        _ => None,
    }
}

fn split_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes {
        [length @ ..=0x7f, rest @ ..] | [0x81, length, rest @ ..] => {
            Some((usize::from(*length), rest))
        }
        [0x82, high, low, rest @ ..] => {
            Some((usize::from(u16::from_be_bytes([*high, *low])), rest))
        }
        _ => None,
    }
}

/// What is too long for any APDU is cut off.
fn put_value(out: &mut Vec<u8>, value: &[u8]) {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    match length.to_be_bytes() {
        [0, low @ ..=0x7f] => out.push(low),
        [0, low] => out.extend([0x81, low]),
        [high, low] => out.extend([0x82, high, low]),
    }
    out.extend(value.iter().take(usize::from(length)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(bytes: &[u8], expected: Option<&str>) {
        let shown = decode(bytes).map(|fields| format!("{fields:?}"));
        assert_eq!(shown.as_deref(), expected, "{bytes:02X?}");
    }

    #[test]
    fn tags_and_lengths() {
        check(&[], Some("[]"));
        check(&[0x1f, 0x80, 0x01, 0x05], Some("[1F80 (1 bytes)]"));
        check(&[0x07, 0x81, 0x01, 0x41], Some("[07 (1 bytes)]"));
        check(&[0x07, 0x82, 0x00, 0x01, 0x41], Some("[07 (1 bytes)]"));
        check(&[0x24, 0x03, 0x07, 0x01, 0x41], Some("[24 [07 (1 bytes)]]"));
        check(&[0x07, 0x80], None);
        check(&[0x07, 0x83, 0, 0, 0], None);
        check(&[0x07, 0x02, 0x41], None);
        check(&[0x1f], None);
        // Broken inside: the fields beside it stay.
        check(
            &[0x24, 0x02, 0x07, 0x05, 0x12, 0x00],
            Some("[24 [], 12 (0 bytes)]"),
        );
    }

    #[test]
    fn sensitive_fields_are_dropped_at_any_depth() {
        for tag in SENSITIVE {
            let fields = vec![
                Tlv::bytes(tag, *b"secret"),
                Tlv::fields(
                    0x60,
                    vec![Tlv::bytes(tag, *b"secret"), Tlv::bytes(0x43, [1])],
                ),
            ];
            let read = decode(&encode(&fields)).unwrap();
            assert_eq!(
                read,
                [Tlv::fields(0x60, vec![Tlv::bytes(0x43, [1])])],
                "{tag:X}"
            );
        }
    }

    fn any_tlv() -> impl Strategy<Value = Tlv> {
        let leaf = (
            prop::sample::select(vec![0x07_u16, 0x09, 0x1f12, 0x1f80, 0xdf01]),
            prop::collection::vec(any::<u8>(), 0..300),
        )
            .prop_map(|(tag, bytes)| Tlv::bytes(tag, bytes));
        leaf.prop_recursive(4, 20, 4, |inner| {
            (
                prop::sample::select(vec![0x24_u16, 0x2f, 0x60, 0xff01]),
                prop::collection::vec(inner, 0..4),
            )
                .prop_map(|(tag, fields)| Tlv::fields(tag, fields))
        })
    }

    proptest! {
        #[test]
        fn fields_come_back(fields in prop::collection::vec(any_tlv(), 0..5)) {
            prop_assert_eq!(decode(&encode(&fields)), Some(fields.clone()));
            let mut container = encode_container(&fields);
            container.push(0xaa);
            prop_assert_eq!(decode_container(&container), Some((fields, &[0xaa][..])));
        }

        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Some((fields, _)) = decode_container(&bytes) {
                prop_assert!(find(&fields, 0x1f1a).is_none());
            }
        }
    }
}
