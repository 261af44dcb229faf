//! Elements: a tag of two letters, a length of three digits, a value. Nothing frames them, and
//! nothing says how many there are.

/// A tag.
pub type Tag = [u8; 2];

/// Tag and length.
const HEAD: usize = 5;
/// More than any answer with two receipts.
const MAX_ANSWER: usize = 16 * 1024;

/// What comes in is not made of elements, or without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no list of elements")]
pub struct Broken;

/// Writes an element. Its value is ASCII of at most 999 characters: what is longer is cut.
pub fn write(tag: Tag, value: &str) -> String {
    let value = value.get(..999).unwrap_or(value);
    let [a, b] = tag.map(char::from);
    format!("{a}{b}{:03}{value}", value.len())
}

/// Cuts a stream into elements, as soon as each is whole.
#[derive(Default)]
pub struct Reader {
    rest: Vec<u8>,
    taken: usize,
}

impl Reader {
    /// Takes bytes, and gives each whole element to `take`.
    ///
    /// # Errors
    /// When what comes in cannot be cut any more.
    pub fn push(&mut self, bytes: &[u8], mut take: impl FnMut(Tag, &[u8])) -> Result<(), Broken> {
        self.taken = self.taken.saturating_add(bytes.len());
        if self.taken > MAX_ANSWER {
            return Err(Broken);
        }
        self.rest.extend_from_slice(bytes);
        let mut rest = self.rest.as_slice();
        while let Some((tag, value, behind)) = first(rest)? {
            take(tag, value);
            rest = behind;
        }
        let used = self.rest.len() - rest.len();
        self.rest.drain(..used);
        Ok(())
    }

    /// Whether the stream stopped in the middle of an element.
    pub fn is_cut(&self) -> bool {
        !self.rest.is_empty()
    }
}

/// The elements of a value that holds elements; none when it is not made of whole ones.
pub fn inner(value: &[u8]) -> Option<Vec<(Tag, &[u8])>> {
    let mut found = Vec::new();
    let mut rest = value;
    while let Some((tag, value, behind)) = first(rest).ok()? {
        found.push((tag, value));
        rest = behind;
    }
    rest.is_empty().then_some(found)
}

type Cut<'a> = (Tag, &'a [u8], &'a [u8]);

/// The first element and what stands behind it; none while it is not whole.
fn first(bytes: &[u8]) -> Result<Option<Cut<'_>>, Broken> {
    let letters = bytes.iter().take(2).all(u8::is_ascii_uppercase);
    let digits = bytes.iter().skip(2).take(3).all(u8::is_ascii_digit);
    if !letters || !digits {
        return Err(Broken);
    }
    let Some((&[first, second, ref length @ ..], behind)) = bytes.split_first_chunk::<HEAD>()
    else {
        return Ok(None);
    };
    let length = length
        .iter()
        .fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    let cut = behind.split_at_checked(length);
    Ok(cut.map(|(value, behind)| ([first, second], value, behind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Elements = Vec<(Tag, Vec<u8>)>;

    fn read(bytes: &[u8], size: usize) -> (Elements, Result<bool, Broken>) {
        let mut reader = Reader::default();
        let mut found = Vec::new();
        for part in bytes.chunks(size) {
            let taken = reader.push(part, |tag, value| found.push((tag, value.to_vec())));
            if let Err(broken) = taken {
                return (found, Err(broken));
            }
        }
        (found, Ok(reader.is_cut()))
    }

    #[test]
    fn cuts_change_nothing() {
        let wire = b"CZ0040300CA00201CF000AE00210AC006658497";
        for size in 1..wire.len() {
            let (found, cut) = read(wire, size);
            let tags: Vec<&[u8]> = found.iter().map(|(tag, _)| &tag[..]).collect();
            assert_eq!(tags, [b"CZ", b"CA", b"CF", b"AE", b"AC"]);
            assert_eq!(found[4].1, b"658497");
            assert_eq!(cut, Ok(false));
        }
        for end in 1..wire.len() {
            let whole = [9, 16, 21, 28].contains(&end);
            assert_eq!(read(&wire[..end], 3).1, Ok(!whole), "{end}");
        }
    }

    #[test]
    fn what_is_no_element_is_broken() {
        for wire in [
            &b"HTTP/1.1 400"[..],
            b"cz0040300",
            b"CZ0x4",
            b"CZ 04",
            b"\0",
        ] {
            assert_eq!(read(wire, 100).1, Err(Broken));
        }
        let endless = b"CF099"
            .iter()
            .chain([b'0'; 99].iter())
            .cycle()
            .take(20_000);
        assert_eq!(
            read(&endless.copied().collect::<Vec<u8>>(), 1000).1,
            Err(Broken)
        );
    }

    #[test]
    fn values_hold_elements() {
        let found = inner(b"CK003100AK0024=").map(|found| found.len());
        assert_eq!(found, Some(2));
        assert_eq!(inner(b"CK003100AK0024"), None);
        assert_eq!(write(*b"CB", "05"), "CB00205");
    }
}
